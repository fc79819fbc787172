package store

type column struct {
	name string
	kind byte
}

// Column kinds; there are no others, so that both engines hold the same values. A text or bytes that SQLite keeps
// packed are written as a capital.
const (
	kindInt   = 'i'
	kindMaybe = 'n' // int or null
	kindText  = 't'
	kindBytes = 'b'
)

// sqlType is PostgreSQL's type of a kind of column.
func sqlType(kind byte) string {
	switch kind {
	case kindText:
		return "text"
	case kindBytes:
		return "bytea"
	}
	return "bigint"
}
