package lot

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
)

// Strangers keeps those without a key cheap on the car parks' HTTP paths: it bounds the rate of an address, slows down
// who tries keys, and logs refusals once in ten seconds per network and reason. Safe for concurrent use.
type Strangers struct {
	address func(*http.Request) netip.Addr
	now     func() time.Time
	logger  *slog.Logger
	rate    *limit.Rate[netip.Addr]
	wrong   *limit.Rate[guess]
	slow    chan struct{} // places of those who are held back
	noise   limit.Noise
}

// guess is what wrong keys are counted by.
type guess struct {
	network netip.Addr
	lot     charge.LotID
}

const (
	wrongPerS = 2           // wrong keys of one network for one lot that are answered at once
	slowFor   = time.Second // how long the answer to one more is held back
	slowMost  = 1024
)

// NewStrangers makes the bounds: perSecond requests of one address as address reports it.
func NewStrangers(address func(*http.Request) netip.Addr, perSecond float64, now func() time.Time,
	logger *slog.Logger) *Strangers {
	return &Strangers{address: address, now: now, logger: logger, rate: limit.NewRate[netip.Addr](perSecond),
		wrong: limit.NewRate[guess](wrongPerS), slow: make(chan struct{}, slowMost)}
}

type strangersKey struct{}

// caller is who a request comes from, for what its handler finds wrong.
type caller struct {
	strangers *Strangers
	network   netip.Addr
}

// Guard puts the bounds in front of a handler.
func (s *Strangers) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := limit.Network(s.address(r))
		if !s.rate.Allow(at, s.now()) {
			w.Header().Set("Retry-After", "1")
			write(w, http.StatusTooManyRequests, Reply{ErrMsg: RefusedBusy})
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), strangersKey{}, caller{s, at})))
	})
}

// Refused logs why a message of a request was refused. What the caller wrote into it is cut.
func Refused(ctx context.Context, lot charge.LotID, reason error) {
	c, is := ctx.Value(strangersKey{}).(caller)
	if !is {
		return
	}
	why := clip(reason.Error())
	if n := c.strangers.noise.Allow(c.network.String()+" "+why, c.strangers.now()); n > 0 {
		c.strangers.logger.InfoContext(ctx, "message of a car park refused", "lot", clip(lot.String()), "remote", c.network,
			"reason", why, "times", n)
	}
}

// WrongKey counts a wrong key for a lot, and holds the answer back where its network has tried too many.
func WrongKey(ctx context.Context, lot charge.LotID) {
	c, is := ctx.Value(strangersKey{}).(caller)
	if !is {
		return
	}
	if len(lot.Union)+len(lot.Park) > clipMost {
		lot = charge.LotID{}
	}
	if c.strangers.wrong.Allow(guess{c.network, lot}, c.strangers.now()) {
		return
	}
	select {
	case c.strangers.slow <- struct{}{}:
		defer func() { <-c.strangers.slow }()
	default:
		return // so many are held back that these are no single guesser's; the address's rate bounds them
	}
	wait := time.NewTimer(slowFor)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

const clipMost = 64

// clip cuts a caller's text for the log, where control characters are escaped.
func clip(text string) string {
	if r := []rune(text); len(r) > clipMost {
		return string(r[:clipMost]) + "…"
	}
	return text
}
