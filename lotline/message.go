package lotline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Fen is an amount of money in fen, a hundredth of a yuan. On the wire it is yuan with two decimals.
type Fen int64

// String returns yuan with two decimals ("17.85").
func (f Fen) String() string {
	if f < 0 {
		return "-" + (-f).String()
	}
	return fmt.Sprintf("%d.%02d", f/100, f%100)
}

// MarshalJSON writes yuan as a string.
func (f Fen) MarshalJSON() ([]byte, error) { return []byte(`"` + f.String() + `"`), nil }

// shanghai is the zone of times on the wire that name none.
var shanghai = time.FixedZone("+08:00", 8*60*60)

// unix is a time in Unix seconds on the wire.
type unix time.Time

func (u unix) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Time(u).Unix(), 10), nil
}

// Service names.
const (
	serviceLogin  = "login"
	serviceIn     = "in_park"
	serviceOut    = "out_park"
	serviceUsage  = "upload_duration_info"
	serviceNotice = "pay_notice"
	serviceQuery  = "query_price"
	servicePass   = "pass_through"
)

// Entry is a car coming in (2.1).
type Entry struct {
	OrderID    string    // your unique number of this stay; required
	CarNumber  string    // plate; required
	In         time.Time // required
	CarType    string    // 大车, 小车, …
	Kind       string    // how it was let in: 通道扫牌, …
	UID        string    // toll collector
	Channel    string    // entry channel
	EmptyPlots int       // free spaces
}

func (e Entry) encode() ([]byte, error) {
	if e.OrderID == "" || e.CarNumber == "" || e.In.IsZero() {
		return nil, errors.New("lotline: an entry needs OrderID, CarNumber and In")
	}
	return text(struct {
		CarNumber  string `json:"car_number"`
		InTime     unix   `json:"in_time"`
		CarType    string `json:"car_type"`
		Kind       string `json:"c_type"`
		UID        string `json:"uid"`
		OrderID    string `json:"order_id"`
		EmptyPlots int    `json:"empty_plot"`
		Channel    string `json:"in_channel_id"`
	}{e.CarNumber, unix(e.In), e.CarType, e.Kind, e.UID, e.OrderID, e.EmptyPlots, e.Channel}), nil
}

// Exit is a car going out (2.2).
type Exit struct {
	OrderID    string    // of the entry; required
	CarNumber  string    // required
	In         time.Time // required
	Out        time.Time // required
	CarType    string
	Kind       string
	OutType    string
	UID        string // collector at the entry
	OutUID     string // collector at the exit
	PayType    string // cash, wallet, sweepcode, scancode, monthuser, free, escape, etc_pay
	EmptyPlots int
	Total      Fen  // due now: without what is paid or taken off already
	Receivable Fen  // gross
	Reduced    *Fen // what was taken off; nil says nothing about it
	InChannel  string
	OutChannel string
}

func (e Exit) encode() ([]byte, error) {
	if e.OrderID == "" || e.CarNumber == "" || e.In.IsZero() || e.Out.IsZero() {
		return nil, errors.New("lotline: an exit needs OrderID, CarNumber, In and Out")
	}
	if e.Out.Before(e.In) {
		return nil, errors.New("lotline: an exit cannot be before its entry")
	}
	return text(struct {
		CarNumber  string `json:"car_number"`
		InTime     unix   `json:"in_time"`
		OutTime    unix   `json:"out_time"`
		UID        string `json:"uid"`
		OutUID     string `json:"out_uid"`
		Duration   int64  `json:"duration"`
		CarType    string `json:"car_type"`
		Kind       string `json:"c_type"`
		OutType    string `json:"out_type,omitempty"`
		PayType    string `json:"pay_type"`
		EmptyPlots int    `json:"empty_plot"`
		Total      Fen    `json:"total"`
		OrderID    string `json:"order_id"`
		InChannel  string `json:"in_channel_id,omitempty"`
		OutChannel string `json:"out_channel_id,omitempty"`
		Reduced    *Fen   `json:"reduce_amount,omitempty"`
		Receivable Fen    `json:"amount_receivable"`
	}{
		e.CarNumber, unix(e.In), unix(e.Out), e.UID, e.OutUID, int64(e.Out.Sub(e.In) / time.Minute), e.CarType, e.Kind,
		e.OutType, e.PayType, e.EmptyPlots, e.Total, e.OrderID, e.InChannel, e.OutChannel, e.Reduced, e.Receivable,
	}), nil
}

