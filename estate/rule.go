package estate

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

func fixedOf(r *charge.Rule) *charge.Reduction { return &r.Fixed }

var ruleColumns = []column[charge.Rule]{
	{Field{Name: "effective", Type: TypeTime,
		English: "the newest version effective at the charge's end decides; absent is always",
		Chinese: "生效时间；以充电结束时已生效的最新版本为准"},
		func(r *charge.Rule, n *node) { r.Effective = n.time() },
		func(r *charge.Rule) *node { return timeNode(r.Effective) }},
	textColumn(Field{Name: "grant", Type: TypeEnum, Required: true,
		Enum:    []string{"as_pushed", "fixed", "charge_time", "lot_decides", "steps"},
		English: "where the reduction's size comes from", Chinese: "减免来源：按推送、固定、按充电时长、车场决定、阶梯"},
		func(r *charge.Rule) *charge.Grant { return &r.Grant }),
	minutesColumn(fixedOf, "fixed: minutes granted", "固定减免分钟"),
	amountColumn(fixedOf, "fixed: yuan granted", "固定减免金额（元）"),
	freeColumn(fixedOf, "fixed: the stay is free", "固定减免：全免"),
	countColumn(Field{Name: "plus_minutes", Type: TypeCount, Max: maxMinutes,
		English: "charge_time: minutes added to the time charged", Chinese: "charge_time：在充电时长上增加的分钟"},
		func(r *charge.Rule) *int64 { return &r.PlusMinutes }),
	countColumn(Field{Name: "min_charge_minutes", Type: TypeCount, Max: maxMinutes,
		English: "a shorter charge gets nothing", Chinese: "最短充电分钟，不足不减免"},
		func(r *charge.Rule) *int64 { return &r.MinChargeMinutes }),
	{Field{Name: "min_energy_kwh", Type: TypeKWh,
		English: "a charge of less energy gets nothing", Chinese: "最少充电量（kWh），不足不减免"},
		func(r *charge.Rule, n *node) { r.MinEnergy, _ = charge.ParseEnergy(n.text) },
		func(r *charge.Rule) *node {
			if r.MinEnergy == 0 {
				return nil
			}
			return textNode(r.MinEnergy.String())
		}},
	countColumn(Field{Name: "cap_minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "most minutes of one stay, over all platforms; pushed and charge-time grants without it " +
			"end at limits.minutes (1440)",
		Chinese: "每次停车减免分钟上限（所有平台合计）；未写时，按推送、按充电时长的减免以 limits.minutes（1440）为限"},
		func(r *charge.Rule) *int64 { return &r.CapMinutes }),
	yuanColumn(Field{Name: "cap_amount", Type: TypeYuan,
		English: "most yuan of one stay, over all platforms; pushed grants without it end at limits.amount (1000.00)",
		Chinese: "每次停车减免金额上限（所有平台合计）；未写时，按推送的减免以 limits.amount（1000.00）为限"},
		func(r *charge.Rule) *charge.Fen { return &r.CapAmount }),
	textColumn(Field{Name: "combine", Type: TypeEnum, Enum: []string{"best", "sum", "first"}, Default: "best",
		English: "what several charges in one stay come to", Chinese: "同一停车多次充电：取最优、累加、仅首次"},
		func(r *charge.Rule) *charge.Combine { return &r.Combine }),
	{Field{Name: "hold", Type: TypeDuration, Default: "2h",
		English: "how long a charge waits for a stay that is not there yet; 0 refuses at once", Chinese: "等待停车订单的时长；0 为立即拒绝"},
		func(r *charge.Rule, n *node) { r.HoldSeconds = n.seconds() },
		func(r *charge.Rule) *node { return durationNode(r.HoldSeconds) }},
	textColumn(Field{Name: "target", Type: TypeEnum, Enum: []string{"stay", "outer", "at_charge"}, Default: "stay",
		English: "nested 4G areas: which stay is reduced", Chinese: "4G 场中场：减免哪一笔停车订单"},
		func(r *charge.Rule) *charge.Target { return &r.Target }),
	countColumn(Field{Name: "cap_charge_minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "charge_time: most minutes charged that count, before plus_minutes",
		Chinese: "charge_time：计入的充电分钟上限，不含 plus_minutes"}, func(r *charge.Rule) *int64 { return &r.CapChargeMinutes }),
	{Field{Name: "takes", Type: TypeEnum, Enum: []string{"end", "charge"}, Default: "end",
		English: "4G lots, charge_time: which minutes are taken off; end = the end of the stay moves back, " +
			"charge = the price of the charging interval",
		Chinese: "4G 车场、charge_time：减去哪段时间；end 离场时间前移，charge 减去充电时段的停车费"},
		func(r *charge.Rule, n *node) { r.Takes = normal(charge.Takes(n.text), charge.TakesEnd) },
		func(r *charge.Rule) *node { return textNode(string(r.Takes)) }},
	{Field{Name: "steps", Type: TypeObjects, Fields: fieldsOf(stepColumns),
		English: "grant steps: the last step that the charge has reached counts; lowest first, all by the same measure",
		Chinese: "grant steps：阶梯减免，按最后达到的一级；从低到高，同一种计量"},
		func(r *charge.Rule, n *node) { r.Steps = n.steps() },
		func(r *charge.Rule) *node { return stepsNode(r.Steps) }},
	yuanColumn(Field{Name: "min_fee", Type: TypeYuan,
		English: "a charge of a smaller fee gets nothing", Chinese: "最低充电费用（元），不足不减免"},
		func(r *charge.Rule) *charge.Fen { return &r.MinFee }),
	{Field{Name: "plates", Type: TypeObject, Fields: fieldsOf(plateColumns),
		English: "which plates count", Chinese: "哪些车牌可减免"},
		func(r *charge.Rule, n *node) { setAll(plateColumns, r, n) },
		func(r *charge.Rule) *node { return mapOrNil(show(plateColumns, r)) }},
	{Field{Name: "only_chargers", Type: TypeTexts,
		English: "charges at these charging points only: charger, connector or station ids; a gun finds its pile",
		Chinese: "只减免这些充电桩、枪或站点上的充电；枪编号可匹配到桩"},
		func(r *charge.Rule, n *node) { r.OnlyChargers = n.texts() },
		func(r *charge.Rule) *node { return textsNode(r.OnlyChargers) }},
	{Field{Name: "per_day", Type: TypeObject, Fields: fieldsOf(perDayColumns), Whole: true,
		English: "most that a plate gets on one day, over all platforms; the day is that of the charge's end in " +
			"Asia/Shanghai",
		Chinese: "每车每日上限（所有平台合计），按充电结束时的北京时间日期计"},
		func(r *charge.Rule, n *node) { r.PerDay = charge.PerDay{}; setAll(perDayColumns, &r.PerDay, n) },
		func(r *charge.Rule) *node { return mapOrNil(show(perDayColumns, &r.PerDay)) }},
	{Field{Name: "lock", Type: TypeObject, Fields: fieldsOf(lockColumns), Whole: true, Short: "for",
		English: "of two charges in two stays whose ends are less than this apart a plate is granted one; lock: " +
			"4h is {for: 4h}",
		Chinese: "同一车牌在不同停车中的两次充电，结束时间相隔不足此时长只减免一次；lock: 4h 即 {for: 4h}"},
		func(r *charge.Rule, n *node) { r.Lock = charge.Lock{}; setAll(lockColumns, &r.Lock, n) },
		func(r *charge.Rule) *node { return mapOrNil(show(lockColumns, &r.Lock)) }},
	{Field{Name: "leave_within", Type: TypeDuration,
		English: "4G lots: an exit later than this after the end of the stay's last charge loses the grant, " +
			"and the quote says so; a payment made in time keeps it for leave_minutes",
		Chinese: "4G 车场：最后一次充电结束后超过此时长离场，减免失效，查询价格时即按失效计；按时缴费的在 leave_minutes 内仍有效"},
		func(r *charge.Rule, n *node) { r.LeaveWithinSeconds = n.seconds() },
		func(r *charge.Rule) *node { return spanNode(r.LeaveWithinSeconds) }},
}

