package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// GateConfig describes the gate of a played 4G lot. The gateway keeps the orders and the prices; the gate
// only reports and asks.
type GateConfig struct {
	Lot      charge.LotID
	Ckey     string
	Server   string // base address of the gateway's public listener
	BookAddr string // default "127.0.0.1:0"
	Log      *slog.Logger
	Now      func() time.Time
}

// GateLot plays the gate or camera box of a 4G lot over /gate/v1. Its book has one row a stay: what the
// exit's answer took off.
type GateLot struct {
	cfg  GateConfig
	desk *desk // for the cars inside and the book; prices come from the gateway
	book stall
}

// NewGateLot makes a lot; Start opens its book.
func NewGateLot(cfg GateConfig) *GateLot {
	if cfg.BookAddr == "" {
		cfg.BookAddr = "127.0.0.1:0"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &GateLot{cfg: cfg, desk: newDesk(charge.Tariff{}, cfg.Now())}
}

// Start opens the book's listener.
func (l *GateLot) Start() error { return l.book.open(l.cfg.BookAddr, l.desk.book) }

// Stop closes it.
func (l *GateLot) Stop() error { return l.book.close() }

// BookURL is the base address of the book.
func (l *GateLot) BookURL() string { return l.book.url }

// Book is the lot's own book.
func (l *GateLot) Book() *Book { return l.desk.book }

// Quote is what the gateway says of a stay, at quote, paid and exit.
type Quote struct {
	State          int         `json:"state"`
	ErrMsg         string      `json:"errmsg"`
	OrderID        string      `json:"order_id"`
	Total          charge.Fen  `json:"total"`        // without the reduction
	Price          charge.Fen  `json:"price"`        // due now
	DerateMoney    charge.Fen  `json:"derate_money"` // what the reduction is worth now
	DerateDuration int64       `json:"derate_duration"`
	Duration       int64       `json:"duration"`
	QueryTime      json.Number `json:"query_time"`
}

// Enter reports to the gateway a car coming in.
func (l *GateLot) Enter(ctx context.Context, plate charge.Plate, at time.Time) (Visit, error) {
	v := l.desk.enter(plate, at)
	return v, l.TellEntry(ctx, v)
}

// Admit lets a car in without telling, as after an outage.
func (l *GateLot) Admit(plate charge.Plate, at time.Time) Visit { return l.desk.enter(plate, at) }

// TellEntry sends a stay's entry (again): entries may come late.
func (l *GateLot) TellEntry(ctx context.Context, v Visit) error {
	_, err := l.ask(ctx, "entry", record{
		{"order_id", v.OrderID}, {"car_number", v.Plate.Full()}, {"in_time", whole(v.In.Unix())}, {"in_channel_id", "A1"},
	})
	return err
}

// Quote asks what a car would pay at a moment. It moves nothing.
func (l *GateLot) Quote(ctx context.Context, plate charge.Plate, at time.Time) (Quote, error) {
	return l.ask(ctx, "quote", record{{"car_number", plate.Full()}, {"query_time", whole(at.Unix())}})
}

// Pay reports that a stay was paid before the exit.
func (l *GateLot) Pay(ctx context.Context, v Visit, amount charge.Fen, at time.Time) (Quote, error) {
	return l.ask(ctx, "paid", record{
		{"order_id", v.OrderID}, {"amount", amount.String()}, {"trade_no", "pay-" + v.OrderID},
		{"pay_time", whole(at.Unix())},
	})
}

// Exit asks for the final price, takes it, and books what was taken off.
func (l *GateLot) Exit(ctx context.Context, plate charge.Plate, at time.Time) (Bill, error) {
	v, err := l.desk.inside("", plate)
	if err != nil {
		return Bill{}, fmt.Errorf("%s: %w", plate, err)
	}
	q, err := l.Quote(ctx, plate, at)
	if err != nil {
		return Bill{}, err
	}
	q, err = l.Leave(ctx, v, at, q.Price)
	if err != nil {
		return Bill{}, err
	}
	v.Out = at
	return Bill{Visit: v, Gross: q.Total, Derate: q.DerateMoney, Minutes: q.DerateDuration}, nil
}

// Leave reports an exit and what the gate took. Repeated, it must get the first answer.
func (l *GateLot) Leave(ctx context.Context, v Visit, at time.Time, took charge.Fen) (Quote, error) {
	q, err := l.ask(ctx, "exit", record{
		{"order_id", v.OrderID}, {"car_number", v.Plate.Full()}, {"out_time", whole(at.Unix())}, {"total", took.String()},
	})
	if err != nil {
		return q, err
	}
	if _, err := l.desk.leave(v.Plate, at); err != nil && !errors.Is(err, ErrNotInside) {
		return q, err
	}
	l.desk.book.edit(v.OrderID, func(row *Applied, fresh bool) {
		row.Heard++
		if !fresh {
			return
		}
		row.OrderID, row.Plate, row.Message = v.OrderID, v.Plate.Full(), charge.MessageLedger
		row.At, row.Acked, row.Left = l.cfg.Now(), l.cfg.Now(), at
		row.UsedMinutes, row.UsedAmount = q.DerateDuration, q.DerateMoney
		if q.DerateMoney > 0 || q.DerateDuration > 0 {
			row.Applied = 1
		}
	})
	return q, nil
}

// ask sends one signed question; a state other than 1 is ErrRefused.
func (l *GateLot) ask(ctx context.Context, what string, data record) (Quote, error) {
	data = append(record{{"union_id", l.cfg.Lot.Union}, {"park_id", l.cfg.Lot.Park}}, data...)
	var q Quote
	if err := post(ctx, l.cfg.Server+"/gate/v1/"+what, sealS1(data, l.cfg.Ckey), &q); err != nil {
		return q, err
	}
	if q.State != 1 {
		return q, fmt.Errorf("/gate/v1/%s: %w: %s", what, ErrRefused, q.ErrMsg)
	}
	l.cfg.Log.Info("gate "+what, "lot", l.cfg.Lot, "order", q.OrderID, "price", q.Price, "off", q.DerateMoney)
	return q, nil
}
