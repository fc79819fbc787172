package flow

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// recalled is what became of a reduction that a lot was asked to give back.
type recalled int

const (
	recallNone    recalled = iota // nothing was asked: the lot was not reported, or takes nothing back
	recallDone                    // the lot has it no more
	recallRefused                 // not taken back; the note says why
)

// recall asks a lot that takes reductions back for one that it has or may have. What it answered stands in the
// timeline.
func (f *Flow) recall(ctx context.Context, id int64, action Action) (recalled, charge.Note, error) {
	o, why, err := f.toRecall(ctx, id)
	if err != nil || o.UUID == "" {
		return recallNone, charge.Note{}, err
	}
	if !why.IsZero() {
		return recallRefused, why, nil
	}
	r := f.cfg.Revoker.Revoke(ctx, o)
	outcome, said := recallDone, charge.Say("act.revoked", charge.Text("reason", action.Reason),
		charge.Because("answer", r.Detail))
	switch r.Result {
	case charge.AttemptAcked:
	case charge.AttemptRefused:
		outcome, said = recallRefused, charge.Say("refused.not_revoked", charge.Because("answer", r.Detail))
	default:
		outcome, said = recallRefused, charge.Say("refused.revoke_unknown", charge.Because("answer", r.Detail))
	}
	visits, err := f.visitsOfCharge(ctx, id)
	if err != nil {
		return outcome, said, err
	}
	return outcome, said, f.write(ctx, visits, func(tx Tx, _ *after) error {
		return tx.AddEvent(charge.Event{Charge: id, At: r.At, Step: "revoked", Result: string(r.Result), Detail: said,
			Actor: action.Actor})
	})
}

// toRecall is the order of a reduction that a lot may have and takes back; one without UUID where there is none. why
// says that it cannot be asked for now.
func (f *Flow) toRecall(ctx context.Context, id int64) (o lot.Order, why charge.Note, err error) {
	err = f.cfg.Storage.Read(ctx, func(tx Tx) error {
		c, err := tx.Charge(id)
		if err != nil || c == nil {
			return err
		}
		dl, err := lastDelivery(tx, id)
		if err != nil || dl == nil {
			return err
		}
		a := &acting{f: f, tx: tx, charge: c, delivery: dl, now: f.cfg.Now()}
		facts, err := a.facts()
		if err != nil || !facts.Revocable || !facts.Told || !c.State.Granting() || c.State == charge.StateUsed {
			return err
		}
		o = order(dl, c.Plate)
		if dl.State == charge.DeliveryLeased || dl.State == charge.DeliverySent {
			why = charge.Say("refused.under_way")
		}
		return nil
	})
	return o, why, err
}
