package words

import "github.com/chargestamp/chargestamp/charge"

func states() []Entry {
	e := func(s charge.State, name, meaning, next Text) Entry {
		return Entry{ChargeState, string(s), name, meaning, next}
	}
	return []Entry{
		e(charge.StateHeld, Text{"等待入场", "waiting"},
			Text{"车场还没有这辆车的在场记录，减免先保留。", "The lot has no stay of this car yet; the reduction is kept for it."},
			Text{"入场记录一到会自动匹配；若车牌识别有误，可手动绑定到停车订单。",
				"It is matched by itself when the entry arrives. If the plate was misread, bind the charge to the stay by hand."}),
		e(charge.StateShadow, Text{"试运行", "shadow"},
			Text{"对接处于试运行：只计算并展示，不下发。", "The binding is in shadow: decided and shown, nothing sent."},
			Text{"与平台单据核对无误后，把对接切换为正式。", "Compare with the platform's records, then switch the binding to live."}),
		e(charge.StateNoGrant, Text{"不减免", "nothing granted"},
			Text{"按规则这笔充电没有可给的减免。", "By the rule this charge is granted nothing."},
			Text{"查看原因；若规则有误，修改规则后重新下发，会重新判定。",
				"Read the reason. If the rule is wrong, correct it and redeliver: that decides anew."}),
		e(charge.StateSending, Text{"下发中", "sending"},
			Text{"减免已确定，正在送往车场。", "The reduction is granted and on its way to the lot."},
			Text{"系统按计划重试；长时间不变时检查车场长连接。", "It is retried on schedule. If it stays so, look at the lot's line."}),
		e(charge.StateUnknown, Text{"结果未知", "unknown"},
			Text{"已发出，但车场没有回应；可能已生效，也可能没有。", "It was sent and the lot did not answer: it may have taken effect or not."},
			Text{"与车场核对后，标明车场有没有这笔减免；没有的会再发一次。",
				"Ask the lot, then say here whether it has the reduction; if it has not, it is sent once more."}),
		e(charge.StateDelivered, Text{"已下发", "delivered"},
			Text{"车场已确认收到减免。", "The lot confirmed the reduction."},
			Text{"等待车辆出场，届时得到实际减免。", "Wait for the exit, which reports what was really taken off."}),
		e(charge.StateRefused, Text{"车场拒绝", "refused"},
			Text{"车场明确拒绝了这次减免。", "The lot said no to this reduction."},
			Text{"查看车场返回的说明，处理后重新下发。", "Read the lot's answer, settle it, then redeliver."}),
		e(charge.StateGaveUp, Text{"放弃下发", "gave up"},
			Text{"在有效时间内没能送达车场。", "It could not be delivered while it mattered."},
			Text{"车仍在场时可重新下发；已离场时按人工补偿处理。", "Redeliver if the car is still in; otherwise make it good by hand."}),
		e(charge.StateExpired, Text{"已过期", "expired"},
			Text{"等到期限仍没有匹配到停车订单。", "No stay was found before the deadline."},
			Text{"核对车牌与车场；找到停车订单后可手动绑定。", "Check plate and lot; bind it by hand if the stay exists."}),
		e(charge.StateUsed, Text{"已使用", "used"},
			Text{"车辆已出场，实际减免已确定。", "The car has left, and what was taken off is known."},
			Nothing()),
		e(charge.StateVoided, Text{"已作废", "voided"},
			Text{"客服已收回这笔减免。", "Support took the reduction back."},
			Nothing()),
	}
}

// reasons are what a decision and its delivery say, in the order in which they may come.
func reasons() []Entry { return append(reasonsOfDecisions(), reasonsOfDeliveries()...) }

func reason(r charge.Reason, name, meaning, next Text) Entry {
	return Entry{ChargeReason, string(r), name, meaning, next}
}

