package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/words"
)

// What a back-test in a form looks at and lists.
const (
	backtestDays  = 30
	backtestShown = 10
)

// backtest tries the rule of a binding's form on the charges of the last days; nil where the form changes no rule, or
// there are more charges than one look takes.
func (c *Console) backtest(r *http.Request, p *page, t *thing, doc map[string]any) (*flow.Backtest, error) {
	changes := false
	for _, ch := range t.Changes {
		changes = changes || len(ch.Rules()) > 0
	}
	if t.Kind.Name != "binding" || t.New || !changes {
		return nil, nil
	}
	rule, err := json.Marshal(doc["rule"])
	if err != nil {
		return nil, err
	}
	tried, err := c.desk.Backtest(r.Context(), p.Who,
		desk.BacktestQuestion{Binding: t.ID, Rule: rule, Days: backtestDays})
	switch desk.KindOf(err) {
	case desk.Invalid, desk.NotFound: // too many charges, or the lot is off
		return nil, nil
	}
	return &tried, err
}

// grants adds up what was granted: "12 次：600 分钟、30.00 元".
func (p *page) grants(g flow.Grants) string {
	var sums []charge.Reduction
	if g.Minutes != 0 {
		sums = append(sums, charge.Reduction{Method: charge.MethodTime, Minutes: g.Minutes})
	}
	if g.Amount != 0 {
		sums = append(sums, charge.Reduction{Method: charge.MethodAmount, Amount: g.Amount})
	}
	said := []string{fmt.Sprintf(p.T("%s 笔", "charges: %s"), Count(g.Count))}
	if len(sums) > 0 {
		said = append(said, words.Grants(p.Lang, sums...))
	}
	if g.Free > 0 {
		said = append(said, fmt.Sprintf(p.T("全免 %s 次", "free stays: %s"), Count(g.Free)))
	}
	if g.LotDecides > 0 {
		said = append(said, fmt.Sprintf(p.T("由车场决定 %s 次", "left to the lot: %s"), Count(g.LotDecides)))
	}
	return strings.Join(said, p.T("，", ", "))
}

// outcome is what a decision granted, or why it granted nothing.
func (p *page) outcome(d *charge.Decision) string {
	if d.State == charge.StateSending || d.State == charge.StateShadow {
		return p.Reduction(&d.Reduction)
	}
	return p.Say(p.Word(words.ChargeReason, string(d.Reason)).Name)
}
