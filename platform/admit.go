package platform

import (
	"errors"
	"net/netip"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// Admission is how far a push came on its way in.
type Admission struct {
	Account *Account // whose keys the answer is sealed with; nil where none was found
	Message *Message // what was read; beside a Refusal only what the answer needs
	Refusal *Refusal // nil where every check was passed
	Parsed  any      // the body, for the Push that is answered
}

// Admit takes a push through every check that needs no story: whom it claims to be from, the locks of that
// account, its seal, its fields, and whether the lot that it names is one the account speaks for. Of several
// accounts that fit the claim the narrowest that the push opens with counts. The intake, the doctor and the
// golden tests all come through here, so that what one lets pass no other refuses.
func Admit(d Dialect, accounts Accounts, p Push, now time.Time) Admission {
	var a Admission
	if claim, err := d.Claim(p); err != nil {
		a.Refusal = refusal(err, StepBody)
	} else {
		p.Parsed = claim.Parsed
		a = admit(d, accounts, p, claim, now)
		a.Parsed = claim.Parsed
	}
	if a.Refusal != nil {
		a.Refusal = a.read(d, p)
	}
	return a
}

// read adds to a refusal what could be read of the push, so that it is found by plate, order or lot.
func (a *Admission) read(d Dialect, p Push) *Refusal {
	r := *a.Refusal
	g, glimpses := d.(Glimpser)
	switch {
	case r.Read != (Reading{}):
	case a.Message != nil && a.Message.Charge != nil:
		r.Read = a.Message.Charge.reading()
	case glimpses && r.Step != StepBody:
		r.Read = g.Glimpse(p)
	}
	return &r
}

func admit(d Dialect, accounts Accounts, p Push, claim Claim, now time.Time) Admission {
	candidates := accounts.Candidates(p.Platform, claim)
	if len(candidates) == 0 {
		return Admission{Refusal: nobody(accounts, claim)}
	}
	info := d.Info()
	var furthest Admission
	for i := range candidates {
		a := try(d, info, &candidates[i], p, now)
		if a.Refusal == nil {
			a.Refusal = misplaced(accounts, &candidates[i], a.Message)
		}
		if a.Refusal == nil {
			a.unusable(accounts, info)
		}
		if a.Refusal == nil && !a.declined() {
			return a
		}
		if furthest.Account == nil || a.reach() > furthest.reach() {
			furthest = a
		}
	}
	return furthest
}

// no one says why there is no account to try.
func nobody(accounts Accounts, c Claim) *Refusal {
	if off := lotOff(accounts, c.Lot); off != nil {
		return off
	}
	if !c.Lot.IsZero() && !accounts.KnowsLot(c.Lot) {
		return Refuse(StepAccount, charge.OutcomeUnknownLot, charge.Say("push.no_lot", charge.AtLot("lot", c.Lot)))
	}
	return Refuse(StepAccount, charge.OutcomeUnknownAccount,
		charge.Say("push.no_account", charge.Text("operator", Clip(c.Operator)), charge.AtLot("lot", c.Lot)))
}

// lotOff refuses a lot that is switched off, where the accounts can tell that from one that is not there.
func lotOff(accounts Accounts, lot charge.LotID) *Refusal {
	if book, ok := accounts.(LotBook); ok && !lot.IsZero() && book.LotOff(lot) {
		return Refuse(StepLot, charge.OutcomeLotOff, charge.Say("push.lot_off", charge.AtLot("lot", lot)))
	}
	return nil
}

// try opens a push with one account.
func try(d Dialect, info Info, c *Candidate, p Push, now time.Time) Admission {
	a := Admission{Account: &c.Account}
	if a.Refusal = c.locked(info, p); a.Refusal != nil {
		return a
	}
	m, err := d.Open(p, c.Account, now)
	if !m.empty() || err == nil {
		a.Message = &m
	}
	if err == nil {
		if err = believe(&m, now); err != nil {
			// A fault of the times, not of the plate: no dialect is to answer about the charge.
			a.Message = &Message{Keys: m.Keys, Warnings: m.Warnings}
		}
	}
	if err == nil && m.Charge != nil && !info.mayAsk(m.Charge.Ask.Method) {
		m.Charge.Ask = charge.Ask{} // what the platform may not grant is as if nothing had been named
	}
	if err != nil {
		a.Refusal = refusal(err, StepFields)
	}
	return a
}

// mayAsk reports whether a platform's pushes may name a reduction of a method. A platform that agreed on time and
// nothing else cannot have money taken off by a field that one of its variants has.
func (i Info) mayAsk(m charge.Method) bool {
	kinds := map[charge.Method]GrantKind{charge.MethodTime: GrantTime, charge.MethodAmount: GrantAmount,
		charge.MethodFree:       GrantFree,
		charge.MethodLotDecides: GrantLotDecides}
	kind, named := kinds[m]
	return !named || slices.Contains(i.Grants, kind)
}

// Limits of a charge's times: what lies beyond is a mistake, and charging time can be parking time.
const (
	maxAhead  = 24 * time.Hour      // how far a platform's clock may run ahead, its zone included
	maxCharge = 31 * 24 * time.Hour // plugged in over a holiday
)

// believe takes times that are nonsense off a charge. One that has no order is refused for them: they are a part of
// how a repeat of it is known.
func believe(m *Message, now time.Time) error {
	c := m.Charge
	wrong := absurd(c, now)
	if wrong.IsZero() {
		return nil
	}
	if c.Order == "" {
		r := BadField(wrong)
		r.Read = c.reading()
		return r
	}
	c.Started, c.Ended = time.Time{}, time.Time{}
	c.Unread = append(c.Unread, Unread{Part: PartTimes, Why: wrong})
	m.Warnings = m.Warnings.And(charge.Say("field.times_out", charge.Because("cause", wrong)))
	return nil
}

// absurd says what is wrong with a charge's times; the zero note for nothing.
func absurd(c *Charge, now time.Time) charge.Note {
	switch {
	case c == nil:
	case c.Ended.After(now.Add(maxAhead)):
		return charge.Say("value.in_future", charge.When("end", c.Ended))
	case !c.Started.IsZero() && c.Ended.Sub(c.Started) > maxCharge:
		return charge.Say("value.over_a_month", charge.When("start", c.Started), charge.When("end", c.Ended))
	}
	return charge.Note{}
}

// unusable refuses a charge that holds what its rule needs in a form that cannot be read. Accounts that know no
// bindings leave it to the platform's own rule.
func (a *Admission) unusable(accounts Accounts, info Info) {
	c := a.Message.Charge
	if c == nil || len(c.Unread) == 0 {
		return
	}
	rule := info.Default
	if book, ok := accounts.(RuleBook); ok {
		rule = book.RuleOf(a.Account.ID, c)
	}
	if rule == nil {
		return
	}
	if a.Refusal = c.Unusable(rule); a.Refusal != nil {
		a.Message = &Message{Keys: a.Message.Keys, Warnings: a.Message.Warnings} // no fault of the plate
	}
}

// locked checks address and path token. What a platform leaves unsigned must have a lock: an account that has
// neither key nor lock opens without an account, whatever made it so.
func (c *Candidate) locked(info Info, p Push) *Refusal {
	if len(c.AllowFrom) == 0 && c.PathToken == "" && c.unsigned(info) {
		return wrongLock(charge.Say("push.no_lock"))
	}
	if len(c.AllowFrom) > 0 && !Within(c.AllowFrom, p.Remote) {
		return wrongLock(charge.Say("push.not_allowed_from", charge.Text("address", p.Remote.String())))
	}
	switch {
	case !seal.Equal(c.PathToken, p.PathToken) && p.PathToken == "":
		return wrongLock(charge.Say("push.bare_path"))
	case !seal.Equal(c.PathToken, p.PathToken):
		return wrongLock(charge.Say("push.wrong_path_token"))
	}
	return nil
}

func wrongLock(why charge.Note) *Refusal { return Refuse(StepLock, charge.OutcomeWrongLock, why) }

func (c *Candidate) unsigned(info Info) bool {
	if info.NeedsLock || info.LockUnless == "" {
		return info.NeedsLock
	}
	for _, k := range c.Keys {
		if k[info.LockUnless] == "" {
			return true
		}
	}
	return len(c.Keys) == 0
}

// Within reports whether an address lies in one of the prefixes.
func Within(prefixes []netip.Prefix, at netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(at) {
			return true
		}
	}
	return false
}

