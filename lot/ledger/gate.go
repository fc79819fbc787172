package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Gate is what is done with what the gates of 4G lots tell and ask. An error means that nothing was stored
// and the gate should try again; a refusal is an Answer with State 0.
type Gate interface {
	// Enter opens a stay.
	Enter(ctx context.Context, e lot.Entry) (lot.Answer, error)
	// Quote says what a stay would cost at a moment. It moves nothing.
	Quote(ctx context.Context, q QuoteQuestion) (Quote, error)
	// Paid takes a payment down. The same trade number counts once.
	Paid(ctx context.Context, p Payment) (lot.Answer, error)
	// Exit settles and closes a stay for good; repeated it returns the first answer.
	Exit(ctx context.Context, e lot.Exit) (Quote, error)
}

// QuoteQuestion asks for the price of a stay, named by its order or else by its plate.
type QuoteQuestion struct {
	Lot     charge.LotID
	OrderID string       // empty: the open stay of Plate
	Plate   charge.Plate // empty: by OrderID
	Names   charge.Names // its other plates
	At      time.Time
}

// Payment is money taken for a stay before its exit.
type Payment struct {
	Lot     charge.LotID
	OrderID string
	Amount  charge.Fen
	TradeNo string
	At      time.Time
}

// Quote answers a question for a price, and an exit. It is kept with a closed stay as JSON.
type Quote struct {
	lot.Answer
	OrderID        string
	Total          charge.Fen
	Price          charge.Fen
	DerateMoney    charge.Fen
	DerateDuration int64
	Duration       int64
	QueryTime      time.Time
}

// Config is what the gate's interface needs.
type Config struct {
	Directory lot.Directory
	Gate      Gate
	Now       func() time.Time
	Logger    *slog.Logger
}

// API is the HTTP interface for the gates of 4G lots.
type API struct {
	cfg  Config
	door lot.Door
}

// New makes the interface.
func New(c Config) *API {
	a := &API{cfg: c}
	a.door = lot.Door{Admit: a.admit, Now: c.Now, Logger: c.Logger}
	return a
}

// Routes are its exact paths.
func (a *API) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/gate/v1/entry": a.door.Handle(a.entry),
		"/gate/v1/quote": a.door.Handle(a.quote),
		"/gate/v1/paid":  a.door.Handle(a.paid),
		"/gate/v1/exit":  a.door.Handle(a.exit),
	}
}

// admit checks the seal by the lot's ckey, and then whether the lot is one that we price.
func (a *API) admit(ctx context.Context, m lot.Message) error {
	l, _, known := a.cfg.Directory.Lot(m.Lot)
	if !known || !m.By(lot.KeysAt(l.Ckey, l.OldCkey, m.Now)...) {
		lot.WrongKey(ctx, m.Lot)
		return errors.New(lot.RefusedSign)
	}
	if !lot.KindOf(l.Kind).KeepsStays {
		return errors.New("该车场不是4G车场")
	}
	return nil
}

func (a *API) entry(ctx context.Context, m lot.Message) (any, error) {
	m.Without("out_time", "trade_no", "query_time")
	e := m.Entry(m.Lot, m.Now)
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Gate.Enter(ctx, e)
	return lot.Reply{State: answer.State, OrderID: e.OrderID, ErrMsg: answer.ErrMsg}, err
}

func (a *API) quote(ctx context.Context, m lot.Message) (any, error) {
	m.Without("in_time", "out_time", "trade_no")
	q := QuoteQuestion{Lot: m.Lot, At: m.When("query_time", m.Now)}
	if q.At.IsZero() {
		q.At = m.Now
	}
	if m.Text("order_id") != "" {
		q.OrderID = m.ID("order_id")
	}
	switch {
	case q.OrderID == "":
		q.Plate, q.Names = m.Plate(), m.Names()
	case m.Text("car_number") != "":
		q.Plate = m.Car(q.OrderID)
	}
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Gate.Quote(ctx, q)
	return answer, err
}

func (a *API) paid(ctx context.Context, m lot.Message) (any, error) {
	m.Without("in_time", "out_time", "query_time")
	p := Payment{Lot: m.Lot, OrderID: m.ID("order_id"), TradeNo: m.ID("trade_no"), At: m.MustWhen("pay_time", m.Now)}
	var told bool
	if p.Amount, told = m.Yuan("amount"); !told {
		m.Refuse("amount 缺失")
	}
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Gate.Paid(ctx, p)
	return lot.Reply{State: answer.State, OrderID: p.OrderID, ErrMsg: answer.ErrMsg}, err
}

func (a *API) exit(ctx context.Context, m lot.Message) (any, error) {
	m.Without("trade_no", "query_time")
	e := lot.Exit{Lot: m.Lot, OrderID: m.ID("order_id"), Left: m.MustWhen("out_time", m.Now)}
	e.Plate, e.Names = m.CarOut(e.OrderID), m.Names()
	e.Total, e.HasTotal = m.Yuan("total")
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Gate.Exit(ctx, e)
	return answer, err
}

// MarshalJSON writes a quote as the gate hears it: money in yuan as strings, minutes as numbers, the time in
// Unix seconds; a refusal is state and errmsg alone.
func (q Quote) MarshalJSON() ([]byte, error) {
	if q.State != 1 {
		return json.Marshal(lot.Reply{State: q.State, OrderID: q.OrderID, ErrMsg: q.ErrMsg})
	}
	return json.Marshal(wireQuote{
		State: q.State, OrderID: q.OrderID, Total: q.Total, Price: q.Price, DerateMoney: q.DerateMoney,
		DerateDuration: q.DerateDuration, Duration: q.Duration,
		QueryTime: json.Number(strconv.FormatInt(q.QueryTime.Unix(), 10)),
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (q *Quote) UnmarshalJSON(b []byte) error {
	var w wireQuote
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*q = Quote{Answer: lot.Answer{State: w.State, ErrMsg: w.ErrMsg}, OrderID: w.OrderID, Total: w.Total, Price: w.Price,
		DerateMoney: w.DerateMoney, DerateDuration: w.DerateDuration, Duration: w.Duration}
	if n, err := w.QueryTime.Int64(); err == nil {
		q.QueryTime = time.Unix(n, 0).UTC()
	}
	return nil
}

type wireQuote struct {
	State          int         `json:"state"`
	OrderID        string      `json:"order_id"`
	ErrMsg         string      `json:"errmsg,omitempty"`
	Total          charge.Fen  `json:"total"`
	Price          charge.Fen  `json:"price"`
	DerateMoney    charge.Fen  `json:"derate_money"`
	DerateDuration int64       `json:"derate_duration"`
	Duration       int64       `json:"duration"`
	QueryTime      json.Number `json:"query_time,omitempty"`
}
