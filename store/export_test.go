package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/charge"
)

// PlanCharges, PlanPushes and PlanStays return how the engine finds the rows of a page of a list, step by step.
func (s *Store) PlanCharges(ctx context.Context, cf charge.ChargeFilter) ([]string, error) {
	return s.plan(ctx, tableCharge, paging{cursor: cf.Cursor, oldest: cf.Oldest}, func(t *Tx) (filter, string, error) {
		f, err := t.chargeFilter(cf)
		return f, "received", err
	})
}

// PlanPushes is PlanCharges for pushes.
func (s *Store) PlanPushes(ctx context.Context, pf charge.PushFilter) ([]string, error) {
	return s.plan(ctx, tablePush, paging{cursor: pf.Cursor, oldest: pf.Oldest}, func(t *Tx) (filter, string, error) {
		f, err := t.pushFilter(pf)
		return f, "received", err
	})
}

// SetFewOfLot has Pushes take a lot of so many rows for one of many, and returns what it took before.
func SetFewOfLot(n int) (before int) {
	before, fewOfLot = fewOfLot, n
	return before
}

// PlanStays is PlanCharges for stays.
func (s *Store) PlanStays(ctx context.Context, sf charge.StayFilter) ([]string, error) {
	return s.plan(ctx, tableStay, paging{cursor: sf.Cursor, oldest: sf.Oldest}, func(t *Tx) (filter, string, error) {
		f, err := t.stayFilter(sf)
		return f, f.stayOrder(sf.Lot.IsZero()), err
	})
}

// PlansOfVisit returns how a committer on PostgreSQL finds the charges and stays of a visit, for one lane and for two.
func (s *Store) PlansOfVisit(ctx context.Context) (plans []string, err error) {
	pooled, err := s.engine.(*postgresEngine).pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	conn := pooled.Hijack() // settings and plans go with it
	defer conn.Close(context.WithoutCancel(ctx))
	if err := applySettings(ctx, conn, committerSettings); err != nil {
		return nil, err
	}
	for i, text := range []string{
		selectChargesOfVisit.dollars, selectChargesOfVisit.together.text(2),
		selectStaysOf.dollars, selectStaysOf.together.text(2),
	} {
		name := fmt.Sprint("visit", i)
		if _, err := conn.Prepare(ctx, name, text); err != nil {
			return nil, err
		}
		nulls := strings.TrimSuffix(strings.Repeat("NULL,", strings.Count(text, "$")), ",")
		rows, err := conn.Query(ctx, "EXPLAIN EXECUTE "+name+"("+nulls+")")
		if err != nil {
			return nil, err
		}
		steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, err
		}
		plans = append(plans, strings.Join(steps, "\n"))
	}
	return plans, nil
}

// plan asks for the plan that the engine takes for a table of millions of rows: PostgreSQL would read an empty one
// whole.
func (s *Store) plan(ctx context.Context, from *table, p paging, of func(*Tx) (filter, string, error)) (steps []string,
	err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, newest, err := of(t)
		if err != nil {
			return err
		}
		start, err := parseCursor(p.cursor)
		if err != nil {
			return err
		}
		start.oldest = p.oldest
		ids, args, _ := f.idsFrom(from, newest, start, 51)
		explain, before := "EXPLAIN QUERY PLAN ", 3
		if s.Engine() != "sqlite" {
			explain, before = "EXPLAIN ", 0
			for _, way := range []string{"seqscan", "sort"} {
				set := statementOf("SET LOCAL enable_" + way + " = off")
				if err := t.each(set, func(*cells) error { return nil }); err != nil {
					return err
				}
			}
		}
		q := statementOf(explain + ids)
		q.once = true
		return t.each(q, func(c *cells) error {
			for range before { // its number, its parent's, nothing
				c.int()
			}
			steps = append(steps, c.text())
			return c.failed()
		}, args...)
	})
	return steps, err
}
