package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store"
)

// TestLastUseOfKeys rotates a key: staff see when the former one was last used, also after a restart, and never
// the keys themselves.
func TestLastUseOfKeys(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	former := w.player("xiaoju", s.Addresses().HTTP)
	key := secret(16)
	w.accounts[0]["old_keys"] = object{"sign_key": former.Keys["sign_key"],
		"until": time.Now().Add(time.Hour).Format(time.RFC3339)}
	w.accounts[0]["keys"] = object{"sign_key": key}
	s.apply(w.estate())
	type account struct {
		Account  string
		Keys     []struct{ Name, Value string }
		LastUsed struct{ Current, Former *time.Time } `json:"last_used"`
	}
	look := func(s *site) account {
		t.Helper()
		var page struct{ Items []account }
		s.office().must(t, http.MethodGet, "/api/v1/accounts", nil, &page)
		if len(page.Items) != 1 {
			t.Fatalf("%d accounts", len(page.Items))
		}
		return page.Items[0]
	}
	before := time.Now().Add(-time.Second)
	if a := look(s); a.LastUsed.Current != nil || a.LastUsed.Former != nil {
		t.Errorf("before any push: %+v", a.LastUsed)
	}
	if e, err := former.Send(t.Context(), pushFor(id, "京C00002", ""), play.Options{}); err != nil || !e.Delivered() {
		t.Fatalf("push with the former key: %v", err)
	}
	if a := look(s); a.LastUsed.Current != nil || a.LastUsed.Former == nil || a.LastUsed.Former.Before(before) {
		t.Errorf("after a push with the former key: %+v", a.LastUsed)
	}
	next := &play.Player{BaseURL: former.BaseURL, Platform: "xiaoju", Keys: play.Keys{"sign_key": key}}
	if e, err := next.Send(t.Context(), pushFor(id, "京C00003", ""), play.Options{}); err != nil || !e.Delivered() {
		t.Fatalf("push with the new key: %v", err)
	}
	told := look(s)
	if told.LastUsed.Current == nil || told.Keys[0].Name != "sign_key" || strings.Contains(told.Keys[0].Value, key[:4]) {
		t.Errorf("after a push with the new key: %+v", told)
	}
	s.Stop(10 * time.Second)
	if again := look(serve(t, cfg)); again.LastUsed.Former == nil || !again.LastUsed.Former.Equal(*told.LastUsed.Former) {
		t.Errorf("after a restart: %+v, before it %+v", again.LastUsed, told.LastUsed)
	}
}

func TestLastUsesOfTwoNodesMeet(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{DataDir: t.TempDir(), Node: "n"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, two := newKeyUses(s), newKeyUses(s)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	one.opened("a", 0, at)
	one.opened("a", 1, at.Add(time.Minute))
	two.opened("a", 0, at.Add(time.Hour))
	two.opened("a", 1, at)
	for range 2 {
		for _, k := range []*keyUses{one, two} {
			if err := k.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, k := range []*keyUses{one, two} {
		if use := k.KeyUse("a"); !use.Current.Equal(at.Add(time.Hour)) || !use.Former.Equal(at.Add(time.Minute)) {
			t.Errorf("a node knows %+v, want the latest of both", use)
		}
	}
	said, err := formerKeys(t.Context(), s)
	if err != nil || said.Detail != "opened pushes: a last at 2026-03-01T00:01:00Z" {
		t.Errorf("verify says %+v, %v", said, err)
	}
}
