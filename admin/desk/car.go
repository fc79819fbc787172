package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Car is one visit of a car: its stay, the charges in it, and what was refused of it.
type Car struct {
	Plate   charge.Plate
	Lot     charge.LotID   // of the stay, else of the charge
	Stay    *charge.Stay   // nil where none is known
	Told    *flow.Story    // of the charge that the page is about; nil for a stay without charges
	Verdict flow.Verdict   // of that charge; for those who may act, each action bears its dry run
	Charges []*flow.Story  // of the visit, oldest first, that of the page among them
	Refused []charge.Push  // refused pushes that name the plate around the visit, oldest first; unproven
	Near    []*charge.Stay // open stays whose plate differs by one character, where the charge has no stay
}

// What a car's page looks at.
const (
	carSpan    = 24 * time.Hour // before and after the visit
	carRefused = 20
	carCharges = 50
)

// CarOfCharge gathers the visit that a charge belongs to.
func (d *Desk) CarOfCharge(ctx context.Context, who guard.Identity, id int64) (*Car, error) {
	told, err := d.Story(ctx, id)
	if err != nil {
		return nil, err
	}
	car := &Car{Plate: told.Charge.Plate, Lot: told.Charge.Lot, Stay: told.Stay, Told: told}
	ids, err := d.visitCharges(ctx, car)
	if err != nil {
		return nil, err
	}
	return car, d.gather(ctx, who, car, ids)
}

// CarOfStay gathers the visit of a stay; it is about its newest charge.
func (d *Desk) CarOfStay(ctx context.Context, who guard.Identity, id int64) (*Car, error) {
	stay, charges, err := d.cfg.Story.Visit(ctx, id)
	if err != nil {
		return nil, Wrap(err)
	}
	car := &Car{Plate: stay.Plate, Lot: stay.Lot, Stay: stay}
	ids := idsOf(charges)
	if n := len(ids); n > 0 {
		if car.Told, err = d.Story(ctx, ids[n-1]); err != nil {
			return nil, err
		}
	}
	return car, d.gather(ctx, who, car, ids)
}

// visitCharges lists the charges of a visit: those of the stay, or those of the plate in the lot that have none.
func (d *Desk) visitCharges(ctx context.Context, car *Car) ([]int64, error) {
	c := car.Told.Charge
	if car.Stay != nil {
		_, charges, err := d.cfg.Story.Visit(ctx, car.Stay.ID)
		return withID(idsOf(charges), c.ID), Wrap(err)
	}
	if c.Plate.Unplated() || c.Plate == "" {
		return []int64{c.ID}, nil
	}
	page, err := d.cfg.Reads.Charges(ctx, charge.ChargeFilter{Plate: c.Plate.Full(), Lot: c.Lot,
		From: c.Received.Add(-carSpan), To: c.Received.Add(carSpan), Limit: carCharges})
	kept := slices.DeleteFunc(page.Items,
		func(other *charge.Charge) bool { return other.StayID != 0 || other.Plate != c.Plate })
	return withID(idsOf(kept), c.ID), Wrap(err)
}

func idsOf(charges []*charge.Charge) []int64 {
	ids := make([]int64, 0, len(charges))
	for _, c := range charges {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	return ids
}

// withID is a sorted list with an id in it.
func withID(ids []int64, id int64) []int64 {
	if at, found := slices.BinarySearch(ids, id); !found {
		ids = slices.Insert(ids, at, id)
	}
	return ids[max(0, len(ids)-carCharges):]
}

// gather adds what a car's page shows around its charges.
func (d *Desk) gather(ctx context.Context, who guard.Identity, car *Car, ids []int64) (err error) {
	if len(ids) == 1 && car.Told != nil {
		car.Charges = []*flow.Story{car.Told}
	} else if car.Charges, err = d.cfg.Story.Stories(ctx, ids); err != nil {
		return Wrap(err)
	}
	if car.Told != nil {
		if car.Verdict, err = d.Verdict(ctx, who, car.Told); err != nil {
			return err
		}
	}
	if car.Refused, err = d.refusedOf(ctx, car); err != nil {
		return err
	}
	if car.Told != nil && car.Stay == nil {
		car.Near, err = d.Near(ctx, car.Told)
	}
	return err
}

// Near returns the open stays of a charge's lot whose plate differs from its by one character; none of a charge that
// has its stay.
func (d *Desk) Near(ctx context.Context, told *flow.Story) ([]*charge.Stay, error) {
	if told.Stay != nil {
		return nil, nil
	}
	near, err := d.cfg.Reads.NearStays(ctx, []*charge.Charge{told.Charge})
	if err != nil || len(near) == 0 {
		return nil, Wrap(err)
	}
	return near[0], nil
}

// bindable bounds the stays that are offered for binding by hand, lookedAt those that are compared.
const (
	bindable = 8
	lookedAt = 200
)

// Bindable lists open stays of a charge's lot, those first whose plates differ from the charge's the least.
func (d *Desk) Bindable(ctx context.Context, c *charge.Charge) ([]*charge.Stay, error) {
	page, err := d.cfg.Reads.Stays(ctx, charge.StayFilter{Lot: c.Lot, Open: true, Limit: lookedAt})
	if err != nil {
		return nil, Wrap(err)
	}
	slices.SortStableFunc(page.Items, func(a, b *charge.Stay) int {
		return cmp.Compare(differing(a.Plate, c.Plate), differing(b.Plate, c.Plate))
	})
	return page.Items[:min(bindable, len(page.Items))], nil
}

// differing counts the places in which two plates differ.
func differing(a, b charge.Plate) int {
	x, y := []rune(string(a)), []rune(string(b))
	n := max(len(x), len(y)) - min(len(x), len(y))
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			n++
		}
	}
	return n
}

