package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

// ChargeHead is what a charge's push holds. It is exported, as ChargeTail is, because the description leaves out
// embedded types that are not.
type ChargeHead struct {
	ID          string     `json:"id"`
	Platform    string     `json:"platform"`
	Order       *string    `json:"order" doc:"null where the platform gives none"`
	Plate       string     `json:"plate" doc:"masked for viewers"`
	Lot         string     `json:"lot"`
	State       string     `json:"state"`
	Reason      string     `json:"reason"`
	StartedAt   *time.Time `json:"started_at"`
	EndedAt     *time.Time `json:"ended_at"`
	ReceivedAt  *time.Time `json:"received_at"`
	EnergyKWh   *string    `json:"energy_kwh"`
	TotalAmount *string    `json:"total_amount"`
	Reduction   *reduction `json:"reduction"`
}

// ChargeTail is what came of a charge at the exit.
type ChargeTail struct {
	Usage  *usage  `json:"usage"`
	Report *report `json:"report"`
}

// chargeFull is a charge as docs/api.md describes it, in lists and alone.
type chargeFull struct {
	ChargeHead
	Stay       *stayOfCharge `json:"stay"`
	Deliveries []delivery    `json:"deliveries" nullable:"false"`
	ChargeTail
	Decision  *decision   `json:"decision"`
	Decisions []*decision `json:"decisions" nullable:"false" doc:"every decision on the charge; the last one counts"`
	Verdict   verdict     `json:"verdict"`
	Timeline  []step      `json:"timeline" nullable:"false"`
	NearStays []stay      `json:"near_stays" nullable:"false" doc:"of a charge without a stay; empty in lists"`
}

type stayOfCharge struct {
	OrderID   string     `json:"order_id"`
	EnteredAt *time.Time `json:"entered_at"`
	LeftAt    *time.Time `json:"left_at"`

	ToldEntered *time.Time `json:"told_entered_at,omitempty" doc:"what the lot reported where its clock was ahead"`
	ToldLeft    *time.Time `json:"told_left_at,omitempty"`
}

type delivery struct {
	ID       string    `json:"id"`
	Channel  string    `json:"channel"`
	State    string    `json:"state"`
	Attempts []attempt `json:"attempts"`
}

type attempt struct {
	At       *time.Time `json:"at"`
	Result   string     `json:"result"`
	Detail   *string    `json:"detail" doc:"the lot's answer or the failure, in English"`
	DetailZH *string    `json:"detail_zh" doc:"the same in Chinese"`
}

type usage struct {
	Minutes int64      `json:"minutes"`
	Amount  string     `json:"amount"`
	Yuan    string     `json:"yuan" doc:"in money: amount, else what the minutes came to by our price (4g)"`
	At      *time.Time `json:"at"`
}

type report struct {
	State string `json:"state"`
}

// decision is how a charge was decided and on what.
type decision struct {
	At            *time.Time  `json:"at"`
	State         string      `json:"state"`
	Reason        string      `json:"reason"`
	Rule          charge.Rule `json:"rule"`
	Says          words.Text  `json:"says" doc:"the rule as a sentence"`
	Wanted        *reduction  `json:"wanted" doc:"before caps and combining"`
	Reduction     *reduction  `json:"reduction" doc:"granted; null where nothing was given"`
	Would         *reduction  `json:"would" doc:"what it would have been: the car had left, or in shadow"`
	Send          *reduction  `json:"send" doc:"what the lot is told"`
	Granted       []granted   `json:"granted" doc:"what the stay had already"`
	StayOrder     *string     `json:"stay_order"`
	ChargeMinutes int64       `json:"charge_minutes"`
	EnergyKWh     string      `json:"energy_kwh"`
	Note          *string     `json:"note" doc:"how it came to it, in English"`
	NoteZH        *string     `json:"note_zh" doc:"the same in Chinese"`
}

type granted struct {
	Charge    string     `json:"charge"`
	Reduction *reduction `json:"reduction"`
	Combine   string     `json:"combine"`
	At        *time.Time `json:"at"`
}

func viewHead(who guard.Identity, c *charge.Charge) ChargeHead {
	h := ChargeHead{
		ID: number(c.ID), Platform: c.Platform, Order: text(c.Order), Plate: desk.ShowPlate(who, c.Plate),
		Lot: c.Lot.String(), State: string(c.State), Reason: string(c.Reason),
		StartedAt: moment(c.StartedAt), EndedAt: moment(c.EndedAt), ReceivedAt: moment(c.Received),
		Reduction: viewReduction(c.Reduction),
	}
	if c.HasEnergy {
		h.EnergyKWh = text(c.Energy.String())
	}
	if c.HasTotal {
		h.TotalAmount = text(c.Total.String())
	}
	return h
}

