// Package platform is the contract of a dialect: one platform's way of pushing.
//
// A dialect is pure. It takes bytes, keys and a time, and returns what the push says and the exact answer. It
// knows no database, no network and no clock. Units are converted in a dialect and nowhere else.
//
// Package intake is the HTTP door, profile the kit of the families, doctor explains pushes, report sends usage back.
package platform

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Push is one request as it arrived on a platform's path.
type Push struct {
	Platform string // dialect id
	Route    Route
	Method   string
	Path     string // as sent, without a path token
	// PathToken is what stood behind the path; Admit compares it. It is never stored.
	PathToken charge.Secret
	PathMark  string // stored in its place: a replay compares it with the mark of the account's token; empty for none
	// Stored says that it was read from the store: a mark may stand in place of its access token.
	Stored   bool
	Query    string // raw
	Header   http.Header
	Body     []byte // at most 64 KiB
	Parsed   any    // what the dialect's Claim made of the body, which is read once; nil: nothing yet
	Remote   netip.Addr
	Received time.Time
}

// RouteKind is what is asked for at a path.
type RouteKind string

// Route kinds.
const (
	RouteCharge  RouteKind = "charge"  // a finished charge
	RouteToken   RouteKind = "token"   // query_token
	RouteInquiry RouteKind = "inquiry" // is this plate in the lot
)

// Route is one published path of a platform, as printed (a double slash included). Intake serves it with
// single slashes too.
type Route struct {
	Path string
	Kind RouteKind
}

// Claim is whom a push says it is from. Nothing of it is believed: it only finds the keys to check with.
type Claim struct {
	Operator string       // operator id or app id; empty where the dialect has none
	Lot      charge.LotID // zero where the lot stands in the sealed part, or is found by charger
	Parsed   any          // handed on as Push.Parsed
}

// Account is the keys to open a push with: charge.Account with what its keys are looked up from.
type Account struct {
	ID    string
	Clock charge.ClockMode
	// Keys are the sets that are valid now, the current one first. A lot's or vendor's own key stands in as
	// "ckey" or "ukey" where the dialect's Info names it.
	Keys []Keys
	// TokenKey seals access tokens (query_token); 32 bytes, derived from the site's secrets key and ID.
	TokenKey []byte
	Scope    charge.Scope
}

// Keys is one set of keys by the names in Info.Keys.
type Keys map[string]charge.Secret

// Message is what a push says once its seal has been checked. Exactly one of Charge and Question is set,
// or neither: a push about a charge that is not finished, which is answered as taken and otherwise ignored.
type Message struct {
	Charge   *Charge
	Question *Question
	Order    string       // of a charge that is not over, where the answer repeats it
	Keys     int          // which of Account.Keys opened it, for "last used"
	Warnings charge.Notes // such as a clock that is off where the account only warns
}

// empty reports that nothing was read.
func (m *Message) empty() bool {
	return m.Charge == nil && m.Question == nil && m.Order == "" && m.Keys == 0 && len(m.Warnings) == 0
}

// Charge is a finished charging order as a dialect reads it.
type Charge struct {
	Order string
	// RepeatKey is the first full tuple of the dialect's ordered list, joined by '|'. It is taken from the
	// push alone unless Repeat says otherwise.
	RepeatKey string
	Repeat    Repeat
	Plate     charge.Plate
	Names     charge.Names // the car's other plates
	Lot       charge.LotID // zero where Chargers find it
	Chargers  []string     // candidates for the charger id, in order (奥特迅)
	Started   time.Time
	Ended     time.Time
	Energy    charge.Energy
	HasEnergy bool
	Total     charge.Fen
	HasTotal  bool
	Ask       charge.Ask
	Detail    charge.Detail
	// Unread is what a rule may need and the push holds in a form that cannot be read; see Unusable.
	Unread []Unread
}

// Part is a part of a charge that some rules need and others do not.
type Part string

