package store

import (
	"context"
	"iter"
	"sync"

	"github.com/chargestamp/chargestamp/charge"
)

// Load is a charge with what hangs on it, for BulkLoad.
type Load struct {
	Charge     *charge.Charge
	Stay       *charge.Stay // nil for none, or one that came with another charge
	Pushes     []charge.Push
	Deliveries []charge.Delivery // without jobs: nothing is sent
	Attempts   []charge.Attempt
	Ledger     []charge.LedgerEntry
	Events     []charge.Event
}

// BulkLoad writes many charges as quickly as the engine takes them, for benchmarks and imports, and gives how
// many it wrote. Pushes that come meanwhile wait long.
func (s *Store) BulkLoad(ctx context.Context, loads iter.Seq[Load]) (n int64, err error) {
	const chunk = 1000
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if err := s.engine.roomy(ctx, true); err != nil {
		return 0, err
	}
	defer func() {
		if e := s.engine.roomy(context.WithoutCancel(ctx), false); err == nil {
			err = e
		}
	}()
	chunks := make(chan []Load)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range s.queues {
		wg.Go(func() {
			for part := range chunks {
				err := s.write(ctx, []int64{int64(i)}, func(t *Tx) error { return t.load(part) })
				if err != nil {
					cancel(err)
					continue
				}
				mu.Lock()
				n += int64(len(part))
				mu.Unlock()
			}
		})
	}
	var part []Load
	send := func() bool {
		select {
		case chunks <- part:
			part = nil
			return true
		case <-ctx.Done():
			return false
		}
	}
	for l := range loads {
		if part = append(part, l); len(part) == chunk && !send() {
			break
		}
	}
	if len(part) > 0 {
		send()
	}
	close(chunks)
	wg.Wait()
	if err = context.Cause(ctx); err == nil {
		err = s.engine.analyze(ctx)
	}
	return n, err
}

func (t *Tx) load(part []Load) error {
	for _, l := range part {
		if err := t.AddCharge(l.Charge); err != nil {
			return err
		}
		if l.Stay != nil {
			if err := t.AddStay(l.Stay); err != nil {
				return err
			}
		}
		for _, p := range l.Pushes {
			if err := t.AddPush(p); err != nil {
				return err
			}
		}
		for i := range l.Deliveries {
			if err := t.addDelivery(&l.Deliveries[i]); err != nil {
				return err
			}
		}
		for _, a := range l.Attempts {
			if err := t.AddAttempt(a); err != nil {
				return err
			}
		}
		for _, e := range l.Ledger {
			if err := t.AddLedger(e); err != nil {
				return err
			}
		}
		for _, e := range l.Events {
			if err := t.AddEvent(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// roomy implements engine: a bulk write touches the whole of every index again and again.
func (e *sqliteEngine) roomy(ctx context.Context, on bool) error {
	size := statementOf("PRAGMA cache_size = -16384")
	if on {
		size = statementOf("PRAGMA cache_size = -1000000")
	}
	return e.store.write(ctx, nil, func(t *Tx) error { return t.link.put(size, nil, -1) })
}

func (e *postgresEngine) roomy(context.Context, bool) error { return nil }

// analyze implements engine: SQLite plans well without figures here, and with those of one site ill for others.
func (e *sqliteEngine) analyze(context.Context) error { return nil }

// analyze implements engine: the planner learns what is in the tables before it would by itself.
func (e *postgresEngine) analyze(ctx context.Context) error {
	_, err := e.pool.Exec(ctx, "ANALYZE")
	return wrapf(err, "analyze")
}
