package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Far is a process that holds the far ends of thousands of connections, so that the server's figures are its own
// and each side has the open files of a process.
type Far struct {
	proc *process
}

// farOrder is one line on a far process's standard input; each gets a farAnswer.
type farOrder struct {
	Do      string // the methods of Far
	Addr    string // of the server's line listener
	Lines   []farLine
	Dialers int // connections being opened at a time
	Count   int
	Flood   floodOrder
}

type farLine struct {
	Lot  charge.LotID
	Ckey string
}

// farAnswer is how the far ends stand.
type farAnswer struct {
	Up    int           // lines logged in
	Lost  int           // lines that were lost since the last order
	Open  int           // connections without login that the server keeps
	Took  time.Duration // of the order
	Flood floodCount
	Error string
}

// farFrom is where far ends dial from: outgoing ports of one address are few.
func farFrom() []net.IP {
	var from []net.IP
	for n := range 16 {
		from = append(from, net.IPv4(127, 0, 1, byte(n+1)))
	}
	return from
}

// Far starts a far process.
func (r *Rig) Far(ctx context.Context) (*Far, error) {
	var ready struct{ Ready bool }
	p, err := start(ctx, r.Exe, []string{"bench", "far"}, nil, &ready)
	return &Far{p}, err
}

// Lines logs lines in and keeps them up; lines that were up before are cut at once.
func (f *Far) Lines(addr string, lots []*Lot, dialers int) (farAnswer, error) {
	o := farOrder{Do: "lines", Addr: addr, Dialers: dialers}
	for _, l := range lots {
		o.Lines = append(o.Lines, farLine{l.ID, l.Ckey})
	}
	return f.order(o)
}

// Idle opens connections that say nothing.
func (f *Far) Idle(addr string, count int) (farAnswer, error) {
	return f.order(farOrder{Do: "idle", Addr: addr, Count: count})
}

// Status says how the far ends stand.
func (f *Far) Status() (farAnswer, error) { return f.order(farOrder{Do: "status"}) }

func (f *Far) order(o farOrder) (a farAnswer, err error) {
	if err := f.proc.tell(o); err != nil {
		return a, fmt.Errorf("the far process is gone: %w%s", err, f.proc.tail.said())
	}
	if err := f.proc.next(&a); err != nil {
		return a, fmt.Errorf("the far process: %w%s", err, f.proc.tail.said())
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// Close ends the process and with it every connection.
func (f *Far) Close() { f.proc.kill() }

// farEnds is what a far process holds.
type farEnds struct {
	sink *play.LineSink
	open atomic.Int64
}

// RunFar is the far process: it carries out orders until its input ends.
func RunFar(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &farEnds{}
	say := json.NewEncoder(out)
	if err := say.Encode(map[string]bool{"ready": true}); err != nil {
		return err
	}
	for orders := json.NewDecoder(in); ; {
		var o farOrder
		if err := orders.Decode(&o); err != nil {
			return nil // the giver of the orders is done
		}
		begin := time.Now()
		a := farAnswer{}
		err := e.carryOut(ctx, o, &a)
		a.Open, a.Took = int(e.open.Load()), time.Since(begin)
		if e.sink != nil {
			a.Up, a.Lost = e.sink.Up(), e.sink.Lost()
		}
		if err != nil {
			a.Error = err.Error()
		}
		if err := say.Encode(a); err != nil {
			return err
		}
	}
}

func (e *farEnds) carryOut(ctx context.Context, o farOrder, a *farAnswer) error {
	switch o.Do {
	case "flood":
		a.Flood = flood(ctx, o.Addr, o.Flood)
		return nil
	case "lines":
		return e.lines(ctx, o)
	case "idle":
		return e.idle(ctx, o)
	case "status":
		return nil
	}
	return fmt.Errorf("no order is called %q", o.Do)
}

// allUpWithin bounds how long lines may take to be up.
const allUpWithin = 2 * time.Minute

func (e *farEnds) lines(ctx context.Context, o farOrder) error {
	if e.sink != nil {
		e.sink.Close()
	}
	cfg := play.LineSinkConfig{Addr: o.Addr, From: farFrom(), Dialers: cmp.Or(o.Dialers, 64), Redial: true}
	for _, l := range o.Lines {
		cfg.Lines = append(cfg.Lines, play.LineKey{Lot: l.Lot, Ckey: l.Ckey})
	}
	var err error
	if e.sink, err = play.OpenLineSink(ctx, cfg); err != nil {
		return err
	}
	for over := time.Now().Add(allUpWithin); e.sink.Up() < len(o.Lines); wait(ctx, 5*time.Millisecond) {
		if time.Now().After(over) || ctx.Err() != nil {
			return fmt.Errorf("%d of %d lines are up after %s", e.sink.Up(), len(o.Lines), allUpWithin)
		}
	}
	return nil
}

// idle opens connections and waits on each until the server closes it.
func (e *farEnds) idle(ctx context.Context, o farOrder) error {
	from := farFrom()
	numbers := make([]int, o.Count)
	for i := range numbers {
		numbers[i] = i
	}
	return parallel(64, numbers, func(i int) error {
		d := net.Dialer{Timeout: 30 * time.Second, LocalAddr: &net.TCPAddr{IP: from[i%len(from)]}}
		conn, err := d.DialContext(ctx, "tcp", o.Addr)
		if err != nil {
			return err
		}
		e.open.Add(1)
		go func() {
			defer e.open.Add(-1)
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 1)) // ends with the connection
		}()
		return nil
	})
}
