package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/chargestamp/chargestamp/admin/client"
)

type chargesCommand struct {
	List      chargesList      `cmd:"" default:"withargs" help:"List charges, newest first."`
	Show      chargesShow      `cmd:"" help:"One charge: decision, rule, deliveries with attempts, timeline."`
	Redeliver chargesRedeliver `cmd:"" help:"Send reductions to their lots again: one, or all that a filter finds."`
	Void      chargesVoid      `cmd:"" help:"Take a reduction back."`
	Bind      chargesBind      `cmd:"" help:"Match a charge that found no stay to one by hand."`
	Resolve   chargesResolve   `cmd:"" help:"Record whether the lot has the reduction of an unknown charge."`
	Replay    chargesReplay    `cmd:"" help:"Open a stored push again with today's keys."`
}

// chargeFilter is the filter flags of charges.
type chargeFilter struct {
	Platform string `help:"Platform id."`
	Lot      string `help:"Lot, union_id/park_id."`
	Plate    string `help:"Plate, or a part of three or more characters."`
	Order    string `help:"The platform's order number."`
	State    string `help:"State, such as held or delivered; several with commas."`
	From     string `help:"From this time, RFC 3339 or a day."`
	To       string `help:"Before this time."`
}

func (f chargeFilter) query() url.Values {
	return filters(map[string]string{"platform": f.Platform, "lot": f.Lot, "plate": f.Plate, "order": f.Order,
		"state": f.State, "from": f.From, "to": f.To})
}

// granted shows a reduction in words.
func granted(i item) string {
	switch method := cell(i.at("reduction.method")); method {
	case "time":
		return cell(i.at("reduction.minutes")) + " min"
	case "amount":
		return cell(i.at("reduction.amount")) + " yuan"
	default:
		return strings.ReplaceAll(method, "_", " ")
	}
}

var (
	chargeColumns = []column{field("ID", "id"), moment("RECEIVED", "received_at"), field("PLATFORM", "platform"),
		field("PLATE", "plate"),
		field("LOT", "lot"), {"GRANTED", granted}, field("STATE", "state"), field("REASON", "reason")}
	chargeAll = []column{field("id", "id"), field("platform", "platform"), field("order", "order"),
		field("plate", "plate"), field("lot", "lot"),
		field("state", "state"), field("reason", "reason"), field("started_at", "started_at"), field("ended_at", "ended_at"),
		field("received_at", "received_at"), field("energy_kwh", "energy_kwh"), field("total_amount", "total_amount"),
		field("granted_method", "reduction.method"), field("granted_minutes", "reduction.minutes"),
		field("granted_amount", "reduction.amount"),
		field("stay", "stay.order_id"), field("used_minutes", "usage.minutes"), field("used_amount", "usage.amount"),
		field("used_yuan", "usage.yuan"), field("report", "report.state")}
)

type chargesList struct {
	sorted
	chargeFilter
	Reason string `help:"Reason, such as cap_reached."`
	UUID   string `name:"uuid" help:"A delivery's id, as the lot has it."`
	Gap    bool   `help:"Only those that count as a gap in the statement."`
}

// Run lists charges.
func (l *chargesList) Run(c *console) error {
	q := l.query()
	if l.Reason != "" {
		q.Set("reason", l.Reason)
	}
	if l.UUID != "" {
		q.Set("uuid", l.UUID)
	}
	if l.Gap {
		q.Set("gap", "true")
	}
	return l.list(c, "/api/v1/charges", q, chargeColumns, chargeAll)
}

type chargesShow struct {
	remote
	output
	ID string `arg:"" help:"Charge id."`
}

// Run prints a charge as JSON, as its row in a list, or as the story that support reads.
func (s *chargesShow) Run(c *console) error {
	var raw []byte
	if err := s.client().Get(c.ctx, "/api/v1/charges/"+url.PathEscape(s.ID), nil, &raw); err != nil {
		return err
	}
	switch s.Output {
	case "json":
		_, err := fmt.Fprintln(c.out, strings.TrimSpace(string(raw)))
		return err
	case "csv":
		var one item
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		return listing{output: s.output}.print(c, []item{one}, chargeColumns, chargeAll)
	}
	var told story
	if err := json.Unmarshal(raw, &told); err != nil {
		return err
	}
	var head item
	if err := json.Unmarshal(raw, &head); err != nil {
		return err
	}
	return told.print(c, granted(head))
}

// story is what support reads of a charge.
type story struct {
	ID, Platform, Plate, Lot, State, Reason string

	Decision json.RawMessage `json:"decision"`
	Verdict  struct {
		Text, Next struct{ EN string }
		Actions    []struct {
			Verb   string
			Effect *struct{ Effect string }
		}
	} `json:"verdict"`
	Deliveries []struct {
		ID       string `json:"id"`
		Channel  string `json:"channel"`
		State    string `json:"state"`
		Attempts []struct {
			At     string  `json:"at"`
			Result string  `json:"result"`
			Detail *string `json:"detail"`
		} `json:"attempts"`
	} `json:"deliveries"`
	Timeline []struct {
		At     string  `json:"at"`
		Step   string  `json:"step"`
		Result string  `json:"result"`
		Reason *string `json:"reason"`
		Detail *string `json:"detail"`
	} `json:"timeline"`
	NearStays []struct {
		OrderID   string `json:"order_id"`
		Plate     string `json:"plate"`
		EnteredAt string `json:"entered_at"`
	} `json:"near_stays"`
}

