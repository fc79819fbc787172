package words

import (
	"unicode"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// clauseNotes are the clauses of a rule, in the order in which charge.Rule.Clauses names them.
var clauseNotes = map[string]Text{
	"clause.as_pushed":   {"按推送的要求减免", "takes off what the push asks for"},
	"clause.fixed":       {"减 {grant}", "takes off {grant}"},
	"clause.free":        {"免停车费", "makes the stay free"},
	"clause.lot_decides": {"减多少由车场决定", "leaves it to the lot how much is taken off"},

	"clause.charged":      {"充电多久，减多少分钟", "takes off as many minutes as were charged"},
	"clause.charged_plus": {"减去充电时长，再加 {plus}", "takes off the minutes charged and {plus} more"},
	"clause.interval":     {"免去充电时段的停车费", "takes off what parking costs while charging"},
	"clause.interval_plus": {
		"免去充电时段及其后 {plus} 的停车费",
		"takes off what parking costs while charging and for {plus} after it",
	},
	"clause.cap_charged": {"充电时长最多计 {most}", "counts at most {most} of charging"},

	"clause.step_any":     {"只要充电，{takes}", "{takes} for any charge"},
	"clause.step_minutes": {"充电满 {from}，{takes}", "{takes} for {from} of charging or more"},
	"clause.step_energy":  {"充电满 {from}，{takes}", "{takes} for {from} or more"},
	"clause.step_fee":     {"充电费满 {from}，{takes}", "{takes} for a charging fee of {from} or more"},
	"clause.steps":        {"按达到的最后一级，不累计", "only the last step that is reached counts"},

	"clause.min_charge":   {"充电不足 {least} 的不减", "nothing for less than {least} of charging"},
	"clause.min_energy":   {"电量不足 {least} 的不减", "nothing for less than {least}"},
	"clause.min_fee":      {"充电费不足 {least} 的不减", "nothing for a charging fee below {least}"},
	"clause.points":       {"只减在 {points} 的充电", "only for charging at {points}"},
	"clause.many_points":  {"只减在所列 {n} 处的充电", "only for charging at the {n} points that it lists"},
	"clause.no_temporary": {"临时车牌和无牌车不减", "nothing for temporary plates and cars without a plate"},

	"clause.cap":       {"每次停车最多减 {cap}", "at most {cap} a stay, over all platforms"},
	"clause.day_times": {"每车每天{where}最多减 {n} 次", "at most {n} {n|charge|charges} a day and plate {where}"},
	"clause.day":       {"每车每天{where}最多减 {cap}", "at most {cap} a day and plate {where}"},
	"clause.lock": {"减过一次的车，充电结束相隔不足 {for} 的另一次停车{where}不再减",
		"a plate gets nothing in another stay {where} whose charge ended within {for} of one that was granted"},
	"clause.of_lot":    {"在本车场", "in this lot"},
	"clause.of_vendor": {"在该厂商的所有车场", "in all lots of the vendor"},

	"clause.leave_within": {
		"充电结束后超过 {within} 离场的，减免失效",
		"lost where the car leaves later than {within} after the charge's end",
	},
	"clause.best":      {"一次停车多次充电，取最优一笔", "of several charges in a stay the best one counts"},
	"clause.sum":       {"一次停车多次充电，累加", "several charges in a stay add up"},
	"clause.first":     {"一次停车多次充电，只减第一笔", "of several charges in a stay only the first counts"},
	"clause.outer":     {"减在外场的停车订单上", "granted in the stay of the outer lot"},
	"clause.at_charge": {"减在充电时所在的停车订单上", "granted in the stay in which it was charged"},
	"clause.hold":      {"停车订单未到时，最长等待 {hold}", "waits up to {hold} for the stay"},
	"clause.no_hold":   {"没有停车订单的立即不减", "nothing where there is no stay yet"},
	"clause.effective": {"自 {at} 起生效", "in force from {at}"},
}

// Rule returns a rule as one sentence.
func Rule(l Lang, r *charge.Rule) string {
	text := Notes(l, r.Clauses())
	if l != English {
		return text + "。"
	}
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// RuleText is Rule in both languages.
func RuleText(r *charge.Rule) Text { return Text{ZH: Rule(Chinese, r), EN: Rule(English, r)} }
