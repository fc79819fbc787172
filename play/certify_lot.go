package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// How the played lot misbehaves in a check.
type lotLie int

const (
	lotGood lotLie = iota
	lotLost        // the first acknowledgement is lost
	lotNo          // refuses
	lotOdd         // acknowledges something else (sdk), answers garbage (api), once
	lotOff         // the line is cut by the first reduction, for two seconds (sdk); 5.14 is sent elsewhere once (api)
)

// played is a lot of the examined kind and its book.
type played struct {
	Lot
	book *Book
	gate *GateLot // 4G only
}

// open starts a lot with one lie. One lot is open at a time: two lines of one lot would share the work.
func (x *exam) open(ctx context.Context, lie lotLie) (played, error) {
	c := x.cfg
	switch c.Kind {
	case charge.KindSDK:
		lies := map[lotLie]Lies{lotLost: {Ack: AckNever, Times: 1}, lotNo: {Ack: AckState0},
			lotOdd: {Ack: AckWrongUUID, Times: 1},
			lotOff: {Offline: 2 * time.Second, Times: 1}}
		l := NewSDKLot(SDKLotConfig{Lot: c.Lot, Ckey: c.Ckey, LocalID: "certify", Addr: tcpAddr(c.Line), Usage: true,
			Lies: lies[lie]})
		return played{l, l.Book(), nil}, l.Start(ctx)
	case charge.KindAPI:
		cfg := APILotConfig{Lot: c.Lot, Ukey: c.Ukey, Server: client.BaseURL(c.HTTP), Addr: c.Listen, Usage: true,
			Trials: true}
		switch lie {
		case lotLost:
			cfg.Answer, cfg.Lies = AnswerDrop, 1
		case lotOdd:
			cfg.Answer, cfg.Lies = AnswerGarbage, 1
		case lotOff:
			cfg.Answer, cfg.Lies = AnswerRedirect, 1 // reaches the address and not the lot: nothing is applied
		case lotNo:
			cfg.Answer = AnswerState0
		}
		l := NewAPILot(cfg)
		return played{l, l.Book(), nil}, l.Start()
	}
	l := NewGateLot(GateConfig{Lot: c.Lot, Ckey: c.Ckey, Server: client.BaseURL(c.HTTP)})
	return played{l, l.Book(), l}, l.Start()
}

// playable says why no lot can be played, if so.
func (x *exam) playable() error {
	c := x.cfg
	switch {
	case c.Kind == charge.KindSDK && (c.Ckey == "" || c.Line == ""):
		return skip("needs the lot's ckey and the line address")
	case c.Kind == charge.KindAPI && (c.Ukey == "" || c.Listen == ""):
		return skip("needs the vendor's ukey, and to listen at the lot's callback address")
	case c.Kind == charge.Kind4G && c.Ckey == "":
		return skip("needs the lot's ckey")
	case c.Kind == "":
		return skip("needs the lot's kind and key")
	}
	return nil
}

// with opens a lot for one check.
func (x *exam) with(lie lotLie, do func(context.Context, played) (string, error)) func(context.Context) (string,
	error) {
	return func(ctx context.Context) (string, error) {
		if err := x.playable(); err != nil {
			return "", err
		}
		l, err := x.open(ctx, lie)
		if err != nil {
			return "", err
		}
		detail, err := do(ctx, l)
		return detail, errors.Join(err, l.Stop())
	}
}

// wholeWay takes charges through to the lot and back.
func (x *exam) wholeWay(ctx context.Context) error {
	x.check(ctx, "from push to usage, with a car inside", x.with(lotGood, x.through))
	x.check(ctx, "the lot tells the entry after the push", x.with(lotGood, x.lateEntry))
	x.check(ctx, "the car has left before the push", x.with(lotGood, x.leftEarly))
	x.check(ctx, "never more than the cap in one stay", x.with(lotGood, x.overCap))
	if x.cfg.Kind == charge.Kind4G {
		for _, name := range []string{"the lot is off line: told later",
			"a lost acknowledgement: repeated under the same id, applied once"} {
			x.check(ctx, name, func(context.Context) (string, error) {
				return "", skip("nothing is sent to a 4g lot: the reduction lies in the gateway's ledger")
			})
		}
		return nil
	}
	message := "3.25 or 3.36"
	if x.cfg.Kind == charge.KindAPI {
		message = "5.14"
	}
	x.check(ctx, "a lost acknowledgement: "+message+" is repeated, applied once", x.with(lotLost, x.again))
	if x.cfg.Kind == charge.KindSDK {
		x.check(ctx, "an acknowledgement of something else: told again", x.with(lotOdd, x.again))
		x.check(ctx, "the line is off for two seconds: told at the next login", x.with(lotOff, x.again))
	} else {
		x.check(ctx, "an answer that cannot be read: left unknown, not sent again", x.with(lotOdd, x.unread))
		x.check(ctx, "the lot is not reached at first: told later", x.with(lotOff, x.later))
	}
	x.check(ctx, "a lot that refuses is not asked again", x.with(lotNo, x.lotRefuses))
	return nil
}

