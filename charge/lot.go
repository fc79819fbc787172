package charge

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// LotID names a car park: the vendor's number and the vendor's own number for the park. It is written
// "union_id/park_id" ("200461/1313").
type LotID struct {
	Union string
	Park  string
}

// MostAreas is how many lots may name the same parent. An entry or exit holds the visits of a plate in all of them.
const MostAreas = 64

// ParseLotID reads "union_id/park_id".
func ParseLotID(text string) (LotID, error) { return SplitLot(text, "/") }

// SplitLot reads a lot key as platforms write it, with the first separator that occurs in it
// ("200461&&1313", "2002790-22370", "2002790,22370").
func SplitLot(text string, separators ...string) (LotID, error) {
	for _, sep := range separators {
		union, park, found := strings.Cut(strings.TrimSpace(text), sep)
		if found && idWord(union) && idWord(park) {
			return LotID{Union: union, Park: park}, nil
		}
	}
	forms := make([]string, len(separators))
	for i, sep := range separators {
		forms[i] = "union_id" + sep + "park_id"
	}
	return LotID{}, NewFault(Say("value.no_lot", Text("value", clip(text)), Text("forms", strings.Join(forms, " / "))),
		fmt.Sprintf("%q is not a lot written %s", clip(text), strings.Join(forms, " or ")))
}

// idWord allows what vendors' and parks' numbers are made of.
func idWord(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-' || r == '.') {
			return false
		}
	}
	return true
}

// String returns "union_id/park_id", or nothing for the zero LotID.
func (l LotID) String() string {
	if l == (LotID{}) {
		return ""
	}
	return l.Union + "/" + l.Park
}

// IsZero reports whether no lot is named.
func (l LotID) IsZero() bool { return l == LotID{} }

// MarshalText writes String.
func (l LotID) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads String's form; empty text is the zero LotID.
func (l *LotID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*l = LotID{}
		return nil
	}
	v, err := ParseLotID(string(b))
	if err == nil {
		*l = v
	}
	return err
}

// LotKind is how reductions get into a lot.
type LotKind string

// The kinds of car park.
const (
	KindSDK    LotKind = "sdk"    // long TCP line with acknowledgements
	Kind4G     LotKind = "4g"     // we keep the order and take the reduction off at exit
	KindAPI    LotKind = "api"    // signed HTTP callbacks
	KindCoupon LotKind = "coupon" // a coupon in another parking system's cloud
)

// Message is the interface number an SDK lot takes reductions by.
type Message string

// The messages by which a lot may get a reduction.
const (
	Message325    Message = "3.25"   // SDK lots
	Message336    Message = "3.36"   // SDK lots that took up 星星 before 2022-09-28; 星星 charges only
	Message514    Message = "5.14"   // API lots
	MessageLedger Message = "ledger" // 4G lots: nothing is sent
	MessageCoupon Message = "coupon" // lots of other systems: a coupon
)

// Repeats is what a second message for one stay does in a lot.
type Repeats string

// What a second message does.
const (
	RepeatsAdd     Repeats = "add"     // it adds to the first: the difference is sent
	RepeatsReplace Repeats = "replace" // it takes the first one's place: the new total is sent
	RepeatsUnsafe  Repeats = "unsafe"  // unknown: after a silence nothing is sent again
)

// StaysMode is whether a lot reports entries and exits.
type StaysMode string

// Whether a charge needs a stay in the lot.
const (
	StaysAuto     StaysMode = "auto"     // required from the lot's first entry on
	StaysRequired StaysMode = "required" // a charge waits for its stay
	StaysNone     StaysMode = "none"     // one visit is lot + plate within 24 h of its first charge
	StaysTold     StaysMode = "told"     // coupon lots: required, the target reports entries and exits
)

// Vendor is a maker or operator of car-park systems.
type Vendor struct {
	UnionID       string
	Name          string
	Ukey          Secret // signs callbacks (5.14), 3.x, and lines of lots without a ckey
	OldUkey       OldKey
	Callback      string // for all its API lots that name none
	AllowTo       []netip.Prefix
	OpenInterface bool // open interface 13 (令狐) is switched on
	Off           bool
}

// OldKey is a key that stays valid for a while after it was changed. The zero value is none.
type OldKey struct {
	Key   Secret
	Until time.Time
}

// Lot is a car park and how to reach it.
type Lot struct {
	ID       LotID
	Name     string
	Kind     LotKind
	Ckey     Secret
	OldCkey  OldKey
	Message  Message // SDK lots: 3.25 or 3.36
	Callback string  // API lots: where 5.14 goes; the vendor's where empty
	AllowTo  []netip.Prefix
	Target   string            // coupon lots: the system that runs the lot
	Keys     map[string]Secret // coupon lots: the target's keys
	Address  string            // coupon lots: where the target is called; the published address where empty
	Parent   LotID             // the outer lot this area lies in
	Repeats  Repeats
	Stays    StaysMode
	Tariff   *Tariff // 4G lots
	Off      bool
}
