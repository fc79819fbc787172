package store

import (
	"slices"
	"strconv"
	"strings"
)

// table describes a table once, for all that is written once for both engines: inserting one row or many,
// reading whole rows, copying between engines.
type table struct {
	name   string
	key    []string // primary key
	cols   []column
	kinds  string
	packs  []int // the columns that SQLite keeps packed
	n      int
	bit    uint32
	keyAt  []int      // where the key's columns stand among cols
	holds  *statement // asks whether there is a row with a key
	byID   *statement // reads the row with an id, of tables that have one
	insert *statement // one row; a row whose key is taken is left out
	bulk   string     // many rows from arrays, PostgreSQL
}

type column struct {
	name string
	kind byte
}

// Column kinds; there are no others, so that both engines hold the same values. A text or bytes that SQLite keeps
// packed are written as a capital in the tables below.
const (
	kindInt   = 'i'
	kindMaybe = 'n' // int or null
	kindText  = 't'
	kindBytes = 'b'
)

// The tables, in the order they are copied.
var (
	tablePush = define(0, "push", "id",
		"id:i platform:t account:t received:i remote:t request:B outcome:t reason:t charge:i reply:B plate:t order_no:t lot:t")
	// refused_count is written by an upsert of its own.
	tableRefused = define(1, "refused_count", "day platform account", "day:t platform:t account:t n:i")
	tableRepeat  = define(2, "repeat", "platform key issuer", "platform:t key:t issuer:t charge:i gone:t")
	tableCharge  = define(3, "charge", "id",
		"id:i platform:t account:t order_no:t repeat_key:t plate:t lot:t started:i ended:i received:i "+
			"energy:n total:n ask:T detail:T digest:t state:t reason:t reduction:T stay:i hold_until:i decision:T usage:t "+
			"report:t updated:i gap:i names:t")
	tableEvent  = define(4, "event", "charge id", "charge:i id:i at:i step:t result:t reason:t detail:t actor:t")
	tableLedger = define(5, "ledger", "charge id",
		"charge:i id:i at:i stay:i kind:t method:t minutes:i amount:i platform:t lot:t day:t note:t")
	tableStay = define(6, "stay", "id",
		"id:i lot:t order_id:t plate:t entered:i left_at:i ends:i open:i closed:t channel:t paid:i paid_at:i settlement:b "+
			"told_entered:i told_left:i names:t")

	tableDelivery = define(7, "delivery", "id",
		"id:i charge:i lot:t channel:t message:t uuid:t payload:B state:t attempts:i due:i until_at:i "+
			"first_at:i first_result:t first_detail:t")
	tableAttempt = define(8, "attempt", "delivery n", "delivery:i n:i at:i result:t detail:t")
	tableJob     = define(9, "job", "id",
		"id:i kind:t route:t ref:i due:i ready:i attempt:i lease:t lease_until:i fence:i body:t "+
			"tried:i wrong:t gave_up:i")
	tableLotMark = define(10, "lot_mark", "lot",
		"lot:t told_stays:i paused:i pause_reason:t clock:i refused_at:i refused_why:t refused_from:t "+
			"refused_pc:t")
	tableNode = define(11, "node", "name", "name:t number:i beat:i")
	tableLine = define(12, "line_session", "lot local_id link",
		"lot:t local_id:t link:t node:t epoch:i remote:t receive_cloud:i silent:i since:i beat:i")
	tableDoc    = define(13, "doc", "kind key", "kind:t key:t body:b")
	tableDocRev = define(14, "doc_rev", "kind", "kind:t rev:i")
	tableAudit  = define(15, "audit", "seq", "seq:i entry:b hash:b")
	tablePlate  = define(16, "plate", "plate", "plate:t rev:t")

	tableStatementDay = define(17, "statement_day", "day", "day:t rev:i summed:i closed:i upto:i")
	tableStatement    = define(18, "statement", "day platform lot", "day:t platform:t lot:t "+sumColumns)
	tableChange       = define(19, "statement_change", "id", "id:i received:i day:t platform:t lot:t "+sumColumns)
	tableTotal        = define(20, "statement_total", "day platform vendor", "day:t platform:t vendor:t "+sumColumns)

	tableDecision = define(21, "decision", "charge id", "charge:i id:i body:T")

	tables = []*table{tablePush, tableRefused, tableRepeat, tableCharge, tableEvent, tableLedger, tableStay, tableDelivery,
		tableAttempt, tableJob, tableLotMark, tableNode, tableLine, tableDoc, tableDocRev, tableAudit, tablePlate,
		tableStatementDay, tableStatement, tableChange, tableTotal, tableDecision}
)

