package estate

// merger puts a document into the tables of an estate and collects what is wrong.
type merger struct {
	catalog *Catalog
	doc     *Document
	was     tables
	next    tables
	lines   map[string]entry // things of the document, by name ("lot 200461/1313")
	changes Changes
	errs    Errors
}

// fail reports an error on the first of things; its line is that of the first of them that stands in the
// document: a vendor's entry may be what breaks a binding stored long ago.
func (m *merger) fail(things []string, field string, code Code, args ...any) {
	e := Error{File: m.doc.File, Thing: things[0], Field: field, Code: code, args: args}
	for i, thing := range things {
		entry, here := m.lines[thing]
		if !here {
			continue
		}
		e.Line = entry.line
		if i == 0 {
			e.Line = entry.lineOf(field)
		}
		break
	}
	m.errs = append(m.errs, e)
}

// names reports whether the document itself has an entry for a thing.
func (m *merger) names(thing string) bool {
	_, here := m.lines[thing]
	return here
}
