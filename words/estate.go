package words

// estateNotes say what a change of the estate changed, for the audit log. Fields and what they hold are called what the
// estate file calls them, unless a page puts its own names in their place.
var estateNotes = map[string]Text{
	"estate.new":         {"新增{kind} {id}", "{kind} {id}: new"},
	"estate.field":       {"· {field}：{to}", "· {field}: {to}"},
	"estate.set":         {"{kind} {id}：{field}设为“{to}”", "{kind} {id}: {field} set to {to}"},
	"estate.cleared":     {"{kind} {id}：{field}“{from}”已清除", "{kind} {id}: {field} {from} cleared"},
	"estate.changed":     {"{kind} {id}：{field}“{from}” → “{to}”", "{kind} {id}: {field} {from} → {to}"},
	"estate.key_set":     {"{kind} {id}：{field} 已设置", "{kind} {id}: {field} set"},
	"estate.key_changed": {"{kind} {id}：{field} 已更换", "{kind} {id}: {field} changed"},
	"estate.key_cleared": {"{kind} {id}：{field} 已清除", "{kind} {id}: {field} cleared"},

	"estate.once_a_stay": {
		"undated 为 once_a_stay：不含订单号和时间的推送，每次停车都会减免一次，谁重发都算；只有锁能挡住旧推送",
		"with undated: once_a_stay a push without order and times counts once in every stay, whoever sends it again; only " +
			"the lock keeps an old one out",
	},
	"estate.lock":    {"锁：{lock}", "the lock: {lock}"},
	"estate.no_lock": {"尚未加锁", "no lock is set"},
	"estate.live_early": {
		"转为正式后会真实抵扣停车费，而接入清单还没有全亮",
		"once live it takes money off, and the lot's checklist is not complete",
	},

	"setup.vendor":  {"厂商未登记", "the vendor is not registered"},
	"setup.key":     {"密钥未设置", "no key is set"},
	"setup.tariff":  {"计费规则未设置", "no tariff is set"},
	"setup.line":    {"长连接还没有登录过", "the line has not logged in yet"},
	"setup.entry":   {"还没有收到过入场", "no entry has come yet"},
	"setup.account": {"账号未启用", "the account is switched off"},
	"setup.rule":    {"没有生效的规则", "no rule is in force"},
	"setup.push":    {"还没有收到过推送", "no push has come yet"},
}
