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
	guesses *Guesses
	noise   limit.Noise
}

// NewStrangers makes the bounds: perSecond requests of one address as address reports it.
func NewStrangers(address func(*http.Request) netip.Addr, perSecond float64, now func() time.Time,
	logger *slog.Logger) *Strangers {
	return &Strangers{address: address, now: now, logger: logger, rate: limit.NewRate[netip.Addr](perSecond),
		guesses: NewGuesses()}
}

type strangersKey struct{}

// caller is who a request comes from, for what its handler finds wrong.
type caller struct {
	strangers *Strangers
	network   netip.Addr
	guessed   *charge.LotID // whose key was wrong; nil: none was
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
		c := &caller{strangers: s, network: at}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), strangersKey{}, c)))
		// The answer, which is short, leaves when this returns. Who hangs up shortens nothing.
		if c.guessed != nil && !s.guesses.Hold(at, *c.guessed, s.now(), nil) {
			panic(http.ErrAbortHandler) // closes the connection
		}
	})
}

// Remote is the network that a guarded request comes from; false for another request.
func Remote(ctx context.Context) (netip.Addr, bool) {
	c, is := ctx.Value(strangersKey{}).(*caller)
	if !is {
		return netip.Addr{}, false
	}
	return c.network, true
}

// Refused logs why a message of a request was refused. What the caller wrote into it is cut.
func Refused(ctx context.Context, lot charge.LotID, reason error) {
	c, is := ctx.Value(strangersKey{}).(*caller)
	if !is {
		return
	}
	why := clip(reason.Error())
	if n := c.strangers.noise.Allow(c.network.String()+" "+why, c.strangers.now()); n > 0 {
		c.strangers.logger.InfoContext(ctx, "message of a car park refused", "lot", clip(lot.String()), "remote", c.network,
			"reason", why, "times", n)
	}
}

// WrongKey reports that a request bore a wrong key for a lot, or for a vendor where the lot has no Park. Its answer is
// held back where its network has tried too many.
func WrongKey(ctx context.Context, lot charge.LotID) {
	if c, is := ctx.Value(strangersKey{}).(*caller); is {
		c.guessed = &lot
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
