package estate

import "github.com/chargestamp/chargestamp/charge"

var bindingColumns = []column[charge.Binding]{
	textColumn(Field{Name: "account", Type: TypeID, Required: true,
		English: "the account", Chinese: "平台账号"}, func(b *charge.Binding) *string { return &b.Account }),
	{Field{Name: "lot", Type: TypeLot, Required: true,
		English: "the lot", Chinese: "车场"},
		func(b *charge.Binding, n *node) { b.Lot = n.lot() },
		func(b *charge.Binding) *node { return textNode(b.Lot.String()) }},
	textColumn(Field{Name: "mode", Type: TypeEnum, Enum: []string{"live", "shadow", "off"},
		English: "live; shadow = decide and show, send nothing; off. A new binding is live, " +
			"or shadow where the platform's protocol is assumed",
		Chinese: "live 正式；shadow 只判定不下发；off 停用。新建默认 live，协议为推定的平台默认 shadow"},
		func(b *charge.Binding) *charge.BindingMode { return &b.Mode }),
	{Field{Name: "chargers", Type: TypeTexts,
		English: "aotexun: charger ids that stand for this lot, unique over everything", Chinese: "奥特迅：归属本车场的充电桩编号，全局唯一"},
		func(b *charge.Binding, n *node) { b.Chargers = n.texts() },
		func(b *charge.Binding) *node { return textsNode(b.Chargers) }},
	{Field{Name: "stations", Type: TypeTexts,
		English: "the platform's own station ids that stand for this lot, for platforms that know no lot key; " +
			"unique within the issuer",
		Chinese: "归属本车场的充电站编号（平台自己的编号），用于推送中没有车场编号的平台；同一发号方内唯一"},
		func(b *charge.Binding, n *node) { b.Stations = n.texts() },
		func(b *charge.Binding) *node { return textsNode(b.Stations) }},
	{Field{Name: "rule", Type: TypeVersions, Fields: fieldsOf(ruleColumns),
		English: "what is granted; a changed rule becomes a new version, a list holds several, oldest first",
		Chinese: "减免规则；修改后生成新版本，列表为多个版本（旧在前）"},
		func(b *charge.Binding, n *node) { b.Rules = appendRules(b.Rules, n.rules()) },
		func(b *charge.Binding) *node { return rulesNode(b.Rules) }},
}
