package play

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// ErrNotInside says that a lot has no such car.
var ErrNotInside = errors.New("no such car is inside")

// Visit is one car in a played lot.
type Visit struct {
	OrderID string
	Plate   charge.Plate
	In      time.Time
	Out     time.Time // zero while inside
}

// Bill is what an exit comes to.
type Bill struct {
	Visit
	Gross   charge.Fen // without any reduction
	Derate  charge.Fen // what the reductions are worth
	Minutes int64      // minutes taken off by time reductions
	Used    []Applied  // the book's rows of the stay, with what each took off
}

// Due is what is left to pay.
func (b Bill) Due() charge.Fen { return b.Gross - b.Derate }

// desk is the fee software of a played lot: the cars inside, the book, the prices.
type desk struct {
	tariff  charge.Tariff
	decides charge.Reduction // what the lot grants where it decides itself
	book    *Book

	mu     sync.Mutex
	prefix string
	n      int
	open   map[string]Visit        // the cars inside, by order id
	orders map[charge.Plate]string // of the cars inside
}

// DefaultTariff is five yuan for every started hour.
func DefaultTariff() charge.Tariff {
	return charge.Tariff{FreeMinutes: 15, UnitMinutes: 60, UnitPrice: 5_00, LeaveMinutes: 15}
}

// newDesk opens a desk. Order ids begin with the opening time, as a lot's do: they are unique over restarts.
func newDesk(tariff charge.Tariff, opened time.Time) *desk {
	if tariff.UnitMinutes == 0 {
		tariff = DefaultTariff()
	}
	return &desk{
		tariff:  tariff,
		decides: charge.Reduction{Method: charge.MethodTime, Minutes: 60},
		book:    NewBook(),
		prefix:  fmt.Sprintf("%x", opened.UnixNano()/1e6),
		open:    map[string]Visit{},
		orders:  map[charge.Plate]string{},
	}
}

// enter lets a car in; an older visit of the plate is closed, as clouds do.
func (d *desk) enter(plate charge.Plate, at time.Time) Visit {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, d.orders[plate])
	d.n++
	v := Visit{OrderID: fmt.Sprintf("%s_%d", d.prefix, d.n), Plate: plate, In: at}
	d.open[v.OrderID], d.orders[plate] = v, v.OrderID
	return v
}

// inside finds the open visit of an order id, or of a plate where no order is given.
func (d *desk) inside(order string, plate charge.Plate) (Visit, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if order == "" {
		order = d.orders[plate]
	}
	if v, is := d.open[order]; is {
		return v, nil
	}
	return Visit{}, ErrNotInside
}

// leave closes a visit and settles it.
func (d *desk) leave(plate charge.Plate, at time.Time) (Bill, error) {
	v, err := d.inside("", plate)
	if err != nil {
		return Bill{}, fmt.Errorf("%s: %w", plate, err)
	}
	d.mu.Lock()
	delete(d.open, v.OrderID)
	delete(d.orders, plate)
	d.mu.Unlock()
	v.Out = at
	bill := d.bill(v, at)
	for _, used := range bill.Used {
		d.book.edit(used.ID, func(row *Applied, _ bool) {
			row.Left, row.UsedMinutes, row.UsedAmount = at, used.UsedMinutes, used.UsedAmount
		})
	}
	return bill, nil
}

