package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/webhook"
)

// receiver keeps what is posted to it.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	posts []post
}

type post struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts = append(r.posts, post{q.Header, body})
	}))
	t.Cleanup(r.Close)
	return r
}

// wait returns the posts, in the order of their ids, once there are so many.
func (r *receiver) wait(t *testing.T, n int) []post {
	t.Helper()
	var got []post
	eventually(t, 10*time.Second, func() string {
		r.mu.Lock()
		defer r.mu.Unlock()
		if got = slices.Clone(r.posts); len(got) < n {
			return fmt.Sprintf("%d messages came, want %d", len(got), n)
		}
		return ""
	})
	slices.SortFunc(got, func(a, b post) int {
		return cmp.Compare(a.header.Get("Webhook-Id"), b.header.Get("Webhook-Id"))
	})
	return got
}

// verified runs the example script over a message.
func (p post) verified(t *testing.T, secret string, body []byte) error {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "../docs/examples/webhook-verify.sh", p.header.Get("Webhook-Id"),
		p.header.Get("Webhook-Timestamp"), p.header.Get("Webhook-Signature"))
	c.Stdin, c.Env = bytes.NewReader(body), append(os.Environ(), "WEBHOOK_SECRET="+secret)
	out, err := c.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// testWebhooks lets two addresses hear of a charge, each by its own settings.
func testWebhooks(t *testing.T, cfg Config) {
	every, some := newReceiver(t), newReceiver(t)
	plain, encoded := secret(16), "whsec_"+"aW52ZW50ZWQtd2ViaG9vay1zZWNyZXQtb2YtdGVzdHM="
	cfg.Webhooks = []WebhookConfig{
		{Name: "every", URL: every.URL, Secret: plain, AllowTo: []string{"127.0.0.1/32"}},
		{Name: "some", URL: some.URL, Secret: encoded, AllowTo: []string{"127.0.0.0/8"}, On: []string{"voided"},
			Plates: "full"},
		{Name: "gone", URL: "http://127.0.0.1:1/", Secret: plain, AllowTo: []string{"127.0.0.1/32"}},
	}
	s := serve(t, cfg)
	s.secrets = append(s.secrets, plain, encoded)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	s.apply(w.estate())
	push := pushFor(id, "京W54321", "")
	accepted(t, w.player("telaidian", s.Addresses().HTTP), push)
	c := s.office().settled(t, push.Order, charge.StateSending)
	s.office().must(t, http.MethodPost, "/api/v1/charges/"+c.ID+"/void", []byte(`{"reason":"a test"}`), nil)

	posts := every.wait(t, 2)
	for i, want := range []struct {
		from          *charge.State
		state, reason string
	}{{nil, "sending", "line_off"}, {new(charge.StateSending), "voided", "voided_by_user"}} {
		p := posts[i]
		var m webhook.Message
		if err := json.Unmarshal(p.body, &m); err != nil {
			t.Fatal(err)
		}
		if from := (*charge.State)(m.From); (from == nil) != (want.from == nil) || from != nil && *from != *want.from ||
			m.Charge.State != want.state || m.Charge.Reason != want.reason || m.Charge.ID != c.ID ||
			m.Charge.Plate != "京W***21" || m.ID != p.header.Get("Webhook-Id") {
			t.Errorf("message %d: %s", i, p.body)
		}
		if err := p.verified(t, plain, p.body); err != nil {
			t.Errorf("message %d: %v", i, err)
		}
		if p.verified(t, plain, append(p.body, ' ')) == nil || p.verified(t, encoded, p.body) == nil {
			t.Error("a changed message, or one under another secret, is verified")
		}
		if err := document.Load().CheckWebhook(p.body); err != nil {
			t.Error(err)
		}
	}
	only := some.wait(t, 1)[0]
	if !bytes.Contains(only.body, []byte(`"state":"voided"`)) || !bytes.Contains(only.body, []byte("京W54321")) {
		t.Errorf("the other hears %s", only.body)
	}
	if err := only.verified(t, encoded, only.body); err != nil {
		t.Error(err)
	}
	type queue struct {
		Name, Error string
		Waiting     int64
	}
	var queues struct{ Items []queue }
	eventually(t, 10*time.Second, func() string {
		s.office().must(t, http.MethodGet, "/api/v1/webhooks", nil, &queues)
		if len(queues.Items) != 3 || queues.Items[2].Name != "gone" || queues.Items[2].Waiting != 2 ||
			!strings.Contains(queues.Items[2].Error, "refused") {
			return fmt.Sprintf("webhooks are %+v", queues.Items)
		}
		return ""
	})
	var messages struct{ Items []struct{ Charge string } }
	s.office().must(t, http.MethodGet, "/api/v1/webhooks/gone/messages", nil, &messages)
	var done struct{ Resent int64 }
	s.office().must(t, http.MethodPost, "/api/v1/webhooks/gone/resend", nil, &done)
	if len(messages.Items) != 2 || messages.Items[0].Charge != c.ID || done.Resent != 2 {
		t.Errorf("messages %+v, %d sent again", messages.Items, done.Resent)
	}
	if got := waitingPosts(t, s.App); got["gone"] != 2 || got["every"] != 0 || len(got) != 3 {
		t.Errorf("the metrics say that %v wait", got)
	}
	next := cfg
	next.Webhooks = nil
	if taken, _, err := s.Reload(context.Background(), next); err != nil || !slices.Contains(taken, "webhooks") {
		t.Errorf("reload: %v, %v", taken, err)
	}
	if names := s.webhooks.Hearing(charge.StateUsed); names != nil {
		t.Errorf("%v still hear", names)
	}
}

