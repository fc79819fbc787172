package estate

import (
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// binding checks a binding against its account, lot, vendor and platform.
func (m *merger) binding(b *charge.Binding) {
	at := []string{
		"binding " + bindingID(b.Account, b.Lot),
		"lot " + b.Lot.String(), "account " + b.Account, "vendor " + b.Lot.Union,
	}
	account, lot := m.next.accounts[b.Account], m.next.lots[b.Lot.String()]
	if account == nil {
		m.fail(at, "account", CodeNoAccount, b.Account)
	}
	if lot == nil {
		m.fail(at, "lot", CodeNoLot, b.Lot)
	}
	if account == nil || lot == nil {
		return
	}
	if !account.Scope.Covers(b.Lot) {
		m.fail(at, "lot", CodeScope, account.Scope, account.ID)
	}
	if account.Off || b.Mode == charge.ModeOff {
		return
	}
	p, known := m.catalog.Platforms[account.Platform]
	if !known {
		if m.names(at[0]) && !m.names(at[2]) { // else it is reported at the account, or the document touches neither
			m.fail(at, "", CodeNoProfile, account.Platform, account.ID)
		}
		return
	}
	vendor := m.next.vendors[b.Lot.Union]
	if vendor == nil {
		return
	}
	if !p.takes(lot.Kind) {
		kinds := make([]string, len(p.Kinds))
		for i, k := range p.Kinds {
			kinds[i] = string(k)
		}
		m.fail(at, "lot", CodeLotKind, lot.Kind, p.ID, strings.Join(kinds, ", "))
		return
	}
	if p.OpenInterface && !vendor.OpenInterface {
		m.fail(at, "account", CodeOpenInterface, vendor.UnionID)
	}
	if p.Issuer == "vendor" && vendor.Ukey == "" {
		m.fail(at, "lot", CodeNeedsUkey, vendor.UnionID)
	}
	if p.Issuer == "lot" && lot.Ckey == "" {
		m.fail([]string{at[1], at[0]}, "ckey", CodeNeedsCkey, p.ID)
	}
	switch {
	case p.ByStation && len(b.Stations) == 0:
		m.fail(at, "stations", CodeNeedsStations, p.ID)
	case p.ByCharger && len(b.Chargers) == 0 && len(b.Stations) == 0:
		m.fail(at, "chargers", CodeNeedsChargers, p.ID)
	case !p.ByCharger && len(b.Chargers) > 0:
		m.fail(at, "chargers", CodeNoChargers, p.ID)
	}
	if len(b.Rules) == 0 {
		m.fail(at, "rule", CodeNeedsRule, p.ID)
		return
	}
	m.rule(at, &p, lot, b.Rules[len(b.Rules)-1])
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
