package estate

import (
	"slices"

	"github.com/chargestamp/chargestamp/charge"
)

// Issuer is who numbers the orders that an account pushes for a lot.
func (s *State) Issuer(account string, lot charge.LotID) charge.Issuer {
	a := s.accounts[account]
	if a == nil {
		return charge.IssuerOf(charge.IssuerAccount, account, charge.Scope(lot), lot)
	}
	i := charge.IssuerOf(s.catalog.issuer(a.Platform), account, a.Scope, lot)
	if names := s.issuers[account]; i.Kind == charge.IssuerAccount && names != nil {
		i.Names = names
	}
	return i
}

// issuer is who numbers a platform's orders; the account where the platform is not known any more.
func (c *Catalog) issuer(platform string) charge.IssuerKind {
	if p, known := c.Platforms[platform]; known && p.Issuer != "" {
		return p.Issuer
	}
	return charge.IssuerAccount
}

// issuersOf lists for each account that has any the names that are one issuer with it, its own first: earlier names,
// and accounts of the same operator in the same vendor's scope, or of which one reaches the whole platform. Accounts
// that are switched off count: their order numbers stay taken.
func (s *State) issuersOf() map[string][]string {
	type place struct {
		operatorKey
		union string
	}
	near, all := map[place][]*charge.Account{}, map[operatorKey][]*charge.Account{}
	for _, a := range s.allAccounts {
		for _, op := range s.pushesAs(a) {
			near[place{op, a.Scope.Union}] = append(near[place{op, a.Scope.Union}], a)
			all[op] = append(all[op], a)
		}
	}
	issuers := map[string][]string{}
	for _, a := range s.allAccounts {
		names := s.named(nil, a.ID)
		for _, op := range s.pushesAs(a) {
			same := all[op]
			if a.Scope.Union != "" {
				same = slices.Concat(near[place{op, a.Scope.Union}], near[place{op, ""}])
			}
			for _, b := range same {
				names = s.named(names, b.ID)
			}
		}
		if len(names) > 1 {
			issuers[a.ID] = names
		}
	}
	return issuers
}

// pushesAs are the operators under which an account pushes, where its platform names operators.
func (s *State) pushesAs(a *charge.Account) (ops []operatorKey) {
	for _, op := range s.operators(a) {
		if op != "" {
			ops = append(ops, operatorKey{a.Platform, op})
		}
	}
	return ops
}

// named appends an account and all its earlier names to names, each once.
func (t tables) named(names []string, account string) []string {
	if slices.Contains(names, account) {
		return names
	}
	names = append(names, account)
	if a := t.accounts[account]; a != nil {
		for _, earlier := range a.Formerly {
			names = t.named(names, earlier)
		}
	}
	return names
}

// formerly checks the earlier names of accounts: accounts of the same platform that are switched off, in no circle.
func (m *merger) formerly() {
	for _, a := range sortedWhere(m.next.accounts, func(_ string, a *charge.Account) bool { return len(a.Formerly) > 0 }) {
		for _, name := range a.Formerly {
			at := []string{"account " + a.ID, "account " + name}
			switch b := m.next.accounts[name]; {
			case b == nil:
				m.fail(at, "formerly", CodeFormerlyUnknown, clip(name))
			case b.Platform != a.Platform:
				m.fail(at, "formerly", CodeFormerlyPlatform, name, b.Platform)
			case slices.Contains(m.next.named(nil, name), a.ID):
				m.fail(at, "formerly", CodeFormerlyCircle, name)
			case !b.Off:
				m.fail(at, "formerly", CodeFormerlyLive, name)
			}
		}
	}
}
