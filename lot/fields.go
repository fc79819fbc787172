package lot

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// Fields reads the members of a car park's message. Numbers and strings are taken for each other: car parks
// write both. The first thing that is wrong is kept for Err, in words for the car park; what is read after it
// means nothing.
type Fields struct {
	list []seal.Field
	err  error
}

// What no car park has to tell.
const (
	maxText    = 64
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

// Err is the first thing that was wrong.
func (f *Fields) Err() error { return f.err }

// Refuse notes that something is wrong, unless something is already.
func (f *Fields) Refuse(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// Text is an optional member; missing, null, empty and composite members are empty.
func (f *Fields) Text(name string) string {
	for _, m := range f.list {
		if m.Name == name && m.Kind != seal.Composite {
			return m.Text
		}
	}
	return ""
}

// ID is a member that must be there and be a name for something: order_id, park_id, trade_no.
func (f *Fields) ID(name string) string {
	text := f.Text(name)
	if text == "" {
		f.Refuse("%s 缺失", name)
	} else if len(text) > maxText || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		f.Refuse("%s 无效: 最多%d字节, 不含控制字符", name, maxText)
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
	if err != nil {
		f.Refuse("car_number 无效: 应为车牌号")
	}
	return p
}

// When is a time in Unix seconds; zero where it is missing or empty. Times before 2010 or more than a day
// ahead are refused: they are no clock's, milliseconds among them.
func (f *Fields) When(name string, now time.Time) time.Time {
	text := f.Text(name)
	if text == "" {
		return time.Time{}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	at := time.Unix(n, 0).UTC()
	if err != nil || at.Before(earliest) || at.After(now.Add(clockAhead)) {
		f.Refuse("%s 无效: 应为10位秒级时间戳", name)
		return time.Time{}
	}
	return at
}

// MustWhen is When of a member that must be there.
func (f *Fields) MustWhen(name string, now time.Time) time.Time {
	at := f.When(name, now)
	if at.IsZero() {
		f.Refuse("%s 缺失", name)
	}
	return at
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
