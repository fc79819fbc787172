package estate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/chargestamp/chargestamp/bounded"
)

// node is a part of a document as it was written: what YAML, JSON and the stored form have in common.
type node struct {
	line   int
	kind   nodeKind
	text   string // scalars; of a number and a boolean as it was written
	secret bool   // text is key material
	items  []*node
	pairs  []pair
}

// pair is one member of a mapping.
type pair struct {
	name  string
	line  int
	value *node
}

type nodeKind int

const (
	kindText nodeKind = iota
	kindNumber
	kindBool
	kindNull
	kindList
	kindMap
)

// get finds a member of a mapping.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := range n.pairs {
		if n.pairs[i].name == name {
			return n.pairs[i].value
		}
	}
	return nil
}

// put appends a member; nil values are left out.
func (n *node) put(name string, value *node) {
	if value != nil {
		n.pairs = append(n.pairs, pair{name: name, value: value})
	}
}

// maxDepth is deeper than any estate goes.
const maxDepth = 12

// syntaxError is a document that is neither YAML nor JSON. Its text quotes nothing of the document, which
// may hold secrets.
type syntaxError struct {
	line     int
	problem  message
	encoding bool // it is not UTF-8
}

func (e *syntaxError) Error() string { return e.problem.english }

// readNode reads JSON where the text begins with a brace, else YAML. Errors are *syntaxError.
func readNode(src []byte) (*node, error) {
	if at := notUTF8(src); at >= 0 {
		return nil, &syntaxError{line: 1 + bytes.Count(src[:at], []byte("\n")), encoding: true}
	}
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if len(src) > bounded.MostDocument {
		return nil, &syntaxError{line: 1, problem: message{
			fmt.Sprintf("the document has more than %d bytes", bounded.MostDocument),
			fmt.Sprintf("文件超过 %d 字节", bounded.MostDocument)}}
	}
	if trimmed := bytes.TrimLeft(src, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		return readJSON(src)
	}
	if beyond := (*bounded.Error)(nil); errors.As(bounded.YAML(src), &beyond) {
		return nil, &syntaxError{line: beyond.Line, problem: message{beyond.Problem, "嵌套过深，或不是有效的 YAML，请检查缩进、括号与引号"}}
	}
	return readYAML(src)
}

// notUTF8 returns where the first bytes stand that are not UTF-8, -1 for nowhere. Names would turn into question marks
// without a word.
func notUTF8(src []byte) int {
	for at := 0; at < len(src); {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return -1
}

// readJSON keeps the line of every value, and members that are given twice.
func readJSON(src []byte) (*node, error) {
	r := jsonReader{dec: json.NewDecoder(bytes.NewReader(src)), src: src, line: 1}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, &syntaxError{line: r.line, problem: message{err.Error(), "不是有效的 JSON，请检查括号、引号与逗号"}}
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntaxError{line: r.line, problem: message{
			"more follows after the end of the JSON document", "JSON 文件结束之后还有内容"}}
	}
	return n, nil
}

type jsonReader struct {
	dec  *json.Decoder
	src  []byte
	line int
	seen int // bytes whose line ends are counted
}

// next returns a token and moves line to the line on which it ends.
func (r *jsonReader) next() (json.Token, error) {
	tok, err := r.dec.Token()
	if err != nil {
		return nil, errors.New("a document that begins with { must be JSON, and this is not JSON")
	}
	at := int(r.dec.InputOffset())
	r.line += bytes.Count(r.src[r.seen:at], []byte("\n"))
	r.seen = at
	return tok, nil
}

