package platform

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// TimeLayout is how platforms write a moment, in Asia/Shanghai.
const TimeLayout = "2006-01-02 15:04:05"

// Clip keeps error texts short where the input is not.
func Clip(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// ClockWindow is how far a push's own time may be from ours.
const ClockWindow = 15 * time.Minute

// CheckClock judges a push's own time by the account's clock mode (empty is warn): a warning, a refusal
// (stale), or neither.
func CheckClock(mode charge.ClockMode, sent, now time.Time) (warning charge.Note, refusal *Refusal) {
	off := sent.Sub(now)
	if mode == charge.ClockOff || off.Abs() <= ClockWindow {
		return charge.Note{}, nil
	}
	says := charge.Say("push.clock_off", charge.When("sent", sent), charge.When("now", now), charge.Span("off", off.Abs()),
		charge.Span("allowed", ClockWindow))
	if d := (off.Abs() - 8*time.Hour).Abs(); d <= ClockWindow {
		says.Code = "push.clock_zone"
	}
	if mode == charge.ClockEnforce {
		return charge.Note{}, Refuse(StepClock, charge.OutcomeStale, says)
	}
	return charge.Say("push.clock_taken", charge.Because("clock", says)), nil
}
