package store

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"sync"
	"sync/atomic"

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

// BulkLoad writes many charges into a store that has none yet, as quickly as the engine takes them, and returns
// how many it wrote. Indexes are taken away meanwhile and made again at the end, or at the next Open where it
// did not come so far; the store serves nothing else until then.
func (s *Store) BulkLoad(ctx context.Context, loads iter.Seq[Load]) (n int64, err error) {
	s.filling.Store(true)
	defer s.filling.Store(false)
	if err := s.dropIndexes(ctx); err != nil {
		return 0, err
	}
	n, err = s.loadAll(ctx, loads)
	if err == nil {
		err = s.engine.long(ctx, repeatsOfAll)
	}
	if err == nil {
		err = s.loadPlates(ctx)
	}
	// What upkeep would bring after a while is there at once.
	if err = errors.Join(err, s.makeIndexes(context.WithoutCancel(ctx))); err == nil {
		err = s.engine.indexPlates(ctx, platesInBulk)
	}
	if err == nil {
		err = s.SumUp(ctx)
	}
	return n, err
}

var (
	platesOfAll = statementOf("SELECT plate FROM charge WHERE plate <> '' UNION SELECT plate FROM stay "+
		"WHERE plate <> '' ORDER BY 1", tableCharge, tableStay)
	anyCharge = statementOf("SELECT 1 FROM repeat LIMIT 1", tableRepeat)
)

const (
	bulkChunk = 2000
	// Charges in bulk are those of platforms whose accounts number the orders.
	repeatsOfAll = "INSERT INTO repeat (platform, key, issuer, charge, gone) " +
		"SELECT platform, repeat_key, account, id, '' FROM charge ORDER BY platform, repeat_key, account"
)

// loadAll writes in as many transactions side by side as there are committers.
func (s *Store) loadAll(ctx context.Context, loads iter.Seq[Load]) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	chunks := make(chan []Load)
	var wg sync.WaitGroup
	var n atomic.Int64
	for i := range s.queues {
		wg.Go(func() {
			for part := range chunks {
				err := s.write(ctx, []int64{int64(i)}, func(t *Tx) error {
					t.bulk = true
					return t.load(part)
				})
				if err != nil {
					cancel(err)
					continue
				}
				n.Add(int64(len(part)))
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
		if part = append(part, l); len(part) == bulkChunk && !send() {
			break
		}
	}
	if len(part) > 0 {
		send()
	}
	close(chunks)
	wg.Wait()
	return n.Load(), context.Cause(ctx)
}

func (t *Tx) load(part []Load) error {
	for _, l := range part {
		if err := t.AddCharge(l.Charge, l.Charge.Account); err != nil {
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

// loadPlates makes all plates known to the search by a part.
func (s *Store) loadPlates(ctx context.Context) error {
	return s.Read(ctx, func(t *Tx) error {
		var part []string
		flush := func() error {
			plates := part
			part = nil
			return s.write(ctx, nil, func(t *Tx) error {
				for _, p := range plates {
					if err := t.link.put(tablePlate.insert, []any{p, reverse(p)}, -1); err != nil {
						return err
					}
				}
				return nil
			})
		}
		err := t.each(platesOfAll, func(c *cells) error {
			if part = append(part, c.text()); len(part) < bulkChunk {
				return c.failed()
			}
			return flush()
		})
		if err == nil && len(part) > 0 {
			err = flush()
		}
		return err
	})
}

// While indexes are away, a document of this kind says how to make them again.
const indexDocs = "store.indexes"

// dropIndexes takes away what makes bulk writing slow, from a store without charges.
func (s *Store) dropIndexes(ctx context.Context) error {
	return s.write(ctx, nil, func(t *Tx) error {
		found, err := t.get(anyCharge, func(*cells) error { return nil })
		if err != nil {
			return err
		}
		if found {
			return errors.New("store: bulk writing is for a store without charges")
		}
		indexes, err := list(t, s.engine.indexes(), func(c *cells) ([2]string, error) {
			return [2]string{c.text(), c.text()}, c.failed()
		})
		if err != nil {
			return err
		}
		body, err := json.Marshal(indexes)
		if err != nil {
			return err
		}
		if err := t.link.put(putDoc, []any{indexDocs, "", body}, 1); err != nil {
			return err
		}
		for _, x := range indexes {
			drop := "DROP INDEX " + x[0]
			if _, err := t.link.exec(&statement{text: drop, dollars: drop, once: true}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// makeIndexes makes the indexes again that a bulk write took away.
func (s *Store) makeIndexes(ctx context.Context) error {
	body, err := s.Doc(ctx, indexDocs, "")
	if err != nil || body == nil {
		return err
	}
	var indexes [][2]string
	if err := json.Unmarshal(body, &indexes); err != nil {
		return wrapf(err, "read %s", indexDocs)
	}
	for _, x := range indexes {
		if err := s.engine.long(ctx, "DROP INDEX IF EXISTS "+x[0], x[1]); err != nil {
			return wrapf(err, "make index %s", x[0])
		}
	}
	if err := s.write(ctx, nil, func(t *Tx) error { return t.link.put(deleteDoc, []any{indexDocs, ""}, 1) }); err != nil {
		return err
	}
	return s.engine.analyze(ctx)
}
