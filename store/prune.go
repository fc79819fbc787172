package store

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Retention is how long rows are kept; 0 keeps them for ever. Repeat keys, the ledger, the audit log and the
// sums of days are always kept, samples for SamplesFor.
type Retention struct {
	Pushes  time.Duration // records of requests
	Refused time.Duration // records of refused ones, and their counts
	Charges time.Duration // whole days of charges on which nothing stands any more; under a day counts as a day
}

// Pruned is what Prune deleted.
type Pruned struct{ Pushes, Charges, Stays int64 }

const (
	holdFor    = 8 * time.Millisecond // that one batch of deletions may hold the writer
	mostPruned = 2000                 // rows in one batch; PostgreSQL does some of the work after it is measured

	// A visit to a lot that reports no stays lasts so long from its first charge.
	visitLasts = 24 * time.Hour
)

var (
	prunePushes = statementOf("DELETE FROM push WHERE id IN (SELECT id FROM push WHERE received < ? "+
		"ORDER BY received LIMIT ?)", tablePush)
	pruneRefused = statementOf("DELETE FROM push WHERE id IN (SELECT id FROM push WHERE outcome = ? "+
		"AND outcome NOT IN ('accepted', 'duplicate', 'question') AND received < ? ORDER BY received LIMIT ?)", tablePush)
	pruneCounts = statementOf("DELETE FROM refused_count WHERE day < ?", tableRefused)

	chargesOver = prunable()
	deletesOf   = deletesOfCharge()
	closeDay    = statementOf("UPDATE statement_day SET closed = 1 WHERE day = ? AND upto = ? AND rev = summed",
		tableStatementDay)
	openDays = statementOf("SELECT coalesce(min(day), '') FROM statement_day WHERE day < ? AND closed = 0",
		tableStatementDay)
	staysOver = statementOf("SELECT id, plate FROM stay WHERE open = 0 AND ends < ? "+
		"AND NOT EXISTS (SELECT 1 FROM charge c WHERE c.stay = stay.id AND c.stay <> 0) ORDER BY ends LIMIT ?", tableStay,
		tableCharge)
	deleteStay   = statementOf("DELETE FROM stay WHERE id = ?", tableStay)
	deletePlate  = statementOf("DELETE FROM plate WHERE plate = ?"+nobodysPlate, tablePlate, tableCharge, tableStay)
	unindexPlate = statementOf("DELETE FROM plate_part WHERE rowid = (SELECT id FROM plate "+
		"WHERE plate = ?"+nobodysPlate+")", tablePlate, tableCharge, tableStay)
)

const nobodysPlate = " AND NOT EXISTS (SELECT 1 FROM charge c WHERE c.plate = plate.plate) AND NOT EXISTS (SELECT 1 " +
	"FROM stay s WHERE s.plate = plate.plate)"

// prunable selects the charges before a time on which nothing stands: they are decided and settled, their stay is not
// open, and no job has anything left to tell about them. On PostgreSQL a charge that is being changed waits for the
// next round.
func prunable() *statement {
	q := tableCharge.selectWhere("received < ? AND state NOT IN ('held', 'sending', 'unknown') " +
		"AND report NOT IN ('due', 'sent') " +
		"AND NOT EXISTS (SELECT 1 FROM stay s WHERE s.id = charge.stay AND s.open = 1) " +
		"AND NOT EXISTS (SELECT 1 FROM delivery d JOIN job j ON j.id = d.id WHERE d.charge = charge.id) " +
		"AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = charge.id) " + // a report
		"ORDER BY received LIMIT ?")
	q.dollars += " FOR UPDATE SKIP LOCKED"
	return q
}

// deletesOfCharge deletes a charge and all that hangs on it but its ledger.
func deletesOfCharge() []*statement {
	const ofDeliveries = " WHERE delivery IN (SELECT id FROM delivery WHERE charge = ?)"
	return []*statement{
		statementOf("DELETE FROM attempt"+ofDeliveries, tableAttempt, tableDelivery),
		statementOf("DELETE FROM delivery WHERE charge = ?", tableDelivery),
		statementOf("DELETE FROM event WHERE charge = ?", tableEvent),
		statementOf("DELETE FROM decision WHERE charge = ?", tableDecision),
		statementOf("DELETE FROM push WHERE charge = ? AND charge <> 0", tablePush),
		statementOf("DELETE FROM charge WHERE id = ?", tableCharge),
	}
}

// Prune deletes what is older than it is to be kept, in batches that hold the writer for a few milliseconds
// each. The sums of a day are closed before its charges go, so that its statement stays as it is. It leaves what an
// open stay, a grant not settled yet, a job or a repeat key still stands on.
func (s *Store) Prune(ctx context.Context, keep Retention, now time.Time) (p Pruned, err error) {
	if keep.Pushes > 0 {
		p.Pushes, err = s.pruneBy(ctx, mostPruned, func(t *Tx, limit int) (int64, error) {
			return t.link.exec(prunePushes, []any{millis(now.Add(-keep.Pushes)), limit})
		})
	}
	if keep.Refused > 0 && err == nil {
		var n int64
		n, err = s.pruneRefused(ctx, now.Add(-keep.Refused))
		p.Pushes += n
	}
	if keep.Charges > 0 && err == nil {
		p.Charges, p.Stays, err = s.pruneCharges(ctx, dayOf(now.Add(-max(keep.Charges, visitLasts))))
	}
	if err == nil {
		err = s.pruneSamples(ctx, now)
	}
	return p, err
}

