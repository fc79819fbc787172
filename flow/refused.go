package flow

import (
	"context"
	"errors"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// Refuse records a push that was not opened.
func (f *Flow) Refuse(ctx context.Context, p platform.Push, account string, r *platform.Refusal,
	answer platform.Reply) {
	f.cfg.Observer.Pushed(p.Platform, r.Outcome)
	of, network, today := [2]string{p.Platform, account}, limit.Network(p.Remote), day(p.Received)
	if r.Outcome == charge.OutcomeBusy || r.Outcome == charge.OutcomeRateLimited && !f.floods.Allow(of, p.Received) ||
		!f.strangers.open(of, network, today, p.Received) {
		return
	}
	waiting, stop := f.cfg.Machine.Within(context.WithoutCancel(ctx), recordWithin)
	defer stop()
	if !f.recording.begin(waiting, network) {
		return
	}
	defer f.recording.end(network)
	rec := f.pushRecord(p, account, wire(p, refusedBody))
	rec.Outcome, rec.Reason, rec.Reply = r.Outcome, charge.Notes{r.Why}, answer.Body
	rec.Plate, rec.Order, rec.Lot = r.Read.Plate, r.Read.Order, r.Read.Lot
	if len(p.Body) > refusedBody {
		rec.Reason = rec.Reason.And(charge.Say("push.body_cut"))
	}
	if !f.strangers.take(of, onDisk(len(rec.Request)+len(rec.Reply))) {
		return
	}
	ctx, cancel := f.cfg.Machine.Within(context.WithoutCancel(ctx), taking)
	defer cancel()
	err := f.cfg.Storage.Write(ctx, nil, func(tx Tx) error {
		n, err := tx.CountRefused(p.Platform, account, today)
		if err != nil {
			return err
		}
		if n > maxRefused {
			f.strangers.full(of, today)
			return nil
		}
		return tx.AddPush(rec)
	})
	if err != nil && !errors.Is(err, outbox.ErrBusy) {
		f.cfg.Logger.Warn("refused push not stored", "platform", p.Platform, "outcome", r.Outcome, "error", err)
	}
}
