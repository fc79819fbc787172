package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

type lotView struct {
	Lot           string     `json:"lot"`
	Name          string     `json:"name"`
	Kind          lotKind    `json:"kind"`
	Off           bool       `json:"off"`
	Line          *string    `json:"line" enum:"up,down" doc:"null but for sdk lots"`
	Node          *string    `json:"node" doc:"which node holds the line"`
	LastHeartbeat *time.Time `json:"last_heartbeat"`
	Pending       int        `json:"pending" doc:"deliveries that are not done with"`
	Over1Min      int        `json:"pending_over_1m" doc:"of them, those made more than a minute ago"`
	Over10Min     int        `json:"pending_over_10m" doc:"and more than ten minutes"`
	OldestDue     *time.Time `json:"oldest_due"`
	OldestAge     *int64     `json:"oldest_age_s" doc:"seconds since oldest_due"`
	Paused        bool       `json:"paused"`
	PauseReason   *string    `json:"pause_reason"`
	TellsStays    bool       `json:"tells_stays" doc:"it has reported an entry"`

	ClockAhead       int64         `json:"clock_ahead_s" doc:"seconds that the lot's clock is ahead; negative: behind"`
	Clock            *words.Text   `json:"clock" doc:"that in words; null where the clock is right"`
	NotAnswering     bool          `json:"not_answering" doc:"each line left three downlinks in a row unanswered"`
	Lines            []lineView    `json:"lines" nullable:"false" doc:"the lines that are up"`
	LastRefusedLogin *refusedLogin `json:"last_refused_login" doc:"the last refused login on its line; null for none"`
}

// lineView is one line of a lot.
type lineView struct {
	LocalID       string    `json:"local_id" doc:"the machine, as it names itself"`
	Link          string    `json:"link" enum:"cloud,bolink" doc:"by the key that signs: cloud for ckey, bolink for ukey"`
	Node          string    `json:"node"`
	Remote        string    `json:"remote"`
	Since         time.Time `json:"since"`
	LastHeartbeat time.Time `json:"last_heartbeat"`
	NotAnswering  bool      `json:"not_answering" doc:"it has let three downlinks in a row go unanswered"`
}

// refusedLogin is a login that was refused.
type refusedLogin struct {
	At      time.Time  `json:"at"`
	Reason  string     `json:"reason"`
	Text    words.Text `json:"text"`
	Remote  string     `json:"remote"`
	LocalID string     `json:"local_id" doc:"as it named itself, unproven"`
}

// lotKind is a kind of car park, documented from its rows.
type lotKind charge.LotKind

// Schema lists the kinds.
func (lotKind) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, k := range lot.Kinds() {
		s.Enum = append(s.Enum, string(k.ID))
	}
	return s
}

func viewLot(l desk.Lot, now time.Time) lotView {
	v := lotView{
		Lot: l.ID.String(), Name: l.Name, Kind: lotKind(l.Kind), Off: l.Off,
		Node: text(l.Status.Node), LastHeartbeat: moment(l.Status.Beat),
		Pending: l.Status.Pending, Over1Min: l.Status.Minute, Over10Min: l.Status.TenMinutes,
		OldestDue: moment(l.Status.OldestDue),
		Paused:    l.Status.Paused, PauseReason: text(l.Status.PauseReason), TellsStays: l.Status.ToldStays,
	}
	if lot.KindOf(l.Kind).OnLine {
		v.Line = text("down")
		if l.Status.Online {
			v.Line = text("up")
		}
	}
	v.ClockAhead, v.NotAnswering = int64(l.Status.Clock/time.Second), l.Status.NotAnswering()
	if n := l.Status.ClockNote(); n.Code != "" {
		both := words.Both(n)
		v.Clock = &both
	}
	v.Lines = mapAll(l.Status.Lines, func(s charge.LineSession) lineView {
		return lineView{s.LocalID, string(s.Link), s.Node, s.Remote, s.Since, s.Beat, s.Silent}
	})
	if r := l.Status.LastRefused; !r.At.IsZero() {
		v.LastRefusedLogin = &refusedLogin{r.At, r.Reason, words.Both(r.Note()), r.Remote, r.LocalID}
	}
	if v.OldestDue != nil {
		age := max(0, int64(now.Sub(*v.OldestDue)/time.Second))
		v.OldestAge = &age
	}
	return v
}

// InLot is a lot in the path. It is exported for the mapping of parameters.
type InLot struct {
	Union string `path:"union_id"`
	Park  string `path:"park_id"`
}

