package coupon

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// Source is where the value of a field comes from. Beside those in sources there are "key:NAME", a lot's key, and
// "found:NAME", what the lookup found.
type Source string

// Unit is the form of a value that is measured.
type Unit string

// Units. Hours have two decimals, a started hundredth counts: no car gets less than was granted.
const (
	UnitMinutes  Unit = "minutes"
	UnitSeconds  Unit = "seconds"
	UnitHours    Unit = "hours"
	UnitFen      Unit = "fen"
	UnitYuan     Unit = "yuan"
	UnitDateTime Unit = "datetime" // 2006-01-02 15:04:05 at +08:00
	UnitCompact  Unit = "compact"  // 20060102150405 at +08:00
	UnitUnix     Unit = "unix"
	UnitUnixMS   Unit = "unix_ms"
)

// sourceInfo describes a source for documents and says how its value is had. ok is false where there is nothing to say.
type sourceInfo struct {
	units            []Unit
	english, chinese string
	value            func(m *maker, as Unit) (text string, ok bool)
}

var (
	timeUnits  = []Unit{UnitDateTime, UnitCompact, UnitUnix, UnitUnixMS}
	moneyUnits = []Unit{UnitFen, UnitYuan}
)

var sources map[Source]sourceInfo

func init() {
	sources = map[Source]sourceInfo{
		"plate": {nil, "number plate", "车牌号",
			func(m *maker, _ Unit) (string, bool) { return m.slip.Plate.Wire(), true }},
		"plate_dashed": {nil, "number plate, a dash behind its first character", "车牌号，首字后加横杠",
			func(m *maker, _ Unit) (string, bool) { return dashed(m.slip.Plate) }},
		"park": {nil, "the car park's own number there: the key park_id, else the lot's park_id",
			"车场编号：密钥 park_id，未填时用车场的 park_id", func(m *maker, _ Unit) (string, bool) { return m.park(), true }},
		"uuid": {nil, "the reduction's id, the same in every repeat", "减免编号，重发不变",
			func(m *maker, _ Unit) (string, bool) { return m.uuid, m.uuid != "" }},
		"request": {nil, "a number of this request alone", "本次请求的编号",
			func(m *maker, _ Unit) (string, bool) { return m.request, true }},
		"order": {nil, "the platform's order number", "充电订单号",
			func(m *maker, _ Unit) (string, bool) { return m.slip.Order, m.slip.Order != "" }},
		"subject": {nil, "what was charged and is taken off, in words", "事由",
			func(m *maker, _ Unit) (string, bool) { return m.subject(), true }},
		"type": {nil, "the method's type, table of methods", "减免方式，见方式表",
			func(m *maker, _ Unit) (string, bool) { t := m.method().Type; return t, t != "" }},
		"value": {nil, "the method's value, table of methods", "减免值，见方式表",
			func(m *maker, _ Unit) (string, bool) { return m.value() }},
		"started": {timeUnits, "begin of charging", "充电开始",
			func(m *maker, as Unit) (string, bool) { return timeText(m.slip.Started, as) }},
		"ended": {timeUnits, "end of charging", "充电结束",
			func(m *maker, as Unit) (string, bool) { return timeText(m.slip.Ended, as) }},
		"now": {timeUnits, "time of sending", "发送时间",
			func(m *maker, as Unit) (string, bool) { return timeText(m.now, as) }},
		"granted": {timeUnits, "when the reduction was granted", "减免时间",
			func(m *maker, as Unit) (string, bool) { return timeText(m.slip.Granted, as) }},
		"expires": {timeUnits, "24 hours after the reduction was granted", "减免后 24 小时",
			func(m *maker, as Unit) (string, bool) { return timeText(m.slip.Granted.Add(24*time.Hour), as) }},
		"energy": {nil, "energy charged, kWh", "电量，kWh",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.Power) }},
		"elec_money": {moneyUnits, "price of the electricity", "电费",
			func(m *maker, as Unit) (string, bool) { return moneyText(m.slip.Detail.ElecMoney, as) }},
		"service_money": {moneyUnits, "price of the service", "服务费",
			func(m *maker, as Unit) (string, bool) { return moneyText(m.slip.Detail.SeviceMoney, as) }},
		"total_money": {moneyUnits, "price of the charging", "合计金额",
			func(m *maker, as Unit) (string, bool) { return moneyText(m.slip.Detail.TotalMoney, as) }},
		"station_id": {nil, "charging station", "充电站编号",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.StationID) }},
		"station_name": {nil, "its name", "充电站名称",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.StationName) }},
		"connector_id": {nil, "charging point", "充电桩编号",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.ConnectorID) }},
		"connector_name": {nil, "its name", "充电桩名称",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.ConnectorName) }},
		"space": {nil, "parking space", "车位号",
			func(m *maker, _ Unit) (string, bool) { return plainText(m.slip.Detail.ParkNo) }},
	}
}

