package calls

import (
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

// Verdict is what a try says about the lot, for its breaker.
type Verdict int

// Verdicts.
const (
	Untried  Verdict = iota // says nothing about the lot
	Failed                  // no answer, or none that makes sense
	Answered                // yes or no
)

var errStopped = charge.NewFault(charge.Say("delivery.stopping"), "the gateway is stopping")

// NotSent is the result of a try that never left.
func NotSent(err error, at time.Time) lot.Result {
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError,
		Detail: charge.Say("delivery.not_sent", charge.Because("cause", charge.Cause(err))), At: at}
}

// Failure distinguishes a request that left without an answer from one that did not leave. err is an error of package
// outbound.
func Failure(err error, now time.Time) (lot.Result, Verdict) {
	if refused := (*outbound.Refused)(nil); errors.As(err, &refused) {
		return NotSent(refused, now), Untried
	}
	sent := (*outbound.Error)(nil)
	switch {
	case !errors.As(err, &sent) || !sent.Sent:
		return NotSent(err, now), Failed
	case sent.NoAnswer:
		return lot.Result{Result: charge.AttemptTimeout, Reason: charge.ReasonNoAnswer, Detail: charge.Cause(err), At: now,
			Sent: true}, Failed
	}
	return lot.Result{Result: charge.AttemptError, Reason: charge.ReasonLotError, Detail: charge.Cause(err), At: now,
		Sent:   true,
		Unread: errors.Is(err, outbound.ErrTooLong)}, Failed
}

// try makes a try, unless it has waited so long that it would outlive its lease.
func (c *Queue) try(w waiting) (lot.Result, Verdict) {
	if now := c.cfg.Now(); now.Sub(w.since) > queueWait {
		return NotSent(tooSlow(now.Sub(w.since).Round(time.Second)), now), Untried
	}
	return w.try()
}

func tooSlow(waited time.Duration) error {
	return charge.NewFault(charge.Say("delivery.too_slow", charge.Span("waited", waited)),
		fmt.Sprintf("the lot is too slow, the order waited %s for its turn", waited))
}
