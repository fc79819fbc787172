package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

// TestSign holds the signature against the printed example of https://github.com/standard-webhooks/standard-webhooks
// (libraries/go/webhook_test.go).
func TestSign(t *testing.T) {
	k, err := key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign(k, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature is %s, want %s", got, want)
	}
}

// TestRest lets a target rest that has failed five times, with one try at a time after it, and nothing else.
func TestRest(t *testing.T) {
	var fails atomic.Bool
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if fails.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	now := time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
	var log strings.Builder
	h := New(outbound.NewClient(outbound.Options{}), func() time.Time { return now },
		slog.New(slog.NewTextHandler(&log, nil)))
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	h.SetTargets([]Target{{Name: "erp", URL: server.URL + "/secret-path", Secret: "invented-secret-77", Allow: allow},
		{Name: "shut", URL: server.URL, Secret: "invented-secret-77", On: []charge.State{charge.StateUsed}}})
	post := func(want string) {
		t.Helper()
		err := h.Post(t.Context(), "erp", 7, "{}")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("post: %v, want %q", err, want)
		}
	}
	fails.Store(true)
	for range 5 {
		post("HTTP 502")
	}
	post("left alone")
	now = now.Add(5 * time.Second)
	post("HTTP 502")
	post("left alone")
	now = now.Add(10 * time.Second)
	fails.Store(false)
	post("")
	post("")
	if asked.Load() != 8 {
		t.Errorf("the server was asked %d times, want 8", asked.Load())
	}
	if got := log.String(); strings.Count(got, "\n") != 2 || strings.Contains(got, "secret") ||
		strings.Contains(got, server.URL) {
		t.Errorf("log:\n%s", got)
	}
	var refused *outbound.Refused
	if err := h.Post(t.Context(), "shut", 8, "{}"); !errors.As(err, &refused) {
		t.Errorf("an address that is not allowed: %v", err)
	}
	if err := h.Post(t.Context(), "gone", 9, "{}"); err == nil {
		t.Error("a message to nobody was taken")
	}
	if got := h.Hearing(charge.StateVoided); len(got) != 1 || got[0] != "erp" {
		t.Errorf("%q hear of voided", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Post(ended, "erp", 10, "{}"); err == nil {
		t.Error("a post without time was taken")
	}
}

// TestSecurityReceiversLeadNowhere: a receiver that redirects is not followed, and neither an address of the house nor
// a name that leads there is dialled unless allow_to names it.
func TestSecurityReceiversLeadNowhere(t *testing.T) {
	var inside atomic.Int32
	house := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer house.Close()
	leads := httptest.NewServer(http.RedirectHandler(house.URL, http.StatusTemporaryRedirect))
	defer leads.Close()
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	const secret = "invented-secret-77"
	byName := strings.Replace(house.URL, "http://127.0.0.1", "https://localhost", 1)
	h := New(outbound.NewClient(outbound.Options{}), time.Now, slog.New(slog.DiscardHandler))
	h.SetTargets([]Target{{Name: "leads", URL: leads.URL, Secret: secret, Allow: allow},
		{Name: "name", URL: byName, Secret: secret}, {Name: "house", URL: house.URL, Secret: secret}})
	for name, want := range map[string]string{"leads": "HTTP 307", "name": "is not dialled", "house": "is not dialled"} {
		if err := h.Post(t.Context(), name, 1, "{}"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if n := inside.Load(); n > 0 {
		t.Errorf("the house was asked %d times", n)
	}
	for _, url := range []string{"https://169.254.169.254/latest", "https://10.0.0.1/", "https://[fd00:ec2::254]/",
		"https://100.100.100.200/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "http://hooks.example/"} {
		if err := (Target{Name: "t", URL: url, Secret: secret}).Check(); err == nil {
			t.Errorf("%s is taken", url)
		}
	}
}
