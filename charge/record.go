package charge

import (
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
	Reason   Notes  // what was wrong or left out, for support; no secret, no full plate
	Charge   int64  // 0 where it made or met none
	Reply    []byte // the body that was answered
	// Plate, Order and Lot are what could be read of a push that made no charge. Nothing of it is proven.
	Plate Plate
	Order string
	Lot   LotID
}

// Event is one step in a charge's life that no other row holds: a match, a correction, a void.
type Event struct {
	Charge int64
	At     time.Time
	Step   string // "matched", "voided", "redelivered", "changed", …
	Result string
	Reason Reason
	Detail Note
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
	Note     Note
}

// Sums are what a ledger comes to.
type Sums struct {
	GrantMinutes int64
	GrantAmount  Fen
	UsageMinutes int64
	UsageAmount  Fen
}

// LotStatus is how a lot stands.
type LotStatus struct {
	Lot         LotID
	Online      bool
	Node        string
	Beat        time.Time // last heartbeat; zero for never
	Paused      bool
	PauseReason string
	ToldStays   bool          // it has reported an entry
	Clock       time.Duration // how far its clock is ahead of ours; negative: behind
	LastRefused RefusedLogin  // the last login on its line that was refused; the zero one for none
	Lines       []LineSession // that are up, in the order of their heartbeats
	Pending     int           // deliveries that are due, leased, sent or unknown
	Minute      int           // of them, those made more than a minute ago
	TenMinutes  int           // and more than ten
	OldestDue   time.Time     // since when the oldest of them waits, whatever its next try; zero for none
}

// Link is which of the two connections of one PC a session is. SDK before 4.0 opens both under one local_id and
// signs each with a key of its own; the key that signs decides the link.
type Link string

// Links.
const (
	LinkCloud  Link = "cloud"  // signed with the lot's ckey: 3.25 and copies go here
	LinkBolink Link = "bolink" // signed with the vendor's ukey: 3.1 and 3.36 go here
)

// LineSession says which node holds a line. Lot, LocalID and Link name it.
type LineSession struct {
	Lot          LotID
	LocalID      string
	Link         Link
	Node         string
	Epoch        int64
	Remote       string
	ReceiveCloud bool
	Silent       bool // it has let three downlinks in a row go unanswered
	Since, Beat  time.Time
}

// History is a charge with all that hangs on it.
type History struct {
	Charge     *Charge
	Stay       *Stay // nil where none is matched
	Pushes     []Push
	Events     []Event
	Earlier    []*Decision // that another decision has replaced, oldest first
	Ledger     []LedgerEntry
	Deliveries []*Delivery         // oldest first
	Attempts   map[int64][]Attempt // by delivery
}

// RefusedLogin is a login on a lot's line that was refused.
type RefusedLogin struct {
	At      time.Time
	Reason  string // a code of package line: "bad_sign", …
	Remote  string // address
	LocalID string // the machine's, as it names itself
}

// Note says why the login was refused.
func (r RefusedLogin) Note() Note {
	switch r.Reason {
	case "bad_sign":
		return Say("login.bad_sign")
	case "not_an_sdk_lot":
		return Say("login.not_an_sdk_lot")
	case "bad_local_id":
		return Say("login.bad_local_id")
	case "too_many_logins":
		return Say("login.too_many")
	case "too_many_machines":
		return Say("login.too_many_machines")
	}
	return Say("login.refused", Text("reason", r.Reason))
}

// ClockRight is what a lot's clock may be off and still count as right.
const ClockRight = 2 * time.Minute

// ClockNote is how far the lot's clock is ahead or behind; the zero Note where it is right.
func (s LotStatus) ClockNote() Note {
	if s.Clock.Abs() < ClockRight {
		return Note{}
	}
	return ClockNote(s.Clock)
}

// NotAnswering reports whether each line of the lot has let three downlinks in a row go unanswered.
func (s LotStatus) NotAnswering() bool {
	for _, l := range s.Lines {
		if !l.Silent {
			return false
		}
	}
	return len(s.Lines) > 0
}

// ClockNote says how far a lot's clock is ahead, or behind where ahead is negative.
func ClockNote(ahead time.Duration) Note {
	if ahead < 0 {
		return Say("lot.clock_behind", Span("by", -ahead))
	}
	return Say("lot.clock_ahead", Span("by", ahead))
}

// LotMarks are durable facts about a lot that no estate file says: learnt from it, or set by support.
type LotMarks struct {
	ToldStays   bool // it has reported an entry: stays "auto" means required from here on
	Paused      bool
	PauseReason string
	Clock       time.Duration // how far its clock is ahead of ours, as measured; negative: behind
}
