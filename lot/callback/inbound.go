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

// API is the HTTP interface over which API lots report their entries, exits and usage.
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
		"/unionapi/neworder/addorder":         a.door.Handle(a.entered),
		"/unionapi/neworder/updateorder":      a.door.Handle(a.left),
		"/zld/openservice/uploaddurationinfo": a.door.Handle(a.used),
	}
}

// admit checks the seal by the vendor's ukey, and then whether the lot is one that speaks this way.
func (a *API) admit(ctx context.Context, m lot.Message) error {
	vendor, known := a.cfg.Directory.Vendor(m.Lot.Union)
	if !known || !m.By(lot.KeysAt(vendor.Ukey, vendor.OldUkey, m.Now)...) {
		lot.WrongKey(ctx, charge.LotID{Union: m.Lot.Union}) // the key is the vendor's
		return errors.New(lot.RefusedSign)
	}
	l, _, known := a.cfg.Directory.Lot(m.Lot)
	switch {
	case !known:
		return errors.New(lot.RefusedLot)
	case !slices.Contains(lot.KindOf(l.Kind).Messages, charge.Message514):
		return errors.New("该车场不是自有云(API)车场")
	}
	return nil
}

// uploaded is what the book's example says to an entry that was taken: https://www.kancloud.cn/bolink/newapi/524045
const uploaded = "上传成功"

// replied answers an entry or exit with the order it was about.
func replied(order string, answer lot.Answer) lot.Reply {
	if answer.State == 1 && answer.ErrMsg == "" {
		answer.ErrMsg = uploaded
	}
	return lot.Reply{State: answer.State, OrderID: order, ErrMsg: answer.ErrMsg}
}

// entered is 3.1.
func (a *API) entered(ctx context.Context, m lot.Message) (any, error) {
	m.Without("out_time", "start_charge_seq")
	e := m.Entry(m.Lot, m.Now)
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Events.Entered(ctx, e)
	return replied(e.OrderID, answer), err
}

// left is 3.2.
func (a *API) left(ctx context.Context, m lot.Message) (any, error) {
	m.Without("start_charge_seq")
	e := m.Exit(m.Lot, m.Now)
	if m.Err() != nil {
		return nil, nil
	}
	answer, err := a.cfg.Events.Left(ctx, e)
	return replied(e.OrderID, answer), err
}

// used is 3.11.
func (a *API) used(ctx context.Context, m lot.Message) (any, error) {
	m.Without("in_time")
	u := m.Usage(m.Lot, m.Now)
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
		return nil, nil
	}
	answer, err := a.cfg.Events.Used(ctx, u)
	return lot.Reply{State: answer.State, ErrMsg: answer.ErrMsg}, err
}
