// Package plain reads the platforms that sign nothing: 星星, 万城万充 and 向黔充. A push is a JSON object or a form,
// without an envelope.
//
// What locks such a platform is not in the push: an address list or a secret in the path, which Info.NeedsLock
// demands and the intake checks before a push is opened. Here the operator's number is compared, where the platform
// sends one, which keeps mistakes out and no attacker.
package plain

import (
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// organisationCode is the length of an operator's number by T/CEC 102.1. Some papers print the check digit of the
// 18-character company code behind it, so that much is compared and no more.
const organisationCode = 9

// dialect is one platform of the family.
type dialect struct {
	profile Profile
	info    platform.Info
	table   profile.Table
}

// Info describes the platform.
func (d *dialect) Info() platform.Info { return d.info }

// Fields beside the profile's, by their place in the table.
const (
	extraLot = iota
	extraOperator
)

// Claim reads lot and operator.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Claim{}, err
	}
	v := d.table.Find(b.Fields)
	claim, err := d.claim(&v)
	claim.Parsed = b
	return claim, err
}

func (d *dialect) claim(v *profile.Values) (platform.Claim, error) {
	lot, err := d.profile.ReadLot(v.Extra(extraLot))
	operator := v.Extra(extraOperator)
	if operator == "" && d.profile.Operator.Field != "" {
		err = profile.Missing(platform.StepAccount, d.profile.Operator.Field)
	}
	if r := (*platform.Refusal)(nil); errors.As(err, &r) {
		r.Read = v.Reading(lot)
	}
	return platform.Claim{Operator: operator, Lot: lot}, err
}

// Glimpse returns plate, order and lot of a push that was refused.
func (d *dialect) Glimpse(p platform.Push) platform.Reading {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Reading{}
	}
	v := d.table.Find(b.Fields)
	lot, _ := d.profile.ReadLot(v.Extra(extraLot))
	return v.Reading(lot)
}

// Open compares the operator, then reads. A charge that is not over yet makes an empty message.
func (d *dialect) Open(p platform.Push, a platform.Account, _ time.Time) (platform.Message, error) {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Message{}, err
	}
	v := d.table.Find(b.Fields)
	claim, err := d.claim(&v)
	if err != nil {
		return platform.Message{}, err
	}
	m := platform.Message{}
	if m.Keys, err = d.setOf(claim.Operator, a.Keys); err != nil {
		return platform.Message{}, err
	}
	if done, err := v.Finished(); err != nil || !done {
		return m, err
	}
	if m.Charge, err = v.Charge(claim.Lot, d.profile.Stations(v.Extra(extraLot))...); err != nil {
		return platform.Message{}, err
	}
	m.Warnings = v.Warnings()
	return m, nil
}

// setOf finds the set of keys that an operator's number is in.
func (d *dialect) setOf(operator string, sets []platform.Keys) (int, error) {
	if d.profile.Operator.Field == "" {
		return 0, nil
	}
	for i, keys := range sets {
		own := keys[d.profile.Operator.Key].Reveal()
		if own == "" {
			own = d.profile.Operator.Default
		}
		if own != "" && seal.Equal(prefix(operator), prefix(own)) {
			return i, nil
		}
	}
	return 0, platform.Refuse(platform.StepAccount, charge.OutcomeUnknownAccount,
		charge.Say("push.operator_differs", charge.Text("field", d.profile.Operator.Field),
			charge.Text("operator", platform.Clip(operator)), charge.Text("key", d.profile.Operator.Key)))
}

func prefix(operator string) string { return operator[:min(len(operator), organisationCode)] }

// Reply answers in the profile's words.
func (d *dialect) Reply(_ platform.Push, _ *platform.Account, v platform.Verdict) platform.Reply {
	return profile.Answer(d.profile.Head.Reply, v, profile.Object())
}
