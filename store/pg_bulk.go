package store

import (
	"cmp"
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

// queuePuts queues what was put: the inserts of each table as one statement, then the updates and deletions of
// single rows, each kind as one statement, then the rest in its order.
func queuePuts(b *pgx.Batch, puts []put) *putChecks {
	checks := new(putChecks)
	inserts := make(map[*statement][]put)
	changes := make(map[*statement][]put)
	var order []*statement
	for _, p := range puts {
		switch {
		case p.alone:
		case p.q.into != nil:
			inserts[p.q] = append(inserts[p.q], p)
		case p.q.together != "":
			if changes[p.q] == nil {
				order = append(order, p.q)
			}
			changes[p.q] = append(changes[p.q], p)
		}
	}
	for _, t := range tables { // in one order, so that batches wait for each other's keys in one order
		if list := inserts[t.insert]; len(list) > 0 {
			b.Queue(t.bulk, t.arrays(list)...).Exec(checks.want(wanted(list)))
		}
	}
	for _, q := range order {
		list := lastOfEach(changes[q])
		if len(list) == 1 {
			b.Queue(q.dollars, list[0].args...).Exec(checks.want(list[0].want))
			continue
		}
		b.Queue(q.together, arraysOf(q.kinds, list)...).Exec(checks.want(wanted(list)))
	}
	for _, p := range puts {
		if p.alone || p.q.into == nil && p.q.together == "" {
			b.Queue(p.q.dollars, p.args...).Exec(checks.want(p.want))
		}
	}
	return checks
}

// wanted is how many rows puts are to change together; negative where one of them takes any number.
func wanted(list []put) (n int64) {
	for _, p := range list {
		if p.want < 0 {
			return -1
		}
		n += p.want
	}
	return n
}

// lastOfEach leaves of several changes of one row, which its last parameter names, the last. Each puts the same
// columns. Rows come in the order of their ids, so that batches wait for each other in one order.
func lastOfEach(list []put) []put {
	slices.SortStableFunc(list, func(a, b put) int { return cmp.Compare(a.id(), b.id()) })
	last := list[:0]
	for i, p := range list {
		if i+1 == len(list) || list[i+1].id() != p.id() {
			last = append(last, p)
		}
	}
	return last
}

func (p put) id() int64 { return p.args[len(p.args)-1].(int64) }

// arrays turns rows into columns for a bulk insert. Tables whose keys others may be inserting at the same time
// are put in the order of their keys.
func (t *table) arrays(list []put) []any {
	if t == tableRepeat || t == tablePlate {
		slices.SortFunc(list, func(a, b put) int {
			return cmp.Or(strings.Compare(a.args[0].(string), b.args[0].(string)), strings.Compare(a.args[1].(string), b.args[1].(string)))
		})
	}
	return arraysOf(t.kinds, list)
}

// arraysOf turns the parameters of puts into one array for each.
func arraysOf(kinds string, list []put) []any {
	args := make([]any, len(kinds))
	for i, kind := range []byte(kinds) {
		switch kind {
		case kindInt:
			args[i] = columnOf[int64](list, i)
		case kindText:
			args[i] = columnOf[string](list, i)
		case kindBytes:
			args[i] = columnOf[[]byte](list, i)
		case kindMaybe:
			args[i] = maybeColumn(list, i)
		}
	}
	return args
}

func columnOf[T any](list []put, i int) []T {
	col := make([]T, len(list))
	for j, p := range list {
		col[j] = p.args[i].(T)
	}
	return col
}

func maybeColumn(list []put, i int) []*int64 {
	col := make([]*int64, len(list))
	for j, p := range list {
		if n, ok := p.args[i].(int64); ok {
			col[j] = &n
		}
	}
	return col
}
