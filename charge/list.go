package charge

import (
	"errors"
	"time"
)

// ChargeFilter narrows a list of charges; zero fields do not narrow.
type ChargeFilter struct {
	Platform string
	Lot      LotID
	Plate    string // whole, or a part of three or more characters
	Order    string
	UUID     string // of a delivery
	States   []State
	Reason   Reason
	Gap      bool      // only those that count as a gap in the statement
	From, To time.Time // by receipt; From inclusive, To exclusive
	Oldest   bool      // first, else the newest
	Limit    int       // 1 to 500; 0 is 50
	Cursor   string    // of a list with the same filter
	Count    bool      // how many there are, on any page
	Bare     bool      // without Decision, Reduction and Usage, which take longest to read
}

// PushFilter narrows a list of pushes.
type PushFilter struct {
	Platform string
	Account  string
	Outcome  Outcome
	Refused  bool // only those that were not taken: neither accepted nor repeated nor a question
	Charge   int64
	Plate    Plate  // whole; of charges, and of refused pushes as far as it could be read
	Part     string // of a plate that could be read of a refused push
	Order    string
	Lot      LotID
	From, To time.Time
	Oldest   bool // first, else the newest
	Bodies   bool // with Request and Reply, which are most of what is stored of a push
	Limit    int
	Cursor   string
	Count    bool
}

// RefusedCount is how many pushes of one account were refused in one way that made no charge.
type RefusedCount struct {
	Platform, Account string // Account is empty where none was found
	Outcome           Outcome
	Count             int64
	First, Last       time.Time
}

// StayFilter narrows a list of stays.
type StayFilter struct {
	Lot    LotID
	Plate  string
	Order  string // the lot's number of it
	Open   bool   // open ones only
	Oldest bool   // first, else the newest
	Limit  int
	Cursor string
	Count  bool
}

// ErrCursor says that a cursor is none that the list gave.
var ErrCursor = errors.New("not a cursor of this list")

// Page is a part of a list, newest first. Next is the cursor of what follows, empty at the end. Prev is that of what
// stands before it, empty where nothing does; it brings as many items as a page has, those next to this one, and none
// where they are gone.
type Page[T any] struct {
	Items []T
	Prev  string
	Next  string
	Total int // on all pages, where the filter asks to count; MostCounted+1 stands for more than MostCounted
}

// MostCounted is how far the items of a list are counted.
const MostCounted = 10_000
