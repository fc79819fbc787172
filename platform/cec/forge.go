package cec

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

var (
	_ platform.Forger     = (*dialect)(nil)
	_ platform.TokenAsker = (*dialect)(nil)
)

// Forge builds a push as the platform sends it: the message encrypted, the envelope signed where there is a key.
func (d *dialect) Forge(k platform.Keys, s platform.Sample, token string, at time.Time) (platform.Request, error) {
	fields := d.table.Forge(s, at)
	switch part := d.profile.Lot; {
	case part.Field != "":
		lot, err := part.LotKey(s)
		if err != nil {
			return platform.Request{}, err
		}
		fields = profile.Put(fields, part.Field, lot)
	case s.Charger == "":
		return platform.Request{}, errors.New("the platform finds its lots by charger, and the binding lists none")
	default:
		fields = profile.Put(fields, part.Chargers[0], s.Charger)
	}
	return request(k, d.profile.Paths.Charge, token, profile.Print(fields), at, 1), nil
}

// TokenRequest asks the platform for an access token.
func (d *dialect) TokenRequest(k platform.Keys, at time.Time, seq int) platform.Request {
	return request(k, reportTokenPath, "", profile.Object(
		profile.Member{Name: "OperatorID", Value: k[keyOperator].Reveal()},
		profile.Member{Name: "OperatorSecret", Value: k[keyOperatorSecret].Reveal()}), at, seq)
}

// ReadToken reads the answer to TokenRequest.
func (d *dialect) ReadToken(k platform.Keys, body []byte) (token string, valid time.Duration, err error) {
	a, err := readAnswer(k, body)
	if err != nil {
		return "", 0, err
	}
	if a.ret != 0 {
		return "", 0, profile.Wrong(charge.Say("report.no_token", charge.Count("ret", a.ret),
			charge.Text("said", platform.Clip(a.msg))))
	}
	plain, err := (&envelope{data: a.data}).open(k)
	if err != nil {
		return "", 0, unread(err)
	}
	fields, err := seal.ReadObject(plain)
	if err != nil {
		return "", 0, unread(err)
	}
	if stat, _ := profile.Lookup(fields, "SuccStat"); stat != "0" {
		reason, _ := profile.Lookup(fields, "FailReason")
		return "", 0, profile.Wrong(charge.Say("report.no_token_stat", charge.Text("stat", platform.Clip(stat)),
			charge.Text("reason", platform.Clip(reason))))
	}
	token, ok := profile.Lookup(fields, "AccessToken")
	if !ok {
		return "", 0, profile.Wrong(charge.Say("report.no_access_token"))
	}
	text, _ := profile.Lookup(fields, "TokenAvailableTime")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if valid = time.Duration(seconds) * time.Second; err != nil || seconds <= 0 ||
		seconds > int64(maxTokenValid.Seconds()) {
		valid = tokenValid
	}
	return token, valid, nil
}

// maxTokenValid bounds TokenAvailableTime: it should be seconds, and one peer was seen to fill in an epoch in
// milliseconds.
const maxTokenValid = 10 * 24 * time.Hour

// noOperator stands for the organisation code of a platform whose paper names none: it is signed, and no key.
const noOperator = "000000000"

// request seals a request of ours. Keys that cannot seal give a request whose Data is empty: the platform refuses
// it, and the refusal is seen.
func request(k platform.Keys, path, token string, plain []byte, at time.Time, seq int) platform.Request {
	e := envelope{operator: cmp.Or(k[keyOperator].Reveal(), noOperator),
		timeStamp: at.In(charge.Shanghai).Format("20060102150405"), seq: fmt.Sprintf("%04d", seq)}
	if sealed, err := seal.EncryptCBC(k[keyData], k[keyIV], charge.Secret(plain)); err == nil {
		e.data = base64.StdEncoding.EncodeToString(sealed)
	}
	if k[keySig] != "" {
		e.sig = seal.HMACMD5Upper(k[keySig], e.canonical())
	}
	header := http.Header{"Content-Type": {contentType}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return platform.Request{Path: path, Header: header, Plain: plain, Body: profile.Object(
		profile.Member{Name: "OperatorID", Value: e.operator},
		profile.Member{Name: "Data", Value: e.data},
		profile.Member{Name: "TimeStamp", Value: e.timeStamp},
		profile.Member{Name: "Seq", Value: e.seq},
		profile.Member{Name: "Sig", Value: e.sig})}
}

// unread is the error of an answer that cannot be read.
func unread(err error) error {
	return profile.Wrong(charge.Say("report.unread", charge.Because("cause", charge.Cause(err))))
}

// answer is what a platform says to us.
type answer struct {
	ret  int
	msg  string
	data string
}

// readAnswer reads Ret, Msg and Data. A success that carries a Sig must carry the right one; errors were
// seen to come without.
func readAnswer(k platform.Keys, body []byte) (answer, error) {
	fields, err := seal.ReadObject(body)
	if err != nil {
		return answer{}, unread(err)
	}
	ret, ok := profile.Lookup(fields, "Ret")
	a := answer{}
	if a.ret, err = strconv.Atoi(ret); !ok || err != nil {
		return answer{}, profile.Wrong(charge.Say("report.no_ret"))
	}
	var sig string
	for _, f := range fields {
		switch f.Name {
		case "Msg", "msg":
			a.msg = f.Text
		case "Data", "data":
			a.data = f.Text
		case "Sig", "sig":
			sig = f.Text
		}
	}
	if a.ret == 0 && sig != "" && k[keySig] != "" && !seal.EqualFold(seal.HMACMD5Upper(k[keySig], ret+a.msg+a.data), sig) {
		return answer{}, profile.Wrong(charge.Say("report.other_key"))
	}
	return a, nil
}