// Usage is what was really taken off for one charge, reported after the exit (2.34).
type Usage struct {
	OrderID   string // of the entry; required
	CarNumber string // required
	ChargeSeq string // of the reduction; required
	Method    Method // ByTime, ByAmount or LotDecides
	Minutes   int64  // with ByTime
	Amount    Fen    // with ByAmount
	Out       time.Time
}

func (u Usage) encode() ([]byte, error) {
	if u.OrderID == "" || u.CarNumber == "" || u.ChargeSeq == "" || u.Out.IsZero() {
		return nil, errors.New("lotline: a usage needs OrderID, CarNumber, ChargeSeq and Out")
	}
	m := struct {
		Service   string `json:"service_name"`
		Target    string `json:"data_target"`
		OrderID   string `json:"order_id"`
		CarNumber string `json:"car_number"`
		ChargeSeq string `json:"start_charge_seq"`
		Method    Method `json:"calculation_method"`
		Minutes   *int64 `json:"duration,omitempty"`
		Amount    *Fen   `json:"reduce_amount,omitempty"`
		OutTime   unix   `json:"out_time"`
	}{serviceUsage, "cloud", u.OrderID, u.CarNumber, u.ChargeSeq, u.Method, nil, nil, unix(u.Out)}
	switch u.Method {
	case ByTime:
		m.Minutes = &u.Minutes
	case ByAmount:
		m.Amount = &u.Amount
	case LotDecides:
		m.Minutes, m.Amount = &u.Minutes, &u.Amount
	default:
		return nil, fmt.Errorf("lotline: a usage cannot have method %d", u.Method)
	}
	return text(m), nil
}

// Method is how a reduction is to be taken off: calculation_method of 3.25.
type Method int

// Methods.
const (
	Free       Method = 0 // the whole stay costs nothing
	ByTime     Method = 1
	ByAmount   Method = 2
	LotDecides Method = 3
	Discount   Method = 4 // the book has no field for the rate
)

// Reduction is a charging reduction (3.25 with type 1, or 3.36) for a car that is inside.
type Reduction struct {
	Message   string // "3.25" or "3.36"
	UUID      string // the same for every repetition
	OrderID   string // of the entry; may be empty where the cloud knows no stay
	CarNumber string
	Method    Method
	Minutes   int64     // with ByTime
	Amount    Fen       // with ByAmount
	ChargeSeq string    // the charging order; 3.36 does not tell it
	Started   time.Time // of the charge; zero where not reported
	Ended     time.Time
	Raw       []byte // the message as it came, for its other fields
}

// wireReduction is 3.25 and 3.36 in one: they tell amounts as String and as Double.
type wireReduction struct {
	UUID      string      `json:"uuid"`
	OrderID   string      `json:"order_id"`
	CarNumber string      `json:"car_number"`
	Type      json.Number `json:"type"`
	Method    json.Number `json:"calculation_method"`
	Duration  json.Number `json:"duration"`
	Amount    json.Number `json:"reduce_amount"`
	ChargeSeq string      `json:"start_charge_seq"`
	Started   string      `json:"start_charging_time"`
	Ended     string      `json:"stop_charging_time"`
}

// errNotCharging is a pay_notice of another type: points or hotel.
var errNotCharging = errors.New("not about a charging order")

// readReduction sends 3.36 by the absence of type.
func readReduction(raw []byte) (r Reduction, err error) {
	var w wireReduction
	if err := json.Unmarshal(raw, &w); err != nil {
		return r, err
	}
	r = Reduction{
		Message: "3.25", UUID: w.UUID, OrderID: w.OrderID, CarNumber: w.CarNumber, ChargeSeq: w.ChargeSeq,
		Started: local(w.Started), Ended: local(w.Ended), Raw: raw,
	}
	if r.Amount, err = parseFen(w.Amount.String()); err != nil {
		return r, err
	}
	if r.Minutes, err = parseMinutes(w.Duration.String()); err != nil {
		return r, err
	}
	switch w.Type {
	case "":
		r.Message, r.Method = "3.36", ByAmount
		return r, nil
	case "1":
	default:
		return r, errNotCharging
	}
	method, err := strconv.Atoi(w.Method.String())
	if err != nil || method < int(Free) || method > int(Discount) {
		return r, fmt.Errorf("calculation_method %q", w.Method)
	}
	r.Method = Method(method)
	return r, nil
}

