package platform

import (
	"fmt"
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
func CheckClock(mode charge.ClockMode, sent, now time.Time) (warning string, refusal *Refusal) {
	off := sent.Sub(now)
	if mode == charge.ClockOff || off.Abs() <= ClockWindow {
		return "", nil
	}
	text := fmt.Sprintf("the push says %s, we have %s: %s apart, %s are allowed",
		sent.In(charge.Shanghai).Format(time.RFC3339),
		now.In(charge.Shanghai).Format(time.RFC3339), off.Abs().Round(time.Second), ClockWindow)
	if d := (off.Abs() - 8*time.Hour).Abs(); d <= ClockWindow {
		text += "; it looks like UTC where Asia/Shanghai is meant, or the other way round"
	}
	if mode == charge.ClockEnforce {
		return "", Refuse(StepClock, charge.OutcomeStale, text)
	}
	return text + "; taken, because the account's clock is warn", nil
}
