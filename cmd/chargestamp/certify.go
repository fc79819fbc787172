package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/chargestamp/chargestamp/bounded"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// certifyCommand runs a partner's joint test, for our side and for theirs.
type certifyCommand struct {
	Target  string `arg:"" help:"A platform id, or sdk, api, gate or coupon."`
	Against string `help:"Address of the gateway, or of the partner's system; without one it is played."`
	As      string `help:"With coupon: the parking system, by its target id."`
	Profile string `type:"path" placeholder:"FILE" help:"With coupon: the profile of an own parking system."`
	HTTP    string `default:"http://127.0.0.1:8080" env:"CHARGESTAMP_HTTP" hidden:""` // where Against names no gateway
	Line    string `default:"127.0.0.1:6789" env:"CHARGESTAMP_LINE" help:"Line address of the gateway."`

	Server string `default:"http://127.0.0.1:8081" env:"CHARGESTAMP_SERVER" help:"Admin address, to look up each push."`
	Token  string `env:"CHARGESTAMP_TOKEN" hidden:"" help:"API token."`

	Platform  string            `help:"Whose pushes drive the checks of a lot."`
	Keys      string            `placeholder:"FILE" help:"YAML map of the platform's, or the parking system's, keys."`
	Key       map[string]string `placeholder:"NAME=VALUE" help:"One key; may be repeated."`
	PathToken string            `help:"The account's path token."`
	Charger   string            `help:"Charger id (奥特迅)."`
	Lot       string            `help:"Lot, union_id/park_id."`
	Kind      string            `enum:"sdk,api,4g," default:"" help:"Kind of the lot."`
	Ckey      string            `env:"CHARGESTAMP_CKEY" help:"The lot's key."`
	Ukey      string            `env:"CHARGESTAMP_UKEY" help:"The vendor's key."`
	Listen    string            `help:"Where the played API lot hears callbacks, and with --theirs the partner calls."`
	Theirs    bool              `help:"Examine the partner's side instead of ours."`
	Plate     string            `help:"A car that stands in the partner's lot."`
	Patience  time.Duration     `default:"45s" help:"Longest wait of one check."`
	Output    string            `short:"o" enum:"text,json,html" default:"text" help:"text, json or html."`
	HTML      string            `type:"path" placeholder:"FILE" help:"Write the pass sheet as HTML as well."`
}

// Run examines and prints the pass sheet. It is exit 1 where a check failed.
func (k *certifyCommand) Run(c *console) error {
	cfg := play.CertifyConfig{HTTP: cmp.Or(k.Against, k.HTTP), Line: k.Line, Admin: k.Server, AdminToken: k.Token,
		Platform:  k.Platform,
		PathToken: k.PathToken, Charger: k.Charger, Kind: charge.LotKind(k.Kind), Ckey: k.Ckey, Ukey: k.Ukey,
		Listen: k.Listen,
		Theirs: k.Theirs, Patience: k.Patience}
	if k.Theirs {
		cfg.HTTP, cfg.Against = "", k.Against
	}
	var err error
	if k.Lot != "" {
		if cfg.Lot, err = charge.ParseLotID(k.Lot); err != nil {
			return usageError{err}
		}
	}
	if k.Plate != "" {
		if cfg.Plate, err = charge.ParsePlate(k.Plate); err != nil {
			return usageError{err}
		}
	}
	if cfg.Keys, err = readKeys(c, k.Keys, k.Key); err != nil {
		return err
	}
	if k.Target == "coupon" {
		end, err := k.coupon(c, &cfg)
		if err != nil {
			return usageError{err}
		}
		defer end()
	}
	show := &progress{c: c, passing: k.Output == "text" && isTerminal(c.out) && isTerminal(c.err)}
	show.line(k.awaited())
	cfg.Progress = func(ch play.Check) { show.line(fmt.Sprintf("%-4s  %s", ch.Verdict, ch.Name)) }
	sheet, err := play.Certify(c.ctx, k.Target, cfg)
	show.line("")
	if errors.Is(err, play.ErrWrongUse) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	if err := k.print(c, sheet); err != nil {
		return err
	}
	if !sheet.OK() {
		return errFailed
	}
	return nil
}

// awaited says what the partner has to do now, where the checklist waits for it.
func (k *certifyCommand) awaited() string {
	switch {
	case !k.Theirs || k.Listen == "":
		return ""
	case k.Target == "sdk":
		return fmt.Sprintf("waiting at %s: have the software log in there as %s, and let %s in", k.Listen, k.Lot, k.Plate)
	}
	return fmt.Sprintf("waiting at %s: have the partner send there; everything is passed on to %s", k.Listen, k.Against)
}

// progress shows what goes on while the checklist runs.
type progress struct {
	c       *console
	passing bool // a line takes the place of the one before: the sheet that follows has them all
}

func (p *progress) line(text string) {
	switch {
	case p.passing:
		fmt.Fprint(p.c.err, "\r\033[K"+text)
	case text != "":
		fmt.Fprintln(p.c.err, text)
	}
}

func (k *certifyCommand) print(c *console, sheet play.Sheet) error {
	if k.HTML != "" {
		f, err := os.Create(k.HTML)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := sheet.HTML(f); err != nil {
			return err
		}
	}
	switch k.Output {
	case "json":
		return output{Output: "json"}.print(c, table{}, sheet)
	case "html":
		return sheet.HTML(c.out)
	}
	return sheet.Text(c.out)
}

// readKeys reads a platform's keys from a YAML map and from flags, which win.
func readKeys(c *console, file string, flags map[string]string) (play.Keys, error) {
	keys := play.Keys{}
	if file != "" {
		raw, err := c.readText(file)
		if err != nil {
			return nil, err
		}
		if err := bounded.DecodeYAML(raw, &keys); err != nil {
			return nil, usage("%s: not a YAML map of key names and texts: %v", file, err)
		}
	}
	for name, v := range flags {
		keys[name] = v
	}
	return keys, nil
}
