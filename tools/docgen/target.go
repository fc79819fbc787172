package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/words"
)

// unknownTargets are systems of which the public papers or code do not say the whole coupon call.
var unknownTargets = [][]string{
	{"捷顺 jtc (`sync_order_deduct`)", "应答码没有公开 its codes are not public"},
	{"富士 Fujica (`addCouponNotUsed`)", "只见到样例 only samples are public"},
	{"dwyunparking (`/openapi/open/derate`)", "文档不全 its paper is public in part"},
	{"思沃、慧泽、知位云、创享、北投、速驿客、恒安、绿城", "公开客户端未逐一核对 their public clients were not looked at one by one"},
	{"海康 iSC、大华 ICC、艾科、ETCP、立方、道尔、蓝卡", "没有公开的发券接口 no coupon call is public"},
}

// targetPage prints docs/targets.md from the profiles and the requests that the tests hold them to.
func targetPage(out files) error {
	p := &targetsPage{newPage("其他停车系统 · Other parking systems", "the targets' profiles and fixtures")}
	p.para("`kind: coupon` 的车场在其他停车系统里：每笔减免是对方云平台的一张优惠券。下列系统已内置；别的系统见[接入另一家停车系统](add-a-target.md)。",
		"A lot of `kind: coupon` lies in another parking system: each reduction is a coupon in that system's cloud. "+
			"These are built in; for another one see [add a parking system](add-a-target.md).")
	p.overview()
	for _, t := range coupon.Builtin().List() {
		if err := p.target(t); err != nil {
			return err
		}
	}
	p.sources()
	p.section("没有内置的 · Not built in")
	p.table([]string{"系统 system", "缺什么 what is missing"}, unknownTargets)
	out["targets.md"] = p.Bytes()
	return nil
}

type targetsPage struct{ *page }

func (p *targetsPage) overview() {
	var rows [][]string
	for _, t := range coupon.Builtin().List() {
		repeat := "否，只发一次 no: one try, then `unknown`"
		if t.Repeat.Safe {
			repeat = "是 yes: `" + t.Repeat.By + "`"
		}
		yes := func(b bool) string {
			if b {
				return "是 yes"
			}
			return "否 no"
		}
		rows = append(rows, []string{fmt.Sprintf("[`%s`](#%s)", t.ID, t.ID), t.About.Title, t.About.Evidence, p.methods(t),
			repeat,
			yes(t.Revoke != nil), yes(t.Price != nil), yes(t.Hears != nil)})
	}
	p.table([]string{"`target`", "系统 system", "依据 evidence", "能给 can grant", "可重发 may be repeated", "可收回 taken back",
		"可询价 price", "报进出场和实际减免 reports stays and usage"}, rows)
}

func (p *targetsPage) methods(t *coupon.Target) string {
	var list []string
	for _, m := range t.MethodList() {
		name := words.Find(words.Method, string(m)).Name
		text := name.ZH + " " + name.EN
		if needs := t.Methods[m].Needs; needs != "" {
			text += " (`keys." + needs + "`)"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func (p *targetsPage) target(t *coupon.Target) error {
	p.line("\n<a id=%q></a>", t.ID)
	p.section(t.About.Title + " · " + t.About.English)
	p.line("")
	for _, spec := range t.About.Spec {
		p.line("<%s>", strings.Fields(spec)[0])
	}
	p.line("")
	for i, note := range t.About.Notes {
		p.line("- %s<br>%s", t.About.Chinese[i], note)
	}
	var keys [][]string
	for _, k := range t.Keys {
		must := "是 yes"
		if k.Optional || k.Default != "" {
			must = "否 no"
		}
		keys = append(keys, []string{"`" + k.Name + "`", must, k.Chinese + "<br>" + k.English})
	}
	p.table([]string{"密钥 key", "必填 required", "含义 meaning"}, keys)
	for _, c := range t.Calls() {
		p.call(t, c)
	}
	return p.example(t)
}

// call prints the fields of one call and what its answers mean.
func (p *targetsPage) call(t *coupon.Target, c coupon.Named) {
	address := t.Address
	if address == "" {
		address = "<address>"
	}
	p.line("\n**%s** `POST %s%s` (%s)", c.Name, address, c.Path, c.Form)
	var rows [][]string
	for i := range c.Fields {
		r := &c.Fields[i]
		zh, en := "固定 "+r.Text, "always "+r.Text
		if r.From != "" {
			en, zh = r.From.Describe()
		}
		if len(r.Only) > 0 {
			zh += "（仅 " + methodsText(r.Only) + "）"
			en += " (" + methodsText(r.Only) + " only)"
		}
		rows = append(rows, []string{"`" + r.Name + "`", zh + "<br>" + en, string(r.As), r.Mark})
	}
	p.table([]string{"字段 field", "内容 content", "单位 unit", "依据 mark"}, rows)
	if c.Answer.Bare {
		return
	}
	var codes [][]string
	add := func(list []string, zh, en string) {
		if len(list) > 0 {
			codes = append(codes, []string{"`" + strings.Join(list, "` `") + "`", zh + "<br>" + en})
		}
	}
	add(c.Answer.Taken, "成功", "a yes")
	add(c.Answer.Repeated, "先前已生效", "a yes: it stood already")
	add(c.Answer.Again, "不知是否生效，同一张券再发", "neither yes nor no: the same coupon is sent again")
	add(c.Answer.Later, "没有生效，稍后再试", "a no for now, tried again")
	for _, code := range slices.Sorted(maps.Keys(c.Answer.Refused)) {
		codes = append(codes, []string{"`" + code + "`", "拒绝<br>a no: " + string(c.Answer.Refused[code])})
	}
	codes = append(codes, []string{"其他 others", "未知：不自动重发<br>`unknown`, nothing is sent again by itself"})
	p.table([]string{"应答码 code (`" + strings.Join(c.Answer.Code, "/") + "`)", "含义 meaning"}, codes)
}

func methodsText(list []charge.Method) string {
	texts := make([]string, len(list))
	for i, m := range list {
		texts[i] = string(m)
	}
	return strings.Join(texts, ", ")
}

// example prints a request as the tests hold it.
func (p *targetsPage) example(t *coupon.Target) error {
	text, err := os.ReadFile("lot/coupon/testdata/requests/" + t.ID + "-" + string(t.MethodList()[0]) + ".http")
	if err != nil {
		return err
	}
	p.line("\n示例（密钥为编造） · An example, with invented keys:")
	p.code("http", string(text))
	return nil
}

func (p *targetsPage) sources() {
	p.section("Sources · 取值来源")
	var rows [][]string
	for _, s := range coupon.SourceRows() {
		units := make([]string, len(s.Units))
		for i, u := range s.Units {
			units[i] = "`" + string(u) + "`"
		}
		rows = append(rows, []string{"`" + s.Name + "`", s.Chinese + "<br>" + s.English, strings.Join(units, " ")})
	}
	p.table([]string{"`from`", "含义 meaning", "`as`"}, rows)
}
