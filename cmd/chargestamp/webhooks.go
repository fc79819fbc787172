package main

import (
	"fmt"
	"net/url"
)

type webhooksCommand struct {
	List     webhooksList     `cmd:"" default:"withargs" help:"List webhooks with what waits for each."`
	Messages webhooksMessages `cmd:"" help:"List the messages that a webhook has not taken."`
	Resend   webhooksResend   `cmd:"" help:"Send them at once, those that were given up too."`
}

type webhooksList struct{ wholeList }

var (
	webhookColumns = []column{field("NAME", "name"), field("WAITING", "waiting"), field("GAVE_UP", "gave_up"),
		moment("OLDEST", "oldest_at"), moment("NEXT_TRY", "next_at"), field("LAST_ERROR", "error")}
	webhookAll = []column{field("name", "name"), field("setting", "setting"), field("waiting", "waiting"),
		field("gave_up", "gave_up"), field("oldest_at", "oldest_at"), field("next_at", "next_at"),
		field("tried_at", "tried_at"), field("error", "error")}
	messageColumns = []column{field("ID", "id"), field("STATE", "state"), field("CHARGE", "charge"),
		field("BECAME", "body.charge.state"), moment("MADE", "made_at"), field("TRIES", "tries"),
		moment("NEXT_TRY", "next_at"), field("LAST_ERROR", "error")}
	messageAll = []column{field("id", "id"), field("state", "state"), field("charge", "charge"),
		field("became", "body.charge.state"), field("made_at", "made_at"), field("tries", "tries"),
		field("tried_at", "tried_at"), field("next_at", "next_at"), field("gave_up_at", "gave_up_at"),
		field("error", "error")}
)

// Run lists webhooks.
func (l *webhooksList) Run(c *console) error {
	return l.list(c, "/api/v1/webhooks", webhookColumns, webhookAll)
}

type webhooksMessages struct {
	paged
	Name string `arg:"" help:"The webhook's name in the settings."`
}

// Run lists what a webhook has not taken.
func (l *webhooksMessages) Run(c *console) error {
	return l.list(c, "/api/v1/webhooks/"+url.PathEscape(l.Name)+"/messages", url.Values{}, messageColumns, messageAll)
}

type webhooksResend struct {
	remote
	Name string `arg:"" help:"The webhook's name in the settings."`
}

// Run sends what a webhook has not taken.
func (r *webhooksResend) Run(c *console) error {
	var done struct{ Resent int64 }
	if err := r.client().Post(c.ctx, "/api/v1/webhooks/"+url.PathEscape(r.Name)+"/resend", nil, &done); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s now on the way to %s; see chargestamp webhooks for what it does not take\n",
		counted(done.Resent, "message"), r.Name)
	return nil
}
