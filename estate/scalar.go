package estate

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// The makers below give nil for zero values: what is not set is not shown.

func textNode(s string) *node {
	if s == "" {
		return nil
	}
	return &node{text: s}
}

func secretNode(s charge.Secret) *node {
	if s == "" {
		return nil
	}
	return &node{text: s.Reveal(), secret: true}
}

func countNode(v int64) *node {
	if v == 0 {
		return nil
	}
	return &node{kind: kindNumber, text: strconv.FormatInt(v, 10)}
}

func boolNode(v bool) *node {
	if !v {
		return nil
	}
	return &node{kind: kindBool, text: "true"}
}

func timeNode(t time.Time) *node {
	if t.IsZero() {
		return nil
	}
	return &node{text: t.In(charge.Shanghai).Format(time.RFC3339)}
}

func textsNode(list []string) *node {
	if len(list) == 0 {
		return nil
	}
	n := &node{kind: kindList}
	for _, s := range list {
		n.items = append(n.items, &node{text: s})
	}
	return n
}

func prefixesNode(list []netip.Prefix) *node {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	return textsNode(texts)
}

// keysNode shows secrets by name, in the order of the names.
func keysNode(keys map[string]charge.Secret) *node {
	if len(keys) == 0 {
		return nil
	}
	n := &node{kind: kindMap}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		n.put(name, secretNode(keys[name]))
	}
	return n
}

// mapOrNil returns nil for a mapping without members.
func mapOrNil(n *node) *node {
	if len(n.pairs) == 0 {
		return nil
	}
	return n
}

// The readers below take nodes that were checked against their field.

func (n *node) count() int64 {
	v, _ := strconv.ParseInt(n.text, 10, 64)
	return v
}

func (n *node) yes() bool { return n.text == "true" }

// time returns whole seconds: finer ones would not come back from an export.
func (n *node) time() time.Time {
	if n.text == "" {
		return time.Time{}
	}
	t, _ := time.Parse(time.RFC3339, n.text)
	return t.Truncate(time.Second).UTC()
}

func (n *node) seconds() int64 {
	d, _ := time.ParseDuration(n.text)
	return int64(d / time.Second)
}

func (n *node) texts() []string {
	var list []string
	for _, item := range n.items {
		list = append(list, item.text)
	}
	return list
}

func (n *node) prefixes() []netip.Prefix {
	var list []netip.Prefix
	for _, item := range n.items {
		p, _ := netip.ParsePrefix(item.text)
		list = append(list, p)
	}
	return list
}

// mergeKeys returns keys with those of n put in; an empty mapping clears all, an empty text one.
func (n *node) mergeKeys(keys map[string]charge.Secret) map[string]charge.Secret {
	next := make(map[string]charge.Secret, len(keys)+len(n.pairs))
	if len(n.pairs) > 0 {
		for name, s := range keys {
			next[name] = s
		}
	}
	for _, p := range n.pairs {
		if !p.value.secret {
			continue // a field beside the keys
		}
		if p.value.text == "" {
			delete(next, p.name)
		} else {
			next[p.name] = charge.Secret(p.value.text)
		}
	}
	if len(next) == 0 {
		return nil
	}
	return next
}

func parseScope(text string) (charge.Scope, bool) {
	if text == "platform" {
		return charge.Scope{}, true
	}
	if lot, err := charge.ParseLotID(text); err == nil {
		return charge.Scope(lot), true
	}
	return charge.Scope{Union: text}, isID(text)
}

// isID reports whether text is made as union_ids, park_ids and account ids are.
func isID(text string) bool {
	_, err := charge.SplitLot(text+"/x", "/")
	return err == nil && !strings.Contains(text, "/")
}
