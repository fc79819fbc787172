package store

import (
	"errors"
	"fmt"
	"io"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
)

// Tx is what can be seen and changed in one transaction. Lookups that find nothing give nil and no error. What
// a Tx returns belongs to the caller; nothing is stored until it is put back. It is used by one goroutine and
// not after its function has returned.
type Tx struct {
	link     link
	store    *Store
	readOnly bool
	bulk     bool                      // repeat keys, plates and days are seen to at the end
	plates   []string                  // new ones, remembered once they are committed
	seen     map[int64]charge.Charge   // charges as this transaction has them
	sent     map[int64]charge.Delivery // deliveries as this transaction has them
	marks    map[charge.LotID]charge.LotMarks

	recent        *recent // nil where others write too, and in a read
	putCharges    []*charge.Charge
	putDeliveries []*charge.Delivery
}

// get gives the first row of a query to scan, if there is one.
func (t *Tx) get(q *statement, scan func(*cells) error, args ...any) (found bool, err error) {
	err = t.link.query(q, args, func(row *cells) error {
		found = true
		if err := scan(row); err != nil {
			return err
		}
		return io.EOF
	})
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, err
}

// each gives every row of a query to scan.
func (t *Tx) each(q *statement, scan func(*cells) error, args ...any) error {
	return t.link.query(q, args, scan)
}

// first reads the first row of a query; nil where there is none.
func first[T any](t *Tx, q *statement, scan func(*cells) (*T, error), args ...any) (*T, error) {
	var v *T
	_, err := t.get(q, func(row *cells) (err error) {
		v, err = scan(row)
		return err
	}, args...)
	return v, err
}

// list reads all rows of a query.
func list[T any](t *Tx, q *statement, scan func(*cells) (T, error), args ...any) ([]T, error) {
	var all []T
	err := t.each(q, func(row *cells) error {
		v, err := scan(row)
		all = append(all, v)
		return err
	}, args...)
	return all, err
}

// one changes exactly one row, or says that there is none.
func (t *Tx) one(what string, id int64, q *statement, args ...any) error {
	err := t.link.put(q, args, 1)
	if errors.Is(err, errMissed) {
		return fmt.Errorf("store: %s %d is not there", what, id)
	}
	return err
}

// add inserts one row; a taken key is outbox.ErrRepeated.
func (t *Tx) add(into *table, args ...any) error {
	err := t.link.put(into.insert, args, 1)
	if errors.Is(err, errMissed) {
		return fmt.Errorf("%s: %w", into.name, outbox.ErrRepeated)
	}
	return err
}

// texts encodes several values as JSON, nil ones as empty texts.
type texts struct{ err error }

func text[T any](e *texts, v *T) string {
	s, err := encode(v)
	if e.err == nil {
		e.err = err
	}
	return s
}

var (
	selectPush   = tablePush.selectWhere("id = ?")
	selectPushes = tablePush.selectWhere("charge = ? AND charge <> 0 ORDER BY id LIMIT 100")
	countRefused = statementOf("INSERT INTO refused_count (platform, account, day, n) VALUES (?, ?, ?, 1) "+
		"ON CONFLICT (day, platform, account) DO UPDATE SET n = refused_count.n + 1 RETURNING n", tableRefused).changing()
)

// AddPush appends the record of a request.
func (t *Tx) AddPush(p charge.Push) error {
	return t.add(tablePush, p.ID, p.Platform, p.Account, millis(p.Received), p.Remote, p.Request, string(p.Outcome),
		p.Reason, p.Charge, p.Reply)
}

// Push finds the record of a request.
func (t *Tx) Push(id int64) (*charge.Push, error) { return first(t, selectPush, scanPush, id) }

// PushesOf lists the pushes that made or met a charge, oldest first, at most 100.
func (t *Tx) PushesOf(chargeID int64) ([]charge.Push, error) {
	return list(t, selectPushes, deref(scanPush), chargeID)
}

// CountRefused adds one to the refused pushes of an account ("" for none) and platform on a day and gives the
// new count.
func (t *Tx) CountRefused(platform, account, day string) (n int64, err error) {
	_, err = t.get(countRefused, func(row *cells) error {
		n = row.int()
		return nil
	}, platform, account, day)
	return n, err
}

func scanPush(c *cells) (*charge.Push, error) {
	return &charge.Push{
		ID: c.int(), Platform: c.text(), Account: c.text(), Received: c.time(), Remote: c.text(), Request: c.bytes(),
		Outcome: charge.Outcome(c.text()), Reason: c.text(), Charge: c.int(), Reply: c.bytes(),
	}, c.failed()
}

