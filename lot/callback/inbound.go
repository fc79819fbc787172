package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Config is what the interface needs.
type Config struct {
	Directory lot.Directory
	Events    lot.Events
	Now       func() time.Time
	Logger    *slog.Logger
}

// API is the HTTP interface that API lots tell their entries, exits and usage by.
type API struct{ cfg Config }

// New makes the interface.
func New(c Config) *API { return &API{cfg: c} }

// Routes are its exact paths.
func (a *API) Routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/unionapi/neworder/addorder":         a.handle(a.entered),
		"/unionapi/neworder/updateorder":      a.handle(a.left),
		"/zld/openservice/uploaddurationinfo": a.handle(a.used),
	}
}

// message is a signed message of an API lot.
type message struct {
	*lot.Signed
	lot charge.LotID
	now time.Time
}

// uploaded is what the book's example says to an entry that was taken: https://www.kancloud.cn/bolink/newapi/524045
const uploaded = "上传成功"

// handle looks at the seal before it looks at anything else, and gives the message to one of the three, which
// answers with the order it was about.
func (a *API) handle(then func(ctx context.Context, m message) (order string, answer lot.Answer, err error)) http.HandlerFunc {
	return lot.Handle(func(ctx context.Context, body []byte) any {
		m, err := a.open(body)
		if err != nil {
			return a.refuse(m, err)
		}
		order, answer, err := then(ctx, m)
		if refused := m.Err(); refused != nil {
			return a.refuse(m, refused)
		}
		if err != nil {
			a.cfg.Logger.Error("message of an api lot not stored", "lot", m.lot, "error", err)
			return lot.Reply{ErrMsg: lot.RefusedBusy}
		}
		if answer.State == 1 && answer.ErrMsg == "" && order != "" {
			answer.ErrMsg = uploaded
		}
		return lot.Reply{State: answer.State, OrderID: order, ErrMsg: answer.ErrMsg}
	})
}

func (a *API) refuse(m message, err error) lot.Reply {
	a.cfg.Logger.Info("message of an api lot refused", "lot", m.lot, "reason", err)
	return lot.Reply{ErrMsg: err.Error()}
}

// open checks the seal by the vendor's ukey, and then whether the lot is one that speaks this way.
func (a *API) open(body []byte) (message, error) {
	m := message{now: a.cfg.Now()}
	var err error
	if m.Signed, err = lot.ReadSigned(body); err != nil {
		return m, err
	}
	m.lot = charge.LotID{Union: m.Text("union_id"), Park: m.Text("park_id")}
	vendor, known := a.cfg.Directory.Vendor(m.lot.Union)
	if !known || !m.By(lot.KeysAt(vendor.Ukey, vendor.OldUkey, m.now)...) {
		return m, errors.New(lot.RefusedSign)
	}
	l, _, known := a.cfg.Directory.Lot(m.lot)
	switch {
	case !known:
		return m, errors.New(lot.RefusedLot)
	case l.Kind != charge.KindAPI:
		return m, errors.New("该车场不是自有云(API)车场")
	}
	return m, nil
}

// entered is 3.1.
func (a *API) entered(ctx context.Context, m message) (string, lot.Answer, error) {
	e := lot.Entry{Lot: m.lot, OrderID: m.ID("order_id"), Plate: m.Plate(), Entered: m.MustWhen("in_time", m.now),
		Channel: m.Text("in_channel_id")}
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Entered(ctx, e)
	return e.OrderID, answer, err
}

// left is 3.2.
func (a *API) left(ctx context.Context, m message) (string, lot.Answer, error) {
	e := lot.Exit{Lot: m.lot, OrderID: m.ID("order_id"), Plate: m.Plate(), Entered: m.When("in_time", m.now),
		Left: m.MustWhen("out_time", m.now), Reduced: m.reduced()}
	e.Total, e.HasTotal = m.Yuan("total")
	if e.Entered.After(e.Left) {
		m.Refuse("in_time 晚于 out_time")
	}
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Left(ctx, e)
	return e.OrderID, answer, err
}

// reduced is what an exit names as taken off; nil where neither member is there.
func (m message) reduced() *lot.Reduced {
	amount, tellsAmount := m.Yuan("reduce_amount")
	minutes, tellsMinutes := m.Minutes("derate_duration")
	switch {
	case tellsMinutes && amount == 0:
		return &lot.Reduced{Minutes: minutes, Told: m.Text("derate_duration")}
	case tellsAmount:
		return &lot.Reduced{Amount: amount, Minutes: minutes, Told: m.Text("reduce_amount")}
	}
	return nil
}

// platforms are the platform_id of 3.11, a numbering of its own: plat_form_id of 5.14 calls 特来电 4 and 奥特迅
// 12. 达克云 lots tell usage too and have no number here, so theirs is taken by 5.14's.
var platforms = map[string]string{"1": "telaidian", "2": "aotexun", "13": "dakeyun"}

// used is 3.11.
func (a *API) used(ctx context.Context, m message) (string, lot.Answer, error) {
	u := lot.Usage{Lot: m.lot, Plate: m.Plate(), Order: m.ID("start_charge_seq"), Left: m.MustWhen("out_time", m.now),
		Platform: platforms[m.Text("platform_id")]}
	if u.Platform == "" {
		m.Refuse("platform_id 无效: 1特来电, 2奥特迅")
	}
	m.readUsed(&u)
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Used(ctx, u)
	return "", answer, err
}

// readUsed reads minutes and yuan: the one that the method asks for must be there, the other counts only where
// the lot decided by itself.
func (m message) readUsed(u *lot.Usage) {
	minutes, tellsMinutes := m.Minutes("duration")
	amount, tellsAmount := m.Yuan("reduce_amount")
	switch m.Text("calculation_method") {
	case "1":
		u.Method, u.Minutes, u.Told = 1, minutes, m.Text("duration")
		if !tellsMinutes {
			m.Refuse("duration 缺失")
		}
	case "2":
		u.Method, u.Amount, u.Told = 2, amount, m.Text("reduce_amount")
		if !tellsAmount {
			m.Refuse("reduce_amount 缺失")
		}
	case "3":
		u.Method, u.Minutes, u.Amount, u.Told = 3, minutes, amount, m.Text("reduce_amount")
		if tellsMinutes {
			u.Told = m.Text("duration")
		}
	default:
		m.Refuse("calculation_method 无效: 1按时长, 2按金额, 3车场自定")
	}
}