// print writes the verdict first, then what led to it.
func (s *story) print(c *console, granted string) error {
	fmt.Fprintf(c.out, "charge %s  %s  %s  lot %s\n%s (%s), granted %s\n", s.ID, s.Platform, s.Plate, s.Lot, s.State,
		s.Reason, granted)
	fmt.Fprintf(c.out, "%s\nnext: %s\n", s.Verdict.Text.EN, s.Verdict.Next.EN)
	for _, can := range s.Verdict.Actions {
		if can.Effect != nil {
			fmt.Fprintf(c.out, "  %s: %s\n", can.Verb, can.Effect.Effect)
		}
	}
	for _, n := range s.NearStays {
		fmt.Fprintf(c.out, "near: %s stands in the lot since %s, stay %s\n", n.Plate, local(n.EnteredAt), n.OrderID)
	}
	if len(s.Decision) > 0 && string(s.Decision) != "null" {
		fmt.Fprintln(c.out, "\ndecision")
		if err := printYAML(c, s.Decision); err != nil {
			return err
		}
	}
	for _, d := range s.Deliveries {
		fmt.Fprintf(c.out, "\ndelivery %s by %s: %s\n", d.ID, d.Channel, d.State)
		for _, a := range d.Attempts {
			fmt.Fprintf(c.out, "  %s  %s  %s\n", local(a.At), a.Result, text(a.Detail))
		}
	}
	fmt.Fprintln(c.out, "\ntimeline")
	for _, t := range s.Timeline {
		fmt.Fprintf(c.out, "  %s  %-10s %-12s %s  %s\n", local(t.At), t.Step, t.Result, text(t.Reason), text(t.Detail))
	}
	return nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// action is the flags of commands that change a charge.
type action struct {
	remote
	Reason string `required:"" help:"Why, for the audit log and the timeline."`
	DryRun bool   `help:"Report the effect and change nothing."`
}

// do carries out a verb on one charge and prints its effect, and what the charge was before and is after.
func (a action) do(c *console, id, verb string, body map[string]any) error {
	charge := "/api/v1/charges/" + url.PathEscape(id)
	path := charge + "/" + verb
	before, err := a.standing(c, charge)
	if err != nil {
		return err
	}
	body["reason"] = a.Reason
	var effect struct {
		Effect  string `json:"effect"`
		Allowed bool   `json:"allowed"`
		Done    bool   `json:"done"`
	}
	if a.DryRun {
		path += "?dry_run=true"
	}
	if err := a.client().Post(c.ctx, path, body, &effect); err != nil {
		return err
	}
	fmt.Fprintln(c.out, effect.Effect)
	if !effect.Allowed {
		return errFailed
	}
	if a.DryRun {
		return nil
	}
	after, err := a.standing(c, charge)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s → %s\n", before, after)
	return nil
}

// standing is a charge's state with its reason, as in "no_grant (no_stay)".
func (a action) standing(c *console, path string) (string, error) {
	var now client.Charge
	if err := a.client().Get(c.ctx, path, nil, &now); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s (%s)", now.State, now.Reason), nil
}

type chargesRedeliver struct {
	action
	chargeFilter
	ID   string `arg:"" optional:"" help:"Charge id; without one the filter chooses."`
	Most int    `default:"1000" help:"How many the filter may choose."`
}

// Run redelivers one charge, or each that the filter finds, the oldest first.
func (r *chargesRedeliver) Run(c *console) error {
	if r.ID != "" {
		return r.do(c, r.ID, "redeliver", map[string]any{})
	}
	if len(r.query()) == 0 {
		return usage("give a charge id, or a filter such as --lot and --state")
	}
	found, _, err := paged{listing: listing{remote: r.remote}, Limit: r.Most}.fetch(c, "/api/v1/charges", r.query())
	if err != nil {
		return err
	}
	bad := 0
	for i := len(found) - 1; i >= 0; i-- {
		id := cell(found[i].at("id"))
		fmt.Fprint(c.out, id, "  ")
		err := r.do(c, id, "redeliver", map[string]any{})
		if err == errFailed { //nolint:errorlint // a sentinel of our own, never wrapped
			bad++
		} else if err != nil {
			return err
		}
	}
	fmt.Fprintf(c.err, "%s, %d could not be redelivered\n", counted(len(found), "charge"), bad)
	return nil
}

type chargesVoid struct {
	action
	ID string `arg:"" help:"Charge id."`
}

// Run voids one charge.
func (v *chargesVoid) Run(c *console) error {
	return v.do(c, v.ID, "void", map[string]any{})
}

type chargesBind struct {
	action
	ID   string `arg:"" help:"Charge id."`
	Stay string `arg:"" help:"The lot's order_id of the stay."`
}

// Run binds one charge.
func (b *chargesBind) Run(c *console) error {
	return b.do(c, b.ID, "bind", map[string]any{"order_id": b.Stay})
}

type chargesResolve struct {
	action
	ID     string `arg:"" help:"Charge id."`
	LotHas bool   `required:"" negatable:"" help:"The lot has the reduction; --no-lot-has: it has not, send it once."`
}

// Run resolves one charge.
func (r *chargesResolve) Run(c *console) error {
	return r.do(c, r.ID, "resolve", map[string]any{"lot_has": r.LotHas})
}

type chargesReplay struct {
	action
	Push string `arg:"" help:"Push id."`
}

// Run replays one push.
func (r *chargesReplay) Run(c *console) error { return r.replay(c, r.Push) }

// replay opens a stored push again and prints what came of it.
func (a action) replay(c *console, push string) error {
	path := "/api/v1/pushes/" + url.PathEscape(push) + "/replay"
	if a.DryRun {
		path += "?dry_run=true"
	}
	var out json.RawMessage
	if err := a.client().Post(c.ctx, path, map[string]string{"reason": a.Reason}, &out); err != nil {
		return err
	}
	return printYAML(c, out)
}
