package console

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// fieldView is one field of a form, drawn from the estate's own description.
type fieldView struct {
	Path     string
	Label    string
	Help     string
	Type     estate.FieldType
	Secret   bool // write-only
	Set      bool // a secret is there already
	Required bool
	Locked   bool // it names the thing and stays
	Value    string
	Options  []choice
	Free     bool // Options are proposals
	Parts    []fieldView
	Wrong    string
	When     string // "kind=sdk|4g": it counts for these choices only
	Folded   bool   // shown on demand: it is rarely used and nothing is in it
}

// formBuilder draws a thing's form and reads it back as a document.
type formBuilder struct {
	c     *Console
	p     *page
	thing *thing
	was   map[string]estate.FormValue
	can   *estate.RuleChoices // of a binding whose account and lot are known; nil: anything
}

// emptyPeriods is how many unused lines a list of objects offers.
const emptyPeriods = 2

// prefill is what a form begins with: what is there, and what the address says of a new thing.
func prefill(was map[string]estate.FormValue, query url.Values) url.Values {
	v := url.Values{}
	for path, value := range was {
		text := value.Text
		if value.Texts != nil {
			text = strings.Join(value.Texts, "\n")
		}
		v.Set(path, text)
	}
	for name := range query {
		if name != "id" && !strings.HasPrefix(name, adding) && !v.Has(name) {
			v.Set(name, query.Get(name))
		}
	}
	addLines(v, query)
	return v
}

// views draws fields, those within objects below them.
func (b *formBuilder) views(fields []estate.Field, path string) []fieldView {
	var out []fieldView
	for _, f := range fields {
		if v, ok := b.view(f, strings.TrimPrefix(path+"."+f.Name, ".")); ok {
			out = append(out, v)
		}
	}
	return out
}

func (b *formBuilder) view(f estate.Field, path string) (fieldView, bool) {
	form := b.thing.Form
	v := fieldView{Path: path, Type: f.Type, Required: f.Required && b.thing.New, Value: form.Get(path),
		Wrong:  form.Errors[path],
		Secret: f.Type == estate.TypeSecret, Set: b.was[path].Secret}
	kind := b.thing.Kind.Name
	v.Label, v.Help, v.When = b.p.label(kind, path, f), b.p.T(f.Chinese, f.English), when(kind, path)
	if v.Help == v.Label {
		v.Help = ""
	}
	v.Help += b.p.bounds(f)
	if !b.possible(path) && (!b.had(path) || b.was[path].Text == f.Default) {
		return v, false
	}
	switch {
	case f.Type == estate.TypeKeys:
		return b.keysView(f, v)
	case f.Type == estate.TypeObject && strings.HasPrefix(f.Name, "old_"):
		return b.formerKey(path), !b.thing.New
	}
	b.byType(&v, f, path)
	b.choices(&v, f)
	v.Locked = !b.thing.New && b.names(f.Name, path) || kind == "account" && path == "platform"
	if kind == "account" && f.Name == "report" && !reports(b.thing) {
		return v, false
	}
	return v, true
}

// formerKey asks for the end of a former key alone: the key itself is stored already.
func (b *formBuilder) formerKey(path string) fieldView {
	path += ".until"
	return fieldView{Path: path, Type: estate.TypeTime,
		Label: b.p.T("换钥时旧密钥继续有效至", "When the key changes, the old one stays valid until"),
		Help:  b.p.T("只在同时填写新密钥时使用", "used only where a new key is given above"),
		Value: localTime(b.thing.Form.Get(path)), Wrong: b.thing.Form.Errors[path]}
}

// byType adds to a field what its type needs: parts, options, a value to begin with.
func (b *formBuilder) byType(v *fieldView, f estate.Field, path string) {
	switch f.Type {
	case estate.TypeObject, estate.TypeVersions:
		v.Parts = b.views(f.Fields, path)
	case estate.TypeObjects:
		v.Parts, v.Folded = b.rows(f, path), !b.had(path)
	case estate.TypeEnum:
		if v.Value == "" && v.When == "" {
			v.Value = f.Default
		}
		for _, e := range f.Enum {
			if path != "rule.grant" || e == v.Value || b.mayGrant(charge.Grant(e)) {
				v.Options = append(v.Options, choice{e, enumText(b.p, f.Name, e)})
			}
		}
	case estate.TypeBool:
		if f.Default == "true" { // a box that is not ticked says nothing, so this one is a choice
			if v.Value == "" {
				v.Value = f.Default
			}
			v.Options = []choice{{"true", enumText(b.p, f.Name, "true")}, {"false", enumText(b.p, f.Name, "false")}}
		}
	case estate.TypeTime:
		v.Value = localTime(v.Value)
	}
}

