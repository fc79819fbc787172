// Package doctor explains a captured push step by step, by the same checks that the listener makes.
package doctor

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
	"github.com/chargestamp/chargestamp/words"
)

// Examination is a push to be judged by the doctor: the same walk as on the listener, step by step. Without
// Accounts it is offline: it has the keys and nothing else, so token, lock, lot and binding are not judged.
type Examination struct {
	Dialect platform.Dialect
	Capture []byte    // a raw HTTP request or its body alone
	At      time.Time // the time to judge clocks and tokens by
	// Keys judge an offline examination, by the names in Info.Keys; a vendor's or lot's key as "ukey" or "ckey". Clock is
	// the setting of its account; empty is warn, as in the estate.
	Keys  platform.Keys
	Clock charge.ClockMode
	// Accounts are a running server's; Bound reports whether a charge's lot is bound to its account, and if not, why.
	Accounts platform.Accounts
	Bound    func(account string, c *platform.Charge) (why charge.Note, ok bool)

	bare bool // the capture is a body alone: the token that came beside it is not known
}

// Results of a step.
const (
	StepOK        = "ok"
	StepFailed    = "failed"
	StepNotJudged = "not_judged" // cannot be judged here, or was not reached
)

// StepBinding is judged by a running server only, after the lot.
const StepBinding platform.Step = "binding"

// StepFinding is what the doctor found at one step.
type StepFinding struct {
	Step     platform.Step `json:"step"`
	Result   string        `json:"result"`
	Detail   string        `json:"detail,omitempty"`
	DetailZH string        `json:"detail_zh,omitempty"`
}

// Finding is what the doctor found. Nothing in it lets its reader push, sign in, or sign what another interface takes.
type Finding struct {
	Platform string         `json:"platform"`
	Accepted bool           `json:"accepted"` // every step that was judged is ok
	Outcome  charge.Outcome `json:"outcome"`  // of the push if it came in now
	Steps    []StepFinding  `json:"steps"`
	// Canonical is the text that we signed over, its secrets masked; Found is the signature in the push, and Signature
	// whether the keys give it. What they give is never said.
	Canonical  string               `json:"canonical,omitempty"`
	Found      string               `json:"found,omitempty"`
	Signature  platform.Match       `json:"signature,omitempty" enum:"equal,different"`
	Difference *platform.Difference `json:"difference,omitempty"` // of the text that the sender signed over
	Likely     string               `json:"likely,omitempty"`
	LikelyZH   string               `json:"likely_zh,omitempty"`
	Read       []string             `json:"read,omitempty"` // "name = value unit: as we take it"
	ReadZH     []string             `json:"read_zh,omitempty"`
	Answer     string               `json:"answer,omitempty"` // signature, ciphertext and token masked
}

// Check examines a push. It changes nothing and makes no request.
func Check(x Examination) Finding {
	info := x.Dialect.Info()
	f := Finding{Platform: info.ID}
	p, err := ReadCapture(info, x.Capture)
	if err != nil {
		f.Outcome = charge.OutcomeBadBody
		f.Steps = []StepFinding{found(platform.StepBody, StepFailed, charge.Cause(err))}
		return f
	}
	p.Received, p.Remote, p.PathToken = x.At, netip.IPv6Loopback(), "" // locks are not judged here
	x.bare = !looksLikeRequest(x.Capture)
	x.examine(info, p, &f)
	return f
}

func (x Examination) examine(info platform.Info, p platform.Push, f *Finding) {
	u := unlocked{Accounts: x.Accounts, standard: info.Default}
	if u.Accounts == nil {
		u.Accounts = &lone{info: info, account: platform.Account{ID: "offline", Clock: x.Clock, Keys: []platform.Keys{x.Keys},
			TokenKey: standInKey}}
	}
	got := u.admit(x.Dialect, p, x.At)
	if !x.unjudged(info, platform.StepToken).IsZero() && u.passes(got, platform.StepToken) {
		got = u.admit(x.Dialect, p, x.At)
	}
	last, failed := got, map[platform.Step]charge.Note{}
	// A token or a clock that is wrong says nothing about the rest: go on as if it were right.
	for u.passes(last, platform.StepToken) || u.passes(last, platform.StepClock) {
		failed[last.Refusal.Step] = last.Refusal.Why
		last = u.admit(x.Dialect, p, x.At)
	}
	if last.Refusal != nil {
		failed[last.Refusal.Step] = last.Refusal.Why
	}
	x.bound(last, failed)
	f.Steps = x.steps(info, p, last, failed)
	f.Accepted = len(failed) == 0
	f.Outcome = outcome(got)
	f.Answer = answer(x.Dialect, p, got, f.Outcome)
	x.diagnose(p, got, f)
}

