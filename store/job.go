package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

var (
	lineRoutes = statementOf(routesOf("line")+
		" AND EXISTS (SELECT 1 FROM line_session s WHERE s.node = ? AND s.node <> '' AND s.receive_cloud <> 0 "+
		"AND s.lot = r.route) "+
		"AND EXISTS (SELECT 1 FROM job j WHERE j.kind = 'line' AND j.route = r.route AND j.ready <= ?)", tableJob, tableLine)
	anyReady = statementOf("SELECT 1 FROM job WHERE kind = ? AND kind <> 'line' AND ready <= ? LIMIT 1", tableJob)

	claimColumns = tableJob.columns("")
	claimAny     = claim("kind = ? AND kind <> 'line' AND ready <= ? ORDER BY ready LIMIT ?")
	// A lot's line takes one at a time: those that were tried less often go first, then the oldest.
	claimLine  = claim("kind = 'line' AND route = ? AND ready <= ? ORDER BY attempt, id LIMIT ?")
	onTheirWay = statementOf("SELECT count(*) FROM job WHERE kind = 'line' AND route = ? AND lease = ? "+
		"AND lease_until > ?", tableJob)

	renewJob = renew()
)

// routesOf selects the routes that jobs of a kind wait for as r.route. They are stepped through by the index, one seek
// a route, however many jobs wait.
func routesOf(kind string) string {
	of := "SELECT min(route) FROM job WHERE kind = '" + kind + "'"
	return "WITH RECURSIVE r (route) AS (" + of + " UNION ALL SELECT (" + of + " AND route > r.route) FROM r " +
		"WHERE r.route IS NOT NULL) SELECT r.route FROM r WHERE r.route IS NOT NULL"
}

// renew makes the statement that moves the lease of a job. Many are moved by one, in the order of their ids.
func renew() *statement {
	q := statementOf("UPDATE job SET lease_until = ?, ready = CASE WHEN due > ? THEN due ELSE ? END "+
		"WHERE lease = ? AND id = ?", tableJob)
	q.together = gather("UPDATE job SET lease_until = a.p1, ready = CASE WHEN due > a.p2 THEN due ELSE a.p3 END FROM ",
		"iiiti", " WHERE job.lease = a.p4 AND job.id = a.p5")
	return q
}

// claim makes the statement that leases the jobs of a selection; PostgreSQL leaves out what another node is
// claiming at the moment.
func claim(where string) *statement {
	head := "UPDATE job SET lease = ?, lease_until = ?, ready = ?, fence = fence + 1 WHERE id IN (SELECT id " +
		"FROM job WHERE " + where
	tail := ") RETURNING " + claimColumns
	q := statementOf(head+tail, tableJob).changing()
	q.dollars = numbered(head+" FOR UPDATE SKIP LOCKED"+tail, "$")
	return q
}