// id reads the lot in the path; what is written like no lot is not there.
func (in InLot) id() (charge.LotID, error) {
	id, err := charge.ParseLotID(in.Union + "/" + in.Park)
	if err != nil {
		return id, desk.Fail(desk.NotFound, "there is no such lot")
	}
	return id, nil
}

type lotOutput struct{ Body lotView }

type lotActionInput struct {
	InLot
	DryRun bool `query:"dry_run" doc:"say the effect only"`
	Body   *reasonBody
}

type priceInput struct {
	InLot
	Body struct {
		OrderID string `json:"order_id,omitempty" maxLength:"100" doc:"the stay's; either it or plate"`
		Plate   string `json:"plate,omitempty" maxLength:"40" doc:"of an open stay"`
		Minutes int64  `json:"minutes,omitempty" minimum:"0" maximum:"1440" doc:"try a reduction of so many minutes"`
		Amount  string `json:"amount,omitempty" maxLength:"12" doc:"try a reduction of so many yuan"`
		Free    bool   `json:"free,omitempty" doc:"try free parking; nothing is given by a try"`
	}
}

// trial is the reduction that is tried; nil where the stay's price as it is is asked for.
func (in *priceInput) trial() (*charge.Reduction, error) {
	b := in.Body
	amount, err := charge.Fen(0), error(nil)
	if b.Amount != "" {
		amount, err = charge.ParseFen(b.Amount)
	}
	switch {
	case err != nil || amount < 0:
		return nil, invalid("body.amount", "is no amount in yuan")
	case b.Minutes != 0 && b.Amount != "", b.Free && (b.Minutes != 0 || b.Amount != ""):
		return nil, invalid("body", "give one of minutes, amount and free")
	case b.Free:
		return &charge.Reduction{Method: charge.MethodFree}, nil
	case b.Amount != "":
		return &charge.Reduction{Method: charge.MethodAmount, Amount: amount}, nil
	case b.Minutes != 0:
		return &charge.Reduction{Method: charge.MethodTime, Minutes: b.Minutes}, nil
	}
	return nil, nil
}

type priceOutput struct {
	Body struct {
		OrderID        string     `json:"order_id"`
		Total          string     `json:"total" doc:"gross"`
		Price          string     `json:"price" doc:"due now"`
		DerateMoney    string     `json:"derate_money" doc:"what the reduction is worth now"`
		DerateDuration int64      `json:"derate_duration" doc:"minutes taken off"`
		Duration       int64      `json:"duration" doc:"minutes of the stay"`
		QueryTime      *time.Time `json:"query_time"`
	}
}

type bindingView struct {
	Account  string       `json:"account"`
	Platform string       `json:"platform"`
	Lot      string       `json:"lot"`
	Mode     string       `json:"mode" enum:"live,shadow,off"`
	Chargers []string     `json:"chargers" nullable:"false"`
	Stations []string     `json:"stations" nullable:"false"`
	Rule     *charge.Rule `json:"rule" doc:"the version that is effective now"`
	Says     *words.Text  `json:"says" doc:"the same as a sentence"`
	Versions int          `json:"versions"`
}

type platformView struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	English  string   `json:"english"`
	Family   string   `json:"family"`
	Paths    []string `json:"paths" nullable:"false"`
	LotField *string  `json:"lot_field" doc:"where a push names its lot; null where chargers find it"`
	Kinds    []string `json:"kinds" nullable:"false"`
	Grants   []string `json:"grants" nullable:"false"`
	Keys     []string `json:"keys" nullable:"false"`
	Evidence string   `json:"evidence" enum:"documented,observed,inferred,assumed"`
}

func viewPlatform(p platform.Info) platformView {
	return platformView{
		ID: p.ID, Title: p.Title, English: p.English, Family: p.Family,
		Paths:    mapAll(p.Routes, func(r platform.Route) string { return r.Path }),
		LotField: text(p.LotField),
		Kinds:    mapAll(p.Kinds, func(k charge.LotKind) string { return string(k) }),
		Grants:   mapAll(p.Grants, func(g platform.GrantKind) string { return string(g) }),
		Keys:     mapAll(p.Keys, func(k platform.KeyInfo) string { return k.Name }),
		Evidence: string(p.Evidence),
	}
}

