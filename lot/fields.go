package lot

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// Fields reads the members of a car park's message. Numbers may arrive as strings and the other way round. The
// first thing that is wrong is kept for Err, in words for the car park; what is read after it means nothing. What
// was cut because it only describes is kept for Warnings.
type Fields struct {
	list     []seal.Field
	err      error
	warnings []string
}

// Bounds of what a car park may send. An order number of a platform comes back in start_charge_seq as we sent it.
const (
	maxText    = 64  // bytes of a name
	maxOrder   = 384 // bytes of a platform's order number: 128 characters
	maxMinutes = 366 * 24 * 60
	maxYuan    = charge.Fen(100_000_00)
	clockAhead = 24 * time.Hour
)

var earliest = time.Date(2010, 1, 1, 0, 0, 0, 0, charge.Shanghai)

// ReadFields reads the members of a JSON object, such as a car park's answer.
func ReadFields(object []byte) (*Fields, error) {
	list, err := seal.ReadObject(object)
	return &Fields{list: list}, err
}

// Err returns the first thing that was wrong.
func (f *Fields) Err() error { return f.err }

// Refuse notes that something is wrong, unless something is already.
func (f *Fields) Refuse(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// Warnings lists what was cut or left out because it only describes, in English, without the values.
func (f *Fields) Warnings() []string { return f.warnings }

// Words is an optional member that only describes. Control characters are dropped, and what is longer than 64
// bytes is cut, each with a warning.
func (f *Fields) Words(name string) string {
	text := f.Text(name)
	if strings.ContainsFunc(text, unicode.IsControl) {
		text = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, text)
		f.warnings = append(f.warnings, name+": control characters were dropped")
	}
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
		f.warnings = append(f.warnings, fmt.Sprintf("%s: cut to %d bytes", name, maxText))
	}
	return text
}

// Raw is a member as it stands in the message, objects and arrays included; a string without its quotes.
func (f *Fields) Raw(name string) string {
	for _, m := range f.list {
		if m.Name == name {
			return m.Text
		}
	}
	return ""
}

// Text is an optional member; missing, null, empty and composite members are empty. A whole number that software has
// printed as a double, 200461.0 or 1.795899048E9, is returned as a whole number.
func (f *Fields) Text(name string) string {
	for _, m := range f.list {
		switch {
		case m.Name != name || m.Kind == seal.Composite:
		case m.Kind == seal.Number:
			return wholeNumber(m.Text)
		default:
			return m.Text
		}
	}
	return ""
}

// wholeNumber is a number without an exponent and without a fraction of zeros; any other text is returned as it is.
func wholeNumber(text string) string {
	plain := charge.PlainNumber(text)
	if whole, frac, cut := strings.Cut(plain, "."); cut && strings.Trim(frac, "0") == "" {
		return whole
	}
	if strings.Contains(plain, ".") {
		return text // digits as they were written
	}
	return plain
}

// ID is a member that must be there and be a name for something: order_id, park_id, trade_no.
func (f *Fields) ID(name string) string { return f.name(name, maxText) }

func (f *Fields) name(name string, most int) string {
	text := f.Text(name)
	if text == "" {
		f.Refuse("%s 缺失", name)
	} else if len(text) > most || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		f.Refuse("%s 无效: 最多%d字节, 不含控制字符", name, most)
	}
	return text
}

// Lot is union_id and park_id.
func (f *Fields) Lot() charge.LotID {
	return charge.LotID{Union: f.ID("union_id"), Park: f.ID("park_id")}
}

// Plate is car_number, which must be there.
func (f *Fields) Plate() charge.Plate {
	p, err := charge.ParsePlate(f.Text("car_number"))
	switch {
	case errors.Is(err, charge.ErrUnplated):
		f.Refuse("car_number 为无牌车: 无牌车只能按order_id查找")
	case errors.Is(err, charge.ErrLookalike):
		f.Refuse("car_number 无效: 含有形似拉丁字母的希腊或西里尔字母")
	case err != nil:
		f.Refuse("car_number 无效: 应为车牌号")
	}
	return p
}

