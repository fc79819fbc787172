package app

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
)

// catalogOf turns what dialects say of themselves into what estates are checked against.
func catalogOf(dialects []platform.Dialect) *estate.Catalog {
	c := &estate.Catalog{Platforms: map[string]estate.Platform{}, Tariff: func(t charge.Tariff) error { return ledger.Check(&t) }}
	for _, d := range dialects {
		i := d.Info()
		_, reports := d.(platform.Reporter)
		p := estate.Platform{
			ID: i.ID, Number: i.Number, Title: i.Title, Kinds: i.Kinds, Issuer: i.Issuer,
			Operator: i.Operator, OperatorPrefix: i.OperatorPrefix, NeedsLock: i.NeedsLock, LockUnless: i.LockUnless,
			OlderMessage: i.OlderMessage, OpenInterface: i.OpenInterface, Default: i.Default, Assumed: i.Evidence == platform.EvidenceAssumed,
			ByCharger: i.LotField == "", Undated: i.Undated, Report: reports,
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
