package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

type lotCommand struct {
	SDK  lotSDK  `cmd:"" name:"sdk" help:"Play an SDK car park on its line."`
	API  lotAPI  `cmd:"" name:"api" help:"Play an API car park's cloud."`
	Gate lotGate `cmd:"" name:"gate" help:"Play the gate of a 4G car park."`

	Coupon lotCoupon `cmd:"" name:"coupon" help:"Play another parking system's cloud."`
}

// lotFlags are what all played lots have.
type lotFlags struct {
	Lot   string        `help:"Lot, union_id/park_id."`
	Book  string        `default:"127.0.0.1:0" help:"Where the lot's own book is read, GET /book."`
	Rate  float64       `default:"0" help:"Cars a minute that come by themselves."`
	Stay  time.Duration `help:"How long cars stay: on average for --rate (2m by default), exactly for --enter."`
	Enter []string      `placeholder:"PLATE" help:"Cars let in at first. Standard input: in PLATE, out PLATE, list, quit."`
	For   time.Duration `help:"Stop after this long; by default at Ctrl-C."`
}

func (l lotFlags) id() (charge.LotID, error) {
	if l.Lot == "" {
		return charge.LotID{}, usage("say which lot: --lot union_id/park_id")
	}
	id, err := charge.ParseLotID(l.Lot)
	if err != nil {
		return id, usageError{err}
	}
	return id, nil
}

func (l lotFlags) log(c *console) *slog.Logger { return slog.New(slog.NewTextHandler(c.err, nil)) }

// bounded is a console whose work ends after --for, that of getting on line included.
func (l lotFlags) bounded(c *console) (*console, context.CancelFunc) {
	if l.For <= 0 {
		return c, func() {}
	}
	ctx, cancel := context.WithTimeout(c.ctx, l.For)
	return &console{ctx, c.in, c.out, c.err}, cancel
}

// run lets cars in, and out as standard input or --stay says.
func (l lotFlags) run(c *console, y play.Yard, book string) error {
	fmt.Fprintf(c.out, "{\"ready\":true,\"book\":%q}\n", book)
	ctx := c.ctx
	d := &driver{console: c, yard: y}
	for _, plate := range l.Enter {
		if err := d.enter(ctx, plate); err != nil {
			return err
		}
	}
	if l.Rate <= 0 {
		return d.run(ctx, l.Stay)
	}
	log, traffic := l.log(c), make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		traffic <- play.Traffic(ctx, y, play.TrafficConfig{PerMinute: l.Rate, Stay: cmp.Or(l.Stay, usualStay),
			Failed: func(err error) { log.Warn("a car could not be reported", "error", err) }})
	}()
	err := d.run(ctx, l.Stay)
	stop()
	return errors.Join(err, <-traffic)
}

// usualStay is how long cars of --rate stay on average.
const usualStay = 2 * time.Minute

type lotAPI struct {
	lotFlags
	Ukey     string `required:"" env:"CHARGESTAMP_UKEY" help:"The vendor's key."`
	Server   string `default:"http://127.0.0.1:8080" env:"CHARGESTAMP_HTTP" help:"Public address of the gateway."`
	Listen   string `default:"127.0.0.1:9901" help:"Where callbacks are heard, path /bolink."`
	Usage    bool   `help:"Send 3.11 after the exits of 特来电's and 奥特迅's charges; else by the exit only."`
	Base64   bool   `help:"Send 3.11 in Base64."`
	Answer   string `default:"" enum:"state0,garbage,slow,redirect,drop," help:"How callbacks are answered."`
	Lies     int    `help:"How many are answered so before the lot behaves; 0 is all."`
	Careless bool   `help:"Apply a repeated message again."`
}

// Run plays an API lot.
func (l *lotAPI) Run(c *console) error {
	c, cancel := l.bounded(c)
	defer cancel()
	id, err := l.id()
	if err != nil {
		return err
	}
	lot := play.NewAPILot(play.APILotConfig{Lot: id, Ukey: l.Ukey, Server: l.Server, Addr: l.Listen, BookAddr: l.Book,
		Tariff: play.DefaultTariff(), Usage: l.Usage, Base64: l.Base64, Answer: l.Answer, Lies: l.Lies, Careless: l.Careless,
		Log: l.log(c)})
	if err := lot.Start(); err != nil {
		return err
	}
	defer func() { _ = lot.Stop() }() // the process ends with it
	fmt.Fprintln(c.err, "callbacks are heard at", lot.Callback())
	return l.run(c, lot, lot.BookURL())
}

