package coupon

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/seal"
)

// member is one field of a request with what it holds.
type member struct {
	name   string
	text   string
	number bool
	holds  []*member // not nil: a member that holds others
	plain  bool      // left out of the signature
}

// build writes a call's fields in the order of its profile.
func (m *maker) build(c *Call) []*member {
	root := &member{}
	for i := range c.Fields {
		r := &c.Fields[i]
		if len(r.Only) > 0 && !slices.Contains(r.Only, m.slip.Method) {
			continue
		}
		text, ok := r.Text, true
		if r.From != "" {
			text, ok = m.from(r.From, r.As)
		}
		if !ok && r.Otherwise != "" {
			text, ok = r.Otherwise, true
		}
		if !ok && r.Optional {
			continue
		}
		root.put(m.path(r.Name), &member{text: text, number: r.Number && isNumber(text), plain: r.Unsigned})
	}
	return root.holds
}

// path returns the parts of a field's name; a part that names a key is that key's value.
func (m *maker) path(name string) []string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		if key, is := strings.CutPrefix(part, "$"); is {
			parts[i] = m.target.key(m.keys, key)
		}
	}
	return parts
}

func (b *member) put(path []string, leaf *member) {
	for _, have := range b.holds {
		if have.name == path[0] && len(path) > 1 {
			have.put(path[1:], leaf)
			return
		}
	}
	if len(path) == 1 {
		leaf.name = path[0]
		b.holds = append(b.holds, leaf)
		return
	}
	in := &member{name: path[0]}
	in.put(path[1:], leaf)
	b.holds = append(b.holds, in)
}

// isNumber reports whether a text may stand in JSON as a number.
func isNumber(text string) bool {
	return json.Valid([]byte(text)) && strings.Trim(text, "-0123456789.") == ""
}

// jsonText writes a member's value as JSON.
func (b *member) jsonText() string {
	switch {
	case b.holds != nil:
		return objectText(b.holds)
	case b.number:
		return b.text
	}
	return quote(b.text)
}

func objectText(members []*member) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(m.name) + ":" + m.jsonText())
	}
	b.WriteByte('}')
	return b.String()
}

// quote is a JSON string in which nothing is escaped that need not be.
func quote(text string) string { return string(seal.PrintJSON(text)) }

// shaped turns members that a call writes as texts into texts.
func shaped(members []*member, c *Call) []*member {
	for _, m := range members {
		if m.holds == nil {
			continue
		}
		switch c.Members[m.name] {
		case ShapeText:
			m.text, m.holds = objectText(m.holds), nil
		case ShapeListText:
			m.text, m.holds = "["+objectText(m.holds)+"]", nil
		}
	}
	return members
}

// make writes a call as the request that goes out, signed.
func (m *maker) make(c *Call, address string) (outbound.Request, error) {
	members := shaped(m.build(c), c)
	if c.Sign != nil {
		sign, err := c.Sign.Recipe.sign(members, m.target.key(m.keys, c.Sign.Key))
		if err != nil {
			return outbound.Request{}, err
		}
		members = append(members, &member{name: c.Sign.Field, text: sign})
	}
	r := outbound.Request{URL: strings.TrimRight(address, "/") + c.Path}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		r.Header = append(r.Header, [2]string{name, c.Headers[name]})
	}
	switch c.Form {
	case FormJSON:
		r.Type, r.Body = "application/json;charset=utf-8", []byte(objectText(members))
	case FormForm:
		r.Type, r.Body = "application/x-www-form-urlencoded;charset=utf-8", []byte(encoded(members))
	case FormQuery:
		r.URL += "?" + encoded(members)
	}
	return r, nil
}

// encoded writes members as a form, in their order.
func encoded(members []*member) string {
	pairs := make([]string, len(members))
	for i, m := range members {
		pairs[i] = url.QueryEscape(m.name) + "=" + url.QueryEscape(m.flat())
	}
	return strings.Join(pairs, "&")
}

// flat is a member's value as a form and a signature take it: the JSON of what holds others.
func (b *member) flat() string {
	if b.holds != nil {
		return objectText(b.holds)
	}
	return b.text
}

// fields are the members that are signed, as package seal takes them.
func fields(members []*member) []seal.Field {
	var list []seal.Field
	for _, m := range members {
		kind := seal.String
		switch {
		case m.plain:
			continue
		case m.holds != nil:
			kind = seal.Composite
		case m.number:
			kind = seal.Number
		}
		list = append(list, seal.Field{Name: m.name, Text: m.flat(), Kind: kind})
	}
	return list
}
