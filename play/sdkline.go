package play

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"time"
)

// sdkLine is what an SDK lot wants of its line.
type sdkLine interface {
	// entry, exit and usage tell 2.1, 2.2 and 2.34; without a line they are kept and told later.
	entry(ctx context.Context, v Visit) error
	exit(ctx context.Context, b Bill) error
	usage(ctx context.Context, v Visit, used Applied) error
	close() error
}

// take is what a lot does with a reduction: an error is its refusal.
type take func(n notice) error

// quote prices a stay for 3.1.
type quote func(order, plate string) (Bill, error)

// answerWait is how long a lot waits for the cloud's answer to an uplink.
const answerWait = 7 * time.Second

// bareLine is an sdkLine on a wire of its own.
type bareLine struct {
	id    lineID
	addr  string
	take  take
	quote quote
	acked func(uuid string)
	stop  context.CancelFunc
	gone  chan struct{}

	tell    sync.Mutex // one uplink waits for its answer at a time
	mu      sync.Mutex
	wire    *wire // nil while the line is down
	answers chan []byte
	upAgain chan struct{} // closed when the line comes up
}

func openBareLine(ctx context.Context, l *bareLine) (*bareLine, error) {
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.gone, l.upAgain = make(chan struct{}), make(chan struct{})
	first, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	w, err := l.dial(first)
	if err != nil {
		l.stop()
		return nil, err
	}
	go l.run(ctx, w)
	return l, nil
}

func (l *bareLine) dial(ctx context.Context) (*wire, error) {
	w, err := dialWire(ctx, net.Dialer{}, l.addr, l.id.key)
	if err != nil {
		return nil, err
	}
	if err := w.login(ctx, l.id); err != nil {
		w.conn.Close()
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wire, l.answers = w, make(chan []byte, 64)
	close(l.upAgain)
	return w, nil
}

// run reads the line and dials it again when it is lost.
func (l *bareLine) run(ctx context.Context, w *wire) {
	defer close(l.gone)
	for ctx.Err() == nil {
		if w != nil {
			l.read(ctx, w)
			l.mu.Lock()
			l.wire, l.upAgain = nil, make(chan struct{})
			l.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		w, _ = l.dial(try) // a line that cannot be had is tried again
		cancel()
	}
}

// read hears one wire to its end, and beats its heart.
func (l *bareLine) read(ctx context.Context, w *wire) {
	defer w.conn.Close()
	defer context.AfterFunc(ctx, func() { w.conn.Close() })()
	gone := make(chan struct{})
	defer close(gone)
	go beats(w, 15*time.Second, gone)
	l.mu.Lock()
	answers := l.answers
	l.mu.Unlock()
	for {
		frame, err := w.down()
		if err != nil {
			return
		}
		var head struct {
			ServiceName string `json:"service_name"`
		}
		if json.Unmarshal(frame, &head) != nil {
			continue
		}
		switch head.ServiceName {
		case "pay_notice":
			l.reduce(w, frame)
		case "query_price":
			l.price(w, frame)
		default:
			select {
			case answers <- frame:
			default: // an answer that nobody waits for
			}
		}
	}
}

// beats sends heartbeats until the wire is gone; that a line is dead is noticed by its reader.
func beats(w *wire, every time.Duration, gone <-chan struct{}) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-gone:
			return
		case <-ticks.C:
			_ = w.beat()
		}
	}
}

func (l *bareLine) reduce(w *wire, frame []byte) {
	var p payNotice
	if json.Unmarshal(frame, &p) != nil || p.UUID == "" {
		return
	}
	n, err := p.notice()
	if err == nil {
		err = l.take(n)
	}
	if err != nil {
		_ = w.up("pay_notice", ackOf(n.message, p.UUID, 0, err.Error()))
		return
	}
	if w.up("pay_notice", ackOf(n.message, p.UUID, 1, "")) == nil {
		l.acked(p.UUID)
	}
}