// bill prices a visit up to a moment: time off first, in the order it came, then amounts, then free.
func (d *desk) bill(v Visit, at time.Time, tried ...charge.Reduction) Bill {
	b := Bill{Visit: v, Gross: cost(d.tariff, v.In, at)}
	rows := d.book.ofStay(v.OrderID)
	for _, r := range tried {
		rows = append(rows, Applied{Method: r.Method, Minutes: r.Minutes, Amount: r.Amount, Applied: 1})
	}
	left := b.Gross
	for _, pass := range []charge.Method{charge.MethodTime, charge.MethodAmount, charge.MethodFree} {
		for _, r := range rows {
			give := charge.Reduction{Method: r.Method, Minutes: r.Minutes, Amount: r.Amount}
			if r.Method == charge.MethodLotDecides {
				give = d.decides
			}
			if give.Method != pass {
				continue
			}
			r.UsedMinutes, r.UsedAmount = 0, 0
			switch pass {
			case charge.MethodTime:
				r.UsedMinutes = min(give.Minutes*int64(r.Applied), minutesBetween(v.In, at)-b.Minutes)
				b.Minutes += r.UsedMinutes
				r.UsedAmount = left - cost(d.tariff, v.In, at.Add(-time.Duration(b.Minutes)*time.Minute))
			case charge.MethodAmount:
				r.UsedAmount = min(give.Amount*charge.Fen(r.Applied), left)
			case charge.MethodFree:
				r.UsedAmount = left
			}
			left -= r.UsedAmount
			b.Used = append(b.Used, r)
		}
	}
	b.Derate = b.Gross - left
	return b
}

// cost is the flat part of a tariff: free up to FreeMinutes, else every started unit from entry.
func cost(t charge.Tariff, in, out time.Time) charge.Fen {
	stay := minutesBetween(in, out)
	if stay <= t.FreeMinutes || stay <= 0 {
		return 0
	}
	units := (stay + t.UnitMinutes - 1) / t.UnitMinutes
	return charge.Fen(units) * t.UnitPrice
}

// minutesBetween counts started minutes.
func minutesBetween(from, to time.Time) int64 {
	if !to.After(from) {
		return 0
	}
	return int64((to.Sub(from) + time.Minute - 1) / time.Minute)
}

// notice is a reduction as a message names it.
type notice struct {
	id, charge, order string
	plate             charge.Plate
	message           charge.Message
	give              charge.Reduction
	formID            int // 5.14 only
}

// methodOf reads calculation_method: 0 free, 1 time, 2 amount, 3 the lot decides (3.25 and 5.14 alike).
func methodOf(calculation int) (charge.Method, bool) {
	switch calculation {
	case 0:
		return charge.MethodFree, true
	case 1:
		return charge.MethodTime, true
	case 2:
		return charge.MethodAmount, true
	case 3:
		return charge.MethodLotDecides, true
	}
	return "", false
}

// calculationOf is what a usage calls a method: 1 time, 2 amount, 3 the lot decided. A free stay is reported
// as an amount, for which it has no other word.
func calculationOf(m charge.Method) int {
	switch m {
	case charge.MethodTime:
		return 1
	case charge.MethodLotDecides:
		return 3
	}
	return 2
}

// name fills a new row with what the message says.
func (row *Applied) name(n notice, at time.Time) {
	row.Charge, row.OrderID, row.Plate, row.Message, row.FormID, row.At = n.charge, n.order, n.plate.Full(), n.message,
		n.formID, at
	row.Method, row.Minutes, row.Amount = n.give.Method, n.give.Minutes, n.give.Amount
}

// take books a reduction for the car it names; a repeat of its id takes no effect unless the lot is
// careless. It returns ErrNotInside where no such car is in.
func (d *desk) take(n notice, at time.Time, careless bool) error {
	visit, err := d.inside(n.order, n.plate)
	d.book.edit(n.id, func(row *Applied, fresh bool) {
		row.Heard++
		if fresh {
			row.name(n, at)
			row.OrderID = visit.OrderID
		}
		switch {
		case row.Applied > 0 && careless:
			row.Applied++
		case row.Applied > 0:
			err = nil // taken before: acknowledged again, whether the car is still in or not
		case err == nil:
			row.OrderID, row.Applied = visit.OrderID, 1
		}
	})
	return err
}

// acked notes that an acknowledgement has been written.
func (d *desk) acked(id string, at time.Time) {
	d.book.edit(id, func(row *Applied, _ bool) { row.Acked = at })
}

// usageTaken notes that a usage message of its own was taken.
func (d *desk) usageTaken(id string) {
	d.book.edit(id, func(row *Applied, _ bool) { row.Told = true })
}