type lotGate struct {
	lotFlags
	Ckey   string `required:"" env:"CHARGESTAMP_CKEY" help:"The lot's key."`
	Server string `default:"http://127.0.0.1:8080" env:"CHARGESTAMP_HTTP" help:"Public address of the gateway."`
}

// Run plays a 4G lot's gate.
func (l *lotGate) Run(c *console) error {
	c, cancel := l.bounded(c)
	defer cancel()
	id, err := l.id()
	if err != nil {
		return err
	}
	lot := play.NewGateLot(play.GateConfig{Lot: id, Ckey: l.Ckey, Server: l.Server, BookAddr: l.Book, Log: l.log(c)})
	if err := lot.Start(); err != nil {
		return err
	}
	defer func() { _ = lot.Stop() }() // the process ends with it
	return l.run(c, lot, lot.BookURL())
}

type lotSDK struct {
	lotFlags

	As  string `default:"lotline" enum:"lotline,sdk2000" help:"Client: lotline, or the vendor's sdk2000 with two links."`
	Ack string `default:"" enum:"late,twice,never,wrong-uuid,state0," help:"late, twice, never, wrong-uuid or state0."`

	Ukey           string        `env:"CHARGESTAMP_UKEY" help:"The vendor's key, for --as sdk2000."`
	Ckey           string        `required:"" env:"CHARGESTAMP_CKEY" help:"The lot's key."`
	Line           string        `default:"127.0.0.1:6789" env:"CHARGESTAMP_LINE" help:"Line address of the gateway."`
	LocalID        string        `default:"play_1" help:"local_id of the connection."`
	Usage          bool          `help:"Send 2.34 after each exit."`
	Careless       bool          `help:"Apply a repeated uuid again."`
	DropAfterApply bool          `help:"Cut the line after applying, before the acknowledgement."`
	HalfOpen       bool          `help:"Let the line go dead at a reduction without closing it."`
	Offline        time.Duration `help:"Cut the line at a reduction and stay off that long."`
	Lies           int           `help:"How many reductions meet the lie before the lot behaves; 0 is all."`
}

// Run plays an SDK lot.
func (l *lotSDK) Run(c *console) error {
	c, cancel := l.bounded(c)
	defer cancel()
	id, err := l.id()
	if err != nil {
		return err
	}
	if l.As == "sdk2000" {
		return l.runVendors(c, id)
	}
	lot := play.NewSDKLot(play.SDKLotConfig{Lot: id, Ckey: l.Ckey, LocalID: l.LocalID, Addr: l.Line, BookAddr: l.Book,
		Tariff: play.DefaultTariff(), Usage: l.Usage, Careless: l.Careless, Log: l.log(c),
		Lies: play.Lies{Ack: l.Ack, DropAfterApply: l.DropAfterApply, HalfOpen: l.HalfOpen, Offline: l.Offline,
			Times: l.Lies}})
	if err := lot.Start(c.ctx); err != nil {
		return l.notUp(c, err)
	}
	defer func() { _ = lot.Stop() }() // the process ends with it
	return l.run(c, lot, lot.BookURL())
}

// notUp says that the line was not up within --for, where that is why a lot did not start.
func (l *lotSDK) notUp(c *console, err error) error {
	if errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the line to %s was not up within %s: %w", l.Line, l.For, err)
	}
	return err
}

// runVendors plays a lot whose PC runs the vendor's own SDK.
func (l *lotSDK) runVendors(c *console, id charge.LotID) error {
	switch {
	case l.Ukey == "":
		return usage("--as sdk2000 needs --ukey: its bolink link signs with the vendor's key")
	case l.Ack != "" || l.DropAfterApply || l.HalfOpen || l.Offline > 0 || l.Lies > 0:
		return usage("--as sdk2000 does not lie: --ack, --drop-after-apply, --half-open, " +
			"--offline and --lies are for --as lotline")
	}
	lot := play.NewVendorLot(play.VendorLotConfig{Lot: id, Ukey: l.Ukey, Ckey: l.Ckey, LocalID: l.LocalID, Addr: l.Line,
		BookAddr: l.Book,
		Tariff:   play.DefaultTariff(), Usage: l.Usage, Careless: l.Careless, Log: l.log(c)})
	if err := lot.Start(c.ctx); err != nil {
		return l.notUp(c, err)
	}
	defer func() { _ = lot.Stop() }() // the process ends with it
	return l.run(c, lot, lot.BookURL())
}
