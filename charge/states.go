package charge

// State is where a charge stands.
type State string

// Charge states. docs/states.md draws them.
const (
	StateHeld      State = "held"      // waits for its stay
	StateShadow    State = "shadow"    // decided and shown, never sent
	StateNoGrant   State = "no_grant"  // decided: nothing
	StateSending   State = "sending"   // granted, on its way
	StateUnknown   State = "unknown"   // sent, no answer
	StateDelivered State = "delivered" // the lot has it
	StateRefused   State = "refused"   // the lot said no
	StateGaveUp    State = "gave_up"   // not delivered while it mattered
	StateExpired   State = "expired"   // held until its deadline
	StateUsed      State = "used"      // the exit reported what was taken off
	StateVoided    State = "voided"    // taken back by support
)

// States lists every charge state.
var States = []State{StateHeld, StateShadow, StateNoGrant, StateSending, StateUnknown, StateDelivered,
	StateRefused, StateGaveUp, StateExpired, StateUsed, StateVoided}

// Settled reports whether newer content of the same order can no longer win.
func (s State) Settled() bool { return s != StateHeld && s != StateShadow }

// Granting reports whether a charge in this state counts against the caps of its stay.
func (s State) Granting() bool {
	switch s {
	case StateSending, StateUnknown, StateDelivered, StateUsed:
		return true
	}
	return false
}

// Reason is why a charge is in its state.
type Reason string

// Charge reasons.
const (
	ReasonOK                Reason = "ok"
	ReasonWaitingForStay    Reason = "waiting_for_stay"
	ReasonNoStay            Reason = "no_stay"
	ReasonLeftBeforeArrival Reason = "left_before_arrival"
	ReasonHoldOver          Reason = "hold_over"
	ReasonRuleUnmet         Reason = "rule_condition_unmet"
	ReasonCapReached        Reason = "cap_reached"
	ReasonCombineBest       Reason = "combine_best" // a better or equal grant stands
	ReasonDayLimit          Reason = "day_limit"
	ReasonLocked            Reason = "locked"
	ReasonPlateExcluded     Reason = "plate_excluded"
	ReasonChargerExcluded   Reason = "charger_excluded"
	ReasonLeftLate          Reason = "left_late"
	ReasonCombineMethod     Reason = "combine_method"
	ReasonCombineFirst      Reason = "combine_first"
	ReasonNothingPushed     Reason = "nothing_pushed"
	ReasonLotDecides4G      Reason = "lot_decides_4g"
	ReasonBindingOff        Reason = "binding_off"
	ReasonBindingShadow     Reason = "binding_shadow"
	ReasonLineOff           Reason = "line_off"
	ReasonNoAnswer          Reason = "no_answer"
	ReasonLotRefused        Reason = "lot_refused"
	ReasonLotError          Reason = "lot_error"
	ReasonLotPaused         Reason = "lot_paused"
	ReasonUsageNotTold      Reason = "usage_not_told"
	ReasonVoidedByUser      Reason = "voided_by_user"
)

// Reasons lists every charge reason.
var Reasons = []Reason{ReasonOK, ReasonWaitingForStay, ReasonNoStay, ReasonLeftBeforeArrival, ReasonHoldOver,
	ReasonRuleUnmet, ReasonCapReached, ReasonCombineBest, ReasonDayLimit, ReasonLocked, ReasonPlateExcluded,
	ReasonChargerExcluded, ReasonLeftLate, ReasonCombineMethod, ReasonCombineFirst, ReasonNothingPushed,
	ReasonLotDecides4G, ReasonBindingOff, ReasonBindingShadow, ReasonLineOff, ReasonNoAnswer, ReasonLotRefused,
	ReasonLotError, ReasonLotPaused, ReasonUsageNotTold, ReasonVoidedByUser}

// Outcome is what became of a push.
type Outcome string

