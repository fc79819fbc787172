package words

// stayNotes are what happened to a charge between its push and its exit.
var stayNotes = map[string]Text{
	"match.stay":      {"停车订单 {stay}，入场时间 {entered}", "stay {stay}, entered at {entered}"},
	"match.before":    {"车场上报停车订单 {stay} 之前已减免", "granted before the lot reported the stay {stay}"},
	"match.corrected": {"车场把停车订单 {stay} 的车牌更正为 {plate}", "the lot corrected the plate of stay {stay} to {plate}"},

	"repeat.first_stays": {
		"判定之后同一订单以不同内容再次推送；以首次内容为准",
		"the order came again with other content after it was decided; the first content stays",
	},
	"repeat.newer_wins": {
		"下发之前同一订单以不同内容再次推送；以新内容为准",
		"the order came again with other content before anything was sent; the newer content counts",
	},

	"exit.gap": {"道闸收取 {took}，我们的计价为 {price}", "the gate took {took}, our price was {price}"},
	"exit.more_than_granted": {
		"出场记录比给予的多减 {over}；可能是其他优惠，也可能有误",
		"the exit names {over} beyond what was granted; another discount, or a mistake",
	},

	"ledger.granted":       {"给予", "granted"},
	"ledger.not_delivered": {"未能送达，收回", "not delivered, taken back"},
	"ledger.lot_refused":   {"车场拒绝，收回", "refused by the lot, taken back"},
	"ledger.late_ack":      {"放弃后收到车场确认，重新计入", "acknowledged after it was given up, counted again"},
	"ledger.perhaps_applied": {
		"放弃时有一次发送尚未应答、可能已生效，重新计入",
		"given up while a try was under way that may have been applied, counted again",
	},
	"ledger.voided":       {"作废，冲回", "voided, taken back"},
	"ledger.corrected":    {"被后来的消息更正，冲回", "corrected by a later message, taken back"},
	"ledger.usage_exit":   {"来自出场记录", "named by the exit"},
	"ledger.usage_told":   {"来自用量上报", "named by the usage message"},
	"ledger.usage_ledger": {"来自我们的账本", "from our own ledger"},
}

// lotNotes are why a message of a lot was refused; its booth reads the same in errmsg.
var lotNotes = map[string]Text{
	"lot.clock_ahead":         {"车场时钟快 {by}", "the lot's clock is {by} ahead"},
	"lot.clock_behind":        {"车场时钟慢 {by}", "the lot's clock is {by} behind"},
	"login.bad_sign":          {"签名错误：密钥不对", "wrong sign: another key"},
	"login.not_an_sdk_lot":    {"不是 SDK 车场", "not an SDK lot"},
	"login.bad_local_id":      {"local_id 过长", "local_id is too long"},
	"login.too_many":          {"登录过于频繁", "too many logins"},
	"login.too_many_machines": {"同时在线的收费机过多", "too many machines at once"},
	"login.refused":           {"已拒绝（{reason}）", "refused ({reason})"},
	"lot.time_missing":        {"时间缺失或过早", "the time is missing or years back"},
	"lot.time_future":         {"时间 {time} 在未来", "the time {time} lies in the future"},
	"lot.times_cross":         {"出场 {out} 早于入场 {in}", "the exit {out} lies before the entry {in}"},
	"lot.stay_over":           {"停车订单已结束", "the stay is over"},
	"lot.before_entry":        {"{field} 为 {time}，早于入场 {entry}", "{field} is {time}, before the entry at {entry}"},
	"lot.no_tariff":           {"车场没有计费规则", "the lot has no tariff"},
	"lot.no_stay":             {"没有停车订单 {stay}", "there is no stay {stay}"},
	"lot.no_reduction":        {"没有该 start_charge_seq 的减免", "no reduction of this lot has that start_charge_seq"},
	"lot.other_platform": {
		"platform_id 与 start_charge_seq 不符：订单属于另一个平台",
		"platform_id does not fit this start_charge_seq: the order is another platform's",
	},
	"lot.not_usable":    {"该减免未生效，不可能已使用", "nothing granted for it could have been used"},
	"lot.other_numbers": {"与先前上报的数值不同，以先前为准", "reported with other numbers before; the first ones stay"},
	"lot.other_plate":   {"车牌 {plate} 与停车订单的不同", "the stay has another plate than {plate}"},
	"lot.other_car":     {"车牌与充电订单的不同", "the usage names another car than the charge"},
	"lot.other_amount": {
		"trade_no 先前的金额不同，以先前为准",
		"trade_no was reported with another amount before; the first one stays",
	},
	"lot.below_zero":        {"实际减免不能为负", "a usage cannot be below zero"},
	"lot.more_than_granted": {"上报 {used}，超过减免的 {granted}", "{used} reported, more than the {granted} granted"},
}

// storyNotes are the lines of a charge's story that no other row words.
var storyNotes = map[string]Text{
	"story.push":     {"来自 {remote}，账号 {account}", "from {remote} for account {account}"},
	"story.decision": {"规则版本 {version}；充电 {minutes}", "rule version {version}; charged {minutes}"},
	"story.energy":   {"充电量 {energy}", "energy {energy}"},
	"story.earlier":  {"本次停车此前已有 {earlier} 笔减免", "{earlier} earlier {earlier|grant|grants} in the stay"},
	"story.try":      {"第 {n} 次，{channel}，报文 {message}，编号 {uuid}", "try {n} by {channel}, message {message}, uuid {uuid}"},
	"story.ledger":   {"{minutes}、{amount}", "{minutes}, {amount}"},
	"story.entry":    {"停车订单 {stay}，车场 {lot}", "stay {stay} in lot {lot}"},
	"story.used":     {"实际减免 {used}", "{used} taken off"},
	"story.exit":     {"停车订单 {stay}", "stay {stay}"},
}
