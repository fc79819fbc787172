package flow

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Pause stops sending to a lot; what is granted waits. The reason is stored and shown to support.
func (f *Flow) Pause(ctx context.Context, id charge.LotID, a Action) (Effect, error) {
	return f.mark(ctx, id, a, true, charge.Say("effect.paused"))
}

// Resume sends what waited.
func (f *Flow) Resume(ctx context.Context, id charge.LotID, a Action) (Effect, error) {
	e, err := f.mark(ctx, id, a, false, charge.Say("effect.resumed"))
	if l, _, ok := f.cfg.Estate().Lot(id); ok && e.Done {
		f.runner.Hint(jobKind(lot.KindOf(l.Kind).Channel))
	}
	return e, err
}

func (f *Flow) mark(ctx context.Context, id charge.LotID, a Action, paused bool, effect charge.Note) (Effect, error) {
	l, _, ok := f.cfg.Estate().Lot(id)
	if !ok {
		return Effect{}, ErrNotFound
	}
	if !lot.KindOf(l.Kind).Sends() {
		return refused(charge.Say("refused.ledger"))
	}
	var marks charge.LotMarks
	err := f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		marks, err = tx.LotMarks(id)
		return err
	})
	if err != nil {
		return Effect{}, err
	}
	if !paused && !marks.Paused {
		effect = charge.Say("effect.not_paused")
	}
	if a.DryRun {
		return Effect{Note: effect, Allowed: true}, nil
	}
	err = f.cfg.Storage.Write(ctx, nil, func(tx Tx) error {
		m, err := tx.LotMarks(id)
		if err != nil {
			return err
		}
		m.Paused, m.PauseReason = paused, a.Reason
		if paused {
			return tx.SetLotMarks(id, m)
		}
		m.PauseReason = ""
		if err := tx.SetLotMarks(id, m); err != nil {
			return err
		}
		_, err = tx.WakeJobs(id, f.cfg.Now())
		return err
	})
	return Effect{Note: effect, Allowed: true, Done: err == nil}, err
}
