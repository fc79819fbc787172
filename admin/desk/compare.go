package desk

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// MostCompared bounds the rows of a platform's list, and the charges of ours that it is compared with.
const MostCompared = 5000

const (
	mostListed = 200               // of each kind are listed; all are counted
	mostLooked = 10 * MostCompared // charges of the lot are looked through, those of other accounts too
)

// TheirCharge is a row of a platform's own list of charges.
type TheirCharge struct {
	Row     int // its place in the list, which blank rows do not count in; the heading is 1
	Order   string
	Plate   charge.Plate
	Minutes int64
	Amount  charge.Fen
}

// Difference is a charge that both sides have, with different reductions.
type Difference struct {
	Theirs TheirCharge
	Ours   *charge.Charge
}

// Comparison is a platform's own list beside the charges of a binding.
type Comparison struct {
	ByOrder               bool // rows and charges were paired by order number; else by plate, in the order of time
	HasMinutes, HasAmount bool // which columns of reductions the list has
	Rows                  int
	Same                  int  // of both sides, with the same reduction
	Unsaid                int  // of both sides, where the list does not say the reduction in the unit of ours
	Cut                   int  // order numbers that a spreadsheet has rounded ("2.02E+17"): they fit nothing
	More                  bool // there are older charges of ours that were not looked at
	Differ                []Difference
	OnlyTheirs            []TheirCharge
	OnlyOurs              []*charge.Charge
	Differs, Theirs, Ours int // how many there are; the lists hold the first 200
}

