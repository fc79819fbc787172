package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// pushCommand plays a platform. Its flags are what a person would vary; --file reaches every raw field.
type pushCommand struct {
	Platform string `arg:"" help:"Platform id, such as telaidian."`
	Server   string `default:"http://127.0.0.1:8080" env:"CHARGESTAMP_HTTP" help:"The gateway's public address."`

	Keys      string            `placeholder:"FILE" help:"YAML map of the platform's keys."`
	Key       map[string]string `placeholder:"NAME=VALUE" help:"One key; may be repeated."`
	PathToken string            `help:"The account's path token."`

	Lot     string  `help:"Lot, union_id/park_id."`
	Plate   string  `help:"Plate."`
	Order   *string `help:"Order number; an empty one sends none."`
	Start   string  `help:"Start of the charge, RFC 3339 or local time."`
	End     string  `help:"End of the charge."`
	Energy  string  `help:"kWh."`
	Elec    string  `help:"Energy fee, yuan."`
	Service string  `help:"Service fee, yuan."`
	Total   string  `help:"Total, yuan."`

	Method string `enum:"time,amount,free,lot_decides,none," default:"" help:"time, amount, free, lot_decides or none."`

	Break string `enum:"sig,token,key,clock,body,duplicate," default:"" help:"sig, token, key, clock, body or duplicate."`

	Minutes       *int64        `help:"Minutes asked for."`
	Amount        string        `help:"Yuan asked for."`
	Charger       string        `help:"Charger id (奥特迅)."`
	StationID     string        `help:"Station id."`
	StationName   string        `help:"Station name."`
	ConnectorID   string        `help:"Connector id."`
	ConnectorName string        `help:"Connector name."`
	Bay           string        `help:"Parking bay."`
	Form          string        `help:"The platform's other form: a (小桔), old (星星), station (令狐)."`
	At            string        `help:"The time to sign with; now by default."`
	File          string        `placeholder:"FILE" help:"JSON object of fields to replace or add; - is standard input."`
	DryRun        bool          `help:"Print the request and send nothing."`
	Inquiry       bool          `help:"Ask whether the plate is in the lot instead (小桔 queryPlateNo)."`
	Timeout       time.Duration `default:"15s" help:"How long to wait for the answer."`
}

