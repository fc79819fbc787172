package store_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// pooled is the URL of a database by way of a PgBouncer.
func pooled(t *testing.T, direct, folder string) string {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("host", folder)
	q.Set("port", "6432")
	u.RawQuery = q.Encode()
	return u.String()
}

// TestPgBouncer runs the suite's usual write and read by way of a PgBouncer that keeps a server connection for each
// session, and wants the other modes refused by name before anything is changed.
func TestPgBouncer(t *testing.T) {
	server := storetest.StartPostgres(t)
	for _, mode := range []string{"session", "transaction", "statement"} {
		t.Run(mode, func(t *testing.T) {
			folder, stop, err := server.Bouncer(mode)
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			url := pooled(t, storetest.Postgres(server)(t).URL, folder)
			s, err := store.Open(t.Context(), store.Config{URL: url, Node: "a"})
			if mode != "session" {
				if err == nil {
					s.Close()
				}
				if !errors.Is(err, store.ErrPoolMode) || !strings.Contains(err.Error(), "pool_mode = session") {
					t.Errorf("opened with pool_mode = %s: %v", mode, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.PutDocs(t.Context(), "note", -1, map[string][]byte{"k": []byte(`{"v":1}`)}); err != nil {
				t.Fatal(err)
			}
			docs, err := s.Docs(t.Context(), "note")
			if err != nil || string(docs["k"]) != `{"v":1}` {
				t.Errorf("read back %q, %v", docs["k"], err)
			}
			if _, err := s.JoinNode(t.Context(), "a", time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
}
