package play

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/lotline/sdktest"
)

// The checks of the gateway that need the vendor's own SDK as the lot. It is played, behind a link that holds back what
// comes down for 20 ms and cuts it as a router does.

// vendorPace is the SDK's, but for what a check would have to wait for.
var vendorPace = sdktest.Times{FirstBeat: time.Second, Again: time.Second, Minute: 3 * time.Second}

const (
	vendorBatch = 20 * time.Millisecond
	vendorCut   = 1460 // bytes
)

// vendor is a played lot with the vendor's SDK, and its link.
type vendor struct {
	*VendorLot
	relay *sdktest.Relay
}

// vendorSDK makes the checks.
func (x *exam) vendorSDK(ctx context.Context) {
	for _, c := range []struct {
		name string
		do   func(context.Context, vendor) (string, error)
	}{
		{"two links side by side, from push to usage", x.vendorThrough},
		{"it logs in with a reduction waiting", x.vendorWaiting},
		{"an exit whose answer is lost comes once more", x.vendorLost},
	} {
		x.check(ctx, "the vendor's SDK: "+c.name, x.withVendor(c.do))
	}
}

// withVendor connects a lot for one check. Nothing may be torn on its links.
func (x *exam) withVendor(do func(context.Context, vendor) (string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (text string, err error) {
		if x.cfg.Ukey == "" {
			return "", skip("needs the vendor's key (--ukey) for the bolink link")
		}
		relay, err := sdktest.NewRelay(tcpAddr(x.cfg.Line), vendorBatch, vendorCut)
		if err != nil {
			return "", err
		}
		defer relay.Close()
		l := NewVendorLot(VendorLotConfig{Lot: x.cfg.Lot, Ukey: x.cfg.Ukey, Ckey: x.cfg.Ckey, Addr: relay.Addr(),
			MAC: "certify00001", Times: vendorPace})
		if err := l.Start(ctx); err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, l.Stop()) }()
		text, err = do(ctx, vendor{l, relay})
		if torn := l.Counts().Torn; torn > 0 {
			err = errors.Join(err, fmt.Errorf("%d frames were torn by the link and lost", torn))
		}
		return text, err
	}
}

func (x *exam) vendorThrough(ctx context.Context, l vendor) (string, error) {
	text, err := x.through(ctx, played{l.VendorLot, l.Book(), nil})
	if c := l.Counts(); err == nil && (c.Rounds > 0 || len(c.Resent) > 0) {
		err = fmt.Errorf("the links were lost %d times, told again: %v", c.Rounds, c.Resent)
	}
	return text, err
}

// vendorWaiting cuts the links off and pushes before they are back.
func (x *exam) vendorWaiting(ctx context.Context, l vendor) (string, error) {
	p, err := x.carIn(ctx, played{l.VendorLot, l.Book(), nil})
	if err != nil {
		return "", err
	}
	l.relay.CutOff()
	if _, err := x.taken(ctx, p, Options{}); err != nil {
		return "", err
	}
	start := time.Now()
	if _, err := x.reaches(ctx, played{l.VendorLot, l.Book(), nil}, p); err != nil {
		return "", err
	}
	if n := l.Counts().Rounds; n != 1 {
		return "", fmt.Errorf("both links logged in again %d times, want once", n)
	}
	return fmt.Sprintf("both links are up again, and it has come after %.1f s", time.Since(start).Seconds()), nil
}

// vendorLost loses the answer to an exit on the bolink link, which wants more of an answer than the cloud link.
func (x *exam) vendorLost(ctx context.Context, l vendor) (string, error) {
	p, err := x.carIn(ctx, played{l.VendorLot, l.Book(), nil})
	if err != nil {
		return "", err
	}
	l.relay.Lose(func(down []byte) bool { return strings.Contains(string(down), `"outpark"`) })
	bill, err := l.Exit(ctx, p.Plate, time.Now())
	again := l.Counts().Resent["outpark "+bill.OrderID]
	if err == nil && again != 1 {
		err = fmt.Errorf("it came %d times more", again)
	}
	return "told twice, then forgotten", err
}
