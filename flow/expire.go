package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// expireAtOnce bounds one look at deadlines.
const expireAtOnce = 200

// ExpireHolds ends the holds that are over by now, at most 200, and returns how many it looked at. It stops between
// two of them where ctx ends.
func (f *Flow) ExpireHolds(ctx context.Context) int {
	now, stopped := f.cfg.Now(), ctx
	ctx, cancel := f.cfg.Machine.Within(ctx, completing)
	defer cancel()
	var over []*charge.Charge
	err := f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		over, err = tx.HoldsOver(now, expireAtOnce)
		return err
	})
	for _, c := range over {
		if err == nil {
			err = f.expire(ctx, c, now)
		}
	}
	if stopped.Err() != nil {
		return 0
	}
	if err != nil {
		f.cfg.Logger.Warn("holds that are over were not ended; it is tried again", "error", err)
		return 0
	}
	return len(over)
}

func (f *Flow) expire(ctx context.Context, c *charge.Charge, now time.Time) error {
	visit := []charge.VisitKey{{Lot: c.Lot, Plate: c.Plate}}
	return f.write(ctx, visit, func(tx Tx, then *after) error {
		cur, err := tx.Charge(c.ID)
		if err != nil || cur == nil || cur.State != charge.StateHeld || cur.HoldUntil.After(now) {
			return err
		}
		reason := charge.ReasonHoldOver
		if cur.Decision != nil {
			old := *cur.Decision
			if err := tx.AddDecision(cur.ID, &old); err != nil {
				return err
			}
			cur.Decision.At = now.UTC().Truncate(time.Millisecond) // as the store keeps times
			if cur.Decision.Rule.Target == charge.TargetAtCharge {
				reason = charge.ReasonNoStay // it had to lie around the charge's end: none did
			}
			cur.Decision.State, cur.Decision.Reason = charge.StateExpired, reason
			cur.Decision.Notes = charge.Notes{charge.Say("decision.hold_over", charge.When("until", cur.HoldUntil))}
		}
		return move(tx, then, cur, charge.StateExpired, reason, now)
	})
}