func (l *bareLine) price(w *wire, frame []byte) {
	var q struct {
		ParkID       string `json:"park_id"`
		CarNumber    string `json:"car_number"`
		OrderID      string `json:"order_id"`
		QueryOrderNo string `json:"query_order_no"`
	}
	if json.Unmarshal(frame, &q) != nil {
		return
	}
	r := record{{"service_name", "query_price"}, {"data_target", "bolink"}, {"park_id", q.ParkID}, {"order_id", q.OrderID}}
	r.put("query_order_no", q.QueryOrderNo)
	b, err := l.quote(q.OrderID, q.CarNumber)
	if err != nil {
		_ = w.up("query_price", append(r, Field{"state", whole(0)}, Field{"errmsg", err.Error()}))
		return
	}
	_ = w.up("query_price", append(r, Field{"state", whole(1)}, Field{"price", b.Due().String()}, Field{"total", b.Gross.String()},
		Field{"derate_money", b.Derate.String()}, Field{"derate_duration", fmt.Sprint(b.Minutes)},
		Field{"duration", whole(minutesBetween(b.In, b.Out))}, Field{"query_time", whole(b.Out.Unix())}))
}

func (l *bareLine) entry(ctx context.Context, v Visit) error {
	return l.ask(ctx, "in_park", record{
		{"car_number", v.Plate.Full()}, {"in_time", whole(v.In.Unix())}, {"car_type", "小车"}, {"c_type", "通道扫牌"},
		{"uid", "play"}, {"order_id", v.OrderID}, {"empty_plot", whole(20)}, {"in_channel_id", "A1"},
	})
}

func (l *bareLine) exit(ctx context.Context, b Bill) error {
	r := record{
		{"car_number", b.Plate.Full()}, {"in_time", whole(b.In.Unix())}, {"out_time", whole(b.Out.Unix())}, {"uid", "play"}, {"out_uid", "play"},
		{"duration", whole(minutesBetween(b.In, b.Out))}, {"car_type", "小车"}, {"c_type", "通道扫牌"}, {"pay_type", "cash"}, {"empty_plot", whole(20)},
		{"total", b.Due().String()}, {"order_id", b.OrderID}, {"amount_receivable", b.Gross.String()},
	}
	if len(b.Used) > 0 {
		r.put("reduce_amount", b.Derate.String())
	}
	return l.ask(ctx, "out_park", r)
}

func (l *bareLine) usage(ctx context.Context, v Visit, used Applied) error {
	r := record{{"service_name", "upload_duration_info"}, {"data_target", "cloud"}, {"order_id", v.OrderID}, {"car_number", used.Plate}}
	r.put("start_charge_seq", used.Charge)
	r = append(r, usedFields(used)...)
	r.put("out_time", whole(v.Out.Unix()))
	return l.ask(ctx, "upload_duration_info", r)
}

// ask tells one thing and waits for the answer; without a line it waits for that first.
func (l *bareLine) ask(ctx context.Context, service string, data record) error {
	l.tell.Lock()
	defer l.tell.Unlock()
	for {
		w, answers, up := l.current()
		if w == nil {
			select {
			case <-up:
				continue
			case <-ctx.Done():
				return fmt.Errorf("%s: the line is down: %w", service, context.Cause(ctx))
			case <-l.gone:
				return fmt.Errorf("%s: %w", service, net.ErrClosed)
			}
		}
		if w.up(service, data) != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		defer cancel()
		return heed(ctx, service, answers)
	}
}

func (l *bareLine) current() (*wire, chan []byte, chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wire, l.answers, l.upAgain
}

// heed waits for the answer to a service; an answer without service_name is a refusal of whatever was sent.
func heed(ctx context.Context, service string, answers <-chan []byte) error {
	for {
		select {
		case frame := <-answers:
			var a struct {
				ServiceName string `json:"service_name"`
				State       int    `json:"state"`
				ErrMsg      string `json:"errmsg"`
			}
			if json.Unmarshal(frame, &a) != nil || a.ServiceName != "" && a.ServiceName != service {
				continue
			}
			if a.State != 1 {
				return fmt.Errorf("%s: %w: %s", service, ErrRefused, a.ErrMsg)
			}
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s: no answer: %w", service, context.Cause(ctx))
		}
	}
}

func (l *bareLine) close() error {
	l.stop()
	<-l.gone
	return nil
}
