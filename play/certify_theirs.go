package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// The checklist for a partner's own software: here the far end of it is played.

// theirCallback calls a partner's 5.14 and 5.1 as the gateway would.
func (x *exam) theirCallback(ctx context.Context) error {
	seq := "certify" + time.Now().In(charge.Shanghai).Format("20060102150405")
	body := sealS1(x.reduction(seq), x.cfg.Ukey)
	forged := sealS1(x.reduction(seq+"f"), otherKey(x.cfg.Ukey))
	x.check(ctx, "5.14 with a wrong sign is refused", func(ctx context.Context) (string, error) {
		return x.theirAnswer(ctx, forged, seq+"f", 0)
	})
	x.check(ctx, "5.1 answers the price of the car", func(ctx context.Context) (string, error) {
		_, text, err := x.theirPrice(ctx)
		return text, err
	})
	before, _, _ := x.theirPrice(ctx) // a partner without 5.1 has failed above; then money is not compared
	if !x.check(ctx, "5.14 is taken within 5 s",
		func(ctx context.Context) (string, error) { return x.theirAnswer(ctx, body, seq, 1) }) {
		return nil
	}
	x.check(ctx, "the same 5.14 again is taken",
		func(ctx context.Context) (string, error) { return x.theirAnswer(ctx, body, seq, 1) })
	x.check(ctx, "5.1 shows it, and shows it once", func(ctx context.Context) (string, error) {
		after, text, err := x.theirPrice(ctx)
		if err != nil {
			return "", err
		}
		if off := after - before; off != certifyMinutes {
			return "", fmt.Errorf("derate_duration grew by %d minutes, want %d: %s", off, certifyMinutes, text)
		}
		return text, nil
	})
	absent := x.reduction(seq + "a").over([]Field{{"car_number", "京ZZ9999"}})
	x.check(ctx, "5.14 for a car that is not inside is refused", func(ctx context.Context) (string, error) {
		return x.theirAnswer(ctx, sealS1(absent, x.cfg.Ukey), seq+"a", 0)
	})
	return nil
}

// certifyMinutes is what the checklist takes off in a partner's lot.
const certifyMinutes = 30

func (x *exam) reduction(seq string) record {
	now := time.Now()
	return record{
		{"service_name", "pay_notice"}, {"park_id", x.cfg.Lot.Park}, {"car_number", x.cfg.Plate.Full()}, {"type", whole(3)},
		{"plat_form_id", whole(14)},
		{"duration", whole(certifyMinutes)}, {"start_charging_time", localTime(now.Add(-time.Hour))},
		{"stop_charging_time", localTime(now)},
		{"start_charge_seq", seq}, {"calculation_method", whole(1)},
	}
}

// theirAnswer sends one callback and wants a state.
func (x *exam) theirAnswer(ctx context.Context, body []byte, key string, want int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // https://www.kancloud.cn/bolink/newapi/524039
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.cfg.Against, strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json;charset=utf-8")
	req.Header.Set("Idempotency-Key", key)
	resp, err := plainClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return "", err
	}
	var said struct {
		State  *int
		ErrMsg string
	}
	if json.Unmarshal(text, &said) != nil || said.State == nil {
		return "", fmt.Errorf("HTTP %d and no state in it: %.100s", resp.StatusCode, text)
	}
	if *said.State != want {
		return "", fmt.Errorf("state %d %s, want %d", *said.State, said.ErrMsg, want)
	}
	return fmt.Sprintf("state %d %s", *said.State, said.ErrMsg), nil
}

// theirPrice asks 5.1.
func (x *exam) theirPrice(ctx context.Context) (off int64, text string, err error) {
	question := record{{"car_number", x.cfg.Plate.Full()}, {"service_name", "query_price"}, {"order_id", ""},
		{"park_id", x.cfg.Lot.Park}, {"pay_scene", whole(0)}}
	var said struct {
		State          *int
		ErrMsg         string
		Price          json.RawMessage
		Total          json.RawMessage
		DerateDuration json.RawMessage `json:"derate_duration"`
	}
	if err := post(ctx, x.cfg.Against, sealS1(question, x.cfg.Ukey), &said); err != nil {
		return 0, "", err
	}
	if said.State == nil || *said.State != 1 {
		return 0, "", fmt.Errorf("no price: %s", said.ErrMsg)
	}
	if said.DerateDuration != nil {
		if off, err = charge.ParseMinutes(bare(said.DerateDuration)); err != nil {
			return 0, "", fmt.Errorf("derate_duration: %w", err)
		}
	}
	return off, fmt.Sprintf("price %s, total %s, derate_duration %d", said.Price, said.Total, off), nil
}

