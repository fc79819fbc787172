package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A write asks its questions one after the other, and each is a way to the server and back. So the writes of a
// batch run side by side, each in a lane: when all lanes wait for an answer, their questions go out together,
// and what they put is gathered until they are done. Lanes that want the same visit, or the same job, run one
// after the other. Whatever does not work out in lanes makes the whole batch run again one by one.

// errLanes says that a batch must be run one by one.
var errLanes = errors.New("store: to be run one by one")

// errAgain is what a lane sees that wants a row another lane has: it will be run again after it.
var errAgain = errors.New("store: this write is run again")

type lanes struct {
	store *Store
	conn  *pgx.Conn
	crew  crew
	calls chan call
	locks []int64

	begun, committed bool

	mu   sync.Mutex
	rows map[heldRow]*lane
}

type heldRow struct {
	q  *statement
	id any
}

// lane is the link of one write.
type lane struct {
	all      *lanes
	write    *write
	answered chan error
	foreseen []*question // answered before they are asked
	puts     []put
	touched  uint32 // tables of puts not sent yet
	changed  uint32 // tables of puts that are not inserts
	alone    uint32 // tables with puts that keep their order
	sent     bool   // something was sent that can only be undone with the whole batch
	again    bool
	broken   error
}

// call is what a lane asks, or with no questions its end.
type call struct {
	lane      *lane
	questions []*question
}

// question is a statement and, once it has been asked, its answer.
type question struct {
	q    *statement
	args []any
	exec bool
	rows [][]any
	n    int64
}

// crew runs lanes on goroutines that have run some before: their stacks have grown to what a write needs. It is closed
// when its committer ends.
type crew chan func()

func (c crew) run(work func()) {
	select {
	case c <- work:
	default:
		go func() {
			work()
			for more := range c {
				more()
			}
		}()
	}
}

// runLanes runs and commits a batch. It returns errLanes where nothing is known against the batch but that it
// cannot be run this way.
func runLanes(s *Store, conn *pgx.Conn, crew crew, batch []*write) error {
	all := &lanes{store: s, conn: conn, crew: crew, calls: make(chan call), locks: batchLocks(batch)}
	for rest := batch; len(rest) > 0; {
		wave, later := pickWave(rest)
		again, err := all.run(wave, len(later) == 0)
		if err != nil {
			return err
		}
		rest = append(again, later...)
	}
	if !all.begun || all.committed {
		return nil // not begun: nothing was asked or put
	}
	_, err := conn.Exec(context.Background(), "COMMIT")
	return err
}

// pickWave picks writes of which no two name the same visit, the first come first.
func pickWave(rest []*write) (wave, later []*write) {
	taken := make(map[int64]bool)
	for _, w := range rest {
		free := true
		for _, l := range w.locks {
			free = free && !taken[l]
		}
		for _, l := range w.locks {
			taken[l] = true // also of one that waits: none overtakes it
		}
		if free {
			wave = append(wave, w)
		} else {
			later = append(later, w)
		}
	}
	return wave, later
}

// run runs a wave and sends what it put, with the commit if it is the last. It returns the writes that are to be run
// again.
func (all *lanes) run(wave []*write, last bool) (again []*write, err error) {
	all.rows = make(map[heldRow]*lane)
	team := make([]*lane, len(wave))
	for i, w := range wave {
		team[i] = &lane{all: all, write: w, answered: make(chan error, 1)}
		all.crew.run(func() {
			w.run(&Tx{link: team[i], store: all.store})
			all.calls <- call{lane: team[i]}
		})
	}
	var waiting []call
	for running := len(team); running > 0; {
		c := <-all.calls
		running--
		if len(c.questions) > 0 {
			waiting = append(waiting, c)
		}
		if running == 0 && len(waiting) > 0 {
			if roundErr := all.round(waiting); roundErr != nil && err == nil {
				err = roundErr
			}
			running, waiting = len(waiting), waiting[:0]
		}
	}
	if err != nil {
		return nil, err
	}
	var puts []put
	for _, l := range team {
		switch {
		case l.again && l.sent, l.write.err != nil && l.sent:
			return nil, errLanes
		case l.again:
			again = append(again, l.write)
		case l.write.err == nil:
			puts = append(puts, l.puts...)
		}
	}
	if len(puts) == 0 {
		return again, nil
	}
	var b pgx.Batch
	all.begin(&b)
	queuePuts(&b, puts)
	if last && len(again) == 0 {
		b.Queue("COMMIT")
		all.committed = true
	}
	return again, all.send(&b)
}

// begin puts the start of the transaction in front of the first thing that is sent.
func (all *lanes) begin(b *pgx.Batch) {
	if all.begun {
		return
	}
	all.begun = true
	b.Queue("BEGIN")
	if len(all.locks) > 0 {
		b.Queue(takeLocks.dollars, all.locks)
	}
}

func (all *lanes) send(b *pgx.Batch) error {
	all.store.statements.Add(int64(b.Len()))
	err := all.conn.SendBatch(context.Background(), b).Close()
	if pgCode(err) == missed {
		return errLanes
	}
	return err
}

