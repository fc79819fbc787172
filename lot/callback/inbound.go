package callback

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
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
	Reported  []Reported // the platforms whose lots send 3.11
}

// Reported is a platform as lots name it in 3.11.
type Reported struct {
	Number string // platform_id: a numbering of its own, not that of plat_form_id in 5.14
	ID     string
	Title  string
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

// handle looks at the seal before it looks at anything else, and hands the message to one of the three, which
// answers with the order it was about.
func (a *API) handle(then func(ctx context.Context, m message) (order string, answer lot.Answer,
	err error)) http.HandlerFunc {
	return lot.Handle(func(ctx context.Context, body []byte) any {
		m, err := a.open(ctx, body)
		if err != nil {
			return a.refuse(ctx, m, err)
		}
		order, answer, err := then(ctx, m)
		if refused := m.Err(); refused != nil {
			return a.refuse(ctx, m, refused)
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

func (a *API) refuse(ctx context.Context, m message, err error) lot.Reply {
	lot.Refused(ctx, m.lot, err)
	return lot.Reply{ErrMsg: err.Error()}
}

// open checks the seal by the vendor's ukey, and then whether the lot is one that speaks this way.
func (a *API) open(ctx context.Context, body []byte) (message, error) {
	m := message{now: a.cfg.Now()}
	var err error
	if m.Signed, err = lot.ReadSigned(body); err != nil {
		return m, err
	}
	m.lot = charge.LotID{Union: m.Text("union_id"), Park: m.Text("park_id")}
	vendor, known := a.cfg.Directory.Vendor(m.lot.Union)
	if !known || !m.By(lot.KeysAt(vendor.Ukey, vendor.OldUkey, m.now)...) {
		lot.WrongKey(ctx, charge.LotID{Union: m.lot.Union}) // the key is the vendor's
		return m, errors.New(lot.RefusedSign)
	}
	l, _, known := a.cfg.Directory.Lot(m.lot)
	switch {
	case !known:
		return m, errors.New(lot.RefusedLot)
	case !slices.Contains(lot.KindOf(l.Kind).Messages, charge.Message514):
		return m, errors.New("该车场不是自有云(API)车场")
	}
	return m, nil
}

// entered is 3.1.
func (a *API) entered(ctx context.Context, m message) (string, lot.Answer, error) {
	m.Without("out_time", "start_charge_seq")
	e := m.Entry(m.lot, m.now)
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Entered(ctx, e)
	return e.OrderID, answer, err
}

// left is 3.2.
func (a *API) left(ctx context.Context, m message) (string, lot.Answer, error) {
	m.Without("start_charge_seq")
	e := m.Exit(m.lot, m.now)
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Left(ctx, e)
	return e.OrderID, answer, err
}

// used is 3.11.
func (a *API) used(ctx context.Context, m message) (string, lot.Answer, error) {
	m.Without("in_time")
	u := m.Usage(m.lot, m.now)
	var known []string
	for _, r := range a.cfg.Reported {
		if r.Number == m.Text("platform_id") {
			u.Platform = r.ID
		}
		known = append(known, r.Number+r.Title)
	}
	if u.Platform == "" {
		m.Refuse("platform_id 无效: %s", strings.Join(known, ", "))
	}
	if m.Err() != nil {
		return "", lot.Answer{}, nil
	}
	answer, err := a.cfg.Events.Used(ctx, u)
	return "", answer, err
}
