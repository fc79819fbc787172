package flow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
	"github.com/chargestamp/chargestamp/words"
)

// A car of three regions: how a lot's camera writes it, and each plate alone.
const (
	mainland = charge.Plate("粤ZJ068澳")
	macau    = charge.Plate("MX7742")
	hongKong = charge.Plate("ZM127")
	abroad   = charge.Names("MX7742|ZM127")
)

// carIn reports an entry of a car by its plates.
func (w *world) carIn(id charge.LotID, order string, plate charge.Plate, names charge.Names, ago time.Duration) {
	w.t.Helper()
	a, err := w.flow.Entered(w.t.Context(), lot.Entry{Lot: id, OrderID: order, Plate: plate, Names: names,
		Entered: w.clock.Now().Add(-ago)})
	if err != nil || a.State != 1 {
		w.t.Fatalf("entry %s: %+v, %v", order, a, err)
	}
}

// car is a car as one message names it.
type car struct {
	plate charge.Plate
	names charge.Names
}

// A lot names all plates of a car and a push one of them, or the other way round; the stay may come before the push or
// after it.
func TestAnyPlateOfACarMatches(t *testing.T) {
	// Of the n-th car: the mainland's plate, and two others.
	plate := func(n int) charge.Plate { return charge.Plate(fmt.Sprintf("粤ZJ%03d澳", n)) }
	second := func(n int) charge.Plate { return charge.Plate(fmt.Sprintf("MX7%03d", n)) }
	third := func(n int) charge.Plate { return charge.Plate(fmt.Sprintf("ZM%03d", n)) }
	all := func(n int) car { return car{plate(n), charge.Names(second(n) + "|" + third(n))} }
	one := func(p func(int) charge.Plate) func(int) car { return func(n int) car { return car{p(n), ""} } }
	cases := []struct{ lot, push func(n int) car }{
		{all, one(plate)}, {all, one(second)}, {all, one(third)}, {one(second), all}, {one(third), all},
		{func(n int) car { return car{second(n), charge.Names(third(n))} },
			func(n int) car { return car{plate(n), charge.Names(third(n))} }},
	}
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			for n, c := range cases {
				w.matches(fmt.Sprint("stay-first-", n), c.lot(n), c.push(n), false)
				w.matches(fmt.Sprint("push-first-", n), c.lot(100+n), c.push(100+n), true)
			}
		})
	}
}

// matches checks that a push reaches the stay of its car, whichever comes first, and that the lot hears of the car by
// its own word for it.
func (w *world) matches(order string, inLot, pushed car, pushFirst bool) {
	w.t.Helper()
	push := w.finished(order, sdkLot)
	push.Plate, push.Names = pushed.plate, pushed.names
	if pushFirst {
		w.must(push)
		w.want(order, charge.StateHeld, charge.ReasonWaitingForStay)
	}
	w.carIn(sdkLot, order, inLot.plate, inLot.names, 2*time.Hour)
	if !pushFirst {
		w.must(push)
	}
	_, done := w.next(w.line)
	done(w.acked())
	if c := w.settles(order, charge.StateDelivered, charge.ReasonOK); c.Plate != pushed.plate {
		w.t.Errorf("%s: the charge's plate is %s now", order, c.Plate.Full())
	}
	if n := w.line.notices[len(w.line.notices)-1]; n.Plate != inLot.plate || n.StayOrder != order {
		w.t.Errorf("%s: the lot hears of %s, stay %s", order, n.Plate.Full(), n.StayOrder)
	}
}

// The decision says by which plate the lot knows the car, masked.
func TestDecisionNamesTheOtherPlate(t *testing.T) {
	w := newWorld(t)
	w.carIn(sdkLot, "s1", mainland, abroad, 2*time.Hour)
	push := w.finished("o1", sdkLot)
	push.Plate = macau
	w.must(push)
	c := w.charge("o1")
	said := words.Note(words.English, c.Decision.Notes[0])
	if said != "the lot knows the car as 粤Z***8澳, another plate of it" {
		t.Errorf("the decision says %q", said)
	}
}

// One car has one open stay, by whichever plate it comes in again; what it was named by is not forgotten by a repeat
// that names less.
func TestPlatesOfOneCarAreOneStay(t *testing.T) {
	for engine, place := range bothEngines(t) {
		t.Run(engine, func(t *testing.T) {
			w := newWorldOn(t, place)
			w.carIn(sdkLot, "s1", macau, "", 6*time.Hour)
			w.carIn(sdkLot, "s1", mainland, abroad, 6*time.Hour) // the camera reads all three now
			w.carIn(sdkLot, "s1", hongKong, "", 6*time.Hour)     // and less again
			w.carIn(sdkLot, "s2", hongKong, "", 4*time.Hour)
			w.open(sdkLot, "s1", false)
			w.open(sdkLot, "s2", true)
			w.carIn(sdkLot, "s3", mainland, abroad, 2*time.Hour)
			w.open(sdkLot, "s2", false)
			w.open(sdkLot, "s3", true)
			stays, err := w.flow.InPark(t.Context(), sdkLot, macau)
			if err != nil || len(stays) != 1 || stays[0].OrderID != "s3" || stays[0].Names != abroad {
				t.Errorf("in the lot as %s: %+v, %v", macau.Full(), stays, err)
			}
			if stays, err := w.flow.InPark(t.Context(), apiLot, macau); err != nil || len(stays) != 0 {
				t.Errorf("in another lot: %+v, %v", stays, err)
			}
		})
	}
}

// A 4G gate quotes the car by any plate, and lets it out by any.
func TestGateTakesAnyPlate(t *testing.T) {
	w := newWorld(t)
	w.carIn(gateLot, "g1", mainland, abroad, 2*time.Hour)
	for _, p := range []charge.Plate{mainland, macau, hongKong} {
		if q, err := w.flow.Quote(t.Context(), ledger.QuoteQuestion{Lot: gateLot, Plate: p, At: w.clock.Now()}); err != nil ||
			q.State != 1 || q.OrderID != "g1" {
			t.Errorf("quote of %s: %+v, %v", p.Full(), q, err)
		}
	}
	out, err := w.flow.Exit(t.Context(), lot.Exit{Lot: gateLot, OrderID: "g1", Plate: hongKong, Left: w.clock.Now()})
	if err != nil || out.State != 1 {
		t.Errorf("exit: %+v, %v", out, err)
	}
}

// A day's limit holds over all plates of a car.
func TestDayLimitOverAllPlates(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.PerDay = charge.PerDay{Times: 1} })
	for i, p := range []charge.Plate{macau, hongKong} {
		order := []string{"o1", "o2"}[i]
		w.carIn(sdkLot, order, mainland, abroad, 2*time.Hour)
		push := w.finished(order, sdkLot)
		push.Plate = p
		w.must(push)
		if i == 0 {
			_, done := w.next(w.line)
			done(w.acked())
			w.settles(order, charge.StateDelivered, charge.ReasonOK)
			w.leave(sdkLot, order, nil)
		}
	}
	w.want("o2", charge.StateNoGrant, charge.ReasonDayLimit)
}
