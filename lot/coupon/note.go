package coupon

import (
	"cmp"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

// whyNotes are the codes of why a coupon was refused.
var whyNotes = map[Why]string{
	WhyNotInside: "coupon.not_inside", WhyLeft: "coupon.left", WhyLimited: "coupon.limited",
	WhyNotConfigured: "coupon.not_configured",
	WhyBadRequest:    "coupon.bad_request", WhyOther: "coupon.refused",
}

var outcomeNotes = map[outcome]string{
	outcomeTaken: "coupon.taken", outcomeRepeated: "coupon.repeated", outcomeLater: "coupon.later",
	outcomeUnknown: "coupon.unknown",
	outcomeOther:   "coupon.other", outcomeAgain: "coupon.again",
}

// answerNote is an answer for the timeline, the target's own words quoted.
func (s *session) answerNote(a said, r outbound.Response) charge.Note { return a.note(r, s.slip.Plate) }

func (a said) note(r outbound.Response, plate charge.Plate) charge.Note {
	told := []charge.Arg{charge.Text("code", shown(a.code, plate)), charge.Text("said", shown(a.text, plate))}
	switch {
	case a.outcome == outcomeRefused:
		return charge.Say(whyNotes[a.why], told...)
	case r.Status >= 300 && r.Status < 400:
		return charge.Say("answer.redirect", charge.Count("status", r.Status))
	case r.Status >= 400 && (a.outcome == outcomeUnread || a.outcome == outcomeUnknown):
		return charge.Say("answer.http", charge.Count("status", r.Status))
	case a.outcome == outcomeUnread:
		text, encoding := lot.Plain(r.Body)
		return charge.Say("coupon.unread", lot.EncodingNote(encoding),
			charge.Text("answer", lot.Shown(string(text), plate)))
	}
	return charge.Say(outcomeNotes[a.outcome], told...)
}

// shown makes a target's own words fit to be quoted.
func shown(text string, plate charge.Plate) string { return cmp.Or(lot.Shown(text, plate), "–") }
