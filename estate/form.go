package estate

import (
	"fmt"
	"strings"
)

// FormValue is one field of a thing, for forms. Secrets have no text.
type FormValue struct {
	Text   string
	Texts  []string // of lists of texts and prefixes
	Secret bool     // key material is there
}

// FormValues returns a thing's fields by their paths in a file ("rule.grant", "tariff.periods[0].from"). Of a
// rule it is the newest version. kind is an Object's name, id what names the thing ("200461/1313",
// "teld-main@200461/1313"); found is false where there is none.
func (s *State) FormValues(kind, id string) (values map[string]FormValue, found bool) {
	n := s.showOne(kind, id)
	if n == nil {
		return nil, false
	}
	values = make(map[string]FormValue)
	n.formValues("", values)
	return values, true
}

// showOne returns a thing as a mapping; nil where there is none.
func (s *State) showOne(kind, id string) *node {
	if s == nil {
		return nil
	}
	switch kind {
	case "vendor":
		if v := s.vendors[id]; v != nil {
			return show(vendorColumns, v)
		}
	case "lot":
		if l := s.lots[id]; l != nil {
			n := show(lotColumns, l)
			s.catalog.unmaskLot(l.Target, n)
			return n
		}
	case "account":
		if a := s.accounts[id]; a != nil {
			n := show(accountColumns, a)
			s.catalog.unmask(a.Platform, n)
			return n
		}
	case "binding":
		if b := s.bindings[id]; b != nil {
			n := show(bindingColumns, b)
			if rule := n.get("rule"); rule != nil && rule.kind == kindList {
				*rule = *rule.items[len(rule.items)-1]
			}
			return n
		}
	}
	return nil
}

func (n *node) formValues(path string, values map[string]FormValue) {
	switch n.kind {
	case kindMap:
		for _, p := range n.pairs {
			p.value.formValues(strings.TrimPrefix(path+"."+p.name, "."), values)
		}
	case kindList:
		texts := FormValue{}
		for i, item := range n.items {
			if item.kind == kindMap {
				item.formValues(fmt.Sprintf("%s[%d]", path, i), values)
			} else {
				texts.Texts = append(texts.Texts, item.text)
			}
		}
		if texts.Texts != nil {
			values[path] = texts
		}
	default:
		if n.secret {
			values[path] = FormValue{Secret: true}
			return
		}
		values[path] = FormValue{Text: n.text}
	}
}
