package estate

import (
	"sort"

	"github.com/chargestamp/chargestamp/charge"
)

// newState indexes tables for the lookups below.
func newState(t tables, c *Catalog) *State {
	s := &State{tables: t, catalog: c,
		byLot:   make(map[charge.LotID]lotEntry, len(t.lots)),
		byPark:  make(map[string][]charge.LotID, len(t.lots)),
		byPair:  make(map[pairKey]*charge.Binding, len(t.bindings)),
		byCharg: map[string]*charge.Binding{},
		byStat:  map[stationKey]*charge.Binding{},
		byOper:  map[operatorKey][]*charge.Account{},
		byScope: map[scopeKey][]*charge.Account{},
		byPlat:  map[string][]*charge.Account{},

		allVendors: sorted(t.vendors), allLots: sorted(t.lots), allAccounts: sorted(t.accounts),
		allBindings: sorted(t.bindings),
	}
	for _, l := range t.lots {
		s.byLot[l.ID] = lotEntry{l, t.vendors[l.ID.Union]}
		s.byPark[l.ID.Park] = append(s.byPark[l.ID.Park], l.ID)
	}
	for _, b := range t.bindings {
		s.byPair[pairKey{b.Account, b.Lot}] = b
		for _, charger := range b.Chargers {
			s.byCharg[charger] = b
		}
		for _, station := range b.Stations {
			s.byStat[stationKey{b.Account, station}] = b
		}
	}
	for _, a := range s.allAccounts {
		if a.Off {
			continue
		}
		s.byPlat[a.Platform] = append(s.byPlat[a.Platform], a)
		for _, op := range s.operators(a) {
			k := operatorKey{a.Platform, op}
			s.byOper[k] = append(s.byOper[k], a)
			s.byScope[scopeKey{k, a.Scope}] = append(s.byScope[scopeKey{k, a.Scope}], a)
		}
	}
	s.issuers = s.issuersOf()
	for _, list := range s.byOper {
		narrowestFirst(list)
	}
	for _, list := range s.byPlat {
		narrowestFirst(list)
	}
	return s
}

func narrowestFirst(list []*charge.Account) {
	sort.SliceStable(list, func(i, j int) bool { return list[i].Scope.Width() < list[j].Scope.Width() })
}
