package main

import (
	"fmt"
	"net/url"
	"time"
)

type pushesCommand struct {
	List   pushesList   `cmd:"" default:"withargs" help:"List requests of platforms, refused ones too, newest first."`
	Replay pushesReplay `cmd:"" help:"Open a stored push again with today's keys."`
}

// pushFilter is the filter flags of pushes. Plate, order and lot of a refused push are what could be read of it,
// unproven.
type pushFilter struct {
	Platform string `help:"Platform id."`
	Account  string `help:"Account."`
	Outcome  string `help:"Outcome, such as accepted or bad_signature."`
	Plate    string `help:"Plate, or a part of three or more characters."`
	Order    string `help:"The platform's order number."`
	Lot      string `help:"Lot, union_id/park_id."`
	Charge   string `help:"Charge id."`
	From     string `help:"From this time, RFC 3339 or a day."`
	To       string `help:"Before this time."`
}

func (f pushFilter) query() url.Values {
	return filters(map[string]string{"platform": f.Platform, "account": f.Account, "outcome": f.Outcome, "plate": f.Plate,
		"order": f.Order, "lot": f.Lot, "charge": f.Charge, "from": f.From, "to": f.To})
}

var (
	pushColumns = []column{field("ID", "id"), moment("RECEIVED", "received_at"), field("PLATFORM", "platform"),
		field("OUTCOME", "outcome"), field("REMOTE", "remote"), field("CHARGE", "charge"), field("REASON", "reason")}
	pushAll = []column{field("id", "id"), field("received_at", "received_at"), field("platform", "platform"),
		field("account", "account"),
		field("outcome", "outcome"), field("reason", "reason"), field("remote", "remote"), field("charge", "charge"),
		field("plate", "plate"), field("order", "order"), field("lot", "lot")}
)

type pushesList struct {
	sorted
	pushFilter
}

// Run lists pushes.
func (l *pushesList) Run(c *console) error {
	return l.list(c, "/api/v1/pushes", l.query(), pushColumns, pushAll)
}

type pushesReplay struct {
	action
	Push string `arg:"" help:"Push id."`
}

// Run replays one push.
func (r *pushesReplay) Run(c *console) error { return r.replay(c, r.Push) }

type logsCommand struct {
	Tail logsTail `cmd:"" help:"Follow the pushes of platforms as they come, refused ones too."`
}

type logsTail struct {
	remote
	pushFilter
	Every time.Duration `default:"1s" help:"How often the server is asked."`
	For   time.Duration `help:"End after so long; without it, on Ctrl-C."`
}

// Run prints a line a push, oldest first, until it is stopped.
func (l *logsTail) Run(c *console) error {
	if l.Every <= 0 {
		return usage("--every must be above 0")
	}
	follow := paged{listing: listing{remote: l.remote}, Limit: mostAPage}
	seen := map[string]bool{}
	ticks := time.NewTicker(l.Every)
	defer ticks.Stop()
	var over <-chan time.Time
	if l.For > 0 {
		timer := time.NewTimer(l.For)
		defer timer.Stop()
		over = timer.C
	}
	for first := true; ; first = false {
		items, _, err := follow.fetch(c, "/api/v1/pushes", l.query())
		if c.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		last := map[string]bool{}
		for n := len(items) - 1; n >= 0; n-- {
			id := cell(items[n].at("id"))
			if last[id] = true; !seen[id] && !first {
				printPush(c, items[n])
			}
		}
		seen = last
		select {
		case <-ticks.C:
		case <-over:
			return nil
		case <-c.ctx.Done():
			return nil
		}
	}
}

// printPush prints one push as a line.
func printPush(c *console, i item) {
	fmt.Fprintf(c.out, "%s  %-12s  %-14s  %s  %s\n", moment("", "received_at").show(i), cell(i.at("platform")),
		cell(i.at("outcome")),
		cell(i.at("remote")), cell(i.at("reason")))
}