var stepColumns = []column[charge.Step]{
	{Field{Name: "from_minutes", Type: TypeCount, Max: maxMinutes, English: "from so many minutes charged",
		Chinese: "充电满多少分钟"},
		func(s *charge.Step, n *node) { s.By, s.From = charge.StepByMinutes, n.count() },
		func(s *charge.Step) *node {
			return stepNode(s, charge.StepByMinutes, &node{kind: kindNumber, text: strconv.FormatInt(s.From, 10)})
		}},
	{Field{Name: "from_kwh", Type: TypeKWh, English: "from so much energy", Chinese: "充电满多少度"},
		func(s *charge.Step, n *node) {
			e, _ := charge.ParseEnergy(n.text)
			s.By, s.From = charge.StepByEnergy, int64(e)
		},
		func(s *charge.Step) *node {
			return stepNode(s, charge.StepByEnergy, textNode(charge.Energy(s.From).String()))
		}},
	{Field{Name: "from_fee", Type: TypeYuan, English: "from so many yuan of fee", Chinese: "充电费用满多少元"},
		func(s *charge.Step, n *node) {
			fee, _ := charge.ParseFen(n.text)
			s.By, s.From = charge.StepByFee, int64(fee)
		},
		func(s *charge.Step) *node {
			return stepNode(s, charge.StepByFee, textNode(charge.Fen(s.From).String()))
		}},
	minutesColumn(func(s *charge.Step) *charge.Reduction { return &s.Reduction }, "minutes granted", "减免分钟"),
	amountColumn(func(s *charge.Step) *charge.Reduction { return &s.Reduction }, "yuan granted", "减免金额（元）"),
	freeColumn(func(s *charge.Step) *charge.Reduction { return &s.Reduction }, "the stay is free", "全免"),
}

