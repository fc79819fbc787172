package words

// verdictNotes are the sentences of the verdict on a charge: first how it stands, then what to do next.
var verdictNotes = map[string]Text{
	"verdict.held": {
		"等待车场上报停车订单，最迟到 {until}；按规则应给予 {grant}。",
		"It waits until {until} for the lot to report a stay; by the rule it is worth {grant}.",
	},
	"verdict.shadow": {
		"对接在试运行：本应给予 {grant}，没有下发。",
		"The binding is in shadow: {grant} would have been granted, and nothing was sent.",
	},
	"verdict.nothing_for": {"没有减免：{why}。", "Nothing is granted: {why}."},
	"verdict.nothing":     {"没有减免（{reason}）：{why}。", "Nothing is granted ({reason}): {why}."},
	"verdict.left_before": {
		"本应给予 {grant}，没有给：{why}。",
		"Not granted: {grant}, since {why}.",
	},
	"verdict.no_stay": {
		"没有找到停车订单，本应给予 {grant}，没有给：{why}。",
		"No stay was found, so {grant} could not be granted: {why}.",
	},
	"verdict.cap": {
		"本次停车的减免已到上限：{why}。已减免的充电订单：{earlier}。",
		"The stay has had all that its cap allows: {why}. Granted before to: {earlier}.",
	},
	"verdict.stands": {
		"没有再减免（{reason}）：{why}。先前的充电订单：{earlier}。",
		"Nothing more is granted ({reason}): {why}. Granted before to: {earlier}.",
	},
	"verdict.sending": {
		"正在把减免（{grant}）下发到车场 {lot}。",
		"The reduction ({grant}) is on its way to lot {lot}.",
	},
	"verdict.sending_line": {
		"减免（{grant}）还没有送达车场 {lot}：车场没有在线的长连接。",
		"Lot {lot} does not have the reduction ({grant}) yet: it has no line to us.",
	},
	"verdict.sending_paused": {
		"减免（{grant}）还没有送达车场 {lot}：客服暂停了该车场的下发。",
		"Lot {lot} does not have the reduction ({grant}) yet: support has paused sending to it.",
	},
	"verdict.sending_waits": {
		"减免（{grant}）还没有送达车场 {lot}（{reason}）；下次尝试：{next}。",
		"Lot {lot} does not have the reduction ({grant}) yet ({reason}); the next try is at {next}.",
	},
	"verdict.unknown_retried": {
		"减免（{grant}）已发出，{heard}，可能已生效；将用同一编号再发一次，时间：{next}。",
		"The reduction ({grant}) was sent and {heard}; it may have taken effect. The same is sent again at {next}.",
	},
	"verdict.unknown_left": {
		"减免（{grant}）已发出，{heard}；车已离场，是否已抵扣不清楚。",
		"The reduction ({grant}) was sent and {heard}. Whether it came off before the car left is not known.",
	},
	"verdict.unknown_unsafe": {
		"减免（{grant}）已发出，{heard}；该车场不能重复下发（repeats: unsafe），不会自动再发。",
		"The reduction ({grant}) was sent and {heard}. It is not sent there twice (repeats: unsafe).",
	},
	"verdict.unknown": {
		"减免（{grant}）已发出，{heard}；不再自动重发。",
		"The reduction ({grant}) was sent and {heard}. It is not sent again by itself.",
	},
	"verdict.no_answer": {"车场没有应答", "the lot did not answer"},
	"verdict.no_yes_or_no": {
		"车场的应答既不是“是”也不是“否”",
		"the lot's answer was neither a yes nor a no that can be read",
	},
	"verdict.posted": {
		"减免（{grant}）已记入我们的账本，出场时抵扣。",
		"Our ledger holds the reduction ({grant}); it comes off at the exit.",
	},
	"verdict.delivered": {
		"车场已确认收到减免（{grant}）。",
		"The lot confirmed the reduction ({grant}).",
	},
	"verdict.not_told": {
		"车场确认过减免（{grant}），车已离场，而出场记录没有写减免。",
		"The lot confirmed the reduction ({grant}) and the car has left, but its exit names none.",
	},
	"verdict.refused": {
		"车场拒绝了减免（{grant}）：{said}。",
		"The lot refused the reduction ({grant}): {said}.",
	},
	"verdict.gave_up": {
		"减免（{grant}）没能送达车场（{reason}）：{said}。",
		"The lot did not get the reduction ({grant}; {reason}): {said}.",
	},
	"verdict.said_nothing": {"没有尝试过", "it was never tried"},
	"verdict.used": {
		"车已离场，实际减免 {used}。",
		"The car has left with {used} taken off.",
	},
	"verdict.used_unknown": {"车已离场，减免已使用。", "The car has left and the reduction was used."},
	"verdict.gap": {
		"车已离场，实际减免 {used}，应减免 {grant}。",
		"The car has left with {used} taken off in place of {grant}.",
	},
	"verdict.used_worth": {
		"车已离场，实际减免 {used}，合 {worth}。",
		"The car has left with {used} taken off, worth {worth}.",
	},
	"verdict.left_late": {
		"车离场时已超过充电结束后的离场时限，减免（{grant}）失效，没有抵扣。",
		"The car left later after its charge than the rule allows, so the reduction ({grant}) was lost.",
	},
	"verdict.gap_price": {
		"车已离场，实际减免 {used}；道闸比我们的计价多收 {took}。",
		"The car has left with {used} taken off. The gate took {took} more than our price.",
	},
	"verdict.gap_less": {
		"车已离场，实际减免 {used}；道闸比我们的计价少收 {took}。",
		"The car has left with {used} taken off. The gate took {took} less than our price.",
	},
	"verdict.voided": {"客服已作废，没有减免。", "Support voided it; nothing is granted."},
	"verdict.voided_used": {
		"客服已作废；出场时已减免 {used}，对账单已冲回。",
		"Support voided it. {used} had been taken off at the exit; the statement is corrected.",
	},
	"verdict.voided_told": {
		"客服已作废，但车场已经或可能已经收到减免（{grant}）。",
		"Support voided it, but the lot has or may have received the reduction ({grant}).",
	},

	"next.nothing": {"无需处理。", "Nothing to do."},
	"next.held": {
		"车场上报入场后自动匹配；车牌可能识别有误时，绑定到停车订单。",
		"It is matched when the lot reports the entry. If the plate may be misread, bind it to a stay.",
	},
	"next.shadow":  {"与平台单据核对无误后，把对接切换为正式。", "Compare with the platform's records, then set the binding live."},
	"next.explain": {"向车主说明。", "Explain it to the driver."},
	"next.rule": {
		"向车主说明；若规则有误，修改规则后重新下发，会重新判定。",
		"Explain it to the driver. If the rule is wrong, correct it and redeliver: that decides anew.",
	},
	"next.cap": {
		"向车主说明：上限按一次停车、所有平台合计。",
		"Explain it to the driver: the cap counts per stay, over all platforms.",
	},
	"next.stands": {"先前的减免保持有效；向车主说明。", "The earlier grant stands; explain it to the driver."},
	"next.ask_platform": {
		"请平台在推送中填写减免，或给对接设置固定减免的规则。",
		"Ask the platform to fill the reduction in, or give the binding a fixed grant.",
	},
	"next.binding":    {"在“接入”中检查该对接的模式和规则。", "Check the binding's mode and rule."},
	"next.compensate": {"车已离场，只能人工补偿。", "The car has left: the driver can only be compensated by hand."},
	"next.compensate_earlier": {
		"只能人工补偿；请平台提早推送。",
		"The driver can only be compensated by hand; ask the platform to push earlier.",
	},
	"next.find_stay": {
		"核对车牌与车场；找到停车订单后绑定。",
		"Check the plate and the lot; bind the charge once the stay is found.",
	},
	"next.by_itself": {"系统自动继续。", "The gateway goes on by itself."},
	"next.line": {
		"请车场检查网络与程序；长连接登录后立即补发。",
		"Have the lot check its network and program; it is sent as soon as the line logs in.",
	},
	"next.resume": {"在车场页面恢复下发。", "Resume the lot on its page; sending goes on."},
	"next.callback": {
		"系统按计划重试；请车场检查回调地址、证书与程序。",
		"It is retried on schedule. Have the lot check callback address, certificate and program.",
	},
	"next.asked_again": {
		"系统会再发；也可与车场核对后，直接标明车场有没有收到。",
		"It is sent again by itself. You may also ask the lot and say here whether it has the reduction.",
	},
	"next.ask_lot": {
		"与车场核对：有则标明“车场有”，没有则标明“车场没有”，没有的会再发一次。",
		"Ask the lot. If it has the reduction, say so here; if it has not, say that: it is then sent once.",
	},
	"next.ask_lot_left": {"与车场核对是否已抵扣，并在此标明。", "Ask the lot whether it was taken off, and say so here."},
	"next.ask_used": {
		"与车场核对是否已抵扣；对账单中标为差异。",
		"Ask the lot whether it was taken off; the statement shows a gap.",
	},
	"next.ask_voided":    {"与车场核对是否已抵扣。", "Ask the lot whether it was taken off."},
	"next.exit":          {"等待出场。", "Wait for the exit."},
	"next.redeliver":     {"排除原因后重新下发。", "Settle the cause, then redeliver."},
	"next.after_refusal": {"按车场的说明处理后重新下发。", "Settle what the lot says, then redeliver."},
	"next.gap":           {"与车场核对这笔停车订单；对账单中标为差异。", "Ask the lot about this stay; the statement shows a gap."},
	"next.gate": {
		"与车场核对这次收费；对账单中标为差异。",
		"Ask the lot what its gate charged; the statement shows a gap.",
	},
	"next.report": {
		"核对回传地址与密钥：平台没有收到实际减免。",
		"Check the report's address and keys: the platform has not received the usage.",
	},
	"next.reporting": {"正在向平台回传，无需处理。", "It is being reported to the platform; nothing to do."},
	"next.undo_at_booth": {
		"请在岗亭人工撤销：协议没有收回减免的报文。",
		"Have it undone at the booth: the protocol has no message that takes a reduction back.",
	},
}