// bound judges the binding, where its facts are known.
func (x Examination) bound(a platform.Admission, failed map[platform.Step]charge.Note) {
	if x.Bound == nil || a.Refusal != nil || a.Message.Charge == nil {
		return
	}
	if why, ok := x.Bound(a.Account.ID, a.Message.Charge); !ok {
		failed[StepBinding] = why
	}
}

// outcome is what the push would come to.
func outcome(a platform.Admission) charge.Outcome {
	switch {
	case a.Refusal != nil:
		return a.Refusal.Outcome
	case a.Message.Question != nil:
		return charge.OutcomeQuestion
	}
	return charge.OutcomeAccepted
}

// steps lists every step that this push has to take, in order.
func (x Examination) steps(info platform.Info, p platform.Push, a platform.Admission,
	failed map[platform.Step]charge.Note) []StepFinding {
	var all []StepFinding
	reached := true
	for _, s := range append(platform.Steps[:], StepBinding) {
		if !has(info, p, s) {
			continue
		}
		why, bad := failed[s]
		switch {
		case bad:
			all = append(all, found(s, StepFailed, why))
		case !reached, a.Account == nil && s != platform.StepBody: // what has no account is refused before its seal
			all = append(all, found(s, StepNotJudged, charge.Say("doctor.not_reached")))
		case !x.unjudged(info, s).IsZero():
			all = append(all, found(s, StepNotJudged, x.unjudged(info, s)))
		case s == platform.StepClock && a.Message != nil:
			all = append(all, found(s, StepOK, a.Message.Warnings...))
		default:
			all = append(all, found(s, StepOK))
		}
		if bad && s != platform.StepClock && s != platform.StepToken {
			reached = false
		}
	}
	return all
}

func found(s platform.Step, result string, why ...charge.Note) StepFinding {
	return StepFinding{Step: s, Result: result, Detail: words.Notes(words.English, why),
		DetailZH: words.Notes(words.Chinese, why)}
}

// has reports whether a push of a platform has to take a step.
func has(info platform.Info, p platform.Push, s platform.Step) bool {
	hasToken := slices.ContainsFunc(info.Routes, func(r platform.Route) bool { return r.Kind == platform.RouteToken })
	switch s {
	case platform.StepToken:
		return hasToken && p.Route.Kind == platform.RouteCharge
	case platform.StepCipher:
		return slices.ContainsFunc(info.Keys, func(k platform.KeyInfo) bool { return k.Name == "data_secret" })
	case platform.StepLot, StepBinding:
		return p.Route.Kind != platform.RouteToken
	}
	return true
}

// unjudged says why a step that was reached is not judged here; the zero note where it is.
func (x Examination) unjudged(info platform.Info, s platform.Step) charge.Note {
	offline := x.Accounts == nil
	switch {
	case s == platform.StepLock:
		return charge.Say("doctor.lock_unseen")
	case s == platform.StepSeal && info.NeedsLock:
		return charge.Say("doctor.signs_nothing")
	case s == platform.StepSeal && offline && info.LockUnless != "" && x.Keys[info.LockUnless] == "":
		return charge.Say("doctor.lock_instead", charge.Text("key", info.LockUnless))
	case offline && (s == platform.StepToken || s == platform.StepLot || s == StepBinding):
		return charge.Say("doctor.offline")
	case s == platform.StepToken && x.bare:
		return charge.Say("doctor.token_unseen")
	case s == StepBinding && x.Bound == nil:
		return charge.Say("doctor.bindings_unknown")
	}
	return charge.Note{}
}

// diagnose asks the dialect what it makes of the push.
func (x Examination) diagnose(p platform.Push, a platform.Admission, f *Finding) {
	doctor, ok := x.Dialect.(platform.Doctor)
	account := a.Account
	if account == nil && x.Accounts == nil {
		account = &platform.Account{ID: "offline", Keys: []platform.Keys{x.Keys}}
	}
	if !ok || account == nil {
		return
	}
	d := doctor.Diagnose(p, *account, x.At)
	f.Canonical, f.Found, f.Signature, f.Difference = d.Canonical, d.Found, d.Signature, d.Difference
	likely := words.Both(d.Likely)
	f.Likely, f.LikelyZH = likely.EN, likely.ZH
	read := d.Read
	if a.Message != nil && a.Message.Charge != nil && a.Refusal == nil {
		read = read.And(platform.ReadAsk(a.Message.Charge.Ask))
	}
	f.Read, f.ReadZH = words.Lines(words.English, read), words.Lines(words.Chinese, read)
}

