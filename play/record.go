package play

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/chargestamp/chargestamp/bounded"
)

// Field is one raw field of a payload: a string, a json.Number (its digits are kept), a bool, or
// json.RawMessage for anything composite. A nil value takes the field away.
type Field struct {
	Name  string
	Value any
}

// ReadFields reads raw fields from a JSON or YAML object, in its order. Numbers keep their digits.
func ReadFields(text []byte) ([]Field, error) {
	if err := bounded.YAML(text); err != nil {
		return nil, fmt.Errorf("raw fields: %w", err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("raw fields: %w", err)
	}
	if len(file.Docs) != 1 {
		return nil, errors.New("raw fields: want one JSON or YAML object")
	}
	var pairs []*ast.MappingValueNode
	switch body := file.Docs[0].Body.(type) {
	case *ast.MappingNode:
		pairs = body.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{body}
	default:
		return nil, errors.New("raw fields: want one JSON or YAML object")
	}
	fields := make([]Field, 0, len(pairs))
	for _, pair := range pairs {
		value, err := fieldValue(pair.Value)
		if err != nil {
			return nil, fmt.Errorf("raw field %s: %w", pair.Key.GetToken().Value, err)
		}
		fields = append(fields, Field{Name: pair.Key.GetToken().Value, Value: value})
	}
	return fields, nil
}

func fieldValue(node ast.Node) (any, error) {
	switch n := node.(type) {
	case *ast.NullNode:
		return nil, nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		text := n.GetToken().Value
		if !json.Valid([]byte(text)) { // such as 007 and 0x1F: texts as far as JSON goes
			return text, nil
		}
		return json.Number(text), nil
	}
	var v any
	if err := yaml.NodeToValue(node, &v); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	return json.RawMessage(raw), err
}

// record is a JSON object whose members keep their order, as signatures over raw text need.
type record []Field

// put appends a member, unless its value is empty.
func (r *record) put(name string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case json.Number:
		if v == "" {
			return
		}
	}
	*r = append(*r, Field{name, value})
}

// over lays raw fields over the built ones: same name replaces, new name appends, nil removes.
func (r record) over(raw []Field) record {
	out := slices.Clone(r)
	for _, f := range raw {
		i := slices.IndexFunc(out, func(have Field) bool { return have.Name == f.Name })
		switch {
		case f.Value == nil && i >= 0:
			out = slices.Delete(out, i, i+1)
		case f.Value == nil:
		case i >= 0:
			out[i].Value = f.Value
		default:
			out = append(out, f)
		}
	}
	return out
}

// has reports whether a member is there.
func (r record) has(name string) bool {
	return slices.ContainsFunc(r, func(f Field) bool { return f.Name == name })
}

// json is the compact text, nothing escaped that need not be: "&&" in lot keys stays as it is.
func (r record) json() []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(jsonText(f.Name))
		b.WriteByte(':')
		b.Write(jsonText(f.Value))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// jsonText writes one value. Only values that json can write are ever put into a record.
func jsonText(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// kv is "name=value" of all plain members but the left-out ones, sorted by name and joined with '&'. Values
// are raw: neither URL-encoded nor re-printed. blank says whether empty strings take part.
func (r record) kv(blank bool, leaveOut ...string) string {
	byName := slices.Clone(r)
	slices.SortFunc(byName, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	pairs := make([]string, 0, len(r))
	for _, f := range byName {
		text, plain := plainText(f.Value)
		if !plain || slices.Contains(leaveOut, f.Name) || text == "" && !blank {
			continue
		}
		pairs = append(pairs, f.Name+"="+text)
	}
	return strings.Join(pairs, "&")
}

func plainText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	}
	return "", false
}