// theirLine waits for a partner's lot to log in and plays the cloud to it.
func (x *exam) theirLine(ctx context.Context) error {
	in, err := net.Listen("tcp", x.cfg.Listen)
	if err != nil {
		return err
	}
	defer in.Close()
	x.sheet.Against = in.Addr().String()
	c := &theirLot{x: x}
	if !x.check(ctx, "login: S1 with the lot's key",
		func(ctx context.Context) (string, error) { return c.login(ctx, in) }) {
		return nil
	}
	defer c.w.conn.Close()
	uuid := "certify" + time.Now().In(charge.Shanghai).Format("20060102150405")
	if !x.check(ctx, "2.1 for the car "+x.cfg.Plate.String()+" (let it in now)", c.entry) {
		return nil
	}
	if !x.check(ctx, "3.25 is acknowledged within 7 s",
		func(ctx context.Context) (string, error) { return c.reduce(ctx, uuid, 1) }) {
		return nil
	}
	x.check(ctx, "the same 3.25 again is acknowledged",
		func(ctx context.Context) (string, error) { return c.reduce(ctx, uuid, 1) })
	x.check(ctx, "3.1 shows it once", c.price)
	x.check(ctx, "2.2 for the car (let it out now)", c.exit)
	return nil
}

// theirLot is a partner's line as the cloud sees it.
type theirLot struct {
	x     *exam
	w     *wire
	order string
}

// theirFrame is an uplink.
type theirFrame struct {
	ServiceName string `json:"service_name"`
	Sign, Token string
	Data        json.RawMessage
}

// ackWait is the only published figure for a downlink's answer, that of 3.22:
// https://www.kancloud.cn/bolink/apis/913746
const ackWait = 7 * time.Second

const theirToken = "0123456789abcdef0123456789abcdef"

func (c *theirLot) login(ctx context.Context, in net.Listener) (string, error) {
	defer context.AfterFunc(ctx, func() { in.Close() })()
	conn, err := in.Accept()
	if err != nil {
		return "", errors.New("nobody connected")
	}
	c.w = &wire{conn: conn, in: newFrameReader(conn), key: c.x.cfg.Ckey}
	f, err := c.next(ctx, "login")
	if err != nil {
		return "", err
	}
	c.down(record{{"state", whole(1)}, {"token", theirToken}, {"service_name", "login"}})
	return string(f.Data), nil
}

// next reads up to an uplink of a service, checks its sign and token, and answers others as a cloud does.
func (c *theirLot) next(ctx context.Context, service string) (theirFrame, error) {
	defer context.AfterFunc(ctx, func() { c.w.conn.SetReadDeadline(time.Now()) })()
	for {
		frame, err := c.w.down()
		if ctx.Err() != nil {
			return theirFrame{}, fmt.Errorf("no %s came in time", service)
		}
		if err != nil {
			return theirFrame{}, err
		}
		if string(frame) == "0x11" {
			c.write("0x12")
			continue
		}
		var f theirFrame
		if err := json.Unmarshal(frame, &f); err != nil {
			return f, fmt.Errorf("not JSON: %.100s", frame)
		}
		if f.Sign != md5Upper(string(f.Data)+"key="+c.x.cfg.Ckey) {
			return f, fmt.Errorf("%s is not signed as data + key= + key, MD5 in upper case", f.ServiceName)
		}
		if f.ServiceName != "login" && f.Token != theirToken {
			return f, fmt.Errorf("%s has not the token of the login", f.ServiceName)
		}
		if f.ServiceName == service {
			return f, nil
		}
		c.answer(f)
	}
}

// answer says state 1 to what is reported about the car of the test. What is reported of real cars is not ours: it gets
// the answer that stores nothing, without service and order, so that the partner's software keeps it for the real
// cloud.
func (c *theirLot) answer(f theirFrame) {
	var d struct {
		OrderID   string `json:"order_id"`
		CarNumber string `json:"car_number"`
	}
	_ = json.Unmarshal(f.Data, &d) // an uplink without an order is answered without one
	if !c.ours(d.CarNumber) && d.CarNumber != "" {
		c.down(record{{"state", whole(0)}, {"errmsg", "系统繁忙,请稍后重试"}})
		return
	}
	r := record{{"state", whole(1)}, {"service_name", f.ServiceName}}
	r.put("order_id", d.OrderID)
	if f.ServiceName == "out_park" || f.ServiceName == "outpark" {
		r.put("pay_type", "cash")
	}
	c.down(r)
}