func (a *api) lots() {
	handle(a, route{method: http.MethodGet, path: "/lots", id: "list-lots", role: guard.RoleViewer,
		summary: "List lots and how they stand"},
		func(ctx context.Context, _ guard.Identity, _ *struct{}) (*list[lotView], error) {
			lots, err := a.desk.Lots(ctx)
			return listOf(mapAll(lots, func(l desk.Lot) lotView { return viewLot(l, a.desk.Now()) })), err
		})
	handle(a, route{method: http.MethodGet, path: "/lots/{union_id}/{park_id}", id: "get-lot", role: guard.RoleViewer,
		summary: "One lot: line, last heartbeat, what is pending"},
		func(ctx context.Context, _ guard.Identity, in *InLot) (*lotOutput, error) {
			return a.oneLot(ctx, *in)
		})
	a.pauses("pause", "Stop sending to a lot", a.desk.Pause)
	a.pauses("resume", "Send to a paused lot again", a.desk.Resume)
	handle(a, route{method: http.MethodPost, path: "/lots/{union_id}/{park_id}/price", id: "price-stay",
		role: guard.RoleSupport, summary: "Ask the lot what a stay costs now"}, a.price)
	handle(a, route{method: http.MethodGet, path: "/bindings", id: "list-bindings", role: guard.RoleViewer,
		summary: "List which account counts in which lot"},
		func(context.Context, guard.Identity, *struct{}) (*list[bindingView], error) {
			return listOf(a.bindings()), nil
		})
	handle(a, route{method: http.MethodGet, path: "/platforms", id: "list-platforms", role: guard.RoleViewer,
		summary: "List the platforms that this gateway speaks"},
		func(context.Context, guard.Identity, *struct{}) (*list[platformView], error) {
			return listOf(mapAll(a.desk.Platforms(), viewPlatform)), nil
		})
}

func (a *api) oneLot(ctx context.Context, in InLot) (*lotOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	l, err := a.desk.Lot(ctx, id)
	if err != nil {
		return nil, err
	}
	return &lotOutput{viewLot(l, a.desk.Now())}, nil
}

func (a *api) pauses(verb, summary string,
	do func(context.Context, guard.Identity, charge.LotID, flow.Action) (flow.Effect, error)) {
	handle(a, route{method: http.MethodPost, path: "/lots/{union_id}/{park_id}/" + verb, id: verb + "-lot",
		role: guard.RoleSupport, summary: summary},
		func(ctx context.Context, who guard.Identity, in *lotActionInput) (*effectOutput, error) {
			id, err := in.id()
			if err != nil {
				return nil, err
			}
			effect, err := do(ctx, who, id, flow.Action{Reason: in.Body.text(), DryRun: in.DryRun})
			return &effectOutput{viewEffect(effect)}, err
		})
}

func (a *api) price(ctx context.Context, who guard.Identity, in *priceInput) (*priceOutput, error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	order := strings.TrimSpace(in.Body.OrderID)
	var plate charge.Plate
	if order == "" {
		if plate, err = charge.ParsePlate(in.Body.Plate); err != nil {
			return nil, invalid("body.order_id", "give the stay's order_id, or the plate of an open stay")
		}
	}
	trial, err := in.trial()
	if err != nil {
		return nil, err
	}
	var p lot.Price
	if trial == nil {
		p, err = a.desk.Price(ctx, who, id, order, plate)
	} else {
		p, err = a.desk.TryPrice(ctx, who, id, order, plate, *trial)
	}
	if err != nil {
		return nil, err
	}
	out := new(priceOutput)
	b := &out.Body
	b.OrderID, b.Total, b.Price = p.OrderID, p.Total.String(), p.Price.String()
	b.DerateMoney, b.DerateDuration = p.DerateMoney.String(), p.DerateDuration
	b.Duration, b.QueryTime = p.Duration, moment(p.QueryTime)
	return out, nil
}

func (a *api) bindings() []bindingView {
	platforms := make(map[string]string)
	for _, acc := range a.desk.Estate().Accounts() {
		platforms[acc.ID] = acc.Platform
	}
	return mapAll(a.desk.Estate().Bindings(), func(b *charge.Binding) bindingView {
		v := bindingView{Account: b.Account, Platform: platforms[b.Account], Lot: b.Lot.String(), Mode: string(b.Mode),
			Chargers: append([]string{}, b.Chargers...), Stations: append([]string{}, b.Stations...), Versions: len(b.Rules)}
		if rule, ok := b.RuleAt(a.desk.Now()); ok {
			says := words.RuleText(&rule)
			v.Rule, v.Says = &rule, &says
		}
		return v
	})
}
