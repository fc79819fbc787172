package estate

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Resolved is the document as JSON with its secrets looked up, each value on the line where it stood: what
// chargestamp apply sends, so that the server's errors name lines of the file. It holds secrets in plain.
func (d *Document) Resolved() []byte {
	root := &node{kind: kindMap}
	root.put("version", &node{kind: kindNumber, text: "1"})
	for _, list := range []struct {
		name    string
		entries []entry
	}{{"vendors", d.vendors}, {"lots", d.lots}, {"accounts", d.accounts}, {"bindings", d.bindings}} {
		n := &node{kind: kindList}
		for _, e := range list.entries {
			n.items = append(n.items, e.node)
		}
		if len(n.items) > 0 {
			n.line = n.items[0].line
			root.put(list.name, n)
		}
	}
	// Lists may stand in any order in a file; lines only ever go on.
	for i := 1; i < len(root.pairs); i++ {
		for j := i; j > 1 && root.pairs[j].value.line < root.pairs[j-1].value.line; j-- {
			root.pairs[j], root.pairs[j-1] = root.pairs[j-1], root.pairs[j]
		}
	}
	w := jsonWriter{line: 1, keepLines: true}
	w.write("", root)
	return append(w.buf.Bytes(), '\n')
}

// jsonWriter writes nodes as JSON.
type jsonWriter struct {
	buf       bytes.Buffer
	keepLines bool
	line      int
	// seal stands in for secrets; without it they are written as they are.
	seal func(path, secret string) (string, error)
	err  error
}

func (w *jsonWriter) write(path string, n *node) {
	for w.keepLines && w.line < n.line {
		w.buf.WriteByte('\n')
		w.line++
	}
	switch n.kind {
	case kindMap:
		w.buf.WriteByte('{')
		for i, p := range n.pairs {
			if i > 0 {
				w.buf.WriteByte(',')
			}
			for w.keepLines && w.line < p.line {
				w.buf.WriteByte('\n')
				w.line++
			}
			w.buf.WriteString(quote(p.name) + ":")
			w.write(join(path, p.name), p.value)
		}
		w.buf.WriteByte('}')
	case kindList:
		w.buf.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				w.buf.WriteByte(',')
			}
			w.write(path, item)
		}
		w.buf.WriteByte(']')
	case kindText:
		if n.secret && w.seal != nil {
			sealed, err := w.seal(path, n.text)
			if err != nil && w.err == nil {
				w.err = err
			}
			w.buf.WriteString(`{"` + sealedMark + `":` + quote(sealed) + `}`)
			return
		}
		w.buf.WriteString(quote(n.text))
	default:
		w.buf.WriteString(n.text)
	}
}

// quote returns a JSON string, which is a YAML one too.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // strings cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// yamlWriter writes nodes as YAML in block style.
type yamlWriter struct {
	buf bytes.Buffer
	// placeholder names the environment variable that stands for a secret.
	placeholder func(path, secret string) string
}

func (w *yamlWriter) fields(path, indent string, n *node) {
	for _, p := range n.pairs {
		w.buf.WriteString(indent)
		w.field(join(path, p.name), indent, p)
	}
}

// field writes one member whose indent is written already.
func (w *yamlWriter) field(path, indent string, p pair) {
	w.buf.WriteString(plain(p.name) + ":")
	n := p.value
	switch {
	case n.kind == kindMap:
		w.buf.WriteByte('\n')
		w.fields(path, indent+"  ", n)
	case n.kind == kindList && n.items[0].kind == kindMap:
		w.buf.WriteByte('\n')
		for _, item := range n.items {
			w.item(path, indent+"  ", item)
		}
	case n.kind == kindList:
		parts := make([]string, len(n.items))
		for i, item := range n.items {
			parts[i] = quote(item.text)
		}
		w.buf.WriteString(" [" + strings.Join(parts, ", ") + "]\n")
	case n.secret:
		w.buf.WriteString(" {env: " + w.placeholder(path, n.text) + "}\n")
	case n.kind == kindText:
		w.buf.WriteString(" " + plain(n.text) + "\n")
	default:
		w.buf.WriteString(" " + n.text + "\n")
	}
}

// item writes a mapping as an entry of a list.
func (w *yamlWriter) item(path, indent string, n *node) {
	for i, p := range n.pairs {
		if i == 0 {
			w.buf.WriteString(indent + "- ")
		} else {
			w.buf.WriteString(indent + "  ")
		}
		w.field(join(path, p.name), indent+"  ", p)
	}
}

// plain leaves words that no reader of YAML can mistake without quotes.
func plain(s string) string {
	switch strings.ToLower(s) {
	case "", "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return quote(s)
	}
	if s[0] >= '0' && s[0] <= '9' ||
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return quote(s)
	}
	return s
}

// sealedMark is the one member of a stored mapping that stands for a secret.
const sealedMark = "sealed"
