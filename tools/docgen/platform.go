package main

import (
	"encoding/base64"
	"fmt"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/all"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// platformPages prints docs/platforms and the example estates that the pages speak of.
func platformPages(out files) error {
	var infos []platform.Info
	for i, d := range all.Builtin() {
		f, err := readFixture(d)
		if err != nil {
			return err
		}
		p := &platformPage{page: newPage(d.Info().Title+" · "+d.Info().English, "the platform's profile and fixtures"),
			dialect: d, info: d.Info(), fixture: f, lot: exampleLot(i, f)}
		if err := p.print(); err != nil {
			return fmt.Errorf("%s: %w", d.Info().ID, err)
		}
		out["platforms/"+p.info.ID+".md"] = p.Bytes()
		out["examples/platforms/"+p.info.ID+".yaml"] = []byte(p.estate())
		out["examples/platforms/"+p.info.ID+"-keys.yaml"] = []byte(p.keyFile())
		infos = append(infos, p.info)
	}
	out["platforms/README.md"] = platformTable(infos)
	return nil
}

// platformPage is the page of one platform.
type platformPage struct {
	*page
	dialect platform.Dialect
	info    platform.Info
	fixture *fixture
	lot     charge.LotID // of the example
}

// exampleLot is the lot of a platform's example, its own, so that all examples can stand in one gateway. Vendors differ
// where their keys do.
func exampleLot(i int, f *fixture) charge.LotID {
	union := "200461"
	if f.keys()["ukey"] != "" {
		union = "200462"
	}
	return charge.LotID{Union: union, Park: strconv.Itoa(3101 + i)}
}

func (p *platformPage) print() error {
	p.evidence()
	p.addresses()
	p.keys()
	p.lots()
	p.grants()
	p.fields()
	if err := p.recipe(); err != nil {
		return err
	}
	for _, part := range []func() error{p.example, p.refusals, p.departures} {
		if err := part(); err != nil {
			return err
		}
	}
	p.try()
	return nil
}

// evidences says what the levels mean.
var evidences = map[platform.Evidence]string{
	platform.EvidenceDocumented: "有公开文档。Written from a published interface page.",
	platform.EvidenceObserved:   "取自公开的、与该平台真实对接的代码。Taken from public code that talks to such a platform.",
	platform.EvidenceInferred:   "由几份公开材料推断，部分细节没有文档。Concluded from several public sources; details are not documented.",
	platform.EvidenceAssumed: "大部分是假定。**上线前请与平台给的文档逐项核对**；新的对接默认试运行（只计算、不下发），核对后写明 `mode: live`。 " +
		"Largely assumed. **Compare with the platform's own paper before going live**: " +
		"a new binding starts in shadow (decided and shown, nothing sent) until it says `mode: live`.",
}

func (p *platformPage) evidence() {
	p.quote(fmt.Sprintf("**依据 Evidence: %s.** %s", p.info.Evidence, evidences[p.info.Evidence]),
		"平台自己的文档多未公开，本页取自公开材料；没有对真实平台做过联调。 Built from public material, most platforms' papers being unpublished; "+
			"not tried against the live platform.")
	sources := make([]string, len(p.info.Spec))
	for i, link := range p.info.Spec {
		sources[i] = "<" + link + ">"
	}
	p.para("编号 id `" + p.info.ID + "` · 类别 family [`" + p.info.Family + "`](#departures) · 来源 sources: " +
		strings.Join(sources, ", "))
}

var routeWords = map[platform.RouteKind]string{
	platform.RouteCharge:  "充电结束推送 finished charges",
	platform.RouteToken:   "取令牌 access token",
	platform.RouteInquiry: "查询车牌是否在场 is this plate inside",
}

func (p *platformPage) addresses() {
	p.section("1. 地址 · Addresses")
	p.para("把这些地址交给平台，前面加上 `https://你的域名`。只接受 POST，从不跳转。设置了 `path_token` 时，末尾再加一段 `/口令`，裸地址则拒绝。",
		"Give these to the platform, `https://your-host` in front. POST only, never redirected. "+
			"With a `path_token` on the account one more segment, `/token`, is appended and the bare path is refused.")
	var rows [][]string
	for _, r := range p.info.Routes {
		paths := mono("", r.Path)
		if single := strings.ReplaceAll(r.Path, "//", "/"); single != r.Path {
			paths += " · 单斜线也可 with single slashes too: " + mono("", single)
		}
		rows = append(rows, []string{routeWords[r.Kind], paths})
	}
	p.table([]string{"用途 For", "路径 Path"}, rows)
}

// issuers says where the keys stand in an estate.
var issuers = map[platform.Issuer]string{
	platform.IssuerAccount: "",
	platform.IssuerVendor: "密钥是厂商的 `ukey`（`vendors`），账号里没有密钥；把它交给平台。 The key is the vendor's `ukey` (under `vendors`); " +
		"the account holds none. Give it to the platform.",
	platform.IssuerLot: "密钥是车场的 `ckey`（`lots`），账号里没有密钥；把它交给平台。 The key is the lot's `ckey` (under `lots`); " +
		"the account holds none. Give it to the platform.",
}

func (p *platformPage) keys() {
	p.section("2. 要交换的密钥 · Keys to exchange")
	var rows [][]string
	for _, k := range p.info.Keys {
		rows = append(rows, []string{mono("", k.Name), k.Label, yes(k.Secret), length(k.Bytes), optional(k)})
	}
	p.table([]string{"名称 Name", "平台的叫法 The platform calls it", "保密 Secret", "长度 Length", "必须 Required"}, rows)
	if text := issuers[p.info.Issuer]; text != "" {
		p.para(text)
	}
	switch {
	case p.info.NeedsLock:
		p.para("**平台不签名，账号必须上锁**：`allow_from`（来源地址）或 `path_token`（路径口令，至少 128 位）。" +
			" **The platform signs nothing, so the account must have a lock**: " +
			"`allow_from` (addresses) or `path_token` (a secret of 128 bits or more in the path).")
	case p.info.LockUnless != "":
		p.para(fmt.Sprintf("没有 `%s` 时，账号必须有 `allow_from` 或 `path_token`。"+
			" Without `%[1]s` the account must have `allow_from` or `path_token`.", p.info.LockUnless))
	}
	if p.info.OpenInterface {
		p.para("厂商须开通开放接口：`open_interface: true`。 The vendor must have `open_interface: true`.")
	}
}

func yes(v bool) string {
	if v {
		return "是 yes"
	}
	return "否 no"
}

func length(bytes int) string {
	if bytes == 0 {
		return "不限 any"
	}
	return fmt.Sprintf("%d 字节 bytes", bytes)
}

func optional(k platform.KeyInfo) string {
	switch {
	case k.Default != "":
		return "默认 default " + mono("", k.Default)
	case k.Optional:
		return "否 no"
	}
	return "是 yes"
}

func (p *platformPage) lots() {
	p.section("3. 车场 · Lots")
	switch {
	case p.info.ByStation:
		p.para(fmt.Sprintf("字段 `%s` 是平台自己的站点编号：写在对接的 `stations` 里，同一平台内唯一。 "+
			"Field `%[1]s` holds the platform's own station id, listed under `stations` in a binding.", p.info.LotField))
	case p.info.LotField == "":
		p.para("推送不带车场：按充电桩编号查找，编号写在对接的 `chargers` 里，全局唯一。 The push names no lot: it is found by the charger's id, " +
			"listed under `chargers` in a binding, unique over everything.")
	default:
		forms := make([]string, len(p.info.Separators))
		for i, s := range p.info.Separators {
			forms[i] = p.lot.Union + s + p.lot.Park
		}
		p.para(fmt.Sprintf("字段 `%s`，写作“厂商编号+分隔符+车场编号”。例：车场 `%s` 写作 %s。 Field `%[1]s`: vendor, separator, park. "+
			"The lot `%[2]s` is written %[3]s.",
			p.info.LotField, p.lot, mono(" 或 or ", forms...)))
	}
	kinds := make([]string, len(p.info.Kinds))
	for i, k := range p.info.Kinds {
		kinds[i] = string(k)
	}
	form := "–"
	if p.info.FormID != 0 {
		form = strconv.Itoa(p.info.FormID)
	}
	p.table([]string{"", ""}, [][]string{
		{"可用的车场类型 kinds of lots", mono(" ", kinds...)},
		{"5.14 `plat_form_id`（API 车场 API lots）", form},
		{"出场后向平台回传实际减免 usage reported to the platform after the exit", p.reports()},
	})
}

func (p *platformPage) reports() string {
	if _, ok := p.dialect.(platform.Reporter); !ok {
		return "否 no"
	}
	return "是：账号里写 `report: {url: …}`，网关调用 `{url}/query_token` 和 `{url}/notification_park_order_consumed`。 " +
		"Yes: `report: {url: …}` in the account; `{url}/query_token` and `{url}/notification_park_order_consumed` are called."
}

var grantWords = map[platform.GrantKind]string{
	platform.GrantTime:        "时长 time",
	platform.GrantAmount:      "金额 amount",
	platform.GrantFree:        "全免 free",
	platform.GrantFixedTime:   "固定时长 fixed time",
	platform.GrantFixedAmount: "固定金额 fixed amount",
	platform.GrantFixedFree:   "固定全免 fixed: free",
	platform.GrantLotDecides:  "车场决定 the lot decides（4g 车场不行 not on 4g）",
}

func (p *platformPage) grants() {
	p.section("4. 减免 · Grants")
	words := make([]string, len(p.info.Grants))
	for i, g := range p.info.Grants {
		words[i] = grantWords[g]
	}
	p.table([]string{"", ""}, [][]string{
		{"可以给的减免 a binding may grant", strings.Join(words, " · ")},
		{"没写规则时 a binding without a rule takes", defaultRule(p.info.Default)},
	})
}

// defaultRule prints what a binding without a rule takes.
func defaultRule(r *charge.Rule) string {
	if r == nil {
		return "必须写规则 none: it must say its rule"
	}
	text := "`{grant: " + string(r.Grant)
	if r.PlusMinutes != 0 {
		text += fmt.Sprintf(", plus_minutes: %d", r.PlusMinutes)
	}
	words := map[charge.Grant]string{
		charge.GrantAsPushed:   "按推送内容 as the push says",
		charge.GrantChargeTime: "按充电时长 the charging time",
		charge.GrantLotDecides: "由车场决定 the lot decides",
	}
	return text + "}` " + words[r.Grant]
}

// marks is the legend of confidence.
const marks = "标记 Mark: **D** 有文档 documented · **C** 见于公开代码 seen in public code · **I** 推断 inferred · " +
	"**U** 未知 unknown · **OD** 我们的假定 our assumption"

func (p *platformPage) fields() {
	p.section("5. 字段 · Fields")
	var rows [][]string
	for _, f := range p.info.Fields {
		rows = append(rows, []string{mono(" / ", append([]string{f.Name}, f.Aliases...)...), f.Chinese + "<br>" + f.Meaning,
			mono("", f.Unit), yes(f.Required), f.Mark})
	}
	p.table([]string{"字段 Field（或 or）", "含义 Meaning", "单位 Unit", "必须 Required", "标记 Mark"}, rows)
	if p.info.AskField != "" {
		p.para(p.askValues())
	}
	p.para(marks, p.units())
}

// askWords are what a value of the field that names the kind of reduction means.
var askWords = map[string]string{
	"time": "时长 time", "amount": "金额 amount", "free": "全免 free", "lot_decides": "车场决定 the lot decides",
	"rule":  "由对接的规则决定 the binding's rule decides",
	"named": "时长大于 0 则按时长，否则按金额 the time if it is above 0, else the amount",
	"there": "有时长按时长，否则有金额按金额，都没有则由车场决定 the time if it is there, else the amount if that is there, else the lot decides",
}

// askValues prints what the values of the field mean that names the kind of reduction.
func (p *platformPage) askValues() string {
	values := make([]string, len(p.info.Asks))
	for i, a := range p.info.Asks {
		value := "没有 left out"
		if a.Value != "" {
			value = "`" + a.Value + "`"
		}
		values[i] = value + " " + askWords[a.Means]
	}
	return "`" + p.info.AskField + "` 的取值 Values: " + strings.Join(values, " · ")
}

// unitWords explain the units of fields, in the order of the legend.
var unitWords = [][2]string{
	{"text", "北京时间 `yyyy-MM-dd HH:mm:ss` Asia/Shanghai"}, {"yyyyMMddHHmmss", "北京时间 Asia/Shanghai"},
	{"unix_s", "1970 年起的秒数 seconds since 1970"}, {"unix_ms", "1970 年起的毫秒数 milliseconds since 1970"},
	{"text_or_unix_ms", "`text` 或 or `unix_ms`"}, {"minutes", "分钟，不足一分钟进位 minutes, a started one counts"},
	{"seconds", "秒，不足一分钟进位 seconds, a started minute counts"}, {"yuan", "元 yuan"}, {"fen", "分 fen, 1/100 yuan"},
	{"kwh", "千瓦时 kWh"}, {"wh", "瓦时 Wh"}, {"unknown", "没人知道，只显示、不使用 not known: shown, never used"},
}

// units is the legend of the units that stand on the page.
func (p *platformPage) units() string {
	var known []string
	for _, u := range unitWords {
		if slices.ContainsFunc(p.info.Fields, func(f platform.FieldInfo) bool { return f.Unit == u[0] }) {
			known = append(known, "`"+u[0]+"` "+u[1])
		}
	}
	return "单位 Units: " + strings.Join(known, " · ")
}

// recipeWords are the texts that are digested; docs/add-a-platform.md has them too.
var recipeWords = map[string]string{
	"kv-md5-key": "按名称排序 sorted by name `a=1&b=2&key=SECRET`，空值参与 empty values take part; MD5, 大写 upper case",
	"kv-md5-md5key": "按名称排序 sorted by name `a=1&b=2&key=` + 密钥 MD5 的小写 the secret's MD5 in lower case，" +
		"空值不参与 blank values left out; MD5, 大写 upper case",
	"kv-md5-secret": "按名称排序 sorted by name `a=1&b=2&SECRET`，空值、对象和 `appId` 不参与 empty values, " +
		"objects and `appId` left out; MD5, 大写 upper case",
	"listed-md5-key": "几个字段按固定顺序拼成 `a=1&b=2&key=SECRET` some fields in a fixed order; MD5, 大写 upper case",
	"kv-hmac-md5":    "按名称排序 sorted by name `a=1&b=2`，null 不参与 null left out; HMAC-MD5, 小写 lower case",
}

// recipe prints how a push is signed, where the profile chooses it.
func (p *platformPage) recipe() error {
	if p.info.Recipe == "" {
		return nil
	}
	text := recipeWords[p.info.Recipe]
	if text == "" {
		return fmt.Errorf("recipe %s has no words", p.info.Recipe)
	}
	p.para("签名 Signature [`" + p.info.Recipe + "`](../add-a-platform.md): " + text)
	return nil
}

func (p *platformPage) departures() error {
	p.line("\n<a id=\"departures\"></a>")
	title := "8. 特点，以及假定 · What is special, and what is assumed"
	if p.info.Family == "cec" {
		title = "8. 与 T/CEC 102 的差别，以及假定 · Where it leaves T/CEC 102, and what is assumed"
	}
	p.section(title)
	comment, err := familyComment(p.info.Family)
	if err != nil {
		return err
	}
	p.para("类别 Family `"+p.info.Family+"`:", chineseFamilies[p.info.Family], comment)
	var notes []string
	for _, n := range p.info.Notes {
		zh, err := chineseNote(n)
		if err != nil {
			return err
		}
		notes = append(notes, zh+"<br>"+n)
	}
	p.para("这个平台 This platform:")
	p.list(notes...)
	return nil
}

// familyComment is the package comment of a family.
func familyComment(family string) (string, error) {
	dir := filepath.Join("platform", family)
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, family+".go"), nil,
		parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	if parsed.Doc == nil || chineseFamilies[family] == "" {
		return "", fmt.Errorf("family %s: a package comment and its Chinese in tools/docgen/chinese.go are both needed",
			family)
	}
	var d doc.Package
	return strings.TrimSpace(string(d.Markdown(parsed.Doc.Text()))), nil
}

// clear is a message without what it is wrapped in; empty where it is not wrapped.
func (p *platformPage) clear(body []byte) (string, error) {
	switch p.info.Family {
	case "cec":
		fields, err := seal.ReadObject(body)
		if err != nil {
			return "", err
		}
		data, _ := profile.Lookup(fields, "Data")
		sealed, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			return "", err
		}
		keys := p.fixture.account.Keys[0]
		plain, err := seal.DecryptCBC(keys["data_secret"], keys["data_secret_iv"], sealed)
		if err != nil {
			return "", err
		}
		return pretty(plain)
	case "open13":
		plain, err := base64.StdEncoding.DecodeString(string(body))
		if err != nil {
			return "", err
		}
		return pretty(plain)
	}
	return "", nil
}
