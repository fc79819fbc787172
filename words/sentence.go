package words

import (
	"slices"
	"strings"
)

// Sentence puts a sentence that package flow says (an effect, an event), or that a push is refused with, into Chinese. %s stands for what varies.
// A sentence that is not known stays as it is.
func Sentence(english string) Text {
	if body, reason, found := strings.Cut(english, " Reason given: "); found {
		said := Sentence(body)
		return Text{ZH: said.ZH + "原因：" + reason, EN: english}
	}
	for _, s := range slices.Concat(sentences, pushSentences) {
		if args, ok := match(s.EN, english); ok {
			return Text{ZH: fillIn(s.ZH, args), EN: english}
		}
	}
	return Text{english, english}
}

// match reports whether text is the pattern with something in place of each %s, and with what.
func match(pattern, text string) (args []string, ok bool) {
	parts := strings.Split(pattern, "%s")
	text, ok = strings.CutPrefix(text, parts[0])
	if !ok {
		return nil, false
	}
	for i, part := range parts[1:] {
		at := strings.Index(text, part)
		if i == len(parts)-2 && strings.HasSuffix(text, part) {
			at = len(text) - len(part)
		}
		if at < 0 {
			return nil, false
		}
		args, text = append(args, text[:at]), text[at+len(part):]
	}
	return args, text == ""
}

func fillIn(pattern string, args []string) string {
	for _, a := range args {
		pattern = strings.Replace(pattern, "%s", a, 1)
	}
	return pattern
}

var sentences = []Text{
	{"恢复之前不向该车场下发；充电订单照常接收和判定。", "Nothing is sent to the lot until it is resumed; charges are still taken and decided."},
	{"等待中的减免将立即下发。", "What waits for the lot is sent now."},
	{"4G 车场由我们记账，没有可暂停的下发。", "A 4G lot is our own ledger: there is nothing to pause."},
	{"车已离场，减免不会惠及任何人。", "The car has left: a reduction would reach nobody."},
	{"车场已收到这笔减免，再发可能重复减免。", "The lot has this reduction already; sending it again could give it twice."},
	{"该充电订单已作废。", "The charge is voided."},
	{"对接处于试运行：只判定、不下发。请先切换为正式。", "The binding is a shadow: it decides and sends nothing. Set it live first."},
	{"将按该对接现行的规则和该停车订单已有的减免重新判定，结果作为一笔新的减免下发。车场此前没有收到过它。", "The charge is decided again by its rule as it stands today and by what its stay has been granted; what comes out is sent as a new reduction. The lot has not had this one."},
	{"车场已停用。", "The lot is switched off."},
	{"无法确定车场是否已生效，而该车场不允许重复告知（repeats: unsafe）。请与车场核对，再绑定或作废。", "Nobody knows whether the lot applied it, and this lot may not be told twice (repeats: unsafe). Ask the car park, then bind or void."},
	{"此刻正在发送。", "It is being sent at this moment."},
	{"将用同一编号 %s 再次发送同一报文；已收到过的车场不会重复减免。", "The same message is sent again with the same id %s; a lot that has it will not add it twice."},
	{"只有未获减免的充电订单可以绑定；这一笔的状态是 %s。", "Only a charge that got nothing can be bound to a stay; this one is %s."},
	{"车场 %s 没有上报过停车订单 %s。", "Lot %s has told no stay %s."},
	{"停车订单 %s 已结束，减免不会惠及任何人。", "Stay %s is over: a reduction would reach nobody."},
	{"将按停车订单 %s（车牌 %s）判定，得出的减免随即下发。", "The charge is decided for stay %s of plate %s and what comes out is sent."},
	{"该充电订单的对接或车场已不存在。", "The charge's binding or lot is gone."},
	{"该充电订单已经作废。", "The charge is voided already."},
	{"尚未给予任何减免；标记为作废后不再给予。", "Nothing was given; the charge is marked voided and will get nothing."},
	{"车已离场，实际减免了 %s。将以冲销分录更正对账单，不会再次向车主收费。", "The car has left and %s was taken off. Counter-entries correct the statement; nobody is charged again."},
	{"收回这笔减免。", "The grant is taken back."},
	{"从我们的账本中删去这笔减免，出场时不再抵扣。", "The reduction is struck from our ledger; the exit will take nothing off for it."},
	{"车场尚未被告知，也不会再被告知。", "The car park has not been told yet and will not be."},
	{"车场已经或可能已经收到，其协议没有收回减免的报文：请在岗亭人工撤销。我们的账本收回这笔减免，且不再发送。", "The car park has been told, or may have been, and its protocol has no message to take a reduction back: have it undone at the booth. Our ledger takes the grant back and nothing is sent again."},
	{"判定之后同一订单以不同内容再次推送；以首次内容为准。", "the order came again with other content after it was decided; the first content stays"},
	{"下发之前同一订单以不同内容再次推送；以新内容为准。", "the order came again with other content before anything was sent; the newer content counts"},
	{"记入账本，出场时抵扣。", "pending in the ledger; taken off at exit"},
	{"道闸收取 %s 元，我们的计价为 %s 元。", "the gate took %s yuan, our price was %s"},
	{"车场把停车订单 %s 的车牌更正为 %s。", "the lot corrected the plate of stay %s to %s"},
	{"停车订单 %s，入场时间 %s。", "stay %s entered %s"},
	{"以今天的密钥可以打开。", "opens with today's keys"},
	{"以今天的密钥可以打开；回放后将作为新推送接收。", "opens with today's keys; without dry run it is taken now"},
	{"给予", "granted"},
	{"出场记录", "told by exit"},
	{"用量上报", "told by told"},
	{"我们的账本", "told by ledger"},
	{"被后来的消息更正", "corrected by a later message"},
	{"平台已接收回传。", "the platform took the report"},
	{"车场没有在线的线路；下次登录时发送。", "the lot has no line; it is sent at its next login"},
	{"没有线路", "no line"},
	{"同一报文正在发送中", "the same message is under way to the lot"},
	{"线路已满或已关闭", "the line is full or closed"},
	{"未发出：%s", "not sent: %s"},
	{"车场返回 HTTP %s：不跟随重定向，回调地址必须是最终地址", "answered with HTTP %s: redirects are not followed, the callback address must be the final one"},
	{"车场返回 HTTP %s", "answered with HTTP %s"},
	{`应答不是 {"state":0|1,"errmsg":…}，而是空的`, `the answer is not {"state":0|1,"errmsg":…}; it is empty`},
	{`应答不是 {"state":0|1,"errmsg":…}，而是（%s）：%s`, `the answer is not {"state":0|1,"errmsg":…} but (%s): %s`},
	{`应答不是 {"state":0|1,"errmsg":…}`, `the answer is not {"state":0|1,"errmsg":…}`},
	{"作废", "voided"},
	{"重新下发", "redelivered"},
	{"车场拒绝", "refused by the lot"},
	{"放弃后收到车场确认。", "acknowledged after it was given up"},
	{"放弃时有一次发送尚未应答，可能已生效。", "given up while a try was under way that may have been applied"},
}
