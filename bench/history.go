package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// History says how much a store holds from before.
type History struct {
	Charges int
	Span    time.Duration // over which they came
	Pushes  time.Duration // of the last charges also the requests are kept, as retention would leave them
	Until   time.Time
}

// historyNode numbers ids of history apart from those of servers.
const historyNode = charge.MaxNode

// load writes a history into a new store.
func (h History) load(ctx context.Context, cfg store.Config, site *Site) (err error) {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	n, err := s.BulkLoad(ctx, h.loads(site))
	if err == nil && n != int64(h.Charges) {
		err = fmt.Errorf("%d of %d charges were written", n, h.Charges)
	}
	return err
}

// loads makes up charges that were delivered and used, spread over the lots and evenly over the span.
func (h History) loads(site *Site) iter.Seq[store.Load] {
	var now time.Time
	ids := charge.NewIDs(historyNode, func() time.Time { return now })
	step := h.Span / time.Duration(max(h.Charges, 1))
	return func(yield func(store.Load) bool) {
		for i := range h.Charges {
			now = h.Until.Add(-h.Span + time.Duration(i)*step).Truncate(time.Millisecond)
			if !yield(h.one(i, now, ids, site.Lots[i%len(site.Lots)].ID)) {
				return
			}
		}
	}
}

func (h History) one(i int, at time.Time, ids *charge.IDs, lot charge.LotID) store.Load {
	grant := charge.Reduction{Method: charge.MethodTime, Minutes: granted}
	p := push("h", i, lot, at)
	p.Plate = historyPlate(i)
	left := at.Add(20 * time.Minute)
	stay := &charge.Stay{ID: ids.Next(), Lot: lot, OrderID: fmt.Sprint("s", i), Plate: p.Plate,
		Entered: at.Add(-2 * time.Hour), Left: left, Channel: "A1"}
	c := &charge.Charge{
		ID: ids.Next(), Platform: saturatePlatform, Account: "bench-" + saturatePlatform, Order: p.Order, RepeatKey: p.Order,
		Plate: p.Plate, Lot: lot,
		StartedAt: p.Start, EndedAt: p.End, Received: at, Energy: p.Energy, HasEnergy: true, Total: p.Total, HasTotal: true,
		Ask:    charge.Ask{Method: grant.Method, Minutes: grant.Minutes},
		Detail: charge.Detail{Power: "25.50", TotalMoney: "17.85"},
		Digest: fmt.Sprintf("%032x", i), State: charge.StateUsed, Reason: charge.ReasonOK, Reduction: &grant, StayID: stay.ID,
		Decision: &charge.Decision{At: at, Rule: charge.Rule{Grant: charge.GrantAsPushed, Combine: charge.CombineSum},
			State:  charge.StateSending,
			Reason: charge.ReasonOK, Wanted: grant, Reduction: grant, Send: grant, Granted: []charge.Granted{}, StayID: stay.ID,
			StayOrder: stay.OrderID, Minutes: 80},
		Usage:  &charge.Usage{Minutes: granted, At: left, Method: 1, Told: "30"},
		Report: charge.ReportOff, UpdatedAt: left,
	}
	d := charge.Delivery{ID: ids.Next(), Charge: c.ID, Lot: lot, Channel: charge.ChannelCallback,
		Message: charge.Message514,
		UUID:    fmt.Sprintf("%032x", c.ID), Payload: bytes.Repeat([]byte("x"), 500), State: charge.DeliveryDelivered,
		Attempts: 1, DueAt: at}
	d.First = charge.Attempt{Delivery: d.ID, N: 1, At: at, Result: charge.AttemptAcked,
		Detail: charge.Say("answer.state", charge.Text("state", "1"))}
	entry := func(kind charge.EntryKind, at time.Time) charge.LedgerEntry {
		return charge.LedgerEntry{ID: ids.Next(), At: at, Charge: c.ID, StayID: stay.ID, Kind: kind, Method: grant.Method,
			Minutes:  granted,
			Platform: c.Platform, Lot: lot, Day: c.Received.In(charge.Shanghai).Format(time.DateOnly)}
	}
	l := historyLoad{
		Charge: c, Stay: stay, Deliveries: []charge.Delivery{d},
		Ledger: []charge.LedgerEntry{entry(charge.EntryGrant, at), entry(charge.EntryUsage, left)},
	}
	l.become(i, at, h.Until)
	if at.After(h.Until.Add(-h.Pushes)) {
		l.Pushes = []charge.Push{{ID: ids.Next(), Platform: c.Platform, Account: c.Account, Received: at, Remote: "192.0.2.7",
			Request: bytes.Repeat([]byte("x"), 1000), Outcome: charge.OutcomeAccepted, Charge: c.ID,
			Reply: bytes.Repeat([]byte("x"), 250)}}
	}
	return store.Load(l)
}

