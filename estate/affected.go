package estate

import "github.com/chargestamp/chargestamp/charge"

// reach is what a document can break of an estate that was sound before: what stands in the document, and what
// leans on that. A change to one binding of thousands need not have all of them checked again. Nothing is ever
// deleted, so what only asks whether another thing is there cannot be broken from there.
type reach struct {
	all                               bool
	vendors, lots, accounts, bindings map[string]bool // by id
}

func reachOf(doc *Document) reach {
	return reach{vendors: idsOf(doc.vendors), lots: idsOf(doc.lots), accounts: idsOf(doc.accounts),
		bindings: idsOf(doc.bindings)}
}

func idsOf(entries []entry) map[string]bool {
	ids := make(map[string]bool, len(entries))
	for _, e := range entries {
		ids[e.id] = true
	}
	return ids
}

func (r reach) vendor(id string, _ *charge.Vendor) bool { return r.all || r.vendors[id] }

// A lot leans on its vendor and on the lots around it.
func (r reach) lot(id string, l *charge.Lot) bool {
	return r.all || r.lots[id] || r.vendors[l.ID.Union] || len(r.lots) > 0 && !l.Parent.IsZero()
}

func (r reach) account(id string, _ *charge.Account) bool { return r.all || r.accounts[id] }

func (r reach) binding(id string, b *charge.Binding) bool {
	return r.all || r.bindings[id] || r.accounts[b.Account] || r.vendors[b.Lot.Union] || len(r.lots) > 0 &&
		r.lots[b.Lot.String()]
}
