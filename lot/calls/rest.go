package calls

import (
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// restError says why nothing is sent to a lot that rests.
func (l *line) restError() error {
	return charge.NewFault(
		charge.Say("delivery.resting", charge.Count("failed", l.Failed()), charge.When("until", l.Until())),
		fmt.Sprintf("the lot's last %d tries failed; it is left alone until %s", l.Failed(),
			l.Until().In(charge.Shanghai).Format(time.TimeOnly)))
}

// Breaker reports how a lot stands: "closed", "open" while it rests after failures, "half_open" while one try
// at a time finds out whether it answers again.
func (c *Queue) Breaker(id charge.LotID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.lots[id]
	switch {
	case q == nil || !q.Tripped():
		return "closed"
	case q.Resting(c.cfg.Now()):
		return "open"
	}
	return "half_open"
}