// historyPlate is the plate of a charge of the history: of a million cars, each comes back. The factor has them come
// in no order that a search could profit or suffer from.
func historyPlate(i int) charge.Plate { return plate(i * 420_489 % 1_000_000) }

// historyLoad is a charge that was delivered and used, until it becomes something else.
type historyLoad store.Load

// stillIn is how long cars stay: of later charges the end is not known yet.
const stillIn = 2 * time.Hour

// become makes some charges end otherwise, so that the work lists hold what those of a site do: a few in a thousand
// did not get through, and of the last two hours one car in two is still in, and the other's entry is not reported yet.
func (l *historyLoad) become(i int, at, until time.Time) {
	c := l.Charge
	switch recent := at.After(until.Add(-stillIn)); {
	case recent && i%2 == 0:
		c.State, c.Usage = charge.StateDelivered, nil
		l.Stay.Open, l.Stay.Left = true, time.Time{}
		l.Ledger = l.Ledger[:1]
	case recent:
		l.lose(charge.StateHeld, charge.ReasonWaitingForStay)
		c.HoldUntil = until.AddDate(1, 0, 0) // data are used again for long
	case i%200 == 1:
		l.lose(charge.StateExpired, charge.ReasonNoStay)
	case i%200 == 3:
		l.lose(charge.StateNoGrant, charge.ReasonLeftBeforeArrival)
	case i%500 == 5:
		l.fail(charge.StateGaveUp, charge.ReasonNoAnswer, charge.DeliveryGaveUp, charge.AttemptTimeout)
	case i%500 == 7:
		l.fail(charge.StateRefused, charge.ReasonLotRefused, charge.DeliveryRefused, charge.AttemptRefused)
	case i%2000 == 9:
		l.fail(charge.StateUnknown, charge.ReasonNoAnswer, charge.DeliveryUnknown, charge.AttemptTimeout)
	}
}

// lose makes a charge that nothing was sent for.
func (l *historyLoad) lose(state charge.State, reason charge.Reason) {
	c := l.Charge
	c.State, c.Reason, c.Reduction, c.Usage, c.StayID = state, reason, nil, nil, 0
	c.Decision.State, c.Decision.Reason, c.Decision.StayID, c.Decision.StayOrder = state, reason, 0, ""
	l.Stay, l.Deliveries, l.Ledger = nil, nil, nil
}

// fail makes a charge whose delivery did not come to its end. What may have been applied is granted all the same.
func (l *historyLoad) fail(state charge.State, reason charge.Reason, delivery charge.DeliveryState,
	result charge.AttemptResult) {
	l.Charge.State, l.Charge.Reason, l.Charge.Usage = state, reason, nil
	d := &l.Deliveries[0]
	d.State, d.First.Result, d.First.Detail = delivery, result, charge.Note{}
	if l.Ledger = l.Ledger[:1]; !state.Granting() {
		back := l.Ledger[0]
		back.ID, back.At, back.Minutes = back.ID+1, back.At.Add(time.Minute), -back.Minutes // the next id was the usage's
		l.Ledger = append(l.Ledger, back)
	}
}

// verify reads a store whose server is not running and reports what does not add up.
func verify(ctx context.Context, cfg store.Config) (err error) {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	report, err := s.Verify(ctx)
	for _, c := range report.Checks {
		if !c.OK {
			err = errors.Join(err, fmt.Errorf("verify %s: %s", c.Name, c.Detail))
		}
	}
	return err
}
