// Package charge holds the nouns of the gateway: charges, stays, reductions, lots, accounts, rules, and the
// closed lists of states and reasons. It imports only the standard library and knows no platform, no wire
// and no database.
package charge

import (
	"strings"
	"time"
)

// Charge is one finished charging order and what became of it.
type Charge struct {
	ID        int64
	Platform  string // dialect id
	Account   string
	Order     string // the platform's order number; empty where it has none
	RepeatKey string // unique within platform and issuer, for ever
	Plate     Plate
	Names     Names     // the car's other plates, as far as the push names them
	Lot       LotID     // the lot that the push names
	StartedAt time.Time // zero where the push does not tell
	EndedAt   time.Time // zero where the push does not tell
	Received  time.Time
	Energy    Energy
	HasEnergy bool
	Total     Fen
	HasTotal  bool
	Ask       Ask
	Detail    Detail
	Digest    string // of what was read; distinguishes an identical repeat from a changed one

	State     State
	Reason    Reason
	Reduction *Reduction // granted; nil until something was
	StayID    int64      // 0 while none is matched
	HoldUntil time.Time
	Decision  *Decision
	Usage     *Usage
	Report    ReportState
	UpdatedAt time.Time
}

// Minutes is the length of the charge in minutes, a started one counted whole; 0 where times are missing.
func (c *Charge) Minutes() int64 {
	if c.StartedAt.IsZero() || c.EndedAt.Before(c.StartedAt) {
		return 0
	}
	return int64((c.EndedAt.Sub(c.StartedAt) + time.Minute - 1) / time.Minute)
}

// Gone reports that retention took the charge away: no more is known of it than a repeat must know.
func (c *Charge) Gone() bool { return c.Plate == "" }

// At is the moment that decides by which rule version and in which stay a charge counts: its end, else when it was
// received.
func (c *Charge) At() time.Time {
	if c.EndedAt.IsZero() {
		return c.Received
	}
	return c.EndedAt
}

// Ask is the reduction that a push names, its unit converted. Whether it is heeded is the rule's affair.
type Ask struct {
	Method  Method `json:"method,omitempty"` // empty: the push names nothing usable
	Minutes int64  `json:"minutes,omitempty"`
	Amount  Fen    `json:"amount,omitempty"`
}

// Detail is what a push says about place and price, handed on to the lot as it came (3.25, 5.14).
type Detail struct {
	StationID     string `json:"station_id,omitempty"`
	StationName   string `json:"station_name,omitempty"`
	ConnectorID   string `json:"connector_id,omitempty"`
	ConnectorName string `json:"connector_name,omitempty"`
	ParkNo        string `json:"park_no,omitempty"`
	Power         string `json:"power,omitempty"`        // kWh as reported
	ElecMoney     string `json:"elec_money,omitempty"`   // yuan
	SeviceMoney   string `json:"sevice_money,omitempty"` // yuan; misspelled on every wire
	TotalMoney    string `json:"total_money,omitempty"`  // yuan
	Charger       string `json:"charger,omitempty"`      // the id the lot was found by (奥特迅)
}