func reasonsOfDecisions() []Entry {
	e := reason
	return []Entry{
		e(charge.ReasonOK, Text{"正常", "ok"},
			Text{"一切正常。", "Everything went as it should."}, Nothing()),
		e(charge.ReasonWaitingForStay, Text{"等入场记录", "waiting for the entry"},
			Text{"车场要求有在场记录，而这辆车的入场还没有上报。", "The lot requires a stay and has not reported this car's entry yet."},
			Text{"长连接恢复后车场会补传入场；也可在车场核对车牌。", "Lots upload stored entries after an outage; or check the plate at the lot."}),
		e(charge.ReasonNoStay, Text{"没有停车订单", "no stay"},
			Text{"没有找到覆盖这次充电的停车订单，规则也不等待。", "No stay covers this charge and the rule does not wait for one."},
			Text{"查“相近车牌”，必要时手动绑定；或给规则设置等待时间。", "See near-miss plates, bind by hand if right; or give the rule a hold."}),
		e(charge.ReasonLeftBeforeArrival, Text{"车已先离场", "left before it arrived"},
			Text{"推送到达时车辆已经出场。", "The car had left before the push arrived."},
			Text{"请平台提早推送；车主损失的金额可人工补偿。", "Ask the platform to push earlier; the driver can be made good by hand."}),
		e(charge.ReasonHoldOver, Text{"等待超时", "hold is over"},
			Text{"保留期内没有等到入场记录。", "The entry did not come while the charge was held."},
			Text{"核对车牌和车场是否上报入场；找到订单后手动绑定。",
				"Check the plate and whether the lot reports entries; bind it by hand once found."}),
		e(charge.ReasonRuleUnmet, Text{"未达规则条件", "condition not met"},
			Text{"充电时长、电量或费用低于规则的下限。", "Charging time, energy or fee is below the rule's minimum."},
			Text{"向车主解释规则；若条件有误，修改规则后重新下发。", "Explain the rule to the driver; correct it and redeliver if it is wrong."}),
		e(charge.ReasonCapReached, Text{"已达上限", "cap reached"},
			Text{"本次停车的减免已到上限。", "The stay has had all that its cap allows."},
			Text{"上限按一次停车、所有平台合计；无需处理。", "The cap counts per stay over all platforms; nothing to do."}),
		e(charge.ReasonCombineBest, Text{"已有更优减免", "a better grant stands"},
			Text{"规则只取最优一笔，本次停车已有不低于它的减免。",
				"The rule keeps the best single grant, and the stay has one that is at least as good."},
			Text{"先前的减免保持有效，无需处理。", "The earlier grant stands; nothing to do."}),
		e(charge.ReasonDayLimit, Text{"当天已达上限", "the day's limit"},
			Text{"这辆车当天的减免已到规则的每日上限。", "The plate has had all that the rule grants on one day."},
			Text{"按充电结束的日期计算，次日重新计；无需处理。", "The day is that of the charge's end; the next one begins anew. Nothing to do."}),
		e(charge.ReasonLocked, Text{"间隔未到", "too soon after another stay"},
			Text{"这辆车在另一次停车中刚获得过减免，规则规定的间隔未到。",
				"The plate was granted something in another stay, and the rule's lock is not over."},
			Text{"判定中写明了是哪一笔；无需处理。", "The decision names the other charge; nothing to do."}),
		e(charge.ReasonPlateExcluded, Text{"临时车牌不减免", "temporary plate"},
			Text{"规则规定临时车牌不减免。", "The rule grants nothing to temporary plates."},
			Text{"若车牌识别有误，请与车场核对。", "If the plate was misread, check it at the lot."}),
		e(charge.ReasonChargerExcluded, Text{"充电桩不在范围", "charger not in the rule"},
			Text{"规则只减免指定充电桩上的充电，这笔不在其中。", "The rule counts charges at certain points only, and this one was elsewhere."},
			Text{"若该桩应计入，把它的编号加到规则的“只减这些充电桩”。",
				"If the point should count, add its id to the rule's charging points (only_chargers)."}),
		e(charge.ReasonLeftLate, Text{"离场过晚", "left too late"},
			Text{"充电结束后超过规则规定的时间才离场，减免失效。", "The car left later after its charge than the rule allows, which lost the grant."},
			Text{"向车主解释规则；查询价格时已按失效计算。", "Explain the rule to the driver; the quoted price said so."}),
		e(charge.ReasonCombineMethod, Text{"方式不能合并", "methods do not combine"},
			Text{"本次停车已有另一种方式的减免，两者不能相加。", "The stay has a reduction of another method already; the two do not add up."},
			Text{"先前的减免保持有效；需要更换时先作废前一笔。", "The earlier reduction stands. To change it, void the earlier one first."}),
		e(charge.ReasonCombineFirst, Text{"只取第一笔", "first one only"},
			Text{"规则规定一次停车只减免第一笔充电。", "By the rule only the first charge of a stay counts."}, Nothing()),
		e(charge.ReasonNothingPushed, Text{"推送未带减免", "nothing pushed"},
			Text{"规则按推送内容减免，但推送里没有可用的减免。", "The rule grants what is pushed, and the push names nothing usable."},
			Text{"请平台在推送中填写减免，或改用固定减免的规则。", "Ask the platform to fill the reduction in, or use a fixed grant."}),
		e(charge.ReasonLotDecides4G, Text{"4G 车场无法自行决定", "a 4G lot cannot decide"},
			Text{"推送要求由车场决定减免，而 4G 车场由我们计价。", "The push leaves it to the lot, but in 4G lots we do the pricing."},
			Text{"给该对接设置固定减免的规则。", "Give the binding a fixed grant."}),
		e(charge.ReasonBindingOff, Text{"对接已停用", "binding is off"},
			Text{"该平台在此车场的对接已停用。", "This platform's binding to the lot is switched off."},
			Text{"需要时在“接入”里重新启用。", "Switch it on under “Set up” if it should count."}),
		e(charge.ReasonBindingShadow, Text{"对接在试运行", "binding in shadow"},
			Text{"对接在试运行，不下发。", "The binding is in shadow; nothing is sent."},
			Text{"核对试运行结果后切换为正式。", "Check the shadow comparison, then go live."}),
	}
}

