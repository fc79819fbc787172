package charge

import (
	"net/netip"
	"time"
)

// Account is one set of a platform's keys, for a whole platform, a vendor or a lot.
type Account struct {
	ID        string
	Platform  string // dialect id, "telaidian"
	Scope     Scope
	Keys      map[string]Secret // by the key names of the platform
	OldKeys   map[string]Secret // valid as well until OldUntil; names that are absent have not changed
	OldUntil  time.Time
	Clock     ClockMode
	AllowFrom []netip.Prefix // lock by address; empty is no lock
	PathToken Secret         // lock by path; empty is no lock
	Report    *ReportTarget  // 特来电 and 奥特迅 only
	Formerly  []string       // earlier names: their order numbers are this account's
	Undated   UndatedMode    // what becomes of pushes that prove no time
	Off       bool
}

// Locked reports whether a push must come from an address or by a path that is known.
func (a *Account) Locked() bool { return len(a.AllowFrom) > 0 || a.PathToken != "" }

// OpenToOld reports that a push of any age is taken from anywhere: the account takes pushes that prove no time, of
// which its platform has some, and has no lock. Only accounts of an older release can be so.
func (a *Account) OpenToOld(undated bool) bool {
	return undated && a.Undated == UndatedOnceAStay && !a.Locked()
}

// Scope is how far an account reaches: the whole platform (zero), a vendor (Union), or one lot.
type Scope struct {
	Union string
	Park  string
}

// Covers reports whether a lot lies in the scope.
func (s Scope) Covers(l LotID) bool {
	return s.Union == "" || s.Union == l.Union && (s.Park == "" || s.Park == l.Park)
}

// Width orders scopes, the narrowest lowest: lot 0, vendor 1, platform 2.
func (s Scope) Width() int {
	switch {
	case s.Park != "":
		return 0
	case s.Union != "":
		return 1
	}
	return 2
}

// String returns "U/P", "U" or "platform".
func (s Scope) String() string {
	switch s.Width() {
	case 0:
		return s.Union + "/" + s.Park
	case 1:
		return s.Union
	}
	return "platform"
}

// ClockMode is what happens to a push whose own time is more than 15 minutes from ours.
type ClockMode string

// Clock modes of an account.
const (
	ClockOff     ClockMode = "off"
	ClockWarn    ClockMode = "warn"
	ClockEnforce ClockMode = "enforce"
)

// UndatedMode is what becomes of a push that carries neither an order number nor its times, so that nothing says when
// it was made.
type UndatedMode string

// Undated modes of an account. An empty one is refuse.
const (
	UndatedRefuse    UndatedMode = "refuse"      // outcome undated: nothing is granted
	UndatedOnceAStay UndatedMode = "once_a_stay" // at most one grant a stay, or a day and plate where the lot reports none
)

// ReportTarget is where a platform wants to hear what was really taken off. Keys that are absent are the
// account's.
type ReportTarget struct {
	URL     string // base address; /query_token and /notification_park_order_consumed are appended
	Keys    map[string]Secret
	AllowTo []netip.Prefix
}

// Binding lets the charges of one account count in one lot.
type Binding struct {
	Account  string
	Lot      LotID
	Mode     BindingMode
	Chargers []string // 奥特迅: charger ids, unique over everything
	Stations []string // the platform's own station ids that stand for this lot, unique within the issuer
	Rules    []Rule   // versions, oldest first
}

// BindingMode is what a binding does with what it decides.
type BindingMode string

// Binding modes.
const (
	ModeLive   BindingMode = "live"
	ModeShadow BindingMode = "shadow" // decide and show, send nothing
	ModeOff    BindingMode = "off"
)

// RuleAt is the newest version that is effective at the end of a charge. The first version has no lower
// bound unless it names one.
func (b Binding) RuleAt(ended time.Time) (Rule, bool) {
	for i := len(b.Rules) - 1; i >= 0; i-- {
		if r := b.Rules[i]; r.Effective.IsZero() || !ended.Before(r.Effective) {
			return r, true
		}
	}
	return Rule{}, false
}