// lot examines how the gateway serves a lot: its own interfaces, then the whole way.
func (x *exam) lot(ctx context.Context) error {
	switch x.cfg.Kind {
	case charge.KindSDK:
		x.check(ctx, "a login with a wrong key is refused and cut", x.wrongLogin)
		x.check(ctx, "login, heartbeat, and a wrong sign that keeps the line", x.bareLine)
	case charge.KindAPI:
		x.check(ctx, "3.1 signed with another key is refused", x.forgedEntry)
	case charge.Kind4G:
		x.check(ctx, "an entry signed with another key is refused", x.forgedEntry)
		x.check(ctx, "an exit without a stay is refused", x.loneExit)
		x.check(ctx, "quotes move nothing, the exit is final", x.with(lotGood, x.quotes))
	}
	v, err := voiceOf(x.cfg.Platform)
	if err != nil {
		return err
	}
	if !x.pushes(ctx, v) {
		return nil
	}
	err = x.wholeWay(ctx)
	if err == nil && x.cfg.Kind == charge.KindSDK {
		x.vendorSDK(ctx)
	}
	return err
}

// carIn lets a car in three hours and ten minutes ago and makes a push for it.
func (x *exam) carIn(ctx context.Context, l played) (Push, error) {
	p := x.fresh()
	_, err := l.Enter(ctx, p.Plate, time.Now().Add(-StayLength))
	return p, err
}

// reaches waits until the lot has acknowledged, or in a 4G lot until the ledger has it.
func (x *exam) reaches(ctx context.Context, l played, p Push) (string, error) {
	if l.gate != nil {
		q, err := l.gate.Quote(ctx, p.Plate, time.Now())
		if err != nil {
			return "", err
		}
		if q.DerateMoney == 0 {
			return "", errors.New("the quote shows no reduction")
		}
		return fmt.Sprintf("the quote is %s, %s off", q.Price, q.DerateMoney), nil
	}
	row, err := l.book.Wait(ctx, func(r Applied) bool { return r.Plate == p.Plate.Full() && !r.Acked.IsZero() })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s by %s", GrantText(charge.Reduction{Method: row.Method, Minutes: row.Minutes,
		Amount: row.Amount}), row.Message), nil
}

// charged is a car in the lot whose push the gateway has taken.
func (x *exam) charged(ctx context.Context, l played) (Push, error) {
	p, err := x.carIn(ctx, l)
	if err == nil {
		_, err = x.taken(ctx, p, Options{})
	}
	return p, err
}

func (x *exam) through(ctx context.Context, l played) (string, error) {
	p, err := x.charged(ctx, l)
	if err != nil {
		return "", err
	}
	text, err := x.reaches(ctx, l, p)
	if err != nil {
		return "", err
	}
	bill, err := l.Exit(ctx, p.Plate, time.Now())
	if err != nil {
		return "", err
	}
	text += fmt.Sprintf("; %s of %s yuan taken off at the exit", bill.Derate, bill.Gross)
	if x.cfg.Admin == "" {
		return text, nil
	}
	said, err := x.wait(ctx, p, client.InState(charge.StateUsed))
	if err != nil {
		return "", err
	}
	return text + "; used: " + UsedText(said.Usage.Minutes, said.Usage.Amount), nil
}

func (x *exam) lateEntry(ctx context.Context, l played) (string, error) {
	p := x.fresh()
	visit := l.Admit(p.Plate, time.Now().Add(-StayLength))
	if _, err := x.taken(ctx, p, Options{}); err != nil {
		return "", err
	}
	if err := l.TellEntry(ctx, visit); err != nil {
		return "", err
	}
	return x.reaches(ctx, l, p)
}

