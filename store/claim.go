package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/outbox"
)

var (
	// The lots that have line jobs are stepped through by the index, one seek a lot, however many jobs wait.
	lineRoutes = statementOf("WITH RECURSIVE r (route) AS (SELECT min(route) FROM job WHERE kind = 'line' "+
		"UNION ALL SELECT (SELECT min(route) FROM job WHERE kind = 'line' AND route > r.route) FROM r WHERE r.route IS NOT NULL) "+
		"SELECT r.route FROM r WHERE r.route IS NOT NULL "+
		"AND EXISTS (SELECT 1 FROM line_session s WHERE s.node = ? AND s.node <> '' AND s.receive_cloud <> 0 AND s.lot = r.route) "+
		"AND EXISTS (SELECT 1 FROM job j WHERE j.kind = 'line' AND j.route = r.route AND j.ready <= ?)", tableJob, tableLine)
	anyReady = statementOf("SELECT 1 FROM job WHERE kind = ? AND kind <> 'line' AND ready <= ? LIMIT 1", tableJob)

	claimColumns = tableJob.columns("")
	claimAny     = claim("kind = ? AND kind <> 'line' AND ready <= ? ORDER BY ready LIMIT ?")
	claimLine    = claim("kind = 'line' AND route = ? AND ready <= ? ORDER BY ready LIMIT ?")

	renewJob = renew()
)

// renew makes the statement that moves the lease of a job. Many are moved by one, in the order of their ids.
func renew() *statement {
	q := statementOf("UPDATE job SET lease_until = ?, ready = CASE WHEN due > ? THEN due ELSE ? END WHERE lease = ? AND id = ?", tableJob)
	q.kinds = "iiiti"
	q.together = "UPDATE job SET lease_until = a.p1, ready = CASE WHEN due > a.p2 THEN due ELSE a.p3 END FROM " + parameterRows(q.kinds) +
		" WHERE job.lease = a.p4 AND job.id = a.p5"
	return q
}

// claim makes the statement that leases the jobs of a selection; PostgreSQL leaves out what another node is
// claiming at the moment.
func claim(where string) *statement {
	head := "UPDATE job SET lease = ?, lease_until = ?, ready = ?, fence = fence + 1 WHERE id IN (SELECT id FROM job WHERE " + where
	tail := ") RETURNING " + claimColumns
	q := statementOf(head+tail, tableJob).changing()
	q.dollars = numbered(head+" FOR UPDATE SKIP LOCKED"+tail, "$")
	return q
}

// ClaimJobs leases up to limit due jobs whose lease is free or over to node until the given time, and gives
// them, their Fence raised. Line jobs are given only for routes whose line is on this node.
func (s *Store) ClaimJobs(ctx context.Context, node string, kind outbox.Kind, now, until time.Time, limit int) ([]outbox.Job, error) {
	routes := []string{""}
	err := s.Read(ctx, func(t *Tx) error { // nothing is due most of the time, and looking costs no commit
		if kind == outbox.KindLine {
			var err error
			routes, err = list(t, lineRoutes, func(c *cells) (string, error) { return c.text(), nil }, node, millis(now))
			return err
		}
		found, err := t.get(anyReady, func(*cells) error { return nil }, string(kind), millis(now))
		if !found {
			routes = nil
		}
		return err
	})
	if err != nil || len(routes) == 0 {
		return nil, err
	}
	var jobs []outbox.Job
	err = s.write(ctx, []int64{lockOf("claim", node, string(kind))}, func(t *Tx) error {
		jobs = nil
		for _, route := range routes {
			q, what := claimAny, string(kind)
			if kind == outbox.KindLine {
				q, what = claimLine, route
			}
			more, err := list(t, q, deref(scanJob), node, millis(until), millis(until), what, millis(now), limit-len(jobs))
			if err != nil {
				return err
			}
			if jobs = append(jobs, more...); len(jobs) >= limit {
				break
			}
		}
		return nil
	})
	slices.SortFunc(jobs, func(a, b outbox.Job) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return jobs, err
}

// RenewJobs moves the leases of jobs that this node still holds.
func (s *Store) RenewJobs(ctx context.Context, node string, ids []int64, until time.Time) error {
	return s.write(ctx, []int64{lockOf("renew", node)}, func(t *Tx) error {
		ms := millis(until)
		for _, id := range ids {
			if err := t.link.put(renewJob, []any{ms, ms, ms, node, id}, -1); err != nil {
				return err
			}
		}
		return nil
	})
}
