package estate

import (
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

var lotColumns = []column[charge.Lot]{
	{Field{Name: "lot", Type: TypeLot, Required: true,
		English: "the car park, union_id/park_id", Chinese: "车场，union_id/park_id"},
		func(l *charge.Lot, n *node) { l.ID = n.lot() },
		func(l *charge.Lot) *node { return textNode(l.ID.String()) }},
	textColumn(Field{Name: "name", Type: TypeText,
		English: "name for people", Chinese: "名称"}, func(l *charge.Lot) *string { return &l.Name }),
	textColumn(Field{Name: "kind", Type: TypeEnum, Required: true, Enum: kindNames(),
		English: "how reductions get in: " + kindWords(", ", func(k lot.Kind) string { return k.FieldEnglish }),
		Chinese: "减免下发方式：" + kindWords("、", func(k lot.Kind) string { return k.FieldChinese })},
		func(l *charge.Lot) *charge.LotKind { return &l.Kind }),
	secretColumn(Field{Name: "ckey", Type: TypeSecret,
		English: "lot key: signs the line and the 4G gate interface; an SDK lot without one uses the vendor's ukey",
		Chinese: "车场密钥：长连接与 4G 道闸接口签名；SDK 车场未配置时使用厂商 ukey"}, func(l *charge.Lot) *charge.Secret { return &l.Ckey }),
	oldKeyColumn("old_ckey", func(l *charge.Lot) *charge.OldKey { return &l.OldCkey }),
	textColumn(Field{Name: "message", Type: TypeEnum, Enum: []string{"3.25", "3.36"}, Default: "3.25",
		English: "SDK lots: the message that carries a reduction; 3.36 only for lots that took up 星星 before 2022-09-28",
		Chinese: "SDK 车场下发减免的接口号；3.36 仅用于 2022-09-28 前接入星星的车场"}, func(l *charge.Lot) *charge.Message { return &l.Message }),
	textColumn(Field{Name: "callback", Type: TypeURL,
		English: "API lots: where 5.14 goes; the vendor's callback where absent",
		Chinese: "API 车场的 5.14 回调地址；未填时使用厂商的"}, func(l *charge.Lot) *string { return &l.Callback }),
	{Field{Name: "allow_to", Type: TypePrefixes,
		English: "private, loopback or link-local addresses that callbacks and coupons may go to",
		Chinese: "允许回调、发券到的内网地址段"},
		func(l *charge.Lot, n *node) { l.AllowTo = n.prefixes() },
		func(l *charge.Lot) *node { return prefixesNode(l.AllowTo) }},
	textColumn(Field{Name: "target", Type: TypeID,
		English: "coupon lots: the parking system that runs the lot", Chinese: "coupon 车场：所属停车系统"},
		func(l *charge.Lot) *string { return &l.Target }),
	{Field{Name: "keys", Type: TypeKeys,
		English: "coupon lots: the target's keys by name; a key that is left out stays",
		Chinese: "coupon 车场：目标系统的密钥；未写的保持不变"},
		func(l *charge.Lot, n *node) { l.Keys = n.mergeKeys(l.Keys) },
		func(l *charge.Lot) *node { return keysNode(l.Keys) }},
	textColumn(Field{Name: "address", Type: TypeURL,
		English: "coupon lots: where the target is called; its published address where absent",
		Chinese: "coupon 车场：目标系统的地址；未填时使用其公开地址"}, func(l *charge.Lot) *string { return &l.Address }),
	{Field{Name: "parent", Type: TypeLot,
		English: "4G lots: the outer lot this area lies in; at most 64 areas in one", Chinese: "4G 车场：所属外场；每个外场最多 64 个"},
		func(l *charge.Lot, n *node) { l.Parent = n.lot() },
		func(l *charge.Lot) *node { return textNode(l.Parent.String()) }},
	textColumn(Field{Name: "repeats", Type: TypeEnum, Enum: []string{"add", "replace", "unsafe"}, Default: "add",
		English: "what a second message for one stay does there; unsafe = never sent again after a silence",
		Chinese: "同一停车订单第二次下发的效果：叠加、覆盖；unsafe 为无应答后不再重发"}, func(l *charge.Lot) *charge.Repeats { return &l.Repeats }),
	textColumn(Field{Name: "stays", Type: TypeEnum, Enum: []string{"auto", "required", "none", "told"}, Default: "auto",
		English: "does the lot report entries and exits; auto = required once it has reported one; " +
			"4g: always required; coupon: none, or told by targets that do",
		Chinese: "车场是否上报进出场；auto 为上报过即必须；4g 必须；coupon 为 none，会推送进出场的系统可为 told"},
		func(l *charge.Lot) *charge.StaysMode { return &l.Stays }),
	{Field{Name: "tariff", Type: TypeObject, Whole: true, Fields: fieldsOf(tariffColumns),
		English: "4G lots: what a stay costs", Chinese: "4G 车场计费规则"},
		func(l *charge.Lot, n *node) {
			l.Tariff = nil
			if len(n.pairs) > 0 {
				l.Tariff = &charge.Tariff{}
				setAll(tariffColumns, l.Tariff, n)
			}
		},
		func(l *charge.Lot) *node {
			if l.Tariff == nil {
				return nil
			}
			return show(tariffColumns, l.Tariff)
		}},
	stateColumn(func(l *charge.Lot) *bool { return &l.Off }),
}

func (n *node) lot() charge.LotID {
	id, _ := charge.ParseLotID(n.text) // empty clears
	return id
}

const maxMinutes = 60 * 24 * 366

var tariffColumns = []column[charge.Tariff]{
	countColumn(Field{Name: "free_minutes", Type: TypeCount, Max: maxMinutes,
		English: "a stay of at most this costs nothing", Chinese: "免费分钟数"},
		func(t *charge.Tariff) *int64 { return &t.FreeMinutes }),
	countColumn(Field{Name: "unit_minutes", Type: TypeCount, Min: 1, Max: maxMinutes,
		English: "length of a charged unit, counted from entry", Chinese: "计费单元（分钟），自入场起算"},
		func(t *charge.Tariff) *int64 { return &t.UnitMinutes }),
	yuanColumn(Field{Name: "unit_price", Type: TypeYuan,
		English: "price of a started unit", Chinese: "每个计费单元的价格"},
		func(t *charge.Tariff) *charge.Fen { return &t.UnitPrice }),
	yuanColumn(Field{Name: "daily_cap", Type: TypeYuan,
		English: "most that 24 hours from entry cost; absent is no cap", Chinese: "24 小时封顶；不填为不封顶"},
		func(t *charge.Tariff) *charge.Fen { return &t.DailyCap }),
	countColumn(Field{Name: "leave_minutes", Type: TypeCount, Max: maxMinutes,
		English: "free minutes to leave after paying", Chinese: "缴费后免费离场分钟数"},
		func(t *charge.Tariff) *int64 { return &t.LeaveMinutes }),
	{Field{Name: "periods", Type: TypeObjects, Fields: fieldsOf(periodColumns),
		English: "parts of the day with prices of their own, in place of the flat unit, together covering the day",
		Chinese: "分时段计费，代替统一单元，须覆盖全天"},
		func(t *charge.Tariff, n *node) {
			for _, item := range n.items {
				var p charge.Period
				setAll(periodColumns, &p, item)
				t.Periods = append(t.Periods, p)
			}
		},
		func(t *charge.Tariff) *node {
			if len(t.Periods) == 0 {
				return nil
			}
			n := &node{kind: kindList}
			for i := range t.Periods {
				n.items = append(n.items, show(periodColumns, &t.Periods[i]))
			}
			return n
		}},
}

var periodColumns = []column[charge.Period]{
	clockColumn(Field{Name: "from", Type: TypeClock, Required: true,
		English: "begin, local time", Chinese: "开始时刻"}, func(p *charge.Period) *charge.ClockTime { return &p.From }),
	clockColumn(Field{Name: "to", Type: TypeClock, Required: true,
		English: "end, local time; before from it crosses midnight", Chinese: "结束时刻，可跨零点"},
		func(p *charge.Period) *charge.ClockTime { return &p.To }),
	countColumn(Field{Name: "unit_minutes", Type: TypeCount, Required: true, Min: 1, Max: maxMinutes,
		English: "length of a charged unit", Chinese: "计费单元（分钟）"}, func(p *charge.Period) *int64 { return &p.UnitMinutes }),
	yuanColumn(Field{Name: "unit_price", Type: TypeYuan, Required: true,
		English: "price of a started unit", Chinese: "每个计费单元的价格"},
		func(p *charge.Period) *charge.Fen { return &p.UnitPrice }),
	yuanColumn(Field{Name: "cap", Type: TypeYuan,
		English: "most that the period's pieces of 24 hours cost; absent is no cap", Chinese: "该时段封顶"},
		func(p *charge.Period) *charge.Fen { return &p.Cap }),
}

func clockColumn[T any](f Field, at func(*T) *charge.ClockTime) column[T] {
	return column[T]{f,
		func(t *T, n *node) { *at(t), _ = charge.ParseClockTime(n.text) },
		func(t *T) *node { return textNode(at(t).String()) },
	}
}

func kindNames() []string {
	var names []string
	for _, k := range lot.Kinds() {
		names = append(names, string(k.ID))
	}
	return names
}

// kindWords joins what the kinds say of themselves.
func kindWords(between string, say func(lot.Kind) string) string {
	var all []string
	for _, k := range lot.Kinds() {
		all = append(all, say(k))
	}
	return strings.Join(all, between)
}
