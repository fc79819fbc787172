package store

import (
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// noun is a table and how a T is kept in its rows. The list of fields is the only place that says which columns there
// are, in which order, and what each holds.
type noun[T any] struct {
	*table
	fields []field[T]
}

// field is one column: its name, a colon and its kind (see column), what is stored of a T, and how that is read back.
// What a T does not hold is made when it is stored; take passes over it.
type field[T any] struct {
	name string
	put  func(v *T) (any, error)
	take func(v *T, c *cells)
}

// nounOf describes a table by its fields; n and key are those of define.
func nounOf[T any](n int, name, key string, fields ...field[T]) noun[T] {
	return noun[T]{define(n, name, key, columnsOf(fields)), fields}
}

// columnsOf lists the columns of fields as define reads them.
func columnsOf[T any](fields []field[T]) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return strings.Join(names, " ")
}

// scan reads a whole row.
func (n noun[T]) scan(c *cells) (*T, error) {
	v := new(T)
	for _, f := range n.fields {
		f.take(v, c)
	}
	return v, c.failed()
}

// row returns what is stored of v, in the order of the columns.
func (n noun[T]) row(v *T) ([]any, error) {
	vals := make([]any, len(n.fields))
	for i, f := range n.fields {
		var err error
		if vals[i], err = f.put(v); err != nil {
			return nil, err
		}
	}
	return vals, nil
}

// named returns what is stored of v in some columns, and behind it the key of its row.
func (n noun[T]) named(v *T, columns []int) ([]any, error) {
	vals := make([]any, 0, len(columns)+len(n.keyAt))
	for _, list := range [2][]int{columns, n.keyAt} {
		for _, at := range list {
			val, err := n.fields[at].put(v)
			if err != nil {
				return nil, err
			}
			vals = append(vals, val)
		}
	}
	return vals, nil
}

// addRow inserts v; a taken key is outbox.ErrRepeated.
func addRow[T any](t *Tx, n noun[T], v *T) error {
	vals, err := n.row(v)
	if err != nil {
		return err
	}
	return t.add(n.table, vals...)
}

// setRow puts the columns of an update (see table.update) from v, or says that there is no such row.
func setRow[T any](t *Tx, n noun[T], update *statement, v *T) error {
	vals, err := n.named(v, update.sets)
	if err != nil {
		return err
	}
	return t.one(update, vals...)
}

// whole is a column of a number.
func whole[T any, N ~int | ~int64](name string, of func(*T) *N) field[T] {
	return field[T]{name + ":i", func(v *T) (any, error) { return int64(*of(v)), nil },
		func(v *T, c *cells) { *of(v) = N(c.int()) }}
}

// optional is a column of a number that is null where v does not have it.
func optional[T any, N ~int64](name string, of func(*T) (*N, *bool)) field[T] {
	return field[T]{name + ":n", func(v *T) (any, error) {
		if n, has := of(v); *has {
			return int64(*n), nil
		}
		return nil, nil
	}, func(v *T, c *cells) {
		n, has := of(v)
		val, there := c.maybe()
		*n, *has = N(val), there
	}}
}

// flag is a column of yes or no.
func flag[T any](name string, of func(*T) *bool) field[T] {
	return field[T]{name + ":i", func(v *T) (any, error) { return number(*of(v)), nil },
		func(v *T, c *cells) { *of(v) = c.bool() }}
}

// moment is a column of a time.
func moment[T any](name string, of func(*T) *time.Time) field[T] {
	return field[T]{name + ":i", func(v *T) (any, error) { return millis(*of(v)), nil },
		func(v *T, c *cells) { *of(v) = c.time() }}
}

// span is a column of a length of time in milliseconds.
func span[T any](name string, of func(*T) *time.Duration) field[T] {
	return field[T]{name + ":i", func(v *T) (any, error) { return of(v).Milliseconds(), nil },
		func(v *T, c *cells) { *of(v) = time.Duration(c.int()) * time.Millisecond }}
}

// word is a column of text that is stored as it is.
func word[T any, S ~string](name string, of func(*T) *S) field[T] {
	return field[T]{name + ":t", func(v *T) (any, error) { return string(*of(v)), nil },
		func(v *T, c *cells) { *of(v) = S(c.text()) }}
}

// coded is a column of text that a value is written as.
func coded[T, V any](name string, of func(*T) *V, write func(V) string, read func(string) V) field[T] {
	return field[T]{name + ":t", func(v *T) (any, error) { return write(*of(v)), nil },
		func(v *T, c *cells) { *of(v) = read(c.text()) }}
}

// note is a column of a note.
func note[T any](name string, of func(*T) *charge.Note) field[T] {
	return coded(name, of, charge.Note.String, charge.ParseNote)
}

// lotName is a column of a lot.
func lotName[T any](name string, of func(*T) *charge.LotID) field[T] {
	return field[T]{name + ":t", func(v *T) (any, error) { return of(v).String(), nil },
		func(v *T, c *cells) { *of(v) = lotOf(c) }}
}

// raw is a column of bytes.
func raw[T any](name string, of func(*T) *[]byte) field[T] {
	return field[T]{name + ":b", func(v *T) (any, error) { return *of(v), nil },
		func(v *T, c *cells) { *of(v) = c.bytes() }}
}

// packedRaw is a column of bytes that SQLite keeps packed.
func packedRaw[T any](name string, of func(*T) *[]byte) field[T] {
	return field[T]{name + ":B", func(v *T) (any, error) { return *of(v), nil },
		func(v *T, c *cells) { *of(v) = c.packed() }}
}

// inJSON is a column of a value in JSON.
func inJSON[T, V any](name string, of func(*T) *V) field[T] {
	return field[T]{name + ":t", func(v *T) (any, error) { return encode(of(v)) },
		func(v *T, c *cells) { c.json(of(v)) }}
}

// maybeJSON is a column of a value in JSON, empty for none.
func maybeJSON[T, V any](name string, of func(*T) **V) field[T] {
	return field[T]{name + ":t", func(v *T) (any, error) { return encode(*of(v)) },
		func(v *T, c *cells) { *of(v) = pointer[V](c) }}
}

// derived is a column of a number that follows from others: queries look for rows by it.
func derived[T any](name string, put func(*T) int64) field[T] {
	return field[T]{name + ":i", func(v *T) (any, error) { return put(v), nil },
		func(_ *T, c *cells) { c.value() }}
}

// packs makes a column of text one that SQLite keeps packed.
func (f field[T]) packs() field[T] {
	f.name = strings.TrimSuffix(f.name, ":t") + ":T"
	return f
}
