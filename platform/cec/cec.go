// Package cec is the family of platforms that speak T/CEC 102.4-2016, the interface of the China Electricity
// Council, or a relative of it: 特来电, 广州中电联, 奥特迅, 达克云 and 济南国家电网.
//
// A request is an envelope of OperatorID, Data, TimeStamp, Seq and Sig. Data is the message, a JSON text under
// AES-128-CBC in base64; Sig is the HMAC-MD5 of the four others as they were received, joined without anything
// between. The platform first asks for an access token (query_token) and shows it with every charge. The answer is
// Ret, Msg, Data and Sig, sealed with the same keys, always with HTTP status 200. A sender counts a push as
// delivered only when Ret and ConfirmResult are both 0, so both are 0 on everything that was taken, repeats
// included.
//
// The standard has no parking interface: each platform added its own, and only 特来电's fields are known well. The
// others are read by one union table of names. What a platform is of its own is a profile: values and choices from
// closed lists. No profile can switch a check off; one that names no signature makes a lock required instead.
//
// Real senders differ from the paper, and what harms nothing is taken: names and Sig in any case, base64 in lines,
// unix time in TimeStamp, Seq without its zeros, numbers as texts. Zero padding, a message outside of Data and a
// field that stands there twice are refused; the doctor names them.
package cec

import (
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// tokenValid is how long an access token holds: what the platforms' papers call usual.
const tokenValid = 7200 * time.Second

// dialect is one platform of the family.
type dialect struct {
	profile Profile
	info    platform.Info
	table   profile.Table
}

// Info describes the platform.
func (d *dialect) Info() platform.Info { return d.info }

// Claim reads the operator. Of the five fields of the envelope none may be missing here already, so that
// no account's keys are looked up for half a request.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	e, err := d.envelope(p)
	if err != nil {
		return platform.Claim{}, err
	}
	if d.profile.Seal == SealCipher {
		return platform.Claim{Parsed: e}, nil
	}
	return platform.Claim{Operator: e.operator, Parsed: e}, nil
}

// Open checks signature, token and clock, and only then decrypts and reads. Of several key sets the one that
// gets furthest counts.
func (d *dialect) Open(p platform.Push, a platform.Account, now time.Time) (platform.Message, error) {
	e, err := d.envelope(p)
	if err != nil {
		return platform.Message{}, err
	}
	if len(a.Keys) == 0 {
		return platform.Message{}, platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
			charge.Say("push.no_keys"))
	}
	var best attempt
	for i, keys := range a.Keys {
		t := attempt{dialect: d, push: p, envelope: e, account: a, keys: keys, now: now}
		t.run()
		t.message.Keys = i
		if t.beats(&best) {
			best = t
		}
		if t.refusal == nil && !t.declined() {
			break
		}
	}
	if best.refusal != nil {
		best.glimpse()
		return best.message, best.refusal
	}
	return best.message, nil
}

// attempt is opening a push with one set of keys.
type attempt struct {
	dialect  *dialect
	push     platform.Push
	envelope *envelope
	account  platform.Account
	keys     platform.Keys
	now      time.Time

	message platform.Message
	refusal *platform.Refusal
	reached int
}

// run takes the checks in their order; each looks at nothing that a later one proves.
func (t *attempt) run() {
	for _, check := range [...]func() *platform.Refusal{t.signature, t.token, t.clock, t.read} {
		if t.refusal = check(); t.refusal != nil {
			return
		}
		t.reached++
	}
}

// glimpse adds to the refusal of a token or a clock what the push says: its signature held, and it is found by that.
func (t *attempt) glimpse() {
	if r := t.refusal; t.reached == 0 || t.keys[keySig] == "" || r.Read != (platform.Reading{}) {
		return
	}
	plain, err := t.envelope.open(t.keys)
	if err != nil {
		return
	}
	plain, _ = profile.Unwrapped(plain, t.push)
	if fields, err := seal.ReadObject(plain); err == nil {
		v := t.dialect.table.Find(fields)
		t.refusal.Read = v.Reading(t.dialect.lot(&v))
	}
}

func (t *attempt) beats(other *attempt) bool {
	switch {
	case other.dialect == nil:
		return true
	case t.refusal == nil:
		return other.refusal != nil || other.declined()
	case other.refusal == nil:
		return false
	}
	return t.reached > other.reached
}

func (t *attempt) declined() bool {
	q := t.message.Question
	return q != nil && q.Token != nil && q.Token.Refused != 0
}

// signature compares Sig over the texts as they were received. Without a signature key a platform whose paper
// names none goes on to its other checks; platform.Admit has seen to it that a lock stands in its place.
func (t *attempt) signature() *platform.Refusal {
	secret := t.keys[keySig]
	forged := func(why charge.Note) *platform.Refusal {
		return platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature, why)
	}
	switch {
	case secret == "" && t.dialect.profile.Seal != SealSigned:
		return nil
	case secret == "":
		return forged(charge.Say("push.no_key", charge.Text("key", keySig)))
	case t.envelope.missing() != "":
		return platform.Refuse(platform.StepSeal, charge.OutcomeBadBody,
			charge.Say("push.seal_needed", charge.Text("field", t.envelope.missing()), charge.Text("key", keySig)))
	case !seal.EqualFold(seal.HMACMD5Upper(secret, t.envelope.canonical()), t.envelope.sig):
		return forged(charge.Say("push.sig_differs", charge.Text("key", keySig)))
	}
	return nil
}

