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
type API struct{ cfg Config }

// New makes the interface.
func New(c Config) *API { return &API{cfg: c} }

// Routes are its exact paths.
func (a *API) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/gate/v1/entry": a.handle(a.entry),
		"/gate/v1/quote": a.handle(a.quote),
		"/gate/v1/paid":  a.handle(a.paid),
		"/gate/v1/exit":  a.handle(a.exit),
	}
}

// message is a signed message of a lot's gate.
type message struct {
	*lot.Signed
	lot charge.LotID
	now time.Time
}

// handle looks at the seal before it looks at anything else, and hands the message to one of the four.
func (a *API) handle(then func(ctx context.Context, m message) (any, error)) http.HandlerFunc {
	return lot.Handle(func(ctx context.Context, body []byte) any {
		m, err := a.open(ctx, body)
		if err != nil {
			lot.Refused(ctx, m.lot, err)
			return lot.Reply{ErrMsg: err.Error()}
		}
		answer, err := then(ctx, m)
		if refused := m.Err(); refused != nil {
			lot.Refused(ctx, m.lot, refused)
			return lot.Reply{ErrMsg: refused.Error()}
		}
		if err != nil {
			a.cfg.Logger.Error("gate message not stored", "lot", m.lot, "error", err)
			return lot.Reply{ErrMsg: lot.RefusedBusy}
		}
		return answer
	})
}

func (a *API) open(ctx context.Context, body []byte) (message, error) {
	m := message{now: a.cfg.Now()}
	var err error
	if m.Signed, err = lot.ReadSigned(body); err != nil {
		return m, err
	}
	m.lot = charge.LotID{Union: m.Text("union_id"), Park: m.Text("park_id")}
	l, _, known := a.cfg.Directory.Lot(m.lot)
	if !known || !m.By(lot.KeysAt(l.Ckey, l.OldCkey, m.now)...) {
		lot.WrongKey(ctx, m.lot)
		return m, errors.New(lot.RefusedSign)
	}
	if !lot.KindOf(l.Kind).KeepsStays {
		return m, errors.New("该车场不是4G车场")
	}
	return m, nil
}

func (a *API) entry(ctx context.Context, m message) (any, error) {
	m.Without("out_time", "trade_no", "query_time")
	e := m.Entry(m.lot, m.now)
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Gate.Enter(ctx, e)
	return lot.Reply{State: answer.State, OrderID: e.OrderID, ErrMsg: answer.ErrMsg}, err
}

func (a *API) quote(ctx context.Context, m message) (any, error) {
	m.Without("in_time", "out_time", "trade_no")
	q := QuoteQuestion{Lot: m.lot, At: m.When("query_time", m.now)}
	if q.At.IsZero() {
		q.At = m.now
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

func (a *API) paid(ctx context.Context, m message) (any, error) {
	m.Without("in_time", "out_time", "query_time")
	p := Payment{Lot: m.lot, OrderID: m.ID("order_id"), TradeNo: m.ID("trade_no"), At: m.MustWhen("pay_time", m.now)}
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

func (a *API) exit(ctx context.Context, m message) (any, error) {
	m.Without("trade_no", "query_time")
	e := lot.Exit{Lot: m.lot, OrderID: m.ID("order_id"), Left: m.MustWhen("out_time", m.now)}
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
