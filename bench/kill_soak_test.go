//go:build soak

package bench

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

// A server that loses its data at the kill must be found out.
func TestKillFindsLoss(t *testing.T) {
	cfg := small(t)
	rig := newRig(t)
	k, err := rig.newKillRun(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	k.server.env = append(k.server.env, forgets+"=1")
	row := KillRound{}
	// Its estate is gone as well: nothing is accepted any more.
	if err := k.underLoad(t.Context(), 1, &row); err != nil {
		t.Fatal(err)
	}
	if err := k.server.Apply(t.Context(), k.site.Estate()); err != nil {
		t.Fatal(err)
	}
	if err := k.pushAgain(t.Context(), &row); err != nil {
		t.Fatal(err)
	}
	v, err := k.judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if v.Lost == 0 {
		t.Errorf("a server that forgot everything passed: %+v", v)
	}
}

// A lot that applies a reduction twice must be found out.
func TestKillFindsDoubles(t *testing.T) {
	cfg := small(t)
	cfg.Change = func(k *KillRun) {
		for _, c := range k.ends.calls {
			honest := c.server.Handler
			c.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				// The charge comes under another id than its own, and once more under its own.
				body := readAll(t, r)
				twin := r.Clone(r.Context())
				twin.Header.Set("Idempotency-Key", "twin-"+r.Header.Get("Idempotency-Key"))
				twin.Body, r.Body = body(), body()
				honest.ServeHTTP(discard{}, twin)
				honest.ServeHTTP(w, r)
			})
		}
	}
	rounds, err := newRig(t).Kill(t.Context(), cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := rounds[0]; r.OK() || r.Doubled == 0 {
		t.Errorf("lots that booked everything twice passed: %+v", r)
	}
}

// readAll reads a request's body and returns it as often as wanted.
func readAll(t *testing.T, r *http.Request) func() io.ReadCloser {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return func() io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
}

// discard is an answer that is not read.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