// refusedOf lists refused pushes that name the plate around the visit, oldest first.
func (d *Desk) refusedOf(ctx context.Context, car *Car) ([]charge.Push, error) {
	if car.Plate.Unplated() || car.Plate == "" {
		return nil, nil
	}
	from, to := car.Span(d.Now())
	page, err := d.cfg.Reads.Pushes(ctx,
		charge.PushFilter{Plate: car.Plate, Refused: true, From: from.Add(-carSpan), To: to.Add(carSpan), Limit: carRefused})
	if err != nil {
		return nil, Wrap(err)
	}
	slices.SortFunc(page.Items, func(a, b charge.Push) int { return cmp.Compare(a.ID, b.ID) })
	return page.Items, nil
}

// Span is the time of the visit: from entry to exit, to now while the car is in; without a stay that of its charge.
func (c *Car) Span(now time.Time) (from, to time.Time) {
	switch {
	case c.Stay != nil && c.Stay.Open:
		return c.Stay.Entered, now
	case c.Stay != nil:
		return c.Stay.Entered, c.Stay.Left
	case c.Told != nil && !c.Told.Charge.StartedAt.IsZero() && c.Told.Charge.StartedAt.Before(c.Told.Charge.Received):
		return c.Told.Charge.StartedAt, c.Told.Charge.Received
	case c.Told != nil:
		return c.Told.Charge.Received, c.Told.Charge.Received
	}
	return now, now
}

// Granted is what the visit was granted in all, as far as it stands.
func (c *Car) Granted() []charge.Reduction {
	var list []charge.Reduction
	for _, s := range c.Charges {
		if s.Charge.State.Granting() && s.Charge.Reduction != nil {
			list = append(list, *s.Charge.Reduction)
		}
	}
	return flow.Sum(list)
}

// Summary is the visit in a sentence, and what was really taken off where that is known. plate and lot are as they may
// be shown.
func (c *Car) Summary(plate, lot string, now time.Time) charge.Notes {
	from, to := c.Span(now)
	head := []charge.Arg{charge.Text("plate", plate), charge.Text("lot", lot), charge.Span("span", to.Sub(from))}
	bare := len(c.Charges) == 0
	code := "car.in"
	switch {
	case c.Stay == nil:
		code = "car.no_stay"
	case bare && c.Stay.Open:
		code = "car.in_bare"
	case bare:
		code = "car.left_bare"
	case !c.Stay.Open:
		code = "car.left"
	}
	if c.Stay != nil && !c.Stay.Open {
		head = append(head, charge.When("left", c.Stay.Left))
	}
	head = append(head, charge.Count("charges", len(c.Charges)), charge.Grants("grant", c.Granted()...))
	notes := charge.Notes{charge.Say(code, head...)}
	if used := c.used(); len(used) > 0 && len(c.Charges) > 1 {
		notes = append(notes, charge.Say("car.used", charge.Grants("used", used...)))
	}
	return notes
}

// used is what the exit took off, over all charges of the visit.
func (c *Car) used() []charge.Reduction {
	var list []charge.Reduction
	for _, s := range c.Charges {
		list = append(list, usedBy(s.Charge)...)
	}
	return flow.Sum(list)
}

// usedBy is what the exit took off by one charge; nothing where that was not reported.
func usedBy(c *charge.Charge) []charge.Reduction {
	if c.Usage == nil {
		return nil
	}
	return []charge.Reduction{{Method: charge.MethodTime, Minutes: c.Usage.Minutes},
		{Method: charge.MethodAmount, Amount: c.Usage.Amount}}
}

// Reply is two sentences that support can send to the driver. They are about one charge; where the lot has others of
// the same visit too, the first sentence says what those come to.
func (c *Car) Reply() charge.Notes {
	reply := c.Verdict.Driver
	others := c.others()
	if len(reply) == 0 || len(others) == 0 {
		return reply
	}
	if code := reply[0].Code; code == "driver.cap" || code == "driver.stands" {
		return reply // which say what the stay has had
	}
	said := charge.Say("driver.and_others", charge.Because("said", reply[0]), charge.Grants("others", others...))
	return append(charge.Notes{said}, reply[1:]...)
}

// others is what the lot has of the visit's charges but the one that the page is about: what came off, or what is to.
func (c *Car) others() []charge.Reduction {
	var list []charge.Reduction
	for _, s := range c.Charges {
		switch o := s.Charge; {
		case o.ID == c.Told.Charge.ID:
		case o.Usage != nil:
			list = append(list, usedBy(o)...)
		case o.State == charge.StateDelivered && o.Reduction != nil:
			list = append(list, *o.Reduction)
		}
	}
	return flow.Sum(list)
}