var plateColumns = []column[charge.Rule]{
	{Field{Name: "temporary", Type: TypeBool, Default: "true",
		English: "false: temporary plates, and stand-ins of cars without a plate, get nothing",
		Chinese: "false 为临时车牌及无牌车不减免"},
		func(r *charge.Rule, n *node) { r.NoTemporary = !n.yes() },
		func(r *charge.Rule) *node {
			if !r.NoTemporary {
				return nil
			}
			return &node{kind: kindBool, text: "false"}
		}},
}

var perDayColumns = []column[charge.PerDay]{
	countColumn(Field{Name: "times", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "charges that are granted something", Chinese: "获得减免的次数"},
		func(d *charge.PerDay) *int64 { return &d.Times }),
	countColumn(Field{Name: "minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "minutes granted", Chinese: "减免分钟"}, func(d *charge.PerDay) *int64 { return &d.Minutes }),
	yuanColumn(Field{Name: "amount", Type: TypeYuan,
		English: "yuan granted", Chinese: "减免金额（元）"}, func(d *charge.PerDay) *charge.Fen { return &d.Amount }),
	reachColumn(func(d *charge.PerDay) *charge.Reach { return &d.Per }),
}

var lockColumns = []column[charge.Lock]{
	{Field{Name: "for", Type: TypeDuration, Required: true, English: "time between the ends of the two charges",
		Chinese: "两次充电结束时间的间隔"},
		func(l *charge.Lock, n *node) { l.Seconds = n.seconds() },
		func(l *charge.Lock) *node { return spanNode(l.Seconds) }},
	reachColumn(func(l *charge.Lock) *charge.Reach { return &l.Per }),
}

// reachColumn is how far a limit of a plate reaches.
func reachColumn[T any](at func(*T) *charge.Reach) column[T] {
	return column[T]{Field{Name: "per", Type: TypeEnum, Enum: []string{"lot", "vendor"}, Default: "lot",
		English: "in the lot that the push names, or in all lots of its vendor", Chinese: "按推送所指车场计，或按该厂商所有车场合计"},
		func(t *T, n *node) { *at(t) = normal(charge.Reach(n.text), charge.ReachLot) },
		func(t *T) *node { return textNode(string(*at(t))) }}
}

// normal leaves out a value that is the same as none.
func normal[S ~string](value, none S) S {
	if value == none {
		return ""
	}
	return value
}

// The three ways to write a reduction.

func minutesColumn[T any](at func(*T) *charge.Reduction, english, chinese string) column[T] {
	return column[T]{Field{Name: "minutes", Type: TypeCount, Min: 1, Max: maxMinutes, English: english, Chinese: chinese},
		func(t *T, n *node) { at(t).Method, at(t).Minutes = charge.MethodTime, n.count() },
		func(t *T) *node { return countNode(at(t).Minutes) }}
}

func amountColumn[T any](at func(*T) *charge.Reduction, english, chinese string) column[T] {
	return column[T]{Field{Name: "amount", Type: TypeYuan, English: english, Chinese: chinese},
		func(t *T, n *node) {
			at(t).Method = charge.MethodAmount
			at(t).Amount, _ = charge.ParseFen(n.text)
		},
		func(t *T) *node {
			if at(t).Method != charge.MethodAmount {
				return nil
			}
			return textNode(at(t).Amount.String())
		}}
}

func freeColumn[T any](at func(*T) *charge.Reduction, english, chinese string) column[T] {
	return column[T]{Field{Name: "free", Type: TypeBool, English: english, Chinese: chinese},
		func(t *T, n *node) {
			if n.yes() {
				at(t).Method = charge.MethodFree
			}
		},
		func(t *T) *node { return boolNode(at(t).Method == charge.MethodFree) }}
}

// steps reads a list of steps.
func (n *node) steps() []charge.Step {
	var list []charge.Step
	for _, item := range n.items {
		var s charge.Step
		setAll(stepColumns, &s, item)
		list = append(list, s)
	}
	return list
}

func stepsNode(steps []charge.Step) *node {
	if len(steps) == 0 {
		return nil
	}
	n := &node{kind: kindList}
	for i := range steps {
		n.items = append(n.items, show(stepColumns, &steps[i]))
	}
	return n
}

// stepNode shows where a step begins under the name of what it counts.
func stepNode(s *charge.Step, by charge.StepBy, from *node) *node {
	if s.By != by {
		return nil
	}
	return from
}

// spanNode is durationNode, of a time that is left out where it is 0.
func spanNode(seconds int64) *node {
	if seconds == 0 {
		return nil
	}
	return durationNode(seconds)
}

func durationNode(seconds int64) *node {
	switch {
	case seconds == 0:
		return &node{kind: kindNumber, text: "0"}
	case seconds%3600 == 0:
		return textNode(fmt.Sprintf("%dh", seconds/3600))
	case seconds%60 == 0:
		return textNode(fmt.Sprintf("%dm", seconds/60))
	}
	return textNode(fmt.Sprintf("%ds", seconds))
}

// newRule is what a rule says before a file says anything.
func newRule() charge.Rule {
	return charge.Rule{
		Combine:     charge.CombineBest,
		HoldSeconds: int64(charge.DefaultHold / time.Second),
		Target:      charge.TargetStay,
	}
}

// rules reads one rule or a list of them.
func (n *node) rules() []charge.Rule {
	items := n.items
	if n.kind == kindMap {
		items = []*node{n}
	}
	list := make([]charge.Rule, len(items))
	for i, item := range items {
		list[i] = newRule()
		setAll(ruleColumns, &list[i], item)
	}
	return list
}

func rulesNode(rules []charge.Rule) *node {
	switch len(rules) {
	case 0:
		return nil
	case 1:
		return show(ruleColumns, &rules[0])
	}
	n := &node{kind: kindList}
	for i := range rules {
		n.items = append(n.items, show(ruleColumns, &rules[i]))
	}
	return n
}

// appendRules returns the versions with the new ones after them. Versions are never taken back: what the
// newest versions say already is not added again.
func appendRules(versions, told []charge.Rule) []charge.Rule {
	known := min(len(versions), len(told))
	for ; known > 0; known-- {
		if sameRules(versions[len(versions)-known:], told[:known]) {
			break
		}
	}
	next := append([]charge.Rule(nil), versions...)
	for _, r := range told[known:] {
		r.Version = len(next) + 1
		next = append(next, r)
	}
	return next
}

func sameRules(a, b []charge.Rule) bool {
	for i := range a {
		x, y := a[i], b[i]
		x.Version, y.Version = 0, 0
		if !reflect.DeepEqual(x, y) {
			return false
		}
	}
	return true
}
