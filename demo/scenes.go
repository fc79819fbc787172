package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
	"github.com/chargestamp/chargestamp/play"
)

// scene is one thing that happens to drivers. tell says what happened; an error is a scene that did not come
// out as it must.
type scene struct {
	name string
	play func(ctx context.Context, tell func(format string, args ...any)) error
}

// scenes plays what a driver feels, side by side, and prints it in order.
func (t *tour) scenes(ctx context.Context) error {
	all := []scene{
		{"A late entry: the lot was off line when the car came in", t.sceneLate},
		{fmt.Sprintf("Two charges in one stay under a cap of %d minutes", stayCap), t.sceneCap},
		{"A car that left before its charge was told", t.sceneLeft},
		{"A 4G exit, with a quote before and after", t.sceneQuote},
		{"A lot whose PC runs the vendor's own SDK, on two links", t.sceneVendor},
		{"A lot of 4P云, which tells no stays", t.sceneEvent},
		{"特来电 hears what was really taken off", t.sceneReport},
	}
	told := make([][]string, len(all))
	errs := make([]error, len(all))
	var playing sync.WaitGroup
	for i, s := range all {
		playing.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, sceneLimit)
			defer cancel()
			errs[i] = s.play(ctx, func(format string, args ...any) { told[i] = append(told[i], fmt.Sprintf(format, args...)) })
		})
	}
	playing.Wait()
	for i, s := range all {
		t.board.say("\n" + s.name)
		for _, line := range told[i] {
			t.board.say("  " + line)
		}
		if errs[i] != nil {
			t.board.say("  FAILED: " + errs[i].Error())
			errs[i] = fmt.Errorf("scene %q: %w", s.name, errs[i])
		}
	}
	return errors.Join(errs...)
}

// planFor finds the row of a platform in a lot.
func planFor(platform string, lot charge.LotID) plan {
	for _, p := range plans() {
		if p.platform == platform && p.lot == lot {
			return p
		}
	}
	return plan{}
}

// sent plays one push for a plate and waits until its charge stands as wanted.
func (t *tour) sent(ctx context.Context, p plan, plate charge.Plate, fits func(*client.Charge) bool) (*client.Charge,
	error) {
	order, _, err := t.push(ctx, p, plate, time.Now())
	if err != nil {
		return nil, err
	}
	return t.office.Wait(ctx, p.platform, order, fits)
}

func (t *tour) sceneEvent(ctx context.Context, tell func(string, ...any)) error {
	p := eventPlan()
	lot, plate := t.lots[p.lot], t.plate()
	lot.Admit(plate, t.entered())
	said, err := t.sent(ctx, p, plate, delivered)
	if err != nil {
		return err
	}
	row, err := bookRow(ctx, lot, plate)
	if err != nil {
		return err
	}
	tell("%s gets %s as a coupon: %s", plate, granted(said), said.State)
	if row.Applied != 1 {
		return fmt.Errorf("the lot's book has it %d times", row.Applied)
	}
	return nil
}

func (t *tour) sceneVendor(ctx context.Context, tell func(string, ...any)) error {
	l := line{plan: vendorPlan(), plate: t.plate()}
	if err := t.drive(ctx, &l, func() {}); err != nil {
		return err
	}
	c := t.vendors.Counts()
	tell("%s came in and left on both links, %s granted by %s, %s used", l.plate, l.granted, l.plan.message, l.used)
	tell("%d and %d logins, %d frames lost", c.Logins[sdktest.Bolink], c.Logins[sdktest.Cloud], c.Torn)
	if c.Torn > 0 || c.Rounds > 0 {
		return fmt.Errorf("the SDK lost %d frames and logged in again %d times", c.Torn, c.Rounds)
	}
	return nil
}

func (t *tour) sceneLate(ctx context.Context, tell func(string, ...any)) error {
	p := planFor("zhongdianlian", sdkLot)
	lot, plate, in := t.lots[p.lot], t.plate(), t.entered()
	visit := lot.Admit(plate, in)
	said, err := t.sent(ctx, p, plate, client.InState(charge.StateHeld))
	if err != nil {
		return err
	}
	tell("the push for %s comes first: %s, %s", plate, said.State, said.Reason)
	if err := lot.TellEntry(ctx, visit); err != nil {
		return err
	}
	said, err = t.office.Wait(ctx, p.platform, said.Order, delivered)
	if err != nil {
		return err
	}
	tell("then the lot tells the entry of %s: %s, %s granted", in.In(charge.Shanghai).Format("15:04"), said.State,
		granted(said))
	bill, err := lot.Exit(ctx, plate, time.Now())
	if err != nil {
		return err
	}
	tell("at the exit %s yuan come to %s", bill.Gross, bill.Due())
	_, err = t.office.Wait(ctx, p.platform, said.Order, client.InState(charge.StateUsed))
	return err
}