// Parts.
const (
	PartReduction Part = "reduction" // what the push asks for
	PartTimes     Part = "times"
	PartEnergy    Part = "energy"
	PartFee       Part = "fee"
)

// Unread is a part of a charge that could not be read, and why.
type Unread struct {
	Part Part
	Why  charge.Note
}

// Undated reports that a charge proves no time: it carries neither an order number nor both its times, so that the
// same bytes may come again on another day.
func (c *Charge) Undated() bool { return c.Repeat == RepeatVisit }

// Unusable is the refusal of a charge by a rule that needs what the push holds in a form that cannot be read; nil
// where the rule needs nothing of it. What is simply not there is for the rule to judge.
func (c *Charge) Unusable(rule *charge.Rule) *Refusal {
	for _, u := range c.Unread {
		if needs(rule, u.Part) {
			r := BadField(u.Why)
			r.Read = c.reading()
			return r
		}
	}
	return nil
}

func (c *Charge) reading() Reading { return Reading{Plate: c.Plate, Order: c.Order, Lot: c.Lot} }

func needs(rule *charge.Rule, p Part) bool {
	counts := func(by charge.StepBy) bool {
		return rule.Grant == charge.GrantSteps &&
			slices.ContainsFunc(rule.Steps, func(s charge.Step) bool { return s.By == by })
	}
	switch p {
	case PartReduction:
		return rule.Grant == charge.GrantAsPushed
	case PartTimes:
		return rule.Grant == charge.GrantChargeTime || rule.MinChargeMinutes > 0 || rule.Takes == charge.TakesCharge ||
			rule.LeaveWithinSeconds > 0 || counts(charge.StepByMinutes)
	case PartEnergy:
		return rule.MinEnergy > 0 || counts(charge.StepByEnergy)
	case PartFee:
		return rule.MinFee > 0 || counts(charge.StepByFee)
	}
	return false
}

// Repeat says how a repeat of a push is known.
type Repeat string

// Repeat kinds.
const (
	RepeatOrder Repeat = ""      // by RepeatKey as it stands
	RepeatVisit Repeat = "visit" // by lot, plate and stay; without stays by RepeatKey within a window
)

// Question is a push that asks instead of telling.
type Question struct {
	Token *TokenQuestion
	Plate *PlateQuestion
}

// TokenQuestion is a query_token whose envelope was sound.
type TokenQuestion struct {
	Operator string
	// Refused is 0 where the token is granted, 1 for an unknown operator, 2 for a wrong secret.
	Refused int
	Token   string        // the access token to hand out; empty where refused
	Valid   time.Duration // how long it holds
}

// PlateQuestion asks whether a plate is in a lot.
type PlateQuestion struct {
	Plate charge.Plate
	Lot   charge.LotID
}

// Verdict is what became of a push; Reply puts it in the platform's words.
type Verdict struct {
	Outcome charge.Outcome
	Message *Message // what was read; nil where it was not opened
	InPark  bool     // the answer to a PlateQuestion
	Entered time.Time
}

// Reply is an exact HTTP answer.
type Reply struct {
	Status int // 200 but for 4xx of unreadable requests
	Type   string
	Body   []byte
}

// Refusal is why a push was not taken. Its note is for those who hold the keys (doctor, console); the platform hears
// only the words its documents have for the outcome.
type Refusal struct {
	Outcome charge.Outcome
	Step    Step
	Why     charge.Note // what is wrong and where; holds no secret and no full plate
	Read    Reading
}

// Reading is what could be read of a refused push, so that it can be found by it. Nothing of it is proven.
type Reading struct {
	Plate charge.Plate
	Order string
	Lot   charge.LotID
}

// Error returns the outcome and the stored form of the note.
func (r *Refusal) Error() string { return string(r.Outcome) + ": " + r.Why.String() }

// Note returns why the push was not taken.
func (r *Refusal) Note() charge.Note { return r.Why }

// Step is where in opening a push something failed.
type Step string

