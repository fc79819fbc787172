// Package open13 reads the open interface 13 of 泊链, syncChargePilePay: the inlet that 令狐充电 uses, and any
// platform that has no shape of its own (kancloud.cn/bolink/apis/1998242).
//
// A push is a POST whose body is Base64 of {"data":{…},"sign":"…"}. The sign is scheme S1 over the text of data
// with the lot's ckey: over the bytes as they stand, or over what the original server makes of them by
// printing them again without blanks. The answer is Base64 as well and repeats the sign of the request; it is
// not signed itself.
package open13

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// key is what a lot's key is called among Keys.
const key = "ckey"

// Names of the fields that find the lot.
const (
	unionField   = "union_id"
	parkField    = "comid"
	stationField = "station_id"
	separator    = "&&"
)

// dialect is 令狐充电, the one platform of this shape.
type dialect struct {
	info  platform.Info
	table profile.Table
}

// Builtin returns 令狐充电.
func Builtin() []platform.Dialect {
	d := &dialect{info: info(), table: profile.NewTable(columns(), asking(), repeat())}
	d.info.Undated = d.table.Undated()
	return []platform.Dialect{d}
}

// envelope is a push with Base64 taken off. Nothing in it is believed yet.
type envelope struct {
	data   []byte // text of data as it stands, or the text that it holds
	quoted []byte // data where it is a text: as it stands
	fields []seal.Field
	sign   string
	gbk    bool // the text came in GBK, and so was signed
}

// open takes off Base64 and reads the two members. The published sample holds a blank where a line was
// wrapped, so blanks are skipped. What Claim has opened is not opened again.
func open(p platform.Push) (*envelope, error) {
	if e, ok := p.Parsed.(*envelope); ok {
		return e, nil
	}
	e := &envelope{}
	body, _ := profile.Unwrapped(p.Body, platform.Push{})
	text := make([]byte, 0, len(body))
	for _, c := range body {
		if c != ' ' && c != '\r' && c != '\n' && c != '\t' {
			text = append(text, c)
		}
	}
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(plain, text)
	switch {
	case len(text) > 0 && text[0] == '{':
		return e, profile.BadBody(p, charge.Say("body.json"))
	case err != nil || n == 0:
		return e, profile.BadBody(p, charge.Say("body.no_base64"))
	}
	if plain = plain[:n]; bytes.HasPrefix(plain, []byte("{")) { // nothing is around it, nor behind it
		plain, e.gbk = profile.Text(plain, p)
	} else {
		plain, e.gbk = profile.Unwrapped(plain, p)
	}
	members, err := seal.ReadObject(plain)
	if err != nil {
		return e, badBody(err)
	}
	for _, m := range members {
		if m.Name == "sign" && m.Kind == seal.String {
			e.sign = m.Text
		}
	}
	if e.data, err = seal.RawMember(plain, "data"); err != nil {
		return e, badBody(err)
	}
	if inner, is := seal.Unwrap(e.data); is && e.data[0] == '"' {
		e.data, e.quoted = inner, e.data
	}
	if e.fields, err = seal.ReadObject(e.data); err != nil {
		return e, platform.Refuse(platform.StepBody, charge.OutcomeBadBody,
			charge.Say("body.inside", charge.Text("field", "data"), charge.Because("cause", charge.Cause(err))))
	}
	return e, nil
}

// signed returns a text as it was signed: in the bytes that came.
func (e *envelope) signed(text []byte) []byte {
	if e.gbk {
		return profile.ToGBK(text)
	}
	return text
}

// badBody is the refusal of a body whose Base64 holds what cannot be read.
func badBody(err error) error {
	return platform.Refuse(platform.StepBody, charge.OutcomeBadBody,
		charge.Say("body.in_base64", charge.Because("cause", charge.Cause(err))))
}

// Info describes 令狐充电.
func (d *dialect) Info() platform.Info { return d.info }

// Claim reads the lot; its key is the one to check with.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	e, err := open(p)
	if err != nil {
		return platform.Claim{}, err
	}
	lot, err := lotOf(e.fields)
	if r := (*platform.Refusal)(nil); errors.As(err, &r) {
		v := d.table.Find(e.fields)
		r.Read = v.Reading(lot)
	}
	return platform.Claim{Lot: lot, Parsed: e}, err
}

// Glimpse returns plate, order and lot of a push whose seal does not hold.
func (d *dialect) Glimpse(p platform.Push) platform.Reading {
	e, err := open(p)
	if err != nil {
		return platform.Reading{}
	}
	v := d.table.Find(e.fields)
	lot, _ := lotOf(e.fields)
	return v.Reading(lot)
}