// Car is car_number of a message about an order. A car without a plate, by its car_number or by car_cost_type 4 (2.1),
// is known by its order alone.
func (f *Fields) Car(order string) charge.Plate {
	text := f.Text("car_number")
	_, err := charge.ParsePlate(text)
	if errors.Is(err, charge.ErrUnplated) || text == "" && f.Text("car_cost_type") == costNoPlate {
		return charge.UnplatedBy(order)
	}
	return f.Plate()
}

// CarOut is Car of an exit, which is found by its order: one that names no plate is of a car without one.
func (f *Fields) CarOut(order string) charge.Plate {
	if f.Text("car_number") == "" {
		return charge.UnplatedBy(order)
	}
	return f.Car(order)
}

// Names are the other plates that car_number names beside Car and Plate.
func (f *Fields) Names() charge.Names {
	_, names, _ := charge.ParseCar(f.Text("car_number")) // what is wrong with it, Car says
	return names
}

// costNoPlate is car_cost_type of a car without a plate: https://www.kancloud.cn/bolink/newapi/582544
const costNoPlate = "4"

// When is a time in Unix seconds; zero where it is missing or empty. Times before 2010 or more than a day
// ahead are refused: they are no clock's, milliseconds among them.
func (f *Fields) When(name string, now time.Time) time.Time {
	at, wrong := f.when(name, now)
	if wrong != "" {
		f.Refuse("%s 无效: %s", name, wrong)
	}
	return at
}

// WhenStated is When of a member that only describes: one that cannot be read is left out, with a warning.
func (f *Fields) WhenStated(name string, now time.Time) time.Time {
	at, wrong := f.when(name, now)
	if wrong != "" {
		f.warnings = append(f.warnings, name+": left out, it is no time in seconds that can be")
	}
	return at
}

// when reads a time, or says in words for the car park what is wrong with it.
func (f *Fields) when(name string, now time.Time) (at time.Time, wrong string) {
	text := f.Text(name)
	if text == "" {
		return time.Time{}, ""
	}
	whole, frac, _ := strings.Cut(charge.PlainNumber(text), ".") // a double has them: 1.795899048E9, 1795899048.0
	n, err := strconv.ParseInt(whole, 10, 64)
	if strings.Trim(frac, "0") != "" {
		err = strconv.ErrSyntax
	}
	switch at = time.Unix(n, 0).UTC(); {
	case err != nil || len(whole) > len("1795899048"):
		return time.Time{}, "应为10位秒级时间戳"
	case at.Before(earliest):
		return time.Time{}, "早于2010年, 请校准时钟"
	case at.After(now.Add(clockAhead)):
		return time.Time{}, "超前24小时以上, 请校准时钟"
	}
	return at, ""
}

// MustWhen is When of a member that must be there.
func (f *Fields) MustWhen(name string, now time.Time) time.Time {
	at := f.When(name, now)
	if at.IsZero() {
		f.Refuse("%s 缺失", name)
	}
	return at
}

// Without refuses members that belong to another message: one that was signed for another path is not taken here.
// A missing, empty or zero member is none.
func (f *Fields) Without(names ...string) {
	for _, name := range names {
		if text := f.Text(name); text != "" && strings.Trim(text, "0") != "" {
			f.Refuse("%s 不属于此接口", name)
		}
	}
}

// Yuan is an amount of money; false where it is missing or empty.
func (f *Fields) Yuan(name string) (charge.Fen, bool) {
	text := f.Text(name)
	if text == "" {
		return 0, false
	}
	amount, err := charge.ParseFen(text)
	if err != nil || strings.HasPrefix(text, "-") || amount > maxYuan {
		f.Refuse("%s 无效: 应为不超过两位小数的非负金额(元)", name)
	}
	return amount, true
}

// Minutes is a number of minutes, a started one counted whole; false where it is missing or empty.
func (f *Fields) Minutes(name string) (int64, bool) {
	text := f.Text(name)
	if text == "" {
		return 0, false
	}
	n, err := charge.ParseMinutes(text)
	if err != nil || strings.HasPrefix(text, "-") || n > maxMinutes {
		f.Refuse("%s 无效: 应为非负分钟数", name)
	}
	return n, true
}