// Compare puts the rows of a platform's own list, headings first, beside the charges of a binding since a time.
// It is Invalid, with the row named, where the list cannot be read.
func (d *Desk) Compare(ctx context.Context, who guard.Identity, b *charge.Binding, rows [][]string,
	since time.Time) (Comparison, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return Comparison{}, err
	}
	account, found := d.Estate().Account(b.Account)
	if !found {
		return Comparison{}, Fail(NotFound, "the binding's account is gone")
	}
	theirs, c, err := readTheirs(rows)
	if err != nil {
		return c, err
	}
	f := charge.ChargeFilter{Platform: account.Platform, Lot: b.Lot, From: since, Limit: 500}
	var ours []*charge.Charge
	for looked := 0; len(ours) < MostCompared && looked < mostLooked; {
		page, err := d.Charges(ctx, who, f)
		if err != nil {
			return c, err
		}
		looked += len(page.Items)
		for _, ch := range page.Items {
			if ch.Account == b.Account {
				ours = append(ours, ch)
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	c.More = f.Cursor != ""
	slices.Reverse(ours) // the oldest first, as lists are written
	c.pair(theirs, ours)
	return c, nil
}

// pair puts each row beside the first charge of its key that has no row yet.
func (c *Comparison) pair(theirs []TheirCharge, ours []*charge.Charge) {
	waiting := make(map[string][]*charge.Charge)
	key := func(order string, plate charge.Plate) string {
		if c.ByOrder {
			return order
		}
		return string(plate)
	}
	for _, ch := range ours {
		k := key(ch.Order, ch.Plate)
		waiting[k] = append(waiting[k], ch)
	}
	paired := make(map[int64]bool)
	for _, row := range theirs {
		k := key(row.Order, row.Plate)
		if len(waiting[k]) == 0 {
			if c.Theirs++; len(c.OnlyTheirs) < mostListed {
				c.OnlyTheirs = append(c.OnlyTheirs, row)
			}
			continue
		}
		ch := waiting[k][0]
		waiting[k] = waiting[k][1:]
		paired[ch.ID] = true
		same, said := c.agrees(row, ch)
		switch {
		case !said:
			c.Unsaid++
		case same:
			c.Same++
		default:
			if c.Differs++; len(c.Differ) < mostListed {
				c.Differ = append(c.Differ, Difference{row, ch})
			}
		}
	}
	for _, ch := range ours {
		if paired[ch.ID] {
			continue
		}
		if c.Ours++; len(c.OnlyOurs) < mostListed {
			c.OnlyOurs = append(c.OnlyOurs, ch)
		}
	}
}

// agrees reports whether a row says the reduction that was decided; said is false where it says none in its unit.
func (c *Comparison) agrees(row TheirCharge, ch *charge.Charge) (same, said bool) {
	var ours charge.Reduction
	if ch.Decision != nil {
		ours = ch.Decision.Reduction
	}
	switch {
	case ours.IsZero():
		return row.Minutes == 0 && row.Amount == 0, c.HasMinutes || c.HasAmount
	case ours.Method == charge.MethodTime:
		return row.Minutes == ours.Minutes, c.HasMinutes
	case ours.Method == charge.MethodAmount:
		return row.Amount == ours.Amount, c.HasAmount
	}
	return false, false
}

// theirColumns are the headings of platforms' lists, by what stands below them: without blanks, signs and units, in
// lower case.
var theirColumns = map[string][]string{
	"order": {"订单号", "订单编号", "充电订单号", "充电订单编号", "充电流水号", "流水号", "交易流水号", "order", "orderid", "orderno",
		"ordernumber", "startchargeseq"},
	"plate": {"车牌", "车牌号", "车牌号码", "车辆牌照", "plate", "plateno", "platenum", "platenumber", "carnumber", "carno"},
	"minutes": {"减免时长", "减免时间", "减免分钟", "减免分钟数", "优惠时长", "优惠分钟", "免费时长", "停车减免时长", "停车优惠时长",
		"minutes", "reducedminutes", "freeminutes", "reductionminutes"},
	"amount": {"减免金额", "停车减免金额", "优惠金额", "停车优惠金额", "amount", "reducedamount", "reductionamount"},
}

var headingUnit = regexp.MustCompile(`[（(\[【].*?[)）\]】]`)

// columnsOf finds the columns of a list by its headings; -1 is none.
func columnsOf(heads []string) map[string]int {
	at := map[string]int{"order": -1, "plate": -1, "minutes": -1, "amount": -1}
	for i, head := range heads {
		head = headingUnit.ReplaceAllString(strings.ToLower(head), "")
		head = strings.NewReplacer(" ", "", "_", "", "-", "", "　", "").Replace(head)
		for column, names := range theirColumns {
			if at[column] < 0 && slices.Contains(names, head) {
				at[column] = i
			}
		}
	}
	return at
}

// rounded is a number as a spreadsheet writes it that has lost its last digits.
var rounded = regexp.MustCompile(`^[0-9](\.[0-9]+)?[Ee]\+[0-9]+$`)

// readTheirs reads a platform's list.
func readTheirs(rows [][]string) ([]TheirCharge, Comparison, error) {
	var c Comparison
	if len(rows) < 2 {
		return nil, c, wrongList(0, "the list has no rows below its headings", "标题行下面没有数据")
	}
	at := columnsOf(rows[0])
	if at["order"] < 0 && at["plate"] < 0 {
		return nil, c, wrongList(0, "no column is headed order or plate", "没有标题为“订单号”或“车牌”的列")
	}
	c.ByOrder = at["order"] >= 0 && slices.ContainsFunc(rows[1:],
		func(cells []string) bool { return at["order"] < len(cells) && cells[at["order"]] != "" })
	c.HasMinutes, c.HasAmount = at["minutes"] >= 0, at["amount"] >= 0
	inHours := c.HasMinutes && strings.Contains(rows[0][at["minutes"]], "小时")
	inFen := c.HasAmount && strings.Contains(headingUnit.FindString(rows[0][at["amount"]]), "分")
	var theirs []TheirCharge
	for i, cells := range rows[1:] {
		cell := func(column string) string {
			if j := at[column]; j >= 0 && j < len(cells) {
				return cells[j]
			}
			return ""
		}
		row := TheirCharge{Row: i + 2, Order: cell("order")}
		row.Plate, _ = charge.ParsePlate(cell("plate"))
		if c.ByOrder && row.Order == "" || !c.ByOrder && row.Plate == "" {
			continue // a sum below the list
		}
		if rounded.MatchString(row.Order) {
			c.Cut++
		}
		var ok bool
		if row.Minutes, ok = listedMinutes(cell("minutes"), inHours); !ok {
			return nil, c, wrongList(row.Row, "the minutes are no number", "减免时长不是数字")
		}
		if row.Amount, ok = listedAmount(cell("amount"), inFen); !ok {
			return nil, c, wrongList(row.Row, "the amount is no amount of yuan", "减免金额不是金额")
		}
		theirs = append(theirs, row)
	}
	c.Rows = len(theirs)
	return theirs, c, nil
}

// wrongList says what is wrong with a list, and where.
func wrongList(row int, english, chinese string) error {
	if row > 0 {
		english, chinese = fmt.Sprintf("row %d: %s", row, english), fmt.Sprintf("第 %d 行：%s", row, chinese)
	}
	return Fail(Invalid, english, FieldError{Where: "body.file", Detail: english, Chinese: chinese})
}

// listedMinutes reads a time of a list: 120, 120分钟, 2小时, 2:00 or 02:00:00. Nothing is none.
func listedMinutes(text string, inHours bool) (int64, bool) {
	if hours, rest, found := strings.Cut(text, ":"); found {
		minutes, _, _ := strings.Cut(rest, ":")
		h, err := strconv.ParseUint(hours, 10, 16)
		m, wrong := strconv.ParseUint(minutes, 10, 16)
		return int64(h*60 + m), err == nil && wrong == nil
	}
	for _, unit := range []string{"分钟", "分", "min"} {
		text = strings.TrimSuffix(text, unit)
	}
	if hours, found := strings.CutSuffix(text, "小时"); found {
		text, inHours = hours, true
	}
	if text = strings.TrimSpace(text); nothing(text) {
		return 0, true
	}
	if inHours {
		hundredths, err := charge.ParseFen(text) // hours with two decimals
		return (int64(hundredths)*60 + 99) / 100, err == nil && hundredths >= 0
	}
	n, err := charge.ParseMinutes(text)
	return n, err == nil && n >= 0
}

// listedAmount reads money of a list: 5, 5.00, ¥5.00 or 5元. Nothing is none.
func listedAmount(text string, inFen bool) (charge.Fen, bool) {
	text = strings.TrimSuffix(strings.TrimLeft(text, "¥￥ "), "元")
	if text = strings.ReplaceAll(strings.TrimSpace(text), ",", ""); nothing(text) {
		return 0, true
	}
	if inFen {
		n, err := strconv.ParseInt(text, 10, 48)
		return charge.Fen(n), err == nil && n >= 0
	}
	n, err := charge.ParseFen(text)
	return n, err == nil && n >= 0
}

func nothing(cell string) bool { return cell == "" || strings.Trim(cell, "-–—/") == "" }