// possible reports whether platform and lot can do what a field of a rule says.
func (b *formBuilder) possible(path string) bool {
	if b.can == nil {
		return true
	}
	has := func(m charge.Method) bool { return slices.Contains(b.can.Sizes, m) }
	_, field, _ := strings.Cut(path, "rule.")
	if strings.HasPrefix(field, "steps[") {
		_, field, _ = strings.Cut(field, "].")
	}
	switch field {
	case "minutes":
		return has(charge.MethodTime)
	case "amount":
		return has(charge.MethodAmount)
	case "free":
		return has(charge.MethodFree)
	case "steps":
		return b.mayGrant(charge.GrantSteps)
	case "plus_minutes", "cap_charge_minutes":
		return b.mayGrant(charge.GrantChargeTime)
	case "takes":
		return b.can.Priced && b.mayGrant(charge.GrantChargeTime)
	case "leave_within":
		return b.can.Priced
	case "target":
		return b.can.Keeps
	}
	return true
}

func (b *formBuilder) mayGrant(g charge.Grant) bool {
	return b.can == nil || slices.Contains(b.can.Grants, g)
}

// reports reports whether the account's platform hears of usages.
func reports(t *thing) bool { return t.Platform != nil && t.Platform.Report }

// names reports whether a field names the thing.
func (b *formBuilder) names(name, path string) bool {
	switch b.thing.Kind.Name {
	case "binding":
		return path == "account" || path == "lot"
	}
	return name == path && name == b.thing.Kind.Fields[0].Name
}

// choices offers what is there for fields that name another thing.
func (b *formBuilder) choices(v *fieldView, f estate.Field) {
	switch {
	case f.Name == "platform":
		v.Options = b.c.platformChoices(b.p)
	case f.Name == "account" && b.thing.Kind.Name == "binding":
		for _, a := range b.c.desk.Estate().Accounts() {
			v.Options = append(v.Options, choice{a.ID, a.ID + " · " + b.p.Platform(a.Platform)})
		}
	case f.Type == estate.TypeLot && (b.thing.Kind.Name == "binding" || f.Name == "parent"):
		v.Options, v.Free = b.c.lotChoices(), true
	}
}

// keysView draws the keys of the form's platform.
func (b *formBuilder) keysView(f estate.Field, v fieldView) (fieldView, bool) {
	if b.thing.Platform == nil {
		return v, false
	}
	if strings.HasPrefix(f.Name, "old_") {
		path := v.Path + ".until"
		return fieldView{Path: path, Type: estate.TypeTime,
			Label: b.p.T("换钥时旧密钥继续有效至", "When keys change, the old ones stay valid until"),
			Help:  b.p.T("只在同时填写新密钥时使用", "used only where a new key is given above"), Value: localTime(b.thing.Form.Get(path)),
			Wrong: b.thing.Form.Errors[path]}, !b.thing.New
	}
	for _, k := range b.thing.Platform.Keys {
		path := v.Path + "." + k.Name
		part := fieldView{Path: path, Type: estate.TypeSecret, Label: k.Label, Secret: k.Secret, Set: b.was[path].Secret,
			Required: !k.Optional && k.Default == "" && b.thing.New && f.Name == "keys", Value: b.thing.Form.Get(path),
			Wrong: b.thing.Form.Errors[path]}
		if part.Label == "" {
			part.Label = k.Name
		}
		var help []string
		if k.Bytes > 0 {
			help = append(help, fmt.Sprintf(b.p.T("%d 个字节", "%d bytes"), k.Bytes))
		}
		if k.Default != "" {
			help = append(help, b.p.T("不填为 ", "where empty: ")+k.Default)
		}
		if k.Optional {
			help = append(help, b.p.T("可不填", "optional"))
		}
		part.Help = strings.Join(help, b.p.T("，", ", "))
		v.Parts = append(v.Parts, part)
	}
	return v, len(v.Parts) > 0
}

