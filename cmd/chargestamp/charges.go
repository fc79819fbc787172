package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

type chargesCommand struct {
	List      chargesList      `cmd:"" default:"withargs" help:"List charges, newest first."`
	Show      chargesShow      `cmd:"" help:"One charge: decision, rule, deliveries with attempts, timeline."`
	Redeliver chargesRedeliver `cmd:"" help:"Try again to get reductions into their lots; one charge, or all that a filter finds."`
	Void      chargesVoid      `cmd:"" help:"Take a reduction back."`
	Bind      chargesBind      `cmd:"" help:"Give a charge that found no stay to one."`
	Replay    chargesReplay    `cmd:"" help:"Open a stored push again with today's keys."`
}

// chargeFilter is the filter flags of lists.
type chargeFilter struct {
	Platform string `help:"Platform id."`
	Lot      string `help:"Lot, union_id/park_id."`
	Plate    string `help:"Plate, or a part of three or more characters."`
	Order    string `help:"The platform's order number."`
	State    string `help:"State, such as held or delivered."`
	From     string `help:"From this time, RFC 3339."`
	To       string `help:"Before this time, RFC 3339."`
}

func (f chargeFilter) query() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"platform": f.Platform, "lot": f.Lot, "plate": f.Plate, "order": f.Order,
		"state": f.State, "from": f.From, "to": f.To} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

// chargeRow is what the commands read of a charge.
type chargeRow struct {
	ID         string  `json:"id"`
	Platform   string  `json:"platform"`
	Order      *string `json:"order"`
	Plate      string  `json:"plate"`
	Lot        string  `json:"lot"`
	State      string  `json:"state"`
	Reason     string  `json:"reason"`
	ReceivedAt string  `json:"received_at"`
	Reduction  *struct {
		Method  string `json:"method"`
		Minutes int64  `json:"minutes"`
		Amount  string `json:"amount"`
	} `json:"reduction"`
}

func (r chargeRow) granted() string {
	if r.Reduction == nil {
		return "-"
	}
	switch r.Reduction.Method {
	case "time":
		return strconv.FormatInt(r.Reduction.Minutes, 10) + " min"
	case "amount":
		return r.Reduction.Amount + " yuan"
	}
	return strings.ReplaceAll(r.Reduction.Method, "_", " ")
}

type chargesList struct {
	remote
	output
	chargeFilter
	Limit int `default:"50" help:"How many."`
}

// Run lists charges.
func (l *chargesList) Run(c *console) error {
	items, err := l.fetch(c)
	if err != nil {
		return err
	}
	return l.print(c, chargeTable(items), items)
}

// chargeTable is charges as rows.
func chargeTable(items []chargeItem) table {
	t := table{head: []string{"ID", "RECEIVED", "PLATFORM", "PLATE", "LOT", "GRANTED", "STATE", "REASON"}}
	for _, i := range items {
		t.rows = append(t.rows, []string{i.ID, i.ReceivedAt, i.Platform, i.Plate, i.Lot, i.granted(), i.State, i.Reason})
	}
	return t
}

// chargeItem is a charge as the API tells it: JSON output leaves nothing out that a row does not show.
type chargeItem struct {
	chargeRow
	told json.RawMessage
}

// UnmarshalJSON reads the row and keeps what was told.
func (i *chargeItem) UnmarshalJSON(b []byte) error {
	i.told = bytes.Clone(b)
	return json.Unmarshal(b, &i.chargeRow)
}

// MarshalJSON gives back what was told.
func (i chargeItem) MarshalJSON() ([]byte, error) { return i.told, nil }

