package desk

import (
	"context"
	"errors"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
)

// Lot is a car park as configured and as it stands.
type Lot struct {
	*charge.Lot // of the estate, only to be read
	Status      charge.LotStatus
}

// Lots lists every lot of the estate, in the estate's order.
func (d *Desk) Lots(ctx context.Context) ([]Lot, error) {
	statuses, err := d.cfg.Reads.LotStatuses(ctx)
	if err != nil {
		return nil, Wrap(err)
	}
	byID := make(map[charge.LotID]charge.LotStatus, len(statuses))
	for _, s := range statuses {
		byID[s.Lot] = s
	}
	all := d.cfg.Estate.State().Lots()
	lots := make([]Lot, 0, len(all))
	for _, l := range all {
		lots = append(lots, Lot{l, byID[l.ID]})
	}
	return lots, nil
}

// Lot finds one lot, switched off ones too.
func (d *Desk) Lot(ctx context.Context, id charge.LotID) (Lot, error) {
	l, _, found := d.cfg.Estate.State().Lot(id)
	if !found { // or it is switched off, which only the whole list shows
		for _, off := range d.cfg.Estate.State().Lots() {
			if off.ID == id {
				l, found = *off, true
			}
		}
	}
	if !found {
		return Lot{}, Fail(NotFound, "there is no lot "+id.String())
	}
	status, err := d.cfg.Reads.LotStatus(ctx, id)
	return Lot{&l, status}, Wrap(err)
}

// Pause stops sending to a lot.
func (d *Desk) Pause(ctx context.Context, who guard.Identity, id charge.LotID, a flow.Action) (flow.Effect, error) {
	return d.act(ctx, deed{who: who, action: "lot.pause", object: id.String()}, a,
		func(a flow.Action) (flow.Effect, error) { return d.cfg.Story.Pause(ctx, id, a) })
}

// Resume sends to a paused lot again, for which no reason is needed.
func (d *Desk) Resume(ctx context.Context, who guard.Identity, id charge.LotID, a flow.Action) (flow.Effect, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return flow.Effect{}, err
	}
	return d.acted(ctx, deed{who: who, action: "lot.resume", object: id.String()}, a,
		func(a flow.Action) (flow.Effect, error) {
			status, err := d.cfg.Reads.LotStatus(ctx, id) // before: what waits now is what goes out
			if err != nil {
				return flow.Effect{}, err
			}
			effect, err := d.cfg.Story.Resume(ctx, id, a)
			if effect.Note.Code == "effect.resumed" && status.Pending > 0 {
				effect.Note = charge.Say("effect.resumes", charge.Count("n", int64(status.Pending)),
					charge.Span("age", d.Now().Sub(status.OldestDue)))
			}
			return effect, err
		})
}

// Price asks a lot what a stay costs now: the stay by its order number, else the open stay of a plate.
func (d *Desk) Price(ctx context.Context, who guard.Identity, id charge.LotID, stayOrder string,
	plate charge.Plate) (lot.Price, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return lot.Price{}, err
	}
	price, err := d.cfg.Story.Price(ctx, id, stayOrder, plate)
	if errors.Is(err, flow.ErrNotFound) && stayOrder == "" && plate != "" {
		return price, Fail(NotFound, "no stay of this plate is open in the lot; chargestamp stays --lot lists them")
	}
	return price, Wrap(err)
}

// TryPrice asks a lot what a stay would cost now with a reduction that is not given.
func (d *Desk) TryPrice(ctx context.Context, who guard.Identity, id charge.LotID, stayOrder string, plate charge.Plate,
	r charge.Reduction) (lot.Price, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return lot.Price{}, err
	}
	price, err := d.cfg.Story.TryPrice(ctx, id, stayOrder, plate, r)
	return price, Wrap(err)
}

// Counts returns the figures of a span of time.
func (d *Desk) Counts(ctx context.Context, from, to time.Time) (charge.Counts, error) {
	counts, err := d.cfg.Reads.Counts(ctx, from, to)
	return counts, Wrap(err)
}

// SpanCounts returns the figures of a span of time, without what is pending now.
func (d *Desk) SpanCounts(ctx context.Context, from, to time.Time) (charge.Counts, error) {
	counts, err := d.cfg.Reads.SpanCounts(ctx, from, to)
	return counts, Wrap(err)
}

// Samples lists how the site stood in a span of time, of each step the worst, oldest first. A step in which no node ran
// is left out.
func (d *Desk) Samples(ctx context.Context, from, to time.Time, step time.Duration) ([]charge.Sample, error) {
	samples, err := d.cfg.Reads.Samples(ctx, from, to, step)
	return samples, Wrap(err)
}

// Latency returns how long pushes lately took to reach their lots; ok is false where there is no measurement.
func (d *Desk) Latency() (p50, p99 time.Duration, ok bool) {
	if d.cfg.Pulse == nil {
		return 0, 0, false
	}
	return d.cfg.Pulse.Latency()
}

// AckP95 returns how long a lot takes to acknowledge; zero where there is no measurement.
func (d *Desk) AckP95(id charge.LotID) time.Duration {
	if d.cfg.Pulse == nil {
		return 0
	}
	return d.cfg.Pulse.AckP95(id)
}

// Breaker returns the state of a lot's breaker; empty where there is no measurement.
func (d *Desk) Breaker(id charge.LotID) string {
	if d.cfg.Pulse == nil {
		return ""
	}
	return d.cfg.Pulse.Breaker(id)
}

// LastCharge returns when an account last pushed a charge for a lot since a time; the zero time for never. What it
// pushed for other lots does not count.
func (d *Desk) LastCharge(ctx context.Context, who guard.Identity, account *charge.Account, id charge.LotID,
	since time.Time) (time.Time, error) {
	page, err := d.Charges(ctx, who, charge.ChargeFilter{Platform: account.Platform, Lot: id, From: since, Limit: 100})
	for _, c := range page.Items {
		if c.Account == account.ID {
			return c.Received, err
		}
	}
	return time.Time{}, err
}
