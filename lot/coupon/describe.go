package coupon

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// Describe says in a few lines what a target does, for those who checks its profile.
func (t *Target) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "target %s (%s), evidence %s\n", t.ID, t.About.Title, t.About.Evidence)
	fmt.Fprintf(&b, "  gives    %s\n", strings.Join(t.gives(), ", "))
	fmt.Fprintf(&b, "  repeats  %s\n", t.repeats())
	for _, c := range t.Calls() {
		address := cmp.Or(t.Address, "<the lot's address>")
		fmt.Fprintf(&b, "  %-8s POST %s%s (%s)\n", c.Name, address, c.Path, c.Form)
	}
	var keys []string
	for _, k := range t.Keys {
		name := k.Name
		if k.Optional || k.Default != "" {
			name += " (optional)"
		}
		keys = append(keys, name)
	}
	fmt.Fprintf(&b, "  keys     %s\n", strings.Join(keys, ", "))
	return b.String()
}

func (t *Target) gives() []string {
	var list []string
	for _, m := range methods {
		method, has := t.Methods[m]
		switch {
		case has && method.Needs != "":
			list = append(list, fmt.Sprintf("%s with keys.%s", m, method.Needs))
		case has:
			list = append(list, string(m))
		}
	}
	return list
}

func (t *Target) repeats() string {
	if t.Repeat.Safe {
		return "safe, known by " + t.Repeat.By
	}
	return "not safe: one try, then unknown"
}

// Named is a call with its name.
type Named struct {
	Name string
	*Call
}

// Calls lists a target's calls in the order in which they are made.
func (t *Target) Calls() []Named {
	var list []Named
	if t.Token != nil {
		list = append(list, Named{"token", &t.Token.Call})
	}
	if t.Lookup != nil {
		list = append(list, Named{"lookup", t.Lookup})
	}
	list = append(list, Named{"give", &t.Give})
	if t.Revoke != nil {
		list = append(list, Named{"revoke", t.Revoke})
	}
	if t.Price != nil {
		list = append(list, Named{"price", &t.Price.Call})
	}
	if t.Trial != nil {
		list = append(list, Named{"trial", &t.Trial.Call})
	}
	return list
}

// Describe says what a source holds, for documents.
func (s Source) Describe() (english, chinese string) {
	if name, is := strings.CutPrefix(string(s), "key:"); is {
		return "key " + name, "密钥 " + name
	}
	if name, is := strings.CutPrefix(string(s), "found:"); is {
		return name + " of the lookup", "查询所得 " + name
	}
	return sources[s].english, sources[s].chinese
}

// MethodList lists the methods that the target takes, in one order for all.
func (t *Target) MethodList() []charge.Method {
	var list []charge.Method
	for _, m := range methods {
		if _, has := t.Methods[m]; has {
			list = append(list, m)
		}
	}
	return list
}
