package estate

import "github.com/chargestamp/chargestamp/charge"

// FieldType is what a field of an estate file holds.
type FieldType string

// Field types.
const (
	TypeID       FieldType = "id"       // letters, digits, - _ .
	TypeText     FieldType = "text"     // one line
	TypeSecret   FieldType = "secret"   // a text, {env: NAME} or {file: PATH}
	TypeBool     FieldType = "bool"     // true or false
	TypeEnum     FieldType = "enum"     // one of Field.Enum
	TypeCount    FieldType = "count"    // a whole number
	TypeYuan     FieldType = "yuan"     // a text, "10.00"
	TypeKWh      FieldType = "kwh"      // a text, "2.5"
	TypeTime     FieldType = "time"     // RFC 3339 with a zone
	TypeDuration FieldType = "duration" // "2h", "90m", or 0
	TypeClock    FieldType = "clock"    // "08:00"
	TypeLot      FieldType = "lot"      // "union_id/park_id"
	TypeScope    FieldType = "scope"    // platform, "U" or "U/P"
	TypeURL      FieldType = "url"      // absolute http or https address
	TypePrefixes FieldType = "prefixes" // list of address prefixes
	TypeTexts    FieldType = "texts"    // list of texts
	TypeKeys     FieldType = "keys"     // secrets by the platform's key names, and Field.Fields
	TypeObject   FieldType = "object"   // Field.Fields
	TypeObjects  FieldType = "objects"  // list of objects of Field.Fields
	TypeVersions FieldType = "versions" // one object of Field.Fields, or a list of them, oldest first
)

// Field describes one field: docs and console forms are drawn from it, files are checked against it.
type Field struct {
	Name     string    `json:"name"`
	Type     FieldType `json:"type"`
	Enum     []string  `json:"enum,omitempty"`
	Required bool      `json:"required,omitempty"` // in a new object
	Min      int64     `json:"min,omitempty"`      // of a count
	Max      int64     `json:"max,omitempty"`      // of a count
	Default  string    `json:"default,omitempty"`  // in a new object
	English  string    `json:"english"`
	Chinese  string    `json:"chinese"`
	Fields   []Field   `json:"fields,omitempty"`
	Whole    bool      `json:"whole,omitempty"` // an object that is taken whole: what it requires must be there
	Short    string    `json:"short,omitempty"` // of an object: the member that a bare value stands for
}

// Secret reports whether the field holds key material: it is written and never shown.
func (f Field) Secret() bool { return f.Type == TypeSecret || f.Type == TypeKeys }

// Object describes one kind of thing in an estate.
type Object struct {
	Name    string  `json:"name"` // "lot"
	List    string  `json:"list"` // "lots": its key in the file
	English string  `json:"english"`
	Chinese string  `json:"chinese"`
	Fields  []Field `json:"fields"` // the first names the object; a binding has two such
}

// column is a field of a T: how it is described, set from a checked node, and shown as one. get returns nil
// where there is nothing to show.
type column[T any] struct {
	Field
	set func(t *T, n *node)
	get func(t *T) *node
}

func fieldsOf[T any](columns []column[T]) []Field {
	fields := make([]Field, len(columns))
	for i := range columns {
		fields[i] = columns[i].Field
	}
	return fields
}

// setAll sets what n holds and leaves the rest of t.
func setAll[T any](columns []column[T], t *T, n *node) {
	for _, p := range n.pairs {
		for i := range columns {
			if columns[i].Name == p.name {
				columns[i].set(t, p.value)
			}
		}
	}
}

// show returns all of t as a mapping.
func show[T any](columns []column[T], t *T) *node {
	n := &node{kind: kindMap}
	for i := range columns {
		n.put(columns[i].Name, columns[i].get(t))
	}
	return n
}

// text columns: enums and every type that is kept as its own text.
func textColumn[T any, S ~string](f Field, at func(*T) *S) column[T] {
	return column[T]{f,
		func(t *T, n *node) { *at(t) = S(n.text) },
		func(t *T) *node { return textNode(string(*at(t))) },
	}
}

func secretColumn[T any](f Field, at func(*T) *charge.Secret) column[T] {
	return column[T]{f,
		func(t *T, n *node) { *at(t) = charge.Secret(n.text) },
		func(t *T) *node { return secretNode(*at(t)) },
	}
}

func countColumn[T any](f Field, at func(*T) *int64) column[T] {
	return column[T]{f,
		func(t *T, n *node) { *at(t) = n.count() },
		func(t *T) *node { return countNode(*at(t)) },
	}
}

func yuanColumn[T any](f Field, at func(*T) *charge.Fen) column[T] {
	return column[T]{f,
		func(t *T, n *node) { *at(t), _ = charge.ParseFen(n.text) },
		func(t *T) *node {
			if *at(t) == 0 && !f.Required {
				return nil
			}
			return textNode(at(t).String())
		},
	}
}