// round sends the questions of all lanes, behind what those lanes have put that they may see. What several lanes ask
// alike goes out as one. After an error every lane gets it, and comes to its end.
func (all *lanes) round(waiting []call) error {
	var b pgx.Batch
	all.begin(&b)
	var seen []put
	alike := make(map[*statement][]*question)
	var order []*question
	for _, c := range waiting {
		for _, ask := range c.questions {
			alike[ask.q] = append(alike[ask.q], ask)
			order = append(order, ask)
			seen = append(seen, c.lane.flush(ask)...)
		}
	}
	queuePuts(&b, seen)
	for q, group := range alike {
		if q.locksRow { // in the order of their ids, as everybody locks rows, so that no two batches wait for each other
			slices.SortFunc(group, func(a, b *question) int { return cmp.Compare(a.args[0].(int64), b.args[0].(int64)) })
		}
	}
	for _, ask := range order {
		switch group := alike[ask.q]; {
		case ask.exec:
			b.Queue(ask.q.dollars, ask.args...).Exec(func(tag pgconn.CommandTag) error {
				ask.n = tag.RowsAffected()
				return nil
			})
		case len(group) == 1 || ask.q.together == nil:
			b.Queue(ask.q.dollars, ask.args...).Query(collect(func(vals []any) { ask.rows = append(ask.rows, vals) }))
		case group[0] == ask:
			queueTogether(&b, ask.q.together, group)
		}
	}
	err := all.send(&b)
	for _, c := range waiting {
		c.lane.answered <- err
	}
	return err
}

// queueTogether queues what several lanes ask alike.
func queueTogether(b *pgx.Batch, q *gathered, group []*question) {
	rows := make([][]any, len(group))
	for i, one := range group {
		rows[i] = one.args
	}
	q.shares(rows, func(text string, args []any, from, _ int) {
		b.Queue(text, args...).Query(collect(func(vals []any) {
			one := group[from+int(vals[0].(int64))-1]
			one.rows = append(one.rows, vals[1:])
		}))
	})
}

// flush sends what a lane has put and its next question must see.
func (l *lane) flush(ask *question) (puts []put) {
	if l.touched&ask.q.touches != 0 {
		puts = l.puts
		l.puts, l.touched, l.changed, l.alone, l.sent = nil, 0, 0, 0, true
	}
	l.sent = l.sent || ask.exec || ask.q.changes
	return puts
}

// collect makes a reader of rows.
func collect(row func(vals []any)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			var c cells
			if err := decodeRow(rows, &c); err != nil {
				return err
			}
			row(c.vals)
		}
		return rows.Err()
	}
}

// ask sends a lane's question, where it was not foreseen, and waits for its answer.
func (l *lane) ask(q *statement, args []any, exec bool) (*question, error) {
	clean(args)
	for _, known := range l.foreseen {
		if known.q == q && slices.Equal(known.args, args) && l.broken == nil {
			return known, nil
		}
	}
	if exec || q.changes {
		l.unforesee(q)
	}
	ask := &question{q: q, args: args, exec: exec}
	return ask, l.askAll([]*question{ask})
}

// foresee implements foreseer.
func (l *lane) foresee(asks []*question) error {
	err := l.askAll(asks)
	if err == nil {
		l.foreseen = append(l.foreseen, asks...)
	}
	return err
}

// unforesee forgets the answers that a change may make wrong.
func (l *lane) unforesee(change *statement) {
	l.foreseen = slices.DeleteFunc(l.foreseen, func(known *question) bool { return known.q.touches&change.touches != 0 })
}

func (l *lane) askAll(asks []*question) error {
	if l.broken != nil {
		return l.broken
	}
	for _, ask := range asks {
		clean(ask.args)
		if ask.q.locksRow && !l.hold(heldRow{ask.q, ask.args[0]}) {
			l.again, l.broken = true, errAgain
			return errAgain
		}
	}
	l.all.calls <- call{l, asks}
	l.broken = <-l.answered
	return l.broken
}

// hold takes a row for this lane until the end of the wave.
func (l *lane) hold(row heldRow) bool {
	l.all.mu.Lock()
	defer l.all.mu.Unlock()
	if other := l.all.rows[row]; other != nil && other != l {
		return false
	}
	l.all.rows[row] = l
	return true
}

// query implements link.
func (l *lane) query(q *statement, args []any, each func(*cells) error) error {
	ask, err := l.ask(q, args, false)
	if err != nil {
		return err
	}
	for _, vals := range ask.rows {
		row := cells{vals: vals}
		if err := each(&row); err != nil {
			return err
		}
		if row.err != nil {
			return row.err
		}
	}
	return nil
}

// exec implements link.
func (l *lane) exec(q *statement, args []any) (int64, error) {
	ask, err := l.ask(q, args, true)
	return ask.n, err
}

// put implements link: it is remembered, and sent with those of the other lanes.
func (l *lane) put(q *statement, args []any, want int64) error {
	if l.broken != nil {
		return l.broken
	}
	clean(args)
	l.unforesee(q)
	p := put{q: q, args: args, want: want}
	if q.into == nil {
		l.changed |= q.touches
		// Changes of one row by two statements must stay in their order as well.
		p.alone = l.alone&q.touches != 0 ||
			slices.ContainsFunc(l.puts, func(o put) bool { return o.q != q && o.q.into == nil && o.q.touches&q.touches != 0 })
		if p.alone {
			l.alone |= q.touches
		}
	} else if l.changed&q.touches != 0 { // what was changed before must stay before
		l.alone |= q.touches
		p.alone = true
	}
	l.touched |= q.touches
	l.puts = append(l.puts, p)
	return nil
}

// Locks are taken in one statement and in their order, so that no two batches wait for each other.
var takeLocks = statementOf("SELECT pg_advisory_xact_lock(k) FROM unnest(?::bigint[]) AS k")

func batchLocks(batch []*write) []int64 {
	var locks []int64
	for _, w := range batch {
		locks = append(locks, w.locks...)
	}
	slices.Sort(locks)
	return slices.Compact(locks)
}
