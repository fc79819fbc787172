package estate

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

var accountColumns = []column[charge.Account]{
	textColumn(Field{Name: "account", Type: TypeID, Required: true,
		English: "name of the account, chosen by you", Chinese: "账号名，自定"}, func(a *charge.Account) *string { return &a.ID }),
	textColumn(Field{Name: "platform", Type: TypeID, Required: true,
		English: "the charging platform's id", Chinese: "充电平台"}, func(a *charge.Account) *string { return &a.Platform }),
	{Field{Name: "scope", Type: TypeScope, Default: "platform",
		English: "how far the keys reach: platform, a union_id, or a lot; the narrowest that fits wins",
		Chinese: "适用范围：platform、厂商编号或车场；最窄者优先"},
		func(a *charge.Account, n *node) { a.Scope, _ = parseScope(n.text) },
		func(a *charge.Account) *node { return textNode(a.Scope.String()) }},
	{Field{Name: "keys", Type: TypeKeys,
		English: "the platform's keys by name; a key that is left out stays", Chinese: "平台密钥；未写的保持不变"},
		func(a *charge.Account, n *node) { a.Keys = n.mergeKeys(a.Keys) },
		func(a *charge.Account) *node { return keysNode(a.Keys) }},
	{Field{Name: "old_keys", Type: TypeKeys, Fields: []Field{{Name: "until", Type: TypeTime,
		English: "both sets are valid until then", Chinese: "新旧密钥同时有效至"}},
		English: "former keys while the platform takes up new ones; {} ends it", Chinese: "更换期间仍有效的旧密钥"},
		func(a *charge.Account, n *node) {
			a.OldKeys = n.mergeKeys(a.OldKeys)
			if until := n.get("until"); until != nil {
				a.OldUntil = until.time()
			}
			if a.OldKeys == nil {
				a.OldUntil = time.Time{}
			}
		},
		func(a *charge.Account) *node {
			n := keysNode(a.OldKeys)
			if n != nil {
				n.put("until", timeNode(a.OldUntil))
			}
			return n
		}},
	textColumn(Field{Name: "clock", Type: TypeEnum, Enum: []string{"off", "warn", "enforce"}, Default: "warn",
		English: "a push whose own time is more than 15 minutes off: taken, taken with a warning, refused",
		Chinese: "推送时间偏差超过 15 分钟：忽略、告警、拒绝"}, func(a *charge.Account) *charge.ClockMode { return &a.Clock }),
	{Field{Name: "report", Type: TypeObject, Fields: fieldsOf(reportColumns),
		English: "where the platform wants to hear what was really taken off; {} ends it",
		Chinese: "实际减免结果回传"},
		func(a *charge.Account, n *node) {
			next := charge.ReportTarget{}
			if a.Report != nil {
				next = *a.Report
			}
			a.Report = nil
			if len(n.pairs) > 0 {
				setAll(reportColumns, &next, n)
				a.Report = &next
			}
		},
		func(a *charge.Account) *node {
			if a.Report == nil {
				return nil
			}
			return show(reportColumns, a.Report)
		}},
	{Field{Name: "allow_from", Type: TypePrefixes,
		English: "lock by address: pushes are taken from here only", Chinese: "来源地址锁：仅接受这些地址段的推送"},
		func(a *charge.Account, n *node) { a.AllowFrom = n.prefixes() },
		func(a *charge.Account) *node { return prefixesNode(a.AllowFrom) }},
	secretColumn(Field{Name: "path_token", Type: TypeSecret,
		English: "lock by path: one more path segment, a secret of 128 bits or more; the bare path is refused then",
		Chinese: "路径锁：附加在地址后的密文，至少 128 位；配置后裸地址被拒绝"}, func(a *charge.Account) *charge.Secret { return &a.PathToken }),
	{Field{Name: "formerly", Type: TypeTexts,
		English: "earlier names of this account, each switched off: their order numbers stay taken",
		Chinese: "本账号的旧名称（须已停用）：其订单号继续有效"},
		func(a *charge.Account, n *node) { a.Formerly = n.texts() },
		func(a *charge.Account) *node { return textsNode(a.Formerly) }},
	textColumn(Field{Name: "undated", Type: TypeEnum, Enum: []string{"refuse", "once_a_stay"}, Default: "refuse",
		English: "pushes that carry no order and no times: refused, or one grant a stay; the latter needs a lock, " +
			"which is all that keeps an old push out",
		Chinese: "不含订单号和时间的推送：refuse 拒绝；once_a_stay 每次停车最多减免一次，须加锁，因为只有锁能挡住旧推送"},
		func(a *charge.Account) *charge.UndatedMode { return &a.Undated }),
	stateColumn(func(a *charge.Account) *bool { return &a.Off }),
}

var reportColumns = []column[charge.ReportTarget]{
	textColumn(Field{Name: "url", Type: TypeURL, Required: true,
		English: "base address; /query_token and /notification_park_order_consumed are appended",
		Chinese: "基础地址，自动附加 /query_token 与 /notification_park_order_consumed"},
		func(r *charge.ReportTarget) *string { return &r.URL }),
	{Field{Name: "keys", Type: TypeKeys,
		English: "keys that differ from the account's", Chinese: "与账号不同的密钥"},
		func(r *charge.ReportTarget, n *node) { r.Keys = n.mergeKeys(r.Keys) },
		func(r *charge.ReportTarget) *node { return keysNode(r.Keys) }},
	{Field{Name: "allow_to", Type: TypePrefixes,
		English: "private, loopback or link-local addresses that reports may go to", Chinese: "允许回传到的内网地址段"},
		func(r *charge.ReportTarget, n *node) { r.AllowTo = n.prefixes() },
		func(r *charge.ReportTarget) *node { return prefixesNode(r.AllowTo) }},
}
