package flow

import (
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/rules"
)

// Tone is how well a charge stands: good only where the money agrees.
type Tone string

// Tones.
const (
	ToneGood Tone = "good" // the driver has what was granted, or will have it
	ToneWait Tone = "wait" // the gateway goes on by itself
	ToneCalm Tone = "calm" // nothing was granted, and rightly so
	ToneWarn Tone = "warn" // someone should look
	ToneBad  Tone = "bad"  // the driver did not get what the rule grants
)

// Verb is an action of support on a charge.
type Verb string

// Verbs.
const (
	VerbRedeliver Verb = "redeliver"
	VerbBind      Verb = "bind"
	VerbVoid      Verb = "void"
	VerbLotHas    Verb = "lot_has"     // resolve: the lot says it has the reduction
	VerbLotHasNot Verb = "lot_has_not" // resolve: it says it has not
)

// Verdict is what is true to say of a charge, and what can be done about it.
type Verdict struct {
	Code    string // state and reason: "no_grant.cap_reached"
	Text    charge.Note
	Next    charge.Note
	Driver  charge.Notes // two sentences for the driver, see DriverOf
	Tone    Tone
	Actions []Choice
}

// Choice is an action that can work now.
type Choice struct {
	Verb   Verb
	Effect *Effect // its dry run; nil in lists, and for bind, which needs a stay first
}

// VerdictOf judges a charge by its facts.
func VerdictOf(f Facts) Verdict {
	c := f.Charge
	v := Verdict{Code: string(c.State) + "." + string(c.Reason), Next: charge.Say("next.nothing")}
	switch c.State {
	case charge.StateHeld:
		v.Tone, v.Text, v.Next = ToneWait, charge.Say("verdict.held", charge.When("until", c.HoldUntil), expected(f)),
			charge.Say("next.held")
	case charge.StateShadow:
		v.Tone, v.Text, v.Next = ToneCalm, charge.Say("verdict.shadow", expected(f)), charge.Say("next.shadow")
	case charge.StateNoGrant, charge.StateExpired:
		f.nothingGranted(&v)
	case charge.StateSending:
		f.sending(&v)
	case charge.StateUnknown:
		f.unknown(&v)
	case charge.StateDelivered:
		f.delivered(&v)
	case charge.StateRefused:
		v.Tone, v.Text, v.Next = ToneBad, charge.Say("verdict.refused", grantOf(c), charge.Because("said", f.said())),
			f.notArrived("next.after_refusal")
	case charge.StateGaveUp:
		v.Tone, v.Next = ToneBad, f.notArrived("next.redeliver")
		v.Text = charge.Say("verdict.gave_up", grantOf(c), charge.Word("reason", "charge_reason", c.Reason),
			charge.Because("said", f.said()))
	case charge.StateUsed:
		f.used(&v)
	case charge.StateVoided:
		f.voided(&v)
	}
	v.Actions = f.actions()
	return v
}

// nothingGranted is a charge that was given nothing.
func (f Facts) nothingGranted(v *Verdict) {
	c := f.Charge
	why := charge.Because("why", lastNote(c.Decision))
	v.Tone, v.Text, v.Next = ToneCalm, charge.Say("verdict.nothing_for", why), charge.Say("next.explain")
	if c.Decision == nil || len(c.Decision.Notes) == 0 {
		v.Text = charge.Say("verdict.nothing", charge.Word("reason", "charge_reason", c.Reason), why)
	}
	switch c.Reason {
	case charge.ReasonLeftBeforeArrival:
		v.Tone, v.Text, v.Next = ToneBad, charge.Say("verdict.left_before", expected(f), why),
			charge.Say("next.compensate_earlier")
	case charge.ReasonNoStay, charge.ReasonHoldOver:
		v.Tone, v.Text, v.Next = ToneWarn, charge.Say("verdict.no_stay", expected(f), why), charge.Say("next.find_stay")
	case charge.ReasonCapReached:
		v.Text = charge.Say("verdict.cap", why, before(c))
		v.Next = charge.Say("next.cap")
	case charge.ReasonCombineBest, charge.ReasonCombineFirst, charge.ReasonCombineMethod:
		v.Text = charge.Say("verdict.stands", charge.Word("reason", "charge_reason", c.Reason), why, before(c))
		v.Next = charge.Say("next.stands")
	case charge.ReasonNothingPushed:
		v.Tone, v.Next = ToneWarn, charge.Say("next.ask_platform")
	case charge.ReasonLotDecides4G, charge.ReasonBindingOff:
		v.Tone, v.Next = ToneWarn, charge.Say("next.binding")
	case charge.ReasonRuleUnmet:
		if !f.left() {
			v.Next = charge.Say("next.rule")
		}
	}
}

