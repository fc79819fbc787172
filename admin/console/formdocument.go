package console

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// document is the form as one thing of an estate file. What is empty is left out, or cleared where it was
// there before.
func (b *formBuilder) document() map[string]any {
	doc := make(map[string]any)
	b.fill(doc, b.thing.Kind.Fields, "")
	for _, name := range []string{"account", "lot", "union_id", "platform"} {
		if b.thing.New || !slices.ContainsFunc(b.thing.Kind.Fields, func(f estate.Field) bool { return f.Name == name }) {
			continue
		}
		if was, ok := b.was[name]; ok { // what names a thing is not changed, whatever was posted
			doc[name] = was.Text
		}
	}
	return doc
}

func (b *formBuilder) fill(doc map[string]any, fields []estate.Field, path string) {
	for _, f := range fields {
		at := strings.TrimPrefix(path+"."+f.Name, ".")
		if v, ok := b.value(f, at); ok {
			doc[f.Name] = v
		}
	}
}

// wholeNumber is what goes into a document as a number; anything else goes as text, to be refused.
var wholeNumber = regexp.MustCompile(`^-?[0-9]{1,18}$`)

func (b *formBuilder) value(f estate.Field, path string) (any, bool) {
	text := strings.TrimSpace(b.thing.Form.Get(path))
	switch f.Type {
	case estate.TypeKeys:
		return b.keys(f, path)
	case estate.TypeObject, estate.TypeVersions:
		if strings.HasPrefix(f.Name, "old_") {
			return b.oldKey(f, path)
		}
		part := make(map[string]any)
		b.fill(part, f.Fields, path)
		if onlyDefaults(part, f.Fields) {
			clear(part)
		}
		return part, len(part) > 0 || f.Type == estate.TypeObject && b.had(path)
	case estate.TypeObjects:
		return b.objects(f, path)
	case estate.TypePrefixes, estate.TypeTexts:
		list := strings.FieldsFunc(b.thing.Form.Get(path),
			func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == '，' })
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		list = slices.DeleteFunc(list, func(s string) bool { return s == "" })
		return list, len(list) > 0 || b.had(path)
	case estate.TypeBool:
		if f.Default == "true" {
			return text == "true", text != ""
		}
		return text == "true", text == "true" || b.had(path)
	case estate.TypeSecret:
		return b.thing.Form.Get(path), b.thing.Form.Get(path) != ""
	}
	if text == "" {
		clears := f.Type == estate.TypeText || f.Type == estate.TypeURL || f.Type == estate.TypeLot
		return "", clears && b.had(path) && !strings.Contains(path, ".")
	}
	switch {
	case f.Type == estate.TypeCount && wholeNumber.MatchString(text):
		return json.Number(text), true
	case f.Type == estate.TypeTime:
		return fileTime(text), true
	}
	return text, true
}

// onlyDefaults reports whether an object says nothing but what its choices stand at when none was chosen: a browser
// sends those always.
func onlyDefaults(part map[string]any, fields []estate.Field) bool {
	for _, f := range fields {
		v, ok := part[f.Name]
		choice := f.Type == estate.TypeEnum || f.Type == estate.TypeBool && f.Default == "true"
		if ok && (!choice || fmt.Sprint(v) != f.Default) {
			return false
		}
	}
	return true
}

// had reports whether the thing has a value at or below a path.
func (b *formBuilder) had(path string) bool {
	for at := range b.was {
		if at == path || strings.HasPrefix(at, path+".") || strings.HasPrefix(at, path+"[") {
			return true
		}
	}
	return false
}

// keys reads an account's keys; former ones come from the account itself.
func (b *formBuilder) keys(f estate.Field, path string) (any, bool) {
	if strings.HasPrefix(f.Name, "old_") {
		return b.oldKeys(path)
	}
	keys := make(map[string]any)
	if b.thing.Platform != nil {
		for _, k := range b.thing.Platform.Keys {
			if text := strings.TrimSpace(b.thing.Form.Get(path + "." + k.Name)); text != "" {
				keys[k.Name] = text
			}
		}
	}
	return keys, len(keys) > 0
}

// oldKeys keeps the keys that are being changed valid until the time asked for.
func (b *formBuilder) oldKeys(path string) (any, bool) {
	until := strings.TrimSpace(b.thing.Form.Get(path + ".until"))
	if until == "" || b.thing.New {
		return nil, false
	}
	old := make(map[string]any)
	for _, a := range b.c.desk.Estate().Accounts() {
		for name, key := range a.Keys {
			typed := strings.TrimSpace(b.thing.Form.Get("keys." + name))
			if a.ID == b.thing.ID && typed != "" && typed != key.Reveal() {
				old[name] = key.Reveal()
			}
		}
	}
	if len(old) == 0 {
		return nil, false
	}
	old["until"] = fileTime(until)
	return old, true
}

// oldKey does the same for a vendor's ukey and a lot's ckey.
func (b *formBuilder) oldKey(f estate.Field, path string) (any, bool) {
	until := strings.TrimSpace(b.thing.Form.Get(path + ".until"))
	name := strings.TrimPrefix(f.Name, "old_")
	typed := b.thing.Form.Get(name)
	var current charge.Secret
	for _, v := range b.c.desk.Estate().Vendors() {
		if name == "ukey" && v.UnionID == b.thing.ID {
			current = v.Ukey
		}
	}
	for _, l := range b.c.desk.Estate().Lots() {
		if name == "ckey" && l.ID.String() == b.thing.ID {
			current = l.Ckey
		}
	}
	if until == "" || typed == "" || current == "" || typed == current.Reveal() {
		return nil, false
	}
	return map[string]any{"key": current.Reveal(), "until": fileTime(until)}, true
}

// objects reads a list of objects; lines that are all empty are left out.
func (b *formBuilder) objects(f estate.Field, path string) (any, bool) {
	var list []any
	for i := range b.rows(f, path) {
		part := make(map[string]any)
		b.fill(part, f.Fields, fmt.Sprintf("%s[%d]", path, i))
		if len(part) > 0 {
			list = append(list, part)
		}
	}
	return list, len(list) > 0
}
