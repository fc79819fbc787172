package limit

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

var start = time.Unix(1_700_000_000, 0)

func TestNoise(t *testing.T) {
	var n Noise
	got := []int{}
	for _, after := range []time.Duration{0, time.Second, 2 * time.Second, 10 * time.Second, 11 * time.Second} {
		got = append(got, n.Allow("a", start.Add(after)))
	}
	if fmt.Sprint(got) != "[1 0 0 3 0]" {
		t.Errorf("lines %v", got)
	}
	lines := 0
	for i := range 100_000 {
		if n.Allow(fmt.Sprint(i), start.Add(time.Minute)) > 0 {
			lines++
		}
	}
	if lines > noiseKeys+1 || len(n.lines) > noiseKeys+1 {
		t.Errorf("%d lines, %d keys are kept", lines, len(n.lines))
	}
	for i := range noiseKeys { // each is heard again, and never after
		n.Allow(fmt.Sprint(i), start.Add(time.Minute))
	}
	later := start.Add(3 * time.Minute)
	if n.Allow("b", later) != 1 || n.Allow("c", later) != 1 {
		t.Error("keys of a flood that is over have left no room for others")
	}
}

func TestWindow(t *testing.T) {
	var w Window
	for i, want := range []bool{false, false, true} {
		if got := w.Over(start, time.Second, 2); got != want {
			t.Errorf("event %d: %v", i, got)
		}
	}
	if w.Over(start.Add(time.Second), time.Second, 2) {
		t.Error("a new span is over at once")
	}
}

// turnedAway wants a connection to be closed by the other side, soon.
func turnedAway(t *testing.T, c net.Conn, served string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: %v", served, err)
	}
}

// TestConns opens more connections than one address, one listener and all of them may have.
func TestConns(t *testing.T) {
	for _, tc := range []struct {
		name               string
		all, most, address int
		exempt             bool
		want               int
	}{
		{"by address", 100, 100, 5, false, 5},
		{"an exempt address", 100, 8, 5, true, 8},
		{"of a listener", 100, 4, 50, false, 4},
		{"in all", 3, 100, 50, false, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l := NewConns(tc.all).Listen(raw, tc.most, tc.address, func(netip.Addr) bool { return tc.exempt })
			defer l.Close()
			taken := make(chan net.Conn, 100)
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					taken <- c
				}
			}()
			dial := func() net.Conn {
				c, err := net.Dial("tcp", raw.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				return c
			}
			var held []net.Conn
			for range tc.want {
				dial()
				held = append(held, <-taken)
			}
			turnedAway(t, dial(), "one beyond the bound is served")
			held[0].Close()
			held[0].Close() // frees one place, not two
			dial()
			<-taken
			turnedAway(t, dial(), "a place was given back twice")
		})
	}
}