// sending is a grant on its way.
func (f Facts) sending(v *Verdict) {
	c := f.Charge
	v.Tone, v.Text, v.Next = ToneWait, charge.Say("verdict.sending", grantOf(c), f.target()), charge.Say("next.by_itself")
	switch c.Reason {
	case charge.ReasonOK:
		return
	case charge.ReasonLineOff: // no time is set: it leaves at the login
		v.Text, v.Next = charge.Say("verdict.sending_line", grantOf(c), f.target()), charge.Say("next.line")
	case charge.ReasonLotPaused:
		v.Text, v.Next = charge.Say("verdict.sending_paused", grantOf(c), f.target()), charge.Say("next.resume")
	default:
		v.Text = charge.Say("verdict.sending_waits", grantOf(c), f.target(),
			charge.Word("reason", "charge_reason", c.Reason), f.nextTry())
		v.Next = charge.Say("next.callback")
	}
	v.Tone = ToneWarn
}

// unknown is a grant that was sent, to which the lot said neither yes nor no.
func (f Facts) unknown(v *Verdict) {
	grant := grantOf(f.Charge)
	v.Tone = ToneWarn
	switch {
	case f.pending():
		v.Tone, v.Next = ToneWait, charge.Say("next.asked_again")
		v.Text = charge.Say("verdict.unknown_retried", grant, f.heard(), f.nextTry())
	case f.left():
		v.Text, v.Next = charge.Say("verdict.unknown_left", grant, f.heard()), charge.Say("next.ask_lot_left")
	case f.unsafe():
		v.Text, v.Next = charge.Say("verdict.unknown_unsafe", grant, f.heard()), charge.Say("next.ask_lot")
	default:
		v.Text, v.Next = charge.Say("verdict.unknown", grant, f.heard()), charge.Say("next.ask_lot")
	}
}

// delivered is a grant that the lot has.
func (f Facts) delivered(v *Verdict) {
	c := f.Charge
	switch {
	case c.Reason == charge.ReasonUsageNotTold:
		v.Tone, v.Text, v.Next = ToneWarn, charge.Say("verdict.not_told", grantOf(c)), charge.Say("next.ask_used")
	case lot.KindOf(f.Lot.Kind).CanRevoke:
		v.Tone, v.Text, v.Next = ToneGood, charge.Say("verdict.posted", grantOf(c)), charge.Say("next.exit")
	default:
		v.Tone, v.Text, v.Next = ToneGood, charge.Say("verdict.delivered", grantOf(c)), charge.Say("next.exit")
	}
}

// used is a grant that the exit has confirmed.
func (f Facts) used(v *Verdict) {
	c := f.Charge
	v.Tone, v.Text = ToneGood, charge.Say("verdict.used_unknown")
	switch {
	case c.Usage == nil:
	case c.Reason == charge.ReasonLeftLate:
		v.Tone, v.Text, v.Next = ToneCalm, charge.Say("verdict.left_late", grantOf(c)), charge.Say("next.explain")
	case c.Usage.Worth != 0 && c.Usage.Minutes != 0:
		v.Text = charge.Say("verdict.used_worth", used("used", c.Usage), charge.Money("worth", c.Usage.Worth))
	default:
		v.Text = charge.Say("verdict.used", used("used", c.Usage))
	}
	switch {
	case c.Gap():
		f.gap(v)
	case c.Report == charge.ReportGaveUp:
		v.Tone, v.Next = ToneWarn, charge.Say("next.report")
	case c.Report == charge.ReportDue || c.Report == charge.ReportSent:
		v.Next = charge.Say("next.reporting")
	}
}

