package app

import (
	"errors"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
)

// operatorPrefixes: 万城万充's public operator id has nine characters, its documented default ten.
var operatorPrefixes = map[string]int{"wanchong": 9}

// catalogOf turns what dialects say of themselves into what estates are checked against.
func catalogOf(dialects []platform.Dialect) *estate.Catalog {
	c := &estate.Catalog{Platforms: map[string]estate.Platform{}, Tariff: func(t charge.Tariff) error { return ledger.Check(&t) }}
	for _, d := range dialects {
		i := d.Info()
		_, reports := d.(platform.Reporter)
		p := estate.Platform{
			ID: i.ID, Number: i.Number, Title: i.Title, Kinds: i.Kinds, Issuer: string(i.Issuer),
			Operator: i.Operator, OperatorPrefix: operatorPrefixes[i.ID], NeedsLock: i.NeedsLock, LockUnless: i.LockUnless,
			OpenInterface: i.OpenInterface, Default: i.Default, Assumed: i.Evidence == platform.EvidenceAssumed,
			ByCharger: i.LotField == "", Report: reports,
		}
		for _, g := range i.Grants {
			p.Grants = append(p.Grants, string(g))
		}
		for _, k := range i.Keys {
			p.Keys = append(p.Keys, estate.Key{Name: k.Name, Public: !k.Secret, Optional: k.Optional, Bytes: k.Bytes, Default: k.Default})
		}
		c.Platforms[i.ID] = p
	}
	return c
}

var errNoTariff = errors.New("the lot has no tariff")
