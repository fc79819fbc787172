package words

// ruleNotes are the steps of a decision, in the order in which package rules takes them.
var ruleNotes = map[string]Text{
	"rule.too_short": {"充电 {got}，规则要求至少 {least}", "charged {got}, the rule asks for at least {least}"},
	"rule.no_energy": {"推送没有电量，规则要求至少 {least}", "the push names no energy, the rule asks for at least {least}"},
	"rule.too_little": {"充电 {got}，规则要求至少 {least}",
		"charged {got}, the rule asks for at least {least}"},

	"rule.no_fee":      {"推送没有费用，规则要求至少 {least}", "the push names no fee, the rule asks for at least {least}"},
	"rule.fee_too_low": {"充电费用 {got}，规则要求至少 {least}", "charged for {got}, the rule asks for at least {least}"},

	"rule.temporary_plate": {"规则规定临时车牌不减免", "the rule gives nothing to temporary plates"},
	"rule.no_point":        {"推送没有充电桩，而规则只减免指定的充电桩", "the push names no charging point, and the rule names its own"},
	"rule.other_point":     {"在 {point} 充电，不在规则指定的充电桩之内", "charged at {point}, which the rule does not list"},

	"rule.step":            {"达到规则从 {from} 起的一级，给 {grant}", "the rule's step from {from} gives {grant}"},
	"rule.below_steps":     {"充电 {got}，规则的第一级从 {from} 起", "charged {got}, the rule's first step begins at {from}"},
	"rule.steps_no_times":  {"规则按充电时长分级，而推送没有充电时间", "the rule's steps count charging time, and the push names none"},
	"rule.steps_no_energy": {"规则按电量分级，而推送没有电量", "the rule's steps count energy, and the push names none"},
	"rule.steps_no_fee":    {"规则按费用分级，而推送没有费用", "the rule's steps count the fee, and the push names none"},

	"rule.gives":            {"规则给 {grant}", "the rule gives {grant}"},
	"rule.gives_nothing":    {"规则没有给任何减免", "the rule gives nothing"},
	"rule.push_asks":        {"推送要求减 {grant}", "the push asks for {grant}"},
	"rule.nothing_pushed":   {"推送里没有可用的减免", "the push names no reduction that can be used"},
	"rule.lot_decides":      {"规则把减免交给车场决定", "the rule leaves the reduction to the lot"},
	"rule.push_lot_decides": {"推送把减免交给车场决定", "the push leaves the reduction to the lot"},
	"rule.lot_cannot_decide": {
		"4G 车场由我们计价，无法自行决定",
		"in a 4G lot the gateway prices the stay, and nothing else can decide",
	},
	"rule.no_times":        {"规则按充电时长减免，而推送没有充电时间", "the rule gives the charging time and the push names none"},
	"rule.times_cross":     {"规则按充电时长减免，而推送的结束早于开始", "the rule gives the charging time and the push's times cross"},
	"rule.charged":         {"充电 {charged}", "charged {charged}"},
	"rule.charged_plus":    {"充电 {charged}，另加 {plus}，合计 {sum}", "charged {charged}, {plus} on top make {sum}"},
	"rule.charged_capped":  {"充电 {charged}，其中 {counted} 计入", "charged {charged}, of which {counted} count"},
	"rule.nothing_to_give": {"没有可给的时长", "that is nothing to give"},

	"rule.free_is_cap": {"全免按上限计，即 {cap}", "free under a cap is the cap, {cap}"},
	"rule.first_was": {
		"一次停车只减免第一笔，本次停车已减免 {had}",
		"only the first grant of a stay counts, and the stay has {had}",
	},
	"rule.free_already": {"本次停车已经全免", "the stay is free already"},
	"rule.free_on_top":  {"本次停车已经全免，不能再叠加", "the stay is free already, nothing can be put on top"},
	"rule.added_to":     {"与本次停车已减免的 {had} 相加", "added to what the stay has, {had}"},
	"rule.lot_would_drop": {
		"本次停车已减免 {had}，车场收到另一种减免会丢掉它",
		"the stay has {had}, and the lot would drop that for a message of another kind",
	},
	"rule.not_comparable": {"本次停车已减免 {had}，两者无法比较", "the stay has {had}, which is not comparable"},
	"rule.not_better": {
		"本次停车已减免 {had}，只取最优一笔，这一笔 {grant} 不更优",
		"the stay has {had} and the best grant counts, {grant} is not better",
	},
	"rule.lot_decides_already": {"本次停车已交给车场决定", "the lot was left to decide for this stay already"},
	"rule.best_adds": {
		"本次停车已减免 {had}，只取最优一笔，补足 {rest}",
		"the stay has {had} and the best grant counts, so {rest} are added",
	},
	"rule.worth_decides": {"本次停车已减免 {had}，计价时取更值的", "the stay has {had}, the worth at pricing decides"},
	"rule.worth_adds": {
		"本次停车已减免 {had}，计价时取更值的，加入 {rest}",
		"the stay has {had}, the worth at pricing decides, so {rest} are added",
	},
	"rule.cap_left": {"上限 {cap}，还剩 {left}", "the cap of {cap} leaves {left}"},
	"rule.setting_left": {
		"规则没有上限，按设置 {setting} 最多 {cap}，还剩 {left}",
		"the rule names no cap, and the setting {setting} of {cap} leaves {left}",
	},
	"rule.locked": {
		"这辆车在车场 {lot} 的另一次停车中，因 {ended} 结束的充电（订单 {charge}）已减免 {had}，规则规定的间隔为 {lock}",
		"the plate was granted {had} in another stay of lot {lot}, for charge {charge} that ended {ended}, " +
			"and the rule locks it for {lock}",
	},
	"rule.day_times": {
		"这辆车当天已减免 {times} 次，规则不再减免",
		"the plate was granted something {times} {times|time|times} on this day, and the rule allows no more",
	},
	"rule.day_left":  {"每日上限 {cap}，还剩 {left}", "the day's limit of {cap} leaves {left}"},
	"rule.new_total": {"车场以新代旧，告知新的合计 {total}", "the lot replaces, so it is told the new total of {total}"},
}

// decisionNotes are what package flow decides around the rule.
var decisionNotes = map[string]Text{
	"decision.binding_off": {"对接已停用", "the binding is switched off"},
	"decision.no_rule":     {"{at} 没有生效的规则版本", "no version of the rule was effective at {at}"},
	"decision.other_name":  {"车场把这辆车记为 {plate}，是同一辆车的另一车牌", "the lot knows the car as {plate}, another plate of it"},
	"decision.by_clock":    {"{clock}，停车订单按此放宽匹配", "{clock}, so the stay was matched as far off its times"},
	"decision.left":        {"车已于 {left} 离场", "the car had left at {left}"},
	"decision.no_stay": {
		"车场没有上报过当时的停车订单，规则也不等待",
		"the lot has reported no stay of this plate at that time, and the rule does not wait",
	},
	"decision.hold_over": {"等到 {until} 仍没有停车订单", "no stay came until {until}, when the hold was over"},
	"decision.waits":     {"等待车场上报停车订单，最迟到 {until}", "waits until {until} for the lot to report a stay of this plate"},
	"decision.same_visit": {
		"该平台没有订单号，这与充电订单 {charge} 是同一次停车的同一笔",
		"the platform numbers no orders, so this is charge {charge} of the same stay again",
	},
}
