package store

import (
	"context"
	"runtime/pprof"
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
	many   *gathered  // new rows, PostgreSQL; one whose key is taken is an error

	profiled context.Context // labels what is done for its rows with its name, in CPU profiles
}

// define makes a table from "name:kind …".
func define(n int, name, key, cols string) *table {
	t := &table{name: name, key: strings.Fields(key), n: n, bit: 1 << n}
	var names, marks []string
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
	}
	for _, k := range t.key {
		t.keyAt = append(t.keyAt, t.at(k))
	}
	t.holds = statementOf("SELECT 1 FROM "+name+" WHERE "+strings.Join(t.key, " = ? AND ")+" = ?", t)
	into := "INSERT INTO " + name + " (" + strings.Join(names, ", ") + ") VALUES "
	t.many = &gathered{head: into, kinds: t.kinds}
	t.insert = statementOf(into+"("+strings.Join(marks, ", ")+") ON CONFLICT DO NOTHING", t)
	t.insert.into, t.insert.packs = t, t.packs
	t.byID = t.selectByID()
	t.profiled = pprof.WithLabels(context.Background(), pprof.Labels("table", name))
	return t
}

// at is where a column stands.
func (t *table) at(name string) int {
	return slices.IndexFunc(t.cols, func(c column) bool { return c.name == name })
}

// columns lists the columns for a SELECT, each with a prefix ("c.").
func (t *table) columns(prefix string) string {
	names := make([]string, len(t.cols))
	for i, c := range t.cols {
		names[i] = prefix + c.name
	}
	return strings.Join(names, ", ")
}

// but lists the columns of a row other than its key and those named.
func (t *table) but(others string) string {
	skip := append(strings.Fields(others), t.key...)
	var names []string
	for _, c := range t.cols {
		if !slices.Contains(skip, c.name) {
			names = append(names, c.name)
		}
	}
	return strings.Join(names, " ")
}

// upsert makes the statement that puts the named columns of the row with a key, whose columns are its last parameters.
// Where there is no row it makes one, with the other columns as unset says. also sets more in a row that is there.
func (t *table) upsert(cols string, unset func(column) string, also ...string) *statement {
	names, marks, sets := strings.Fields(cols), []string(nil), also
	var puts []int
	for _, n := range names {
		puts, sets = append(puts, t.at(n)), append(sets, n+" = excluded."+n)
	}
	names = append(names, t.key...)
	for range names {
		marks = append(marks, "?")
	}
	for _, n := range strings.Fields(t.but(cols)) {
		names, marks = append(names, n), append(marks, unset(t.cols[t.at(n)]))
	}
	s := statementOf("INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+
		") ON CONFLICT ("+strings.Join(t.key, ", ")+") DO UPDATE SET "+strings.Join(sets, ", "), t)
	s.sets = puts
	return s
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
	kinds := t.kindsOf(append(names, "id"))
	sets := make([]string, len(names))
	for i, n := range names {
		sets[i] = n + " = a.p" + strconv.Itoa(i+1)
	}
	s.together = gather("UPDATE "+t.name+" SET "+strings.Join(sets, ", ")+" FROM ", kinds,
		" WHERE "+t.name+".id = a.p"+strconv.Itoa(len(kinds)))
	return s
}

// remove makes the statement that deletes the row with an id.
func (t *table) remove() *statement {
	s := statementOf("DELETE FROM "+t.name+" WHERE id = ?", t)
	s.by = t
	s.together = gather("DELETE FROM "+t.name+" USING ", "i", " WHERE "+t.name+".id = a.p1")
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
	dollars  string    // the same for PostgreSQL, $1…
	touches  uint32    // tables read or written
	into     *table    // an insert of one row that may be gathered with others
	changes  bool      // a query that changes rows as well
	once     bool      // made for one use: not kept prepared
	together *gathered // the same for many lanes at once, PostgreSQL
	locksRow bool      // a query that reads one row, by its id, in order to change it

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
	s.together = gatherNumbered(askEach, kinds, s.asked())
	return s
}

// ofEach is the query for each of many ids, an array. Each row of the answer begins with the place of its id, from 1.
func (s *statement) ofEach() string {
	return askEach + "unnest($1::bigint[]) WITH ORDINALITY AS a (p1, i)" + s.asked()
}

const askEach = "SELECT a.i, q.* FROM "

// asked joins rows of parameters with what the query answers to each.
func (s *statement) asked() string {
	inner := numbered(s.text, "a.p")
	if s.locksRow {
		inner += " FOR UPDATE"
	}
	// OFFSET 0 keeps the planner from turning the inner query into a join, which would lose its order.
	return " CROSS JOIN LATERAL (" + inner + " OFFSET 0) q"
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

// returning makes a query of a statement that changes a row: it answers with a column of the row as it is then.
func (s *statement) returning(column string) *statement {
	s.text, s.dollars = s.text+" RETURNING "+column, s.dollars+" RETURNING "+column
	return s.changing()
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