// PriceQuery asks what a stay costs now (3.1).
type PriceQuery struct {
	OrderID    string // empty where the cloud knows no open stay
	CarNumber  string
	Scene      int    // 0 inside, 1 at the exit, 2 at the exit without a plate
	OutChannel string // with Scene 1 and 2
	QueryNo    string
}

// Price is the answer to a PriceQuery.
type Price struct {
	OrderID       string
	Total         Fen // gross
	Price         Fen // due now
	DerateMoney   Fen // the reduction
	DerateMinutes int64
	Minutes       int64 // of the stay so far
	LeaveMinutes  int   // to leave after paying
	QueryTime     time.Time
}

type wirePriceQuery struct {
	ParkID     string      `json:"park_id"`
	OrderID    string      `json:"order_id"`
	CarNumber  string      `json:"car_number"`
	Scene      json.Number `json:"pay_scene"`
	OutChannel string      `json:"out_channel_id"`
	QueryNo    string      `json:"query_order_no"`
}

// wirePrice is the reply to 3.1.
type wirePrice struct {
	Service       string `json:"service_name"`
	Target        string `json:"data_target"`
	State         int    `json:"state"`
	ErrMsg        string `json:"errmsg,omitempty"`
	ParkID        string `json:"park_id"`
	OrderID       string `json:"order_id"`
	QueryNo       string `json:"query_order_no,omitempty"`
	Price         Fen    `json:"price"`
	Total         Fen    `json:"total"`
	DerateMoney   Fen    `json:"derate_money"`
	DerateMinutes int64  `json:"derate_duration"`
	Minutes       int64  `json:"duration"`
	LeaveMinutes  int    `json:"free_out_time"`
	QueryTime     unix   `json:"query_time"`
}

// wireAck acknowledges 3.25 and 3.36. A nil state is left out.
type wireAck struct {
	Service string `json:"service_name"`
	Target  string `json:"data_target"`
	UUID    string `json:"uuid"`
	State   *int   `json:"state,omitempty"`
	ErrMsg  string `json:"errmsg,omitempty"`
}

// wirePass is 3.22 and its reply.
type wirePass struct {
	Service string `json:"service_name"`
	Target  string `json:"data_target,omitempty"`
	UUID    string `json:"uuid"`
	State   *int   `json:"state,omitempty"`
	ErrMsg  string `json:"errmsg,omitempty"`
	Data    string `json:"data"`
}

// text writes compact JSON without the escapes that are only for HTML, so that what is signed is what any reader
// would print again.
func text(v any) []byte {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	if err := w.Encode(v); err != nil {
		panic(err) // only types of this package come here, and all of them can be written
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// local reads a time as the cloud writes it; zero for what is no time.
func local(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, s, shanghai)
	if err != nil {
		return time.Time{}
	}
	return t
}

// parseFen reads yuan with at most two decimals that count; nothing is 0.
func parseFen(yuan string) (Fen, error) {
	whole, frac, _ := strings.Cut(yuan, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > 2 {
		return 0, fmt.Errorf("%q yuan cannot be paid", yuan)
	}
	n, err := strconv.ParseUint(orZero(whole)+frac+"00"[len(frac):], 10, 62)
	if err != nil {
		return 0, fmt.Errorf("%q is not an amount", yuan)
	}
	return Fen(n), nil
}

// parseMinutes reads minutes; a started one counts whole.
func parseMinutes(s string) (int64, error) {
	f, err := strconv.ParseFloat(orZero(s), 64)
	if err != nil || f < 0 || f > 1e9 {
		return 0, fmt.Errorf("%q is not a number of minutes", s)
	}
	return int64(math.Ceil(f)), nil
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}
