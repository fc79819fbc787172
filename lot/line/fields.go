package line

import (
	"errors"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// errField says that an uplink's data cannot be used as it stands. Nothing of it is: a lot hears 数据无效 for all
// of them, as the published server says it.
var errField = errors.New("field is missing or makes no sense")

// fields are the members of an uplink's data. Numbers and strings are taken for each other: lots write both.
type fields []seal.Field

// text gives a member as text; nothing where it is missing, null, an object or an array.
func (f fields) text(name string) string {
	for i := range f {
		if f[i].Name == name && f[i].Kind != seal.Composite {
			return f[i].Text
		}
	}
	return ""
}

// any gives a member's text, objects and arrays included.
func (f fields) any(name string) string {
	for i := range f {
		if f[i].Name == name {
			return f[i].Text
		}
	}
	return ""
}

// maxText is longer than any text a lot has to tell.
const maxText = 256

// id gives a text that must be there.
func (f fields) id(name string) (string, error) {
	v := f.text(name)
	if v == "" || len(v) > maxText {
		return "", errField
	}
	return v, nil
}

func (f fields) plate() (charge.Plate, error) {
	return charge.ParsePlate(f.text("car_number"))
}

// Lots' clocks are wrong by minutes, not by decades.
var (
	firstTime = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastTime  = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// when gives a time in Unix seconds.
func (f fields) when(name string) (time.Time, error) {
	n, err := strconv.ParseInt(f.text(name), 10, 64)
	if err != nil || n < firstTime || n >= lastTime {
		return time.Time{}, errField
	}
	return time.Unix(n, 0).UTC(), nil
}

// yuan gives an amount; 0 and false where the member is missing or empty. A negative one makes no sense.
func (f fields) yuan(name string) (amount charge.Fen, told bool, err error) {
	v := f.text(name)
	if v == "" {
		return 0, false, nil
	}
	amount, err = charge.ParseFen(v)
	if err != nil || amount < 0 {
		return 0, false, errField
	}
	return amount, true, nil
}

// minutes gives minutes, a started one counted whole; 0 and false where the member is missing or empty.
func (f fields) minutes(name string) (n int64, told bool, err error) {
	v := f.text(name)
	if v == "" {
		return 0, false, nil
	}
	n, err = charge.ParseMinutes(v)
	if err != nil || n < 0 || v[0] == '-' {
		return 0, false, errField
	}
	return n, true, nil
}