func (x *exam) leftEarly(ctx context.Context, l played) (string, error) {
	p, err := x.carIn(ctx, l)
	if err != nil {
		return "", err
	}
	if _, err := l.Exit(ctx, p.Plate, time.Now()); err != nil {
		return "", err
	}
	e, err := x.play().Send(ctx, p, Options{})
	if err != nil {
		return "", err
	}
	if x.cfg.Admin == "" || !e.Delivered() {
		return seen(e), e.Bad
	}
	said, err := x.wait(ctx, p,
		func(s *client.Charge) bool { return s.Reason == charge.ReasonLeftBeforeArrival })
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %s, %s", seen(e), said.State, said.Reason), nil
}

// overCap asks three times for more than the rule's cap.
func (x *exam) overCap(ctx context.Context, l played) (string, error) {
	if x.cfg.Admin == "" {
		return "", skip("needs the admin API, which knows the rule")
	}
	p, err := x.carIn(ctx, l)
	if err != nil {
		return "", err
	}
	var minutes int64
	var amount charge.Fen
	var rule charge.Rule
	for range 3 {
		p.Order, p.Minutes = x.fresh().Order, 1000
		if _, err := x.taken(ctx, p, Options{}); err != nil {
			return "", err
		}
		said, err := x.wait(ctx, p, client.InState(charge.StateDelivered, charge.StateNoGrant))
		if err != nil {
			return "", err
		}
		if said.Decision != nil {
			rule = said.Decision.Rule
		}
		if rule.CapMinutes == 0 && rule.CapAmount == 0 {
			return "", skip("the binding's rule has no cap")
		}
		if said.Reduction != nil {
			minutes, amount = minutes+said.Reduction.Minutes, amount+said.Reduction.Amount
		}
	}
	if rule.CapMinutes > 0 && minutes > rule.CapMinutes || rule.CapAmount > 0 && amount > rule.CapAmount {
		return "", fmt.Errorf("%d minutes and %s yuan granted, the cap is %d and %s", minutes, amount, rule.CapMinutes,
			rule.CapAmount)
	}
	return fmt.Sprintf("three pushes: %d minutes, %s yuan; the cap is %d and %s", minutes, amount, rule.CapMinutes,
		rule.CapAmount), nil
}

// again wants the reduction sent a second time under the same id, and applied once.
func (x *exam) again(ctx context.Context, l played) (string, error) {
	p, err := x.charged(ctx, l)
	if err != nil {
		return "", err
	}
	start := time.Now()
	row, err := l.book.Wait(ctx, func(r Applied) bool {
		return r.Plate == p.Plate.Full() && !r.Acked.IsZero() && r.Heard > 1
	})
	if err != nil {
		return "", err
	}
	n := 0
	for _, r := range l.book.Rows() {
		if r.Plate == p.Plate.Full() {
			n++
		}
	}
	if n != 1 || row.Applied != 1 {
		return "", fmt.Errorf("the lot was told under %d ids and applied it %d times", n, row.Applied)
	}
	return fmt.Sprintf("heard %d times under one id in %.1f s", row.Heard, time.Since(start).Seconds()), nil
}

// unread wants a reduction whose answer cannot be read left as it is: the lot may have taken it.
func (x *exam) unread(ctx context.Context, l played) (string, error) {
	if x.cfg.Admin == "" {
		return "", skip("needs the admin API to see how the charge stands")
	}
	p, err := x.charged(ctx, l)
	if err != nil {
		return "", err
	}
	said, err := x.wait(ctx, p, client.InState(charge.StateUnknown))
	if err != nil {
		return "", err
	}
	for _, r := range l.book.Rows() {
		if r.Plate == p.Plate.Full() && r.Heard != 1 {
			return "", fmt.Errorf("the lot was told %d times", r.Heard)
		}
	}
	return fmt.Sprintf("%s, %s", said.State, said.Reason), nil
}

// later wants the reduction sent once it can be, and applied once.
func (x *exam) later(ctx context.Context, l played) (string, error) {
	p, err := x.charged(ctx, l)
	if err != nil {
		return "", err
	}
	start := time.Now()
	text, err := x.reaches(ctx, l, p)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, after %.1f s", text, time.Since(start).Seconds()), nil
}

func (x *exam) lotRefuses(ctx context.Context, l played) (string, error) {
	p, err := x.charged(ctx, l)
	if err != nil {
		return "", err
	}
	if x.cfg.Admin == "" {
		return "", skip("needs the admin API to see how the charge stands")
	}
	said, err := x.wait(ctx, p, client.InState(charge.StateRefused))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %s", said.State, said.Reason), nil
}

