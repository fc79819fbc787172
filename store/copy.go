package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// Copy copies all data of a store into an empty one, on whichever engines, and checks that counts and ledger
// sums agree. Nothing may write to either meanwhile, or the check fails. progress, which may be nil, is called with
// every few thousand rows of a table.
func Copy(ctx context.Context, from, to *Store, progress func(table string, rows int64)) error {
	if err := to.empty(ctx); err != nil {
		return err
	}
	to.filling.Store(true) // its sums are copied too
	defer to.filling.Store(false)
	if progress == nil {
		progress = func(string, int64) {}
	}
	var want []tableSum
	err := from.Read(ctx, func(t *Tx) (err error) {
		for _, tab := range tables {
			if err := t.copyTable(ctx, tab, to, progress); err != nil {
				return wrapf(err, "copy table %s", tab.name)
			}
		}
		want, err = t.tableSums()
		return err
	})
	if err != nil {
		return err
	}
	if err := to.engine.analyze(ctx); err != nil {
		return err
	}
	return to.Read(ctx, func(t *Tx) error {
		have, err := t.tableSums()
		if err != nil {
			return err
		}
		for i, w := range want {
			if have[i] != w {
				return fmt.Errorf("store: the copy does not agree: %s has %+v, not %+v", tables[i].name, have[i], w)
			}
		}
		return nil
	})
}

// empty refuses a store that holds anything of a site.
func (s *Store) empty(ctx context.Context) error {
	return s.Read(ctx, func(t *Tx) error {
		for _, tab := range tables {
			found, err := t.get(&statement{text: "SELECT 1 FROM " + tab.name + " LIMIT 1", dollars: "SELECT 1 FROM " + tab.name +
				" LIMIT 1", once: true},
				func(*cells) error { return nil })
			if err != nil {
				return err
			}
			if found {
				return fmt.Errorf("store: the place to copy to is not empty: table %s holds rows", tab.name)
			}
		}
		return nil
	})
}

// copyTable reads a table in the order of its key and writes it elsewhere.
func (t *Tx) copyTable(ctx context.Context, tab *table, to *Store, progress func(string, int64)) error {
	const chunk = 1000
	var rows [][]any
	var done int64
	flush := func() error {
		part := rows
		err := to.write(ctx, []int64{lockOf("copy")}, func(w *Tx) error {
			for _, r := range part {
				if err := w.add(tab, append([]any(nil), r...)...); err != nil {
					return err
				}
			}
			return nil
		})
		done += int64(len(rows))
		rows = nil
		progress(tab.name, done)
		return err
	}
	q := tab.selectWhere("1 = 1 ORDER BY " + strings.Join(tab.key, ", "))
	q.once = true
	err := t.each(q, func(c *cells) error {
		rows = append(rows, tab.unpacked(c))
		if len(rows) < chunk || c.failed() != nil {
			return c.failed()
		}
		return flush()
	})
	if err == nil && len(rows) > 0 {
		err = flush()
	}
	return err
}

// unpacked returns the values of a whole row.
func (t *table) unpacked(c *cells) []any {
	vals := slices.Clone(c.vals)
	for _, i := range t.packs {
		c.next = i
		if t.cols[i].kind == kindText {
			vals[i] = c.text()
		} else {
			vals[i] = c.packed()
		}
	}
	return vals
}

// tableSum is what a copy must agree on.
type tableSum struct {
	rows   int64
	ledger charge.Sums
}

func (t *Tx) tableSums() ([]tableSum, error) {
	sums := make([]tableSum, len(tables))
	for i, tab := range tables {
		text := "SELECT count(*) FROM " + tab.name
		_, err := t.get(&statement{text: text, dollars: text, once: true}, func(c *cells) error {
			sums[i].rows = c.int()
			return c.failed()
		})
		if err != nil {
			return nil, err
		}
		if tab != tableLedger {
			continue
		}
		l := &sums[i].ledger
		err = t.each(ledgerSums, func(c *cells) error {
			kind, minutes, amount := charge.EntryKind(c.text()), c.int(), charge.Fen(c.int())
			if kind == charge.EntryGrant {
				l.GrantMinutes, l.GrantAmount = minutes, amount
			} else {
				l.UsageMinutes, l.UsageAmount = minutes, amount
			}
			return c.failed()
		})
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}

var ledgerSums = statementOf("SELECT kind, CAST(sum(minutes) AS BIGINT), CAST(sum(amount) AS BIGINT) FROM ledger "+
	"GROUP BY kind", tableLedger)
