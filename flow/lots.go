package flow

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// maxStay bounds what a stay can believably last; times beyond are nonsense, not data.
const maxStay = 366 * 24 * time.Hour

// refuseLot is a documented no to a lot: errmsg for its booth, at most 48 characters by the SDK book, and why for
// support.
func refuseLot(errmsg string, why charge.Note) lot.Answer {
	return lot.Answer{State: 0, ErrMsg: errmsg, Why: why}
}

var taken1 = lot.Answer{State: 1}

// checkTimes refuses nonsense: times that cross, lie in the future or years back.
func checkTimes(from, to, now time.Time) (lot.Answer, bool) {
	switch {
	case to.IsZero(), to.Before(now.Add(-10 * maxStay)):
		return refuseLot("时间缺失或过早", charge.Say("lot.time_missing")), false
	case to.After(now.Add(24 * time.Hour)):
		return refuseLot("时间在未来", charge.Say("lot.time_future", charge.When("time", to))), false
	case !from.IsZero() && to.Before(from):
		return refuseLot("out_time早于in_time", charge.Say("lot.times_cross", charge.When("in", from), charge.When("out", to))),
			false
	}
	return lot.Answer{}, true
}

// clip keeps what an outsider sent short in an answer.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most]
	}
	return s
}

// noStay refuses a message about a stay that the lot has never reported.
func noStay(orderID string) lot.Answer {
	return refuseLot("没有停车订单", charge.Say("lot.no_stay", charge.Text("stay", clip(orderID))))
}
