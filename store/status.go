package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Unknown deliveries that are not asked again have no job, and count all the same: somebody must look at them.
const unknownAlone = "d.state = 'unknown' AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = d.id)"

// ofDelivery are the jobs that a delivery has, as opposed to reports and messages of webhooks.
const ofDelivery = "kind NOT IN ('report', 'webhook')"

// howOld counts what is pending, all of it and by age, and finds the oldest. Age is that of the id: a delivery
// has waited since it was made, while its due time moves on with every try.
const howOld = "count(*), min(d.id), sum(CASE WHEN d.id < ? THEN 1 ELSE 0 END), sum(CASE WHEN d.id < ? THEN " +
	"1 ELSE 0 END)"

var (
	pendingByLot = statementOf("SELECT route, "+howOld+" FROM job d WHERE "+ofDelivery+" GROUP BY route", tableJob)
	unknownByLot = statementOf("SELECT lot, "+howOld+" FROM delivery d WHERE "+unknownAlone+" GROUP BY lot", tableDelivery,
		tableJob)
	allLotMarks = tableLotMark.selectWhere("lot <> '' ORDER BY lot")
	allLines    = tableLine.selectWhere("lot <> '' ORDER BY lot, beat")

	pendingOf = statementOf("SELECT route, "+howOld+" FROM job d WHERE "+ofDelivery+" AND route = ? GROUP BY route",
		tableJob)
	unknownOf = statementOf("SELECT lot, "+howOld+" FROM delivery d WHERE "+unknownAlone+" AND lot = ? GROUP BY lot",
		tableDelivery, tableJob)
	marksOf   = tableLotMark.selectWhere("lot = ?")
	everyLine = tableLine.selectWhere("lot = ? ORDER BY beat")
)

// LotStatus says how a lot stands. Of a lot that nothing is known of it returns the zero status.
func (s *Store) LotStatus(ctx context.Context, lot charge.LotID) (charge.LotStatus, error) {
	all, err := s.lotStatuses(ctx, [4]*statement{marksOf, everyLine, pendingOf, unknownOf}, lot.String())
	if len(all) == 0 {
		return charge.LotStatus{Lot: lot}, err
	}
	return all[0], err
}

// LotStatuses says how the lots stand that anything is known of, ordered by lot.
func (s *Store) LotStatuses(ctx context.Context) ([]charge.LotStatus, error) {
	return s.lotStatuses(ctx, [4]*statement{allLotMarks, allLines, pendingByLot, unknownByLot})
}

// lotStatuses gathers marks, lines, jobs and unknown deliveries by lot.
func (s *Store) lotStatuses(ctx context.Context, from [4]*statement, args ...any) ([]charge.LotStatus, error) {
	lots := make(map[charge.LotID]*charge.LotStatus)
	of := func(l charge.LotID) *charge.LotStatus {
		if lots[l] == nil {
			lots[l] = &charge.LotStatus{Lot: l}
		}
		return lots[l]
	}
	pending := func(c *cells) error {
		l := of(lotOf(c))
		l.Pending += int(c.int())
		l.OldestDue = earlier(l.OldestDue, charge.IDTime(c.int()).UTC())
		l.Minute += int(c.int())
		l.TenMinutes += int(c.int())
		return c.failed()
	}
	now := s.cfg.Clock()
	ages := []any{charge.FirstID(now.Add(-time.Minute)), charge.FirstID(now.Add(-10 * time.Minute))}
	err := s.Read(ctx, func(t *Tx) error {
		scans := [4]func(*cells) error{func(c *cells) error {
			m, err := markRows.scan(c)
			l := of(m.lot)
			l.ToldStays, l.Paused, l.PauseReason, l.Clock = m.marks.ToldStays, m.marks.Paused, m.marks.PauseReason, m.marks.Clock
			l.LastRefused = m.refused
			return err
		}, func(c *cells) error {
			line, err := scanLine(c)
			l := of(line.Lot)
			if l.Beat = line.Beat; line.Node != "" {
				l.Online, l.Node, l.Lines = true, line.Node, append(l.Lines, line)
			}
			return err
		}, pending, pending}
		for i, q := range from {
			with := args
			if i >= 2 { // the counts of what is pending
				with = append(slices.Clone(ages), args...)
			}
			if err := t.each(q, scans[i], with...); err != nil {
				return err
			}
		}
		return nil
	})
	all := make([]charge.LotStatus, 0, len(lots))
	for _, l := range lots {
		if !l.Lot.IsZero() && !l.Lot.IsTrial() {
			all = append(all, *l)
		}
	}
	slices.SortFunc(all, func(a, b charge.LotStatus) int { return strings.Compare(a.Lot.String(), b.Lot.String()) })
	return all, err
}

// earlier returns the earlier of two times, a zero one being none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