// Steps, in order.
const (
	StepBody    Step = "body"    // can it be read at all
	StepAccount Step = "account" // whose keys
	StepLock    Step = "lock"    // address list and path token
	StepSeal    Step = "seal"    // signature
	StepToken   Step = "token"
	StepClock   Step = "clock"
	StepCipher  Step = "cipher"
	StepFields  Step = "fields"
	StepLot     Step = "lot"
)

// Refuse makes a *Refusal.
func Refuse(step Step, outcome charge.Outcome, why charge.Note) *Refusal {
	return &Refusal{Outcome: outcome, Step: step, Why: why}
}

// Dialect is one platform's way of pushing.
type Dialect interface {
	// Info describes the dialect. It never changes.
	Info() Info
	// Claim reads whom the push says it is from. A *Refusal (bad_body, bad_field) says that not even that
	// can be read.
	Claim(p Push) (Claim, error)
	// Open checks the seal, then decrypts, parses and converts. A forged push is bad_signature (or
	// bad_token, stale) before any field is looked at. now is the time to judge clocks and tokens by.
	Open(p Push, a Account, now time.Time) (Message, error)
	// Reply puts a verdict into the platform's own words. a is nil where no account was found.
	Reply(p Push, a *Account, v Verdict) Reply
}

// Glimpser is a dialect whose pushes can be read in part before their seal is checked.
type Glimpser interface {
	// Glimpse returns what a push says that was refused. Nothing of it is proven.
	Glimpse(p Push) Reading
}

// TokenAsker is a dialect whose requests carry an access token that is asked for first.
type TokenAsker interface {
	// TokenRequest asks for an access token.
	TokenRequest(k Keys, at time.Time, seq int) Request
	// ReadToken reads the answer to TokenRequest.
	ReadToken(k Keys, body []byte) (token string, valid time.Duration, err error)
}

// Forger is a dialect that can build a push of its own, which a test push sends through the real listener.
type Forger interface {
	// Forge builds the request that pushes a charge. token is the access token of a TokenAsker, empty for others.
	Forge(k Keys, s Sample, token string, at time.Time) (Request, error)
}

// Sample is the charge of a forged push.
type Sample struct {
	Order   string
	Plate   charge.Plate
	Lot     charge.LotID
	Charger string // charger or station, where the lot is found by it
	Started time.Time
	Ended   time.Time
	Energy  charge.Energy
	Total   charge.Fen
	Minutes int64 // to take off, where the platform asks for time
}

// Reporter is a dialect that reports to its platform what was really taken off.
type Reporter interface {
	TokenAsker
	// Report sends one usage.
	Report(k Keys, token string, u Used, at time.Time, seq int) Request
	// ReadReport reads the answer. taken is false where a new try can help; tokenOver asks for a new token.
	ReadReport(k Keys, body []byte) (taken, tokenOver bool, err error)
}

// Request is an HTTP request a dialect wants made, its path below a base address.
type Request struct {
	Path   string
	Header http.Header
	Body   []byte
	Plain  []byte // what Body holds encrypted, for people; nil where Body is plain
}

// Used is what a Reporter sends.
type Used struct {
	Order   string
	Plate   charge.Plate
	Left    time.Time
	Method  int    // 1 time, 2 amount, 3 the lot decided
	Minutes string // as the lot reported it; with method 1
	Yuan    string // with method 2
}

// AskValue is one value of the field that names the kind of reduction.
type AskValue struct {
	Value string
	Means string // time, amount, free, lot_decides, named, there or rule: see profile.AskKind
}