// sumColumns are what a statement adds up.
const sumColumns = "charges:i granted_minutes:i granted_amount:i delivered:i used:i used_minutes:i used_amount:i gaps:i"

// define makes a table from "name:kind …".
func define(n int, name, key, cols string) *table {
	t := &table{name: name, key: strings.Fields(key), n: n, bit: 1 << n}
	var names, marks, arrays []string
	for i, word := range strings.Fields(cols) {
		c := column{name: word[:len(word)-2], kind: word[len(word)-1]}
		if 'A' <= c.kind && c.kind <= 'Z' {
			c.kind += 'a' - 'A'
			t.packs = append(t.packs, i)
		}
		t.cols = append(t.cols, c)
		t.kinds += string(c.kind)
		names = append(names, c.name)
		marks = append(marks, "?")
		arrays = append(arrays, "$"+strconv.Itoa(i+1)+"::"+c.arrayType())
	}
	for _, k := range t.key {
		t.keyAt = append(t.keyAt, t.at(k))
	}
	t.holds = statementOf("SELECT 1 FROM "+name+" WHERE "+strings.Join(t.key, " = ? AND ")+" = ?", t)
	into := "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") "
	t.insert = statementOf(into+"VALUES ("+strings.Join(marks, ", ")+") ON CONFLICT DO NOTHING", t)
	t.insert.into, t.insert.packs = t, t.packs
	t.byID = t.selectByID()
	t.bulk = into + "SELECT * FROM unnest(" + strings.Join(arrays, ", ") + ") ON CONFLICT DO NOTHING"
	return t
}

// at is where a column stands.
func (t *table) at(name string) int {
	return slices.IndexFunc(t.cols, func(c column) bool { return c.name == name })
}

func (c column) arrayType() string {
	switch c.kind {
	case kindText:
		return "text[]"
	case kindBytes:
		return "bytea[]"
	}
	return "bigint[]"
}

// columns lists the columns for a SELECT, each with a prefix ("c.").
func (t *table) columns(prefix string) string {
	names := make([]string, len(t.cols))
	for i, c := range t.cols {
		names[i] = prefix + c.name
	}
	return strings.Join(names, ", ")
}

// update makes the statement that puts the named columns of the row with an id, which is its last parameter.
func (t *table) update(cols string) *statement {
	names := strings.Fields(cols)
	s := statementOf("UPDATE "+t.name+" SET "+strings.Join(names, " = ?, ")+" = ? WHERE id = ?", t)
	s.by = t
	for i, n := range names {
		s.sets = append(s.sets, t.at(n))
		if slices.Contains(t.packs, t.at(n)) {
			s.packs = append(s.packs, i)
		}
	}
	s.kinds = t.kindsOf(append(names, "id"))
	sets := make([]string, len(names))
	for i, n := range names {
		sets[i] = n + " = a.p" + strconv.Itoa(i+1)
	}
	s.together = "UPDATE " + t.name + " SET " + strings.Join(sets, ", ") + " FROM " + parameterRows(s.kinds) +
		" WHERE " + t.name + ".id = a.p" + strconv.Itoa(len(s.kinds))
	return s
}

// remove makes the statement that deletes the row with an id.
func (t *table) remove() *statement {
	s := statementOf("DELETE FROM "+t.name+" WHERE id = ?", t)
	s.by = t
	s.kinds = "i"
	s.together = "DELETE FROM " + t.name + " WHERE id = ANY ($1::bigint[])"
	return s
}

