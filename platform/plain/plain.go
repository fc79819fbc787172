// Package plain reads the platforms that sign nothing: 星星 and 万城万充. A push is a JSON object or a form, its names
// those of T/CEC 102, without that standard's envelope.
//
// What locks such a platform is not in the push: an address list or a secret in the path, which Info.NeedsLock
// demands and the intake checks before a push is opened. Here the operator's number is compared, which keeps
// mistakes out and nobody else.
package plain

import (
	"fmt"
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

// Claim reads lot and operator.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	fields, err := profile.ReadFields(p.Body)
	if err != nil {
		return platform.Claim{}, err
	}
	return d.claim(fields)
}

func (d *dialect) claim(fields []seal.Field) (platform.Claim, error) {
	operator, ok := profile.Lookup(fields, d.profile.Operator.Field)
	if !ok {
		return platform.Claim{}, platform.Refuse(platform.StepAccount, charge.OutcomeBadField, d.profile.Operator.Field+" is missing")
	}
	text, ok := profile.Lookup(fields, d.profile.Lot.Field)
	if !ok {
		return platform.Claim{}, platform.Refuse(platform.StepLot, charge.OutcomeBadField, d.profile.Lot.Field+" is missing")
	}
	lot, err := d.profile.ReadLot(text)
	return platform.Claim{Operator: operator, Lot: lot}, err
}

// Open compares the operator, then reads. A charge that is not over yet makes an empty message.
func (d *dialect) Open(p platform.Push, a platform.Account, _ time.Time) (platform.Message, error) {
	fields, err := profile.ReadFields(p.Body)
	if err != nil {
		return platform.Message{}, err
	}
	claim, err := d.claim(fields)
	if err != nil {
		return platform.Message{}, err
	}
	m := platform.Message{}
	if m.Keys, err = d.setOf(claim.Operator, a.Keys); err != nil {
		return platform.Message{}, err
	}
	if done, err := d.table.Finished(fields); err != nil || !done {
		return m, err
	}
	m.Charge, err = d.table.Charge(fields, claim.Lot)
	if err != nil {
		return platform.Message{}, err
	}
	return m, nil
}

// setOf finds the set of keys that an operator's number is in.
func (d *dialect) setOf(operator string, sets []platform.Keys) (int, error) {
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
		fmt.Sprintf("%s %q is not the account's %s", d.profile.Operator.Field, platform.Clip(operator), d.profile.Operator.Key))
}

func prefix(operator string) string { return operator[:min(len(operator), organisationCode)] }

// Reply answers in the profile's words.
func (d *dialect) Reply(_ platform.Push, _ *platform.Account, v platform.Verdict) platform.Reply {
	return profile.Answer(d.profile.Head.Reply, v, profile.Object())
}
