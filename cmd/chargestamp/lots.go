package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/chargestamp/chargestamp/charge"
)

// printYAML prints a result for people to read.
func printYAML(c *console, v json.RawMessage) error {
	b, err := yaml.JSONToYAML(v)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		fmt.Fprint(c.out, "  ", line)
	}
	return nil
}

type lotsCommand struct {
	List   lotsList   `cmd:"" default:"withargs" help:"List lots and how they stand."`
	Show   lotsShow   `cmd:"" help:"One lot."`
	Price  lotsPrice  `cmd:"" help:"Ask a lot for the price of a stay."`
	Pause  lotsPause  `cmd:"" help:"Send nothing to a lot."`
	Resume lotsResume `cmd:"" help:"Send again, what waited first."`
}

var (
	lotColumns = []column{field("LOT", "lot"), field("NAME", "name"), field("KIND", "kind"), {"STATE", lotState},
		field("LINE", "line"),
		field("PENDING", "pending"), field("OVER_1M", "pending_over_1m"), field("OVER_10M", "pending_over_10m"),
		field("OLDEST", "oldest_age_s")}
	lotTable = append(slices.Clone(lotColumns), column{"FAULT", lotFault})
	lotAll   = append(slices.Clone(lotColumns), field("LAST_HEARTBEAT", "last_heartbeat"), column{"FAULT", lotFault})
)

// lotState is on, off or paused.
func lotState(i item) string {
	switch {
	case i.at("off") == true:
		return "off"
	case i.at("paused") == true:
		return "paused"
	}
	return "on"
}

// lotFault is what is wrong with a lot's clock or line, in English.
func lotFault(i item) string {
	var faults []string
	if text, is := i.at("clock.en").(string); is {
		faults = append(faults, strings.TrimPrefix(text, "the lot's "))
	}
	if i.at("not_answering") == true {
		faults = append(faults, "not answering")
	}
	return strings.Join(faults, ", ")
}

type lotsList struct {
	wholeList
}

// Run lists lots.
func (l *lotsList) Run(c *console) error {
	return l.list(c, "/api/v1/lots", lotTable, lotAll)
}

// lotArg names a lot.
type lotArg struct {
	remote
	Lot string `arg:"" help:"Lot, union_id/park_id."`
}

func (l lotArg) path(verb string) (string, error) {
	id, err := charge.ParseLotID(l.Lot)
	if err != nil {
		return "", usageError{err}
	}
	return "/api/v1/lots/" + url.PathEscape(id.Union) + "/" + url.PathEscape(id.Park) + verb, nil
}

type lotsShow struct {
	lotArg
	output
}

// Run prints one lot.
func (l *lotsShow) Run(c *console) error {
	path, err := l.path("")
	if err != nil {
		return err
	}
	var v json.RawMessage
	if err := l.client().Get(c.ctx, path, nil, &v); err != nil {
		return err
	}
	if l.Output == "table" {
		return printYAML(c, v)
	}
	return l.output.print(c, table{}, v)
}

type lotsPrice struct {
	lotArg
	Stay  string `help:"The lot's order_id of the stay."`
	Plate string `help:"Plate of an open stay, in place of --stay."`
}

// Run asks for a price.
func (l *lotsPrice) Run(c *console) error {
	path, err := l.path("/price")
	if err != nil {
		return err
	}
	if (l.Stay == "") == (l.Plate == "") {
		return usage("give either --stay or --plate")
	}
	var v json.RawMessage
	if err := l.client().Post(c.ctx, path, map[string]string{"order_id": l.Stay, "plate": l.Plate}, &v); err != nil {
		return err
	}
	return printYAML(c, v)
}

// lotAction is pausing and resuming.
type lotAction struct {
	lotArg
	Reason string `required:"" help:"Why, for the audit log."`
	DryRun bool   `help:"Report the effect and change nothing."`
}