func reasonsOfDeliveries() []Entry {
	e := reason
	return []Entry{
		e(charge.ReasonLineOff, Text{"车场离线", "line is down"},
			Text{"车场没有在线的长连接。", "The lot has no line to us."},
			Text{"请车场检查网络与程序；登录后会立即补发。", "Have the lot check network and program; it is sent as soon as the line logs in."}),
		e(charge.ReasonNoAnswer, Text{"车场未应答", "no answer"},
			Text{"已发出，在限定时间内没有得到应答。", "It was sent and no answer came in time."},
			Text{"可以重复下发的车场会自动重试，其他车场请核对；持续出现时检查车场网络。",
				"It is retried where the lot may be sent it twice; else ask the lot. If it goes on, check the lot's network."}),
		e(charge.ReasonLotRefused, Text{"车场返回失败", "lot refused"},
			Text{"车场返回 state 0。", "The lot answered state 0."},
			Text{"看时间线里车场的说明，处理后重新下发。", "Read the lot's words in the timeline, then redeliver."}),
		e(charge.ReasonLotError, Text{"车场应答异常", "lot answered wrongly"},
			Text{"车场的应答无法识别，或地址无法连接。", "The lot's answer was no answer, or its address could not be reached."},
			Text{"检查回调地址、证书与车场程序。", "Check callback address, certificate and the lot's program."}),
		e(charge.ReasonLotPaused, Text{"车场已暂停", "lot is paused"},
			Text{"客服暂停了该车场的下发。", "Support has paused sending to this lot."},
			Text{"在车场页面恢复后会继续下发。", "Resume it on the lot's page; sending goes on."}),
		e(charge.ReasonUsageNotTold, Text{"未告知实际减免", "usage not reported"},
			Text{"车辆已出场，但出场记录没有写减免。", "The car has left and its exit named no reduction."},
			Text{"与车场核对是否已抵扣；对账单中会标为差异。", "Ask the lot whether it was taken off; the statement shows a gap."}),
		e(charge.ReasonVoidedByUser, Text{"人工作废", "voided by support"},
			Text{"客服作废了这笔减免，原因见时间线。", "Support voided it; the timeline says why."}, Nothing()),
	}
}

func methods() []Entry {
	e := func(m charge.Method, name, meaning Text) Entry {
		return Entry{Method, string(m), name, meaning, Nothing()}
	}
	return []Entry{
		e(charge.MethodTime, Text{"减时长", "time"}, Text{"从停车时长中减去若干分钟。", "Minutes are taken off the stay."}),
		e(charge.MethodAmount, Text{"减金额", "amount"}, Text{"从停车费中减去若干元。", "Yuan are taken off the fee."}),
		e(charge.MethodFree, Text{"全免", "free"}, Text{"本次停车免费。", "The stay is free."}),
		e(charge.MethodLotDecides, Text{"车场决定", "lot decides"}, Text{"减多少由车场系统决定。", "The lot's system decides how much."}),
	}
}
