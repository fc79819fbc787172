package play

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// The checklist for a partner's software on a line: the cloud is played to it. The vendor's own SDK comes on two links,
// the bolink link signed with the vendor's key and the cloud link with the lot's; other software comes on one.

// theirLine waits for a partner's lot to log in and plays the cloud to it.
func (x *exam) theirLine(ctx context.Context) error {
	in, err := net.Listen("tcp", x.cfg.Listen)
	if err != nil {
		return err
	}
	x.sheet.Against = in.Addr().String()
	c := &theirLot{x: x, frames: make(chan theirFrame, 16), done: make(chan struct{}), links: map[string]*theirLink{}}
	c.running.Go(func() { c.accept(in) })
	defer func() {
		in.Close()
		c.hangUp()
	}()
	if !x.check(ctx, "login: S1 with the lot's key", c.login) {
		return nil
	}
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
	rest, cancel := context.WithTimeout(ctx, restWait)
	defer cancel()
	_, _ = c.next(rest, "nothing") // what the other link says of the car is answered too
	return nil
}

// restWait is how long what comes behind the last check is answered.
const restWait = 500 * time.Millisecond

// theirLot is a partner's lot as the cloud sees it.
type theirLot struct {
	x       *exam
	order   string
	frames  chan theirFrame // uplinks of all links but heartbeats, in the order they came
	done    chan struct{}
	running sync.WaitGroup

	mu    sync.Mutex
	links map[string]*theirLink // that are logged in
	conns []net.Conn
}

// Links of the vendor's SDK before 4.0. Other software logs in with the lot's key alone.
const (
	linkCloud  = "cloud"
	linkBolink = "bolink"
)

// theirLink is one connection of the partner's.
type theirLink struct {
	conn net.Conn
	in   *bufio.Reader
	name string // linkCloud or linkBolink, by the key of the login
	key  string
}

// theirFrame is an uplink, or what is wrong with one.
type theirFrame struct {
	ServiceName string `json:"service_name"`
	Sign, Token string
	Data        json.RawMessage

	link *theirLink
	err  error
}

// ackWait is the only published figure for a downlink's answer, that of 3.22:
// https://www.kancloud.cn/bolink/apis/913746
const ackWait = 7 * time.Second

const theirToken = "0123456789abcdef0123456789abcdef"

// accept takes the partner's connections until the listener is closed.
func (c *theirLot) accept(in net.Listener) {
	for {
		conn, err := in.Accept()
		if err != nil {
			return
		}
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
		l := &theirLink{conn: conn, in: newFrameReader(conn)}
		c.running.Go(func() { c.read(l) })
	}
}

// hangUp closes all connections and waits for their readers.
func (c *theirLot) hangUp() {
	close(c.done)
	c.mu.Lock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
}

// read answers a link's heartbeats and hands its uplinks on, until the link breaks.
func (c *theirLot) read(l *theirLink) {
	w := &wire{conn: l.conn, in: l.in}
	for {
		frame, err := w.down()
		if err != nil {
			return
		}
		if string(frame) == "0x11" {
			l.write("0x12")
			continue
		}
		f := c.opened(l, frame)
		select {
		case c.frames <- f:
		case <-c.done:
			return
		}
	}
}

// opened checks an uplink's sign and token; a login it answers.
func (c *theirLot) opened(l *theirLink, frame []byte) theirFrame {
	f := theirFrame{link: l}
	if err := json.Unmarshal(frame, &f); err != nil {
		f.err = fmt.Errorf("not JSON: %.100s", frame)
		return f
	}
	signed := func(key string) bool { return key != "" && f.Sign == md5Upper(string(f.Data)+"key="+key) }
	if f.ServiceName == "login" {
		switch {
		case signed(c.x.cfg.Ckey):
			l.name, l.key = linkCloud, c.x.cfg.Ckey
		case signed(c.x.cfg.Ukey):
			l.name, l.key = linkBolink, c.x.cfg.Ukey
		case c.x.cfg.Ukey == "":
			f.err = errors.New("login is not signed as data + key= + key, MD5 in upper case, with the lot's key; " +
				"the vendor's own SDK signs one of its links with the vendor's (--ukey)")
		default:
			f.err = errors.New("login is not signed as data + key= + key, MD5 in upper case, with the lot's or the vendor's key")
		}
		if f.err == nil {
			c.mu.Lock()
			c.links[l.name] = l
			c.mu.Unlock()
			l.down(record{{"state", whole(1)}, {"token", theirToken}, {"service_name", "login"}})
		}
		return f
	}
	switch {
	case !signed(l.key):
		f.err = fmt.Errorf("%s is not signed as data + key= + key, MD5 in upper case", f.ServiceName)
	case f.Token != theirToken:
		f.err = fmt.Errorf("%s has not the token of the login", f.ServiceName)
	}
	return f
}

