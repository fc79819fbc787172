package flow

import (
	"context"
	"errors"
	"sync"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// What is kept of refused pushes, which anybody can send: so many of one account and day, beyond which they are
// counted; the head and the first bytes of the body; and so many bytes a day over all, of which a part is kept for
// each account that there is.
const (
	maxRefused     = 10_000
	refusedNetwork = maxRefused / 2 // of one account and network; beyond it one a second
	refusedBody    = 4 << 10
	refusedBytes   = 256 << 20
	refusedReserve = 1 << 20
	refusedKeys    = 50_000 // networks and accounts that are counted
)

// bodyCut is added to the reason of a refused push of which only the beginning is kept.
const bodyCut = "; only the beginning of the body is kept, so that it cannot be replayed"

// Refuse records a push that was not opened.
func (f *Flow) Refuse(ctx context.Context, p platform.Push, account string, r *platform.Refusal, answer platform.Reply) {
	f.cfg.Observer.Pushed(p.Platform, r.Outcome)
	if r.Outcome == charge.OutcomeBusy || r.Outcome == charge.OutcomeRateLimited && !f.floods.Allow([2]string{p.Platform, account}, p.Received) {
		return
	}
	rec := f.pushRecord(p, account)
	rec.Outcome, rec.Reason, rec.Reply = r.Outcome, r.Detail, answer.Body
	if len(p.Body) > refusedBody {
		rec.Request = wire(p, refusedBody)
		rec.Reason += bodyCut
	}
	if !f.strangers.take(p, account, len(rec.Request)+len(rec.Reply)) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), taking)
	defer cancel()
	err := f.cfg.Storage.Write(ctx, nil, func(tx Tx) error {
		n, err := tx.CountRefused(p.Platform, account, day(p.Received))
		if err != nil || n > maxRefused {
			return err
		}
		return tx.AddPush(rec)
	})
	if err != nil && !errors.Is(err, outbox.ErrBusy) {
		f.cfg.Logger.Warn("a refused push was not recorded", "platform", p.Platform, "outcome", r.Outcome, "error", err)
	}
}

// refusals bounds the bytes of refused pushes that are kept in a day. Its counts live as long as the process.
type refusals struct {
	slow *limit.Rate[refusedBy]

	mu     sync.Mutex
	day    string
	shared int64 // bytes, over all
	own    map[[2]string]int64
	count  map[refusedBy]int
}

// refusedBy is one network's pushes in one account's name.
type refusedBy struct{ platform, account, network string }

func newRefusals() *refusals { return &refusals{slow: limit.NewRate[refusedBy](1)} }

// take reports whether a refused push of so many bytes is recorded.
func (r *refusals) take(p platform.Push, account string, bytes int) bool {
	by := refusedBy{p.Platform, account, limit.Network(p.Remote).String()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if today := day(p.Received); today != r.day {
		r.day, r.shared, r.own, r.count = today, 0, map[[2]string]int64{}, map[refusedBy]int{}
	}
	if _, known := r.count[by]; !known && len(r.count) >= refusedKeys {
		return false
	}
	if r.count[by]++; r.count[by] > refusedNetwork && !r.slow.Allow(by, p.Received) {
		return false
	}
	of := [2]string{p.Platform, account}
	if account != "" && r.own[of]+int64(bytes) <= refusedReserve {
		r.own[of] += int64(bytes)
		return true
	}
	if r.shared+int64(bytes) > refusedBytes {
		return false
	}
	r.shared += int64(bytes)
	return true
}