// kindsOf returns the kinds of named columns.
func (t *table) kindsOf(names []string) string {
	kinds := make([]byte, len(names))
	for i, n := range names {
		for _, c := range t.cols {
			if c.name == n {
				kinds[i] = c.kind
			}
		}
	}
	return string(kinds)
}

// selectWhere makes a query of whole rows.
func (t *table) selectWhere(rest string) *statement {
	return statementOf("SELECT "+t.columns("")+" FROM "+t.name+" WHERE "+rest, t)
}

// selectByID makes a query of the row with an id.
func (t *table) selectByID() *statement {
	s := t.selectWhere("id = ?")
	s.by = t
	return s
}

// statement is one SQL text with ? for its parameters, prepared once on every connection.
type statement struct {
	text     string
	dollars  string // the same for PostgreSQL, $1…
	touches  uint32 // tables read or written
	into     *table // an insert of one row that may be gathered with others
	changes  bool   // a query that changes rows as well
	once     bool   // made for one use: not kept prepared
	kinds    string // column kinds of the parameters, where many lanes may ask it together
	together string // the same for many lanes at once, PostgreSQL
	locksRow bool   // a query that reads one row, by its id, in order to change it

	by      *table   // reads, changes or deletes the row of this table that has an id, its last parameter
	packs   []int    // the parameters that SQLite keeps packed
	sets    []int    // the columns that an update of one row puts, in the order of its parameters
	looksBy markKind // reports whether rows that SQLite does not have yet may belong into the answer
}

func statementOf(text string, touches ...*table) *statement {
	s := &statement{text: text, dollars: numbered(text, "$")}
	for _, t := range touches {
		s.touches |= t.bit
	}
	return s
}

// of says what kinds of parameters a query has, so that many lanes can ask it together: their parameters are rows
// of a, and each row of the answer begins with the number of the asker.
func (s *statement) of(kinds string) *statement {
	s.kinds = kinds
	inner := numbered(s.text, "a.p")
	if s.locksRow {
		inner += " FOR UPDATE"
	}
	// OFFSET 0 keeps the planner from turning the inner query into a join, which would lose its order.
	s.together = "SELECT a.i, q.* FROM " + parameterRows(kinds) + " CROSS JOIN LATERAL (" + inner + " OFFSET 0) q"
	return s
}

// parameterRows makes parameters that are arrays into rows of a: p1, p2, … and their number i.
func parameterRows(kinds string) string {
	var arrays, names []string
	for i, k := range []byte(kinds) {
		arrays = append(arrays, "$"+strconv.Itoa(i+1)+"::"+column{kind: k}.arrayType())
		names = append(names, "p"+strconv.Itoa(i+1))
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") WITH ORDINALITY AS a (" + strings.Join(names, ", ") + ", i)"
}

// byMark says what a query looks for rows by.
func (s *statement) byMark(kind markKind) *statement {
	s.looksBy = kind
	return s
}

// markKind is what a query looks for rows by, its first parameters.
type markKind byte

const (
	markNone     markKind = iota // something else
	markPlate                    // of a charge
	markStay                     // of a charge
	markRepeat                   // platform and repeat key
	markCharge                   // what hangs on a charge
	markDelivery                 // attempts
	markVisit                    // the plate of a stay
	markOrder                    // lot and order number of a stay
)

// changing marks a query that changes rows as well (RETURNING).
func (s *statement) changing() *statement {
	s.changes = true
	return s
}

// unprepared marks a query whose best plan depends on its parameters: it is not kept prepared.
func (s *statement) unprepared() *statement {
	s.once = true
	return s
}

// locking makes a query of one row by its id hold that row until the end of the transaction. SQLite has one
// writer, which comes to the same.
func (s *statement) locking() *statement {
	s.locksRow = true
	s.dollars += " FOR UPDATE"
	return s
}

// numbered writes the parameters of a text with a prefix and their numbers, as PostgreSQL wants them ($1). No
// text holds a literal question mark.
func numbered(text, prefix string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r == '?' {
			n++
			b.WriteString(prefix + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
