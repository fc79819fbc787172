package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Bounds of one backtest.
const (
	mostBacktestDays    = 400
	mostBacktestCharges = 200_000
)

// BacktestQuestion is a rule to be tried on what is stored.
type BacktestQuestion struct {
	Binding string // ACCOUNT@UNION_ID/PARK_ID
	Rule    []byte // YAML or JSON, as it would stand under rule: in an estate file
	Days    int    // how far back; 0 is 30
}

// Backtest says what a changed rule would have made of a binding's charges of the last days. It changes nothing.
func (d *Desk) Backtest(ctx context.Context, who guard.Identity, q BacktestQuestion) (flow.Backtest, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return flow.Backtest{}, err
	}
	if q.Days == 0 {
		q.Days = 30
	}
	if q.Days < 1 || q.Days > mostBacktestDays {
		return flow.Backtest{}, Fail(Invalid, "the rule was not tried",
			FieldError{Where: "body.days", Detail: "1 to " + strconv.Itoa(mostBacktestDays), Chinese: "1 到 400 天"})
	}
	account, id, err := parseBinding(q.Binding)
	if err != nil {
		return flow.Backtest{}, err
	}
	state := d.cfg.Estate.State()
	target, _, known := state.Lot(id)
	if _, bound := state.Binding(account, id); !known || !bound {
		return flow.Backtest{}, Fail(NotFound, "there is no binding "+q.Binding+", or its lot is off")
	}
	rule, err := tryRule(state, account, id, q.Rule)
	if err != nil {
		return flow.Backtest{}, Wrap(err)
	}
	in := flow.BacktestInput{Rule: rule, Kind: target.Kind, Repeats: target.Repeats, Bounds: d.cfg.Bounds()}
	since := d.Now().Add(-time.Duration(q.Days) * 24 * time.Hour)
	if in.Charges, err = d.chargesOf(ctx, id, since,
		func(c *charge.Charge) bool { return c.Account == account }); err != nil {
		return flow.Backtest{}, err
	}
	if rule.LimitsPlate() {
		in.Others, err = d.othersOf(ctx, state, account, id, &rule, since)
	}
	return flow.ReplayRule(in), err
}

// othersOf lists the charges that per_day and lock of a rule look at beside those of its binding since a time: of other
// accounts and lots, and all from shortly before.
func (d *Desk) othersOf(ctx context.Context, state *estate.State, account string, id charge.LotID, rule *charge.Rule,
	since time.Time) ([]*charge.Charge, error) {
	before := since.Add(-24*time.Hour - time.Duration(rule.Lock.Seconds)*time.Second)
	var all []*charge.Charge
	for _, l := range state.Lots() {
		if !rule.WidestReach().Covers(id, l.ID) {
			continue
		}
		more, err := d.chargesOf(ctx, l.ID, before, func(c *charge.Charge) bool {
			return c.Account != account || c.Lot != id || c.Received.Before(since)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// parseBinding reads ACCOUNT@UNION_ID/PARK_ID.
func parseBinding(text string) (account string, id charge.LotID, err error) {
	account, lot, found := strings.Cut(text, "@")
	if found && account != "" {
		if id, err = charge.ParseLotID(lot); err == nil {
			return account, id, nil
		}
	}
	return "", id, Fail(Invalid, "the rule was not tried", FieldError{Where: "body.binding",
		Detail: "a binding is written ACCOUNT@UNION_ID/PARK_ID", Chinese: "对接写作 平台账号@厂商编号/车场编号"})
}

// tryRule reads a rule as an estate file would, in the place where it would stand, and checks it against the
// platform and the lot.
func tryRule(state *estate.State, account string, id charge.LotID, rule []byte) (charge.Rule, error) {
	const head = 5 // lines before the rule's own
	doc := "version: 1\nbindings:\n  - account: " + strconv.Quote(account) + "\n    lot: " + strconv.Quote(id.String()) +
		"\n    rule:\n"
	for line := range strings.Lines(string(rule)) {
		doc += "      " + line
	}
	parsed, err := estate.Parse("rule", []byte(doc), nil, nil)
	if err == nil {
		state, err = state.With(parsed)
	}
	var wrong estate.Errors
	if errors.As(err, &wrong) {
		for i := range wrong {
			wrong[i].Line = max(1, wrong[i].Line-head)
		}
		return charge.Rule{}, Fail(Invalid, "the rule has errors", places(wrong)...)
	}
	if err != nil {
		return charge.Rule{}, err
	}
	b, _ := state.Binding(account, id)
	if b == nil || len(b.Rules) == 0 {
		return charge.Rule{}, Fail(Invalid, "the rule is empty",
			FieldError{Where: "body.rule", Detail: "say at least grant", Chinese: "至少填写 grant"})
	}
	return b.Rules[len(b.Rules)-1], nil
}

// chargesOf lists the charges of a lot since a time that are wanted.
func (d *Desk) chargesOf(ctx context.Context, id charge.LotID, since time.Time,
	wanted func(*charge.Charge) bool) ([]*charge.Charge, error) {
	var all []*charge.Charge
	filter := charge.ChargeFilter{Lot: id, From: since, Limit: bulkMost}
	for {
		page, err := d.cfg.Reads.Charges(ctx, filter)
		if err != nil {
			return nil, Wrap(err)
		}
		for _, c := range page.Items {
			if wanted(c) {
				all = append(all, c)
			}
		}
		if len(all) > mostBacktestCharges {
			return nil, Fail(Invalid, "these are too many charges to try the rule on at once",
				FieldError{Where: "body.days", Detail: "fewer days", Chinese: "请减少天数"})
		}
		if page.Next == "" {
			return all, nil
		}
		filter.Cursor = page.Next
	}
}