// lone is the one account of an offline examination.
type lone struct {
	info    platform.Info
	account platform.Account
}

// Candidates returns the account, unless the push names another operator.
func (l *lone) Candidates(_ string, c platform.Claim) []platform.Candidate {
	cut := func(s string) string {
		if n := l.info.OperatorPrefix; n > 0 && len(s) > n {
			return s[:n]
		}
		return s
	}
	if name := l.info.Operator; name != "" && cut(l.account.Keys[0][name].Reveal()) != cut(c.Operator) {
		return nil
	}
	return []platform.Candidate{{Account: l.account}}
}

// KnowsLot is true: lots are not judged offline.
func (l *lone) KnowsLot(charge.LotID) bool { return true }

// unlocked shows accounts as if their locks had been passed, their clocks off and a token right where that is wanted.
type unlocked struct {
	platform.Accounts
	standard *charge.Rule // the platform's own rule; nil for none
	clockOff bool
	tokenOf  string // the account whose token is not judged any more
}

// standInKey seals the token that stands in for one that is not judged. It opens nothing outside an examination.
var standInKey = make([]byte, 32)

// passes leaves out a step from now on where it is what refused a push, and reports whether it did.
func (u *unlocked) passes(a platform.Admission, s platform.Step) bool {
	if a.Refusal == nil || a.Refusal.Step != s || a.Account == nil {
		return false
	}
	switch {
	case s == platform.StepClock && !u.clockOff:
		u.clockOff = true
	case s == platform.StepToken && u.tokenOf == "":
		u.tokenOf = a.Account.ID
	default:
		return false
	}
	return true
}

// admit takes a push through the checks that are not left out.
func (u *unlocked) admit(d platform.Dialect, p platform.Push, at time.Time) platform.Admission {
	if u.tokenOf != "" {
		p.Header = p.Header.Clone()
		if p.Header == nil {
			p.Header = http.Header{}
		}
		p.Header.Set("Authorization", "Bearer "+seal.SealToken(standInKey, u.tokenOf, at.Add(time.Hour)))
	}
	return platform.Admit(d, *u, p, at)
}

// Candidates returns the accounts locked to the address that an examination comes from.
func (u unlocked) Candidates(id string, c platform.Claim) []platform.Candidate {
	found := slices.Clone(u.Accounts.Candidates(id, c))
	for i := range found {
		found[i].AllowFrom = []netip.Prefix{netip.PrefixFrom(netip.IPv6Loopback(), 128)}
		found[i].PathToken = ""
		if u.clockOff {
			found[i].Clock = charge.ClockOff
		}
		if u.tokenOf == found[i].ID {
			found[i].TokenKey = standInKey
		}
	}
	return found
}

// RuleOf returns the rule of a running server's binding, else the platform's own.
func (u unlocked) RuleOf(account string, c *platform.Charge) *charge.Rule {
	if book, ok := u.Accounts.(platform.RuleBook); ok {
		return book.RuleOf(account, c)
	}
	return u.standard
}

// LotOff reports what the server knows of a lot; offline no lot is judged.
func (u unlocked) LotOff(lot charge.LotID) bool {
	book, ok := u.Accounts.(platform.LotBook)
	return ok && book.LotOff(lot)
}

func signature(m platform.Match) string {
	return map[platform.Match]string{platform.Equal: "the one that the keys give",
		platform.Differs: "not the one that the keys give"}[m]
}

// String prints a finding for a terminal.
func (f Finding) String() string {
	var b strings.Builder
	for _, s := range f.Steps {
		fmt.Fprintf(&b, "%-11s %-10s %s\n", s.Step, s.Result, s.Detail)
	}
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%s:\n  %s\n", name, strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	line("signed over", f.Canonical)
	line("signature in the push", f.Found)
	line("it is", signature(f.Signature))
	if d := f.Difference; d != nil {
		line("first difference", fmt.Sprintf("at character %d: here %q, the sender signed over %q", d.At, d.Ours, d.Theirs))
	}
	line("likely", f.Likely)
	line("read", strings.Join(f.Read, "\n"))
	line("we would answer ("+string(f.Outcome)+")", f.Answer)
	return b.String()
}
