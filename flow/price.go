package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

// ErrNoPrice says that a lot reported no price: it is off line, was silent or said no.
var ErrNoPrice = errors.New("the lot named no price")

// Price asks a lot what a stay costs now (3.1, 5.1, or our own quote), by the lot's order number or the plate of
// an open stay.
func (f *Flow) Price(ctx context.Context, id charge.LotID, orderID string, plate charge.Plate) (lot.Price, error) {
	l, stay, err := f.priced(ctx, id, orderID, plate)
	if err != nil {
		return lot.Price{}, err
	}
	if lot.KindOf(l.Kind).KeepsStays {
		return f.ownPrice(ctx, stay)
	}
	pricer, ok := f.cfg.Prices[l.Kind]
	if !ok {
		return lot.Price{}, fmt.Errorf("%w: lots of kind %s cannot be asked", ErrNoPrice, l.Kind)
	}
	p, err := pricer.QueryPrice(ctx, *stay)
	if err != nil {
		return lot.Price{}, fmt.Errorf("%w: %w", ErrNoPrice, err)
	}
	return p, nil
}

// TryPrice asks a lot what a stay would cost now with a reduction that is not given. Few lots can say that.
func (f *Flow) TryPrice(ctx context.Context, id charge.LotID, orderID string, plate charge.Plate,
	r charge.Reduction) (lot.Price, error) {
	l, stay, err := f.priced(ctx, id, orderID, plate)
	if err != nil {
		return lot.Price{}, err
	}
	trier, ok := f.cfg.Prices[l.Kind].(lot.Trier)
	if !ok {
		return lot.Price{}, fmt.Errorf("%w: lots of kind %s cannot try a reduction", ErrNoPrice, l.Kind)
	}
	p, err := trier.TryPrice(ctx, *stay, r)
	if err != nil {
		return lot.Price{}, fmt.Errorf("%w: %w", ErrNoPrice, err)
	}
	return p, nil
}

// priced finds the lot and the stay that a price is asked of.
func (f *Flow) priced(ctx context.Context, id charge.LotID, orderID string, plate charge.Plate) (l charge.Lot,
	stay *charge.Stay, err error) {
	l, _, ok := f.cfg.Estate().Lot(id)
	if !ok {
		return l, nil, ErrNotFound
	}
	err = f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		if orderID != "" {
			stay, err = tx.StayByOrder(id, orderID)
			return err
		}
		stay, err = openStay(tx, charge.VisitKey{Lot: id, Plate: plate}, f)
		return err
	})
	if err != nil {
		return l, nil, err
	}
	if stay == nil && l.Stays == charge.StaysNone && orderID == "" {
		stay = &charge.Stay{Lot: id, Plate: plate, Open: true} // the lot knows its cars by their plates
	}
	if stay == nil {
		return l, nil, fmt.Errorf("lot %s has reported no such open stay: %w", id, ErrNotFound)
	}
	return l, stay, nil
}

// ownPrice is the quote of a 4G lot, where the gateway itself prices.
func (f *Flow) ownPrice(ctx context.Context, s *charge.Stay) (lot.Price, error) {
	q, err := f.Quote(ctx, ledger.QuoteQuestion{Lot: s.Lot, OrderID: s.OrderID, At: f.cfg.Now()})
	if err != nil {
		return lot.Price{}, err
	}
	if q.State == 0 {
		return lot.Price{}, fmt.Errorf("%w: %s", ErrNoPrice, q.ErrMsg)
	}
	return lot.Price{OrderID: q.OrderID, Total: q.Total, Price: q.Price, DerateMoney: q.DerateMoney,
		DerateDuration: q.DerateDuration, Duration: q.Duration, QueryTime: q.QueryTime}, nil
}