// link is the one that a message goes by: the one that is wanted, or the only one.
func (c *theirLot) link(want string) *theirLink {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.links[want]; l != nil {
		return l
	}
	for _, l := range c.links {
		return l
	}
	return nil
}

func (c *theirLot) login(ctx context.Context) (string, error) {
	f, err := c.next(ctx, "login")
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.conns) == 0 {
			err = errors.New("nobody connected")
		}
		return "", err
	}
	return string(f.Data), nil
}

// next waits for an uplink of one of some services, and answers others as a cloud does.
func (c *theirLot) next(ctx context.Context, services ...string) (theirFrame, error) {
	for {
		select {
		case <-ctx.Done():
			return theirFrame{}, fmt.Errorf("no %s came in time", services[0])
		case f := <-c.frames:
			switch {
			case f.err != nil:
				return f, f.err
			case slices.Contains(services, f.ServiceName):
				return f, nil
			case f.ServiceName != "login": // of another link, which has been answered
				c.answer(f)
			}
		}
	}
}

// byCloud are the services by which an entry or exit is awaited: the cloud link says more than the bolink link, and
// where both are up each comes on both.
func (c *theirLot) byCloud(cloud, bolink string) []string {
	if l := c.link(linkCloud); l != nil && l.name == linkCloud {
		return []string{cloud}
	}
	return []string{bolink, cloud}
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
		f.link.down(record{{"state", whole(0)}, {"errmsg", "系统繁忙,请稍后重试"}})
		return
	}
	r := record{{"state", whole(1)}, {"service_name", f.ServiceName}}
	r.put("order_id", d.OrderID)
	if f.ServiceName == "out_park" || f.ServiceName == "outpark" {
		r.put("pay_type", "cash")
	}
	f.link.down(r)
}

// ours reports whether a plate is that of the test's car.
func (c *theirLot) ours(plate string) bool {
	p, err := charge.ParsePlate(plate)
	return err == nil && p == c.x.cfg.Plate
}

func (l *theirLink) down(r record) { l.write(string(r.json())) }

// write frames as the cloud does. A line that cannot be written to shows at the next read.
func (l *theirLink) write(text string) { _, _ = io.WriteString(l.conn, "\n"+text+"\r") }

func (c *theirLot) entry(ctx context.Context) (string, error) {
	for {
		f, err := c.next(ctx, c.byCloud("in_park", "inpark")...)
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
	c.link(linkCloud).down(record{
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
	f.link.write("") // an acknowledgement is answered with an empty frame
	if a.State != nil && *a.State != want {
		return "", fmt.Errorf("state %d %s", *a.State, a.ErrMsg)
	}
	return string(f.Data), nil
}

func (c *theirLot) price(ctx context.Context) (string, error) {
	c.link(linkBolink).down(record{{"service_name", "query_price"}, {"park_id", c.x.cfg.Lot.Park}, {"pay_scene", whole(0)},
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
	f.link.write("")
	minutes, err := charge.ParseMinutes(bare(a.DerateDuration))
	if err != nil || minutes > certifyMinutes {
		return "", fmt.Errorf("derate_duration is %s minutes, want at most %d", a.DerateDuration, certifyMinutes)
	}
	return string(f.Data), nil
}

func (c *theirLot) exit(ctx context.Context) (string, error) {
	for {
		f, err := c.next(ctx, c.byCloud("out_park", "outpark")...)
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
