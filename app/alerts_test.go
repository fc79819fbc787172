package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/pgtest"
	"github.com/chargestamp/chargestamp/store/storetest"
	"github.com/chargestamp/chargestamp/words"
)

// ear is a webhook that remembers what it received.
type ear struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string
}

func newEar(t *testing.T) *ear {
	e := &ear{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var said struct{ Kind, Object, State string }
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.heard = append(e.heard, said.Kind+" "+said.Object+" "+said.State)
	}))
	t.Cleanup(e.Close)
	return e
}

// take returns what was heard since the last time.
func (e *ear) take() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := e.heard
	e.heard = nil
	return heard
}

// config is a webhook of the config file.
func (e *ear) config() []AlertConfig {
	return []AlertConfig{{Name: "duty", URL: e.URL, AllowTo: []string{"127.0.0.1/32"},
		On: []string{string(alert.BadSignatures)}}}
}

// look lets nodes look at the figures at the same moment, a few times.
func look(t *testing.T, nodes ...*site) {
	t.Helper()
	var all sync.WaitGroup
	for _, s := range nodes {
		all.Go(func() {
			for range 3 {
				if err := s.alerts.Look(t.Context()); err != nil {
					t.Errorf("look: %v", err)
				}
			}
		})
	}
	all.Wait()
}

// testPairAlerts wants a site of two nodes to tell one thing once, over restarts too, and once that it is over.
func testPairAlerts(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	e, place, key := newEar(t), storetest.Postgres(pg)(t).URL, secretsKey()
	node := func() *site {
		cfg := local(t)
		cfg.Database.URL, cfg.SecretsKey, cfg.Alerts = place, key, e.config()
		return serve(t, cfg)
	}
	a, b := node(), node()
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	a.apply(w.estate())

	look(t, a, b)
	if heard := e.take(); heard != nil {
		t.Errorf("all is well, and heard: %q", heard)
	}
	p := w.player("telaidian", a.Addresses().HTTP)
	token, err := p.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range alert.DefaultLimits().Signatures {
		x, err := p.Send(t.Context(), pushFor(id, charge.Plate(fmt.Sprintf("京P%05d", i)), ""),
			play.Options{Token: token, Break: play.BreakSig})
		if err != nil || x.Delivered() {
			t.Fatalf("a push with a wrong signature: %v %+v", err, x)
		}
	}
	eventually(t, 10*time.Second, func() string {
		f, err := b.facts(t.Context(), alert.DefaultLimits().Window)
		if n := f.Signatures["telaidian"]; err != nil || n < alert.DefaultLimits().Signatures {
			return fmt.Sprintf("%d refused pushes are known, %v", n, err)
		}
		return ""
	})
	heard := func(when string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, e.take()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	look(t, a, b)
	heard("two nodes see it", "bad_signatures telaidian firing")
	a.Stop(15 * time.Second)
	a = node()
	look(t, a, b)
	heard("a node was restarted")
	a.Stop(15 * time.Second)
	b.Stop(15 * time.Second)

	conn, err := pgx.Connect(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "UPDATE push SET received = received - 3600000"); err != nil {
		t.Fatal(err)
	}
	a, b = node(), node()
	look(t, a, b)
	heard("over, and no node runs that had told it", "bad_signatures telaidian resolved")
}

// testAlertTeller lets the node die, or stand still, that is telling alerts: another takes over after its time, and the
// first changes nothing any more.
func testAlertTeller(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	cfg := storetest.Postgres(pg)(t)
	now := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	book := func(node string) *alertBook {
		cfg.Node = node
		return &alertBook{docs: storetest.Open(t, cfg), node: node, now: func() time.Time { return now }}
	}
	a, b := book("a"), book("b")
	hold := func(who *alertBook, want bool) {
		t.Helper()
		if held, err := who.Hold(t.Context()); held != want || err != nil {
			t.Errorf("%s at %s: Hold = %v, %v, want %v", who.node, now.Format(time.TimeOnly), held, err, want)
		}
	}
	told := alert.Delivered{Alert: alert.Alert{Kind: alert.DiskLow, Object: "m1", Text: words.Text{ZH: "满", EN: "full"},
		Path: "/"}, At: now}
	note := func(who *alertBook, key string, want bool) {
		t.Helper()
		if err := who.Note(t.Context(), key, &told); (err == nil) != want {
			t.Errorf("%s: Note = %v", who.node, err)
		}
	}
	free := func(who *alertBook) {
		t.Helper()
		if err := who.Free(t.Context()); err != nil {
			t.Errorf("%s: Free = %v", who.node, err)
		}
	}
	hold(a, true)
	hold(b, false)
	note(a, "duty\none", true)
	note(b, "duty\ntwo", false)
	now = now.Add(alert.HoldFor - time.Second)
	hold(b, false)
	hold(a, true) // goes on
	now = now.Add(alert.HoldFor - time.Second)
	hold(b, false)
	now = now.Add(time.Second) // a stands still
	hold(b, true)
	note(a, "duty\ntwo", false)
	hold(a, false)
	free(a)
	hold(a, false) // what a gave back was not its own
	note(b, "duty\none", true)
	free(b)
	hold(a, true)
	for _, who := range []*alertBook{a, b, book("c")} {
		got, err := who.Delivered(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]alert.Delivered{"duty\none": told}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who.node, diff)
		}
	}
	if err := a.Note(t.Context(), "duty\none", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Delivered(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("forgotten, and still there: %v, %v", got, err)
	}
}
