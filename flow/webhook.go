package flow

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

const (
	// posting bounds one try.
	posting = 20 * time.Second
	// postFor is how long a message is tried.
	postFor = 24 * time.Hour
	// keepFor is how long it is kept, so that one that was given up can be sent again by hand.
	keepFor = 7 * 24 * time.Hour
)

// handleWebhook posts one message, or lets one go that was kept for long enough.
func (f *Flow) handleWebhook(j outbox.Job, _ any, done func()) {
	f.cfg.Machine.Go(func() {
		defer done()
		var wrong error
		if f.cfg.Now().Before(charge.IDTime(j.ID).Add(keepFor)) {
			ctx, cancel := f.cfg.Machine.Within(context.Background(), posting)
			defer cancel()
			wrong = f.cfg.Webhooks.Post(ctx, j.Route, j.ID, j.Body)
			f.cfg.Observer.Posted(j.Route, wrong == nil)
		}
		end, stop := f.cfg.Machine.Within(context.Background(), completing)
		defer stop()
		err := f.writeBy(end, f.cfg.Storage.WriteSoon, nil, func(tx Tx, _ *after) error { return f.posted(tx, j, wrong) })
		if err != nil {
			f.cfg.Logger.Warn("webhook result not stored; the message is sent again", "webhook", j.Route,
				"job", j.ID, "error", err)
		}
	})
}

// posted stores what a try to post came to.
func (f *Flow) posted(tx Tx, j outbox.Job, wrong error) error {
	cur, err := tx.Job(j.ID)
	if err != nil || cur == nil || cur.Fence != j.Fence || cur.Lease != f.cfg.Node {
		return err
	}
	if wrong == nil {
		return tx.EndJob(j.ID)
	}
	now, made := f.cfg.Now(), charge.IDTime(j.ID)
	cur.Attempt++
	cur.Tried, cur.Wrong = now, charge.Cause(wrong).String()
	cur.DueAt, cur.Lease, cur.LeaseUntil = now.Add(callbackSchedule.After(cur.Attempt, f.cfg.Machine)), "", time.Time{}
	if !now.Before(made.Add(postFor)) {
		f.cfg.Logger.Warn("a webhook has not taken a message for a day: it is given up, and kept to be sent again by hand",
			"webhook", j.Route, "message", j.ID, "charge", j.Ref, "error", wrong)
		cur.GaveUp, cur.DueAt = now, made.Add(keepFor)
	}
	return tx.SetJob(*cur)
}
