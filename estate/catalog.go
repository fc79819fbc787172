package estate

import (
	"slices"
	"sort"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Catalog is what an estate is checked against: what the platforms can do, and what is a usable tariff.
type Catalog struct {
	Platforms map[string]Platform
	// Tariff says what is wrong with a tariff, nil for nothing; package lot/ledger has it.
	Tariff func(charge.Tariff) error
}

// Platform is what an estate needs to know of a charging platform, as plain data.
type Platform struct {
	ID     string
	Number int // row of docs/platforms/README.md; 0 for an operator's own profile
	Title  string
	Kinds  []charge.LotKind
	// Grants as platform.GrantKind has them: time, amount, free, lot_decides may come with the push,
	// fixed_time, fixed_amount, fixed_free are given by the rule only.
	Grants   []string
	Keys     []Key
	Issuer   charge.IssuerKind // whose key checks pushes and so who numbers orders: "account", "vendor" (ukey) or "lot" (ckey)
	Operator string            // the key that names the operator in a push; empty: accounts are found by scope alone
	// OperatorPrefix is how many characters of the operator's name are compared; 0 is all.
	OperatorPrefix int
	NeedsLock      bool           // an address list or a path token is required
	LockUnless     string         // the same where this key is absent
	OlderMessage   charge.Message // what SDK lots marked with it hear its charges by: fixed amounts only; empty for none
	OpenInterface  bool           // the vendor must have open_interface
	// Default is what a binding without a rule takes: grant, fixed and plus_minutes of it; nil: it must say.
	Default   *charge.Rule
	Assumed   bool // the protocol is assumed: new bindings start in shadow
	ByCharger bool // lots are found by charger id
	// UnitUnknown says that what its pushes ask for cannot be read as minutes or yuan: a rule cannot grant as pushed.
	UnitUnknown bool
	Undated     bool // some of its pushes may prove no time: neither order nor times
	Report      bool // it takes reports of what was really taken off
}

// Key is one key that an account of a platform holds.
type Key struct {
	Name     string
	Public   bool // no secret: may be shown, such as an operator's id
	Optional bool
	Bytes    int    // exact length; 0 for any
	Default  string // taken where an account names none
}

// key finds a key by name.
func (p *Platform) key(name string) (Key, bool) {
	for _, k := range p.Keys {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func (p *Platform) keyNames() string {
	names := make([]string, len(p.Keys))
	for i, k := range p.Keys {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

// operator returns what an account's operator is compared by.
func (p *Platform) operator(id string) string {
	if p.OperatorPrefix > 0 && len(id) > p.OperatorPrefix {
		return id[:p.OperatorPrefix]
	}
	return id
}

// takes reports whether the platform works with a kind of lot.
func (p *Platform) takes(k charge.LotKind) bool {
	return slices.Contains(p.Kinds, k) || lot.KindOf(k).EveryPlatform
}

func (p *Platform) grants(any ...string) bool {
	return slices.ContainsFunc(any, func(g string) bool { return slices.Contains(p.Grants, g) })
}

// allows reports whether a rule's grant is one that the platform's bindings may use.
func (p *Platform) allows(r charge.Rule) bool {
	switch r.Grant {
	case charge.GrantAsPushed:
		return !p.UnitUnknown && p.grants("time", "amount", "free", "lot_decides")
	case charge.GrantChargeTime:
		return p.grants("time")
	case charge.GrantLotDecides:
		return p.grants("lot_decides")
	case charge.GrantFixed:
		switch r.Fixed.Method {
		case charge.MethodTime:
			return p.grants("time", "fixed_time")
		case charge.MethodAmount:
			return p.grants("amount", "fixed_amount")
		case charge.MethodFree:
			return p.grants("free", "fixed_free")
		}
	}
	return false
}

// allowed lists the grants that are possible, for errors.
func (p *Platform) allowed() string {
	var list []string
	for _, try := range []struct {
		name string
		rule charge.Rule
	}{
		{"as_pushed", charge.Rule{Grant: charge.GrantAsPushed}},
		{"fixed minutes", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodTime}}},
		{"fixed amount", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodAmount}}},
		{"fixed free", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodFree}}},
		{"charge_time", charge.Rule{Grant: charge.GrantChargeTime}},
		{"lot_decides", charge.Rule{Grant: charge.GrantLotDecides}},
	} {
		if p.allows(try.rule) {
			list = append(list, try.name)
		}
	}
	return strings.Join(list, ", ")
}

// ids lists the platforms by id, for errors.
func (c *Catalog) ids() string {
	list := make([]string, 0, len(c.Platforms))
	for id := range c.Platforms {
		list = append(list, id)
	}
	sort.Strings(list)
	return strings.Join(list, ", ")
}