// gap is a usage that does not agree with the grant, or a gate that took another price than ours.
func (f Facts) gap(v *Verdict) {
	u := f.Charge.Usage
	v.Tone, v.Next = ToneWarn, charge.Say("next.gap")
	v.Text = charge.Say("verdict.gap", used("used", u), grantOf(f.Charge))
	if u.Gap != 0 {
		code, took := "verdict.gap_price", u.Gap
		if took < 0 {
			code, took = "verdict.gap_less", -took
		}
		v.Text, v.Next = charge.Say(code, used("used", u), charge.Money("took", took)), charge.Say("next.gate")
	}
}

// voided is a grant that support has taken back. What the lot may have received is not undone by that.
func (f Facts) voided(v *Verdict) {
	v.Tone, v.Text = ToneCalm, charge.Say("verdict.voided")
	switch {
	case f.Charge.Usage != nil:
		v.Text = charge.Say("verdict.voided_used", used("used", f.Charge.Usage))
	case f.Told && f.Charge.Reduction != nil && f.left():
		v.Tone, v.Text, v.Next = ToneWarn, charge.Say("verdict.voided_told", grantOf(f.Charge)), charge.Say("next.ask_voided")
	case f.Told && f.Charge.Reduction != nil:
		v.Tone, v.Text, v.Next = ToneWarn, charge.Say("verdict.voided_told", grantOf(f.Charge)),
			charge.Say("next.undo_at_booth")
	}
}

// notArrived is what to do about a reduction that the lot has not: again while the car is in, else by hand.
func (f Facts) notArrived(again string) charge.Note {
	if f.left() {
		return charge.Say("next.compensate")
	}
	return charge.Say(again)
}

// actions are what support can do now.
func (f Facts) actions() []Choice {
	var list []Choice
	add := func(verb Verb, why charge.Note, sensible bool) {
		if sensible && why.IsZero() {
			list = append(list, Choice{Verb: verb})
		}
	}
	s := f.Charge.State
	add(VerbLotHas, f.mayResolve(), true)
	add(VerbLotHasNot, f.mayResolve(), f.LotKnown)
	add(VerbRedeliver, f.mayRedeliver(), s != charge.StateHeld && f.Charge.Reason != charge.ReasonVoidedByUser)
	add(VerbBind, f.mayBind(), f.Stay == nil || f.left())
	add(VerbVoid, f.mayVoid(), s != charge.StateNoGrant && s != charge.StateShadow)
	return list
}

// heard says whether a lot that said neither yes nor no has answered at all.
func (f Facts) heard() charge.Arg {
	if strings.HasPrefix(f.Said.Code, "answer.") || f.Said.Code == "coupon.unread" {
		return charge.Because("heard", charge.Say("verdict.no_yes_or_no"))
	}
	return charge.Because("heard", charge.Say("verdict.no_answer"))
}

// said is what the last try came to.
func (f Facts) said() charge.Note {
	switch {
	case f.Said.IsZero():
		return charge.Say("verdict.said_nothing")
	case f.Said.Code == "delivery.no_line" && f.Charge.State == charge.StateGaveUp:
		return charge.Say("delivery.line_gone") // its next login changes nothing any more
	}
	return f.Said
}

func (f Facts) target() charge.Arg {
	if f.Delivery != nil {
		return charge.AtLot("lot", f.Delivery.Lot)
	}
	return charge.AtLot("lot", f.Charge.Lot)
}

func (f Facts) nextTry() charge.Arg {
	if f.Delivery == nil {
		return charge.When("next", f.Charge.UpdatedAt)
	}
	return charge.When("next", f.Delivery.DueAt)
}