// Points lists the names that a push has for the place of charging, the closest first.
func (d *Detail) Points() []string {
	var names []string
	for _, n := range []string{d.Charger, d.ConnectorID, d.StationID} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

// SamePoint reports whether a listed charging point is the one that a push names: the same id, or the pile of a
// pushed gun, whose id is the pile's and one to three digits more. Short ids have no guns: 1 is not the pile of 12.
func SamePoint(listed, pushed string) bool {
	if listed == pushed {
		return listed != ""
	}
	gun, isGun := strings.CutPrefix(pushed, listed)
	return isGun && len(listed) >= 8 && len(gun) <= 3 && strings.Trim(gun, "0123456789") == ""
}

// Method is the kind of a reduction.
type Method string

// Methods.
const (
	MethodTime       Method = "time"
	MethodAmount     Method = "amount"
	MethodFree       Method = "free"
	MethodLotDecides Method = "lot_decides"
)

// Reduction is what is granted. Minutes counts with MethodTime, Amount with MethodAmount.
type Reduction struct {
	Method  Method `json:"method"`
	Minutes int64  `json:"minutes"`
	Amount  Fen    `json:"amount"`
}

// IsZero reports whether nothing is granted.
func (r Reduction) IsZero() bool { return r == Reduction{} }

// Decision is how a charge was decided, kept for ever with what it was decided on.
type Decision struct {
	At        time.Time `json:"at"`
	Rule      Rule      `json:"rule"`
	State     State     `json:"state"`
	Reason    Reason    `json:"reason"`
	Wanted    Reduction `json:"wanted"` // before caps and combining
	Reduction Reduction `json:"reduction,omitzero"`
	Send      Reduction `json:"send,omitzero"` // what the lot is sent: the new total where it replaces
	Granted   []Granted `json:"granted"`       // what the stay had already
	StayID    int64     `json:"stay_id,omitzero"`
	StayOrder string    `json:"stay_order,omitempty"`
	VisitFrom time.Time `json:"visit_from,omitzero"` // lots without stays: when the visit's first charge came
	Minutes   int64     `json:"charge_minutes"`
	Energy    Energy    `json:"energy_kwh"`
	Past      []Past    `json:"past,omitempty"`    // what counted for per_day and lock
	Setting   string    `json:"setting,omitempty"` // the setting that cut the grant: "limits.minutes" or "limits.amount"
	Notes     Notes     `json:"note,omitempty"`    // how it came to it, step by step
}

// Granted is one earlier grant in a visit.
type Granted struct {
	Charge    int64     `json:"charge,string"`
	Reduction Reduction `json:"reduction"`
	Combine   Combine   `json:"combine"`
	At        time.Time `json:"at"`

	// Of 4G stays, where pricing needs them.
	// the interval whose price is taken off begins here; zero: the end is moved
	ChargeFrom time.Time `json:"charge_from,omitzero"`
	LeaveBy    time.Time `json:"leave_by,omitzero"` // a later exit loses the grant
}

// Past is a grant to a plate, in this stay or another, that its rule's per_day or lock looks at.
type Past struct {
	Charge    int64     `json:"charge,string"`
	Lot       LotID     `json:"lot"`
	Ended     time.Time `json:"ended"` // Charge.At
	Same      bool      `json:"same_stay,omitzero"`
	Reduction Reduction `json:"reduction"`
}

// Usage is what the lot really took off at exit.
type Usage struct {
	Minutes int64       `json:"minutes"`
	Amount  Fen         `json:"amount"`
	At      time.Time   `json:"at"`               // the exit
	Source  UsageSource `json:"source,omitempty"` // where it was reported
	Method  int         `json:"method,omitempty"` // calculation_method as reported: 1 time, 2 amount, 3 lot
	Told    string      `json:"told,omitempty"`   // the minutes or yuan as received, before rounding
	Gap     Fen         `json:"gap,omitzero"`     // 4G: what the gate took beyond our price
	Worth   Fen         `json:"worth,omitzero"`   // 4G: what it came to in money by our price, whatever the method
}

// Yuan is a usage in money: as the lot reported it, else what its minutes came to by our price; zero where neither is
// known.
func (u *Usage) Yuan() Fen {
	if u.Amount != 0 {
		return u.Amount
	}
	return u.Worth
}

// UsageSource is the message a usage came by.
type UsageSource string

// Usage sources, the later beating the earlier.
const (
	UsageExit   UsageSource = "exit"   // 2.2 or 3.2
	UsageTold   UsageSource = "told"   // 2.34 or 3.11
	UsageLedger UsageSource = "ledger" // our own settlement of a 4G stay
)

// Stay is one visit of a car in a lot.
type Stay struct {
	ID      int64
	Lot     LotID
	OrderID string // the lot's; unique among its open stays
	Plate   Plate
	Names   Names // the car's other plates, as far as the lot named them
	Entered time.Time
	Left    time.Time // zero while open
	Open    bool
	Closed  StayClosed
	Channel string // entry channel

	// ToldEntered and ToldLeft are what the lot reported where its clock was ahead of ours; zero where it was not.
	ToldEntered, ToldLeft time.Time

	Paid       Fen       // 4G lots only
	PaidAt     time.Time // 4G lots only
	Settlement []byte    // earlier plates, payments and the first answer to the exit, kept for repeats; flow's own JSON
}

// Is reports whether the lot has named the car by a plate.
func (s *Stay) Is(p Plate) bool { return s.Plate == p || s.Names.Has(p) }

// ToldEntry is the entry by the lot's own clock.
func (s *Stay) ToldEntry() time.Time {
	if !s.ToldEntered.IsZero() {
		return s.ToldEntered
	}
	return s.Entered
}

// ToldExit is the exit by the lot's own clock; zero while the stay is open.
func (s *Stay) ToldExit() time.Time {
	if !s.ToldLeft.IsZero() {
		return s.ToldLeft
	}
	return s.Left
}

// StayClosed is how a stay came to its end.
type StayClosed string

// How stays end.
const (
	ClosedByExit  StayClosed = "exit"
	ClosedByEntry StayClosed = "newer_entry" // the plate came in again
	ClosedLate    StayClosed = "late_entry"  // the entry was reported after a newer one
	ClosedLone    StayClosed = "lone_exit"   // an exit came without its entry
)

// Delivery is getting one charge's reduction into its lot.
type Delivery struct {
	ID       int64
	Charge   int64
	Lot      LotID
	Channel  DeliveryChannel
	Message  Message
	UUID     string // the reduction's id; never changes over retries
	Payload  []byte // what is sent, byte-identical over retries
	State    DeliveryState
	Attempts int
	First    Attempt // its N is 0 while there is none, and where a version before schema 25 stored it
	DueAt    time.Time
	Until    time.Time // no attempt after this; zero while only the exit ends it
}

// Attempt is one try of a delivery.
type Attempt struct {
	Delivery int64
	N        int
	At       time.Time
	Result   AttemptResult
	Detail   Note // the lot's answer or the failure
}