// waitingPosts is how many messages wait by webhook, as a scrape of now says.
func waitingPosts(t *testing.T, a *App) map[string]float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(&gauges{app: a, now: a.clock.Now})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	waiting := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "chargestamp_webhook_waiting" {
			continue
		}
		for _, m := range f.GetMetric() {
			waiting[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	return waiting
}

func TestWrongWebhooks(t *testing.T) {
	good := WebhookConfig{Name: "erp", URL: "https://erp.example.com/x", Secret: "invented-secret-77"}
	for _, tc := range []struct {
		change func(*WebhookConfig)
		want   string
	}{
		{func(c *WebhookConfig) { c.Name = "" }, "name is missing"},
		{func(c *WebhookConfig) { c.Name = "200461/1" }, "small letters"},
		{func(c *WebhookConfig) { c.URL = "http://erp.example.com" }, "write https://"},
		{func(c *WebhookConfig) { c.URL = "http://198.51.100.7/" }, "documentation"},
		{func(c *WebhookConfig) { c.URL = "https://127.0.0.1/" }, "a loopback address"},
		{func(c *WebhookConfig) { c.URL = "https://[::1]/" }, "a loopback address"},
		{func(c *WebhookConfig) { c.URL = "ftp://erp.example.com" }, "not an https address"},
		{func(c *WebhookConfig) { c.Secret = "short" }, "shorter than 16 bytes"},
		{func(c *WebhookConfig) { c.Secret = "whsec_!" }, "not Base64"},
		{func(c *WebhookConfig) { c.On = []string{"gone"} }, `"gone" is none of`},
		{func(c *WebhookConfig) { c.Plates = "half" }, "neither masked nor full"},
		{func(c *WebhookConfig) { c.AllowTo = []string{"10"} }, "allow_to"},
	} {
		c := good
		tc.change(&c)
		cfg := Defaults()
		cfg.Webhooks = []WebhookConfig{c}
		err := cfg.Validate()
		if err == nil || !strings.Contains(err.Error(), "webhooks[0]: ") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%+v: %v, want %q", c, err, tc.want)
		}
	}
	cfg := Defaults()
	cfg.Webhooks = []WebhookConfig{good, good}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "is used twice") {
		t.Errorf("two of one name: %v", err)
	}
	if shown := fmt.Sprintf("%+v", cfg.Shown()); strings.Contains(shown, good.Secret) || strings.Contains(shown, "/x") {
		t.Errorf("config show prints secrets: %s", shown)
	}
}
