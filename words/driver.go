package words

// carNotes say how one visit of a car stands: the first sentence of its page.
var carNotes = map[string]Text{
	"car.in": {"{plate} 在 {lot} 已停 {span}，{charges} 笔充电，共减 {grant}。",
		"{plate} has been in {lot} for {span}: {charges} {charges|charge|charges}, {grant} off in all."},
	"car.left": {"{plate} 在 {lot} 停了 {span}，{left} 离场；{charges} 笔充电，共减 {grant}。",
		"{plate} was in {lot} for {span} and left at {left}: {charges} {charges|charge|charges}, {grant} off in all."},
	"car.in_bare": {"{plate} 在 {lot} 已停 {span}，没有收到充电。", "{plate} has been in {lot} for {span}; no charge has come."},
	"car.left_bare": {
		"{plate} 在 {lot} 停了 {span}，{left} 离场；没有收到充电。",
		"{plate} was in {lot} for {span} and left at {left}; no charge has come.",
	},
	"car.no_stay": {"{plate} 在 {lot} 没有停车订单；{charges} 笔充电，共减 {grant}。",
		"{plate} has no stay in {lot}: {charges} {charges|charge|charges}, {grant} off in all."},
	"car.used": {"出场时实际减免 {used}。", "At the exit {used} came off."},
}

// driverNotes are the two sentences for a driver: what the charge came to, and what follows.
var driverNotes = map[string]Text{
	"driver.held": {
		"您的充电记录已收到，按规则可减 {grant}。",
		"We have your charging session; by the rule it is worth {grant} off your parking.",
	},
	"driver.shadow": {
		"这个停车场还没有正式开通这家充电平台的停车减免。",
		"This car park does not give parking reductions for this charging platform yet.",
	},
	"driver.left_before": {
		"充电记录到达时您的车已经离场，本应减 {grant}，没能在出场时抵扣。",
		"Your car had left before your charging session reached us, so {grant} could not be taken off at the exit.",
	},
	"driver.no_stay": {
		"没有找到您这次停车的入场记录，所以还没有减免。",
		"We found no record of your entry, so nothing has been taken off yet.",
	},
	"driver.cap": {"您本次停车已减 {had}，达到了一次停车的上限。", "Your stay has had {had} off, which is the most for one stay."},
	"driver.stands": {
		"您本次停车已减 {had}，按规则不再叠加。",
		"Your stay has had {had} off; by the rule nothing is added to that.",
	},
	"driver.left_late": {
		"您离场时已超过充电结束后的离场时限，{grant} 减免已失效。",
		"You left later after charging than the rule allows, so your reduction ({grant}) was lost.",
	},
	"driver.day": {
		"您的车当天的充电停车减免已到上限，次日重新计算。",
		"Your car has had all that the rule gives on one day; the next day begins anew.",
	},
	"driver.locked": {
		"您的车刚在另一次停车中减免过，按规则 {lock} 内不再减免。",
		"Your car had a reduction in another stay; by the rule there is none again within {lock}.",
	},
	"driver.plate": {
		"按规则，临时车牌和无牌车没有充电停车减免。",
		"By the rule, temporary plates and cars without a plate get no reduction.",
	},
	"driver.charger": {
		"您使用的充电桩不在这个停车场的减免范围内。",
		"The charging point that you used is not among those that this car park gives reductions for.",
	},
	"driver.unmet":   {"这笔充电没有达到减免条件：{why}。", "Your charging session does not meet the rule: {why}."},
	"driver.nothing": {"这笔充电没有得到停车减免。", "Your charging session was given no parking reduction."},
	"driver.sending": {"您的 {grant} 减免正在送往停车场。", "Your reduction ({grant}) is on its way to the car park."},
	"driver.waits": {
		"您的 {grant} 减免已经通过，停车场的系统暂时没有收到。",
		"Your reduction ({grant}) is approved; the car park's system has not received it yet.",
	},
	"driver.unknown": {
		"您的 {grant} 减免已发给停车场，停车场还没有答复。",
		"Your reduction ({grant}) was sent to the car park, which has not answered yet.",
	},
	"driver.not_told": {
		"停车场确认收到过您的 {grant} 减免，但出场记录没有写明抵扣了多少。",
		"The car park confirmed your reduction ({grant}), but its exit record names none.",
	},
	"driver.delivered":    {"停车场已收到您的 {grant} 减免。", "The car park has your reduction ({grant})."},
	"driver.refused":      {"停车场没有接受您的 {grant} 减免。", "The car park did not accept your reduction ({grant})."},
	"driver.gave_up":      {"您的 {grant} 减免没能送达停车场。", "Your reduction ({grant}) did not reach the car park."},
	"driver.used_unknown": {"您的减免在出场时已经使用。", "Your reduction was used at the exit."},
	"driver.used":         {"您出场时已减 {used}。", "At your exit {used} came off your parking."},
	"driver.gate_took": {
		"您出场时已减 {used}，但道闸多收了 {took}。",
		"At your exit {used} came off your parking, but the gate charged {took} too much.",
	},
	"driver.gap":    {"您出场时减了 {used}，应减 {grant}。", "At your exit {used} came off your parking in place of {grant}."},
	"driver.voided": {"这笔减免已由客服取消。", "Support has cancelled this reduction."},

	"driver.and_others": {"{said}；本次停车的其他充电另减 {others}。",
		"{said}; your other charging in this stay adds {others}."},

	"driver.matched_later": {
		"停车场上报您的入场后自动减免，无需操作。",
		"It comes off by itself once the car park reports your entry; there is nothing to do.",
	},
	"driver.usual_price": {"本次停车请按道闸显示的金额支付。", "Please pay what the barrier shows for this stay."},
	"driver.price_said": {
		"出场前道闸显示的价格已按此计算。",
		"The price that the barrier showed before your exit said so.",
	},
	"driver.look_again": {
		"通常几秒内生效，请稍候再看道闸显示的金额。",
		"That takes a few seconds; please look at the amount at the barrier again.",
	},
	"driver.retried": {
		"系统会自动重试，出场前请再看一次道闸显示的金额。",
		"It is sent again by itself; please look at the amount at the barrier once more before you leave.",
	},
	"driver.lot_asked": {
		"我们正在与停车场核对，请先看道闸显示的金额。",
		"We are asking the car park; please look at the amount at the barrier.",
	},
	"driver.lot_asked_left": {"我们会与停车场核对实际抵扣的金额，再答复您。", "We will ask the car park what was taken off, and answer you."},
	"driver.pay_shown":      {"出场时自动抵扣，按道闸显示的金额支付即可。", "It is taken off at the exit; just pay what the barrier shows."},
	"driver.at_work":        {"我们正在处理，请在出场前稍候。", "We are working on it; please wait a moment before you leave."},
	"driver.compensate":     {"您已离场，这笔减免由我们登记后人工补偿。", "As you have left, we will compensate you by hand."},
	"driver.say_plate": {
		"请告诉我们入场的车牌和停车场，我们来核对。",
		"Please let us know the plate and the car park, and we will check.",
	},
	"driver.no_more":        {"之后的充电不再增加减免。", "Further charging adds nothing to it."},
	"driver.nothing_to_do":  {"无需其他操作。", "There is nothing else to do."},
	"driver.platform_asked": {"我们会与充电平台核对，再答复您。", "We will ask the charging platform, and answer you."},
	"driver.questions":      {"如有疑问，请直接回复。", "If you have questions, just reply."},
}
