package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// missed is the error of a put that changed another number of rows than it wanted: see queuePut.
const missed = "22012" // division by zero

var checkedTexts sync.Map // by text

// queuePut queues a statement that must change so many rows; a negative number takes any. PostgreSQL itself counts
// them and returns an error where there are others, so that nothing behind the put is done then, nor the commit.
func queuePut(b *pgx.Batch, text string, args []any, want int64) {
	if want < 0 {
		b.Queue(text, args...)
		return
	}
	checked, known := checkedTexts.Load(text)
	if !known {
		checked = "WITH put AS (" + text + " RETURNING 1) SELECT 1 / CAST(count(*) = $" + strconv.Itoa(len(args)+1) +
			" AS int) FROM put"
		checkedTexts.Store(text, checked)
	}
	b.Queue(checked.(string), append(slices.Clip(args), want)...)
}

// queuePuts queues what was put: the inserts of each table as one statement, then the updates and deletions of
// single rows, each kind as one statement, then the rest in its order.
func queuePuts(b *pgx.Batch, puts []put) {
	inserts := make(map[*statement][]put)
	changes := make(map[*statement][]put)
	var order []*statement
	for _, p := range puts {
		switch {
		case p.alone:
		case p.q.into != nil:
			inserts[p.q] = append(inserts[p.q], p)
		case p.q.together != nil:
			if changes[p.q] == nil {
				order = append(order, p.q)
			}
			changes[p.q] = append(changes[p.q], p)
		}
	}
	for _, t := range tables { // in one order, so that batches wait for each other's keys in one order
		if list := inserts[t.insert]; len(list) > 0 {
			queueInserts(b, t, list)
		}
	}
	for _, q := range order {
		queueChanges(b, q, lastOfEach(changes[q]))
	}
	for _, p := range puts {
		if p.alone || p.q.into == nil && p.q.together == nil {
			queuePut(b, p.q.dollars, p.args, p.want)
		}
	}
}

// queueInserts queues the inserts of one table. Where each must be a new row, one that is there already is an error,
// which costs PostgreSQL less than to look first and to count.
func queueInserts(b *pgx.Batch, t *table, list []put) {
	if t == tableRepeat || t == tablePlate { // others may be inserting the same keys: all do it in their order
		slices.SortFunc(list, func(a, b put) int {
			return cmp.Or(strings.Compare(a.args[0].(string), b.args[0].(string)),
				strings.Compare(a.args[1].(string), b.args[1].(string)))
		})
	}
	t.many.shares(parameters(list), func(text string, args []any, from, to int) {
		want := wanted(list[from:to])
		if want == int64(to-from) {
			b.Queue(text, args...)
			return
		}
		queuePut(b, text+" ON CONFLICT DO NOTHING", args, want)
	})
}

// queueChanges queues changes of rows of one table, each of another row.
func queueChanges(b *pgx.Batch, q *statement, list []put) {
	if len(list) == 1 {
		queuePut(b, q.dollars, list[0].args, list[0].want)
		return
	}
	q.together.shares(parameters(list), func(text string, args []any, from, to int) {
		queuePut(b, text, args, wanted(list[from:to]))
	})
}

func parameters(list []put) [][]any {
	rows := make([][]any, len(list))
	for i, p := range list {
		rows[i] = p.args
	}
	return rows
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

type put struct {
	q     *statement
	args  []any
	want  int64
	alone bool // may not be gathered with other inserts
}