// rows draws a list of objects: those that are there, and some lines to fill.
func (b *formBuilder) rows(f estate.Field, path string) []fieldView {
	n := 0
	for name := range b.thing.Form.Values {
		var i int
		if _, err := fmt.Sscanf(strings.TrimPrefix(name, path), "[%d]", &i); err == nil && b.thing.Form.Get(name) != "" {
			n = max(n, i+1)
		}
	}
	var rows []fieldView
	for i := range n + emptyPeriods {
		at := fmt.Sprintf("%s[%d]", path, i)
		parts := b.views(f.Fields, at)
		for j := range parts {
			parts[j].Required = false
		}
		rows = append(rows, fieldView{Path: at, Type: estate.TypeObject, Label: fmt.Sprintf(b.rowName(f.Name), i+1),
			Parts: parts})
	}
	return rows
}

// rowName names the entries of a list by their number.
func (b *formBuilder) rowName(list string) string {
	if list == "steps" {
		return b.p.T("第 %d 级", "Step %d")
	}
	return b.p.T("第 %d 段", "Part %d")
}

// flat lists fields without their grouping.
func flat(fields []fieldView) []fieldView {
	var out []fieldView
	for _, f := range fields {
		if len(f.Parts) > 0 {
			out = append(out, flat(f.Parts)...)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// localTime is RFC 3339 as an input of date and time shows it, in Shanghai.
func localTime(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.In(charge.Shanghai).Format("2006-01-02T15:04:05")
}

// fileTime is the way back; what is no such time stays, for the estate to refuse.
func fileTime(text string) string {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, charge.Shanghai); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return text
}

// enumText puts an enum's value into words, and others that are no more than a choice.
func enumText(p *page, field, value string) string {
	texts := map[string][2]string{
		"kind.sdk": {"SDK 长连接", "SDK, long line"}, "kind.api": {"API 回调", "API, callbacks"},
		"kind.4g":  {"4G 云端计费", "4G, we keep the order"},
		"state.on": {"启用", "on"}, "state.off": {"停用", "off"},
		"mode.live": {"正式", "live"}, "mode.shadow": {"试运行", "shadow"}, "mode.off": {"停用", "off"},
		"repeats.add": {"叠加", "adds to the first"}, "repeats.replace": {"覆盖", "replaces the first"},
		"repeats.unsafe": {"未知，无应答不重发", "nobody knows: never sent again after a silence"},
		"stays.auto":     {"自动", "from the first entry on"}, "stays.required": {"必须", "required"},
		"stays.none": {"不上报", "reports none"}, "stays.told": {"由停车系统上报", "reported by the parking system"},
		"clock.off": {"不检查", "not checked"}, "clock.warn": {"提醒", "warns"}, "clock.enforce": {"拒绝", "refuses"},
		"grant.as_pushed": {"按推送内容", "as pushed"}, "grant.fixed": {"固定减免", "fixed"},
		"grant.charge_time": {"按充电时长", "charging time"}, "grant.lot_decides": {"由车场决定", "the lot decides"},
		"grant.steps": {"阶梯减免", "steps"},
		"takes.end":   {"离场时间前移", "the end of the stay"}, "takes.charge": {"充电时段的停车费", "the charging interval"},
		"per.lot": {"本车场", "this lot"}, "per.vendor": {"该厂商的所有车场", "all lots of the vendor"},
		"temporary.true": {"减免", "get the reduction"}, "temporary.false": {"不减免", "get nothing"},
		"undated.refuse": {"拒绝", "refuses"}, "undated.once_a_stay": {"每次停车最多减一次", "at most one grant a stay"},
		"kind.coupon": {"其他停车系统", "another parking system"},
		"free.true":   {"是", "yes"}, "open_interface.true": {"是", "yes"}, "scope.platform": {"整个平台", "the whole platform"},
		"combine.best": {"取最优一笔", "best single one"}, "combine.sum": {"累加", "added up"},
		"combine.first": {"只取第一笔", "first one only"},
		"target.stay":   {"本场订单", "this lot's stay"}, "target.outer": {"外场订单", "the outer stay"},
		"target.at_charge": {"充电时所在订单", "the stay at charging"},
	}
	if t, ok := texts[field+"."+value]; ok {
		return p.T(t[0], t[1])
	}
	return value
}

func (c *Console) seal64(plain []byte, place string) (string, error) {
	sealed, err := c.cfg.Keys.Seal(plain, place)
	return base64.RawStdEncoding.EncodeToString(sealed), err
}

func (c *Console) open64(text, place string) ([]byte, error) {
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	return c.cfg.Keys.Open(sealed, place)
}