// ours reports whether a plate is that of the test's car.
func (c *theirLot) ours(plate string) bool {
	p, err := charge.ParsePlate(plate)
	return err == nil && p == c.x.cfg.Plate
}

func (c *theirLot) down(r record) { c.write(string(r.json())) }

// write frames as the cloud does. A line that cannot be written to shows at the next read.
func (c *theirLot) write(text string) { _, _ = io.WriteString(c.w.conn, "\n"+text+"\r") }

func (c *theirLot) entry(ctx context.Context) (string, error) {
	for {
		f, err := c.next(ctx, "in_park")
		if err != nil {
			return "", err
		}
		var e struct {
			CarNumber string `json:"car_number"`
			OrderID   string `json:"order_id"`
			InTime    int64  `json:"in_time"`
		}
		if err := json.Unmarshal(f.Data, &e); err != nil || e.OrderID == "" || e.InTime == 0 {
			return "", fmt.Errorf("2.1 lacks order_id or in_time: %s", f.Data)
		}
		c.answer(f)
		if plate, err := charge.ParsePlate(e.CarNumber); err == nil && plate == c.x.cfg.Plate {
			c.order = e.OrderID
			return "order_id " + e.OrderID, nil
		}
	}
}

func (c *theirLot) reduce(ctx context.Context, uuid string, want int64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, ackWait)
	defer cancel()
	now := time.Now()
	c.down(record{
		{"service_name", "pay_notice"}, {"comid", c.x.cfg.Lot.Park}, {"uuid", uuid},
		{"order_id", c.order}, {"car_number", c.x.cfg.Plate.Full()}, {"type", whole(1)},
		{"duration", whole(certifyMinutes)}, {"start_charging_time", localTime(now.Add(-time.Hour))},
		{"stop_charging_time", localTime(now)},
		{"start_charge_seq", uuid}, {"calculation_method", whole(1)},
	})
	f, err := c.next(ctx, "pay_notice")
	if err != nil {
		return "", err
	}
	var a struct {
		UUID   string
		State  *int64
		ErrMsg string
	}
	if err := json.Unmarshal(f.Data, &a); err != nil || a.UUID != uuid {
		return "", fmt.Errorf("the acknowledgement echoes uuid %q, want %q", a.UUID, uuid)
	}
	c.write("") // an acknowledgement is answered with an empty frame
	if a.State != nil && *a.State != want {
		return "", fmt.Errorf("state %d %s", *a.State, a.ErrMsg)
	}
	return string(f.Data), nil
}

func (c *theirLot) price(ctx context.Context) (string, error) {
	c.down(record{{"service_name", "query_price"}, {"park_id", c.x.cfg.Lot.Park}, {"pay_scene", whole(0)},
		{"car_number", c.x.cfg.Plate.Full()}, {"order_id", c.order}})
	f, err := c.next(ctx, "query_price")
	if err != nil {
		return "", err
	}
	var a struct {
		State          int
		DerateDuration json.RawMessage `json:"derate_duration"`
	}
	if err := json.Unmarshal(f.Data, &a); err != nil || a.State != 1 || a.DerateDuration == nil {
		return "", fmt.Errorf("no state 1 with derate_duration: %s", f.Data)
	}
	c.write("")
	minutes, err := charge.ParseMinutes(bare(a.DerateDuration))
	if err != nil || minutes > certifyMinutes {
		return "", fmt.Errorf("derate_duration is %s minutes, want at most %d", a.DerateDuration, certifyMinutes)
	}
	return string(f.Data), nil
}

func (c *theirLot) exit(ctx context.Context) (string, error) {
	for {
		f, err := c.next(ctx, "out_park")
		if err != nil {
			return "", err
		}
		c.answer(f)
		var e struct {
			OrderID      string `json:"order_id"`
			CarNumber    string `json:"car_number"`
			ReduceAmount any    `json:"reduce_amount"`
		}
		if err := json.Unmarshal(f.Data, &e); err != nil || c.ours(e.CarNumber) && e.OrderID != c.order {
			return "", fmt.Errorf("2.2 names order_id %q, 2.1 named %q", e.OrderID, c.order)
		}
		if c.ours(e.CarNumber) {
			return fmt.Sprintf("reduce_amount %v", e.ReduceAmount), nil
		}
	}
}
