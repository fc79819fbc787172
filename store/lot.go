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

// howOld counts what is pending, all of it and by age, and finds the oldest. Age is that of the id: a delivery
// has waited since it was made, while its due time moves on with every try.
const howOld = "count(*), min(d.id), sum(CASE WHEN d.id < ? THEN 1 ELSE 0 END), sum(CASE WHEN d.id < ? THEN 1 ELSE 0 END)"

var (
	pendingByLot = statementOf("SELECT route, "+howOld+" FROM job d WHERE kind <> 'report' GROUP BY route", tableJob)
	unknownByLot = statementOf("SELECT lot, "+howOld+" FROM delivery d WHERE "+unknownAlone+" GROUP BY lot", tableDelivery, tableJob)
	allLotMarks  = tableLotMark.selectWhere("lot <> '' ORDER BY lot")
	allLines     = tableLine.selectWhere("lot <> '' ORDER BY lot, beat")

	pendingOf = statementOf("SELECT route, "+howOld+" FROM job d WHERE kind <> 'report' AND route = ? GROUP BY route", tableJob)
	unknownOf = statementOf("SELECT lot, "+howOld+" FROM delivery d WHERE "+unknownAlone+" AND lot = ? GROUP BY lot", tableDelivery, tableJob)
	marksOf   = tableLotMark.selectWhere("lot = ?")
	everyLine = tableLine.selectWhere("lot = ? ORDER BY beat")
)

// LotStatus says how a lot stands. Of a lot that nothing is known of it gives the zero status.
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
			l := of(lotOf(c))
			l.ToldStays, l.Paused, l.PauseReason = c.bool(), c.bool(), c.text()
			return c.failed()
		}, func(c *cells) error {
			line, err := scanLine(c)
			l := of(line.Lot)
			if l.Beat = line.Beat; line.Node != "" {
				l.Online, l.Node = true, line.Node
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
		if !l.Lot.IsZero() {
			all = append(all, *l)
		}
	}
	slices.SortFunc(all, func(a, b charge.LotStatus) int { return strings.Compare(a.Lot.String(), b.Lot.String()) })
	return all, err
}

// earlier gives the earlier of two times, a zero one being none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

var (
	countPushes  = countPushesOf()
	countStates  = countStatesOf()
	countPending = statementOf("SELECT count(*), coalesce(min(id), 0) FROM job WHERE kind <> 'report'", tableJob)
	countUnknown = statementOf("SELECT count(*), coalesce(min(d.id), 0) FROM delivery d WHERE "+unknownAlone, tableDelivery, tableJob)
	latestPush   = statementOf("SELECT max(received) FROM push", tablePush)
	countOffLine = statementOf("SELECT count(*) FROM (SELECT DISTINCT route FROM job WHERE kind = 'line') r "+
		"WHERE NOT EXISTS (SELECT 1 FROM line_session s WHERE s.lot = r.route AND s.node <> '')", tableJob, tableLine)
)

// Each state is counted in its own index: to group, SQLite would sort all rows of the span by their texts.
func countStatesOf() *statement {
	var parts []string
	for _, state := range charge.States {
		parts = append(parts, "SELECT '"+string(state)+"' AS w, count(*) AS n FROM charge WHERE state = '"+string(state)+"' AND received >= ? AND received < ?")
	}
	return statementOf("SELECT w, n FROM ("+strings.Join(parts, " UNION ALL ")+") c WHERE n > 0", tableCharge)
}

// Refusals have an index, the others are counted in one walk.
func countPushesOf() *statement {
	var parts []string
	for _, o := range refusals() {
		parts = append(parts, "SELECT '"+o.(string)+"' AS w, count(*) AS n FROM push WHERE outcome = '"+o.(string)+"' AND "+isRefusal+" AND received >= ? AND received < ?")
	}
	const counts = "SELECT count(*) FILTER (WHERE outcome = 'accepted') AS a, count(*) FILTER (WHERE outcome = 'duplicate') AS d, " +
		"count(*) FILTER (WHERE outcome = 'question') AS q FROM push WHERE received >= ? AND received < ?"
	for _, o := range []charge.Outcome{charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion} {
		parts = append(parts, "SELECT '"+string(o)+"' AS w, "+string(o)[:1]+" AS n FROM taken")
	}
	return statementOf("WITH taken AS MATERIALIZED ("+counts+") SELECT w, n FROM ("+strings.Join(parts, " UNION ALL ")+") p WHERE n > 0", tablePush)
}

// spans repeats a span for every part of a statement that has one.
func spans(q *statement, from, to time.Time) (args []any) {
	for range strings.Count(q.text, "?") / 2 {
		args = append(args, millis(from), millis(to))
	}
	return args
}

// Counts gives the figures of a span of time, from inclusive, to exclusive; what is pending is as of now.
func (s *Store) Counts(ctx context.Context, from, to time.Time) (charge.Counts, error) {
	n := charge.Counts{Pushes: make(map[charge.Outcome]int64), States: make(map[charge.State]int64)}
	pending := func(c *cells) error {
		n.Pending += c.int()
		if oldest := c.int(); oldest != 0 {
			n.Oldest = earlier(n.Oldest, charge.IDTime(oldest).UTC())
		}
		return c.failed()
	}
	err := s.Read(ctx, func(t *Tx) error {
		for _, q := range []struct {
			q    *statement
			args []any
			scan func(*cells) error
		}{
			{countPushes, spans(countPushes, from, to), func(c *cells) error {
				n.Pushes[charge.Outcome(c.text())] = c.int()
				return c.failed()
			}},
			{countStates, spans(countStates, from, to), func(c *cells) error {
				n.States[charge.State(c.text())] = c.int()
				return c.failed()
			}},
			{countPending, nil, pending},
			{countUnknown, nil, pending},
			{latestPush, nil, func(c *cells) error { n.LatestAt = c.time(); return c.failed() }},
			{countOffLine, nil, func(c *cells) error { n.OffLine = c.int(); return c.failed() }},
		} {
			if err := t.each(q.q, q.scan, q.args...); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