// pruneBy runs a deletion with a limit until it finds no more, and finds the limit, up to most, that takes holdFor.
func (s *Store) pruneBy(ctx context.Context, most int, fn func(t *Tx, limit int) (int64, error)) (all int64,
	err error) {
	limit := 20
	for {
		var n int64
		var took time.Duration
		err := s.write(ctx, []int64{lockOf("prune")}, func(t *Tx) (err error) {
			start := time.Now()
			n, err = fn(t, limit)
			took = time.Since(start)
			return err
		})
		if err != nil {
			return all, err
		}
		if all += n; n == 0 {
			return all, nil
		}
		switch {
		case took > holdFor:
			limit = max(1, limit/2)
		case took < holdFor/2:
			limit = min(limit*2, most)
		}
		select { // pushes come first
		case <-ctx.Done():
			return all, ctx.Err()
		case <-time.After(2 * took):
		}
	}
}

func (s *Store) pruneRefused(ctx context.Context, before time.Time) (all int64, err error) {
	for _, o := range charge.Outcomes { // one by one, as their index has them
		switch o {
		case charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion:
			continue
		}
		n, err := s.pruneBy(ctx, mostPruned, func(t *Tx, limit int) (int64, error) {
			return t.link.exec(pruneRefused, []any{string(o), millis(before), limit})
		})
		if all += n; err != nil {
			return all, err
		}
	}
	return all, s.write(ctx, nil, func(t *Tx) error { return t.link.put(pruneCounts, []any{dayOf(before)}, -1) })
}

// pruneCharges deletes the charges and stays of whole days before a day.
func (s *Store) pruneCharges(ctx context.Context, before string) (charges, stays int64, err error) {
	if before, err = s.closeDays(ctx, min(before, dayOf(s.settledBefore()))); err != nil {
		return 0, 0, err
	}
	charges, err = s.pruneBy(ctx, mostPruned/20, func(t *Tx, limit int) (int64, error) {
		over, err := list(t, chargesOver, scanCharge, dayStart(before), limit)
		for _, c := range over {
			if err == nil {
				err = t.deleteCharge(c)
			}
		}
		return int64(len(over)), err
	})
	if err != nil {
		return charges, 0, err
	}
	stays, err = s.pruneBy(ctx, mostPruned/10, func(t *Tx, limit int) (int64, error) {
		over, err := list(t, staysOver, func(c *cells) (charge.Stay, error) {
			return charge.Stay{ID: c.int(), Plate: charge.Plate(c.text())}, c.failed()
		}, dayStart(before), limit)
		for _, stay := range over {
			if err == nil {
				err = t.link.put(deleteStay, []any{stay.ID}, 1)
			}
			if err == nil {
				err = t.deletePlate(stay.Plate.Full())
			}
		}
		return int64(len(over)), err
	})
	return charges, stays, err
}

// closeDays makes the sums of the days before a day final, and returns the first day where that cannot be yet.
func (s *Store) closeDays(ctx context.Context, before string) (first string, err error) {
	if err := s.SumUp(ctx); err != nil {
		return "", err
	}
	if err := s.write(ctx, []int64{lockOf("statement")}, func(t *Tx) error {
		days, err := list(t, selectDays, func(c *cells) (keptDay, error) { return scanKeptDay(c), c.failed() }, "", before)
		for _, d := range days {
			if err == nil && d.complete() && !d.closed {
				err = t.link.put(closeDay, []any{d.day, d.upto}, -1)
			}
		}
		return err
	}); err != nil {
		return "", err
	}
	first = before
	err = s.Read(ctx, func(t *Tx) error {
		return t.each(openDays, func(c *cells) error {
			if day := c.text(); day != "" {
				first = min(first, day)
			}
			return c.failed()
		}, before)
	})
	return first, err
}

func (t *Tx) deleteCharge(c *charge.Charge) error {
	if err := t.link.put(keepRepeat, []any{keep(c), c.Platform, c.RepeatKey, c.ID}, 1); err != nil {
		return err
	}
	for _, q := range deletesOf {
		if err := t.link.put(q, []any{c.ID}, -1); err != nil {
			return err
		}
	}
	return t.deletePlate(c.Plate.Full())
}

// deletePlate forgets a plate that no charge and no stay has any more.
func (t *Tx) deletePlate(plate string) error {
	t.store.plates.forget(plate)
	if t.store.Engine() == "sqlite" {
		if err := t.link.put(unindexPlate, []any{plate}, -1); err != nil {
			return err
		}
	}
	return t.link.put(deletePlate, []any{plate}, -1)
}
