package estate

import (
	"maps"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Catalog is what an estate is checked against: what the platforms can do, and what is a usable tariff.
type Catalog struct {
	Platforms map[string]Platform
	Targets   map[string]Target
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
	Grants []string
	Keys   []Key
	// whose key checks pushes and so who numbers orders: "account", "vendor" (ukey) or "lot" (ckey)
	Issuer   charge.IssuerKind
	Operator string // the key that names the operator in a push; empty: accounts are found by scope alone
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
	ByStation bool // lots are found by the platform's own station id
	// UnitUnknown says that what its pushes ask for cannot be read as minutes or yuan: a rule cannot grant as pushed.
	UnitUnknown bool
	Undated     bool // some of its pushes may prove no time: neither order nor times
	Report      bool // it takes reports of what was really taken off
}

// Target is what an estate needs to know of a parking system that takes coupons, as plain data.
type Target struct {
	ID      string
	Title   string
	Address string // the published one; empty: a lot must name it
	Keys    []Key
	// Methods are what its coupons give, and the key without which a lot's coupons cannot; empty for none.
	Methods    map[charge.Method]string
	Safe       bool   // the same coupon may be sent again after a silence
	StaysToken string // the key that locks the entries and exits it reports; empty where it reports none
}

// key finds a key by name.
func (t *Target) key(name string) (Key, bool) { return keyIn(t.Keys, name) }

// grants reports whether coupons of a lot with some keys can grant what a method names.
func (t *Target) grants(m charge.Method, keys map[string]charge.Secret) bool {
	needs, can := t.Methods[m]
	return can && (needs == "" || keys[needs] != "")
}

// given lists what coupons of a lot can give, for errors.
func (t *Target) given(keys map[string]charge.Secret) string {
	var list []string
	for _, m := range []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree, charge.MethodLotDecides} {
		switch needs, can := t.Methods[m]; {
		case can && t.grants(m, keys):
			list = append(list, string(m))
		case can:
			list = append(list, string(m)+" (keys."+needs+")")
		}
	}
	return strings.Join(list, ", ")
}

// Key is one key that an account of a platform, or a lot of a target, holds.
type Key struct {
	Name     string
	Public   bool // no secret: may be shown, such as an operator's id
	Optional bool
	Bytes    int    // exact length; 0 for any
	Default  string // taken where an account names none
}

// key finds a key by name.
func (p *Platform) key(name string) (Key, bool) { return keyIn(p.Keys, name) }

func keyIn(keys []Key, name string) (Key, bool) {
	for _, k := range keys {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func (p *Platform) keyNames() string { return namesOf(p.Keys) }

func namesOf(keys []Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

// pushes lists the methods that a push of the platform may name.
func (p *Platform) pushes() []charge.Method {
	var list []charge.Method
	for _, m := range []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree, charge.MethodLotDecides} {
		if p.grants(string(m)) {
			list = append(list, m)
		}
	}
	return list
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
func (p *Platform) allowed() fileWords {
	var list []string
	for _, try := range []struct {
		name string
		rule charge.Rule
	}{
		{"`as_pushed`", charge.Rule{Grant: charge.GrantAsPushed}},
		{"`fixed` `minutes`", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodTime}}},
		{"`fixed` `amount`", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodAmount}}},
		{"`fixed` `free`", charge.Rule{Grant: charge.GrantFixed, Fixed: charge.Reduction{Method: charge.MethodFree}}},
		{"`charge_time`", charge.Rule{Grant: charge.GrantChargeTime}},
		{"`lot_decides`", charge.Rule{Grant: charge.GrantLotDecides}},
	} {
		if p.allows(try.rule) {
			list = append(list, try.name)
		}
	}
	return fileWords(strings.Join(list, ", "))
}

// listed returns platforms or targets by id, for errors.
func listed[T any](all map[string]T) string {
	return strings.Join(slices.Sorted(maps.Keys(all)), ", ")
}
