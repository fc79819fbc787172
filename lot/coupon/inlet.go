package coupon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// InletPath is where targets tell entries and exits; union_id, park_id and the lot's token follow.
const InletPath = "/coupon/inout/"

// InletConfig is what an Inlet needs.
type InletConfig struct {
	Directory lot.Directory
	Targets   Targets
	Events    lot.Events
	Now       func() time.Time
	Logger    *slog.Logger
}

// Inlet hears the entries and exits that targets report. They are not signed: the lot's token proves the sender.
type Inlet struct{ cfg InletConfig }

// NewInlet makes an Inlet.
func NewInlet(cfg InletConfig) *Inlet { return &Inlet{cfg} }

// ServeHTTP answers one message, HTTP 200 always, in the target's own form.
func (in *Inlet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	lot.Handle(func(ctx context.Context, body []byte) any { return in.hear(ctx, r.URL.Path, body) })(w, r)
}

// hearsQcyuns is the form in which 七彩云 reports entries and exits.
const hearsQcyuns = "qcyuns_inout"

// reply is the answer to a qcyuns_inout.
type reply struct {
	Code int    `json:"retCode"`
	Text string `json:"retMsg"`
	Data any    `json:"retData"`
}

var errInlet = errors.New("地址无效: 核对车场编号和地址末尾的密文")

func (in *Inlet) hear(ctx context.Context, path string, body []byte) any {
	l, t, err := in.lotOf(path)
	if err != nil {
		lot.WrongKey(ctx, l.ID)
		lot.Refused(ctx, l.ID, err)
		return reply{Code: -1, Text: err.Error()}
	}
	answer, err := in.inout(ctx, l, t, body)
	switch {
	case err != nil:
		lot.Refused(ctx, l.ID, err)
		return reply{Code: -1, Text: err.Error()}
	case answer.State == 0:
		return reply{Code: -1, Text: answer.ErrMsg}
	}
	return reply{Text: "成功"}
}

// lotOf finds the lot that an address belongs to. An unknown lot and a wrong token get the same answer.
func (in *Inlet) lotOf(path string) (charge.Lot, *Target, error) {
	parts := strings.Split(strings.TrimPrefix(path, InletPath), "/")
	if len(parts) != 3 {
		return charge.Lot{}, nil, errInlet
	}
	l, _, known := in.cfg.Directory.Lot(charge.LotID{Union: parts[0], Park: parts[1]})
	t := in.cfg.Targets[l.Target]
	if !known || t == nil || t.Hears == nil {
		return charge.Lot{}, nil, errInlet
	}
	if token := l.Keys[t.Hears.Key].Reveal(); token == "" || !seal.Equal(token, parts[2]) {
		return l, nil, errInlet
	}
	return l, t, nil
}

// moving is the data of an inout.
type moving struct {
	ParkID   json.Number     `json:"parkId"`
	Record   json.Number     `json:"recordId"`
	Plate    string          `json:"plate"`
	In       string          `json:"inTime"`
	Out      string          `json:"outTime"`
	Lane     string          `json:"inLaneName"`
	Status   json.Number     `json:"status"` // 0 inside, 1 gone
	Total    json.Number     `json:"totalFee"`
	Cash     json.Number     `json:"cashFee"`
	Electric json.Number     `json:"epayFee"`
	Method   json.Number     `json:"discountType"` // 1 time, 2 amount, 3 percent, 4 free
	Value    json.RawMessage `json:"discountVal"`  // minutes or yuan, as text or number
}

// inout takes one message.
func (in *Inlet) inout(ctx context.Context, l charge.Lot, t *Target, body []byte) (lot.Answer, error) {
	text, _ := lot.Plain(body)
	var m struct {
		Service string
		Data    moving
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return lot.Answer{}, errors.New("报文不是JSON对象, 或字段类型不符")
	}
	if m.Service != "inout" {
		return lot.Answer{State: 1}, nil // renewals of monthly cards come to the same address
	}
	d := m.Data
	if park := cmp.Or(t.key(l.Keys, "park_id"), l.ID.Park); d.ParkID.String() != park {
		return lot.Answer{}, errors.New("parkId与地址中的车场不符")
	}
	record := strings.TrimSpace(d.Record.String())
	if record == "" || len(record) > 64 {
		return lot.Answer{}, errors.New("recordId缺失或过长")
	}
	plate, names, err := charge.ParseCar(d.Plate)
	if errors.Is(err, charge.ErrUnplated) {
		plate, err = charge.UnplatedBy(record), nil
	}
	if err != nil {
		return lot.Answer{}, errors.New("plate无效")
	}
	entered, err := time.ParseInLocation(time.DateTime, d.In, charge.Shanghai)
	if err != nil {
		return lot.Answer{}, errors.New("inTime无效: 应为yyyy-MM-dd HH:mm:ss")
	}
	if d.Status.String() != "1" {
		return in.cfg.Events.Entered(ctx,
			lot.Entry{Lot: l.ID, OrderID: record, Plate: plate, Names: names, Entered: entered.UTC(),
				Channel: d.Lane})
	}
	left, err := time.ParseInLocation(time.DateTime, d.Out, charge.Shanghai)
	if err != nil || left.Before(entered) {
		return lot.Answer{}, errors.New("outTime无效, 或早于inTime")
	}
	exit := lot.Exit{Lot: l.ID, OrderID: record, Plate: plate, Names: names, Entered: entered.UTC(),
		Left: left.UTC(), Reduced: d.reduced()}
	if exit.Total, err = charge.ParseFen(d.Total.String()); err == nil {
		exit.HasTotal = true
	}
	return in.cfg.Events.Left(ctx, exit)
}

// reduced is what an exit says was taken off; nil where that cannot be read. Of percent and free it is what was due and
// not paid.
func (d *moving) reduced() *lot.Reduced {
	told := strings.Trim(string(d.Value), `"`)
	value := strings.TrimSuffix(strings.TrimSuffix(told, "元"), "分钟")
	switch d.Method.String() {
	case "1":
		if minutes, err := charge.ParseMinutes(value); err == nil && minutes >= 0 {
			return &lot.Reduced{Minutes: minutes, Told: told}
		}
	case "2", "0", "":
		if amount, err := charge.ParseFen(value); err == nil && amount >= 0 {
			return &lot.Reduced{Amount: amount, Told: told}
		}
	case "3", "4":
		total, err := charge.ParseFen(d.Total.String())
		cash, _ := charge.ParseFen(d.Cash.String())
		electric, _ := charge.ParseFen(d.Electric.String())
		if off := total - cash - electric; err == nil && off >= 0 {
			return &lot.Reduced{Amount: off, Told: off.String()}
		}
	}
	return nil
}
