package flow

import (
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/lot"
)

// maxStay bounds what a stay can believably last; times beyond are nonsense, not data.
const maxStay = 366 * 24 * time.Hour

// refuseLot is a documented no to a lot. The SDK book gives an errmsg 48 characters.
func refuseLot(format string, args ...any) lot.Answer {
	return lot.Answer{State: 0, ErrMsg: fmt.Sprintf(format, args...)}
}

var taken1 = lot.Answer{State: 1}

// checkTimes refuses nonsense: times that cross, lie in the future or years back.
func checkTimes(from, to, now time.Time) (lot.Answer, bool) {
	switch {
	case to.IsZero(), to.Before(now.Add(-10 * maxStay)):
		return refuseLot("the time is missing or years back"), false
	case to.After(now.Add(24 * time.Hour)):
		return refuseLot("the time lies in the future"), false
	case !from.IsZero() && to.Before(from):
		return refuseLot("out_time lies before in_time"), false
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
