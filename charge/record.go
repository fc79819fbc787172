package charge

import (
	"errors"
	"time"
)

// VisitKey names what is protected against two hands at once: a plate in a lot.
type VisitKey struct {
	Lot   LotID
	Plate Plate
}

// Push is the record of one request on a platform's path, accepted or not.
type Push struct {
	ID       int64
	Platform string
	Account  string // empty where none was found
	Received time.Time
	Remote   string // client address
	Request  []byte // the request as on the wire: request line, headers, body; credentials in it as sent
	Outcome  Outcome
	Reason   string // what was wrong, for support; no secret, no full plate
	Charge   int64  // 0 where it made or met none
	Reply    []byte // the body that was answered
}

// Event is one step in a charge's life that no other row tells: a match, a correction, a void.
type Event struct {
	Charge int64
	At     time.Time
	Step   string // "matched", "voided", "redelivered", "changed", …
	Result string
	Reason Reason
	Detail string
	Actor  string // user or token that did it; empty for the gateway itself
}

// EntryKind is what a ledger entry counts.
type EntryKind string

// Ledger entry kinds. Corrections are entries of the same kind with the sign turned.
const (
	EntryGrant EntryKind = "grant"
	EntryUsage EntryKind = "usage"
)

// LedgerEntry is one line of the append-only ledger of grants and usage.
type LedgerEntry struct {
	ID       int64
	At       time.Time
	Charge   int64
	StayID   int64 // 0 in lots without stays
	Kind     EntryKind
	Method   Method
	Minutes  int64
	Amount   Fen
	Platform string
	Lot      LotID
	Day      string // of the charge's receipt, in Asia/Shanghai, "2026-01-31": statements add up by it
	Note     string
}

// Sums are what a ledger comes to.
type Sums struct {
	GrantMinutes int64
	GrantAmount  Fen
	UsageMinutes int64
	UsageAmount  Fen
}

// ChargeFilter narrows a list of charges; zero fields do not narrow.
type ChargeFilter struct {
	Platform string
	Lot      LotID
	Plate    string // whole, or a part of three or more characters
	Order    string
	UUID     string // of a delivery
	States   []State
	Reason   Reason
	From, To time.Time // by receipt; From inclusive, To exclusive
	Limit    int       // 1 to 500; 0 is 50
	Cursor   string
}

// PushFilter narrows a list of pushes.
type PushFilter struct {
	Platform string
	Account  string
	Outcome  Outcome
	Refused  bool // only those that were not taken: neither accepted nor repeated nor a question
	Charge   int64
	From, To time.Time
	Limit    int
	Cursor   string
}

// StayFilter narrows a list of stays.
type StayFilter struct {
	Lot    LotID
	Plate  string
	Open   bool // open ones only
	Limit  int
	Cursor string
}

// ErrCursor says that a cursor is none that the list gave.
var ErrCursor = errors.New("not a cursor of this list")

// Page is a part of a list, newest first. Next is the cursor of what follows, empty at the end.
type Page[T any] struct {
	Items []T
	Next  string
}

// LotStatus is how a lot stands.
type LotStatus struct {
	Lot         LotID
	Online      bool
	Node        string
	Beat        time.Time // last heartbeat; zero for never
	Paused      bool
	PauseReason string
	ToldStays   bool      // it has told an entry
	Pending     int       // deliveries that are due, leased, sent or unknown
	Minute      int       // of them, those made more than a minute ago
	TenMinutes  int       // and more than ten
	OldestDue   time.Time // since when the oldest of them waits, whatever its next try; zero for none
}

// LineSession says which node holds a line.
type LineSession struct {
	Lot          LotID
	LocalID      string
	Node         string
	Epoch        int64
	Remote       string
	ReceiveCloud bool
	Since, Beat  time.Time
}

// History is a charge with all that hangs on it.
type History struct {
	Charge     *Charge
	Stay       *Stay // nil where none is matched
	Pushes     []Push
	Events     []Event
	Ledger     []LedgerEntry
	Deliveries []*Delivery         // oldest first
	Attempts   map[int64][]Attempt // by delivery
}

// StatementRow is one platform, lot and day of a statement.
type StatementRow struct {
	Day            string
	Platform       string
	Lot            LotID
	Charges        int64
	GrantedMinutes int64
	GrantedAmount  Fen
	Delivered      int64
	Used           int64 // charges with a usage
	UsedMinutes    int64
	UsedAmount     Fen
	Gaps           int64 // charges where promised and used differ, or whose usage was never told
}

// Add adds another row's sums to a row.
func (r *StatementRow) Add(o StatementRow) {
	r.Charges += o.Charges
	r.GrantedMinutes += o.GrantedMinutes
	r.GrantedAmount += o.GrantedAmount
	r.Delivered += o.Delivered
	r.Used += o.Used
	r.UsedMinutes += o.UsedMinutes
	r.UsedAmount += o.UsedAmount
	r.Gaps += o.Gaps
}

// Empty reports whether all sums of a row are nought.
func (r *StatementRow) Empty() bool {
	return *r == StatementRow{Day: r.Day, Platform: r.Platform, Lot: r.Lot}
}

// StatementView is as much of a statement as fits a page: its first rows, and the sums of all.
type StatementView struct {
	Rows []StatementRow
	More bool           // there are other rows
	Days []StatementRow // all rows added up by day, without platform and lot
}

// StatementFilter narrows a statement; zero fields do not narrow.
type StatementFilter struct {
	Platform string
	Union    string // a vendor's lots
	Lot      LotID
	From, To string // days in Asia/Shanghai, "2026-01-31"; From inclusive, To exclusive
}

// Gap reports whether the lot took off something else than it was granted, or never told what it took off, or
// its gate took another price than ours. A lot that decides by itself, and a free stay, promise no size that a
// usage could differ from; minutes told in yuan, or yuan in minutes, cannot be compared and are no gap.
func (c *Charge) Gap() bool {
	u := c.Usage
	switch {
	case c.State == StateDelivered:
		return c.Reason == ReasonUsageNotTold
	case c.State != StateUsed || u == nil || c.Reduction == nil:
		return false
	case u.Gap != 0:
		return true
	case c.Reduction.Method == MethodTime:
		return u.Minutes != c.Reduction.Minutes && (u.Minutes != 0 || u.Amount == 0)
	case c.Reduction.Method == MethodAmount:
		return u.Amount != c.Reduction.Amount && (u.Amount != 0 || u.Minutes == 0)
	}
	return false
}

// Counts are the figures of the console's first page, over a span of time.
type Counts struct {
	Pushes   map[Outcome]int64
	States   map[State]int64
	Pending  int64
	Oldest   time.Time // since when the oldest pending delivery waits; zero for none
	OffLine  int64     // sdk lots with something pending and no line
	LatestAt time.Time
}

// LotMarks are durable facts about a lot that no estate file says: learnt from it, or set by support.
type LotMarks struct {
	ToldStays   bool // it has told an entry: stays "auto" means required from here on
	Paused      bool
	PauseReason string
}