// Run builds, signs and sends one push, and prints request and answer.
func (p *pushCommand) Run(c *console) error {
	keys, err := readKeys(c, p.Keys, p.Key)
	if err != nil {
		return err
	}
	at, err := parseTime(p.At, time.Now())
	if err != nil {
		return err
	}
	push, err := p.push(at)
	if err != nil {
		return err
	}
	opt, err := p.options(c)
	if err != nil {
		return err
	}
	req, err := p.build(push, keys, at, opt)
	if err != nil {
		return usageError{err} // nothing to send can be made of what was given
	}
	if p.DryRun {
		_, err = c.out.Write(append(req.Dump(strings.TrimPrefix(p.Server, "http://")), '\n'))
		return err
	}
	player := &play.Player{BaseURL: strings.TrimRight(p.Server, "/"), Platform: p.Platform, Keys: keys,
		PathToken: p.PathToken,
		Client: &http.Client{Timeout: p.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if p.At != "" {
		player.Now = func() time.Time { return at }
	}
	send := player.Send
	if p.Inquiry {
		send = player.Inquire
	}
	ex, err := send(c.ctx, push, opt)
	if err != nil {
		return err
	}
	return p.show(c, ex)
}

func (p *pushCommand) build(push play.Push, keys play.Keys, at time.Time, opt play.Options) (*play.Request, error) {
	if p.Inquiry {
		return play.Inquiry(push, keys, opt)
	}
	if opt.Token == "" {
		opt.Token = "token-from-query_token"
	}
	return play.Build(p.Platform, push, keys, at, opt)
}

// show prints the exchange; a push that was not taken is exit 1.
func (p *pushCommand) show(c *console, ex *play.Exchange) error {
	fmt.Fprintln(c.out, ex.Said())
	if ex.First != nil {
		fmt.Fprintf(c.out, "first answer: %s\n\n", ex.First.Body)
	}
	fmt.Fprintf(c.out, "%s\n", ex.Request.Dump(strings.TrimPrefix(p.Server, "http://")))
	if len(ex.Request.Plain) > 0 {
		fmt.Fprintf(c.out, "\nin the clear: %s\n", ex.Request.Plain)
	}
	fmt.Fprintf(c.out, "\nanswer after %s\n%s\n", ex.Took.Round(10*time.Microsecond), ex.Body)
	if ex.Bad != nil {
		fmt.Fprintf(c.err, "the answer is not in the platform's words: %v\n", ex.Bad)
		return errFailed
	}
	if len(ex.Answer.Plain) > 0 {
		fmt.Fprintf(c.out, "in the clear: %s\n", ex.Answer.Plain)
	}
	if !ex.Delivered() {
		fmt.Fprintln(c.err, "the platform would count this push as not delivered")
		return errFailed
	}
	fmt.Fprintln(c.err, "taken")
	return nil
}

func (p *pushCommand) options(c *console) (play.Options, error) {
	opt := play.Options{PathToken: p.PathToken}
	var err error
	if opt.Break, err = play.ParseBreak(p.Break); err != nil {
		return opt, usageError{err}
	}
	if p.File != "" {
		raw, err := c.readText(p.File)
		if err != nil {
			return opt, err
		}
		if opt.Fields, err = play.ReadFields(raw); err != nil {
			return opt, usage("%s: %v", p.File, err)
		}
	}
	return opt, nil
}

// push puts the flags over a believable charge.
func (p *pushCommand) push(at time.Time) (play.Push, error) {
	push := play.DefaultPush(at)
	var err error
	if p.Lot != "" {
		if push.Lot, err = charge.ParseLotID(p.Lot); err != nil {
			return push, usageError{err}
		}
	}
	if p.Plate != "" {
		push.Plate = charge.Plate(p.Plate)
	}
	if p.Order != nil {
		push.Order = *p.Order
	}
	if push.Start, err = parseTime(p.Start, push.Start); err != nil {
		return push, err
	}
	if push.End, err = parseTime(p.End, push.End); err != nil {
		return push, err
	}
	if p.Energy != "" {
		if push.Energy, err = charge.ParseEnergy(p.Energy); err != nil {
			return push, usageError{err}
		}
	}
	for text, fen := range map[*string]*charge.Fen{&p.Elec: &push.Elec, &p.Service: &push.Service, &p.Total: &push.Total} {
		if err := parseFen(*text, fen); err != nil {
			return push, err
		}
	}
	for from, to := range map[*string]*string{&p.Charger: &push.Charger, &p.StationID: &push.StationID,
		&p.StationName: &push.StationName,
		&p.ConnectorID: &push.ConnectorID, &p.ConnectorName: &push.ConnectorName, &p.Bay: &push.Bay, &p.Form: &push.Form} {
		if *from != "" {
			*to = *from
		}
	}
	return push, p.ask(&push)
}

// ask sets what the push asks for. Minutes or an amount alone choose the method.
func (p *pushCommand) ask(push *play.Push) error {
	if p.Minutes != nil {
		push.Method, push.Minutes = charge.MethodTime, *p.Minutes
	}
	if p.Amount != "" {
		push.Method = charge.MethodAmount
		if err := parseFen(p.Amount, &push.Amount); err != nil {
			return err
		}
	}
	switch p.Method {
	case "":
	case "none":
		push.Method = ""
	default:
		push.Method = charge.Method(p.Method)
	}
	return nil
}

func parseFen(text string, to *charge.Fen) error {
	if text == "" {
		return nil
	}
	v, err := charge.ParseFen(text)
	if err != nil {
		return usageError{err}
	}
	*to = v
	return nil
}

// parseTime reads RFC 3339, or local time of Asia/Shanghai; empty text returns the fallback.
func parseTime(text string, fallback time.Time) (time.Time, error) {
	if text == "" {
		return fallback, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	t, err := time.ParseInLocation(time.DateTime, text, charge.Shanghai)
	if err != nil {
		return t, usage("%q is not a time like 2026-01-31T08:00:00+08:00 or \"2026-01-31 08:00:00\"", text)
	}
	return t, nil
}
