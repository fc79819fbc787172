package flow

import "github.com/chargestamp/chargestamp/charge"

// Transition is one way in which a charge's state may change. From is empty for a new charge.
type Transition struct {
	From, To charge.State
	Why      string
}

// Transitions lists every way there is; whatever is not in it is a bug. A charge that stays in its state for
// another reason has made no transition. Prepared text for docs/states.md.
func Transitions() []Transition {
	return []Transition{
		{"", charge.StateHeld, "the lot has reported no stay that fits yet, and the rule waits for one"},
		{"", charge.StateShadow, "the binding is a shadow: decided and shown, nothing is sent"},
		{"", charge.StateNoGrant, "decided: nothing, the reason says why"},
		{"", charge.StateSending, "granted: ledger entry and delivery are stored with it"},

		{charge.StateHeld, charge.StateShadow, "its stay came, and the binding is a shadow by now"},
		{charge.StateHeld, charge.StateNoGrant, "its stay came and grants nothing, or the car has left"},
		{charge.StateHeld, charge.StateSending, "its stay came and it was granted"},
		{charge.StateHeld, charge.StateExpired, "no stay came before the hold was over"},
		{charge.StateHeld, charge.StateVoided, "support took it back"},

		{charge.StateShadow, charge.StateHeld, "the order came again with other content, which waits for a stay"},
		{charge.StateShadow, charge.StateNoGrant, "the order came again with other content, which gets nothing"},
		{charge.StateShadow, charge.StateSending, "the order came again with other content after the binding went live"},
		{charge.StateShadow, charge.StateExpired, "the order came again with other content after its hold was over"},
		{charge.StateShadow, charge.StateVoided, "support took it back"},

		{charge.StateNoGrant, charge.StateHeld, "decided again by support; it waits for a stay"},
		{charge.StateNoGrant, charge.StateShadow, "decided again by support; the binding is a shadow"},
		{charge.StateNoGrant, charge.StateSending, "decided again by support, or bound to a stay, and granted"},
		{charge.StateNoGrant, charge.StateExpired, "decided again by support; no stay has come"},
		{charge.StateNoGrant, charge.StateVoided, "support closed it"},

		{charge.StateExpired, charge.StateHeld, "decided again by support under a rule that waits longer"},
		{charge.StateExpired, charge.StateShadow, "bound to a stay, or decided again; the binding is a shadow"},
		{charge.StateExpired, charge.StateNoGrant, "bound to a stay, or decided again; it gets nothing"},
		{charge.StateExpired, charge.StateSending, "bound to a stay, or decided again, and granted"},
		{charge.StateExpired, charge.StateVoided, "support closed it"},

		{charge.StateSending, charge.StateDelivered, "the lot acknowledged; a 4G lot has it as soon as it is granted"},
		{charge.StateSending, charge.StateUnknown, "it was sent and no answer came: the lot may have it"},
		{charge.StateSending, charge.StateRefused, "the lot said no"},
		{charge.StateSending, charge.StateGaveUp,
			"the car left or time ran out before anything was sent, or no message could be written"},
		{charge.StateSending, charge.StateUsed, "the exit reported what was taken off before the acknowledgement was in"},
		{charge.StateSending, charge.StateVoided, "support took it back"},

		{charge.StateUnknown, charge.StateSending, "the lot has said that it has nothing: it is sent once more"},
		{charge.StateUnknown, charge.StateDelivered, "the lot acknowledged a repeat, or late"},
		{charge.StateUnknown, charge.StateRefused, "the lot said no to a repeat"},
		{charge.StateUnknown, charge.StateGaveUp, "the try that was under way at the exit turned out never to have left"},
		{charge.StateUnknown, charge.StateUsed, "the exit reported what was taken off"},
		{charge.StateUnknown, charge.StateVoided, "support took it back"},

		{charge.StateDelivered, charge.StateUsed, "the lot reported what it took off, or our own settlement did"},
		{charge.StateDelivered, charge.StateVoided, "support took it back"},

		{charge.StateRefused, charge.StateHeld, "decided again by support; it waits for a stay"},
		{charge.StateRefused, charge.StateShadow, "decided again by support; the binding is a shadow"},
		{charge.StateRefused, charge.StateNoGrant, "decided again by support; it gets nothing"},
		{charge.StateRefused, charge.StateSending, "decided again by support, and granted as a new reduction"},
		{charge.StateRefused, charge.StateExpired, "decided again by support; no stay has come"},
		{charge.StateRefused, charge.StateVoided, "support closed it"},

		{charge.StateGaveUp, charge.StateHeld, "decided again by support; it waits for a stay"},
		{charge.StateGaveUp, charge.StateShadow, "decided again by support; the binding is a shadow"},
		{charge.StateGaveUp, charge.StateNoGrant, "decided again by support; it gets nothing"},
		{charge.StateGaveUp, charge.StateSending, "decided again by support, and granted as a new reduction"},
		{charge.StateGaveUp, charge.StateExpired, "decided again by support; no stay has come"},
		{charge.StateGaveUp, charge.StateDelivered, "the lot acknowledged after all"},
		{charge.StateGaveUp, charge.StateUnknown, "a try that was under way turned out to have left: the lot may have it"},
		{charge.StateGaveUp, charge.StateVoided, "support closed it"},

		{charge.StateUsed, charge.StateVoided, "support took it back; counter-entries correct the statement"},
	}
}