// token wants the access token that query_token gave out, wherever the platform has a query_token.
func (t *attempt) token() *platform.Refusal {
	if t.dialect.profile.Seal == SealCipher || t.push.Route.Kind == platform.RouteToken {
		return nil
	}
	refuse := func(why charge.Note) *platform.Refusal {
		return platform.Refuse(platform.StepToken, charge.OutcomeBadToken, why)
	}
	token, ok := platform.Bearer(t.push.Header)
	if !ok {
		return refuse(charge.Say("push.no_token"))
	}
	open := seal.OpenToken
	if t.push.Stored && seal.IsTokenMark(token) {
		open = seal.OpenMark
	}
	if _, err := open(t.account.TokenKey, t.account.ID, token, t.now); err != nil {
		return refuse(charge.Say("push.token_differs"))
	}
	return nil
}

// clock judges TimeStamp, by what the account asks for. A bare Data has none, and one that no signature covers
// says nothing.
func (t *attempt) clock() *platform.Refusal {
	if t.account.Clock == charge.ClockOff || t.dialect.profile.Seal == SealCipher && t.keys[keySig] == "" {
		return nil
	}
	sent, err := readTimeStamp(t.envelope.timeStamp)
	if err == nil {
		warning, stale := platform.CheckClock(t.account.Clock, sent, t.now)
		t.message.Warnings = t.message.Warnings.And(warning)
		return stale
	}
	if t.account.Clock == charge.ClockEnforce {
		return platform.Refuse(platform.StepClock, charge.OutcomeStale, charge.Cause(err))
	}
	t.message.Warnings = t.message.Warnings.And(charge.Cause(err))
	return nil
}

// read decrypts Data and reads what the route brings. Whatever is wrong with it has one outcome, and so one answer:
// a stranger must not learn whether a text of his decrypted.
func (t *attempt) read() *platform.Refusal {
	plain, err := t.envelope.open(t.keys)
	if err != nil {
		return platform.Refuse(platform.StepCipher, charge.OutcomeBadField, charge.Cause(err))
	}
	plain, _ = profile.Unwrapped(plain, t.push)
	var room [32]seal.Field
	fields, err := seal.ReadObjectInto(plain, room[:0])
	if err != nil {
		return platform.Refuse(platform.StepCipher, charge.OutcomeBadField,
			charge.Say("push.data_no_object", charge.Because("cause", charge.Cause(err))))
	}
	if t.push.Route.Kind == platform.RouteToken {
		return t.question(fields)
	}
	var r *platform.Refusal
	if err := t.dialect.read(fields, &t.message); err != nil {
		errors.As(err, &r)
	}
	return r
}

// question answers query_token: a caller that knows the operator's secret gets a token. The token carries its expiry,
// so none is stored and an older one stays valid.
func (t *attempt) question(fields []seal.Field) *platform.Refusal {
	if len(t.account.TokenKey) == 0 {
		return platform.Refuse(platform.StepToken, charge.OutcomeBusy, charge.Say("push.no_token_key"))
	}
	operator, _ := profile.Lookup(fields, "OperatorID")
	secret, _ := profile.Lookup(fields, "OperatorSecret")
	if operator == "" || secret == "" {
		return platform.Refuse(platform.StepFields, charge.OutcomeBadField,
			charge.Say("push.no_operator_secret"))
	}
	q := &platform.TokenQuestion{Operator: operator}
	switch {
	case operator != t.envelope.operator:
		q.Refused = 1
	case t.keys[keyOperatorSecret] == "" || !seal.Equal(t.keys[keyOperatorSecret], secret):
		q.Refused = 2
	default:
		q.Valid = tokenValid
		q.Token = seal.SealToken(t.account.TokenKey, t.account.ID, t.now.Add(tokenValid))
	}
	t.message.Question = &platform.Question{Token: q}
	return nil
}

// readTimeStamp reads the three forms that senders use: yyyyMMddHHmmss in Asia/Shanghai, unix seconds and unix
// milliseconds. Only the first is what T/CEC 102.4 wants.
func readTimeStamp(text string) (time.Time, error) {
	switch len(text) {
	case 14:
		if at, err := time.ParseInLocation("20060102150405", text, charge.Shanghai); err == nil {
			return at, nil
		}
	case 10:
		return profile.ReadTime(text, profile.UnitUnixS)
	case 13:
		return profile.ReadTime(text, profile.UnitUnixMS)
	}
	return time.Time{}, profile.Wrong(charge.Say("push.time_stamp", charge.Text("value", platform.Clip(text))))
}
