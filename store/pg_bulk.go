package store

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// putChecks tells after a batch whether a put changed another number of rows than it wanted.
type putChecks struct{ missed bool }

func (c *putChecks) want(n int64) func(pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		c.missed = c.missed || n >= 0 && tag.RowsAffected() != n
		return nil
	}
}

// queuePuts queues what was put: the inserts of each table as one statement, then the rest in its order.
func queuePuts(b *pgx.Batch, puts []put) *putChecks {
	checks := new(putChecks)
	rows := make(map[*table][][]any)
	want := make(map[*table]int64)
	for _, p := range puts {
		if t := p.q.into; t != nil && !p.alone {
			rows[t] = append(rows[t], p.args)
			if p.want < 0 {
				want[t] = -1
			} else if want[t] >= 0 {
				want[t] += p.want
			}
		}
	}
	for _, t := range tables { // in one order, so that batches wait for each other's keys in one order
		if len(rows[t]) > 0 {
			b.Queue(t.bulk, t.arrays(rows[t])...).Exec(checks.want(want[t]))
		}
	}
	for _, p := range puts {
		if p.q.into == nil || p.alone {
			b.Queue(p.q.dollars, p.args...).Exec(checks.want(p.want))
		}
	}
	return checks
}

// arrays turns rows into columns for a bulk insert. Tables whose keys others may be inserting at the same time
// are put in the order of their keys.
func (t *table) arrays(rows [][]any) []any {
	if t == tableRepeat || t == tablePlate {
		slices.SortFunc(rows, func(a, b []any) int {
			if c := strings.Compare(a[0].(string), b[0].(string)); c != 0 {
				return c
			}
			return strings.Compare(a[1].(string), b[1].(string))
		})
	}
	args := make([]any, len(t.cols))
	for i, c := range t.cols {
		switch c.kind {
		case kindInt:
			args[i] = columnOf[int64](rows, i)
		case kindText:
			args[i] = columnOf[string](rows, i)
		case kindBytes:
			args[i] = columnOf[[]byte](rows, i)
		case kindMaybe:
			args[i] = maybeColumn(rows, i)
		}
	}
	return args
}

func columnOf[T any](rows [][]any, i int) []T {
	col := make([]T, len(rows))
	for j, r := range rows {
		col[j] = r[i].(T)
	}
	return col
}

func maybeColumn(rows [][]any, i int) []*int64 {
	col := make([]*int64, len(rows))
	for j, r := range rows {
		if n, ok := r[i].(int64); ok {
			col[j] = &n
		}
	}
	return col
}