func viewTail(c *charge.Charge) ChargeTail {
	var t ChargeTail
	if c.Usage != nil {
		t.Usage = &usage{c.Usage.Minutes, c.Usage.Amount.String(), c.Usage.Yuan().String(), moment(c.Usage.At)}
	}
	if c.Report != "" {
		t.Report = &report{string(c.Report)}
	}
	return t
}

func viewCharge(who guard.Identity, t *flow.Story, v flow.Verdict) chargeFull {
	full := chargeFull{ChargeHead: viewHead(who, t.Charge), ChargeTail: viewTail(t.Charge),
		Decision: viewDecision(t.Charge.Decision), Decisions: mapAll(t.Decisions(), viewDecision), Verdict: viewVerdict(who,
			t.Charge, v)}
	if s := t.Stay; s != nil {
		full.Stay = &stayOfCharge{s.OrderID, moment(s.Entered), moment(s.Left), moment(s.ToldEntered), moment(s.ToldLeft)}
	}
	full.Deliveries = mapAll(t.Deliveries, func(s flow.Sent) delivery {
		return delivery{number(s.Delivery.ID), string(s.Delivery.Channel), string(s.Delivery.State),
			mapAll(s.Attempts, func(a charge.Attempt) attempt {
				return attempt{moment(a.At), string(a.Result), shown(who, t, words.English, a.Detail),
					shown(who, t, words.Chinese, a.Detail)}
			})}
	})
	full.NearStays = []stay{}
	full.Timeline = mapAll(t.Timeline, func(s flow.Step) step {
		return viewStep(who, t, s)
	})
	return full
}

func viewDecision(d *charge.Decision) *decision {
	if d == nil {
		return nil
	}
	given, would := viewReduction(&d.Reduction), (*reduction)(nil)
	if d.State != charge.StateSending {
		given, would = nil, given
	}
	return &decision{
		At: moment(d.At), State: string(d.State), Reason: string(d.Reason), Rule: d.Rule, Says: words.RuleText(&d.Rule),
		Wanted: viewReduction(&d.Wanted), Reduction: given, Would: would, Send: viewReduction(&d.Send),
		Granted: mapAll(d.Granted, func(g charge.Granted) granted {
			return granted{number(g.Charge), viewReduction(&g.Reduction), string(g.Combine), moment(g.At)}
		}),
		StayOrder: text(d.StayOrder), ChargeMinutes: d.Minutes, EnergyKWh: d.Energy.String(),
		Note: text(words.Notes(words.English, d.Notes)), NoteZH: text(words.Notes(words.Chinese, d.Notes)),
	}
}

type chargesInput struct {
	Sorting
	ChargeQuery
}

// ChargeQuery is what charges are looked for by. It is exported for the mapping of parameters.
type ChargeQuery struct {
	Platform string `query:"platform"`
	Lot      string `query:"lot" doc:"union_id/park_id"`
	Plate    string `query:"plate" maxLength:"40" doc:"whole, or a part of three or more characters"`
	Order    string `query:"order" maxLength:"100"`
	State    string `query:"state" doc:"one or more states, separated by commas"`
	Reason   string `query:"reason"`
	UUID     string `query:"uuid" maxLength:"100" doc:"of a delivery"`
	Gap      bool   `query:"gap" doc:"only those that count as a gap in the statement"`
	From     string `query:"from" doc:"by receipt, inclusive: RFC 3339, or a day in Asia/Shanghai"`
	To       string `query:"to" doc:"exclusive"`
}

func (in *ChargeQuery) filter() (charge.ChargeFilter, error) {
	f := charge.ChargeFilter{Platform: in.Platform, Plate: in.Plate, Order: in.Order, UUID: in.UUID, Gap: in.Gap}
	var err error
	if f.Lot, err = parseLot("query.lot", in.Lot); err != nil {
		return f, err
	}
	if f.States, err = parseCodes("query.state", in.State, charge.States); err != nil {
		return f, err
	}
	reasons, err := parseCodes("query.reason", in.Reason, charge.Reasons)
	if err != nil {
		return f, err
	}
	if len(reasons) > 0 {
		f.Reason = reasons[0]
	}
	f.From, f.To, err = parseSpan(in.From, in.To)
	return f, err
}

type chargeOutput struct{ Body chargeFull }

type bindInput struct {
	ByID
	DryRun bool `query:"dry_run" doc:"say the effect only"`
	Body   struct {
		OrderID string `json:"order_id" minLength:"1" maxLength:"100" doc:"the stay's, in the charge's lot"`
		Reason  string `json:"reason,omitempty" maxLength:"500"`
	}
}

