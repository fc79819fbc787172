package estate

import (
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var zeroTime time.Time

var bindingColumns = []column[charge.Binding]{
	textColumn(Field{Name: "account", Type: TypeID, Required: true,
		English: "the account", Chinese: "平台账号"}, func(b *charge.Binding) *string { return &b.Account }),
	{Field{Name: "lot", Type: TypeLot, Required: true,
		English: "the lot", Chinese: "车场"},
		func(b *charge.Binding, n *node) { b.Lot = n.lot() },
		func(b *charge.Binding) *node { return textNode(b.Lot.String()) }},
	textColumn(Field{Name: "mode", Type: TypeEnum, Enum: []string{"live", "shadow", "off"},
		English: "live; shadow = decide and show, send nothing; off. A new binding is live, or shadow where the platform's protocol is assumed",
		Chinese: "live 正式；shadow 只判定不下发；off 停用。新建默认 live，协议为推定的平台默认 shadow"}, func(b *charge.Binding) *charge.BindingMode { return &b.Mode }),
	{Field{Name: "chargers", Type: TypeTexts,
		English: "aotexun: charger ids that stand for this lot, unique over everything", Chinese: "奥特迅：归属本车场的充电桩编号，全局唯一"},
		func(b *charge.Binding, n *node) { b.Chargers = n.texts() },
		func(b *charge.Binding) *node { return textsNode(b.Chargers) }},
	{Field{Name: "rule", Type: TypeVersions, Fields: fieldsOf(ruleColumns),
		English: "what is granted; a changed rule becomes a new version, a list gives several, oldest first",
		Chinese: "减免规则；修改后生成新版本，列表为多个版本（旧在前）"},
		func(b *charge.Binding, n *node) { b.Rules = appendRules(b.Rules, n.rules()) },
		func(b *charge.Binding) *node { return rulesNode(b.Rules) }},
}

var ruleColumns = []column[charge.Rule]{
	{Field{Name: "effective", Type: TypeTime,
		English: "the newest version effective at the charge's end decides; absent is always", Chinese: "生效时间；以充电结束时已生效的最新版本为准"},
		func(r *charge.Rule, n *node) { r.Effective = n.time() },
		func(r *charge.Rule) *node { return timeNode(r.Effective) }},
	textColumn(Field{Name: "grant", Type: TypeEnum, Required: true, Enum: []string{"as_pushed", "fixed", "charge_time", "lot_decides"},
		English: "where the reduction's size comes from", Chinese: "减免来源：按推送、固定、按充电时长、车场决定"}, func(r *charge.Rule) *charge.Grant { return &r.Grant }),
	{Field{Name: "minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "fixed: minutes granted", Chinese: "固定减免分钟"},
		func(r *charge.Rule, n *node) { r.Fixed.Method, r.Fixed.Minutes = charge.MethodTime, n.count() },
		func(r *charge.Rule) *node { return countNode(r.Fixed.Minutes) }},
	{Field{Name: "amount", Type: TypeYuan,
		English: "fixed: yuan granted", Chinese: "固定减免金额（元）"},
		func(r *charge.Rule, n *node) {
			r.Fixed.Method = charge.MethodAmount
			r.Fixed.Amount, _ = charge.ParseFen(n.text)
		},
		func(r *charge.Rule) *node {
			if r.Fixed.Method != charge.MethodAmount {
				return nil
			}
			return textNode(r.Fixed.Amount.String())
		}},
	{Field{Name: "free", Type: TypeBool,
		English: "fixed: the stay is free", Chinese: "固定减免：全免"},
		func(r *charge.Rule, n *node) {
			if n.yes() {
				r.Fixed.Method = charge.MethodFree
			}
		},
		func(r *charge.Rule) *node { return boolNode(r.Fixed.Method == charge.MethodFree) }},
	countColumn(Field{Name: "plus_minutes", Type: TypeCount, Max: maxMinutes,
		English: "charge_time: minutes added to the time charged", Chinese: "charge_time：在充电时长上增加的分钟"}, func(r *charge.Rule) *int64 { return &r.PlusMinutes }),
	countColumn(Field{Name: "min_charge_minutes", Type: TypeCount, Max: maxMinutes,
		English: "a shorter charge gets nothing", Chinese: "最短充电分钟，不足不减免"}, func(r *charge.Rule) *int64 { return &r.MinChargeMinutes }),
	{Field{Name: "min_energy_kwh", Type: TypeKWh,
		English: "a charge of less energy gets nothing", Chinese: "最少充电量（kWh），不足不减免"},
		func(r *charge.Rule, n *node) { r.MinEnergy, _ = charge.ParseEnergy(n.text) },
		func(r *charge.Rule) *node {
			if r.MinEnergy == 0 {
				return nil
			}
			return textNode(r.MinEnergy.String())
		}},
	countColumn(Field{Name: "cap_minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "most minutes of one stay, over all platforms", Chinese: "每次停车减免分钟上限（所有平台合计）"}, func(r *charge.Rule) *int64 { return &r.CapMinutes }),
	yuanColumn(Field{Name: "cap_amount", Type: TypeYuan,
		English: "most yuan of one stay, over all platforms", Chinese: "每次停车减免金额上限（所有平台合计）"}, func(r *charge.Rule) *charge.Fen { return &r.CapAmount }),
	textColumn(Field{Name: "combine", Type: TypeEnum, Enum: []string{"best", "sum", "first"}, Default: "best",
		English: "what several charges in one stay come to", Chinese: "同一停车多次充电：取最优、累加、仅首次"}, func(r *charge.Rule) *charge.Combine { return &r.Combine }),
	{Field{Name: "hold", Type: TypeDuration, Default: "2h",
		English: "how long a charge waits for a stay that is not there yet; 0 refuses at once", Chinese: "等待停车订单的时长；0 为立即拒绝"},
		func(r *charge.Rule, n *node) { r.HoldSeconds = n.seconds() },
		func(r *charge.Rule) *node { return durationNode(r.HoldSeconds) }},
	textColumn(Field{Name: "target", Type: TypeEnum, Enum: []string{"stay", "outer", "at_charge"}, Default: "stay",
		English: "nested 4G areas: which stay is reduced", Chinese: "4G 场中场：减免哪一笔停车订单"}, func(r *charge.Rule) *charge.Target { return &r.Target }),
}

func durationNode(seconds int64) *node {
	switch {
	case seconds == 0:
		return &node{kind: kindNumber, text: "0"}
	case seconds%3600 == 0:
		return textNode(fmt.Sprintf("%dh", seconds/3600))
	case seconds%60 == 0:
		return textNode(fmt.Sprintf("%dm", seconds/60))
	}
	return textNode(fmt.Sprintf("%ds", seconds))
}

// newRule is what a rule says before a file says anything.
func newRule() charge.Rule {
	return charge.Rule{
		Combine:     charge.CombineBest,
		HoldSeconds: int64(charge.DefaultHold / time.Second),
		Target:      charge.TargetStay,
	}
}

// rules reads one rule or a list of them.
func (n *node) rules() []charge.Rule {
	items := n.items
	if n.kind == kindMap {
		items = []*node{n}
	}
	list := make([]charge.Rule, len(items))
	for i, item := range items {
		list[i] = newRule()
		setAll(ruleColumns, &list[i], item)
	}
	return list
}

func rulesNode(rules []charge.Rule) *node {
	switch len(rules) {
	case 0:
		return nil
	case 1:
		return show(ruleColumns, &rules[0])
	}
	n := &node{kind: kindList}
	for i := range rules {
		n.items = append(n.items, show(ruleColumns, &rules[i]))
	}
	return n
}

// appendRules gives the versions with the new ones after them. Versions are never taken back: what the
// newest versions say already is not added again.
func appendRules(versions, told []charge.Rule) []charge.Rule {
	known := min(len(versions), len(told))
	for ; known > 0; known-- {
		if sameRules(versions[len(versions)-known:], told[:known]) {
			break
		}
	}
	next := append([]charge.Rule(nil), versions...)
	for _, r := range told[known:] {
		r.Version = len(next) + 1
		next = append(next, r)
	}
	return next
}

func sameRules(a, b []charge.Rule) bool {
	for i := range a {
		x, y := a[i], b[i]
		x.Version, y.Version = 0, 0
		if x != y {
			return false
		}
	}
	return true
}
