package cec

import (
	"encoding/json"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// reporter is a platform that hears after the exit what was really taken off (特来电's interface 2.7 by public code that
// calls it; 奥特迅 by analogy).
type reporter struct{ *dialect }

// Paths below the report's base address.
const (
	reportTokenPath = "/query_token"
	reportPath      = "/notification_park_order_consumed"
)

// Report sends one usage. Minutes or yuan go out as the lot reported them; their names are inferred, the rest is
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

// decimal is a number as it was reported, zero where none was.
func decimal(told string) json.RawMessage {
	var n json.Number
	if json.Unmarshal([]byte(told), &n) != nil || told[0] == '"' {
		return json.RawMessage("0")
	}
	return json.RawMessage(told)
}

// retToken is the platform's word for a token that is over.
const retToken = 4002

// ReadReport reads the answer to Report: Ret 0 is taken, whatever else is said.
func (r *reporter) ReadReport(k platform.Keys, body []byte) (taken, tokenOver bool, err error) {
	a, err := readAnswer(k, body)
	switch {
	case err != nil:
		return false, false, err
	case a.ret == 0:
		return true, false, nil
	}
	return false, a.ret == retToken, profile.Wrong(charge.Say("report.refused", charge.Count("ret", a.ret),
		charge.Text("said", platform.Clip(a.msg))))
}