// lotOf reads union_id with comid, or station_id. Where both are there they must agree.
func lotOf(fields []seal.Field) (charge.LotID, error) {
	union, hasUnion := profile.Lookup(fields, unionField)
	park, hasPark := profile.Lookup(fields, parkField)
	station, hasStation := profile.Lookup(fields, stationField)
	var pair, whole charge.LotID
	var err error
	if hasUnion && hasPark {
		if pair, err = charge.SplitLot(union+separator+park, separator); err != nil {
			return charge.LotID{}, badLot(charge.Say("field.no_pair", charge.Text("union", unionField),
				charge.Text("park", parkField)))
		}
	}
	if hasStation {
		if whole, err = charge.SplitLot(station, separator); err != nil && pair.IsZero() {
			return charge.LotID{}, profile.Unreadable(platform.StepLot, stationField, err)
		}
	}
	switch {
	case pair.IsZero() && whole.IsZero():
		return charge.LotID{}, badLot(charge.Say("field.no_lot", charge.Text("union", unionField),
			charge.Text("park", parkField), charge.Text("station", stationField)))
	case pair.IsZero():
		return whole, nil
	case !whole.IsZero() && whole != pair:
		return charge.LotID{}, badLot(charge.Say("field.lots_differ", charge.Text("station", stationField),
			charge.AtLot("whole", whole), charge.Text("union", unionField), charge.Text("park", parkField),
			charge.AtLot("pair", pair)))
	}
	return pair, nil
}

func badLot(why charge.Note) error {
	return platform.Refuse(platform.StepLot, charge.OutcomeBadField, why)
}

// Open checks the signature, then reads.
func (d *dialect) Open(p platform.Push, a platform.Account, _ time.Time) (platform.Message, error) {
	e, err := open(p)
	if err != nil {
		return platform.Message{}, err
	}
	m := platform.Message{}
	if m.Keys, err = e.unseal(a.Keys); err != nil {
		return platform.Message{}, err
	}
	lot, err := lotOf(e.fields)
	if err != nil {
		return platform.Message{}, err
	}
	v := d.table.Find(e.fields)
	if m.Charge, err = v.Charge(lot); err != nil {
		return platform.Message{}, err
	}
	m.Warnings = v.Warnings()
	return m, nil
}

// unseal finds the set of keys that data is signed with.
func (e *envelope) unseal(sets []platform.Keys) (int, error) {
	if e.sign == "" {
		return 0, platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
			charge.Say("push.unsigned", charge.Text("field", "sign")))
	}
	if i, ok := e.signedOver(e.signed(e.data), sets); ok {
		return i, nil
	}
	if i, ok := e.signedOver(e.signed(e.quoted), sets); ok && e.quoted != nil {
		return i, nil
	}
	if compact, err := seal.CompactJSON(e.data); err == nil {
		if i, ok := e.signedOver(e.signed(compact), sets); ok {
			return i, nil
		}
	}
	return 0, platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
		charge.Say("push.sign_differs"))
}

// signedOver finds the set of keys that signs a text as the push is signed.
func (e *envelope) signedOver(text []byte, sets []platform.Keys) (int, bool) {
	for i, keys := range sets {
		if secret := keys[key]; secret != "" && seal.Equal(seal.S1(text, secret), e.sign) {
			return i, true
		}
	}
	return 0, false
}

// Reply answers with the request's sign repeated, in the words of the original server: it calls an unknown lot
// a wrong sign.
func (d *dialect) Reply(p platform.Push, _ *platform.Account, v platform.Verdict) platform.Reply {
	e, _ := open(p) // what cannot be read is answered with no sign
	const longest = 64
	sign := e.sign
	if len(sign) > longest {
		sign = ""
	}
	state, message := 1, "成功"
	if !profile.Taken(v.Outcome) {
		state, message = 0, refusal(v.Outcome, sign)
	}
	data := []profile.Member{{Name: "state", Value: state}, {Name: "message", Value: message}}
	plain := profile.Object(profile.Member{Name: "sign", Value: sign},
		profile.Member{Name: "data", Value: profile.Raw(profile.Object(data...))})
	return platform.Reply{Status: http.StatusOK, Type: "text/plain;charset=utf-8",
		Body: []byte(base64.StdEncoding.EncodeToString(plain))}
}

func refusal(o charge.Outcome, sign string) string {
	switch o {
	case charge.OutcomeBadSignature:
		if sign == "" {
			return "无效sign值"
		}
	case charge.OutcomeUnknownLot, charge.OutcomeLotOff:
		return "签名错误"
	}
	return profile.Words(o)
}
