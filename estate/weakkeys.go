package estate

import (
	"maps"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
)

// Weak lists the weak keys of what is not off, by thing. Names of operators and other public keys are no secrets.
func (s *State) Weak() []Weak {
	if s == nil {
		return nil
	}
	s.weighed.Do(func() { s.weak = s.tables.weak(s.catalog, func(string) bool { return true }) })
	return s.weak
}

// WeakAfter lists the weak keys of what a document names, as they are once it is applied; none for one with errors.
func (s *State) WeakAfter(doc *Document) []Weak {
	m, err := s.catalog.merge(s, doc)
	if err != nil {
		return nil
	}
	return m.next.weak(s.catalog, m.names)
}

func (t tables) weak(c *Catalog, wanted func(thing string) bool) (found []Weak) {
	look := func(thing, field string, key charge.Secret) {
		if p := weakness(key.Reveal(), thing); key != "" && p != "" {
			found = append(found, Weak{thing, field, p})
		}
	}
	for _, v := range sortedWhere(t.vendors,
		func(id string, v *charge.Vendor) bool { return !v.Off && wanted("vendor "+id) }) {
		look("vendor "+v.UnionID, "ukey", v.Ukey)
		look("vendor "+v.UnionID, "old_ukey", v.OldUkey.Key)
	}
	for _, l := range sortedWhere(t.lots, func(id string, l *charge.Lot) bool { return !l.Off && wanted("lot "+id) }) {
		thing, target := "lot "+l.ID.String(), c.Targets[l.Target]
		look(thing, "ckey", l.Ckey)
		look(thing, "old_ckey", l.OldCkey.Key)
		each(l.Keys, target.Keys, func(name string, key charge.Secret) { look(thing, "keys."+name, key) })
	}
	for _, a := range sortedWhere(t.accounts,
		func(id string, a *charge.Account) bool { return !a.Off && wanted("account "+id) }) {
		thing, known := "account "+a.ID, c.Platforms[a.Platform].Keys
		each(a.Keys, known, func(name string, key charge.Secret) { look(thing, "keys."+name, key) })
		each(a.OldKeys, known, func(name string, key charge.Secret) { look(thing, "old_keys."+name, key) })
		if a.Report != nil {
			each(a.Report.Keys, known, func(name string, key charge.Secret) { look(thing, "report.keys."+name, key) })
		}
	}
	return found
}

// each goes through the keys that are secret, by name.
func each(keys map[string]charge.Secret, known []Key, look func(name string, key charge.Secret)) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if k, _ := keyIn(known, name); !k.Public {
			look(name, keys[name])
		}
	}
}