func (r *jsonReader) value(depth int) (*node, error) {
	tok, err := r.next()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	n := &node{line: r.line}
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			n.kind = kindList
			for r.dec.More() {
				item, err := r.value(depth + 1)
				if err != nil {
					return nil, err
				}
				n.items = append(n.items, item)
			}
		} else {
			n.kind = kindMap
			for r.dec.More() {
				name, err := r.next()
				if err != nil {
					return nil, err
				}
				line := r.line
				value, err := r.value(depth + 1)
				if err != nil {
					return nil, err
				}
				n.pairs = append(n.pairs, pair{name: name.(string), line: line, value: value})
			}
		}
		if _, err := r.next(); err != nil {
			return nil, err
		}
	case string:
		n.text = t
	case json.Number:
		n.kind, n.text = kindNumber, t.String()
	case bool:
		n.kind, n.text = kindBool, fmt.Sprint(t)
	case nil:
		n.kind = kindNull
	}
	return n, nil
}

// readYAML takes one document of plain values; anchors, aliases, tags and merge keys are refused.
func readYAML(src []byte) (n *node, err error) {
	defer func() {
		// The parser is not ours: a text that upsets it is a bad text, not a reason to go down.
		if recover() != nil {
			n, err = nil, &syntaxError{line: 1, problem: notYAML}
		}
	}()
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var told interface {
			GetToken() *token.Token
			GetMessage() string
		}
		if errors.As(err, &told) && told.GetToken() != nil {
			return nil, &syntaxError{line: told.GetToken().Position.Line, problem: plainly(told.GetMessage())}
		}
		return nil, &syntaxError{line: 1, problem: notYAML}
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			return nil, &syntaxError{line: lineOf(doc.Body),
				problem: message{"a second document begins here; an estate file is one document", "这里开始了第二个文档；接入文件只能有一个文档"}}
		default:
			body = doc.Body
		}
	}
	if body == nil {
		return nil, &syntaxError{line: 1, problem: message{"the document is empty", "文件是空的"}}
	}
	return fromYAML(body, 0)
}

// notYAML says it of a text of which the parser says no more.
var notYAML = message{"cannot be read as YAML", "不是有效的 YAML，请检查缩进、括号与引号"}

// plainly says what the parser says, which is English, in words of its reader.
func plainly(problem string) message {
	if strings.Contains(problem, "'\t'") {
		return message{"a tab indents this line; YAML indents with blanks", "这一行用制表符缩进；YAML 只用空格缩进"}
	}
	return message{problem, notYAML.chinese}
}

func lineOf(n ast.Node) int {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

func fromYAML(in ast.Node, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, &syntaxError{line: lineOf(in), problem: message{"nested too deeply", "嵌套过深"}}
	}
	n := &node{line: lineOf(in)}
	switch v := in.(type) {
	case *ast.MappingNode:
		n.kind = kindMap
		if len(v.Values) > 0 {
			n.line = lineOf(v.Values[0].Key)
		}
		return n, n.addPairs(v.Values, depth)
	case *ast.MappingValueNode:
		n.kind, n.line = kindMap, lineOf(v.Key)
		return n, n.addPairs([]*ast.MappingValueNode{v}, depth)
	case *ast.SequenceNode:
		n.kind = kindList
		for _, item := range v.Values {
			child, err := fromYAML(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, child)
		}
	case *ast.StringNode:
		n.text = v.Value
	case *ast.LiteralNode:
		n.text = v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = kindNumber, in.GetToken().Value
	case *ast.BoolNode:
		n.kind, n.text = kindBool, fmt.Sprint(v.Value)
	case *ast.NullNode:
		n.kind = kindNull
	default:
		return nil, &syntaxError{line: n.line,
			problem: message{"anchors, aliases, tags and merge keys are not taken; write the values out",
				"不支持锚点、引用、标签与合并键，请把值直接写出"}}
	}
	return n, nil
}

func (n *node) addPairs(values []*ast.MappingValueNode, depth int) error {
	for _, v := range values {
		key, ok := v.Key.(ast.Node).(ast.ScalarNode)
		if !ok || v.Key.IsMergeKey() {
			return &syntaxError{line: lineOf(v.Key), problem: message{"a key must be a plain word", "键必须是一个普通的词"}}
		}
		value, err := fromYAML(v.Value, depth+1)
		if err != nil {
			return err
		}
		name := key.GetToken().Value
		n.pairs = append(n.pairs, pair{name: name, line: lineOf(v.Key), value: value})
	}
	return nil
}
