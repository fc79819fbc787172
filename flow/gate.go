package flow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

var _ ledger.Gate = (*Flow)(nil)

// Enter opens a stay in a 4G lot.
func (f *Flow) Enter(ctx context.Context, e lot.Entry) (lot.Answer, error) { return f.Entered(ctx, e) }

// Quote prices a stay at a moment, or returns the final answer of one that is over. It moves nothing.
func (f *Flow) Quote(ctx context.Context, q ledger.QuoteQuestion) (ledger.Quote, error) {
	lotsTime := q.At
	q.At, _ = received(q.At, f.cfg.Now()) // nothing is priced by a time that has not come
	var out ledger.Quote
	err := f.cfg.Storage.Read(ctx, func(tx Tx) error {
		s, err := f.asked(tx, q, lotsTime)
		if err != nil {
			return err
		}
		if s == nil {
			out = ledger.Quote{Answer: noStay(q.OrderID)}
			return nil
		}
		st, err := settlementOf(s)
		if err != nil {
			return err
		}
		switch {
		case st.Final != nil:
			out = *st.Final
		case !s.Open:
			out = noQuote("停车订单已结束", charge.Say("lot.stay_over"))
		case q.At.Before(s.Entered):
			out = noQuote("query_time早于入场",
				charge.Say("lot.before_entry", charge.Text("field", "query_time"), charge.When("time", q.At),
					charge.When("entry", s.Entered)))
		default:
			out, _, err = f.price(tx, s, q.At)
		}
		return err
	})
	return out, err
}

// asked finds the stay that a question means, whose moment by the lot's own clock is at; nil where there is none.
func (f *Flow) asked(tx Tx, q ledger.QuoteQuestion, at time.Time) (*charge.Stay, error) {
	if q.OrderID != "" {
		known, err := tx.StaysByOrder(q.Lot, q.OrderID)
		return orderStays(known).meant(q.At, at, q.Names.With(q.Plate)), err
	}
	for _, p := range q.Names.With(q.Plate) {
		if s, err := openStay(tx, charge.VisitKey{Lot: q.Lot, Plate: p}, f); s != nil || err != nil {
			return s, err
		}
	}
	return nil, nil
}

func noQuote(errmsg string, why charge.Note) ledger.Quote {
	return ledger.Quote{Answer: refuseLot(errmsg, why)}
}

// price settles a stay for a moment with everything that was granted in it.
func (f *Flow) price(tx Tx, s *charge.Stay, at time.Time) (ledger.Quote, ledger.Settlement, error) {
	l, _, known := f.cfg.Estate().Lot(s.Lot)
	if !known || l.Tariff == nil {
		return noQuote("车场没有计费规则", charge.Say("lot.no_tariff")), ledger.Settlement{}, nil
	}
	charges, err := tx.ChargesOfStay(s.ID)
	if err != nil {
		return ledger.Quote{}, ledger.Settlement{}, err
	}
	r := ledger.Settle(l.Tariff, s, payable(charges), at)
	return ledger.Quote{Answer: taken1, OrderID: s.OrderID, Total: r.Total, Price: r.Price, DerateMoney: r.DerateMoney,
		DerateDuration: r.DerateDuration, Duration: r.Duration, QueryTime: at}, r, nil
}

// payable lists what a stay's charges were granted and may take off its price, oldest grant first.
func payable(charges []*charge.Charge) []charge.Granted {
	var grants []charge.Granted
	var granted []*charge.Charge
	var last time.Time // the end of the stay's last charge: grants that ask to leave in time run from it
	for _, c := range charges {
		if c.State == charge.StateDelivered && c.Reduction != nil && c.Decision != nil {
			granted = append(granted, c)
			if c.At().After(last) {
				last = c.At()
			}
		}
	}
	for _, c := range granted {
		g := charge.Granted{Charge: c.ID, Reduction: *c.Reduction, Combine: c.Decision.Rule.Combine, At: c.Decision.At,
			LeaveBy: c.Decision.Rule.LeaveBy(last)}
		if c.Decision.Rule.Takes == charge.TakesCharge {
			g.ChargeFrom = c.StartedAt
		}
		grants = append(grants, g)
	}
	slices.SortStableFunc(grants, func(a, b charge.Granted) int { return a.At.Compare(b.At) })
	return grants
}

// Paid takes a payment down. The same trade number counts once.
func (f *Flow) Paid(ctx context.Context, p ledger.Payment) (lot.Answer, error) {
	answer := taken1
	p.At, _ = received(p.At, f.cfg.Now())
	paid := func(known orderStays) *charge.Stay { return known.around(p.At) }
	err := f.onStay(ctx, orderKey(p.Lot, p.OrderID), p.OrderID, paid, func(tx Tx, _ *after, s *charge.Stay) error {
		answer = taken1
		if s == nil {
			answer = noStay(p.OrderID)
			return nil
		}
		st, err := settlementOf(s)
		if err != nil {
			return err
		}
		switch {
		case slices.Contains(st.Trades, p.TradeNo):
			if sum, known := st.Sums[p.TradeNo]; known && sum != p.Amount {
				answer = refuseLot("trade_no先前的金额不同，以先前为准", charge.Say("lot.other_amount"))
			}
			return nil
		case !s.Open:
			answer = refuseLot("停车订单已结束", charge.Say("lot.stay_over"))
			return nil
		case p.At.Before(s.Entered):
			answer = refuseLot("pay_time早于入场",
				charge.Say("lot.before_entry", charge.Text("field", "pay_time"), charge.When("time", p.At),
					charge.When("entry", s.Entered)))
			return nil
		}
		st.Trades = append(st.Trades, p.TradeNo)
		if st.Sums == nil {
			st.Sums = map[string]charge.Fen{}
		}
		st.Sums[p.TradeNo] = p.Amount
		s.Paid += p.Amount
		if p.At.After(s.PaidAt) {
			s.PaidAt = p.At
		}
		if err := st.keep(s); err != nil {
			return err
		}
		return tx.SetStay(s)
	})
	return answer, err
}

