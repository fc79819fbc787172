package words

import "github.com/chargestamp/chargestamp/charge"

func outcomes() []Entry {
	e := func(o charge.Outcome, name, meaning, next Text) Entry {
		return Entry{PushOutcome, string(o), name, meaning, next}
	}
	return []Entry{
		e(charge.OutcomeAccepted, Text{"已接收", "accepted"},
			Text{"推送有效，充电订单已入库。", "The push was sound and its charge is stored."}, Nothing()),
		e(charge.OutcomeDuplicate, Text{"重复推送", "duplicate"},
			Text{"同一订单再次推送，按首次结果应答。", "The same order again; it got the first answer."}, Nothing()),
		e(charge.OutcomeQuestion, Text{"查询", "question"},
			Text{"取令牌或查询车牌，不是充电订单。", "A token or plate query, not a charge."}, Nothing()),
		e(charge.OutcomeBadBody, Text{"报文无法读取", "unreadable body"},
			Text{"请求体不是该平台的格式。", "The body is not in the platform's format."},
			Text{"用诊断页核对报文，请平台按文档发送。", "Try it on the doctor page; ask the platform to send as documented."}),
		e(charge.OutcomeBadField, Text{"字段有误", "bad field"},
			Text{"缺少必填字段，或字段值不可用。", "A required field is missing or unusable."},
			Text{"原因里写明了字段名，请平台更正后重推。", "The reason names the field; ask the platform to correct and push again."}),
		e(charge.OutcomeBadSignature, Text{"签名错误", "bad signature"},
			Text{"签名与密钥不符。", "The signature does not fit the keys."},
			Text{"用诊断页查看签名原文；核对双方密钥。", "Look at the signed text on the doctor page; compare keys with the platform."}),
		e(charge.OutcomeBadToken, Text{"令牌无效", "bad token"},
			Text{"令牌不认识或已过期。", "The access token is unknown or expired."},
			Text{"平台应重新取令牌；持续出现请联系平台。", "The platform should fetch a new token; contact it if this goes on."}),
		e(charge.OutcomeStale, Text{"时间偏差过大", "stale"},
			Text{"推送中的时间与我们相差超过 15 分钟。", "The push's own time is more than 15 minutes from ours."},
			Text{"请平台校时；或把账号的时钟检查改为提醒。", "Have the platform set its clock, or set the account's clock check to warn."}),
		e(charge.OutcomeWrongLock, Text{"来源不符", "wrong lock"},
			Text{"来源地址或路径口令不在允许之列。", "The address or path token is not among the allowed ones."},
			Text{"核对账号的来源地址与路径口令。", "Check the account's allow_from and path_token."}),
		e(charge.OutcomeUnknownAccount, Text{"账号不存在", "unknown account"},
			Text{"没有与推送中的运营商匹配的平台账号。", "No account fits the operator that the push names."},
			Text{"在“接入”里建立账号，或核对运营商编号。", "Make the account under “Set up”, or check the operator id."}),
		e(charge.OutcomeLotOff, Text{"车场已停用", "lot switched off"},
			Text{"推送指向的车场已停用。", "The push names a lot that is switched off."},
			Text{"启用车场，然后让平台重推。", "Switch the lot on, then let the platform push again."}),
		e(charge.OutcomeUnknownLot, Text{"车场不存在", "unknown lot"},
			Text{"推送中的车场编号未登记。", "The lot that the push names is not registered."},
			Text{"核对平台侧填写的车场编号（U&&P）。", "Check the lot key that the platform uses (U&&P)."}),
		e(charge.OutcomeNotBound, Text{"未对接", "not bound"},
			Text{"该平台没有与此车场对接。", "This platform has no binding to the lot."},
			Text{"在“接入”里建立对接。", "Make the binding under “Set up”."}),
		e(charge.OutcomeUndated, Text{"无订单号和时间", "undated"},
			Text{"推送既无订单号也无充电时间，无法证明不是旧推送。", "The push carries neither an order number nor its times: it may be an old one."},
			Text{"请平台补上；或给账号加锁，并把 undated 设为 once_a_stay。",
				"Have the platform add them; or lock the account and set undated to once_a_stay."}),
		e(charge.OutcomeTooLarge, Text{"报文过大", "too large"},
			Text{"请求体超过 64 KiB。", "The body is over 64 KiB."},
			Text{"请平台核对，正常推送只有几 KB。", "Ask the platform; an honest push is a few KB."}),
		e(charge.OutcomeRateLimited, Text{"请求过密", "rate limited"},
			Text{"超过了每秒请求数限制。", "More requests per second than allowed."},
			Text{"平台会重推；若属正常高峰，调高限制。", "The platform pushes again; raise the limit if the peak is honest."}),
		e(charge.OutcomeBusy, Text{"系统繁忙", "busy"},
			Text{"队列已满，本次未接收，平台会重推。", "Queues were full; it was not taken and the platform pushes again."},
			Text{"查看磁盘与数据库负载。", "Look at disk and database load."}),
	}
}

