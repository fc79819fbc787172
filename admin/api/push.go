package api

import (
	"context"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform/intake"
	"github.com/chargestamp/chargestamp/words"
)

type push struct {
	ID         string     `json:"id"`
	Platform   string     `json:"platform"`
	ReceivedAt *time.Time `json:"received_at"`
	Remote     string     `json:"remote"`
	Outcome    string     `json:"outcome"`
	Reason     *string    `json:"reason"`
	ReasonZH   *string    `json:"reason_zh" doc:"the same in Chinese"`
	Charge     *string    `json:"charge"`
	Unproven   *unproven  `json:"unproven" doc:"what could be read of a push that made no charge; nothing of it is proven"`
}

// unproven is what a refused push says.
type unproven struct {
	Plate string `json:"plate" doc:"masked for viewers"`
	Order string `json:"order"`
	Lot   string `json:"lot"`
}

func viewUnproven(who guard.Identity, p charge.Push) *unproven {
	if p.Plate == "" && p.Order == "" && p.Lot.IsZero() {
		return nil
	}
	u := &unproven{Order: p.Order, Lot: p.Lot.String()}
	if p.Plate != "" {
		u.Plate = desk.ShowPlate(who, p.Plate)
	}
	return u
}

// station is a station or charging point that no binding lists.
type station struct {
	Platform string     `json:"platform"`
	Account  string     `json:"account"`
	IDs      []string   `json:"ids" nullable:"false" doc:"as pushed; a binding may list any of them"`
	Field    string     `json:"field" enum:"stations,chargers" doc:"of the binding that lists it"`
	Count    int        `json:"count" doc:"refused pushes, among the last 500 of the platform"`
	FirstAt  *time.Time `json:"first_at"`
	LastAt   *time.Time `json:"last_at"`
	Push     string     `json:"push" doc:"the newest of them"`
	Lots     []string   `json:"lots" nullable:"false" doc:"that the account is bound to"`
}

func viewStation(s desk.Station) station {
	lots := mapAll(s.Lots, charge.LotID.String)
	return station{s.Platform, s.Account, s.IDs, s.Field, s.Count, moment(s.First), moment(s.Last), number(s.Push), lots}
}

// unserved is a request that nothing serves.
type unserved struct {
	Method  string     `json:"method"`
	Path    string     `json:"path"`
	Remote  string     `json:"remote" doc:"the last address it came from"`
	Class   string     `json:"class" enum:"private,public" doc:"of the address; each class keeps its last hundred"`
	Hint    *string    `json:"hint" doc:"what is likely wrong"`
	HintZH  *string    `json:"hint_zh" doc:"the same in Chinese"`
	Count   int64      `json:"count"`
	FirstAt *time.Time `json:"first_at"`
	LastAt  *time.Time `json:"last_at"`
}

type pushesInput struct {
	Sorting
	Platform string `query:"platform"`
	Account  string `query:"account"`
	Outcome  string `query:"outcome"`
	Charge   string `query:"charge"`
	Plate    string `query:"plate" maxLength:"40" doc:"whole; of refused pushes as far as it could be read, unproven"`
	Order    string `query:"order" maxLength:"128" doc:"as plate"`
	Lot      string `query:"lot" doc:"union_id/park_id; as plate"`
	From     string `query:"from" doc:"inclusive: RFC 3339, or a day in Asia/Shanghai"`
	To       string `query:"to" doc:"exclusive"`
}

func (in *pushesInput) filter() (charge.PushFilter, error) {
	f := charge.PushFilter{Platform: in.Platform, Account: in.Account, Limit: in.Limit, Cursor: in.Cursor,
		Oldest: in.oldest(), Count: in.Count}
	outcomes, err := parseCodes("query.outcome", in.Outcome, charge.Outcomes)
	if err != nil {
		return f, err
	}
	if len(outcomes) > 0 {
		f.Outcome = outcomes[0]
	}
	if in.Charge != "" {
		if f.Charge, err = parseID(in.Charge); err != nil {
			return f, invalid("query.charge", "a charge's id")
		}
	}
	if in.Plate != "" {
		if f.Plate, err = charge.ParsePlate(in.Plate); err != nil {
			return f, invalid("query.plate", "a whole number plate")
		}
	}
	if f.Lot, err = parseLot("query.lot", in.Lot); err != nil {
		return f, err
	}
	f.Order = in.Order
	f.From, f.To, err = parseSpan(in.From, in.To)
	return f, err
}

type replayedOutput struct {
	Body struct {
		Outcome  string   `json:"outcome" doc:"what the push comes to now; of one that has its charge, what it came to"`
		Before   string   `json:"before" doc:"the outcome that is stored"`
		Effect   string   `json:"effect" doc:"what a replay does, or did"`
		EffectZH string   `json:"effect_zh" doc:"the same in Chinese"`
		After    *stance  `json:"after" doc:"how the charge that it makes stands; a dry run foretells it"`
		Done     bool     `json:"done" doc:"it was taken now"`
		Detail   *string  `json:"detail" doc:"why it is refused still"`
		DetailZH *string  `json:"detail_zh" doc:"the same in Chinese"`
		Read     []string `json:"read" nullable:"false" doc:"what was read, name = value unit"`
		ReadZH   []string `json:"read_zh" nullable:"false" doc:"the same in Chinese"`
		Charge   *string  `json:"charge"`
	}
}

