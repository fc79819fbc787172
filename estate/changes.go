package estate

import (
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// Change is one field of one thing that a document changes. Secrets are masked.
type Change struct {
	Thing string `json:"thing"`           // "lot 200461/1313"
	New   bool   `json:"new,omitempty"`   // the thing was not there; To says all of it
	Field string `json:"field,omitempty"` // "keys.sig_secret"
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	// Secret says that From and To are masks: the key was set, changed or cleared.
	Secret bool `json:"secret,omitempty"`
	// Warned is what has to be known of a change that is right and yet dangerous; empty where there is nothing.
	Warned charge.Notes `json:"-"`

	old, next *node // what From and To are of; nil where they are empty
}

// Said returns the change in other words than a file's: name puts a field's name into them, value what a field holds.
func (c Change) Said(name func(field string) string, value func(field, text string) string) Change {
	w := wording{name, value}
	last := c.Field[strings.LastIndex(c.Field, ".")+1:]
	c.Field = FieldName(c.Field, name)
	c.From, c.To = w.flow(last, c.old), w.flow(last, c.next)
	if c.New {
		c.To = bare(c.To)
	}
	return c
}

// FieldName is a change's field in other words: name puts each part of it into them.
func FieldName(field string, name func(part string) string) string {
	if rule, n, found := strings.Cut(field, " version "); found {
		return name(rule+" version") + " " + n
	}
	if field == "" {
		return ""
	}
	path := strings.Split(field, ".")
	for i := range path {
		path[i] = name(path[i])
	}
	return strings.Join(path, " · ")
}

// Rules are the versions of a rule that the change adds, oldest first; nil where it is about something else.
func (c Change) Rules() []charge.Rule {
	n := c.next
	if c.New && n != nil {
		n = n.get("rule")
	} else if !strings.HasPrefix(c.Field, ruleVersion) {
		return nil
	}
	if n == nil {
		return nil
	}
	return n.rules()
}

// ruleVersion begins the name of a field that is one version of a rule.
const ruleVersion = "rule version "

// String returns one line.
func (c Change) String() string {
	what := c.Thing + ": " + c.Field
	switch {
	case c.New:
		return c.Thing + ": new: " + c.To
	case c.From == "" && c.Secret:
		return what + " set"
	case c.To == "" && c.Secret:
		return what + " cleared"
	case c.Secret:
		return what + " changed"
	case c.From == "":
		return what + " set to " + c.To
	case c.To == "":
		return what + " " + c.From + " cleared"
	}
	return what + " " + c.From + " → " + c.To
}

// notes are the change for the audit log, in a file's words; package words puts them into sentences. Each field of a
// new thing has a note of its own.
func (c Change) notes() charge.Notes {
	if !c.New {
		return charge.Notes{c.note()}
	}
	kind, id, _ := strings.Cut(c.Thing, " ")
	list := charge.Notes{charge.Say("estate.new", charge.Text("kind", kind), charge.Text("id", id))}
	if c.next == nil {
		return list
	}
	for _, p := range c.next.pairs {
		list = append(list, charge.Say("estate.field", charge.Text("kind", kind), charge.Text("field", p.name),
			charge.Text("to", asInFile.flow(p.name, p.value))))
	}
	return list
}

func (c Change) note() charge.Note {
	kind, id, _ := strings.Cut(c.Thing, " ")
	of := []charge.Arg{charge.Text("kind", kind), charge.Text("id", id)}
	field, from, to := charge.Text("field", c.Field), charge.Text("from", c.From), charge.Text("to", c.To)
	switch {
	case c.From == "" && c.Secret:
		return charge.Say("estate.key_set", append(of, field)...)
	case c.To == "" && c.Secret:
		return charge.Say("estate.key_cleared", append(of, field)...)
	case c.Secret:
		return charge.Say("estate.key_changed", append(of, field)...)
	case c.From == "":
		return charge.Say("estate.set", append(of, field, to)...)
	case c.To == "":
		return charge.Say("estate.cleared", append(of, field, from)...)
	}
	return charge.Say("estate.changed", append(of, field, from, to)...)
}

// Live returns the binding that goes live by the change: by its mode, or because it is new.
func (c Change) Live() (account string, lot charge.LotID, goes bool) {
	name, isBinding := strings.CutPrefix(c.Thing, "binding ")
	switch {
	case !isBinding:
	case c.New && c.next != nil:
		mode := c.next.get("mode")
		goes = mode == nil || mode.text == string(charge.ModeLive)
	default:
		goes = c.Field == "mode" && c.To == string(charge.ModeLive)
	}
	account, at, _ := strings.Cut(name, "@")
	lot, err := charge.ParseLotID(at)
	return account, lot, goes && err == nil
}

// Changes is what a document changes, in its order.
type Changes []Change

// String returns one line per change.
func (c Changes) String() string {
	lines := make([]string, len(c))
	for i := range c {
		lines[i] = c[i].String()
	}
	return strings.Join(lines, "\n")
}

// Notes returns what was changed, and behind each change what it is warned of.
func (c Changes) Notes() charge.Notes {
	var list charge.Notes
	for i := range c {
		list = append(append(list, c[i].notes()...), c[i].Warned...)
	}
	return list
}

// added reports all of a new thing but the fields that name it.
func added(thing string, n *node) Change {
	n.pairs = n.pairs[1:]
	if strings.HasPrefix(thing, "binding ") {
		n.pairs = n.pairs[1:]
	}
	return Change{Thing: thing, New: true, To: bare(asInFile.flow("", n)), next: n}
}

// bare takes the braces from around a mapping.
func bare(flow string) string { return strings.TrimSuffix(strings.TrimPrefix(flow, "{"), "}") }

// changed compares two shows of one thing, leaf by leaf.
func changed(thing string, old, next *node) Changes {
	was, is := leaves("", old, nil), leaves("", next, nil)
	before := map[string]*node{}
	for _, l := range was {
		before[l.path] = l.node
	}
	var list Changes
	for _, l := range is {
		o := before[l.path]
		delete(before, l.path)
		if !same(o, l.node) {
			list = append(list, change(thing, l.path, o, l.node))
		}
	}
	for _, l := range was {
		if before[l.path] != nil {
			list = append(list, change(thing, l.path, l.node, nil))
		}
	}
	return list
}

func change(thing, path string, old, next *node) Change {
	return Change{Thing: thing, Field: path, From: asInFile.flow("", old), To: asInFile.flow("", next),
		Secret: old != nil && old.secret || next != nil && next.secret, old: old, next: next}
}

type leaf struct {
	path string
	node *node
}

// leaves flattens mappings. A rule is one leaf, and so is each version of one: versions are not edited.
func leaves(path string, n *node, list []leaf) []leaf {
	for _, p := range n.pairs {
		at := join(path, p.name)
		switch {
		case at == "rule":
			versions := []*node{p.value}
			if p.value.kind == kindList {
				versions = p.value.items
			}
			for i, v := range versions {
				list = append(list, leaf{ruleVersion + countNode(int64(i+1)).text, v})
			}
		case p.value.kind == kindMap:
			list = leaves(at, p.value, list)
		default:
			list = append(list, leaf{at, p.value})
		}
	}
	return list
}

func same(a, b *node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || a.text != b.text || len(a.items) != len(b.items) || len(a.pairs) != len(b.pairs) {
		return false
	}
	for i := range a.items {
		if !same(a.items[i], b.items[i]) {
			return false
		}
	}
	for i := range a.pairs {
		if a.pairs[i].name != b.pairs[i].name || !same(a.pairs[i].value, b.pairs[i].value) {
			return false
		}
	}
	return true
}

// wording is how fields and what they hold are called.
type wording struct {
	name  func(field string) string
	value func(field, text string) string
}

var asInFile = wording{func(field string) string { return field }, func(_, text string) string { return text }}

// flow writes what a field holds on one line, secrets masked; nothing where there is nothing.
func (w wording) flow(field string, n *node) string {
	switch {
	case n == nil:
		return ""
	case n.kind == kindList:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = w.flow(field, item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case n.kind == kindMap:
		parts := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			parts[i] = w.name(p.name) + " " + w.flow(p.name, p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case n.secret:
		return "••••"
	}
	return w.value(field, n.text)
}