func channels() []Entry {
	e := func(c charge.DeliveryChannel, name, meaning Text) Entry {
		return Entry{Channel, string(c), name, meaning, Nothing()}
	}
	return []Entry{
		e(charge.ChannelLine, Text{"长连接", "line"}, Text{"经 SDK 车场的长连接下发。", "Over the SDK lot's line."}),
		e(charge.ChannelCallback, Text{"回调", "callback"}, Text{"以带签名的 HTTP 回调下发。", "By a signed HTTP callback."}),
		e(charge.ChannelLedger, Text{"记账", "ledger"},
			Text{"记入我们的账本，出场计价时抵扣。", "Written into our ledger and taken off at exit."}),
	}
}

func deliveryStates() []Entry {
	e := func(s charge.DeliveryState, name, meaning, next Text) Entry {
		return Entry{DeliveryState, string(s), name, meaning, next}
	}
	wait := Text{"系统会自动处理。", "It goes on by itself."}
	return []Entry{
		e(charge.DeliveryDue, Text{"待发", "due"}, Text{"等待发送时间或长连接。", "It waits for its time or its line."}, wait),
		e(charge.DeliveryLeased, Text{"处理中", "in hand"}, Text{"某个节点正在处理。", "A node has it in hand."}, wait),
		e(charge.DeliverySent, Text{"已发出", "sent"}, Text{"已发出，等待应答。", "It is on the wire; no answer yet."}, wait),
		e(charge.DeliveryDelivered, Text{"已确认", "delivered"}, Text{"车场已确认。", "The lot confirmed it."}, Nothing()),
		e(charge.DeliveryRefused, Text{"被拒绝", "refused"}, Text{"车场拒绝。", "The lot refused it."},
			Text{"看车场的说明，处理后重新下发。", "Read the lot's words, then redeliver."}),
		e(charge.DeliveryUnknown, Text{"结果未知", "unknown"},
			Text{"已发出但无应答，且不可自动重发。", "It was sent, no answer came, and it may not be sent again by itself."},
			Text{"与车场核对后再决定。", "Ask the lot, then decide."}),
		e(charge.DeliveryGaveUp, Text{"已放弃", "gave up"}, Text{"有效时间已过。", "Its time is over."},
			Text{"车仍在场时可重新下发。", "Redeliver if the car is still in."}),
		e(charge.DeliveryVoided, Text{"已作废", "voided"}, Text{"减免已收回，不再发送。", "The reduction was taken back; it is not sent."},
			Nothing()),
	}
}

func attempts() []Entry {
	e := func(r charge.AttemptResult, name, meaning, next Text) Entry {
		return Entry{AttemptResult, string(r), name, meaning, next}
	}
	retried := Text{"系统会按计划重试。", "It is tried again on schedule."}
	return []Entry{
		e(charge.AttemptAcked, Text{"已确认", "acknowledged"}, Text{"车场确认成功。", "The lot confirmed it."}, Nothing()),
		e(charge.AttemptRefused, Text{"被拒绝", "refused"}, Text{"车场返回 state 0。", "The lot answered state 0."},
			Text{"看车场的说明，处理后重新下发。", "Read the lot's words, then redeliver."}),
		e(charge.AttemptTimeout, Text{"超时", "timed out"},
			Text{"已发出，没有及时应答；可能已生效。", "It was sent and not answered in time; it may have taken effect."}, retried),
		e(charge.AttemptError, Text{"出错", "error"}, Text{"未能发出，或应答无法识别。", "It could not be sent, or the answer was none."},
			retried),
		e(charge.AttemptOffLine, Text{"离线", "off line"}, Text{"没有可用的长连接，未发送。", "There was no line to send it by."}, retried),
		e(charge.AttemptPosted, Text{"已记账", "posted"}, Text{"已写入我们的账本。", "It was written into our own ledger."}, Nothing()),
	}
}

func reports() []Entry {
	e := func(r charge.ReportState, name, meaning, next Text) Entry {
		return Entry{ReportState, string(r), name, meaning, next}
	}
	return []Entry{
		e(charge.ReportOff, Text{"不回传", "off"},
			Text{"该平台不需要回传，或没有配置地址。", "This platform hears nothing, or no address is configured."}, Nothing()),
		e(charge.ReportDue, Text{"待回传", "due"},
			Text{"实际减免等待回传平台。", "The usage waits to be sent to the platform."},
			Text{"系统会自动处理。", "It goes on by itself."}),
		e(charge.ReportSent, Text{"回传中", "sent"}, Text{"已发送，平台尚未接收。", "It was sent; the platform has not taken it yet."},
			Text{"系统会按计划重试。", "It is tried again on schedule."}),
		e(charge.ReportDone, Text{"已回传", "done"}, Text{"平台已接收。", "The platform has taken it."}, Nothing()),
		e(charge.ReportGaveUp, Text{"回传失败", "gave up"}, Text{"多次尝试仍未被接收。", "It was not taken after many tries."},
			Text{"核对回传地址与密钥。", "Check the report's address and keys."}),
	}
}
