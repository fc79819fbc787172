package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/platform"
)

// try prints an estate that is complete and the commands to try it with.
func (p *platformPage) try() {
	p.section("9. 试一试 · Try it")
	p.para(fmt.Sprintf("完整的配置，可原样应用（`docs/examples/platforms/%s.yaml`）。 A complete estate, to be applied as it stands.",
		p.info.ID))
	p.code("yaml", p.estate())
	p.para("网关要先运行 The gateway runs (`bin/chargestamp serve`, `CHARGESTAMP_TOKEN`; " +
		"[README](../../README.md#quick-start)):")
	p.code("sh", p.pushLines())
	p.para("推送被拒时，抓下原始请求交给诊断，不需要服务器。 When a push is refused, give the captured request to the doctor; it needs no server.")
	p.code("sh", p.checkLine())
}

func (p *platformPage) keysPath() string {
	return "docs/examples/platforms/" + p.info.ID + "-keys.yaml"
}

func (p *platformPage) pushLines() string {
	push := fmt.Sprintf("bin/chargestamp push %s --keys %s --lot %s --plate 京AD06088", p.info.ID, p.keysPath(),
		p.lot)
	switch {
	case p.info.ByStation:
		push += " --charger " + p.fixture.message.Charge.Chargers[0]
	case p.info.LotField == "":
		push += " --charger " + p.fixture.message.Charge.Chargers[0] + " --minutes 30"
	case p.names(platform.GrantTime) && p.fixture.message.Charge.Ask.Method == charge.MethodTime:
		push += " --minutes 30"
	}
	lines := "bin/chargestamp apply -f docs/examples/platforms/" + p.info.ID + ".yaml\n" + push + "\n"
	if p.signs() {
		lines += "bin/chargestamp charges\n" + push + " --break sig    # 签名错误时 what a wrong signature gets"
	} else {
		lines += "bin/chargestamp charges\n" + push + " --break body    # 报文残缺时 what a body cut short gets"
	}
	return lines
}

func (p *platformPage) names(g platform.GrantKind) bool { return slices.Contains(p.info.Grants, g) }

// signs reports whether pushes with the example's keys are signed.
func (p *platformPage) signs() bool { return !p.info.NeedsLock && !p.needsLock() }

// needsLock reports whether the example's account needs a lock.
func (p *platformPage) needsLock() bool {
	return p.info.NeedsLock || p.info.LockUnless != "" && p.fixture.account.Keys[0][p.info.LockUnless] == ""
}

func (p *platformPage) checkLine() string {
	return fmt.Sprintf("bin/chargestamp check %s --keys %s --at %s %s/finished/push.http",
		p.info.ID, p.keysPath(), p.fixture.at.Format(time.RFC3339), p.fixture.dir)
}

// keyFile is the YAML map of the example's keys, for push and check.
func (p *platformPage) keyFile() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Printed by make generate. Invented keys of %s, for docs/platforms/%s.md: make your own.\n",
		p.info.Title, p.info.ID)
	keys := p.fixture.keys()
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&b, "%s: %q\n", name, keys[name])
	}
	return b.String()
}

// estate is a complete estate file in which the example's push counts.
func (p *platformPage) estate() string {
	var b strings.Builder
	place, keys := p.lot, p.fixture.keys()
	secret := func(name, other string) string {
		if keys[name] != "" {
			return keys[name]
		}
		return other
	}
	fmt.Fprintf(&b, "# Printed by make generate. %s, docs/platforms/%s.md. "+
		"Invented keys: make your own.\nversion: 1\nvendors:\n", p.info.Title, p.info.ID)
	open := ""
	if p.info.OpenInterface {
		open = ", open_interface: true"
	}
	fmt.Fprintf(&b, "  - {union_id: %q, name: 示例停车, ukey: %q%s}\n", place.Union, secret("ukey", "6E1D9B4C7A3F5820"), open)
	kind := charge.KindSDK
	if !slices.Contains(p.info.Kinds, kind) {
		kind = p.info.Kinds[0]
	}
	fmt.Fprintf(&b, "lots:\n  - lot: %q\n    name: 一号场\n    kind: %s\n    ckey: %q\n", place, kind,
		secret("ckey", "9F3C5A7E1B2D4860"))
	if lot.KindOf(kind).NeedsTariff {
		b.WriteString("    tariff: {free_minutes: 15, unit_minutes: 60, unit_price: \"5.00\", daily_cap: \"40.00\", " +
			"leave_minutes: 15}\n")
	}
	fmt.Fprintf(&b, "accounts:\n  - account: %s-main\n    platform: %[1]s\n    scope: platform\n", p.info.ID)
	p.accountKeys(&b)
	p.binding(&b, place)
	return b.String()
}

func (p *platformPage) accountKeys(b *strings.Builder) {
	var lines []string
	for _, k := range p.info.Keys {
		if v := p.fixture.keys()[k.Name]; v != "" {
			lines = append(lines, fmt.Sprintf("      %s: %q\n", k.Name, v))
		}
	}
	if len(lines) > 0 {
		b.WriteString("    keys:\n" + strings.Join(lines, ""))
	}
	if p.needsLock() {
		b.WriteString("    allow_from: [\"127.0.0.1/32\"]   # 平台的出口地址 the addresses that the platform calls from\n")
	}
	if _, ok := p.dialect.(platform.Reporter); ok {
		b.WriteString("    # report: {url: \"https://platform.example/api\"}   # 出场后回传 where to tell what was taken off\n")
	}
}

func (p *platformPage) binding(b *strings.Builder, lot charge.LotID) {
	fmt.Fprintf(b, "bindings:\n  - account: %s-main\n    lot: %q\n", p.info.ID, lot)
	if p.info.Evidence == platform.EvidenceAssumed {
		b.WriteString("    mode: live   # 试用；不写则为试运行 for this trial; left out it is shadow\n")
	}
	switch {
	case p.info.ByStation:
		fmt.Fprintf(b, "    stations: [%q]\n", p.fixture.message.Charge.Chargers[0])
	case p.info.LotField == "":
		fmt.Fprintf(b, "    chargers: [%q]\n", pileOf(p.fixture.message.Charge.Chargers))
	}
	switch {
	case p.info.Default == nil:
		b.WriteString("    rule: {grant: fixed, minutes: 120}\n")
	case p.info.Default.Grant == charge.GrantAsPushed:
		b.WriteString("    rule: {grant: as_pushed, cap_minutes: 120}\n")
	default:
		fmt.Fprintf(b, "    rule: {grant: %s%s}\n", p.info.Default.Grant, plus(p.info.Default.PlusMinutes))
	}
}

func plus(minutes int64) string {
	if minutes == 0 {
		return ""
	}
	return fmt.Sprintf(", plus_minutes: %d", minutes)
}

// pileOf is the pile of a gun that was pushed, where the push names it too: what people read on the pile.
func pileOf(pushed []string) string {
	for _, id := range pushed[1:] {
		if strings.HasPrefix(pushed[0], id) {
			return id
		}
	}
	return pushed[0]
}
