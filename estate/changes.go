package estate

import (
	"strings"
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
}

// String gives one line.
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

// Changes is what a document changes, in its order.
type Changes []Change

// String gives one line per change.
func (c Changes) String() string {
	lines := make([]string, len(c))
	for i := range c {
		lines[i] = c[i].String()
	}
	return strings.Join(lines, "\n")
}

// added tells all of a new thing but the fields that name it.
func added(thing string, n *node) Change {
	n.pairs = n.pairs[1:]
	if strings.HasPrefix(thing, "binding ") {
		n.pairs = n.pairs[1:]
	}
	return Change{Thing: thing, New: true, To: strings.TrimSuffix(strings.TrimPrefix(flow(n), "{"), "}")}
}

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
	c := Change{Thing: thing, Field: path}
	if old != nil {
		c.From, c.Secret = flow(old), old.secret
	}
	if next != nil {
		c.To, c.Secret = flow(next), c.Secret || next.secret
	}
	return c
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
				list = append(list, leaf{"rule version " + countNode(int64(i+1)).text, v})
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

// flow writes a node on one line, secrets masked.
func flow(n *node) string {
	switch n.kind {
	case kindList:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = flow(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case kindMap:
		parts := make([]string, len(n.pairs))
		for i, p := range n.pairs {
			parts[i] = p.name + " " + flow(p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	if n.secret {
		return "••••"
	}
	return n.text
}
