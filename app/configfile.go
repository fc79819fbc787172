package app

import (
	"bytes"
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/chargestamp/chargestamp/bounded"
)

// ReadFile puts a YAML file over c. The error has a line for each unknown key and each wrong value, with file, line and
// what can stand there; c then has what is right of the file.
func (c *Config) ReadFile(file string) error {
	src, err := bounded.File(file, bounded.MostDocument)
	if err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	if err := bounded.YAML(src); err != nil {
		return fmt.Errorf("config file %s: %w", file, err)
	}
	if !utf8.Valid(src) {
		return fmt.Errorf("config file %s: it is not UTF-8, most likely GBK: save the file as UTF-8", file)
	}
	read := *c
	err = yaml.NewDecoder(bytes.NewReader(src), yaml.Strict()).Decode(&read)
	if err == nil || errors.Is(err, io.EOF) {
		*c = read
		return nil
	}
	w := configWalk{file: file}
	if doc, parseErr := parser.ParseBytes(src, 0); parseErr == nil && len(doc.Docs) > 0 {
		w.read("", doc.Docs[0].Body, reflect.ValueOf(c).Elem())
	}
	if len(w.faults) == 0 {
		return fmt.Errorf("config file %s: %s", file, yaml.FormatError(err, false, false))
	}
	return errors.Join(w.faults...)
}

// configWalk reads a file setting by setting and keeps what is wrong with each.
type configWalk struct {
	file   string
	faults []error
}

func (w *configWalk) fault(n ast.Node, format string, args ...any) {
	at := n.GetToken().Position
	w.faults = append(w.faults,
		fmt.Errorf("config file %s: [%d:%d] %s", w.file, at.Line, at.Column, fmt.Sprintf(format, args...)))
}

// read puts a node into a setting.
func (w *configWalk) read(path string, n ast.Node, v reflect.Value) {
	if n == nil || n.Type() == ast.NullType {
		return
	}
	switch {
	case v.Kind() == reflect.Struct:
		w.readSettings(path, n, v)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		list, is := n.(*ast.SequenceNode)
		if !is {
			w.fault(n, "%s: a list is wanted here, a - in front of each", path)
			return
		}
		items := reflect.MakeSlice(v.Type(), len(list.Values), len(list.Values))
		for i, item := range list.Values {
			w.read(fmt.Sprintf("%s[%d]", path, i), item, items.Index(i))
		}
		v.Set(items)
	default:
		if wrong := readValue(n, v); wrong != "" {
			w.fault(n, "%s: %s", path, wrong)
		}
	}
}

// readSettings reads a mapping into a struct by the yaml names of its fields.
func (w *configWalk) readSettings(path string, n ast.Node, v reflect.Value) {
	var pairs []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		w.fault(n, "%s: settings are wanted here: %s", cmp.Or(path, "the file"), strings.Join(settingNames(v.Type()), ", "))
		return
	}
	had := map[string]bool{}
	for _, pair := range pairs {
		key := pair.Key.GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		field, known := settingOf(v, key)
		switch {
		case !known:
			w.fault(pair.Key, "unknown field %q%s", key, meant(path, key, settingNames(v.Type())))
		case had[key]:
			w.fault(pair.Key, "%s stands twice: take one out", at)
		default:
			w.read(at, pair.Value, field)
		}
		had[key] = true
	}
}

// settingOf is the field of a struct with a yaml name.
func settingOf(v reflect.Value, key string) (field reflect.Value, known bool) {
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("yaml"); name == key && name != "-" {
			return v.Field(i), true
		}
	}
	return field, false
}

func settingNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// meant says what was most likely meant by a key that is none of some.
func meant(path, key string, names []string) string {
	if path != "" {
		path = " in " + path
	}
	for _, name := range names {
		if edits(key, name) <= 1+len(name)/4 {
			return fmt.Sprintf("%s: did you mean %s?", path, name)
		}
	}
	return fmt.Sprintf("%s: there are %s", path, strings.Join(names, ", "))
}

// readValue puts a value into a setting, or says what is wrong with it. Texts are not quoted: they may be secrets.
func readValue(n ast.Node, v reflect.Value) (wrong string) {
	text := n.GetToken().Value
	if u, is := v.Addr().Interface().(encoding.TextUnmarshaler); is {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return err.Error()
		}
		return ""
	}
	if yaml.NodeToValue(n, v.Addr().Interface(), yaml.Strict()) == nil {
		return ""
	}
	switch v.Kind() {
	case reflect.Bool:
		return fmt.Sprintf("%q is neither true nor false", text)
	case reflect.Int:
		return fmt.Sprintf("%q is no whole number", text)
	case reflect.Float64:
		return fmt.Sprintf("%q is no number", text)
	case reflect.Slice:
		return "a list is wanted here, such as [a, b]"
	case reflect.Map:
		return "names and values are wanted here, such as {a: b}"
	}
	return "one text is wanted here"
}
