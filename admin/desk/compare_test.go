package desk

import (
	"fmt"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

func decided(id int64, order, plate string, r charge.Reduction) *charge.Charge {
	return &charge.Charge{ID: id, Order: order, Plate: charge.Plate(plate), Decision: &charge.Decision{Reduction: r}}
}

func timeOff(minutes int64) charge.Reduction {
	return charge.Reduction{Method: charge.MethodTime, Minutes: minutes}
}

func moneyOff(fen charge.Fen) charge.Reduction {
	return charge.Reduction{Method: charge.MethodAmount, Amount: fen}
}

// said is a comparison in a line: same, different, theirs, ours, unsaid, cut.
func said(c Comparison) string {
	return fmt.Sprintf("same %d, differ %d, theirs %d, ours %d, unsaid %d, cut %d", c.Same, c.Differs, c.Theirs, c.Ours,
		c.Unsaid, c.Cut)
}

func TestCompare(t *testing.T) {
	ours := []*charge.Charge{
		decided(1, "A1", "京A12345", timeOff(120)), decided(2, "A2", "京A12345", timeOff(60)),
		decided(3, "A3", "京B12345", charge.Reduction{}), decided(4, "A4", "京C12345", moneyOff(500)),
	}
	for name, test := range map[string]struct {
		rows [][]string
		want string
	}{
		"by order": {[][]string{{"充电订单号", "车牌号", "减免时长（分钟）"}, {"A1", "京A12345", "120"}, {"A2", "", "90"},
			{"A3", "京B12345", "0"}, {"A9", "", ""}}, "same 2, differ 1, theirs 1, ours 1, unsaid 0, cut 0"},
		"by plate, in the order of time": {[][]string{{"车牌", "减免时长"}, {"京A·12345", "2小时"}, {"京A12345", "1:00"},
			{"京A12345", "30"}}, "same 2, differ 0, theirs 1, ours 2, unsaid 0, cut 0"},
		"hours in the heading": {[][]string{{"order_id", "minutes"}, {"A1", "120.0"}, {"A2", "60分钟"}},
			"same 2, differ 0, theirs 0, ours 2, unsaid 0, cut 0"},
		"money": {[][]string{{"订单编号", "减免金额（元）"}, {"A4", "¥5.00"}, {"A1", "8"}},
			"same 1, differ 0, theirs 0, ours 2, unsaid 1, cut 0"},
		"money in fen": {[][]string{{"订单编号", "减免金额(分)"}, {"A4", "500"}},
			"same 1, differ 0, theirs 0, ours 3, unsaid 0, cut 0"},
		"no reductions": {[][]string{{"Order No", "Plate No"}, {"A1", "京A12345"}, {"A4", ""}},
			"same 0, differ 0, theirs 0, ours 2, unsaid 2, cut 0"},
		"rounded by a spreadsheet": {[][]string{{"订单号", "车牌"}, {"2.02401E+17", "京A12345"}},
			"same 0, differ 0, theirs 1, ours 4, unsaid 0, cut 1"},
		"a sum below": {[][]string{{"订单号", "减免时长"}, {"A1", "120"}, {"", "合计 120"}},
			"same 1, differ 0, theirs 0, ours 3, unsaid 0, cut 0"},
		"a column of orders without any": {[][]string{{"订单号", "车牌", "减免时长"}, {"", "京A12345", "120"}},
			"same 1, differ 0, theirs 0, ours 3, unsaid 0, cut 0"},
		"an order twice": {[][]string{{"订单号", "减免时长"}, {"A1", "120"}, {"A1", "120"}},
			"same 1, differ 0, theirs 1, ours 3, unsaid 0, cut 0"},
	} {
		theirs, c, err := readTheirs(test.rows)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.pair(theirs, ours); said(c) != test.want {
			t.Errorf("%s: %s, want %s", name, said(c), test.want)
		}
	}
}

// A list that cannot be read says where.
func TestCompareRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		rows [][]string
		want string
	}{
		"empty":       {nil, "the list has no rows below its headings"},
		"no headings": {[][]string{{"A1", "120"}, {"A2", "60"}}, "no column is headed order or plate"},
		"words":       {[][]string{{"订单号", "减免时长"}, {"A1", "两小时"}}, "row 2: the minutes are no number"},
		"negative":    {[][]string{{"订单号", "减免时长"}, {"A1", "-5"}}, "row 2: the minutes are no number"},
		"three decimals": {[][]string{{"订单号", "减免金额"}, {"A1", "1.00"}, {"A2", "1.005"}},
			"row 3: the amount is no amount of yuan"},
	} {
		if _, _, err := readTheirs(test.rows); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}
