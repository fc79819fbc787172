//go:build soak

package store_test

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestHostsOfAStandby opens a store by an address that names a standby and its primary, kills the primary and promotes
// the standby: the store goes over by itself, and has all that was confirmed.
func TestHostsOfAStandby(t *testing.T) {
	primary := storetest.StartPostgres(t)
	standby, err := primary.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})
	both := "host=" + url.QueryEscape(filepath.Dir(standby.Socket())) + ","
	cfg := store.Config{URL: strings.Replace(storetest.Postgres(primary)(t).URL, "host=", both, 1) +
		"&target_session_attrs=read-write"}
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ids := charge.NewIDs(1, time.Now)
	var told []int64
	write := func(n int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); n > 0; {
			id, err := writeOne(s, ids)
			switch {
			case err == nil:
				told = append(told, id)
				n--
			case !errors.Is(err, outbox.ErrBusy):
				t.Fatalf("a write says neither done nor busy: %v", err)
			case time.Now().After(end):
				t.Fatalf("still busy after a minute: %v", err)
			}
		}
	}
	write(100)
	if err := errors.Join(primary.Kill(), standby.Promote()); err != nil {
		t.Fatal(err)
	}
	promoted := time.Now()
	write(100)
	t.Logf("100 more within %v of the promotion", time.Since(promoted))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	checkTold(t, cfg, told)
}