// do carries out a verb on a lot and prints its effect, and what the lot was before and is after.
func (l lotAction) do(c *console, verb string) error {
	path, err := l.path(verb)
	if err != nil {
		return err
	}
	var before string
	if l.DryRun {
		path += "?dry_run=true"
	} else if before, err = l.standing(c); err != nil {
		return err
	}
	var effect struct {
		Effect  string `json:"effect"`
		Allowed bool   `json:"allowed"`
	}
	if err := l.client().Post(c.ctx, path, map[string]string{"reason": l.Reason}, &effect); err != nil {
		return err
	}
	fmt.Fprintln(c.out, effect.Effect)
	if !effect.Allowed {
		return errFailed
	}
	if l.DryRun {
		return nil
	}
	after, err := l.standing(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s → %s\n", before, after)
	return nil
}

// standing is whether the lot is on, off or paused.
func (l lotAction) standing(c *console) (string, error) {
	path, err := l.path("")
	if err != nil {
		return "", err
	}
	var now item
	if err := l.client().Get(c.ctx, path, nil, &now); err != nil {
		return "", err
	}
	return lotState(now), nil
}

type lotsPause struct{ lotAction }

// Run pauses a lot.
func (l *lotsPause) Run(c *console) error { return l.do(c, "/pause") }

type lotsResume struct{ lotAction }

// Run resumes a lot.
func (l *lotsResume) Run(c *console) error { return l.do(c, "/resume") }

type bindingsCommand struct {
	List bindingsList `cmd:"" default:"withargs" help:"List bindings."`
}

var (
	bindingColumns = []column{field("ACCOUNT", "account"), field("LOT", "lot"), field("MODE", "mode"),
		field("RULE", "says.en")}
	bindingAll = append(bindingColumns, field("CHARGERS", "chargers"), field("STATIONS", "stations"))
)

type bindingsList struct {
	wholeList
}

// Run lists bindings.
func (b *bindingsList) Run(c *console) error {
	return b.list(c, "/api/v1/bindings", bindingColumns, bindingAll)
}

type statementCommand struct {
	remote
	Platform string `help:"Platform id."`
	Lot      string `help:"Lot, union_id/park_id."`
	From     string `help:"First day, such as 2026-01-31, in Asia/Shanghai."`
	To       string `help:"The day after the last."`
	Lang     string `enum:"zh,en," default:"" help:"zh or en: a file for people. Without it csv has the API's fields."`
	Output   string `short:"o" enum:"table,json,csv,xlsx" default:"table" help:"table, json, csv or xlsx."`
	File     string `type:"path" help:"Where to write in place of standard output; xlsx on a terminal needs it."`
}

// Run prints a statement.
func (s *statementCommand) Run(c *console) error {
	q := url.Values{}
	for name, v := range map[string]string{"platform": s.Platform, "lot": s.Lot, "from": s.From, "to": s.To,
		"lang": s.Lang} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if s.Output == "table" {
		return s.table(c, q)
	}
	if s.Output == "xlsx" && s.File == "" {
		if err := noTerminal(c.out); err != nil {
			return err
		}
	}
	q.Set("format", s.Output)
	var raw []byte
	if err := s.client().Get(c.ctx, "/api/v1/statements", q, &raw); err != nil {
		return err
	}
	if s.File != "" {
		return os.WriteFile(s.File, raw, 0o644)
	}
	_, err := c.out.Write(raw)
	return err
}

var statementColumns = []string{"day", "platform", "vendor", "lot", "charges", "granted_minutes", "granted_amount",
	"delivered", "used_minutes", "used_amount", "gaps"}

func (s *statementCommand) table(c *console, q url.Values) error {
	var page struct {
		Items []map[string]any `json:"items"`
		Total map[string]any   `json:"total"`
	}
	if err := s.client().Get(c.ctx, "/api/v1/statements", q, &page); err != nil {
		return err
	}
	t := table{}
	for _, col := range statementColumns {
		t.head = append(t.head, strings.ToUpper(col))
	}
	if page.Total != nil {
		page.Total["day"] = "TOTAL"
		page.Items = append(page.Items, page.Total)
	}
	for _, r := range page.Items {
		row := make([]string, len(statementColumns))
		for i, col := range statementColumns {
			row[i] = cell(r[col])
		}
		t.rows = append(t.rows, row)
	}
	return output{Output: "table"}.print(c, t, nil)
}
