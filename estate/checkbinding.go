package estate

import (
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// bound is a binding with what it binds, as the merged estate has it.
type bound struct {
	*charge.Binding
	at       []string // its names in messages: its own, its lot's, its account's, its vendor's
	lot      *charge.Lot
	account  *charge.Account
	vendor   *charge.Vendor
	platform Platform
}

// binding checks a binding against its account, lot, vendor and platform.
func (m *merger) binding(of *charge.Binding) {
	b, ok := m.bound(of)
	if !ok {
		return
	}
	if !b.platform.takes(b.lot.Kind) {
		kinds := make([]string, len(b.platform.Kinds))
		for i, k := range b.platform.Kinds {
			kinds[i] = string(k)
		}
		m.fail(b.at, "lot", CodeLotKind, b.lot.Kind, b.platform.ID, strings.Join(kinds, ", "))
		return
	}
	m.boundKeys(b)
	m.boundPlaces(b)
	if len(b.Rules) == 0 {
		m.fail(b.at, "rule", CodeNeedsRule, b.platform.ID)
		return
	}
	m.rule(b.at, &b.platform, b.lot, b.Rules[len(b.Rules)-1])
}

// bound finds what a binding binds. It reports false where something is missing, or where nothing more is checked
// because binding or account are off.
func (m *merger) bound(of *charge.Binding) (b bound, ok bool) {
	b = bound{Binding: of, at: []string{
		"binding " + bindingID(of.Account, of.Lot),
		"lot " + of.Lot.String(), "account " + of.Account, "vendor " + of.Lot.Union,
	}}
	b.account, b.lot = m.next.accounts[of.Account], m.next.lots[of.Lot.String()]
	if b.account == nil {
		m.fail(b.at, "account", CodeNoAccount, of.Account)
	}
	if b.lot == nil {
		m.fail(b.at, "lot", CodeNoLot, of.Lot)
	}
	if b.account == nil || b.lot == nil {
		return b, false
	}
	if !b.account.Scope.Covers(of.Lot) {
		m.fail(b.at, "lot", CodeScope, b.account.Scope, b.account.ID)
	}
	if b.account.Off || of.Mode == charge.ModeOff {
		return b, false
	}
	if b.platform, ok = m.catalog.Platforms[b.account.Platform]; !ok {
		if m.names(b.at[0]) && !m.names(b.at[2]) { // else it is reported at the account, or the document touches neither
			m.fail(b.at, "", CodeNoProfile, b.account.Platform, b.account.ID)
		}
		return b, false
	}
	b.vendor = m.next.vendors[of.Lot.Union]
	return b, b.vendor != nil
}

// boundKeys checks that vendor and lot have the permission and the keys that the platform needs of them.
func (m *merger) boundKeys(b bound) {
	if b.platform.OpenInterface && !b.vendor.OpenInterface {
		m.fail(b.at, "account", CodeOpenInterface, b.vendor.UnionID)
	}
	if b.platform.Issuer == "vendor" && b.vendor.Ukey == "" {
		m.fail(b.at, "lot", CodeNeedsUkey, b.vendor.UnionID)
	}
	if b.platform.Issuer == "lot" && b.lot.Ckey == "" {
		m.fail([]string{b.at[1], b.at[0]}, "ckey", CodeNeedsCkey, b.platform.ID)
	}
}

// boundPlaces checks the lists of stations and chargers by which the platform names the lot.
func (m *merger) boundPlaces(b bound) {
	switch p := b.platform; {
	case p.ByStation && len(b.Stations) == 0:
		m.fail(b.at, "stations", CodeNeedsStations, p.ID)
	case p.ByCharger && len(b.Chargers) == 0 && len(b.Stations) == 0:
		m.fail(b.at, "chargers", CodeNeedsChargers, p.ID)
	case !p.ByCharger && len(b.Chargers) > 0:
		m.fail(b.at, "chargers", CodeNoChargers, p.ID)
	}
}

// rule checks the newest version against platform and lot; older ones were checked in their day.
func (m *merger) rule(at []string, p *Platform, l *charge.Lot, r charge.Rule) {
	kind, say := lot.KindOf(l.Kind), fileWord(r.Grant)
	if r.Grant == charge.GrantFixed {
		say += " " + fileWord(r.Fixed.Method)
	}
	older := p.OlderMessage != "" && l.Message == p.OlderMessage
	switch {
	case r.Grant == charge.GrantLotDecides && !kind.CanDecide:
		m.fail(at, "rule.grant", CodeGrant4G)
	case r.Grant == charge.GrantSteps:
		m.stepGrants(at, p, r, older)
	case older && !(r.Grant == charge.GrantFixed && r.Fixed.Method == charge.MethodAmount):
		m.fail(at, "rule.grant", CodeGrant336, p.ID)
	case r.Grant == charge.GrantAsPushed && p.UnitUnknown:
		m.fail(at, "rule.grant", CodeUnitUnknown, p.ID)
	case !p.allows(r):
		m.fail(at, "rule.grant", CodeGrant, say, p.ID, p.allowed())
	}
	if kind.Has("target") {
		m.couponGrants(at, p, l, r)
	}
	if !kind.KeepsStays && r.Target != charge.TargetStay {
		m.fail(at, "rule.target", CodeTarget)
	}
	if !kind.NeedsTariff && r.Takes == charge.TakesCharge {
		m.fail(at, "rule.takes", CodeOnly4G, string(l.Kind))
	}
	if !kind.NeedsTariff && r.LeaveWithinSeconds != 0 {
		m.fail(at, "rule.leave_within", CodeOnly4G, string(l.Kind))
	}
}

// stepGrants checks what each step of a rule grants as a fixed one.
func (m *merger) stepGrants(at []string, p *Platform, r charge.Rule, older bool) {
	for _, s := range r.Steps {
		switch {
		case older && s.Reduction.Method != charge.MethodAmount:
			m.fail(at, "rule.steps", CodeGrant336, p.ID)
			return
		case !p.allows(charge.Rule{Grant: charge.GrantFixed, Fixed: s.Reduction}):
			m.fail(at, "rule.steps", CodeGrant, fileWord("steps")+" of "+fileWord(s.Reduction.Method), p.ID, p.allowed())
			return
		}
	}
}
