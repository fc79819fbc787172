package main

import (
	"fmt"

	"github.com/chargestamp/chargestamp/admin/words"
	"github.com/chargestamp/chargestamp/charge"
)

// outcomeName is a push outcome's name in Chinese.
func outcomeName(o charge.Outcome) string {
	return words.Find(words.PushOutcome, string(o)).Name.ZH
}

// moves are the ways a charge may go, for the drawing; the empty state is where charges come from.
var moves = []struct {
	from, to charge.State
	words    string
}{
	{"", charge.StateHeld, "还没有在场记录 no stay yet"},
	{"", charge.StateShadow, "影子运行 binding in shadow"},
	{"", charge.StateNoGrant, "按规则不减免 nothing by the rule"},
	{"", charge.StateSending, "已决定 granted"},
	{charge.StateHeld, charge.StateSending, "入场到了 the entry came"},
	{charge.StateHeld, charge.StateNoGrant, "按规则不减免 nothing by the rule"},
	{charge.StateHeld, charge.StateShadow, "影子运行 shadow"},
	{charge.StateHeld, charge.StateExpired, "过了等待时间 hold over"},
	{charge.StateSending, charge.StateDelivered, "车场应答 acknowledged"},
	{charge.StateSending, charge.StateUnknown, "没有应答 no answer"},
	{charge.StateSending, charge.StateRefused, "车场拒绝 state 0"},
	{charge.StateSending, charge.StateGaveUp, "没送到 not delivered in time"},
	{charge.StateUnknown, charge.StateDelivered, "再问后应答 acknowledged"},
	{charge.StateUnknown, charge.StateRefused, "车场拒绝 state 0"},
	{charge.StateUnknown, charge.StateUsed, "出场告知 the exit told"},
	{charge.StateSending, charge.StateUsed, "出场告知 the exit told"},
	{charge.StateGaveUp, charge.StateDelivered, "迟到的应答 acknowledged late"},
	{charge.StateGaveUp, charge.StateSending, "人工重新下发 redelivered by hand"},
	{charge.StateRefused, charge.StateSending, "人工重新下发 redelivered by hand"},
	{charge.StateExpired, charge.StateSending, "人工绑定或重新判定 bound or redelivered by hand"},
	{charge.StateNoGrant, charge.StateSending, "人工绑定或重新判定 bound or redelivered by hand"},
	{charge.StateDelivered, charge.StateUsed, "出场告知实际减免 the exit told the usage"},
	{charge.StateDelivered, charge.StateVoided, "人工作废 voided by hand"},
}

// statePage prints docs/states.md: every closed list, each code explained in both languages.
func statePage(out files) error {
	p := newPage("状态与原因 · States and reasons", "charge/states.go and admin/words")
	p.para("接口、控制台、命令行、日志和对账单里的代码只有这些。 These and no others stand in the API, the console, the commands, the log and statements.",
		"排查步骤见[客服手册](support.md)。 What to do about them, step by step: [for support](support.md).")
	p.section("充电订单怎么走 · How a charge goes")
	drawing := "stateDiagram-v2\n"
	for _, m := range moves {
		from := string(m.from)
		if from == "" {
			from = "[*]"
		}
		drawing += fmt.Sprintf("    %s --> %s : %s\n", from, m.to, m.words)
	}
	drawing += "    used --> [*]\n    voided --> [*]\n"
	p.code("mermaid", drawing)
	p.para("作废（`voided`）从任何状态都可以；图中只画了一条。 A charge can be voided in any state; one arrow stands for all.",
		"还在等待或影子运行的订单，以新内容再推一次会重新判定；之后以首次内容为准。 While it is held or in shadow, a push of the same order with other content decides anew; after that the first content stays.")
	for _, l := range lists() {
		p.section(l.title)
		if l.text != "" {
			p.para(l.text)
		}
		var rows [][]string
		for _, code := range l.codes {
			e := words.Find(l.list, code)
			if e.Meaning.ZH == "" || e.Meaning.EN == "" {
				return fmt.Errorf("admin/words does not explain the %s %q", l.list, code)
			}
			rows = append(rows, []string{mono("", code), e.Name.ZH + "<br>" + e.Name.EN, e.Meaning.ZH + "<br>" + e.Meaning.EN, e.Next.ZH + "<br>" + e.Next.EN})
		}
		p.table([]string{"代码 Code", "名称 Name", "含义 Meaning", "下一步 What to do"}, rows)
	}
	out["states.md"] = p.Bytes()
	return nil
}

// closedList is one list of codes.
type closedList struct {
	title string
	list  words.List
	text  string
	codes []string
}

func lists() []closedList {
	methods := []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree, charge.MethodLotDecides}
	channels := []charge.DeliveryChannel{charge.ChannelLine, charge.ChannelCallback, charge.ChannelLedger}
	return []closedList{
		{"充电订单状态 · Charge states", words.ChargeState, "", codes(charge.States)},
		{"充电订单原因 · Charge reasons", words.ChargeReason, "为什么处于这个状态。 Why a charge is in its state.", codes(charge.Reasons)},
		{"推送结果 · Push outcomes", words.PushOutcome, "平台各自听到什么，见各平台页第 7 节。 What each platform hears: section 7 of its [page](platforms/README.md).", codes(charge.Outcomes)},
		{"下发通道 · Delivery channels", words.Channel, "", codes(channels)},
		{"下发状态 · Delivery states", words.DeliveryState, "", codes(charge.DeliveryStates)},
		{"单次尝试的结果 · Attempt results", words.AttemptResult, "", codes(charge.AttemptResults)},
		{"回传状态 · Report states", words.ReportState, "", codes(charge.ReportStates)},
		{"减免方式 · Methods", words.Method, "", codes(methods)},
	}
}

func codes[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}
