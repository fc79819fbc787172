package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/chargestamp/chargestamp/app"
)

type applyCommand struct {
	remote
	File   string `short:"f" required:"" placeholder:"FILE" help:"Estate file; - is standard input."`
	DryRun bool   `help:"Say what would change and change nothing."`
}

// Run sends the file; the server validates it whole before anything changes.
func (a *applyCommand) Run(c *console) error {
	doc, err := c.readFile(a.File)
	if err != nil {
		return err
	}
	path := "/api/v1/estate?" + url.Values{"dry_run": {fmt.Sprint(a.DryRun)}}.Encode()
	var changes struct {
		Changes []app.EstateChange `json:"changes"`
	}
	if err := a.client().post(c.ctx, path, inlineSecrets(doc), &changes); err != nil {
		return fmt.Errorf("%s: %w", a.File, err)
	}
	for _, ch := range changes.Changes {
		fmt.Fprintln(c.out, ch)
	}
	switch {
	case len(changes.Changes) == 0:
		fmt.Fprintln(c.err, "nothing to change")
	case a.DryRun:
		fmt.Fprintf(c.err, "%d changes, none made (dry run)\n", len(changes.Changes))
	default:
		fmt.Fprintf(c.err, "%d changes made\n", len(changes.Changes))
	}
	return nil
}

// secretRef is a secret that an estate file names in flow style: {env: NAME} or {file: PATH}.
var secretRef = regexp.MustCompile(`\{\s*"?(env|file)"?\s*:\s*"?([^"{}\s,]+)"?\s*\}`)

// inlineSecrets puts in the secrets that this side's environment and files have, since they lie beside the
// estate file and not beside the server. Others are left for the server to find or to miss. Lines stay.
func inlineSecrets(doc []byte) []byte {
	return secretRef.ReplaceAllFunc(doc, func(ref []byte) []byte {
		m := secretRef.FindSubmatch(ref)
		var secret string
		if string(m[1]) == "env" {
			secret = os.Getenv(string(m[2]))
		} else if b, err := os.ReadFile(string(m[2])); err == nil {
			secret = strings.TrimRight(string(b), "\r\n")
		}
		if secret == "" {
			return ref
		}
		quoted, err := json.Marshal(secret)
		if err != nil {
			return ref
		}
		return quoted
	})
}

type exportCommand struct {
	remote
}

// Run prints the estate as YAML that apply takes again.
func (e *exportCommand) Run(c *console) error {
	var doc []byte
	if err := e.client().get(c.ctx, "/api/v1/estate", nil, &doc); err != nil {
		return err
	}
	_, err := c.out.Write(doc)
	return err
}