type stay struct {
	Lot       string     `json:"lot"`
	OrderID   string     `json:"order_id"`
	Plate     string     `json:"plate"`
	EnteredAt *time.Time `json:"entered_at"`
	LeftAt    *time.Time `json:"left_at"`
	State     string     `json:"state" enum:"open,closed"`

	ToldEntered *time.Time `json:"told_entered_at,omitempty" doc:"as the lot reported it, whose clock is ahead"`
	ToldLeft    *time.Time `json:"told_left_at,omitempty" doc:"the same of the exit"`
}

func viewStay(who guard.Identity, s *charge.Stay) stay {
	state := "closed"
	if s.Open {
		state = "open"
	}
	return stay{s.Lot.String(), s.OrderID, desk.ShowPlate(who, s.Plate), moment(s.Entered), moment(s.Left), state,
		moment(s.ToldEntered), moment(s.ToldLeft)}
}

type staysInput struct {
	Sorting
	Lot   string `query:"lot" doc:"union_id/park_id"`
	Plate string `query:"plate" maxLength:"40" doc:"whole, or a part of three or more characters"`
	Open  bool   `query:"open" doc:"open ones only"`
}

func (a *api) pushes() {
	handle(a, route{method: http.MethodGet, path: "/pushes", id: "list-pushes", role: guard.RoleViewer,
		summary: "List requests of platforms, newest first, refused ones too"},
		a.listPushes)
	handle(a, route{method: http.MethodGet, path: "/stations", id: "list-stations", role: guard.RoleViewer,
		summary: "List the stations and charging points that platforms pushed and no binding lists, the last pushed first"},
		func(ctx context.Context, _ guard.Identity, _ *struct{}) (*list[station], error) {
			stations, err := a.desk.Stations(ctx)
			if err != nil {
				return nil, err
			}
			return listOf(mapAll(stations, viewStation)), nil
		})
	handle(a, route{method: http.MethodGet, path: "/unserved", id: "list-unserved", role: guard.RoleViewer,
		summary: "List the last requests of the public listener that nothing serves: unknown paths, wrong methods"},
		a.listUnserved)
	handle(a, route{method: http.MethodPost, path: "/pushes/{id}/replay", id: "replay-push", role: guard.RoleSupport,
		summary: "Open a stored push once more"},
		a.replay)
	handle(a, route{method: http.MethodGet, path: "/stays", id: "list-stays", role: guard.RoleViewer,
		summary: "List stays, newest first"},
		a.listStays)
}

func (a *api) listPushes(ctx context.Context, who guard.Identity, in *pushesInput) (*list[push], error) {
	f, err := in.filter()
	if err == nil {
		err = a.knownPlatform(in.Platform)
	}
	if err != nil {
		return nil, err
	}
	page, err := a.desk.Pushes(ctx, f)
	if err != nil {
		return nil, err
	}
	return pageOf(page, func(p charge.Push) push {
		return push{number(p.ID), p.Platform, moment(p.Received), p.Remote, string(p.Outcome),
			text(words.Notes(words.English, p.Reason)), text(words.Notes(words.Chinese, p.Reason)),
			numberOrNull(p.Charge), viewUnproven(who, p)}
	}), nil
}

func (a *api) listUnserved(context.Context, guard.Identity, *struct{}) (*list[unserved], error) {
	return listOf(mapAll(a.desk.Strays(), func(s intake.Stray) unserved {
		return unserved{s.Method, s.Path, s.Remote, s.Class, text(words.Note(words.English, s.Hint)),
			text(words.Note(words.Chinese, s.Hint)), s.Count, moment(s.First), moment(s.Last)}
	})), nil
}

func (a *api) replay(ctx context.Context, who guard.Identity, in *actionInput) (*replayedOutput, error) {
	id, err := parseID(in.ID)
	if err != nil {
		return nil, err
	}
	done, err := a.desk.Replay(ctx, who, id, flow.Action{Reason: in.Body.text(), DryRun: in.DryRun})
	if err != nil {
		return nil, err
	}
	out := new(replayedOutput)
	out.Body.Outcome, out.Body.Charge = string(done.Outcome), numberOrNull(done.Charge)
	out.Body.Detail, out.Body.DetailZH = text(words.Note(words.English, done.Why)),
		text(words.Note(words.Chinese, done.Why))
	out.Body.Before, out.Body.Done, out.Body.After = string(done.Before), done.Done, viewStanding(done.After)
	out.Body.Effect, out.Body.EffectZH = words.Note(words.English, done.Note), words.Note(words.Chinese, done.Note)
	out.Body.Read = append([]string{}, words.Lines(words.English, done.Read)...)
	out.Body.ReadZH = append([]string{}, words.Lines(words.Chinese, done.Read)...)
	return out, nil
}

func (a *api) listStays(ctx context.Context, who guard.Identity, in *staysInput) (*list[stay], error) {
	lot, err := parseLot("query.lot", in.Lot)
	if err != nil {
		return nil, err
	}
	page, err := a.desk.Stays(ctx, who, charge.StayFilter{Lot: lot, Plate: in.Plate, Open: in.Open,
		Limit: in.Limit, Cursor: in.Cursor, Oldest: in.oldest(), Count: in.Count})
	if err != nil {
		return nil, err
	}
	return pageOf(page, func(s *charge.Stay) stay { return viewStay(who, s) }), nil
}