func (l *chargesList) fetch(c *console) ([]chargeItem, error) {
	q := l.query()
	items := []chargeItem{}
	for {
		q.Set("limit", strconv.Itoa(min(l.Limit-len(items), 500)))
		var page struct {
			Items []chargeItem `json:"items"`
			Next  string       `json:"next"`
		}
		if err := l.client().Get(c.ctx, "/api/v1/charges", q, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" || len(items) >= l.Limit {
			return items, nil
		}
		q.Set("cursor", page.Next)
	}
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
		var one chargeItem
		if err := json.Unmarshal(raw, &one); err != nil {
			return err
		}
		return s.print(c, chargeTable([]chargeItem{one}), nil)
	}
	var full struct {
		chargeRow
		Decision   json.RawMessage `json:"decision"`
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
	}
	if err := json.Unmarshal(raw, &full); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "charge %s  %s  %s  lot %s\n%s (%s), granted %s\n", full.ID, full.Platform, full.Plate, full.Lot,
		full.State, full.Reason, full.granted())
	if len(full.Decision) > 0 && string(full.Decision) != "null" {
		fmt.Fprintln(c.out, "\ndecision")
		if err := printYAML(c, full.Decision); err != nil {
			return err
		}
	}
	for _, d := range full.Deliveries {
		fmt.Fprintf(c.out, "\ndelivery %s by %s: %s\n", d.ID, d.Channel, d.State)
		for _, a := range d.Attempts {
			fmt.Fprintf(c.out, "  %s  %s  %s\n", a.At, a.Result, text(a.Detail))
		}
	}
	fmt.Fprintln(c.out, "\ntimeline")
	for _, t := range full.Timeline {
		fmt.Fprintf(c.out, "  %s  %-10s %-12s %s  %s\n", t.At, t.Step, t.Result, text(t.Reason), text(t.Detail))
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
	DryRun bool   `help:"Say the effect only."`
}

// do carries out a verb on one charge and prints its effect.
func (a action) do(c *console, path string, body map[string]string) error {
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
	return nil
}

func chargePath(id, verb string) string { return "/api/v1/charges/" + url.PathEscape(id) + "/" + verb }

type chargesRedeliver struct {
	action
	chargeFilter
	ID   string `arg:"" optional:"" help:"Charge id; without one the filter chooses."`
	Most int    `default:"1000" help:"How many the filter may choose."`
}

// Run redelivers one charge, or each that the filter finds, the oldest first.
func (r *chargesRedeliver) Run(c *console) error {
	if r.ID != "" {
		return r.do(c, chargePath(r.ID, "redeliver"), map[string]string{})
	}
	if len(r.query()) == 0 {
		return usage("give a charge id, or a filter such as --lot and --state")
	}
	found, err := (&chargesList{remote: r.remote, chargeFilter: r.chargeFilter, Limit: r.Most}).fetch(c)
	if err != nil {
		return err
	}
	bad := 0
	for i := len(found) - 1; i >= 0; i-- {
		fmt.Fprint(c.out, found[i].ID, "  ")
		if err := r.do(c, chargePath(found[i].ID, "redeliver"), map[string]string{}); err == errFailed { //nolint:errorlint // a sentinel of our own, never wrapped
			bad++
		} else if err != nil {
			return err
		}
	}
	fmt.Fprintf(c.err, "%d charges, %d could not be redelivered\n", len(found), bad)
	return nil
}

type chargesVoid struct {
	action
	ID string `arg:"" help:"Charge id."`
}

// Run voids one charge.
func (v *chargesVoid) Run(c *console) error {
	return v.do(c, chargePath(v.ID, "void"), map[string]string{})
}

type chargesBind struct {
	action
	ID   string `arg:"" help:"Charge id."`
	Stay string `arg:"" help:"The lot's order_id of the stay."`
}

// Run binds one charge.
func (b *chargesBind) Run(c *console) error {
	return b.do(c, chargePath(b.ID, "bind"), map[string]string{"order_id": b.Stay})
}

type chargesReplay struct {
	action
	Push string `arg:"" help:"Push id."`
}

// Run replays one push.
func (r *chargesReplay) Run(c *console) error {
	path := "/api/v1/pushes/" + url.PathEscape(r.Push) + "/replay"
	if r.DryRun {
		path += "?dry_run=true"
	}
	var out json.RawMessage
	if err := r.client().Post(c.ctx, path, map[string]string{"reason": r.Reason}, &out); err != nil {
		return err
	}
	return printYAML(c, out)
}