// grantOf is what the charge was given, as an argument; nothing where it was not.
func grantOf(c *charge.Charge) charge.Arg {
	if c.Reduction == nil {
		return charge.Grants("grant")
	}
	return charge.Grants("grant", *c.Reduction)
}

// expected is what the rule grants for the charge alone.
func expected(f Facts) charge.Arg {
	d := f.Charge.Decision
	if d == nil {
		return charge.Grants("grant")
	}
	want := d.Reduction
	if want.IsZero() {
		want = d.Wanted
	}
	if want.IsZero() {
		want = rules.Decide(rules.Input{Charge: f.Charge, Rule: d.Rule, Priced: lot.KindOf(f.Lot.Kind).NeedsTariff,
			Now: d.At}).Reduction
	}
	if want.IsZero() {
		return charge.Grants("grant")
	}
	return charge.Grants("grant", want)
}

// before names the charges whose grants the stay had already.
func before(c *charge.Charge) charge.Arg {
	var ids []string
	if c.Decision != nil {
		for _, g := range c.Decision.Granted {
			ids = append(ids, strconv.FormatInt(g.Charge, 10))
		}
	}
	if len(ids) == 0 {
		return charge.Text("earlier", "–")
	}
	return charge.Text("earlier", strings.Join(ids, ", "))
}

// DriverOf returns two sentences that support can send to the driver: what the charge came to, and what follows from
// it. They name no code, no id and no other plate.
func DriverOf(f Facts) charge.Notes {
	c := f.Charge
	switch c.State {
	case charge.StateHeld:
		return charge.Notes{charge.Say("driver.held", expected(f)), charge.Say("driver.matched_later")}
	case charge.StateShadow:
		return charge.Notes{charge.Say("driver.shadow"), charge.Say("driver.usual_price")}
	case charge.StateNoGrant, charge.StateExpired:
		return f.driverNothing()
	case charge.StateSending:
		if c.Reason == charge.ReasonOK {
			return charge.Notes{charge.Say("driver.sending", grantOf(c)), charge.Say("driver.look_again")}
		}
		return charge.Notes{charge.Say("driver.waits", grantOf(c)), f.inOrLeft("driver.retried")}
	case charge.StateUnknown:
		return charge.Notes{charge.Say("driver.unknown", grantOf(c)), f.inOrLeft("driver.lot_asked")}
	case charge.StateDelivered:
		if c.Reason == charge.ReasonUsageNotTold {
			return charge.Notes{charge.Say("driver.not_told", grantOf(c)), charge.Say("driver.lot_asked_left")}
		}
		return charge.Notes{charge.Say("driver.delivered", grantOf(c)), charge.Say("driver.pay_shown")}
	case charge.StateRefused:
		return charge.Notes{charge.Say("driver.refused", grantOf(c)), f.inOrLeft("driver.at_work")}
	case charge.StateGaveUp:
		return charge.Notes{charge.Say("driver.gave_up", grantOf(c)), f.inOrLeft("driver.at_work")}
	case charge.StateUsed:
		return f.driverUsed()
	}
	return charge.Notes{charge.Say("driver.voided"), charge.Say("driver.questions")}
}