func sourceNames() []string {
	names := []string{"key:NAME", "found:NAME"}
	for _, s := range slices.Sorted(maps.Keys(sources)) {
		names = append(names, string(s))
	}
	return names
}

// SourceRow is a source for documents.
type SourceRow struct {
	Name             string
	Units            []Unit
	English, Chinese string
}

// SourceRows lists the sources of values by name.
func SourceRows() []SourceRow {
	rows := []SourceRow{{"key:NAME", nil, "a key of the lot", "车场的密钥"},
		{"found:NAME", nil, "what the lookup found", "查询所得"}}
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		s := sources[name]
		rows = append(rows, SourceRow{string(name), s.units, s.english, s.chinese})
	}
	return rows
}

// maker makes the requests of one coupon.
type maker struct {
	target  *Target
	keys    map[string]charge.Secret
	lot     charge.LotID
	uuid    string
	slip    slip
	now     time.Time
	request string
	found   map[string]string
}

func (m *maker) method() Method { return m.target.Methods[m.slip.Method] }

func (m *maker) park() string { return cmp.Or(m.target.key(m.keys, "park_id"), m.lot.Park) }

// from is the value of a source in a unit.
func (m *maker) from(s Source, as Unit) (string, bool) {
	if name, is := strings.CutPrefix(string(s), "key:"); is {
		text := m.target.key(m.keys, name)
		return text, text != ""
	}
	if name, is := strings.CutPrefix(string(s), "found:"); is {
		return m.found[name], m.found[name] != ""
	}
	return sources[s].value(m, as)
}

// value is what is taken off, in the method's unit.
func (m *maker) value() (string, bool) {
	method := m.method()
	if method.Value != "" {
		return method.Value, true
	}
	switch method.Unit {
	case UnitMinutes:
		return strconv.FormatInt(m.slip.Minutes, 10), true
	case UnitSeconds:
		return strconv.FormatInt(m.slip.Minutes*60, 10), true
	case UnitHours:
		return shortest((m.slip.Minutes*100 + 59) / 60), true
	case UnitFen:
		return strconv.FormatInt(int64(m.slip.Amount), 10), true
	case UnitYuan:
		return shortest(int64(m.slip.Amount)), true
	}
	return "", false
}

// shortest writes hundredths without zeros at the end: 5, 0.5, 0.25.
func shortest(hundredths int64) string {
	text := fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// subject is a sentence for the driver and the car park's staff.
func (m *maker) subject() string {
	give := map[charge.Method]string{
		charge.MethodTime: fmt.Sprintf("减免%d分钟", m.slip.Minutes), charge.MethodAmount: "减免" + m.slip.Amount.String() + "元",
		charge.MethodFree: "全免", charge.MethodLotDecides: "按车场规则减免",
	}[m.slip.Method]
	return "充电订单 " + m.slip.Order + " " + give
}

// dashed is a plate as 京-AD06088; a car without a plate has none.
func dashed(p charge.Plate) (string, bool) {
	text := p.Wire()
	_, first := utf8.DecodeRuneInString(text)
	return text[:first] + "-" + text[first:], text != ""
}

func timeText(t time.Time, as Unit) (string, bool) {
	if t.IsZero() {
		return "", false
	}
	switch as {
	case UnitDateTime:
		return t.In(charge.Shanghai).Format(time.DateTime), true
	case UnitCompact:
		return t.In(charge.Shanghai).Format("20060102150405"), true
	case UnitUnix:
		return strconv.FormatInt(t.Unix(), 10), true
	}
	return strconv.FormatInt(t.UnixMilli(), 10), true
}

func plainText(text string) (string, bool) { return text, text != "" }

// moneyText writes yuan as a push named them; what cannot be read as money is left out.
func moneyText(yuan string, as Unit) (string, bool) {
	v, err := charge.ParseFen(yuan)
	if yuan == "" || err != nil {
		return "", false
	}
	if as == UnitFen {
		return strconv.FormatInt(int64(v), 10), true
	}
	return v.String(), true
}