func (a *api) charges() {
	handle(a, route{method: http.MethodGet, path: "/charges", id: "list-charges", role: guard.RoleViewer,
		summary: "List charges, newest first"},
		a.listCharges)
	handle(a, route{method: http.MethodGet, path: "/charges/{id}", id: "get-charge", role: guard.RoleViewer,
		summary: "One charge with its decision, deliveries and timeline"},
		a.getCharge)
	handle(a, route{method: http.MethodPost, path: "/charges/redeliver", id: "redeliver-charges", role: guard.RoleSupport,
		summary: "Redeliver all charges that a filter finds"}, a.bulk)
	a.action("redeliver", "Send a charge's reduction again", a.desk.Redeliver)
	a.action("void", "Take a charge's reduction back", a.desk.Void)
	a.resolve()
	handle(a, route{method: http.MethodPost, path: "/charges/{id}/bind", id: "bind-charge", role: guard.RoleSupport,
		summary: "Match a charge to a stay by hand"},
		a.bind)
}

func (a *api) listCharges(ctx context.Context, who guard.Identity, in *chargesInput) (*list[chargeFull], error) {
	f, err := in.filter()
	if err == nil {
		err = a.knownPlatform(in.Platform)
	}
	if err != nil {
		return nil, err
	}
	f.Limit, f.Cursor, f.Oldest, f.Count = in.Limit, in.Cursor, in.oldest(), in.Count
	page, err := a.desk.Stories(ctx, who, f)
	if err != nil {
		return nil, err
	}
	return pageOf(page, func(s *flow.Story) chargeFull { return viewCharge(who, s, a.desk.VerdictOf(s)) }), nil
}

func (a *api) getCharge(ctx context.Context, who guard.Identity, in *ByID) (*chargeOutput, error) {
	id, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	story, err := a.desk.Story(ctx, id)
	if err != nil {
		return nil, err
	}
	verdict, err := a.desk.Verdict(ctx, who, story)
	if err != nil {
		return nil, err
	}
	near, err := a.desk.Near(ctx, story)
	if err != nil {
		return nil, err
	}
	out := &chargeOutput{viewCharge(who, story, verdict)}
	out.Body.NearStays = mapAll(near, func(s *charge.Stay) stay { return viewStay(who, s) })
	return out, nil
}

func (a *api) bind(ctx context.Context, who guard.Identity, in *bindInput) (*effectOutput, error) {
	id, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	effect, err := a.desk.Bind(ctx, who, id, in.Body.OrderID,
		flow.Action{Reason: strings.TrimSpace(in.Body.Reason), DryRun: in.DryRun})
	return &effectOutput{viewEffect(effect)}, err
}

type bulkInput struct {
	ChargeQuery
	DryRun bool `query:"dry_run" doc:"say how many only"`
	Body   *reasonBody
}

type bulkOutput struct {
	Body struct {
		Matched    int  `json:"matched" doc:"charges that the filter found, at most 500 in one go"`
		Possible   int  `json:"possible" doc:"that are redelivered, or would be"`
		Impossible int  `json:"impossible"`
		More       bool `json:"more" doc:"there are more than one go takes"`
	}
}

// bulk redelivers what a filter finds; a filter that finds everything is refused.
func (a *api) bulk(ctx context.Context, who guard.Identity, in *bulkInput) (*bulkOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	for _, s := range f.States {
		if s != charge.StateGaveUp && s != charge.StateRefused && s != charge.StateSending {
			return nil, invalid("query.state", "only gave_up, refused and sending can be redelivered together")
		}
	}
	if len(f.States) == 0 {
		return nil, invalid("query.state", "say which: gave_up, refused or sending")
	}
	done, err := a.desk.RedeliverAll(ctx, who, f, in.Body.text(), in.DryRun)
	if err != nil {
		return nil, err
	}
	out := new(bulkOutput)
	out.Body.Matched, out.Body.Possible, out.Body.Impossible, out.Body.More = done.Matched, done.Possible, done.Impossible,
		done.More
	return out, nil
}

func (a *api) action(verb, summary string,
	do func(context.Context, guard.Identity, int64, flow.Action) (flow.Effect, error)) {
	handle(a, route{method: http.MethodPost, path: "/charges/{id}/" + verb, id: verb + "-charge", role: guard.RoleSupport,
		summary: summary},
		func(ctx context.Context, who guard.Identity, in *actionInput) (*effectOutput, error) {
			id, err := parseID(in.ID)
			if err != nil {
				return nil, err
			}
			effect, err := do(ctx, who, id, flow.Action{Reason: in.Body.text(), DryRun: in.DryRun})
			return &effectOutput{viewEffect(effect)}, err
		})
}