// driverNothing is for a charge that was given nothing.
func (f Facts) driverNothing() charge.Notes {
	c := f.Charge
	why := charge.Because("why", lastNote(c.Decision))
	switch c.Reason {
	case charge.ReasonLeftBeforeArrival:
		return charge.Notes{charge.Say("driver.left_before", expected(f)), charge.Say("driver.compensate")}
	case charge.ReasonNoStay, charge.ReasonHoldOver:
		return charge.Notes{charge.Say("driver.no_stay"), charge.Say("driver.say_plate")}
	case charge.ReasonCapReached:
		return charge.Notes{charge.Say("driver.cap", had(c)), charge.Say("driver.no_more")}
	case charge.ReasonCombineBest, charge.ReasonCombineFirst, charge.ReasonCombineMethod:
		return charge.Notes{charge.Say("driver.stands", had(c)), charge.Say("driver.no_more")}
	case charge.ReasonRuleUnmet:
		return charge.Notes{charge.Say("driver.unmet", why), charge.Say("driver.usual_price")}
	case charge.ReasonDayLimit:
		return charge.Notes{charge.Say("driver.day"), charge.Say("driver.usual_price")}
	case charge.ReasonLocked:
		lock := time.Duration(c.Decision.Rule.Lock.Seconds) * time.Second
		return charge.Notes{charge.Say("driver.locked", charge.Span("lock", lock)), charge.Say("driver.usual_price")}
	case charge.ReasonPlateExcluded:
		return charge.Notes{charge.Say("driver.plate"), charge.Say("driver.usual_price")}
	case charge.ReasonChargerExcluded:
		return charge.Notes{charge.Say("driver.charger"), charge.Say("driver.usual_price")}
	case charge.ReasonBindingOff:
		return charge.Notes{charge.Say("driver.shadow"), charge.Say("driver.usual_price")}
	}
	return charge.Notes{charge.Say("driver.nothing"), charge.Say("driver.platform_asked")}
}

// driverUsed is for a car that has left with its reduction.
func (f Facts) driverUsed() charge.Notes {
	c := f.Charge
	switch {
	case c.Usage == nil:
		return charge.Notes{charge.Say("driver.used_unknown"), charge.Say("driver.nothing_to_do")}
	case c.Reason == charge.ReasonLeftLate:
		return charge.Notes{charge.Say("driver.left_late", grantOf(c)), charge.Say("driver.price_said")}
	case c.Usage.Gap > 0:
		return charge.Notes{charge.Say("driver.gate_took", used("used", c.Usage), charge.Money("took", c.Usage.Gap)),
			charge.Say("driver.lot_asked_left")}
	case c.Gap() && c.Usage.Gap == 0:
		return charge.Notes{charge.Say("driver.gap", used("used", c.Usage), grantOf(c)), charge.Say("driver.lot_asked_left")}
	}
	return charge.Notes{charge.Say("driver.used", used("used", c.Usage)), charge.Say("driver.nothing_to_do")}
}

// inOrLeft is what follows while the car is in; once it has left, the rest is compensation or a question to the lot.
func (f Facts) inOrLeft(code string) charge.Note {
	switch {
	case !f.left():
		return charge.Say(code)
	case f.Charge.State == charge.StateUnknown:
		return charge.Say("driver.lot_asked_left")
	}
	return charge.Say("driver.compensate")
}

// had is what earlier charges of the stay were granted.
func had(c *charge.Charge) charge.Arg {
	if c.Decision == nil {
		return charge.Grants("had")
	}
	list := make([]charge.Reduction, 0, len(c.Decision.Granted))
	for _, g := range c.Decision.Granted {
		list = append(list, g.Reduction)
	}
	return charge.Grants("had", Sum(list)...)
}

// Sum adds reductions up: minutes, an amount, and one each of free and what the lot decides.
func Sum(list []charge.Reduction) []charge.Reduction {
	var minutes int64
	var amount charge.Fen
	var others []charge.Reduction
	seen := map[charge.Method]bool{}
	for _, r := range list {
		switch r.Method {
		case charge.MethodTime:
			minutes += r.Minutes
		case charge.MethodAmount:
			amount += r.Amount
		default:
			if !r.IsZero() && !seen[r.Method] {
				seen[r.Method] = true
				others = append(others, charge.Reduction{Method: r.Method})
			}
		}
	}
	var sum []charge.Reduction
	if minutes != 0 {
		sum = append(sum, charge.Reduction{Method: charge.MethodTime, Minutes: minutes})
	}
	if amount != 0 {
		sum = append(sum, charge.Reduction{Method: charge.MethodAmount, Amount: amount})
	}
	return append(sum, others...)
}
