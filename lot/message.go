package lot

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// What lots send, read alike whichever way it came: by line (2.1, 2.2, 2.3, 2.34, 3.1), by HTTP (3.1, 3.2, 3.11,
// 5.1) or from a gate. Plate, lot, order numbers, times and money are essential: a message in which one of them
// is wrong is refused with Err. The rest describes: it is cut or left out with a warning.

// Entry reads a car coming in: 2.1, 3.1 or the gate's entry.
func (f *Fields) Entry(id charge.LotID, now time.Time) Entry {
	order := f.ID("order_id")
	return Entry{
		Lot: id, OrderID: order, Plate: f.Car(order), Names: f.Names(), Entered: f.MustWhen("in_time", now),
		Channel: f.Words("in_channel_id"), Replace: f.Words("force_update") == "1",
	}
}

// Exit reads a car going out: 2.2, 2.3, 3.2 or the gate's exit.
func (f *Fields) Exit(id charge.LotID, now time.Time) Exit {
	order := f.ID("order_id")
	e := Exit{
		Lot: id, OrderID: order, Plate: f.CarOut(order), Names: f.Names(), Entered: f.WhenStated("in_time", now),
		Left: f.MustWhen("out_time", now), Reduced: f.reduced(),
	}
	e.Total, e.HasTotal = f.Yuan("total")
	if e.Entered.After(e.Left) {
		f.Refuse("in_time 晚于 out_time")
	}
	return e
}

// reduced is what an exit names as taken off; nil where it names nothing. reduce_amount is the books' field;
// derate_duration comes from lots that answer price queries with it.
func (f *Fields) reduced() *Reduced {
	amount, hasAmount := f.Yuan("reduce_amount")
	minutes, hasMinutes := f.Minutes("derate_duration")
	switch {
	case hasMinutes && amount == 0:
		return &Reduced{Minutes: minutes, Told: f.Raw("derate_duration")}
	case hasAmount:
		return &Reduced{Amount: amount, Minutes: minutes, Told: f.Raw("reduce_amount")}
	}
	return nil
}

// Usage reads what was really taken off for one charge: what 2.34 and 3.11 have in common.
func (f *Fields) Usage(id charge.LotID, now time.Time) Usage {
	u := Usage{
		Lot: id, Plate: f.Car(f.Text("order_id")), Order: f.name("start_charge_seq", maxOrder),
		Left: f.MustWhen("out_time", now),
	}
	f.used(&u)
	return u
}

// used reads minutes and yuan: the one that the method asks for must be there, the other counts only where the
// lot decided by itself.
func (f *Fields) used(u *Usage) {
	minutes, hasMinutes := f.Minutes("duration")
	amount, hasAmount := f.Yuan("reduce_amount")
	switch method := f.Text("calculation_method"); method {
	case "1":
		u.Method, u.Minutes, u.Told = 1, minutes, f.Raw("duration")
		if !hasMinutes {
			f.Refuse("duration 缺失")
		}
	case "2":
		u.Method, u.Amount, u.Told = 2, amount, f.Raw("reduce_amount")
		if !hasAmount {
			f.Refuse("reduce_amount 缺失")
		}
	case "3":
		u.Method, u.Minutes, u.Amount, u.Told = 3, minutes, amount, f.Raw("reduce_amount")
		if hasMinutes {
			u.Told = f.Raw("duration")
		}
	default:
		f.Refuse("calculation_method 无效: 1按时长, 2按金额, 3车场自定")
	}
}

// Price reads a lot's answer to a price query (3.1, 5.1), whose state was 1. Only price must be there: a total
// that is missing is the price and what was taken off, a missing query_time is now.
func (f *Fields) Price(now time.Time) Price {
	p := Price{OrderID: f.Words("order_id"), QueryTime: f.WhenStated("query_time", now)}
	var there bool
	if p.Price, there = f.Yuan("price"); !there {
		f.Refuse("price 缺失")
	}
	p.DerateMoney, _ = f.Yuan("derate_money")
	p.DerateDuration, _ = f.Minutes("derate_duration")
	p.Duration, _ = f.Minutes("duration")
	if p.Total, there = f.Yuan("total"); !there {
		p.Total = p.Price + p.DerateMoney
	}
	if p.QueryTime.IsZero() {
		p.QueryTime = now
	}
	return p
}
