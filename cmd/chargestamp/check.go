package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/words"
)

// checkCommand is the signature doctor, offline.
type checkCommand struct {
	Platform string `arg:"" optional:"" help:"Platform id, or a parking system's; with --profile it may be left out."`
	Push     string `arg:"" optional:"" help:"Captured push or answer: an HTTP message or its body; - is standard input."`
	Keys     string `placeholder:"FILE" help:"YAML map of the platform's keys."`
	At       string `help:"The time to judge by; now by default."`
	Clock    string `enum:"off,warn,enforce" default:"warn" help:"How the push's own time is judged: ${enum}."`
	Profile  string `placeholder:"FILE" help:"Check an operator's profile, and a push or answer with it."`
	Call     string `enum:"give,lookup,revoke,price,token" default:"give" help:"What a parking system's answer is for."`
	Output   string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Run walks a push through every check that needs no server. It is exit 0 only if seal, clock and fields would
// be accepted.
func (k *checkCommand) Run(c *console) error {
	q := app.CheckQuestion{Platform: k.Platform, Profile: k.Profile, Clock: charge.ClockMode(k.Clock)}
	if k.Profile != "" && k.Push == "" {
		return k.profileOnly(c, q)
	}
	if t, is, err := app.FindTarget(k.Platform, k.Profile); is || err != nil {
		if err != nil {
			return usageError{err}
		}
		return k.answer(c, t)
	}
	if k.Platform == "" || k.Push == "" {
		return usage("give a platform, --keys FILE and the captured push")
	}
	var err error
	if q.Push, err = c.readFile(k.Push); err != nil {
		return err
	}
	if k.Keys != "" { // a platform such as wanchong needs none
		if q.Keys, err = readKeys(c, k.Keys, nil); err != nil {
			return err
		}
	}
	if q.At, err = parseTime(k.At, time.Now()); err != nil {
		return err
	}
	finding, err := app.Check(q)
	if err != nil {
		return usageError{err}
	}
	if k.Output == "json" {
		err = output{Output: "json"}.print(c, table{}, finding)
	} else {
		_, err = fmt.Fprint(c.out, finding.Text())
	}
	if err == nil && !finding.Accepted {
		return errFailed
	}
	return err
}

// answer says what a parking system's answer means. It is exit 0 only if the coupon stands.
func (k *checkCommand) answer(c *console, t *coupon.Target) error {
	captured, err := c.readFile(k.Push)
	if err != nil {
		return err
	}
	judged, err := t.Judge(k.Call, captured)
	if err != nil {
		return usageError{err}
	}
	if k.Output == "json" {
		err = output{Output: "json"}.print(c, table{}, judged)
	} else {
		_, err = fmt.Fprintf(c.out, "code     %s\noutcome  %s\n%s\n%s\n", judged.Code, judged.Outcome,
			words.Note(words.English, judged.Note), judged.Next())
	}
	if err == nil && !judged.Stands {
		return errFailed
	}
	return err
}

// profileOnly says whether a profile can be used. PLATFORM may stand in for the push argument.
func (k *checkCommand) profileOnly(c *console, q app.CheckQuestion) error {
	text, err := app.CheckProfile(q.Profile)
	if err != nil {
		fmt.Fprintln(c.err, err)
		return errFailed
	}
	_, err = fmt.Fprintln(c.out, strings.TrimSpace(text))
	return err
}