// ClaimJobs leases up to limit due jobs whose lease is free or over to node until the given time, and returns
// them, their Fence raised. Line jobs are claimed only for routes whose line is on this node, and only so many of one
// route that no more than outbox.RouteMost are leased to the node.
func (s *Store) ClaimJobs(ctx context.Context, node string, kind outbox.Kind, now, until time.Time,
	limit int) ([]outbox.Job, error) {
	routes, err := s.dueRoutes(ctx, node, kind, now)
	if err != nil || len(routes) == 0 {
		return nil, err
	}
	var jobs []outbox.Job
	err = s.write(ctx, []int64{lockOf("claim", node, string(kind))}, func(t *Tx) error {
		jobs = nil
		for _, route := range routes {
			var err error
			q, what, room := claimAny, string(kind), limit-len(jobs)
			if kind == outbox.KindLine {
				q, what = claimLine, route
				if room, err = t.roomOf(route, node, now, room); err != nil {
					return err
				}
			}
			if room <= 0 {
				continue
			}
			more, err := list(t, q, deref(scanJob), node, millis(until), millis(until), what, millis(now), room)
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
		if kind == outbox.KindLine {
			return cmp.Or(cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return jobs, err
}

// dueRoutes lists the routes that have due jobs of a kind: for line jobs those whose line is on the node, else one
// empty route. Nothing is due most of the time, and looking costs no commit.
func (s *Store) dueRoutes(ctx context.Context, node string, kind outbox.Kind, now time.Time) ([]string, error) {
	var routes []string
	look := s.glance
	if s.engine.misses(millis(now)) {
		look = s.Read
	}
	err := look(ctx, func(t *Tx) (err error) {
		if kind == outbox.KindLine {
			routes, err = list(t, lineRoutes, func(c *cells) (string, error) { return c.text(), nil }, node, millis(now))
			return err
		}
		found, err := t.get(anyReady, func(*cells) error { return nil }, string(kind), millis(now))
		if found {
			routes = []string{""}
		}
		return err
	})
	return routes, err
}

// roomOf returns how many jobs of a route may still be leased to the node, at most so many.
func (t *Tx) roomOf(route, node string, now time.Time, most int) (int, error) {
	_, err := t.get(onTheirWay, func(c *cells) error {
		most = min(most, outbox.RouteMost-int(c.int()))
		return c.failed()
	}, route, node, millis(now))
	return most, err
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

var (
	selectJob = tableJob.selectByID()
	lockJob   = tableJob.selectByID().locking().of("i")
	updateJob = tableJob.update("due ready attempt lease lease_until fence")
	// What only messages of webhooks have is put apart: see outcome.
	updateMessage = tableJob.update("due ready attempt lease lease_until fence tried wrong gave_up")
	deleteJob     = tableJob.remove()
	wakeLine      = wake("kind = 'line'")
	wakeAny       = wake("kind <> 'line'")
	// A line job that is under way is due again at once if its try fails: its line may have ended with a session that
	// another has replaced. It keeps its lease.
	wakeUnderWay = statementOf("UPDATE job SET due = ?, ready = lease_until WHERE kind = 'line' AND route = ? "+
		"AND lease <> '' AND lease_until > ?", tableJob)
)

// Job finds a job by its id, which is its delivery's id; nil once it is done. In a write no other process can claim,
// change or end it until the commit.
func (t *Tx) Job(id int64) (*outbox.Job, error) {
	if t.readOnly {
		return first(t, selectJob, scanJob, id)
	}
	return first(t, lockJob, scanJob, id)
}

// AddJob stores a job that has no delivery (a report, a webhook's message).
func (t *Tx) AddJob(j outbox.Job) error {
	return addRow(t, jobRows, &j)
}

// SetJob puts due time, attempt count, lease and fence; of a webhook's message also what became of its tries.
func (t *Tx) SetJob(j outbox.Job) error {
	if j.Kind == outbox.KindWebhook {
		return setRow(t, jobRows, updateMessage, &j)
	}
	return setRow(t, jobRows, updateJob, &j)
}

// EndJob deletes a job: nothing is left to try.
func (t *Tx) EndJob(id int64) error { return t.link.put(deleteJob, []any{id}, -1) }

// WakeJobs makes a lot's waiting jobs due at once and returns how many there were. A line job that is under way keeps
// its lease, and its due time says that the line has come up since.
func (t *Tx) WakeJobs(lot charge.LotID, now time.Time) (int, error) {
	ms, all := millis(now), int64(0)
	if _, err := t.link.exec(wakeUnderWay, []any{ms, lot.String(), ms}); err != nil {
		return 0, err
	}
	for _, q := range []*statement{wakeLine, wakeAny} { // each has an index of its own
		n, err := t.link.exec(q, []any{ms, ms, ms, ms, lot.String(), ms})
		if all += n; err != nil {
			return 0, err
		}
	}
	return int(all), nil
}

func wake(kind string) *statement {
	return statementOf("UPDATE job SET due = CASE WHEN due > ? THEN ? ELSE due END, ready = CASE WHEN due > ? THEN ? "+
		"ELSE due END, "+
		"lease = '', lease_until = 0 WHERE "+kind+" AND route = ? AND (lease = '' OR lease_until <= ?)", tableJob)
}

func scanJob(c *cells) (*outbox.Job, error) { return jobRows.scan(c) }