// Info is what a dialect is: one description for routing, validation, console forms and docs.
type Info struct {
	ID         string // "telaidian"
	Number     int    // row of docs/platforms/README.md; 0 for an operator's own profile
	Title      string // "特来电"
	English    string // "TELD"
	Family     string // "cec", "flat", "plain", "open13"
	Routes     []Route
	LotField   string // "ParkID"; empty where chargers find the lot
	ByStation  bool   // LotField holds the platform's own station id, which bindings list
	Separators []string
	Kinds      []charge.LotKind
	Grants     []GrantKind
	Default    *charge.Rule // what a binding without a rule takes; nil: it must say one
	FormID     int          // 5.14 plat_form_id; 0 where none is sent
	// OlderMessage is what SDK lots marked with it hear this platform's charges by, in place of 3.25.
	OlderMessage charge.Message
	Keys         []KeyInfo
	// Issuer is whose key checks a push, and so who numbers its orders: an order number is unique within it.
	Issuer Issuer
	// Undated reports that some pushes of the platform may prove no time (Charge.Undated); an account says by its
	// setting undated what becomes of those.
	Undated  bool
	Operator string // name of the key that Claim.Operator is compared with; empty: accounts are found by scope
	// OperatorPrefix is how many characters of the operator are compared; 0 is all. An organisation code has nine;
	// some papers print the check digit behind it.
	OperatorPrefix int
	NeedsLock      bool // unsigned whatever the keys: an address list or a path token is required
	// LockUnless names a key without which a lock is required as well ("sig_secret").
	LockUnless    string
	OpenInterface bool // the vendor must have open_interface
	Fields        []FieldInfo
	// AskField is the field that names the kind of reduction, and Asks what each of its values means, last of all its
	// absence (Value ""); empty where pushes have none.
	AskField string
	Asks     []AskValue
	Recipe   string // how a push is signed, where a profile chooses it (docs/add-a-platform.md)
	// UnitUnknown says that what pushes ask for stands in a unit that is not known: rules cannot grant as pushed.
	UnitUnknown bool
	// Report says that the platform wants to hear what was really taken off; UsageNumber is the platform_id by which
	// lots name it in 3.11, empty where none is published.
	Report      bool
	UsageNumber string
	Evidence    Evidence
	Spec        []string // links
	Notes       []string // where it leaves T/CEC 102, what is assumed; one sentence each
	OwnProfile  bool     // brought by the operator
}

// GrantKind is a kind of reduction that a platform's bindings may use.
type GrantKind string

// Grant kinds. A fixed kind is given by the rule, the others may come with the push as well.
const (
	GrantTime        GrantKind = "time"
	GrantAmount      GrantKind = "amount"
	GrantFree        GrantKind = "free"
	GrantFixedTime   GrantKind = "fixed_time"
	GrantFixedAmount GrantKind = "fixed_amount"
	GrantFixedFree   GrantKind = "fixed_free"
	GrantLotDecides  GrantKind = "lot_decides"
)

// Issuer is whose key checks a push. Who signs an order also numbers it.
type Issuer = charge.IssuerKind

// Issuers.
const (
	IssuerAccount = charge.IssuerAccount // the account's keys
	IssuerVendor  = charge.IssuerVendor  // the vendor's ukey
	IssuerLot     = charge.IssuerLot     // the lot's ckey
)

// KeyInfo describes one key that an account holds.
type KeyInfo struct {
	Name     string // "data_secret"
	Label    string // what the platform's paper calls it
	Secret   bool
	Optional bool
	Bytes    int    // exact length; 0 for any
	Default  string // such as wanchong's operator id
}

// FieldInfo describes one field of a push, for docs and the doctor.
type FieldInfo struct {
	Name     string
	Aliases  []string
	Meaning  string // English
	Chinese  string
	Unit     string
	Required bool
	Mark     string // confidence, a letter that docs/platforms/README.md explains
}

// Evidence is how well a dialect's facts are known.
type Evidence string

// Evidence levels. A new binding of an assumed dialect starts in shadow.
const (
	EvidenceDocumented Evidence = "documented"
	EvidenceObserved   Evidence = "observed"
	EvidenceInferred   Evidence = "inferred"
	EvidenceAssumed    Evidence = "assumed"
)

// BadField makes the *Refusal of a push whose seal holds and one of whose fields does not.
func BadField(why charge.Note) *Refusal { return Refuse(StepFields, charge.OutcomeBadField, why) }
