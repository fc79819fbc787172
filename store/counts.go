package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	countPushes  = countPushesOf()
	countWrong   = countWrongOf()
	countStates  = countStatesOf()
	countPending = statementOf("SELECT count(*), coalesce(min(id), 0) FROM job WHERE "+ofDelivery+" AND "+realRoute,
		tableJob)
	countUnknown = statementOf("SELECT count(*), coalesce(min(d.id), 0) FROM delivery d WHERE "+unknownAlone,
		tableDelivery, tableJob)
	latestPush   = statementOf("SELECT max(received) FROM push", tablePush)
	countOffLine = statementOf("SELECT count(*) FROM (SELECT DISTINCT route FROM job "+
		"WHERE kind = 'line' AND "+realRoute+") r "+
		"WHERE NOT EXISTS (SELECT 1 FROM line_session s WHERE s.lot = r.route AND s.node <> '')", tableJob, tableLine)
)

// Each state is counted in its own index: to group, SQLite would sort all rows of the span by their texts.
func countStatesOf() *statement {
	var parts []string
	for _, state := range charge.States {
		parts = append(parts, "SELECT '"+string(state)+"' AS w, count(*) AS n FROM charge "+
			"WHERE state = '"+string(state)+"' AND received >= ? AND received < ? AND "+realPlate)
	}
	return statementOf("SELECT w, n FROM ("+strings.Join(parts, " UNION ALL ")+") c WHERE n > 0", tableCharge)
}

// Refusals have an index, the others are counted in one walk.
func countPushesOf() *statement {
	var parts []string
	for _, o := range refusals() {
		parts = append(parts, "SELECT '"+o.(string)+"' AS w, count(*) AS n FROM push "+
			"WHERE outcome = '"+o.(string)+"' AND "+isRefusal+" AND received >= ? AND received < ?")
	}
	const counts = "SELECT count(*) FILTER (WHERE outcome = 'accepted') AS a, " +
		"count(*) FILTER (WHERE outcome = 'duplicate') AS d, " +
		"count(*) FILTER (WHERE outcome = 'question') AS q FROM push WHERE received >= ? AND received < ?"
	for _, o := range []charge.Outcome{charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion} {
		parts = append(parts, "SELECT '"+string(o)+"' AS w, "+string(o)[:1]+" AS n FROM taken")
	}
	return statementOf("WITH taken AS MATERIALIZED ("+counts+") SELECT w, n FROM ("+strings.Join(parts,
		" UNION ALL ")+") p WHERE n > 0", tablePush)
}

// Each way to be refused is read from the index of refusals alone.
func countWrongOf() *statement {
	var parts []string
	for _, o := range refusals() {
		parts = append(parts, "SELECT platform, account, outcome, count(*) AS n, min(received) AS first, "+
			"max(received) AS last FROM push WHERE outcome = '"+o.(string)+"' AND "+isRefusal+
			" AND received >= ? AND charge = 0 GROUP BY platform, account, outcome")
	}
	return statementOf(strings.Join(parts, " UNION ALL "), tablePush)
}

// RefusedSince counts the pushes that were refused since a time, by account and outcome.
func (s *Store) RefusedSince(ctx context.Context, from time.Time) (counts []charge.RefusedCount, err error) {
	args := slices.Repeat([]any{millis(from)}, strings.Count(countWrong.text, "?"))
	err = s.Read(ctx, func(t *Tx) error {
		return t.each(countWrong, func(c *cells) error {
			counts = append(counts, charge.RefusedCount{Platform: c.text(), Account: c.text(),
				Outcome: charge.Outcome(c.text()), Count: c.int(), First: c.time(), Last: c.time()})
			return nil
		}, args...)
	})
	return counts, err
}

// spans repeats a span for every part of a statement that has one.
func spans(q *statement, from, to time.Time) (args []any) {
	for range strings.Count(q.text, "?") / 2 {
		args = append(args, millis(from), millis(to))
	}
	return args
}

// Counts returns the figures of a span of time, from inclusive, to exclusive; what is pending is as of now.
func (s *Store) Counts(ctx context.Context, from, to time.Time) (n charge.Counts, err error) {
	err = s.Read(ctx, func(t *Tx) (err error) {
		if n, err = t.spanCounts(from, to); err != nil {
			return err
		}
		pending := func(c *cells) error {
			n.Pending += c.int()
			if oldest := c.int(); oldest != 0 {
				n.Oldest = earlier(n.Oldest, charge.IDTime(oldest).UTC())
			}
			return c.failed()
		}
		return errors.Join(t.each(countPending, pending), t.each(countUnknown, pending),
			t.each(latestPush, func(c *cells) error { n.LatestAt = c.time(); return c.failed() }),
			t.each(countOffLine, func(c *cells) error { n.OffLine = c.int(); return c.failed() }))
	})
	return n, err
}

// SpanCounts returns the figures of a span of time, from inclusive, to exclusive, without what is pending now.
func (s *Store) SpanCounts(ctx context.Context, from, to time.Time) (n charge.Counts, err error) {
	err = s.Read(ctx, func(t *Tx) (err error) {
		n, err = t.spanCounts(from, to)
		return err
	})
	return n, err
}

func (t *Tx) spanCounts(from, to time.Time) (charge.Counts, error) {
	n := charge.Counts{Pushes: make(map[charge.Outcome]int64), States: make(map[charge.State]int64)}
	err := t.each(countPushes, func(c *cells) error {
		n.Pushes[charge.Outcome(c.text())] = c.int()
		return c.failed()
	}, spans(countPushes, from, to)...)
	if err != nil {
		return n, err
	}
	return n, t.each(countStates, func(c *cells) error {
		n.States[charge.State(c.text())] = c.int()
		return c.failed()
	}, spans(countStates, from, to)...)
}
