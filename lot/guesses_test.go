package lot

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// guarded is a handler behind the bounds for strangers: the body "right" bears the right key, each other one is the
// lot whose key is wrong.
func guarded() http.Handler {
	s := NewStrangers(func(r *http.Request) netip.Addr {
		at, _ := netip.ParseAddrPort(r.RemoteAddr)
		return at.Addr()
	}, 1e6, time.Now, slog.New(slog.DiscardHandler))
	return s.Guard(Handle(func(ctx context.Context, body []byte) any {
		if string(body) == "right" {
			return Reply{State: 1}
		}
		WrongKey(ctx, charge.LotID{Union: "1", Park: string(body)})
		return Reply{ErrMsg: RefusedSign}
	}))
}

// waited is how long an answer takes, or negative where none leaves.
func waited(ctx context.Context, h http.Handler, from, body string) (took time.Duration) {
	begin := time.Now()
	defer func() {
		if recover() == http.ErrAbortHandler {
			took = -1
		}
	}()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.RemoteAddr = from
	h.ServeHTTP(httptest.NewRecorder(), r)
	return time.Since(begin)
}

// TestSecurityWrongKeysAreSlowed: two wrong keys a second of one network for one lot are answered at once and the next
// ones late, to who hangs up too; many at a time wait longer, and of very many most are not answered. A right key,
// another lot and another network do not wait.
func TestSecurityWrongKeysAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := guarded()
		const a, b, c = "198.51.100.1:1", "198.51.100.2:1", "198.51.100.3:1"
		for i, want := range []time.Duration{0, 0, slowFor} {
			if got := waited(t.Context(), h, a, "7"); got != want {
				t.Errorf("wrong key %d waits %v, want %v", i, got, want)
			}
		}
		var all sync.WaitGroup
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		var mu sync.Mutex
		var longest time.Duration
		dropped := 0
		for range 512 {
			all.Go(func() {
				took := waited(gone, h, c, "7")
				mu.Lock()
				defer mu.Unlock()
				if longest = max(longest, took); took < 0 {
					dropped++
				}
			})
		}
		synctest.Wait()
		for what, other := range map[string][2]string{"a right key": {c, "right"}, "another lot": {c, "8"},
			"another network": {b, "7"}} {
			if got := waited(t.Context(), h, other[0], other[1]); got != 0 {
				t.Errorf("%s waits %v", what, got)
			}
		}
		all.Wait()
		if longest != slowMost*slowFor {
			t.Errorf("512 at a time wait %v, want %v", longest, slowMost*slowFor)
		}
		if want := 512 - wrongPerS - heldMost; dropped != want {
			t.Errorf("%d of 512 at a time are not answered, want %d", dropped, want)
		}
	})
}
