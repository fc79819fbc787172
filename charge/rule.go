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
	Off       bool
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

// String gives "U/P", "U" or "platform".
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
}

// Grant is where a reduction's size comes from.
type Grant string

// Grants.
const (
	GrantAsPushed   Grant = "as_pushed"
	GrantFixed      Grant = "fixed"
	GrantChargeTime Grant = "charge_time"
	GrantLotDecides Grant = "lot_decides"
)

// Combine is what several charges in one stay come to.
type Combine string

// Ways to combine several charges of one stay; docs/estate.md tells what each does.
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