// Rule is what the car park agreed to give for a charge. Zero caps are none.
type Rule struct {
	Version          int       `json:"version"`
	Effective        time.Time `json:"effective,omitzero"`
	Grant            Grant     `json:"grant"`
	Fixed            Reduction `json:"fixed,omitzero"`        // grant fixed
	PlusMinutes      int64     `json:"plus_minutes,omitzero"` // grant charge_time
	MinChargeMinutes int64     `json:"min_charge_minutes,omitzero"`
	MinEnergy        Energy    `json:"min_energy_kwh,omitzero"`
	CapMinutes       int64     `json:"cap_minutes,omitzero"`
	CapAmount        Fen       `json:"cap_amount,omitzero"`
	Combine          Combine   `json:"combine"`
	HoldSeconds      int64     `json:"hold_seconds"` // 0 refuses at once
	Target           Target    `json:"target"`

	CapChargeMinutes   int64    `json:"cap_charge_minutes,omitzero"` // grant charge_time: before PlusMinutes
	Steps              []Step   `json:"steps,omitempty"`             // grant steps, lowest first
	MinFee             Fen      `json:"min_fee,omitzero"`
	NoTemporary        bool     `json:"no_temporary,omitzero"`   // temporary plates get nothing
	OnlyChargers       []string `json:"only_chargers,omitempty"` // charges at these points only; empty is all
	PerDay             PerDay   `json:"per_day,omitzero"`        // of a plate
	Lock               Lock     `json:"lock,omitzero"`           // of a plate
	Takes              Takes    `json:"takes,omitempty"`         // 4G; empty is TakesEnd
	LeaveWithinSeconds int64    `json:"leave_within_s,omitzero"` // 4G: a later exit loses the grant; 0 is no such end
}

// Step is one level of grant steps: a charge that has reached From is given the reduction. Of several the last
// that was reached counts.
type Step struct {
	By        StepBy    `json:"by"`
	From      int64     `json:"from"` // minutes, thousandths of a kWh, or fen
	Reduction Reduction `json:"reduction"`
}

// StepBy is what the steps of a rule count.
type StepBy string

// What steps count.
const (
	StepByMinutes StepBy = "minutes" // charged
	StepByEnergy  StepBy = "kwh"
	StepByFee     StepBy = "fee" // of the charge, in yuan
)

// PerDay is the most that a plate gets on one day, which is that of the charge's end in Asia/Shanghai, over all
// platforms. Zero fields do not limit.
type PerDay struct {
	Times   int64 `json:"times,omitzero"` // charges that were granted something
	Minutes int64 `json:"minutes,omitzero"`
	Amount  Fen   `json:"amount,omitzero"`
	Per     Reach `json:"per,omitempty"` // empty is ReachLot
}

// Lock keeps a plate from a grant in another stay for a while: two charges in two stays whose ends are less than
// Seconds apart are not both granted something, whichever comes first. 0 is no lock.
type Lock struct {
	Seconds int64 `json:"for_s,omitzero"`
	Per     Reach `json:"per,omitempty"` // empty is ReachLot
}

// Reach is how far a limit of a plate reaches.
type Reach string

// Reaches.
const (
	ReachLot    Reach = "lot"
	ReachVendor Reach = "vendor" // all lots of the lot's vendor
)

// Covers reports whether a grant in lot other counts for a limit in a lot.
func (r Reach) Covers(id, other LotID) bool {
	if r == ReachVendor {
		return id.Union == other.Union
	}
	return id == other
}

// Takes is which minutes of a stay a time reduction takes off.
type Takes string

// What a time reduction takes off.
const (
	TakesEnd    Takes = "end"    // the end of the stay
	TakesCharge Takes = "charge" // the charging interval, at its own price
)

// LimitsPlate reports whether the rule looks at what a plate was granted in other stays.
func (r *Rule) LimitsPlate() bool { return r.PerDay != PerDay{} || r.Lock != Lock{} }

// WidestReach is the wider of the reaches of per_day and lock.
func (r *Rule) WidestReach() Reach {
	if r.PerDay.Per == ReachVendor || r.Lock.Per == ReachVendor {
		return ReachVendor
	}
	return ReachLot
}

// LeaveBy is the moment until which a car must leave to keep a grant of the rule, given the end of its charge; zero
// where the rule asks for nothing of the kind.
func (r *Rule) LeaveBy(ended time.Time) time.Time {
	if r.LeaveWithinSeconds == 0 {
		return time.Time{}
	}
	return ended.Add(time.Duration(r.LeaveWithinSeconds) * time.Second)
}

// Bounds are the settings limits.minutes and limits.amount: the most that one stay gets of what a push asks for, or of
// charging time, where the rule names no cap. Zero is no bound.
type Bounds struct {
	Minutes int64
	Amount  Fen
}

// Grant is where a reduction's size comes from.
type Grant string

// Grants.
const (
	GrantAsPushed   Grant = "as_pushed"
	GrantFixed      Grant = "fixed"
	GrantChargeTime Grant = "charge_time"
	GrantLotDecides Grant = "lot_decides"
	GrantSteps      Grant = "steps"
)

// Combine is what several charges in one stay come to.
type Combine string

// Ways to combine several charges of one stay; docs/estate.md says what each does.
const (
	CombineBest  Combine = "best"
	CombineSum   Combine = "sum"
	CombineFirst Combine = "first"
)

// Target is which stay is reduced where 4G areas are nested.
type Target string

// Targets.
const (
	TargetStay     Target = "stay"
	TargetOuter    Target = "outer"
	TargetAtCharge Target = "at_charge"
)

// DefaultHold is how long a charge waits for its stay where its rule says nothing: lines upload stored
// entries one per second after an outage, so hours are normal.
const DefaultHold = 2 * time.Hour
