package desk

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
)

// Lamp is one step of a lot's set-up: on once it is done.
type Lamp struct {
	Step string // the code of the note that says what is missing
	On   bool
}

// Steps of a set-up, in their order.
const (
	StepVendor  = "setup.vendor"  // the vendor is registered
	StepKey     = "setup.key"     // the key that signs between lot and gateway is set
	StepTariff  = "setup.tariff"  // of lots that the gateway prices
	StepLine    = "setup.line"    // the line has logged in once
	StepEntry   = "setup.entry"   // an entry came, of lots that report them
	StepAccount = "setup.account" // the platform's account is on
	StepRule    = "setup.rule"    // a rule is in force
	StepPush    = "setup.push"    // the platform has pushed a charge lately
)

// pushedWithin is how far back a push counts.
const pushedWithin = 30 * 24 * time.Hour

// LotLamps says how far a lot is, up to the first car.
func (d *Desk) LotLamps(ctx context.Context, who guard.Identity, l Lot) ([]Lamp, error) {
	kind, vendor := lot.KindOf(l.Kind), d.VendorOf(l.ID)
	lamps := []Lamp{{StepVendor, vendor != nil}, {StepKey, KeySet(l, vendor)}}
	if kind.NeedsTariff {
		lamps = append(lamps, Lamp{StepTariff, l.Tariff != nil})
	}
	if kind.OnLine {
		lamps = append(lamps, Lamp{StepLine, !l.Status.Beat.IsZero()})
	}
	if l.Stays == charge.StaysNone {
		return lamps, nil
	}
	stays, err := d.Stays(ctx, who, charge.StayFilter{Lot: l.ID, Limit: 1})
	return append(lamps, Lamp{StepEntry, len(stays.Items) > 0 || l.Status.ToldStays}), err
}

// BindingLamps says how far one platform is in a lot, and when it pushed a charge last; zero for never.
func (d *Desk) BindingLamps(ctx context.Context, who guard.Identity, b *charge.Binding) (lamps []Lamp,
	pushed time.Time, err error) {
	account, found := d.account(b.Account)
	if !found {
		account = &charge.Account{ID: b.Account, Off: true}
	}
	if pushed, err = d.LastCharge(ctx, who, account, b.Lot, d.Now().Add(-pushedWithin)); err != nil {
		return nil, pushed, err
	}
	_, ruled := b.RuleAt(d.Now())
	return []Lamp{{StepAccount, !account.Off}, {StepRule, ruled}, {StepPush, !pushed.IsZero()}}, pushed, nil
}

// VendorOf finds a lot's vendor, an off one too; nil where it was not entered.
func (d *Desk) VendorOf(id charge.LotID) *charge.Vendor {
	for _, v := range d.cfg.Estate.State().Vendors() {
		if v.UnionID == id.Union {
			return v
		}
	}
	return nil
}

// KeySet reports whether the key that signs between a lot and us is there; vendor may be nil.
func KeySet(l Lot, vendor *charge.Vendor) bool {
	ofVendor := vendor != nil && vendor.Ukey != ""
	switch lot.KindOf(l.Kind).Key {
	case lot.KeyOfVendor:
		return ofVendor
	case lot.KeyOfEither:
		return l.Ckey != "" || ofVendor
	case lot.KeyOfOwn:
		return true // no estate is taken in which one is missing
	}
	return l.Ckey != ""
}

// mostLamps bounds the bindings of one document whose lamps are looked at.
const mostLamps = 50

// warnOfEarly warns of bindings that a document has go live before the lamps of their set-up are on. A lot that comes
// with the same document has had no time for that, and is not warned of. Nothing is refused: the file is its
// operator's word.
func (d *Desk) warnOfEarly(ctx context.Context, who guard.Identity, before *estate.State,
	changes estate.Changes) error {
	looked := 0
	for i := range changes {
		account, id, live := changes[i].Live()
		if !live || before.StoredLot(id) == nil || looked == mostLamps {
			continue
		}
		looked++
		l, err := d.Lot(ctx, id)
		if err != nil {
			return err
		}
		lamps, err := d.LotLamps(ctx, who, l)
		if err != nil {
			return err
		}
		if b, stands := before.Binding(account, id); stands {
			own, _, err := d.BindingLamps(ctx, who, b)
			if err != nil {
				return err
			}
			lamps = append(lamps, own...)
		}
		if missing := Missing(lamps); len(missing) > 0 {
			changes[i].Warned = append(changes[i].Warned.And(charge.Say("estate.live_early")), missing...)
		}
	}
	return nil
}

// Missing says which lamps are off.
func Missing(lamps []Lamp) (list charge.Notes) {
	for _, l := range lamps {
		if !l.On {
			list = append(list, charge.Say(l.Step))
		}
	}
	return list
}
