package app

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/platform"
)

// catalogOf turns what dialects and targets say of themselves into what estates are checked against.
func catalogOf(dialects []platform.Dialect, targets coupon.Targets) *estate.Catalog {
	c := &estate.Catalog{Platforms: map[string]estate.Platform{}, Targets: targetsOf(targets),
		Tariff: func(t charge.Tariff) error { return ledger.Check(&t) }}
	for _, d := range dialects {
		i := d.Info()
		p := estate.Platform{
			ID: i.ID, Number: i.Number, Title: i.Title, Kinds: i.Kinds, Issuer: i.Issuer,
			Operator: i.Operator, OperatorPrefix: i.OperatorPrefix, NeedsLock: i.NeedsLock, LockUnless: i.LockUnless,
			OlderMessage: i.OlderMessage, OpenInterface: i.OpenInterface, Default: i.Default,
			Assumed:   i.Evidence == platform.EvidenceAssumed,
			ByCharger: i.LotField == "", ByStation: i.ByStation, Undated: i.Undated, UnitUnknown: i.UnitUnknown,
			Report: i.Report,
		}
		for _, g := range i.Grants {
			p.Grants = append(p.Grants, string(g))
		}
		for _, k := range i.Keys {
			p.Keys = append(p.Keys, estate.Key{Name: k.Name, Public: !k.Secret, Optional: k.Optional, Bytes: k.Bytes,
				Default: k.Default})
		}
		c.Platforms[i.ID] = p
	}
	return c
}

func targetsOf(targets coupon.Targets) map[string]estate.Target {
	all := map[string]estate.Target{}
	for id, t := range targets {
		e := estate.Target{ID: id, Title: t.About.Title, Address: t.Address, Methods: map[charge.Method]string{},
			Safe: t.Repeat.Safe, StaysToken: t.StaysToken()}
		for m, method := range t.Methods {
			e.Methods[m] = method.Needs
		}
		for _, k := range t.Keys {
			e.Keys = append(e.Keys, estate.Key{Name: k.Name, Public: k.Public, Optional: k.Optional, Default: k.Default})
		}
		all[id] = e
	}
	return all
}

// reported lists the platforms that lots name in 3.11, by their numbers there.
func reported(dialects []platform.Dialect) []callback.Reported {
	var all []callback.Reported
	for _, d := range dialects {
		if i := d.Info(); i.UsageNumber != "" {
			all = append(all, callback.Reported{Number: i.UsageNumber, ID: i.ID, Title: i.Title})
		}
	}
	slices.SortFunc(all, func(a, b callback.Reported) int {
		x, _ := strconv.Atoi(a.Number)
		y, _ := strconv.Atoi(b.Number)
		return cmp.Compare(x, y)
	})
	return all
}
