package estate

import (
	"maps"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Merge returns the estate that current becomes by a document, and what that changes. What the document leaves
// out stays as it was, things and fields alike, but for a rule and a tariff, which are taken whole. The
// result is checked as a whole; the error is an Errors, and nothing is changed then.
func (c *Catalog) Merge(current *State, doc *Document) (*State, Changes, error) {
	m, err := c.merge(current, doc)
	if err != nil {
		return nil, nil, err
	}
	if len(m.changes) == 0 && current != nil {
		return current, nil, nil
	}
	return m.state(), m.changes, nil
}

// merge is Merge without the state: to index thousands of lots is dear, and who only wants to know what would
// change has no use for it.
func (c *Catalog) merge(current *State, doc *Document) (*merger, error) {
	m := &merger{catalog: c, doc: doc, lines: map[string]entry{}}
	if current != nil {
		m.was = current.tables
	}
	m.next = tables{clone(m.was.vendors), clone(m.was.lots), clone(m.was.accounts), clone(m.was.bindings)}

	merge(m, "vendor", doc.vendors, m.next.vendors, vendorColumns, func(*charge.Vendor, bool) {})
	merge(m, "lot", doc.lots, m.next.lots, lotColumns, m.completeLot)
	merge(m, "account", doc.accounts, m.next.accounts, accountColumns, m.completeAccount)
	merge(m, "binding", doc.bindings, m.next.bindings, bindingColumns, m.completeBinding)
	if current != nil && current.catalog == c && current.sound() {
		m.check(reachOf(doc))
	} else {
		m.check(reach{all: true})
	}
	return m, m.errs.sorted()
}

// state is the estate that was merged and checked.
func (m *merger) state() *State {
	s := newState(m.next, m.catalog)
	s.checked.Do(func() { s.passed = true })
	return s
}

func clone[T any](m map[string]*T) map[string]*T {
	if m == nil {
		return map[string]*T{}
	}
	return maps.Clone(m)
}

// merge puts entries of one kind into their table. complete fills in defaults.
func merge[T any](m *merger, name string, entries []entry, table map[string]*T, columns []column[T],
	complete func(t *T, isNew bool)) {
	for _, e := range entries {
		thing := name + " " + e.id
		m.lines[thing] = e
		old := table[e.id]
		next := new(T)
		if old != nil {
			*next = *old
		} else {
			m.required(thing, e, fieldsOf(columns))
		}
		setAll(columns, next, e.node)
		complete(next, old == nil)
		table[e.id] = next
		if old == nil {
			m.changes = append(m.changes, m.warned(Changes{added(thing, m.display(show(columns, next), next))}, next)...)
			continue
		}
		changes := changed(thing, m.display(show(columns, old), next), m.display(show(columns, next), next))
		if len(changes) == 0 {
			table[e.id] = old
		}
		m.changes = append(m.changes, m.warned(changes, next)...)
	}
}

// required reports what a new thing lacks.
func (m *merger) required(thing string, e entry, fields []Field) {
	for _, f := range fields {
		if f.Required && e.node.get(f.Name) == nil {
			m.fail([]string{thing}, f.Name, CodeMissing)
		}
	}
}

// display unmasks the keys of an account that are no secrets.
func (m *merger) display(n *node, of any) *node {
	switch of := of.(type) {
	case *charge.Account:
		m.catalog.unmask(of.Platform, n)
	case *charge.Lot:
		m.catalog.unmaskLot(of.Target, n)
	}
	return n
}

// unmaskLot marks the public keys in a shown lot as plain text.
func (c *Catalog) unmaskLot(target string, lot *node) {
	keys := lot.get("keys")
	if keys == nil {
		return
	}
	t := c.Targets[target]
	for _, pr := range keys.pairs {
		if k, known := t.key(pr.name); known && k.Public {
			pr.value.secret = false
		}
	}
}

// unmask marks the public keys in a shown account as plain text.
func (c *Catalog) unmask(platform string, account *node) {
	p := c.Platforms[platform]
	for _, keys := range []*node{account.get("keys"), account.get("old_keys"), account.get("report").get("keys")} {
		if keys == nil {
			continue
		}
		for _, pr := range keys.pairs {
			if k, known := p.key(pr.name); known && k.Public {
				pr.value.secret = false
			}
		}
	}
}

func (m *merger) completeLot(l *charge.Lot, _ bool) {
	kind := lot.KindOf(l.Kind)
	switch {
	case l.Message == "" && kind.Has("message"):
		l.Message = kind.Messages[0]
	case l.Message == charge.Message325 && !kind.Has("message"):
		l.Message = "" // the default of the kind it had before
	}
	if l.Repeats == "" {
		l.Repeats = charge.RepeatsAdd
		if t, known := m.catalog.Targets[l.Target]; known && !t.Safe {
			l.Repeats = charge.RepeatsUnsafe
		}
	}
	if kind.Has("target") && (l.Stays == "" || l.Stays == charge.StaysAuto) {
		l.Stays = charge.StaysNone
	}
	if l.Stays == "" || l.Stays == charge.StaysAuto && kind.KeepsStays {
		l.Stays = charge.StaysAuto
		if kind.KeepsStays {
			l.Stays = charge.StaysRequired
		}
	}
}

func (m *merger) completeAccount(a *charge.Account, isNew bool) {
	if a.Clock == "" {
		a.Clock = charge.ClockWarn
	}
	if isNew && a.Undated == "" && m.catalog.Platforms[a.Platform].Undated {
		a.Undated = charge.UndatedRefuse
	}
	for _, k := range m.catalog.Platforms[a.Platform].Keys {
		if k.Default != "" && a.Keys[k.Name] == "" {
			keys := maps.Clone(a.Keys)
			if keys == nil {
				keys = map[string]charge.Secret{}
			}
			keys[k.Name] = charge.Secret(k.Default)
			a.Keys = keys
		}
	}
}

func (m *merger) completeBinding(b *charge.Binding, isNew bool) {
	a := m.next.accounts[b.Account]
	if a == nil {
		return
	}
	p := m.catalog.Platforms[a.Platform]
	if isNew && b.Mode == "" {
		b.Mode = charge.ModeLive
		if p.Assumed {
			b.Mode = charge.ModeShadow
		}
	}
	if len(b.Rules) == 0 && p.Default != nil {
		r := newRule()
		r.Grant, r.Fixed, r.PlusMinutes = p.Default.Grant, p.Default.Fixed, p.Default.PlusMinutes
		b.Rules = appendRules(nil, []charge.Rule{r})
	}
}

// With returns the estate that s would become by a document, and changes nothing.
func (s *State) With(doc *Document) (*State, error) {
	next, _, err := s.catalog.Merge(s, doc)
	return next, err
}

// sound reports whether the whole estate passes the checks, which one that an older build has kept need not do.
func (s *State) sound() bool {
	s.checked.Do(func() {
		m := merger{catalog: s.catalog, doc: &Document{}, was: s.tables, next: s.tables}
		m.check(reach{all: true})
		s.passed = len(m.errs) == 0
	})
	return s.passed
}