// effectNotes say what an action of support does, why it cannot be done, and who did it.
var effectNotes = map[string]Text{
	"effect.done": {
		"已完成：{from}（{from_reason}）→ {to}（{to_reason}）。{what}",
		"Done: {from} ({from_reason}) → {to} ({to_reason}). {what}",
	},
	"effect.sends": {"下发 {grant} 到车场 {lot}。", "{grant}: sent to lot {lot}."},
	"effect.sends_later": {
		"{grant} 将在可以时下发到车场 {lot}（现在：{reason}）。",
		"{grant}: sent to lot {lot} as soon as it can be ({reason} now).",
	},
	"effect.sends_again": {
		"用同一编号 {uuid} 再次向车场 {lot} 发送 {grant}；已收到过的车场不会重复减免。",
		"{grant}: the same message is sent to lot {lot} again with the same id {uuid}; a lot that has it does " +
			"not add it twice.",
	},
	"effect.sends_once": {
		"车场没有收到：用同一编号 {uuid} 向车场 {lot} 发送一次 {grant}。",
		"The lot has it not: {grant} is sent to lot {lot} once, with the same id {uuid}.",
	},
	"effect.posts": {
		"{grant} 记入我们的账本，车场 {lot} 出场时抵扣。",
		"{grant}: entered in our ledger, taken off at the exit from lot {lot}.",
	},
	"effect.waits":      {"重新判定后仍等待停车订单，最迟到 {until}。", "Decided again, it waits for a stay until {until}."},
	"effect.shadow":     {"对接在试运行：只判定为 {grant}，不下发。", "The binding is in shadow: {grant} is decided, nothing is sent."},
	"effect.stays":      {"结果仍是：{state}（{reason}）：{why}。", "It stays as it is: {state} ({reason}): {why}."},
	"effect.becomes":    {"结果是：{state}（{reason}）：{why}。", "It becomes: {state} ({reason}): {why}."},
	"effect.nothing":    {"没有可下发的减免。", "There is no reduction to send."},
	"effect.no_figures": {"没有更多说明", "nothing more is known"},
	"effect.bound":      {"绑定到停车订单 {stay}（车牌 {plate}）：{what}", "Bound to stay {stay} of plate {plate}: {what}"},
	"effect.lot_has":    {"按车场已收到 {grant} 处理，等待出场。", "{grant}: counted as received by the lot; wait for the exit."},
	"effect.too_late": {
		"车已离场：{grant} 从账本收回，只能人工补偿。",
		"The car has left: {grant} taken back in the ledger; the driver can only be compensated by hand.",
	},
	"effect.void_nothing": {"尚未给予任何减免；作废后不再给予。", "Nothing was given; once voided, it gets nothing."},
	"effect.void_used": {
		"车已离场，实际减免了 {used}：以冲销分录更正对账单，不会再次向车主收费。",
		"The car has left and {used} was taken off: counter-entries correct the statement; the driver is not " +
			"charged again.",
	},
	"effect.void_ledger": {
		"从我们的账本中删去 {grant}，出场时不再抵扣。",
		"{grant}: taken out of our ledger; nothing is taken off for it at the exit.",
	},
	"effect.void_unsent": {"收回 {grant}：车场尚未收到，也不会再收到。", "{grant}: taken back. The lot has not received it and will not."},
	"effect.void_revoked": {
		"收回 {grant}：车场一并收回优惠券；已使用的收不回。",
		"{grant}: taken back, and the coupon with it; one that is used already stays.",
	},
	"effect.void_told": {
		"账本收回 {grant}，不再发送；车场已经或可能已经收到，请在岗亭人工撤销。",
		"{grant}: taken back in our ledger and not sent again. The lot has or may have received it: have it " +
			"undone at the booth.",
	},
	"effect.void_left": {
		"账本收回 {grant}；车已离场，是否已抵扣请与车场核对。",
		"{grant}: taken back in our ledger. The car has left: ask the lot whether it was taken off.",
	},
	"effect.paused": {
		"恢复之前不向该车场下发；充电订单照常接收和判定。",
		"Nothing is sent to the lot until it is resumed; charges are still taken and decided.",
	},
	"effect.resumed": {"等待中的减免立即下发。", "What waits for the lot is sent now."},

	"effect.resumes": {
		"等待中的 {n} 笔减免立即下发，最久的已等 {age}。",
		"{n} {n|reduction that waits|reductions that wait} for the lot {n|is|are} sent now, the oldest after {age}.",
	},
	"effect.not_paused": {"车场没有暂停，不会有变化。", "The lot is not paused: nothing changes."},

	"replay.known":     {"这条推送已有充电订单，回放不会改变任何东西。", "The push has a charge already: a replay changes nothing."},
	"replay.no_charge": {"这条推送不是充电订单，回放不会改变任何东西。", "The push is no finished charge: a replay changes nothing."},
	"replay.refused": {
		"用今天的密钥仍然打不开，回放不会接收它。",
		"It does not open with today's keys either: a replay would not take it.",
	},
	"replay.locked_out": {
		"来源锁按今天的设置重新判断，仍未通过，回放不会接收它。",
		"Its lock is judged again as set today and does not let it in: a replay would not take it.",
	},
	"replay.takes":  {"用今天的密钥可以打开，回放会接收它：{what}", "It opens with today's keys, and a replay takes it. {what}"},
	"replay.took":   {"推送：{before} → {after}。{what}", "The push: {before} → {after}. {what}"},
	"replay.repeat": {"同一订单已有充电订单，回放只记为重复。", "Its order has a charge already: a replay counts as a repeat."},
	"replay.still_refused": {
		"用今天的密钥可以打开，但仍会被拒绝：{outcome}。",
		"It opens with today's keys, and is refused still: {outcome}.",
	},
	"replay.busy": {"网关此刻没有空位，请稍后再试。", "The gateway has no room at this moment; try again in a while."},

	"refused.car_left": {"车已离场，减免送到也帮不到车主。", "The car has left: a reduction would not help its driver."},
	"refused.lot_has_it": {
		"车场已收到这笔减免，再发可能重复减免。",
		"The lot has this reduction already; sending it again could give it twice.",
	},
	"refused.voided": {"该充电订单已作废。", "The charge is voided."},
	"refused.shadow": {
		"对接在试运行：只判定、不下发。请先切换为正式。",
		"The binding is in shadow: it decides and sends nothing. Set it live first.",
	},
	"refused.lot_off": {"车场已停用。", "The lot is switched off."},
	"refused.unsafe": {
		"车场可能已生效，而它不能重复下发（repeats: unsafe）。请与车场核对，再标明车场有没有收到。",
		"The lot may have it, and may not be told twice (repeats: unsafe). Ask the lot, then say whether it has it.",
	},
	"refused.not_revoked": {"车场没有收回优惠券：{answer}", "The car park did not take the coupon back: {answer}"},
	"refused.revoke_unknown": {
		"不知道优惠券是否已收回：{answer}。请与车场核对，或稍后再试。",
		"Whether the coupon was taken back is not known: {answer}. Ask the car park, or try again.",
	},
	"refused.under_way": {"此刻正在发送。", "It is being sent at this moment."},
	"refused.not_bindable": {
		"只有未获减免的充电订单可以绑定；这一笔是“{state}”。",
		"Only a charge that was granted nothing can be bound to a stay; this one is “{state}”.",
	},
	"refused.not_unknown": {
		"只有结果未知的充电订单需要标明；这一笔是“{state}”。",
		"Only a charge whose result is unknown can be resolved; this one is “{state}”.",
	},
	"refused.no_stay": {"车场 {lot} 没有上报过停车订单 {stay}。", "Lot {lot} has reported no stay {stay}."},
	"refused.stay_over": {
		"停车订单 {stay} 已于 {left} 结束，减免帮不到车主。",
		"Stay {stay} ended at {left}: a reduction would not help its driver.",
	},
	"refused.not_bound": {"该充电订单的对接或车场已不存在。", "The charge's binding or lot is gone."},
	"refused.locked_out": {"这笔充电的推送通不过账号当前的来源锁，不能绑定：{why}。",
		"The push of this charge does not pass its account's lock today, so it cannot be bound: {why}."},
	"refused.ledger": {"4G 车场由我们记账，没有可暂停的下发。", "A 4G lot is our own ledger: there is nothing to pause."},

	"act.redelivered": {"客服要求重新下发。原因：{reason}", "support asked to redeliver. Reason: {reason}"},
	"act.revoked":     {"车场收回优惠券：{answer}。原因：{reason}", "the car park took the coupon back: {answer}. Reason: {reason}"},
	"act.voided":      {"客服作废。原因：{reason}", "support voided it. Reason: {reason}"},
	"act.bound":       {"客服绑定到停车订单。原因：{reason}", "support bound it to a stay. Reason: {reason}"},
	"act.lot_has":     {"客服与车场核对：车场有这笔减免。原因：{reason}", "support asked the lot: it has the reduction. Reason: {reason}"},
	"act.lot_has_not": {
		"客服与车场核对：车场没有这笔减免。原因：{reason}",
		"support asked the lot: it has not the reduction. Reason: {reason}",
	},
}

// verbs name the actions of a verdict.
var verbs = map[string]Text{
	"redeliver":   {"重新下发", "Redeliver"},
	"bind":        {"绑定到停车订单", "Bind to a stay"},
	"void":        {"作废", "Void"},
	"lot_has":     {"车场有这笔减免", "The lot has it"},
	"lot_has_not": {"车场没有这笔减免", "The lot has it not"},
}

// Verb names an action of a verdict.
func Verb(verb string) Text { return verbs[verb] }
