package estate

import (
	"bytes"
	"fmt"
	"strings"
)

// Export writes an estate as a file that Parse takes. Secrets are {env: NAME} placeholders whose names say
// whose they are; the head of the file lists them.
func Export(s *State) []byte {
	e := exporter{secrets: map[string]string{}}
	body := e.write(s)
	var out bytes.Buffer
	out.WriteString("# Chargestamp estate. Secrets are not exported.")
	if len(e.order) > 0 {
		out.WriteString(" Set these variables before applying this file:\n")
		for _, name := range e.order {
			out.WriteString("#   " + name + "\n")
		}
	} else {
		out.WriteByte('\n')
	}
	out.Write(body)
	return out.Bytes()
}

// ExportWithoutSecrets writes an estate as a file that leaves secrets out, former keys included. Applied to the estate
// that it came from it changes nothing, since what a file leaves out stays as it was.
func ExportWithoutSecrets(s *State) []byte {
	e := exporter{secrets: map[string]string{}, bare: true}
	return append([]byte("# Chargestamp estate without its secrets: where it is applied they stay as they are.\n"),
		e.write(s)...)
}

type exporter struct {
	bare    bool              // secrets are left out
	secrets map[string]string // by placeholder
	order   []string
}

func (e *exporter) write(s *State) []byte {
	w := yamlWriter{}
	w.buf.WriteString("version: 1\n")
	list := func(name, prefix string, nodes []*node, ids []string) {
		if len(nodes) == 0 {
			return
		}
		w.buf.WriteString(name + ":\n")
		for i, n := range nodes {
			if e.bare {
				n = n.withoutSecrets()
			}
			w.placeholder = func(path, secret string) string {
				return e.placeholder(prefix+"_"+ids[i]+"_"+path, secret)
			}
			w.item("", "  ", n)
		}
	}
	nodes, ids := shown(s.Vendors(), vendorColumns)
	list("vendors", "vendor", nodes, ids)
	nodes, ids = shown(s.Lots(), lotColumns)
	for i, l := range s.Lots() {
		s.catalog.unmaskLot(l.Target, nodes[i])
	}
	list("lots", "lot", nodes, ids)
	nodes, ids = shown(s.Accounts(), accountColumns)
	for i, a := range s.Accounts() {
		s.catalog.unmask(a.Platform, nodes[i])
	}
	list("accounts", "account", nodes, ids)
	nodes, ids = shown(s.Bindings(), bindingColumns)
	list("bindings", "binding", nodes, ids)
	return w.buf.Bytes()
}

// shown returns things as nodes, and the text of the field that names each.
func shown[T any](things []*T, columns []column[T]) (nodes []*node, ids []string) {
	for _, t := range things {
		n := show(columns, t)
		nodes = append(nodes, n)
		ids = append(ids, n.pairs[0].value.text)
	}
	return nodes, ids
}

// withoutSecrets returns a mapping without its secrets, and without what says nothing alone: a mapping that is empty
// then, and former keys of which only the end is left.
func (n *node) withoutSecrets() *node {
	left := *n
	left.pairs = nil
	for _, p := range n.pairs {
		if p.value.secret {
			continue
		}
		if p.value.kind == kindMap {
			public := p.value.withoutSecrets()
			former := strings.HasPrefix(p.name, "old_") && len(public.pairs) < len(p.value.pairs)
			if former || len(public.pairs) == 0 && len(p.value.pairs) > 0 {
				continue
			}
			p.value = public
		}
		left.pairs = append(left.pairs, p)
	}
	return &left
}

// placeholder makes a variable's name of where the secret stands; names that fall together are numbered.
func (e *exporter) placeholder(where, secret string) string {
	base := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.Replace(where, "_keys.", "_", 1))
	name := base
	for i := 2; e.secrets[name] != ""; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	e.secrets[name] = secret
	e.order = append(e.order, name)
	return name
}
