package flow

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Facts are all that a verdict on a charge, and what support may do to it, depend on.
type Facts struct {
	Charge   *charge.Charge
	Lot      charge.Lot // where the reduction goes
	LotKnown bool       // false: the lot is switched off or gone
	Stay     *charge.Stay
	Delivery *charge.Delivery // the last one; nil where there is none
	Told     bool             // a message went out to the lot, or may have been
	Said     charge.Note      // what the last try came to; the zero Note where none was made
	// Revocable: the lot takes back what it was given and has not used.
	Revocable bool
}

// left reports whether the car is known to have gone: nothing that is sent now helps its driver.
func (f Facts) left() bool { return f.Stay != nil && !f.Stay.Open }

// unsafe reports whether the lot may not be sent a reduction twice.
func (f Facts) unsafe() bool {
	return f.Lot.Repeats == charge.RepeatsUnsafe && lot.KindOf(f.Lot.Kind).Sends()
}

// pending reports whether the gateway itself goes on with the delivery.
func (f Facts) pending() bool { return f.Delivery != nil && pending(f.Delivery.State) }

// pending reports whether a delivery is still to be tried.
func pending(s charge.DeliveryState) bool {
	return s == charge.DeliveryLeased || s == charge.DeliverySent || s == charge.DeliveryDue
}

// mayRedeliver says why redelivering can only be refused; the zero Note where it can be done.
func (f Facts) mayRedeliver() charge.Note {
	if f.left() {
		return charge.Say("refused.car_left")
	}
	switch f.Charge.State {
	case charge.StateDelivered, charge.StateUsed:
		return charge.Say("refused.lot_has_it")
	case charge.StateVoided:
		return charge.Say("refused.voided")
	case charge.StateShadow:
		return charge.Say("refused.shadow")
	case charge.StateSending, charge.StateUnknown:
		return f.maySendAgain()
	}
	return charge.Note{}
}

// maySendAgain says why the same message cannot be sent once more.
func (f Facts) maySendAgain() charge.Note {
	switch {
	case f.Delivery == nil || !f.LotKnown:
		return charge.Say("refused.lot_off")
	case f.unsafe() && f.Delivery.State != charge.DeliveryDue && f.Delivery.State != charge.DeliveryLeased:
		return charge.Say("refused.unsafe")
	case f.Delivery.State == charge.DeliveryLeased || f.Delivery.State == charge.DeliverySent:
		return charge.Say("refused.under_way")
	}
	return charge.Note{}
}

// mayBind says why a charge cannot be bound to a stay.
func (f Facts) mayBind() charge.Note {
	switch f.Charge.State {
	case charge.StateHeld, charge.StateExpired, charge.StateNoGrant:
		return charge.Note{}
	}
	return charge.Say("refused.not_bindable", charge.Word("state", "charge_state", f.Charge.State))
}

// mayVoid says why a charge cannot be voided.
func (f Facts) mayVoid() charge.Note {
	if f.Charge.State == charge.StateVoided {
		return charge.Say("refused.voided")
	}
	return charge.Note{}
}

// mayResolve says why it makes no sense to say whether the lot has the reduction.
func (f Facts) mayResolve() charge.Note {
	switch {
	case f.Charge.State != charge.StateUnknown || f.Delivery == nil:
		return charge.Say("refused.not_unknown", charge.Word("state", "charge_state", f.Charge.State))
	case f.Delivery.State == charge.DeliveryLeased || f.Delivery.State == charge.DeliverySent:
		return charge.Say("refused.under_way")
	}
	return charge.Note{}
}

// mayHaveLeft reports whether a try of a delivery may have reached its lot.
func mayHaveLeft(dl *charge.Delivery, tries []charge.Attempt) bool {
	if !lot.KindBy(dl.Channel).Sends() {
		return false
	}
	if dl.State == charge.DeliveryLeased || dl.State == charge.DeliverySent {
		return true
	}
	for _, t := range tries {
		if t.Result != charge.AttemptOffLine {
			return true
		}
	}
	return false
}
