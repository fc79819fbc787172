package estate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Document is an estate file that is sound in itself. Whether it fits what is there already, and what the
// platforms can do, is Catalog.Merge's affair.
type Document struct {
	File     string
	vendors  []entry
	lots     []entry
	accounts []entry
	bindings []entry
}

// entry is one thing in a document: its checked mapping, secrets resolved.
type entry struct {
	id   string
	line int
	node *node
}

// Parse reads an estate file, YAML or JSON. file is its name for errors. getenv and readFile look up secrets
// written {env: NAME} and {file: PATH}; where one is nil, such secrets are errors. The error is an Errors
// with everything that is wrong.
func Parse(file string, src []byte, getenv func(string) (string, bool),
	readFile func(string) ([]byte, error)) (*Document, error) {
	p := &reader{file: file, getenv: getenv, readFile: readFile}
	root, err := readNode(src)
	if err != nil {
		bad := &syntaxError{line: 1, problem: notYAML}
		if errors.As(err, &bad); bad.encoding {
			p.fail(bad.line, "", CodeEncoding)
		} else {
			p.fail(bad.line, "", CodeSyntax, bad.problem)
		}
		return nil, p.errs.sorted()
	}
	doc := p.document(root)
	if err := p.errs.sorted(); err != nil {
		return nil, err
	}
	return doc, nil
}

func (p *reader) document(root *node) *Document {
	doc := &Document{File: p.file}
	if root.kind != kindMap {
		p.fail(root.line, "", CodeType, isTop)
		return doc
	}
	lists := map[string]*[]entry{"vendors": &doc.vendors, "lots": &doc.lots, "accounts": &doc.accounts,
		"bindings": &doc.bindings}
	known := []Field{{Name: "version"}}
	for _, o := range Objects() {
		known = append(known, Field{Name: o.List})
	}
	p.names("", root, known)
	if v := root.get("version"); v == nil || v.kind != kindNumber || v.text != "1" {
		p.fail(root.line, "version", CodeVersion)
	}
	for _, o := range Objects() {
		if list := root.get(o.List); list != nil {
			*lists[o.List] = p.entries(o, list)
		}
	}
	return doc
}

// entries reads a list of one kind of thing. A thing that stands in it twice is an error.
func (p *reader) entries(o Object, list *node) []entry {
	defer func() { p.thing = "" }()
	if list.kind == kindNull {
		return nil // a key with nothing after it
	}
	if list.kind != kindList {
		p.fail(list.line, o.List, CodeType, isEntries)
		return nil
	}
	ids := o.Fields[:1]
	if o.Name == "binding" {
		ids = o.Fields[:2]
	}
	var entries []entry
	seen := map[string]int{}
	for i, item := range list.items {
		p.thing = fmt.Sprintf("%s[%d]", o.List, i)
		if item.kind != kindMap {
			p.fail(item.line, "", CodeType, isMap)
			continue
		}
		var parts []string
		for _, f := range ids {
			if v := item.get(f.Name); v != nil && v.kind == kindText && v.text != "" {
				parts = append(parts, v.text)
			}
		}
		id := strings.Join(parts, "@")
		if len(parts) == len(ids) {
			p.thing = o.Name + " " + clip(id)
		}
		p.object("", item, o.Fields)
		for _, f := range ids {
			if item.get(f.Name) == nil {
				p.fail(item.line, f.Name, CodeMissing)
			}
		}
		if first, twice := seen[id]; twice && len(parts) == len(ids) {
			p.fail(item.line, "", CodeSame, first)
		}
		seen[id] = item.line
		entries = append(entries, entry{id: id, line: item.line, node: item})
	}
	return entries
}

// object checks every member of a mapping.
func (p *reader) object(path string, n *node, fields []Field) {
	p.names(path, n, fields)
	for _, pr := range n.pairs {
		for _, f := range fields {
			if f.Name == pr.name {
				p.value(join(path, f.Name), pr, f)
			}
		}
	}
}

// names refuses unknown keys and keys that are given twice.
func (p *reader) names(path string, n *node, fields []Field) {
	seen := map[string]int{}
	for _, pr := range n.pairs {
		if first, twice := seen[pr.name]; twice {
			p.fail(pr.line, join(path, clip(pr.name)), CodeTwice, first)
		}
		seen[pr.name] = pr.line
		known := make([]string, len(fields))
		found := false
		for i, f := range fields {
			known[i] = f.Name
			found = found || f.Name == pr.name
		}
		if !found {
			p.fail(pr.line, path, CodeUnknownKey, clip(pr.name), strings.Join(known, ", "))
		}
	}
}

