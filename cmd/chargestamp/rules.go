package main

import (
	"encoding/json"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

type rulesCommand struct {
	Backtest backtestCommand `cmd:"" help:"Replay a binding's stored charges against a changed rule."`
}

type backtestCommand struct {
	remote
	output
	Binding string `required:"" placeholder:"ACCOUNT@LOT" help:"The binding, ACCOUNT@union_id/park_id."`
	Rule    string `required:"" placeholder:"FILE" help:"What stands under rule: in an estate file; - is standard input."`
	Days    int    `default:"30" help:"How far back."`
}

// Run asks the server, and prints a row for each charge that comes out otherwise.
func (b *backtestCommand) Run(c *console) error {
	rule, err := c.readText(b.Rule)
	if err != nil {
		return err
	}
	var raw json.RawMessage
	question := map[string]any{"binding": b.Binding, "rule": string(rule), "days": b.Days}
	if err := b.client().Post(c.ctx, "/api/v1/rules/backtest", question, &raw); err != nil {
		return fmt.Errorf("%s: %w", b.Rule, err)
	}
	var got struct {
		Charges, Replayed, Changed int
		Was, Would, Difference     struct {
			Count, Minutes int64
			Amount         string
		}
		Rows []struct {
			Charge, Order, Plate, Stay string
			ReceivedAt                 string `json:"received_at"`
			WasReason                  string `json:"was_reason"`
			WouldReason                string `json:"would_reason"`
			Was, Would                 *charge.Reduction
			Minutes                    int64
			Amount                     string
		}
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return err
	}
	t := table{head: []string{"CHARGE", "ORDER", "PLATE", "RECEIVED", "STAY", "WAS", "WOULD BE", "MINUTES", "YUAN"}}
	for _, r := range got.Rows {
		t.rows = append(t.rows, []string{r.Charge, r.Order, r.Plate, r.ReceivedAt, r.Stay,
			grantText(r.Was, r.WasReason), grantText(r.Would, r.WouldReason), fmt.Sprintf("%+d", r.Minutes), r.Amount})
	}
	if err := b.print(c, t, raw); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s, %d decided by a rule, %d would come out otherwise: %d min and %s yuan were granted, "+
		"it would be %d min and %s yuan (%+d min, %s yuan)\n",
		counted(got.Charges, "charge"), got.Replayed, got.Changed, got.Was.Minutes, got.Was.Amount, got.Would.Minutes,
		got.Would.Amount,
		got.Difference.Minutes, got.Difference.Amount)
	return nil
}

// grantText prints a reduction, or why there is none.
func grantText(r *charge.Reduction, reason string) string {
	switch {
	case r == nil:
		return reason
	case r.Method == charge.MethodTime:
		return fmt.Sprintf("%d min", r.Minutes)
	case r.Method == charge.MethodAmount:
		return r.Amount.String() + " yuan"
	}
	return string(r.Method)
}
