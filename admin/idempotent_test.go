package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
)

// keyed sends a write with a key.
func keyed(t *testing.T, f *fake, role guard.Role, key, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+f.tokens[role])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	serve(t, f).ServeHTTP(w, r)
	described(t, r, w)
	return w
}

// TestIdempotencyKey wants a write to be done once, whichever node is asked, and each refusal to say why.
func TestIdempotencyKey(t *testing.T) {
	f := newFake()
	const void, reason = "/charges/7001/void", `{"reason":"driver called"}`
	for _, tc := range []struct {
		name   string
		role   guard.Role
		key    string
		body   string
		status int
		done   int  // writes so far
		again  bool // the answer is an earlier one
	}{
		{"first", guard.RoleSupport, "k1", reason, 200, 1, false},
		{"again", guard.RoleSupport, "k1", reason, 200, 1, true},
		{"another request", guard.RoleSupport, "k1", `{"reason":"other"}`, 422, 1, false},
		{"another caller", guard.RoleAdmin, "k1", reason, 200, 2, false},
		{"another key", guard.RoleSupport, "k2", reason, 200, 3, false},
		{"too long", guard.RoleSupport, strings.Repeat("k", 201), reason, 422, 3, false},
		{"no right", guard.RoleViewer, "k1", reason, 403, 3, false},
	} {
		w := keyed(t, f, tc.role, tc.key, http.MethodPost, void, tc.body)
		if w.Code != tc.status || len(f.done) != tc.done || (w.Header().Get("Idempotency-Replayed") != "") != tc.again {
			t.Errorf("%s: status %d, want %d; done %v, want %d; header %v: %s", tc.name, w.Code, tc.status, f.done, tc.done,
				w.Header(), w.Body)
		}
	}
	first := keyed(t, f, guard.RoleSupport, "k3", http.MethodPost, void, reason)
	again := keyed(t, f, guard.RoleSupport, "k3", http.MethodPost, void, reason)
	if again.Body.String() != first.Body.String() {
		t.Errorf("answered %s, then %s", first.Body, again.Body)
	}
}

// TestIdempotencyKeyOfFailures frees the key of what was refused, and keeps no secret.
func TestIdempotencyKeyOfFailures(t *testing.T) {
	f := newFake()
	if w := keyed(t, f, guard.RoleAdmin, "t0", http.MethodPost, "/tokens", `{"name":"","role":"viewer"}`); w.Code != 422 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	made := keyed(t, f, guard.RoleAdmin, "t0", http.MethodPost, "/tokens", `{"name":"ci","role":"viewer"}`)
	if made.Code != http.StatusOK {
		t.Fatalf("status %d: %s", made.Code, made.Body)
	}
	again := keyed(t, f, guard.RoleAdmin, "t0", http.MethodPost, "/tokens", `{"name":"ci","role":"viewer"}`)
	if again.Code != http.StatusConflict || !strings.Contains(again.Body.String(), "not kept") {
		t.Errorf("status %d: %s", again.Code, again.Body)
	}
	for _, doc := range f.memory.docs["answer"] {
		if strings.Contains(string(doc), "token") {
			t.Errorf("kept %s", doc)
		}
	}
}

// TestSecurityAnswersOfKeysAreBounded has one caller send many keys and long answers: the first key of another caller
// still counts, and what is kept of answers stays small.
func TestSecurityAnswersOfKeysAreBounded(t *testing.T) {
	var m memory
	at := now
	m.docs, m.rev = map[string]map[string][]byte{}, map[string]int64{}
	d := desk.New(desk.Config{Docs: &m, Now: func() time.Time { return at }})
	write := func(by, key string, body []byte) *desk.Answered {
		t.Helper()
		at = at.Add(time.Second)
		before, err := d.Begin(t.Context(), by, key, "request")
		if err != nil {
			t.Fatal(err)
		}
		if before == nil {
			err = d.Finish(t.Context(), key, desk.Answered{Status: 200, Body: body, Kept: true})
		}
		if err != nil {
			t.Fatal(err)
		}
		return before
	}
	write("another", "first", []byte("done"))
	for i := range 260 {
		write("one", fmt.Sprint("key", i), []byte("done"))
	}
	if n := len(m.docs["answer"]); n != 251 {
		t.Errorf("%d keys are kept of one caller and one of another", n)
	}
	if write("another", "first", nil) == nil || write("one", "key259", nil) == nil {
		t.Error("a write is done again")
	}
	for i := range 20 {
		write("one", fmt.Sprint("long", i), bytes.Repeat([]byte("x"), 60<<10))
	}
	size := 0
	for _, doc := range m.docs["answer"] {
		size += len(doc)
	}
	if size > 1<<20 {
		t.Errorf("%d bytes of answers are kept", size)
	}
	if _, err := d.Begin(t.Context(), "one", "long0", "request"); desk.KindOf(err) != desk.Conflict {
		t.Errorf("a write that was done, whose answer is not kept: %v", err)
	}
}