// deref makes a scanner of values of a scanner of pointers.
func deref[T any](scan func(*cells) (*T, error)) func(*cells) (T, error) {
	return func(c *cells) (v T, err error) {
		p, err := scan(c)
		if p != nil {
			v = *p
		}
		return v, err
	}
}

var (
	selectEvents  = tableEvent.selectWhere("charge = ? ORDER BY id").of("i")
	selectLedger  = tableLedger.selectWhere("charge = ? ORDER BY id").of("i")
	selectLotMark = tableLotMark.selectWhere("lot = ?").of("t")
	setLotTold    = statementOf("INSERT INTO lot_mark (lot, told_stays, paused, pause_reason) VALUES (?, ?, 0, '') "+
		"ON CONFLICT (lot) DO UPDATE SET told_stays = excluded.told_stays", tableLotMark)
	setLotPause = statementOf("INSERT INTO lot_mark (lot, told_stays, paused, pause_reason) VALUES (?, 0, ?, ?) "+
		"ON CONFLICT (lot) DO UPDATE SET paused = excluded.paused, pause_reason = excluded.pause_reason", tableLotMark)
)

// AddEvent appends to a charge's timeline.
func (t *Tx) AddEvent(e charge.Event) error {
	return t.add(tableEvent, e.Charge, t.store.ids.Next(), millis(e.At), e.Step, e.Result, string(e.Reason), e.Detail, e.Actor)
}

// Events lists a charge's timeline rows, oldest first.
func (t *Tx) Events(chargeID int64) ([]charge.Event, error) {
	return list(t, selectEvents, scanEvent, chargeID)
}

func scanEvent(c *cells) (charge.Event, error) {
	e := charge.Event{Charge: c.int()}
	c.int() // its place among the charge's events
	e.At, e.Step, e.Result, e.Reason, e.Detail, e.Actor = c.time(), c.text(), c.text(), charge.Reason(c.text()), c.text(), c.text()
	return e, c.failed()
}

// AddLedger appends to the ledger; ID and At are set by the caller.
func (t *Tx) AddLedger(e charge.LedgerEntry) error {
	if err := t.noteEntry(e); err != nil {
		return err
	}
	return t.add(tableLedger, e.Charge, e.ID, millis(e.At), e.StayID, string(e.Kind), string(e.Method), e.Minutes,
		int64(e.Amount), e.Platform, e.Lot.String(), e.Day, e.Note)
}

// LedgerOf lists a charge's entries, oldest first.
func (t *Tx) LedgerOf(chargeID int64) ([]charge.LedgerEntry, error) {
	return list(t, selectLedger, scanLedger, chargeID)
}

func scanLedger(c *cells) (charge.LedgerEntry, error) {
	return charge.LedgerEntry{
		Charge: c.int(), ID: c.int(), At: c.time(), StayID: c.int(), Kind: charge.EntryKind(c.text()),
		Method: charge.Method(c.text()), Minutes: c.int(), Amount: charge.Fen(c.int()), Platform: c.text(),
		Lot: lotOf(c), Day: c.text(), Note: c.text(),
	}, c.failed()
}

// lotOf reads a lot as stored.
func lotOf(c *cells) charge.LotID {
	var l charge.LotID
	text := c.text()
	if err := l.UnmarshalText([]byte(text)); err != nil && c.err == nil {
		c.err = fmt.Errorf("store: column %d: %w", c.next, err)
	}
	return l
}

// LotMarks are the durable facts about a lot that no estate file says.
func (t *Tx) LotMarks(lot charge.LotID) (charge.LotMarks, error) {
	var m charge.LotMarks
	_, err := t.get(selectLotMark, func(c *cells) error {
		c.text()
		m = charge.LotMarks{ToldStays: c.bool(), Paused: c.bool(), PauseReason: c.text()}
		return c.failed()
	}, lot.String())
	if err == nil && !t.readOnly {
		if t.marks == nil {
			t.marks = make(map[charge.LotID]charge.LotMarks)
		}
		t.marks[lot] = m
	}
	return m, err
}

// SetLotMarks puts them. What does not differ from what this transaction read is left alone: a lot's first
// entry and a pause may come at the same time on two nodes.
func (t *Tx) SetLotMarks(lot charge.LotID, m charge.LotMarks) error {
	was, read := t.marks[lot]
	if !read || was.ToldStays != m.ToldStays {
		if err := t.link.put(setLotTold, []any{lot.String(), number(m.ToldStays)}, 1); err != nil {
			return err
		}
	}
	if !read || was.Paused != m.Paused || was.PauseReason != m.PauseReason {
		return t.link.put(setLotPause, []any{lot.String(), number(m.Paused), m.PauseReason}, 1)
	}
	return nil
}
