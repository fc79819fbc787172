package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Books are the lots' own books by lot.
type Books map[charge.LotID][]play.Applied

// Ends are the far ends of a site's lots, one of its own for each lot.
type Ends struct {
	site  *Site
	lines map[charge.LotID]*play.LineSink
	calls map[charge.LotID]*call
	gates map[charge.LotID]*gate

	coupons map[charge.LotID]*play.CouponLot
}

// gate is a 4G lot with the cars that have been let in.
type gate struct {
	lot    *play.GateLot
	mu     sync.Mutex
	visits map[string]play.Visit // by plate
	out    map[string]play.Quote // what the exits came to that were answered, by plate
}

// mostCalls is how many clouds listen at most; lots beyond share them, as lots of one vendor do.
const mostCalls = 100

// OpenCalls lets every API lot listen; the site's estate can be written then.
func OpenCalls(site *Site, slow time.Duration) (*Ends, error) {
	e := &Ends{site: site, lines: map[charge.LotID]*play.LineSink{}, calls: map[charge.LotID]*call{},
		gates: map[charge.LotID]*gate{}}
	lots := site.Of(charge.KindAPI)
	for i, l := range lots {
		if i >= mostCalls {
			l.Callback = lots[i%mostCalls].Callback
			continue
		}
		c, err := openCall(site.Ukey, slow)
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		e.calls[l.ID] = c
		l.Callback = c.url
	}
	return e, nil
}

// OpenLines logs every SDK lot in at a server and keeps it so.
func (e *Ends) OpenLines(ctx context.Context, addr string) error {
	for _, l := range e.site.Of(charge.KindSDK) {
		sink, err := play.OpenLineSink(ctx, play.LineSinkConfig{Addr: addr, Redial: true,
			Lines: []play.LineKey{{Lot: l.ID, Ckey: l.Ckey}}})
		if err != nil {
			return err
		}
		e.lines[l.ID] = sink
		for over := time.Now().Add(20 * time.Second); sink.Up() == 0; wait(ctx, 10*time.Millisecond) {
			if time.Now().After(over) || ctx.Err() != nil {
				return fmt.Errorf("the line of %s does not come up", l.ID)
			}
		}
	}
	return nil
}

// OpenGates opens the 4G lots' gates.
func (e *Ends) OpenGates(server string) error {
	for _, l := range e.site.Of(charge.Kind4G) {
		g := &gate{lot: play.NewGateLot(play.GateConfig{Lot: l.ID, Ckey: l.Ckey, Server: "http://" + server}),
			visits: map[string]play.Visit{}, out: map[string]play.Quote{}}
		if err := g.lot.Start(); err != nil {
			return err
		}
		e.gates[l.ID] = g
	}
	return nil
}

// LetIn lets a car into a 4G lot, three hours ago.
func (e *Ends) LetIn(ctx context.Context, lot charge.LotID, p charge.Plate) error {
	g := e.gates[lot]
	v, err := g.lot.Enter(ctx, p, time.Now().Add(-3*time.Hour))
	if err != nil {
		return fmt.Errorf("letting a car into %s: %w", lot, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.visits[p.Full()] = v
	return nil
}

// LetOut reports a car's exit, with the same words each time.
func (e *Ends) LetOut(ctx context.Context, lot charge.LotID, p charge.Plate) error {
	g := e.gates[lot]
	g.mu.Lock()
	v, text := g.visits[p.Full()], p.Full()
	if v.Out.IsZero() {
		v.Out = time.Now()
		g.visits[text] = v
	}
	g.mu.Unlock()
	q, err := g.lot.Leave(ctx, v, v.Out, 0)
	if err != nil {
		return fmt.Errorf("letting a car out of %s: %w", lot, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out[text] = q
	return nil
}

// InFlight counts the callbacks that were heard and are not answered yet.
func (e *Ends) InFlight() int {
	n := 0
	for _, c := range e.calls {
		n += int(c.open.Load())
	}
	return n
}

// Books reads every lot's own book; a book that lots share is the first one's. A 4G lot's is what its gate is quoted
// for each car inside, and was answered for each that has left. want names the charge that each plate in a 4G or coupon
// lot was for.
func (e *Ends) Books(ctx context.Context, want map[string]string) (Books, error) {
	books := Books{}
	for id, s := range e.lines {
		books[id] = s.Book().Rows()
	}
	for id, c := range e.calls {
		books[id] = c.sink.Book().Rows()
	}
	e.couponBooks(books, want)
	for id, g := range e.gates {
		for text, v := range g.visits {
			order, pushed := want[text]
			if !pushed {
				continue
			}
			q, left := g.out[text]
			if !left {
				var err error
				if q, err = g.lot.Quote(ctx, v.Plate, time.Now()); err != nil {
					return nil, fmt.Errorf("asking the gate of %s for a price: %w", id, err)
				}
			}
			if times := int(q.DerateDuration / granted); times > 0 {
				books[id] = append(books[id], play.Applied{ID: v.OrderID, Charge: order, Plate: text, Message: charge.MessageLedger,
					Method: charge.MethodTime, Minutes: q.DerateDuration, Heard: 1, Applied: times})
			}
		}
	}
	return books, nil
}

// Close closes all far ends.
func (e *Ends) Close() error {
	var errs []error
	for _, s := range e.lines {
		s.Close()
	}
	for _, c := range e.calls {
		errs = append(errs, c.close())
	}
	for _, g := range e.gates {
		errs = append(errs, g.lot.Stop())
	}
	for _, c := range e.coupons {
		errs = append(errs, c.Stop())
	}
	return errors.Join(errs...)
}

// call is an API lot's cloud.
type call struct {
	url    string
	sink   *play.CallbackSink
	open   atomic.Int64
	slow   time.Duration
	server *http.Server
}

// openCall listens. A slow cloud books at once and answers some time later: a server that is killed meanwhile
// does not know that it was heard.
func openCall(ukey string, slow time.Duration) (*call, error) {
	sink, err := play.OpenCallbackSink("127.0.0.1:0", ukey)
	if err != nil {
		return nil, err
	}
	c := &call{url: sink.URL(), sink: sink, slow: slow}
	if slow == 0 {
		return c, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, sink.Close())
	}
	c.url = "http://" + l.Addr().String() + "/bolink"
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.server.Serve(l) }() // ends by close
	return c, nil
}

// ServeHTTP takes a callback, slowly. What the sink writes leaves when this returns.
func (c *call) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.open.Add(1)
	defer c.open.Add(-1)
	c.sink.ServeHTTP(w, r)
	select {
	case <-time.After(c.slow):
	case <-r.Context().Done():
	}
}

func (c *call) close() error {
	err := c.sink.Close()
	if c.server != nil {
		err = errors.Join(err, c.server.Close())
	}
	return err
}