// value checks one value against its field. Secrets are resolved in place.
func (p *reader) value(path string, pr pair, f Field) {
	n := pr.value
	switch f.Type {
	case TypeSecret:
		p.secret(path, n)
	case TypeKeys:
		p.keys(path, n, f)
	case TypeObject:
		n.lengthen(f)
		switch {
		case n.kind == kindMap && (len(n.pairs) == 0 || !f.Whole):
			p.object(path, n, f.Fields) // {} clears; what is left out stays
		default:
			p.part(path, n, f.Fields)
		}
	case TypeObjects, TypeVersions:
		if f.Type == TypeVersions && n.kind == kindMap {
			p.rule(path, n, f.Fields)
			return
		}
		if n.kind != kindList {
			p.fail(n.line, path, CodeType, isList)
			return
		}
		for i, item := range n.items {
			at := fmt.Sprintf("%s[%d]", path, i)
			if f.Type == TypeVersions {
				p.rule(at, item, f.Fields)
			} else {
				p.part(at, item, f.Fields)
			}
		}
	case TypePrefixes, TypeTexts:
		p.list(path, n, f)
	default:
		p.scalar(path, n, f)
	}
}

// secret looks up {env: NAME} and {file: PATH}, in place.
func (p *reader) secret(path string, n *node) {
	defer func() { n.secret = true }()
	if n.kind == kindText && utf8.ValidString(n.text) {
		if strings.TrimSpace(n.text) != n.text {
			p.fail(n.line, path, CodeSecretSpace)
		}
		return
	}
	if n.kind != kindMap || len(n.pairs) != 1 || n.pairs[0].value.kind != kindText {
		p.fail(n.line, path, CodeSecretForm)
		return
	}
	from, name := n.pairs[0].name, n.pairs[0].value.text
	*n = node{line: n.line}
	switch {
	case from != "env" && from != "file":
		p.fail(n.line, path, CodeSecretForm)
	case from == "env" && p.getenv != nil:
		if n.text, _ = p.getenv(name); n.text == "" {
			p.fail(n.line, path, CodeSecretEnv, clip(name))
		}
	case from == "file" && p.readFile != nil:
		text, err := p.readFile(name)
		if n.text = strings.TrimRight(string(text), "\r\n"); err != nil || n.text == "" {
			p.fail(n.line, path, CodeSecretFile, clip(name))
		}
	default:
		p.fail(n.line, path, CodeSecretHere)
	}
}

// keys checks the form of a mapping of secrets; which names there may be is known with the platform.
func (p *reader) keys(path string, n *node, f Field) {
	if n.kind != kindMap {
		p.fail(n.line, path, CodeType, isKeys)
		return
	}
	seen := map[string]int{}
	for _, pr := range n.pairs {
		at := join(path, clip(pr.name))
		if first, twice := seen[pr.name]; twice {
			p.fail(pr.line, at, CodeTwice, first)
		}
		seen[pr.name] = pr.line
		if len(f.Fields) > 0 && f.Fields[0].Name == pr.name {
			p.value(at, pr, f.Fields[0])
		} else {
			p.secret(at, pr.value)
		}
	}
}

// Objects describes vendors, lots, accounts and bindings, in the order of a file.
func Objects() []Object {
	return []Object{
		{"vendor", "vendors", "the maker or operator of car-park systems", "厂商", fieldsOf(vendorColumns)},
		{"lot", "lots", "a car park", "车场", fieldsOf(lotColumns)},
		{"account", "accounts", "one set of a platform's keys", "平台账号", fieldsOf(accountColumns)},
		{"binding", "bindings", "this account's charges count in this lot", "对接", fieldsOf(bindingColumns)},
	}
}

// part checks a mapping that is taken whole: what it requires must be there.
func (p *reader) part(path string, n *node, fields []Field) {
	if n.kind != kindMap {
		p.fail(n.line, path, CodeType, isMap)
		return
	}
	p.object(path, n, fields)
	for _, f := range fields {
		if f.Required && n.get(f.Name) == nil {
			p.fail(n.line, join(path, f.Name), CodeMissing)
		}
	}
}

// lineOf returns the line of a field as far as it is written, else of what holds it.
func (e entry) lineOf(path string) int {
	line, n := e.line, e.node
	for _, name := range strings.Split(path, ".") {
		found := false
		for _, p := range n.pairs {
			if p.name == name {
				line, n, found = p.line, p.value, true
			}
		}
		if !found {
			break
		}
	}
	return line
}
