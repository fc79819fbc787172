package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

var background = context.Background()

func openConfig(cfg store.Config) (*store.Store, error) { return store.Open(background, cfg) }

// A queue that is full turns writes away at once, those in it are done all the same, and a write whose caller
// has gone before its turn is not done at all.
func TestFullQueue(t *testing.T) {
	s := storetest.OpenSQLite(t, store.Config{Node: "a"})
	begun, goOn := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Write(background, nil, func(*store.Tx) error {
			close(begun)
			<-goOn
			return nil
		})
		if err != nil {
			t.Errorf("the first write: %v", err)
		}
	})
	<-begun
	gone, cancel := context.WithCancel(background)
	defer cancel()
	wg.Go(func() {
		err := s.Write(gone, nil, func(*store.Tx) error { t.Error("a write ran that was taken back"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the write that was taken back: %v", err)
		}
	})
	var mu sync.Mutex
	done, busy := 0, 0
	for range 6000 {
		wg.Go(func() {
			err := s.Write(background, nil, func(*store.Tx) error { return nil })
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				done++
			case errors.Is(err, outbox.ErrBusy):
				if busy++; busy == 1 { // the queue is full: let them go
					cancel()
					close(goOn)
				}
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); busy == 0 || st.Busy != int64(busy) || done+busy != 6000 || st.Queued != 0 {
		t.Errorf("%d done, %d busy, %+v", done, busy, st)
	}
}

func TestTwoServersInOneFolder(t *testing.T) {
	dir := t.TempDir()
	first := storetest.OpenSQLite(t, store.Config{DataDir: dir})
	if _, err := openConfig(store.Config{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a second store in the same folder: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := storetest.OpenSQLite(t, store.Config{DataDir: dir})
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "chargestamp.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("database file: %v, %v", info.Mode(), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, cfg := range []store.Config{
		{},
		{URL: "mysql://x"},
		{URL: "postgres://secret:pass word@:x/"},
		{URL: "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"},
	} {
		if s, err := openConfig(cfg); err == nil {
			s.Close()
			t.Errorf("%+v was opened", cfg)
		} else if strings.Contains(err.Error(), "pass word") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

// A server that answers before it has written is refused, for whatever reason it is set up so.
func TestPostgresSettings(t *testing.T) {
	server := storetest.StartPostgres(t)
	refused := func(url, setting string) {
		t.Helper()
		if s, err := openConfig(store.Config{URL: url}); err == nil {
			s.Close()
			t.Errorf("PostgreSQL with %s = off was taken", setting)
		} else if !strings.Contains(err.Error(), setting+" = off") {
			t.Errorf("PostgreSQL with %s = off: %v", setting, err)
		}
	}
	database := storetest.Postgres(server)(t).URL
	refused(database+"&options="+"-c%20synchronous_commit%3Doff", "synchronous_commit")
	for _, sql := range []string{"ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"} {
		if err := server.Do(sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(server.Down(), server.Up()); err != nil { // a reload alone comes when it comes
		t.Fatal(err)
	}
	refused(database, "fsync")
}
