package app

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// TestSecurityStaffAndHealthListenersAreBounded opens more connections than the admin and the health listener may have
// of a few open files: the surplus is closed at once, and the listener of the public still takes some.
func TestSecurityStaffAndHealthListenersAreBounded(t *testing.T) {
	const files = 64
	b := boundsFor(files, func() *[]netip.Prefix { return &[]netip.Prefix{} })
	for _, tc := range []struct {
		name  string
		bound func(net.Listener) net.Listener
		most  int
	}{{"admin", b.staff, files / partOfStaff}, {"health", b.health, files / partOfHealth}} {
		at, taken := acceptor(t, tc.bound)
		for range tc.most {
			dialFrom(t, "127.0.0.1", at)
			<-taken
		}
		surplus := dialFrom(t, "127.0.0.1", at)
		if _, err := surplus.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: one more than %d: %v", tc.name, tc.most, err)
		}
	}
	at, taken := acceptor(t, b.public)
	dialFrom(t, "127.0.0.1", at)
	select {
	case <-taken:
	case <-time.After(5 * time.Second):
		t.Error("platforms find no place")
	}
}

// acceptor listens under a bound and accepts.
func acceptor(t *testing.T, bound func(net.Listener) net.Listener) (at string, taken chan net.Conn) {
	t.Helper()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	l, taken := bound(raw), make(chan net.Conn, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			taken <- c
		}
	}()
	return raw.Addr().String(), taken
}

// TestSecurityReadyIsWorkedOutOnceASecond asks whether the node is ready from many sides at once: anybody may who
// reaches the listener, and all of them cost the disk a write or two.
func TestSecurityReadyIsWorkedOutOnceASecond(t *testing.T) {
	cfg := local(t)
	cfg.Health.Addr = "127.0.0.1:0"
	s := serve(t, cfg)
	before := s.store.Stats().Writes
	var asked sync.WaitGroup
	for range 8 {
		asked.Go(func() {
			for range 25 {
				resp, err := http.Get("http://" + s.Addresses().Health + "/readyz")
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Errorf("HTTP %d", resp.StatusCode)
				}
			}
		})
	}
	asked.Wait()
	if writes := s.store.Stats().Writes - before; writes > 50 {
		t.Errorf("200 questions cost %d writes", writes)
	}
}
