package api

import (
	"context"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

type backtestInput struct {
	Body struct {
		Binding string `json:"binding" maxLength:"300" doc:"ACCOUNT@UNION_ID/PARK_ID"`
		Rule    string `json:"rule" maxLength:"20000" doc:"YAML or JSON, as it stands under rule: in an estate file"`
		Days    int    `json:"days,omitempty" minimum:"0" maximum:"400" doc:"how far back; 30 where absent"`
	}
}

type backtestOutput struct {
	Body struct {
		Binding    string         `json:"binding"`
		Charges    int            `json:"charges" doc:"of the binding in these days"`
		Replayed   int            `json:"replayed" doc:"decided by a rule, and by the changed one again"`
		Changed    int            `json:"changed"`
		Was        grantsView     `json:"was"`
		Would      grantsView     `json:"would"`
		Difference differenceView `json:"difference"`
		Rows       []reworkedView `json:"rows" nullable:"false" doc:"one a changed charge, as they were decided"`
	}
}

type grantsView struct {
	Count      int64  `json:"count" doc:"charges that were granted something"`
	Minutes    int64  `json:"minutes"`
	Amount     string `json:"amount"`
	Free       int64  `json:"free" doc:"free stays"`
	LotDecides int64  `json:"lot_decides" doc:"reductions left to the lot"`
}

type differenceView struct {
	Minutes int64  `json:"minutes"`
	Amount  string `json:"amount"`
}

type reworkedView struct {
	Charge      string     `json:"charge"`
	Order       *string    `json:"order"`
	Plate       string     `json:"plate"`
	ReceivedAt  *time.Time `json:"received_at"`
	Stay        *string    `json:"stay" doc:"the lot's order_id"`
	Was         *reduction `json:"was" doc:"null where nothing was granted"`
	WasReason   string     `json:"was_reason"`
	Would       *reduction `json:"would"`
	WouldReason string     `json:"would_reason"`
	Minutes     int64      `json:"minutes" doc:"the difference"`
	Amount      string     `json:"amount" doc:"the difference"`
	Note        string     `json:"note" doc:"how the changed rule came to it, in English"`
	NoteZH      string     `json:"note_zh" doc:"the same in Chinese"`
}

func viewGrants(g flow.Grants) grantsView {
	return grantsView{g.Count, g.Minutes, g.Amount.String(), g.Free, g.LotDecides}
}

func viewReworked(who guard.Identity, r flow.Reworked) reworkedView {
	c := r.Charge
	return reworkedView{
		Charge: number(c.ID), Order: text(c.Order), Plate: desk.ShowPlate(who, c.Plate), ReceivedAt: moment(c.Received),
		Stay: text(c.Decision.StayOrder), Was: viewReduction(&c.Decision.Reduction), WasReason: string(c.Decision.Reason),
		Would: viewReduction(&r.Would.Reduction), WouldReason: string(r.Would.Reason),
		Minutes: r.Minutes(), Amount: r.Amount().String(), Note: words.Notes(words.English, r.Would.Notes),
		NoteZH: words.Notes(words.Chinese, r.Would.Notes),
	}
}

func (a *api) rules() {
	handle(a, route{method: http.MethodPost, path: "/rules/backtest", id: "backtest-rule", role: guard.RoleSupport,
		summary: "Say what a changed rule would have made of a binding's charges; changes nothing"},
		func(ctx context.Context, who guard.Identity, in *backtestInput) (*backtestOutput, error) {
			b, err := a.desk.Backtest(ctx, who,
				desk.BacktestQuestion{Binding: in.Body.Binding, Rule: []byte(in.Body.Rule), Days: in.Body.Days})
			if err != nil {
				return nil, err
			}
			out := new(backtestOutput)
			o := &out.Body
			o.Binding, o.Charges, o.Replayed, o.Changed = in.Body.Binding, b.Charges, b.Replayed, len(b.Changed)
			o.Was, o.Would = viewGrants(b.Was), viewGrants(b.Would)
			o.Difference = differenceView{b.Would.Minutes - b.Was.Minutes, (b.Would.Amount - b.Was.Amount).String()}
			o.Rows = mapAll(b.Changed, func(r flow.Reworked) reworkedView { return viewReworked(who, r) })
			return out, nil
		})
}
