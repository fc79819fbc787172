package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
)

// platformTable is docs/platforms/README.md.
func platformTable(infos []platform.Info) []byte {
	p := newPage("充电平台 · Charging platforms", "the platforms' profiles")
	p.para("内置十八家；没有列出的，见[不用编译再接入一家](../add-a-platform.md)。" +
		" Eighteen are built in; for one that is not, see [add a platform without a build](../add-a-platform.md).")
	var rows [][]string
	for _, i := range infos {
		kinds := make([]string, len(i.Kinds))
		for n, k := range i.Kinds {
			kinds[n] = string(k)
		}
		grants := make([]string, len(i.Grants))
		for n, g := range i.Grants {
			grants[n] = grantWords[g]
		}
		rows = append(rows, []string{strconv.Itoa(i.Number), fmt.Sprintf("[%s %s](%s.md)", i.Title, i.English, i.ID),
			mono("", i.ID), mono("", i.Family),
			lotKey(i), strings.Join(kinds, " "), strings.Join(grants, "<br>"), keyNames(i), string(i.Evidence)})
	}
	p.table([]string{"#", "平台 Platform", "id", "类别 Family", "车场字段 Lot key", "车场类型 Kinds", "减免 Grants", "密钥 Keys",
		"依据 Evidence"}, rows)
	p.section("依据的等级 · Levels of evidence")
	var levels []string
	for _, e := range []platform.Evidence{platform.EvidenceDocumented, platform.EvidenceObserved,
		platform.EvidenceInferred, platform.EvidenceAssumed} {
		levels = append(levels, mono("", string(e))+" "+evidences[e])
	}
	p.list(levels...)
	p.section("字段的标记 · Marks of fields")
	p.para("平台页的字段表里，每个字段有一个标记，说明我们凭什么这样读它。 In the platforms' tables each field has a mark for its evidence.")
	p.list(
		"**D** 有公开文档。Documented: a published page says so.",
		"**C** 见于与该平台对接的公开代码。Code: public code that talks to the platform reads or sends it so.",
		"**I** 由 D、C 推断。Inferred from D or C.",
		"**U** 未知：找过，没有找到。Unknown: looked for and not found.",
		"**OD** 我们自己的假定，上线前请核对。Our decision where nothing is known: compare with the platform's paper before going live.")
	p.para("同一个数字、时间，平台写法不一，怎么读见[数字与时间的写法](../numbers.md)。 " +
		"Senders write numbers and times in many ways: [how each is read](../numbers.md).")
	p.section("公开来源 · Published sources")
	p.para("每个平台页的开头列出自己的来源；下面是共用的。 Each page names its own at the top; these are common to several.")
	var sources [][]string
	for _, s := range commonSources {
		sources = append(sources, []string{s.what, s.where})
	}
	p.table([]string{"内容 What", "在哪里 Where"}, sources)
	p.section("没有内置的 · Not built in")
	p.para("找过公开的推送文档和代码，没有找到完整的；有文档的欢迎按上面的页面写成配置。 Looked for; no push of theirs is public as a whole.")
	p.table([]string{"平台 Platform", "找到的 What was found"}, [][]string{
		{"特斯拉", "不推送；各场地固定免停时长，用固定规则 pushes nothing: fixed hours for each place, a fixed rule"},
		{"小鹏", "只有一条常见问题 a line in its help pages"},
		{"鲸率充电", "公开的接收方只有名称 its name alone in a receiver"},
		{"理想、快电、能链、国网 e充电、南网顺易充、铁塔、依威、挚达、绿捷、华为、蔚景云、驴充充、电享", "没有 nothing"},
	})
	return p.Bytes()
}

// commonSources are what several platforms were written from.
var commonSources = []struct{ what, where string }{
	{"前十四家平台的地址、密钥、车场编号和减免方式 paths, keys, lot keys and grants of the first fourteen",
		"<https://www.kancloud.cn/mypublic/xhr-jszl/2663364>; 新版的开头几行 the beginning of a newer edition: " +
			"<https://www.kancloud.cn/bolink/charge/1476038>"},
	{"信封、加密、签名、返回码、令牌 envelope, cipher, signature, codes, access token (`cec`)",
		"T/CEC 102.4-2016, 标准全文不公开 the text is not public; 联调问题和示例 notes of joint tests with worked examples: " +
			"<https://blog.csdn.net/flainsky/article/details/141026567>, " +
			"<https://blog.csdn.net/flainsky/article/details/140960007>"},
	{"发送方的公开代码 public code of senders",
		"<https://github.com/xcharge/phusion>, <https://github.com/java110/MicroCommunity>"},
	{"接收方的公开代码 public code of a receiver (15, 17, 18)", "<https://github.com/cheng1shao2yong/yunqi-smart-parking>"},
	{"车场侧的接口 the car parks' interfaces (2.34, 3.11, 3.25, 3.36, 5.14 …)",
		"[车场侧的公开接口 the car parks' published interfaces](../lots/README.md)"},
}

func lotKey(i platform.Info) string {
	switch {
	case i.ByStation:
		return mono("", i.LotField) + " = 站点编号 station id"
	case i.LotField == "":
		return "充电桩编号 charger id"
	}
	forms := make([]string, len(i.Separators))
	for n, s := range i.Separators {
		forms[n] = "U" + s + "P"
	}
	return mono("", i.LotField) + " = " + mono(" / ", forms...)
}

func keyNames(i platform.Info) string {
	switch i.Issuer {
	case platform.IssuerVendor:
		return "厂商的 the vendor's `ukey`"
	case platform.IssuerLot:
		return "车场的 the lot's `ckey`"
	}
	names := make([]string, len(i.Keys))
	for n, k := range i.Keys {
		names[n] = k.Name
	}
	text := mono("<br>", names...)
	if i.NeedsLock {
		text += "<br>+ 锁 a lock"
	}
	return text
}
