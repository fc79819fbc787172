package cec

import (
	"encoding/base64"
	"encoding/json"
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

// reporter is a platform that hears after the exit what was really taken off (特来电's interface 2.7 by public code that calls it; 奥特迅 by
// analogy).
type reporter struct{ *dialect }

// Paths below the report's base address.
const (
	reportTokenPath = "/query_token"
	reportPath      = "/notification_park_order_consumed"
)

// maxTokenValid bounds TokenAvailableTime: it should be seconds, and one peer was seen to fill in an epoch in milliseconds.
const maxTokenValid = 10 * 24 * time.Hour

// TokenRequest asks the platform for an access token.
func (r *reporter) TokenRequest(k platform.Keys, at time.Time, seq int) platform.Request {
	return request(k, reportTokenPath, "", profile.Object(
		profile.Member{Name: "OperatorID", Value: k[keyOperator].Reveal()},
		profile.Member{Name: "OperatorSecret", Value: k[keyOperatorSecret].Reveal()}), at, seq)
}

// Report tells one usage. Minutes or yuan go out as the lot told them; their names are inferred, the rest is
// documented.
func (r *reporter) Report(k platform.Keys, token string, u platform.Used, at time.Time, seq int) platform.Request {
	members := []profile.Member{
		{Name: "StartChargeSeq", Value: u.Order},
		{Name: "PlateNum", Value: u.Plate.Full()},
		{Name: "LeavingTime", Value: u.Left.In(charge.Shanghai).Format(time.DateTime)},
		{Name: "CalculationMethod", Value: u.Method},
	}
	switch u.Method {
	case 1:
		members = append(members, profile.Member{Name: "FreeParkingTimes", Value: decimal(u.Minutes)})
	case 2:
		members = append(members, profile.Member{Name: "FreeParkingCost", Value: decimal(u.Yuan)})
	}
	return request(k, reportPath, token, profile.Object(members...), at, seq)
}

// decimal is a number as it was told, zero where none was.
func decimal(told string) json.RawMessage {
	var n json.Number
	if json.Unmarshal([]byte(told), &n) != nil || told[0] == '"' {
		return json.RawMessage("0")
	}
	return json.RawMessage(told)
}

// request seals a request of ours. Keys that cannot seal give a request whose Data is empty: the platform refuses
// it, and the refusal is seen.
func request(k platform.Keys, path, token string, plain []byte, at time.Time, seq int) platform.Request {
	e := envelope{operator: k[keyOperator].Reveal(), timeStamp: at.In(charge.Shanghai).Format("20060102150405"), seq: fmt.Sprintf("%04d", seq)}
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
	return platform.Request{Path: path, Header: header, Body: profile.Object(
		profile.Member{Name: "OperatorID", Value: e.operator},
		profile.Member{Name: "Data", Value: e.data},
		profile.Member{Name: "TimeStamp", Value: e.timeStamp},
		profile.Member{Name: "Seq", Value: e.seq},
		profile.Member{Name: "Sig", Value: e.sig})}
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
		return answer{}, fmt.Errorf("the platform's answer: %w", err)
	}
	ret, ok := profile.Lookup(fields, "Ret")
	a := answer{}
	if a.ret, err = strconv.Atoi(ret); !ok || err != nil {
		return answer{}, fmt.Errorf("the platform's answer has no Ret that is a whole number")
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
		return answer{}, errors.New("the platform's answer is signed with another key than ours: is the report's sig_secret right?")
	}
	return a, nil
}

// retToken is the platform's word for a token that is over.
const retToken = 4002

// ReadToken reads the answer to TokenRequest.
func (r *reporter) ReadToken(k platform.Keys, body []byte) (token string, valid time.Duration, err error) {
	a, err := readAnswer(k, body)
	if err != nil {
		return "", 0, err
	}
	if a.ret != 0 {
		return "", 0, fmt.Errorf("the platform gives no token: Ret %d, %q", a.ret, platform.Clip(a.msg))
	}
	plain, err := (&envelope{data: a.data}).open(k)
	if err != nil {
		return "", 0, fmt.Errorf("the platform's answer: %w", err)
	}
	fields, err := seal.ReadObject(plain)
	if err != nil {
		return "", 0, fmt.Errorf("the platform's answer, decrypted: %w", err)
	}
	if stat, _ := profile.Lookup(fields, "SuccStat"); stat != "0" {
		reason, _ := profile.Lookup(fields, "FailReason")
		return "", 0, fmt.Errorf("the platform gives no token: SuccStat %q, FailReason %q", platform.Clip(stat), platform.Clip(reason))
	}
	token, ok := profile.Lookup(fields, "AccessToken")
	if !ok {
		return "", 0, errors.New("the platform's answer has no AccessToken")
	}
	text, _ := profile.Lookup(fields, "TokenAvailableTime")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if valid = time.Duration(seconds) * time.Second; err != nil || seconds <= 0 || seconds > int64(maxTokenValid.Seconds()) {
		valid = tokenValid
	}
	return token, valid, nil
}

// ReadReport reads the answer to Report: Ret 0 is taken, whatever else is said.
func (r *reporter) ReadReport(k platform.Keys, body []byte) (taken, tokenOver bool, err error) {
	a, err := readAnswer(k, body)
	switch {
	case err != nil:
		return false, false, err
	case a.ret == 0:
		return true, false, nil
	}
	return false, a.ret == retToken, fmt.Errorf("the platform refuses the report: Ret %d, %q", a.ret, platform.Clip(a.msg))
}
