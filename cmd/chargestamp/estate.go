package main

import (
	"fmt"
	"net/url"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/words"
)

type applyCommand struct {
	remote
	File   string `short:"f" required:"" placeholder:"FILE" help:"Estate file; - is standard input."`
	DryRun bool   `help:"Report what would change and change nothing."`
}

// Run sends the file; the server validates it whole before anything changes.
func (a *applyCommand) Run(c *console) error {
	src, err := c.readFile(a.File)
	if err != nil {
		return err
	}
	doc, err := app.ResolveEstate(a.File, src)
	if err != nil {
		return fmt.Errorf("%s: the estate document has errors; nothing was changed\n%w", a.File, err)
	}
	path := "/api/v1/estate?" + url.Values{"dry_run": {fmt.Sprint(a.DryRun)}}.Encode()
	var changes struct {
		Changes []struct {
			app.EstateChange
			Warning string
			Says    []words.Text
		}
		Warnings []app.WeakKey `json:"warnings"`
	}
	if err := a.client().Post(c.ctx, path, doc, &changes); err != nil {
		return fmt.Errorf("%s: %w", a.File, err)
	}
	for _, ch := range changes.Changes {
		line := ch.EstateChange.String()
		if ch.Warning != "" {
			line += " (warning: " + ch.Warning + ")"
		}
		fmt.Fprintln(c.out, line)
		for _, rule := range ch.Says {
			fmt.Fprintln(c.out, "  "+rule.EN)
		}
	}
	warnOf(c, changes.Warnings)
	switch {
	case len(changes.Changes) == 0:
		fmt.Fprintln(c.err, "nothing to change")
	case a.DryRun:
		fmt.Fprintf(c.err, "%s, none made (dry run)\n", counted(len(changes.Changes), "change"))
	default:
		fmt.Fprintf(c.err, "%s made\n", counted(len(changes.Changes), "change"))
	}
	return nil
}

// warnOf prints weak keys: each, until they are too many to read.
func warnOf(c *console, weak []app.WeakKey) {
	const most = 20
	for i, w := range weak {
		if i == most {
			fmt.Fprintf(c.err, "warning: %d more keys are weak\n", len(weak)-most)
			return
		}
		fmt.Fprintln(c.err, "warning:", w)
	}
}

type exportCommand struct {
	remote
	WithoutSecrets bool `help:"Leave secrets out; what is printed applies back unchanged."`
}

// Run prints the estate as YAML that apply takes again.
func (e *exportCommand) Run(c *console) error {
	var doc []byte
	q := url.Values{}
	if e.WithoutSecrets {
		q.Set("without_secrets", "true")
	}
	if err := e.client().Get(c.ctx, "/api/v1/estate", q, &doc); err != nil {
		return err
	}
	_, err := c.out.Write(doc)
	return err
}