func (t *tour) sceneCap(ctx context.Context, tell func(string, ...any)) error {
	p := planFor("xiaoju", sdkLot)
	lot, plate := t.lots[p.lot], t.plate()
	if _, err := lot.Enter(ctx, plate, t.entered()); err != nil {
		return err
	}
	for i, want := range []int64{30, stayCap - 30, 0} {
		said, err := t.sent(ctx, p, plate, client.InState(charge.StateDelivered, charge.StateNoGrant))
		if err != nil {
			return err
		}
		got := int64(0)
		if said.Reduction != nil {
			got = said.Reduction.Minutes
		}
		tell("push %d asks for 30 minutes and is granted %d: %s, %s", i+1, got, said.State, said.Reason)
		if got != want {
			return fmt.Errorf("push %d was granted %d minutes, want %d", i+1, got, want)
		}
	}
	bill, err := lot.Exit(ctx, plate, time.Now())
	if err != nil {
		return err
	}
	tell("the lot's own book takes %d minutes off: %s yuan of %s", bill.Minutes, bill.Derate, bill.Gross)
	if bill.Minutes != stayCap {
		return fmt.Errorf("the lot took %d minutes off, want %d", bill.Minutes, stayCap)
	}
	return nil
}

func (t *tour) sceneLeft(ctx context.Context, tell func(string, ...any)) error {
	p := planFor("zhongdianlian", apiLot)
	lot, plate := t.lots[p.lot], t.plate()
	if _, err := lot.Enter(ctx, plate, t.entered()); err != nil {
		return err
	}
	bill, err := lot.Exit(ctx, plate, time.Now().Add(-2*time.Minute))
	if err != nil {
		return err
	}
	tell("%s paid %s yuan and was gone two minutes before the push", plate, bill.Due())
	said, err := t.sent(ctx, p, plate, func(s *client.Charge) bool { return s.Reason == charge.ReasonLeftBeforeArrival })
	if err != nil {
		return err
	}
	tell("%s, %s: it stands on support's list, not only in a log", said.State, said.Reason)
	return nil
}

func (t *tour) sceneQuote(ctx context.Context, tell func(string, ...any)) error {
	p := planFor("zhongdianlian", gateLot)
	plate := t.plate()
	visit, err := t.gate.Enter(ctx, plate, t.entered())
	if err != nil {
		return err
	}
	before, err := t.gate.Quote(ctx, plate, time.Now())
	if err != nil {
		return err
	}
	tell("quote before the charge of %s: %s yuan", plate, before.Price)
	if _, err := t.sent(ctx, p, plate, delivered); err != nil {
		return err
	}
	after, err := t.gate.Quote(ctx, plate, time.Now())
	if err != nil {
		return err
	}
	tell("quote after it: %s yuan, %s off for %d minutes", after.Price, after.DerateMoney, after.DerateDuration)
	at := time.Now()
	exit, err := t.gate.Leave(ctx, visit, at, after.Price)
	if err != nil {
		return err
	}
	again, err := t.gate.Leave(ctx, visit, at, after.Price)
	if err != nil {
		return err
	}
	tell("exit: %s yuan taken, final; told again it answers the same", exit.Price)
	switch {
	case after.Price >= before.Price || after.Price+after.DerateMoney != before.Price:
		return fmt.Errorf("the quotes are %s before and %s after, %s off", before.Price, after.Price, after.DerateMoney)
	case exit != again:
		return fmt.Errorf("the second exit answers %+v, the first %+v", again, exit)
	}
	return nil
}

func (t *tour) sceneReport(ctx context.Context, tell func(string, ...any)) error {
	for {
		changed := t.receiver.Changed()
		for _, r := range t.receiver.Reports() {
			said, err := t.office.Find(ctx, "telaidian", r.Order)
			if err != nil || said == nil {
				return errors.Join(fmt.Errorf("a report of the unknown order %s", r.Order), err)
			}
			if r.Minutes == "" {
				continue // another row's, in yuan
			}
			tell("order %s, left %s, method %d, %s minutes, heard %d time(s), every signature checked", r.Order, r.Left,
				r.Method, r.Minutes, r.Heard)
			if refused := t.receiver.Refused(); len(refused) > 0 {
				return fmt.Errorf("the receiver refused %d requests: %v", len(refused), refused)
			}
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return errors.Join(errors.New("no report in minutes was received"), context.Cause(ctx))
		}
	}
}

func granted(s *client.Charge) string {
	if s.Reduction == nil {
		return "nothing"
	}
	return play.GrantText(charge.Reduction(*s.Reduction))
}
