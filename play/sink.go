package play

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// LineKey is one lot that a sink holds a line for.
type LineKey struct {
	Lot     charge.LotID
	Ckey    string
	LocalID string // default "sink"
}

// LineSinkConfig describes lines in bulk.
type LineSinkConfig struct {
	Addr    string // the gateway's line listener
	Lines   []LineKey
	From    []net.IP      // local addresses to dial from, in turn; ports of one address are limited
	Beat    time.Duration // between heartbeats; 0 is 30 s
	Dialers int           // connections being opened at a time; 0 is 64
	// Redial keeps every line up: it is dialled again 100 ms after it was lost.
	Redial bool
}

// LineSink holds many bare lines that acknowledge every reduction and book it. It keeps no stays: lots with
// stays "none", or "auto" that never reported one.
type LineSink struct {
	cfg  LineSinkConfig
	book *Book
	up   atomic.Int64
	lost atomic.Int64
	stop context.CancelFunc
	done sync.WaitGroup
}

// OpenLineSink dials and logs in all lines, and returns the sink once each has been tried. Lines that could
// not log in make an error unless the sink redials.
func OpenLineSink(ctx context.Context, cfg LineSinkConfig) (*LineSink, error) {
	cfg.Beat, cfg.Dialers = cmp.Or(cfg.Beat, 30*time.Second), cmp.Or(cfg.Dialers, 64)
	ctx, stop := context.WithCancel(ctx)
	s := &LineSink{cfg: cfg, book: NewBook(), stop: stop}
	slots := make(chan struct{}, cfg.Dialers)
	tried := make(chan error, len(cfg.Lines))
	for i, key := range cfg.Lines {
		s.done.Go(func() { s.keep(ctx, i, key, slots, tried) })
	}
	var errs []error
	for range cfg.Lines {
		if err := <-tried; err != nil && len(errs) < 3 {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 && !cfg.Redial {
		s.Close()
		return nil, fmt.Errorf("%d of %d lines are up: %w", s.Up(), len(cfg.Lines), errors.Join(errs...))
	}
	return s, nil
}

// Book is what the lines received; a row's OrderID is as reported.
func (s *LineSink) Book() *Book { return s.book }

// Up is how many lines are logged in.
func (s *LineSink) Up() int { return int(s.up.Load()) }

// Lost is how many lines were lost after they had been up.
func (s *LineSink) Lost() int { return int(s.lost.Load()) }

// Close cuts all lines.
func (s *LineSink) Close() {
	s.stop()
	s.done.Wait()
}

// keep holds one line; the first try is reported.
func (s *LineSink) keep(ctx context.Context, i int, key LineKey, slots chan struct{}, tried chan<- error) {
	for first := true; ; first = false {
		slots <- struct{}{}
		w, err := s.dial(ctx, i, key)
		<-slots
		if first {
			tried <- err
		}
		if err == nil {
			s.up.Add(1)
			s.hear(ctx, w)
			s.up.Add(-1)
			s.lost.Add(1)
		}
		if !s.cfg.Redial {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *LineSink) dial(ctx context.Context, i int, key LineKey) (*wire, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var d net.Dialer
	if n := len(s.cfg.From); n > 0 {
		d.LocalAddr = &net.TCPAddr{IP: s.cfg.From[i%n]}
	}
	w, err := dialWire(ctx, d, s.cfg.Addr, key.Ckey)
	if err != nil {
		return nil, err
	}
	err = w.login(ctx, lineID{key.Lot, cmp.Or(key.LocalID, "sink"), key.Ckey})
	if err != nil {
		w.conn.Close()
		return nil, err
	}
	return w, nil
}

// hear reads downlinks and acknowledges reductions until the line is lost or the sink closes.
func (s *LineSink) hear(ctx context.Context, w *wire) {
	defer w.conn.Close()
	defer context.AfterFunc(ctx, func() { w.conn.Close() })()
	gone := make(chan struct{})
	defer close(gone)
	go beats(w, s.cfg.Beat, gone)
	for {
		frame, err := w.down()
		if err != nil {
			return
		}
		var p payNotice
		if json.Unmarshal(frame, &p) != nil || p.ServiceName != "pay_notice" || p.UUID == "" {
			continue
		}
		n, err := p.notice()
		if err != nil {
			_ = w.up("pay_notice", ackOf(n.message, p.UUID, 0, err.Error()))
			continue
		}
		s.book.hear(n, time.Now())
		if w.up("pay_notice", ackOf(n.message, p.UUID, 1, "")) != nil {
			return
		}
		s.book.edit(n.id, func(row *Applied, _ bool) { row.Acked = time.Now() })
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

// hear books a reduction of a lot that keeps no stays.
func (b *Book) hear(n notice, at time.Time) {
	b.edit(n.id, func(row *Applied, fresh bool) {
		row.Heard++
		if fresh {
			row.name(n, at)
			row.Applied = 1
		}
	})
}

// CallbackSink takes 5.14 for any number of API lots of one vendor, answers state 1 and books it.
type CallbackSink struct {
	Ukey  string
	book  *Book
	stall stall
}

// OpenCallbackSink listens at an address ("127.0.0.1:0").
func OpenCallbackSink(addr, ukey string) (*CallbackSink, error) {
	s := &CallbackSink{Ukey: ukey, book: NewBook()}
	return s, s.stall.open(addr, s)
}

// URL is the callback address.
func (s *CallbackSink) URL() string { return s.stall.url + "/bolink" }

// Book is what the sink received.
func (s *CallbackSink) Book() *Book { return s.book }

// Close stops listening.
func (s *CallbackSink) Close() error { return s.stall.close() }

// ServeHTTP takes one callback.
func (s *CallbackSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	data, err := openS1(body, s.Ukey)
	var c callback
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	var n notice
	if err == nil {
		n, err = c.notice(r.Header.Get("Idempotency-Key"))
	}
	if err != nil {
		answerJSON(w, record{{"state", whole(0)}, {"errmsg", err.Error()}})
		return
	}
	now := time.Now()
	s.book.hear(n, now)
	s.book.edit(n.id, func(row *Applied, _ bool) { row.Acked = now })
	answerJSON(w, record{{"state", whole(1)}})
}
