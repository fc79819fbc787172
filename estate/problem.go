package estate

import (
	"fmt"
	"sort"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// Error is one thing that is wrong in an estate file. It quotes no secret.
type Error struct {
	File  string
	Line  int    // 0 where the thing stands in no file: it was stored before
	Thing string // "lot 200461/1313", or "lots[2]" where it has no good name; empty for the file itself
	Field string // "rule.grant"; empty for the thing itself
	Code  Code
	args  []any
}

// Error returns file, line, thing, field, reason and what to do, in English.
func (e Error) Error() string { return e.place() + e.In("en") }

// In returns reason and what to do in "zh" or else English, without the place.
func (e Error) In(lang string) string {
	return e.Named(lang, func(name string) string { return name })
}

// Named is In with the names of fields and of choices as a form calls them: name puts one name of the file, "grant" or
// "charge_time", into other words.
func (e Error) Named(lang string, name func(string) string) string {
	m := messages[e.Code]
	args := make([]any, len(e.args))
	for i, arg := range e.args {
		switch a := arg.(type) {
		case message:
			arg = a.in(lang)
		case fileWords:
			arg = named(string(a), name)
		}
		args[i] = arg
	}
	return fmt.Sprintf(named(m.in(lang), name), args...)
}

// fileWords is an argument that holds names of the file between backticks, as the messages do.
type fileWords string

// fileWord marks one name.
func fileWord[T ~string](name T) fileWords { return fileWords("`" + string(name) + "`") }

// named replaces what stands between backticks; of "free: true" both sides are names.
func named(text string, name func(string) string) string {
	parts := strings.Split(text, "`")
	for i := 1; i < len(parts); i += 2 {
		field, value, both := strings.Cut(parts[i], ": ")
		if parts[i] = name(field); both {
			parts[i] += ": " + name(value)
		}
	}
	return strings.Join(parts, "")
}

func (e Error) place() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Thing != "" {
		b.WriteString(e.Thing + ": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field + " ")
	}
	return b.String()
}

// Errors is everything that is wrong in an estate file, by line.
type Errors []Error

// Error returns one line per error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i := range e {
		lines[i] = e[i].Error()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the errors by line, or nil as an error where there are none.
func (e Errors) sorted() error {
	if len(e) == 0 {
		return nil
	}
	sort.SliceStable(e, func(i, j int) bool { return e[i].Line < e[j].Line })
	return e
}

// Code names a kind of error.
type Code string

// Codes of errors. Each text below says what is wrong and what to do.
const (
	CodeSyntax        Code = "syntax"
	CodeEncoding      Code = "encoding"
	CodeVersion       Code = "version"
	CodeUnknownKey    Code = "unknown_key"
	CodeTwice         Code = "twice"
	CodeSame          Code = "same"
	CodeMissing       Code = "missing"
	CodeType          Code = "type"
	CodeEnum          Code = "enum"
	CodeRange         Code = "range"
	CodeQuotes        Code = "quotes"
	CodeZone          Code = "zone"
	CodeHostBits      Code = "host_bits"
	CodeEverywhere    Code = "everywhere"
	CodeWide          Code = "wide"
	CodeSecretForm    Code = "secret_form"
	CodeSecretSpace   Code = "secret_space"
	CodeSecretEnv     Code = "secret_env"
	CodeSecretFile    Code = "secret_file"
	CodeSecretHere    Code = "secret_here"
	CodeNoVendor      Code = "no_vendor"
	CodeNoLot         Code = "no_lot"
	CodeNoAccount     Code = "no_account"
	CodeNoParent      Code = "no_parent"
	CodeParentCycle   Code = "parent_cycle"
	CodeTooManyAreas  Code = "too_many_areas"
	CodeOnlyKind      Code = "only_kind"
	CodeNeedsTariff   Code = "needs_tariff"
	CodeTariff        Code = "tariff"
	CodeNeedsCallback Code = "needs_callback"
	CodeNeedsUkey     Code = "needs_ukey"
	CodeNeedsCkey     Code = "needs_ckey"
	CodeStays4G       Code = "stays_4g"
	CodePrivate       Code = "private"
	CodeOldUntil      Code = "old_until"
	CodePlatform      Code = "platform"
	CodePlatformFixed Code = "platform_fixed"
	CodeNoProfile     Code = "no_profile"
	CodeUnknownName   Code = "unknown_name"
	CodeNoKeys        Code = "no_keys"
	CodeNeedsKey      Code = "needs_key"
	CodeKeyLength     Code = "key_length"
	CodeNeedsLock     Code = "needs_lock"
	CodeTokenWeak     Code = "token_weak"
	CodeTokenForm     Code = "token_form"
	CodeNoReport      Code = "no_report"
	CodeUndatedLock   Code = "undated_lock"

	CodeFormerlyUnknown  Code = "formerly_unknown"
	CodeFormerlyPlatform Code = "formerly_platform"
	CodeFormerlyCircle   Code = "formerly_circle"
	CodeFormerlyLive     Code = "formerly_live"

	CodeNeedsTarget   Code = "needs_target"
	CodeNeedsAddress  Code = "needs_address"
	CodeTargetGone    Code = "target_gone"
	CodeCouponGrant   Code = "coupon_grant"
	CodeCouponReplace Code = "coupon_replace"
	CodeCouponUnsafe  Code = "coupon_unsafe"
	CodeCouponStays   Code = "coupon_stays"

	CodeTwins         Code = "twins"
	CodeScope         Code = "scope"
	CodeLotKind       Code = "lot_kind"
	CodeOpenInterface Code = "open_interface"
	CodeNeedsChargers Code = "needs_chargers"
	CodeNoChargers    Code = "no_chargers"
	CodeChargerTaken  Code = "charger_taken"
	CodeNeedsStations Code = "needs_stations"
	CodeStationTaken  Code = "station_taken"
	CodeCkeyTaken     Code = "ckey_taken"
	CodeChargerBegins Code = "charger_begins"
	CodeUnitUnknown   Code = "unit_unknown"
	CodeNeedsRule     Code = "needs_rule"
	CodeFixedOne      Code = "fixed_one"
	CodeOnlyGrant     Code = "only_grant"
	CodeZeroCap       Code = "zero_cap"
	CodeGrant         Code = "grant"
	CodeGrant4G       Code = "grant_4g"
	CodeGrant336      Code = "grant_336"
	CodeTarget        Code = "target"
	CodeOnly4G        Code = "only_4g"
	CodeStepsNone     Code = "steps_none"
	CodeStepFrom      Code = "step_from"
	CodeStepOne       Code = "step_one"
	CodeStepMixed     Code = "step_mixed"
	CodeStepOrder     Code = "step_order"
	CodeDayEmpty      Code = "day_empty"
	CodeDayUnit       Code = "day_unit"
)

type message struct{ english, chinese string }

func (m message) in(lang string) string {
	if lang == "zh" {
		return m.chinese
	}
	return m.english
}

// messages has a text in both languages for every code; both take the same arguments. Names of fields and choices stand
// between backticks, which are not shown: see Error.Named.
var messages = map[Code]message{
	CodeEncoding:   {"is not UTF-8, most likely GBK: save the file as UTF-8", "不是 UTF-8 编码，多半是 GBK：请另存为 UTF-8"},
	CodeSyntax:     {"cannot be read: %s", "无法读取：%s"},
	CodeVersion:    {"is missing or unknown: write version: 1 at the top", "缺失或未知：请在开头写 version: 1"},
	CodeUnknownKey: {"has an unknown key %q; known here: %s", "含未知键 %q；此处可用：%s"},
	CodeTwice:      {"is given twice, first on line %d; keep one", "重复，首次出现于第 %d 行；请保留一个"},
	CodeSame:       {"stands in this file twice, first on line %d; keep one", "在文件中重复，首次出现于第 %d 行；请保留一个"},
	CodeMissing:    {"is missing; add it", "缺失；请补充"},
	CodeType:       {"must be %s", "必须是：%s"},
	CodeEnum:       {"is %q; write one of %s", "为 %q；可选：%s"},
	CodeRange:      {"must be a whole number from %d to %d", "必须是 %d 到 %d 的整数"},
	CodeQuotes:     {"must be a text in quotes, such as %s", "必须是带引号的文本，例如 %s"},
	CodeZone:       {"is %q, a time without a zone; write it as %q", "为 %q，缺少时区；请写成 %q"},
	CodeHostBits:   {"holds %q, which is not an address prefix; write %q", "含 %q，不是地址段；请写成 %q"},
	CodeEverywhere: {"holds %q, which is everywhere; name the real addresses", "含 %q，等于不限；请写实际地址段"},
	CodeWide: {
		"holds %q, which is too much of the internet: the widest prefix is a /8, of IPv6 a /16; name the real addresses",
		"含 %q，范围过大：IPv4 最宽 /8，IPv6 最宽 /16；请写实际地址段",
	},
	CodeSecretForm:  {"must be a text in quotes, {env: NAME} or {file: PATH}", "必须是带引号的文本、{env: 变量名} 或 {file: 路径}"},
	CodeSecretSpace: {"has spaces around it; take them out", "首尾含空格；请去掉"},
	CodeSecretEnv: {
		"names the environment variable %s, which is not set; set it or write the secret another way",
		"引用的环境变量 %s 未设置；请设置或改用其他写法",
	},
	CodeSecretFile: {
		"names the file %s, which cannot be read or is empty; mend it or write the secret another way",
		"引用的文件 %s 无法读取或为空；请修正或改用其他写法",
	},
	CodeSecretHere: {
		"names an environment variable or a file, which is not looked up here; apply the file with chargestamp apply",
		"引用了环境变量或文件，此处不解析；请用 chargestamp apply 提交",
	},
	CodeNoVendor: {"belongs to vendor %s, which does not exist; add the vendor", "所属厂商 %s 不存在；请先添加厂商"},
	CodeNoLot:    {"names lot %s, which does not exist; add the lot or mend the number", "引用的车场 %s 不存在；请添加车场或修正编号"},
	CodeNoAccount: {
		"names account %s, which does not exist; add the account or mend the name",
		"引用的账号 %s 不存在；请添加账号或修正名称",
	},
	CodeNoParent: {
		"names lot %s, which is not a 4g lot of this estate; add it or leave `parent` out",
		"外场 %s 不是已配置的 4g 车场；请添加或去掉 `parent`",
	},
	CodeParentCycle: {"leads back to the lot itself (%s); mend the chain of parents", "外场关系成环（%s）；请修正"},
	CodeTooManyAreas: {
		"is the parent of %d lots; it may be that of %d, so leave areas out or give them another parent",
		"有 %d 个场中场，最多 %d 个；请减少或改换外场",
	},
	CodeOnlyKind: {"is only for %s lots; take it out", "仅用于 %s 车场；请去掉"},
	CodeNeedsTariff: {
		"is missing: a 4g lot needs one; add `unit_minutes` and `unit_price`, or `periods`",
		"缺失：4g 车场必须配置；请填写 `unit_minutes` 与 `unit_price`，或 `periods`",
	},
	CodeTariff:        {"is not usable: %s", "不可用：%s"},
	CodeNeedsCallback: {"is missing: an api lot needs one, its own or its vendor's", "缺失：api 车场必须有自己的或厂商的回调地址"},
	CodeNeedsUkey:     {"needs the `ukey` of vendor %s; add it there", "需要厂商 %s 的 `ukey`；请在厂商处填写"},
	CodeNeedsCkey:     {"is missing: %s needs one", "缺失：%s 必须配置"},
	CodeStays4G: {
		"cannot be `none`: a 4g lot is all about its stays; write `required`",
		"不能为 `none`：4g 车场必须有停车订单；请写 `required`",
	},
	CodePrivate: {
		"goes to %s, which is not a public address; if it is meant, list %q in `allow_to`",
		"指向 %s，非公网地址；如确需，请在 `allow_to` 中写 %q",
	},
	CodeOldUntil:      {"needs both the former key and `until`", "需要同时填写旧密钥与 `until`"},
	CodePlatform:      {"is %q; write one of %s", "为 %q；可选：%s"},
	CodePlatformFixed: {"was %s and cannot become another one; make a new account", "原为 %s，不可更改；请新建账号"},
	CodeNoProfile: {
		"platform %s has no profile any more; put its file back into platforms.dir and restart, or " +
			"write state: off at account %s",
		"平台 %s 的配置文件已不存在；请放回 platforms.dir 并重启，或给账号 %s 写上 state: off",
	},
	CodeUnknownName: {"has an unknown key %q; %s has: %s", "含未知密钥名 %q；%s 的密钥有：%s"},
	CodeNoKeys:      {"has an unknown key %q; %s has no keys of its own", "含未知密钥名 %q；%s 没有自己的密钥"},
	CodeNeedsKey:    {"is missing: %s needs it; add it", "缺失：%s 必须配置；请补充"},
	CodeKeyLength: {
		"must be %d bytes and is %d; copy it again from the platform's paper",
		"必须为 %d 字节，现为 %d 字节；请按平台资料重新填写",
	},
	CodeNeedsLock: {
		"needs a lock, because nothing in %s pushes proves the sender: add `allow_from` or `path_token`%s",
		"需要加锁，因为 %s 的推送无法证明来源：请填写 `allow_from` 或 `path_token`%s",
	},
	CodeTokenWeak: {
		"is weaker than 128 bits; make one with: openssl rand -hex 16",
		"强度不足 128 位；可用 openssl rand -hex 16 生成",
	},
	CodeTokenForm: {
		"must be made of letters, digits, - . _ ~ to stand in an address; make one with: openssl rand -hex 16",
		"只能含字母、数字和 - . _ ~；可用 openssl rand -hex 16 生成",
	},
	CodeNoReport: {"is not possible: %s takes no reports; take it out", "不可用：%s 不接收结果回传；请去掉"},
	CodeTwins: {
		"cannot be told apart from account %s by any push: same platform, operator and scope; " +
			"switch one off or narrow its scope",
		"与账号 %s 的平台、运营商、范围都相同，推送无法区分；请停用其一或缩小范围",
	},
	CodeScope: {
		"is outside the scope %s of account %s; widen the scope or bind another account",
		"不在范围 %s（账号 %s）之内；请扩大范围或换用其他账号",
	},
	CodeLotKind: {
		"is a %s lot, and %s works with %s only; take the binding out or switch it off",
		"为 %s 车场，而 %s 仅支持 %s；请去掉或停用该对接",
	},
	CodeOpenInterface: {"needs `open_interface: true` at vendor %s", "需要厂商 %s 设置 `open_interface: true`"},
	CodeNeedsChargers: {
		"is missing: %s names chargers, not lots; list this lot's charger ids",
		"缺失：%s 按充电桩识别车场；请列出本车场的桩编号",
	},
	CodeNoChargers: {"is not for %s, which names the lot itself; take it out", "不适用于 %s（推送中已含车场）；请去掉"},
	CodeChargerBegins: {
		"holds charger %q, and %q is listed as well: a gun's number begins with its pile's, so list the pile alone",
		"桩编号 %q 与已列出的 %q 前缀相同；枪号以桩号开头，请只写桩号",
	},
	CodeUnitUnknown: {
		"cannot be `as_pushed` for %s: its unit is unknown, what it pushes cannot be granted by; " +
			"write `fixed` or `charge_time`",
		"%s 不能用 `as_pushed`：推送值的单位未知；请写 `fixed` 或 `charge_time`",
	},
	CodeNeedsStations: {
		"is missing: %s names its own stations, not lots; list this lot's station ids",
		"缺失：%s 推送的是平台自己的站点编号；请列出本车场的站点编号",
	},
	CodeStationTaken: {
		"holds station %q, which %s has already; a station of one issuer stands in one lot",
		"站点编号 %q 已属于 %s；同一发号方的一个站点只能在一个车场",
	},
	CodeChargerTaken: {"holds charger %q, which %s has already; a charger stands in one lot", "桩编号 %q 已属于 %s；一个桩只能在一个车场"},
	CodeNeedsRule:    {"is missing: %s has no rule of its own; say what is granted", "缺失：%s 没有默认规则；请写明减免内容"},
	CodeFixedOne: {
		"is `fixed` and needs exactly one of `minutes`, `amount`, `free: true`",
		"为 `fixed`，须且仅须填写 `minutes`、`amount`、`free: true` 之一",
	},
	CodeOnlyGrant: {"goes with grant %s only; take it out or change the grant", "仅用于 `grant` %s；请去掉或修改 `grant`"},
	CodeZeroCap:   {"must be more than 0; leave it out for none", "必须大于 0；不限制请不填"},
	CodeGrant:     {"is %s, which %s does not do; possible: %s", "为 %s，%s 不支持；可选：%s"},
	CodeGrant4G: {
		"cannot be `lot_decides` in a 4g lot: there we are the lot; write `as_pushed`, `fixed`, `charge_time` or `steps`",
		"4g 车场不能由车场决定；请写 `as_pushed`、`fixed`、`charge_time` 或 `steps`",
	},
	CodeGrant336: {
		"must be a fixed amount: message 3.36 carries nothing else for %s; write `grant: fixed` and `amount`",
		"必须为固定金额：接口 3.36 下 %s 只能减免金额；请写 `grant: fixed` 与 `amount`",
	},
	CodeTarget: {"is for nested 4g areas; write `stay`", "仅用于 4g 场中场；请写 `stay`"},
	CodeOnly4G: {
		"is for 4g lots, whose stays the gateway prices; an %s lot prices its own; take it out",
		"仅用于由网关计费的 4g 车场；%s 车场自行计费；请去掉",
	},
	CodeStepsNone: {"is missing or empty: grant `steps` needs one step or more", "缺失或为空：`grant` `steps` 至少需要一级"},
	CodeStepFrom: {
		"needs exactly one of `from_minutes`, `from_kwh`, `from_fee`",
		"须且仅须填写 `from_minutes`、`from_kwh`、`from_fee` 之一",
	},
	CodeStepOne: {
		"needs exactly one of `minutes`, `amount`, `free: true`",
		"须且仅须填写 `minutes`、`amount`、`free: true` 之一",
	},
	CodeStepMixed: {"counts another thing than the steps before; write %s in all of them", "与前面各级的计量不同；请统一用 %s"},
	CodeStepOrder: {"is not above the step before; write the lowest step first, each once", "不高于前一级；请从低到高填写，不要重复"},
	CodeDayEmpty: {
		"limits nothing; write `times`, `minutes` or `amount`, or take it out",
		"没有任何限制；请填写 `times`、`minutes` 或 `amount`，或去掉",
	},
	CodeDayUnit: {
		"limits %s, which this rule never grants; limit what it grants, or take it out",
		"限制的是 %s，而此规则不会这样减免；请改为限制实际减免的内容，或去掉",
	},
	CodeCkeyTaken: {
		"is that of %s too, which has the same park_id; an SDK that logs in without union_id could not be told apart, " +
			"give one of them another key",
		"与 park_id 相同的车场 %s 相同；不带 union_id 登录的 SDK 无法区分两者，请更换其中一个",
	},

	CodeNeedsTarget: {
		"is missing: a coupon lot names the parking system that runs it; one of %s",
		"缺失：coupon 车场须写明所属停车系统；可选：%s",
	},
	CodeTargetGone: {
		"is %s, which has no profile any more; put its file back into platforms.dir and restart, or write state: off",
		"为 %s，其配置文件已不存在；请放回 platforms.dir 并重启，或写上 state: off",
	},
	CodeNeedsAddress: {"is missing: %s publishes none; write the one that it gave you", "缺失：%s 没有公开地址；请填写对方给出的地址"},
	CodeCouponGrant: {
		"may come to %s, which coupons of %s cannot give here; possible: %s",
		"可能得出 %s，而 %s 的优惠券在此不能给；可选：%s",
	},
	CodeCouponReplace: {
		"cannot be `replace`: a coupon does not take the place of another; write `add` or `unsafe`",
		"不能为 `replace`：优惠券不会互相覆盖；请写 `add` 或 `unsafe`",
	},
	CodeCouponUnsafe: {
		"cannot be `add`: %s has nothing by which it knows a repeated coupon; write `unsafe`",
		"不能为 `add`：%s 无法识别重复的优惠券；请写 `unsafe`",
	},
	CodeCouponStays: {"is more than %s tells; write `none`", "%s 不上报进出场；请写 `none`"},

	CodeUndatedLock: {
		"is `once_a_stay` and needs a lock, which alone keeps an old push out: add `allow_from` or `path_token`",
		"为 `once_a_stay`，须加锁，因为只有锁能挡住旧推送：请填写 `allow_from` 或 `path_token`",
	},
	CodeFormerlyUnknown: {
		"names account %q, which does not exist; mend the name, or add the account with state: off",
		"引用的账号 %q 不存在；请修正名称，或添加该账号并写 state: off",
	},
	CodeFormerlyPlatform: {
		"names account %s, which is of platform %s; an order number stays within its platform",
		"引用的账号 %s 属于平台 %s；订单号不跨平台",
	},
	CodeFormerlyCircle: {
		"names account %s, whose earlier names lead back here; take one out",
		"引用的账号 %s 的旧名称又指回本账号；请去掉其一",
	},
	CodeFormerlyLive: {
		"names account %s, which is still live; write state: off there",
		"引用的账号 %s 仍在使用；请在该账号写 state: off",
	},
}

// What a value must be, for CodeType.
var (
	isTop      = message{"a mapping that begins with version: 1", "以 version: 1 开头的映射"}
	isMap      = message{"a mapping", "映射"}
	isList     = message{"a list", "列表"}
	isEntries  = message{"a list, one entry with a dash for each", "列表，每项以短横线开头"}
	isKeys     = message{"a mapping of key names to secrets", "密钥名到密钥的映射"}
	isTexts    = message{"a list of texts in quotes", "带引号文本的列表"}
	isTrimmed  = message{"a list of texts without spaces around them", "首尾无空格的非空文本列表"}
	isLine     = message{"one line of at most 200 characters", "不超过 200 字的单行文本"}
	isBool     = message{"true or false", "true 或 false"}
	isDuration = message{"a time span of at most 168h, such as 2h or 30m, or 0", "不超过 168h 的时长，例如 2h、30m，或 0"}
	isWord     = message{"made of at most 64 letters, digits, - _ .", "不超过 64 个字母、数字、- _ ."}
	isLot      = message{`a lot written union_id/park_id, such as "200461/1313"`, `车场 union_id/park_id，例如 "200461/1313"`}
	isScope    = message{`platform, a union_id such as "200461", or a lot such as "200461/1313"`,
		`platform、厂商编号如 "200461"，或车场如 "200461/1313"`}
	isYuan  = message{`yuan with at most two decimals, such as "10.00"`, `最多两位小数的金额（元），例如 "10.00"`}
	isKWh   = message{`kWh, such as "2.5"`, `千瓦时，例如 "2.5"`}
	isClock = message{`a time of day, such as "08:00"`, `时刻，例如 "08:00"`}
	isTime  = message{`a time with its zone, such as "2026-01-01T00:00:00+08:00"`, `带时区的时间，例如 "2026-01-01T00:00:00+08:00"`}
	isURL   = message{"an absolute http or https address without user name or fragment", "完整的 http 或 https 地址，不含用户名和片段"}
)

// What needs a ckey, for CodeNeedsCkey.
func lotWithoutUkey(k charge.LotKind) message {
	return message{article(k) + " lot whose vendor has no ukey", "厂商无 ukey 的 " + string(k) + " 车场"}
}

func anyLot(k charge.LotKind) message { return message{article(k) + " lot", string(k) + " 车场"} }

// article is a kind with the article that it is spoken with.
func article(k charge.LotKind) string {
	if strings.ContainsRune("aeios", rune(k[0])) {
		return "an " + string(k)
	}
	return "a " + string(k)
}
