package estate

import "github.com/chargestamp/chargestamp/charge"

// RuleChoices is what the rule of a binding can say: what the account's platform and the kind of the lot can do.
type RuleChoices struct {
	Grants []charge.Grant
	Sizes  []charge.Method // what a fixed grant, and each step, may take off
	Priced bool            // the gateway prices the stays: takes and leave_within
	Keeps  bool            // the gateway keeps the stays, which may nest: target
}

// RuleChoices returns what a rule for an account's charges in a lot can say; known is false where the estate has no
// such account or lot.
func (s *State) RuleChoices(account string, id charge.LotID) (can RuleChoices, known bool) {
	a, l := s.accounts[account], s.lots[id.String()]
	if a == nil || l == nil {
		return can, false
	}
	p, known := s.catalog.Platforms[a.Platform]
	if !known {
		return can, false
	}
	allowed := func(r charge.Rule) bool {
		m := merger{catalog: s.catalog, doc: new(Document)}
		m.rule([]string{"binding"}, &p, l, r)
		return len(m.errs) == 0
	}
	kept := func(r charge.Rule) charge.Rule { r.Target = charge.TargetStay; return r }
	for _, m := range []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree} {
		if allowed(kept(charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: m}})) {
			can.Sizes = append(can.Sizes, m)
		}
	}
	for _, g := range []charge.Grant{charge.GrantAsPushed, charge.GrantChargeTime, charge.GrantLotDecides} {
		if allowed(kept(charge.Rule{Grant: g})) {
			can.Grants = append(can.Grants, g)
		}
	}
	if len(can.Sizes) > 0 {
		can.Grants = append(can.Grants, charge.GrantFixed, charge.GrantSteps)
	}
	grant := charge.Rule{Grant: charge.GrantFixed}
	if len(can.Sizes) > 0 {
		grant.Fixed.Method = can.Sizes[0]
	} else if len(can.Grants) > 0 {
		grant.Grant = can.Grants[0]
	}
	outer, late := grant, kept(grant)
	outer.Target, late.LeaveWithinSeconds = charge.TargetOuter, 1
	can.Keeps, can.Priced = allowed(outer), allowed(late)
	return can, true
}