// misplaced refuses a lot that does not exist, and one that the account does not speak for: the lot may stand in
// the sealed part, where the search for accounts could not see it.
func misplaced(accounts Accounts, c *Candidate, m *Message) *Refusal {
	var lot charge.LotID
	switch {
	case m.Charge != nil:
		lot = m.Charge.Lot
	case m.Question != nil && m.Question.Plate != nil:
		lot = m.Question.Plate.Lot
	}
	switch {
	case lot.IsZero():
		return nil
	case lotOff(accounts, lot) != nil:
		return lotOff(accounts, lot)
	case !accounts.KnowsLot(lot):
		return Refuse(StepLot, charge.OutcomeUnknownLot, charge.Say("push.no_lot", charge.AtLot("lot", lot)))
	case !c.Scope.Covers(lot):
		return Refuse(StepLot, charge.OutcomeNotBound,
			charge.Say("push.out_of_scope", charge.Text("account", c.ID), charge.Text("scope", c.Scope.String()),
				charge.AtLot("lot", lot)))
	}
	return nil
}

// declined reports a token question that was sound and whose secret was wrong: another account with the same
// operator may know it.
func (a *Admission) declined() bool {
	return a.Message != nil && a.Message.Question != nil && a.Message.Question.Token != nil &&
		a.Message.Question.Token.Refused != 0
}

// reach orders admissions by how far they came.
func (a *Admission) reach() int {
	if a.Refusal == nil {
		return len(Steps)
	}
	return a.Refusal.Step.order()
}

// Steps in the order in which they are taken.
var Steps = [...]Step{StepBody, StepAccount, StepLock, StepSeal, StepToken, StepClock, StepCipher, StepFields, StepLot}

func (s Step) order() int {
	for i, step := range Steps {
		if s == step {
			return i
		}
	}
	return 0
}

// refusal returns an error of a dialect as the *Refusal it should be. Anything else is reported as a bad body at
// the step given, without its text: that was not written for those who read refusals.
func refusal(err error, step Step) *Refusal {
	if r := (*Refusal)(nil); errors.As(err, &r) {
		return r
	}
	return Refuse(step, charge.OutcomeBadBody, charge.Say("push.unreadable"))
}

// BadPlate is BadField of a text that charge.ParsePlate refused; it does not show the text.
func BadPlate(name, text string, err error) *Refusal {
	switch {
	case errors.Is(err, charge.ErrUnplated):
		return BadField(charge.Say("field.unplated", charge.Text("field", name)))
	case errors.Is(err, charge.ErrLookalike):
		return BadField(charge.Say("field.lookalike", charge.Text("field", name)))
	}
	return BadField(charge.Say("field.no_plate", charge.Text("field", name),
		charge.Count("length", utf8.RuneCountInString(text))))
}
