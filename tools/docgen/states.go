package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

// outcomeName is a push outcome's name in Chinese.
func outcomeName(o charge.Outcome) string {
	return words.Find(words.PushOutcome, string(o)).Name.ZH
}

// statePage prints docs/states.md: every closed list, each code explained in both languages.
func statePage(out files) error {
	p := newPage("状态与原因 · States and reasons", "charge/states.go, flow/states.go and words")
	p.para("接口、控制台、命令行、日志和对账单里的代码只有这些。 This is the complete list of codes in the API, the console, the commands, "+
		"the log and statements.",
		"排查步骤见[客服手册](support.md)。 What to do about them, step by step: [for support](support.md).")
	p.section("充电订单怎么走 · How a charge goes")
	if err := transitions(p); err != nil {
		return err
	}
	for _, l := range lists() {
		p.section(l.title)
		if l.text != "" {
			p.para(l.text)
		}
		var rows [][]string
		for _, code := range l.codes {
			e := words.Find(l.list, code)
			if e.Meaning.ZH == "" || e.Meaning.EN == "" {
				return fmt.Errorf("words does not explain the %s %q", l.list, code)
			}
			rows = append(rows, []string{mono("", code), e.Name.ZH + "<br>" + e.Name.EN, e.Meaning.ZH + "<br>" + e.Meaning.EN,
				e.Next.ZH + "<br>" + e.Next.EN})
		}
		p.table([]string{"代码 Code", "名称 Name", "含义 Meaning", "下一步 What to do"}, rows)
	}
	out["states.md"] = p.Bytes()
	return nil
}

// byHand marks the ways that a charge goes by support; the drawing leaves them to the table.
const byHand = "decided again by support"

// transitions draws flow's table of them, and prints it whole below.
func transitions(p *page) error {
	drawing := "stateDiagram-v2\n"
	var rows [][]string
	for _, t := range flow.Transitions() {
		zh := chineseMoves[t.Why]
		if zh == "" {
			return fmt.Errorf("tools/docgen/chinese.go has no Chinese for the transition %q", t.Why)
		}
		from := string(t.From)
		rows = append(rows, []string{mono("", from), mono("", string(t.To)), zh + "<br>" + t.Why})
		if from == "" {
			from = "[*]"
		}
		if t.To != charge.StateVoided && !strings.HasPrefix(t.Why, byHand) {
			drawing += fmt.Sprintf("    %s --> %s\n", from, t.To)
		}
	}
	p.code("mermaid", drawing)
	p.para("图里没有画人工作废（任何状态都可以）和人工重新判定，表里都有。 The drawing leaves out voiding (from any state) and deciding again by hand; " +
		"the table has all.")
	p.table([]string{"从 From", "到 To", "何时 When"}, rows)
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
	var channels []charge.DeliveryChannel
	for _, kind := range lot.Kinds() {
		if !slices.Contains(channels, kind.Channel) {
			channels = append(channels, kind.Channel)
		}
	}
	return []closedList{
		{"充电订单状态 · Charge states", words.ChargeState, "", codes(charge.States)},
		{"充电订单原因 · Charge reasons", words.ChargeReason, "为什么处于这个状态。 Why a charge is in its state.", codes(charge.Reasons)},
		{"推送结果 · Push outcomes", words.PushOutcome,
			"平台各自听到什么，见各平台页第 7 节。 What each platform hears: section 7 of its [page](platforms/README.md).",
			codes(charge.Outcomes)},
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
