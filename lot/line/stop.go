package line

import (
	"context"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// sweepEvery is how exactly deadlines are kept. One sweeper serves all lines: timers of their own would be
// thousands.
const sweepEvery = 250 * time.Millisecond

func (s *Server) sweeper() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			s.asks.late(s.cfg.Now())
			if n%4 == 0 {
				s.sweep()
			}
		case <-s.stopped:
			return
		}
	}
}

// sweep does everything that a deadline asks for.
func (s *Server) sweep() {
	now := s.cfg.Now()
	s.asks.late(now)
	for _, c := range s.open() {
		if why := c.overdue(now); why != "" {
			if why != "silent" {
				s.refuse(c.remote, why)
			}
			c.close(why)
		}
	}
	for _, n := range s.sessions.all() {
		if n.box == nil {
			continue
		}
		if n.box.expire(now) {
			n.beat.Store(now.UnixMilli())
		} else if now.Sub(time.UnixMilli(n.beat.Load())) >= s.cfg.OfflineAfter {
			s.end(n)
		}
	}
	s.book.nudge()
}

func (s *Server) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		open = append(open, c)
	}
	return open
}

// drainWait is how long Shutdown waits for answers that are due. What is not answered by then is asked again,
// with the same uuid, by whichever node the lot logs in to.
const drainWait = 2 * time.Second

// Shutdown takes no more, waits a moment for answers that are due, closes every line and waits for what is
// being handled. It gives ctx's error where that takes too long. It may be called twice.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop.Do(func() { s.shutdown(ctx) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
		s.cancel()
		<-s.bookDone
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.cancel() // what is being handled is told to stop
		return ctx.Err()
	}
}

func (s *Server) shutdown(ctx context.Context) {
	s.mu.Lock()
	s.stopping.Store(true)
	for l := range s.listeners {
		_ = l.Close() // it only stops Accept
	}
	s.mu.Unlock()
	s.drain(ctx)
	for _, n := range s.sessions.all() {
		s.end(n)
	}
	for _, c := range s.open() {
		c.close("shutdown")
	}
	close(s.stopped)
}

func (s *Server) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainWait)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.asks.count() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// refuse counts something that was dropped or refused, and logs it now and then: one line for each reason in ten
// seconds, however many there are.
func (s *Server) refuse(remote, reason string) {
	s.cfg.Metrics.Refused(reason)
	if n := s.noise.allow(reason, s.cfg.Now()); n > 0 {
		s.log.Warn("line refused", "reason", reason, "remote", remote, "count", n)
	}
}

const noiseSpan = 10 * time.Second

// noise holds back repeated log lines.
type noise struct {
	mu    sync.Mutex
	last  map[string]time.Time
	count map[string]int
}

// allow gives how many there have been since the last line, or 0 for no line now.
func (o *noise) allow(reason string, now time.Time) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil {
		o.last, o.count = make(map[string]time.Time), make(map[string]int)
	}
	o.count[reason]++
	if last, ok := o.last[reason]; ok && now.Sub(last) < noiseSpan {
		return 0
	}
	n := o.count[reason]
	o.last[reason], o.count[reason] = now, 0
	return n
}

// rate lets so many through for each lot in each second.
type rate struct {
	perSecond int
	mu        sync.Mutex
	second    int64
	counts    map[charge.LotID]int
}

func (r *rate) allow(id charge.LotID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if second := now.Unix(); second != r.second || r.counts == nil {
		r.second, r.counts = second, make(map[charge.LotID]int)
	}
	r.counts[id]++
	return r.counts[id] <= r.perSecond
}