// onStay runs fn in a transaction that holds the visit of the stay that which picks among those of an order number; s
// is nil where there is none.
func (f *Flow) onStay(ctx context.Context, key charge.VisitKey, orderID string, which func(orderStays) *charge.Stay,
	fn func(Tx, *after, *charge.Stay) error) error {
	return f.write(ctx, []charge.VisitKey{key}, func(tx Tx, then *after) error {
		known, err := tx.StaysByOrder(key.Lot, orderID)
		if err != nil {
			return err
		}
		s := which(known)
		if s != nil {
			if err := then.hold(f.neighbours(charge.VisitKey{Lot: s.Lot, Plate: s.Plate})...); err != nil {
				return err
			}
		}
		return fn(tx, then, s)
	})
}

// Exit settles and closes a 4G stay for good: every charge's usage is what it really took off. Repeated it
// returns the first answer; an exit without a stay is refused and changes nothing.
func (f *Flow) Exit(ctx context.Context, e lot.Exit) (ledger.Quote, error) {
	now := f.cfg.Now()
	if a, ok := checkTimes(e.Entered, e.Left, now); !ok {
		return ledger.Quote{Answer: a}, nil
	}
	var told time.Time
	var out ledger.Quote
	reported := e
	e.Left, told = received(e.Left, now)
	exited := func(known orderStays) *charge.Stay { return known.exited(reported, e.Left) }
	err := f.onStay(ctx, orderKey(e.Lot, e.OrderID), e.OrderID, exited, func(tx Tx, then *after, s *charge.Stay) error {
		if s == nil {
			out = ledger.Quote{Answer: noStay(e.OrderID)}
			return nil
		}
		st, err := settlementOf(s)
		if err != nil {
			return err
		}
		switch {
		case st.Final != nil:
			out = *st.Final
			return nil
		case e.Left.Before(s.Entered):
			out = noQuote("out_time早于入场", charge.Say("lot.before_entry", charge.Text("field", "out_time"),
				charge.When("time", e.Left), charge.When("entry", s.Entered)))
			return f.refusedExit(tx, s, out.Answer, now)
		case e.Plate != "" && !s.Is(e.Plate) && !e.Names.Has(s.Plate) && !e.Plate.Unplated() && !s.Plate.Unplated():
			out = noQuote("car_number与停车订单不符", charge.Say("lot.other_plate", charge.Masked("plate", e.Plate)))
			return f.refusedExit(tx, s, out.Answer, now)
		}
		var settled ledger.Settlement
		if out, settled, err = f.price(tx, s, e.Left); err != nil || out.State == 0 {
			return err
		}
		st.Final, st.Took = &out, e.Total
		if err := st.keep(s); err != nil {
			return err
		}
		s.Open, s.Left, s.ToldLeft, s.Closed = false, e.Left, told, charge.ClosedByExit
		if err := tx.SetStay(s); err != nil {
			return err
		}
		return f.settle4G(tx, then, s, settled, e, now)
	})
	return out, err
}

// settle4G posts what each charge really took off. What the gate took beside our price is a gap, noted on
// the first of them.
func (f *Flow) settle4G(tx Tx, then *after, s *charge.Stay, settled ledger.Settlement, e lot.Exit,
	now time.Time) error {
	gap := charge.Fen(0)
	if e.HasTotal {
		gap = e.Total - settled.Price
	}
	charges := make([]*charge.Charge, len(settled.Used))
	for i, u := range settled.Used {
		c, err := tx.Charge(u.Charge)
		if err != nil {
			return err
		}
		if c == nil {
			return fmt.Errorf("charge %d of stay %d is gone", u.Charge, s.ID)
		}
		charges[i] = c
	}
	if err := then.holdCharges(charges); err != nil {
		return err
	}
	for i, u := range settled.Used {
		c := charges[i]
		used := charge.Usage{Minutes: u.Minutes, Amount: u.Amount, At: e.Left, Source: charge.UsageLedger, Gap: gap,
			Worth: u.Worth}
		reason := charge.ReasonOK
		if u.Late {
			reason = charge.ReasonLeftLate
		}
		if err := f.use(tx, then, c, used, reason, now); err != nil {
			return err
		}
		if gap != 0 {
			if err := tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "exit", Result: "gap",
				Detail: charge.Say("exit.gap", charge.Money("took", e.Total), charge.Money("price", settled.Price))}); err != nil {
				return err
			}
		}
		gap = 0
	}
	return nil
}