// Push outcomes.
const (
	OutcomeAccepted       Outcome = "accepted"
	OutcomeDuplicate      Outcome = "duplicate"
	OutcomeQuestion       Outcome = "question" // token or plate query
	OutcomeBadBody        Outcome = "bad_body"
	OutcomeBadField       Outcome = "bad_field"
	OutcomeBadSignature   Outcome = "bad_signature"
	OutcomeBadToken       Outcome = "bad_token"
	OutcomeStale          Outcome = "stale"
	OutcomeWrongLock      Outcome = "wrong_lock"
	OutcomeUnknownAccount Outcome = "unknown_account"
	OutcomeUnknownLot     Outcome = "unknown_lot"
	OutcomeLotOff         Outcome = "lot_off"
	OutcomeNotBound       Outcome = "not_bound"
	OutcomeUndated        Outcome = "undated" // proves no time, and the account takes no such push
	OutcomeTooLarge       Outcome = "too_large"
	OutcomeRateLimited    Outcome = "rate_limited"
	OutcomeBusy           Outcome = "busy"
)

// Outcomes lists every push outcome.
var Outcomes = []Outcome{OutcomeAccepted, OutcomeDuplicate, OutcomeQuestion, OutcomeBadBody, OutcomeBadField,
	OutcomeBadSignature, OutcomeBadToken, OutcomeStale, OutcomeWrongLock, OutcomeUnknownAccount, OutcomeUnknownLot,
	OutcomeLotOff,
	OutcomeNotBound, OutcomeUndated, OutcomeTooLarge, OutcomeRateLimited, OutcomeBusy}

// DeliveryChannel is the way into a lot.
type DeliveryChannel string

// Channels, one a lot kind.
const (
	ChannelLine     DeliveryChannel = "line"
	ChannelCallback DeliveryChannel = "callback"
	ChannelLedger   DeliveryChannel = "ledger"
)

// DeliveryState is where a delivery stands.
type DeliveryState string

// Delivery states.
const (
	DeliveryDue       DeliveryState = "due"    // waits for its time or its line
	DeliveryLeased    DeliveryState = "leased" // a node has it
	DeliverySent      DeliveryState = "sent"   // on the wire, no answer yet
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryRefused   DeliveryState = "refused"
	DeliveryUnknown   DeliveryState = "unknown" // sent, no answer, may not be sent again
	DeliveryGaveUp    DeliveryState = "gave_up"
	DeliveryVoided    DeliveryState = "voided"
)

// DeliveryStates lists every delivery state.
var DeliveryStates = []DeliveryState{DeliveryDue, DeliveryLeased, DeliverySent, DeliveryDelivered,
	DeliveryRefused, DeliveryUnknown, DeliveryGaveUp, DeliveryVoided}

// AttemptResult is what one try came to.
type AttemptResult string

// Attempt results.
const (
	AttemptAcked   AttemptResult = "acked"
	AttemptRefused AttemptResult = "refused"  // the lot answered state 0
	AttemptTimeout AttemptResult = "timeout"  // sent, no answer in time: it may have been applied
	AttemptError   AttemptResult = "error"    // answered with something that is no answer, or not sent
	AttemptOffLine AttemptResult = "off_line" // no line to send it by
	AttemptPosted  AttemptResult = "posted"   // written into our own ledger
)

// AttemptResults lists every attempt result.
var AttemptResults = []AttemptResult{AttemptAcked, AttemptRefused, AttemptTimeout, AttemptError, AttemptOffLine,
	AttemptPosted}

// ReportState is where the report of a usage to its platform stands.
type ReportState string

// Report states.
const (
	ReportOff    ReportState = "off" // the platform hears nothing
	ReportDue    ReportState = "due"
	ReportSent   ReportState = "sent" // tried, not taken yet
	ReportDone   ReportState = "done"
	ReportGaveUp ReportState = "gave_up"
)

// ReportStates lists every report state.
var ReportStates = []ReportState{ReportOff, ReportDue, ReportSent, ReportDone, ReportGaveUp}
