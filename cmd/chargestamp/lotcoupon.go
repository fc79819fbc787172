package main

import (
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/play"
)

type lotCoupon struct {
	lotFlags
	As     string            `required:"" help:"Parking system: its target id, or any, which prints what it hears."`
	Keys   string            `placeholder:"FILE" help:"YAML map of the system's keys."`
	Key    map[string]string `placeholder:"NAME=VALUE" help:"One key; may be repeated."`
	Code   string            `help:"Answer coupons by this code of the system's paper, and grant none."`
	Lies   int               `help:"How many are answered so before the system behaves; 0 is all."`
	Strict bool              `help:"Give coupons only to cars that were let in."`
	Say    string            `default:"{\"code\":0}" help:"What any answers."`

	Server string `default:"http://127.0.0.1:8080" env:"CHARGESTAMP_HTTP" help:"Gateway, for entries and exits."`
	Listen string `default:"127.0.0.1:9911" help:"Where coupons are heard."`

	Answer string `default:"" enum:"refused,unknown,half,other,sign,token,garbage,slow,redirect,drop," help:"Its answer."`
}

// Run plays a parking system's cloud.
func (l *lotCoupon) Run(c *console) error {
	c, cancel := l.bounded(c)
	defer cancel()
	if !play.IsFarEnd(l.As) {
		return usage("--as %s: there are %s and %s", l.As, strings.Join(play.FarEnds(), ", "), play.AnyFarEnd)
	}
	if l.As == play.AnyFarEnd {
		return l.runAny(c)
	}
	id, err := l.id()
	if err != nil {
		return err
	}
	keys, err := readKeys(c, l.Keys, l.Key)
	if err != nil {
		return err
	}
	lot, err := play.NewCouponLot(play.CouponLotConfig{Lot: id, As: l.As, Keys: keys, Server: l.Server, Addr: l.Listen,
		BookAddr: l.Book, Tariff: play.DefaultTariff(),
		Answer: l.Answer, Code: l.Code, Lies: l.Lies, Strict: l.Strict, Log: l.log(c)})
	if err != nil {
		return usageError{err}
	}
	if err := lot.Start(); err != nil {
		return err
	}
	defer func() { _ = lot.Stop() }() // the process ends with it
	fmt.Fprintln(c.err, "coupons are heard at", lot.Address())
	return l.run(c, lot, lot.BookURL())
}

// runAny plays a system that says one thing to everything.
func (l *lotCoupon) runAny(c *console) error {
	cloud := &play.AnyCloud{Say: l.Say, Print: c.err}
	if err := cloud.Start(l.Listen); err != nil {
		return err
	}
	defer func() { _ = cloud.Stop() }() // the process ends with it
	fmt.Fprintf(c.out, "{\"ready\":true,\"address\":%q}\n", cloud.URL())
	<-c.ctx.Done()
	return nil
}
