package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

// thingName names a kind of thing in the estate.
func thingName(p *page, kind string) string {
	return map[string]string{"vendor": p.T("厂商", "vendor"), "lot": p.T("车场", "lot"), "account": p.T("平台账号", "account"),
		"binding": p.T("对接", "binding")}[kind]
}

// sayChange returns a change as the page says it: in English as an estate file has it, in Chinese with the fields and
// choices called what the forms call them. What somebody typed stays as it is.
func sayChange(p *page, c estate.Change) estate.Change {
	if p.Lang == words.English {
		return c
	}
	kind, id, _ := strings.Cut(c.Thing, " ")
	c.Thing = thingName(p, kind) + " " + id
	return c.Said(p.fieldNames(kind), func(field, text string) string { return enumText(p, field, text) })
}

// fieldNames calls the fields of a kind of thing what the forms call them.
func (p *page) fieldNames(kind string) func(field string) string {
	return func(field string) string {
		for _, key := range []string{kind + " " + field, field} {
			if label, known := fieldLabels[key]; known {
				return p.Say(label)
			}
		}
		return field // a key, which the platform has named
	}
}

// fileWord puts a name of the estate file, of a field or of a choice, into the words of the forms; in quotes, since it
// is something to look for on the page.
func (p *page) fileWord(name string) string {
	if label, known := fieldLabels[name]; known {
		return p.T("“"+label.ZH+"”", `"`+label.EN+`"`)
	}
	for _, field := range []string{"grant", "free", "combine", "target", "repeats", "stays", "undated"} {
		if text := enumText(p, field, name); text != name {
			return p.T("“"+text+"”", `"`+text+`"`)
		}
	}
	return name
}

func thingTitle(p *page, t *thing) string {
	name := thingName(p, t.Kind.Name)
	if t.New {
		return p.T("新建", "New ") + name
	}
	return p.T("修改", "Change ") + name + " " + t.ID
}

func thingAction(t *thing) string {
	if t.New && t.For != "" {
		return "/estate/" + t.Kind.Name + "/new?for=" + url.QueryEscape(t.For)
	}
	if t.New {
		return "/estate/" + t.Kind.Name + "/new"
	}
	return "/estate/" + t.Kind.Name + "/edit?id=" + t.ID
}

// accountLink leads to the form of a new account; of one for a lot it comes back to binding the two.
func accountLink(platform, forLot string) string {
	v := url.Values{"platform": {platform}}
	if forLot != "" {
		v.Set("for", forLot)
	}
	return "/estate/account/new?" + v.Encode()
}

// strays are the names of what is wrong with fields that the form does not show.
func strays(t *thing) []string {
	shown := map[string]bool{"": true}
	var walk func([]fieldView)
	walk = func(fields []fieldView) {
		for _, f := range fields {
			shown[f.Path] = true
			walk(f.Parts)
		}
	}
	walk(t.Fields)
	var names []string
	for name := range t.Form.Errors {
		if !shown[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// lastName is a path's own name, as the estate file has it.
func lastName(path string) string { return path[strings.LastIndex(path, ".")+1:] }

func inputType(f fieldView) string {
	switch f.Type {
	case estate.TypeTime:
		return "datetime-local"
	case estate.TypeURL:
		return "url"
	}
	return "text"
}

func secretHint(p *page, f fieldView) string {
	switch {
	case f.Value != "":
		return p.T("已填写，留空保留", "typed; leave empty to keep it")
	case f.Set:
		return p.T("已设置，留空不变", "set; leave empty to keep it")
	}
	return ""
}

// noChoice is what a list of choices says while none is made.
func noChoice(p *page, f fieldView) string {
	switch {
	case f.Path == "rule.grant":
		return p.T("（平台默认的规则）", "(the platform's own rule)")
	case f.Required:
		return p.T("（请选择）", "(choose)")
	}
	return p.T("（默认）", "(default)")
}

func listHint(p *page, f fieldView) string {
	if f.Type == estate.TypePrefixes {
		return "192.0.2.0/24"
	}
	return p.T("每行一个", "one per line")
}

// describe ties an input to its help and to what is wrong with it.
func describe(f fieldView) templ.Attributes {
	attrs := templ.Attributes{}
	var ids []string
	if f.Help != "" {
		ids = append(ids, "help-"+fieldID(f.Path))
	}
	if f.Wrong != "" {
		ids = append(ids, "wrong-"+fieldID(f.Path))
		attrs["aria-invalid"] = "true"
	}
	if len(ids) > 0 {
		attrs["aria-describedby"] = strings.Join(ids, " ")
	}
	if f.Required {
		attrs["required"] = true
	}
	return attrs
}

func evidenceName(p *page, e platform.Evidence) string {
	switch e {
	case platform.EvidenceDocumented:
		return p.T("有文档", "documented")
	case platform.EvidenceObserved:
		return p.T("经观察", "observed")
	case platform.EvidenceInferred:
		return p.T("推断", "inferred")
	case platform.EvidenceAssumed:
		return p.T("推定", "assumed")
	}
	return string(e)
}

func evidenceTone(e platform.Evidence) string {
	switch e {
	case platform.EvidenceDocumented, platform.EvidenceObserved:
		return "good"
	case platform.EvidenceAssumed:
		return "wait"
	}
	return "calm"
}

func scopeName(p *page, s charge.Scope) string {
	switch s.Width() {
	case 0:
		return p.T("车场 ", "lot ") + s.String()
	case 1:
		return p.T("厂商 ", "vendor ") + s.String()
	}
	return p.T("整个平台", "the whole platform")
}

// hasWrong reports whether anything is wrong with a field or what lies below it.
func hasWrong(f fieldView) bool {
	return f.Wrong != "" || slices.ContainsFunc(f.Parts, hasWrong)
}
