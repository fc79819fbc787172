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
	p.para("内置十四家；没有列出的，见[不用编译接入第十五家](../add-a-platform.md)。 Fourteen are built in; for one that is not, see [add a platform without a build](../add-a-platform.md).")
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
		rows = append(rows, []string{strconv.Itoa(i.Number), fmt.Sprintf("[%s %s](%s.md)", i.Title, i.English, i.ID), mono("", i.ID), mono("", i.Family),
			lotKey(i), strings.Join(kinds, " "), strings.Join(grants, "<br>"), keyNames(i), string(i.Evidence)})
	}
	p.table([]string{"#", "平台 Platform", "id", "类别 Family", "车场字段 Lot key", "车场类型 Kinds", "减免 Grants", "密钥 Keys", "依据 Evidence"}, rows)
	p.section("依据的等级 · Levels of evidence")
	var levels []string
	for _, e := range []platform.Evidence{platform.EvidenceDocumented, platform.EvidenceObserved, platform.EvidenceInferred, platform.EvidenceAssumed} {
		levels = append(levels, mono("", string(e))+" "+evidences[e])
	}
	p.list(levels...)
	return p.Bytes()
}

func lotKey(i platform.Info) string {
	if i.LotField == "" {
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