func (x *exam) wrongLogin(ctx context.Context) (string, error) {
	w, err := dialWire(ctx, net.Dialer{}, tcpAddr(x.cfg.Line), otherKey(x.cfg.Ckey))
	if err != nil {
		return "", err
	}
	defer w.conn.Close()
	err = w.login(ctx, lineID{x.cfg.Lot, "certify", otherKey(x.cfg.Ckey)})
	if !errors.Is(err, ErrRefused) {
		return "", fmt.Errorf("answered %v", err) //nolint:errorlint // no error says that the login was taken
	}
	w.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, closed := w.down(); closed == nil || errors.Is(closed, context.DeadlineExceeded) || isTimeout(closed) {
		return "", errors.New("the connection stays open after it")
	}
	return err.Error(), nil
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// bareLine looks at the frames themselves.
func (x *exam) bareLine(ctx context.Context) (string, error) {
	w, err := dialWire(ctx, net.Dialer{}, tcpAddr(x.cfg.Line), x.cfg.Ckey)
	if err != nil {
		return "", err
	}
	defer w.conn.Close()
	if err := w.login(ctx, lineID{x.cfg.Lot, "certify", x.cfg.Ckey}); err != nil {
		return "", err
	}
	w.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if err := w.beat(); err != nil {
		return "", err
	}
	for {
		frame, err := w.frame()
		if err != nil {
			return "", fmt.Errorf("the heartbeat is not answered: %w", err)
		}
		if string(frame) == "0x12" {
			break
		}
	}
	w.key = otherKey(w.key)
	if err := w.up("in_park", record{{"car_number", "京A12345"}}); err != nil {
		return "", err
	}
	frame, err := w.down()
	if err != nil {
		return "", fmt.Errorf("an uplink signed with another key is not answered: %w", err)
	}
	if err := w.beat(); err != nil {
		return "", err
	}
	if _, err := w.frame(); err != nil {
		return "", fmt.Errorf("the line is cut after a wrong sign: %w", err)
	}
	return "0x12; " + string(frame), nil
}

// forgedEntry reports an entry under a wrong key.
func (x *exam) forgedEntry(ctx context.Context) (string, error) {
	c := x.cfg
	plate := x.plate()
	var err error
	if c.Kind == charge.KindAPI {
		l := NewAPILot(APILotConfig{Lot: c.Lot, Ukey: otherKey(c.Ukey), Server: client.BaseURL(c.HTTP)})
		_, err = l.Enter(ctx, plate, time.Now())
	} else {
		l := NewGateLot(GateConfig{Lot: c.Lot, Ckey: otherKey(c.Ckey), Server: client.BaseURL(c.HTTP)})
		_, err = l.Enter(ctx, plate, time.Now())
	}
	if !errors.Is(err, ErrRefused) {
		return "", fmt.Errorf("answered %v", err) //nolint:errorlint // as above
	}
	return err.Error(), nil
}

func (x *exam) loneExit(ctx context.Context) (string, error) {
	l := NewGateLot(GateConfig{Lot: x.cfg.Lot, Ckey: x.cfg.Ckey, Server: client.BaseURL(x.cfg.HTTP)})
	_, err := l.Leave(ctx, Visit{OrderID: "no-such-order", Plate: x.plate()}, time.Now(), 0)
	if !errors.Is(err, ErrRefused) {
		return "", fmt.Errorf("answered %v", err) //nolint:errorlint // as above
	}
	return err.Error(), nil
}

func (x *exam) quotes(ctx context.Context, l played) (string, error) {
	plate := x.plate()
	visit, err := l.Enter(ctx, plate, time.Now().Add(-StayLength))
	if err != nil {
		return "", err
	}
	at := time.Now()
	one, err := l.gate.Quote(ctx, plate, at)
	if err != nil {
		return "", err
	}
	two, err := l.gate.Quote(ctx, plate, at)
	if err != nil {
		return "", err
	}
	exit, err := l.gate.Leave(ctx, visit, at, two.Price)
	if err != nil {
		return "", err
	}
	again, err := l.gate.Leave(ctx, visit, at, two.Price)
	if err != nil {
		return "", err
	}
	if one != two || exit != again || exit.Price != two.Price {
		return "", fmt.Errorf("quotes %s and %s, exits %s and %s yuan", one.Price, two.Price, exit.Price, again.Price)
	}
	return fmt.Sprintf("%s yuan four times", exit.Price), nil
}
