package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// crashWriters is how many goroutines of the child write at once.
const crashWriters = 32

// crashEnv turns this test binary into the child that is killed: "dir" or "postgres://…".
const crashEnv = "CHARGESTAMP_STORE_CRASH"

func TestMain(m *testing.M) {
	if where := os.Getenv(crashEnv); where != "" {
		os.Exit(writeUntilKilled(where))
	}
	if dir := os.Getenv(fatalEnv); dir != "" {
		os.Exit(writeUntilFatal(dir))
	}
	os.Exit(storetest.Main(m))
}

// writeUntilKilled prints the id of each charge after its write has returned.
func writeUntilKilled(where string) int {
	cfg := store.Config{DataDir: where, Node: "child"}
	if strings.HasPrefix(where, "postgres://") {
		cfg = store.Config{URL: where, Node: "child"}
	}
	s, err := openConfig(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ids := charge.NewIDs(uint16(os.Getpid()), time.Now)
	var out sync.Mutex
	var wg sync.WaitGroup
	for range crashWriters {
		wg.Go(func() {
			for {
				id, err := writeOne(s, ids)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					continue
				}
				out.Lock()
				fmt.Println(id)
				out.Unlock()
			}
		})
	}
	wg.Wait()
	return 0
}

// TestKilled kills a writing process three times and finds everything that was confirmed as written.
func TestKilled(t *testing.T) {
	server := storetest.StartPostgres(t)
	for name, cfg := range map[string]store.Config{
		"SQLite":   {DataDir: t.TempDir(), Node: "a"},
		"Postgres": storetest.Postgres(server)(t),
	} {
		t.Run(name, func(t *testing.T) {
			var told []int64
			for range 3 {
				told = append(told, killedRound(t, cfg)...)
			}
			if cfg.URL != "" { // the server loses its memory as well
				if err := errors.Join(server.Kill(), server.Up()); err != nil {
					t.Fatal(err)
				}
			}
			checkTold(t, cfg, told)
		})
	}
}

func killedRound(t *testing.T, cfg store.Config) (told []int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), crashEnv+"="+cfg.DataDir+cfg.URL)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const enough = 500
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, err := strconv.ParseInt(lines.Text(), 10, 64)
		if err != nil {
			break // cut off in the middle
		}
		if told = append(told, id); len(told) == enough {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	if len(told) < enough {
		t.Fatalf("the child wrote %d only", len(told))
	}
	return told
}

// checkTold finds every charge that was confirmed as written, whole, and the data sound.
func checkTold(t *testing.T, cfg store.Config, told []int64) {
	t.Helper()
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		for _, id := range told {
			c, err1 := tx.Charge(id)
			d, err2 := tx.DeliveriesOf(id)
			l, err3 := tx.LedgerOf(id)
			if err := errors.Join(err1, err2, err3); err != nil {
				return err
			}
			if c == nil || len(d) != 1 || len(l) != 1 {
				return fmt.Errorf("charge %d was told written: charge %v, %d deliveries, %d ledger entries", id, c != nil, len(d),
					len(l))
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	report, err := s.Verify(t.Context())
	if err != nil || !report.OK() {
		t.Errorf("Verify: %+v, %v", report, err)
	}
}

// TestDatabaseGoesAway restarts PostgreSQL, softly and hard, under writers: they are answered busy meanwhile, go on by
// themselves, and nothing confirmed as written is lost.
func TestDatabaseGoesAway(t *testing.T) {
	server := storetest.StartPostgres(t)
	cfg := storetest.Postgres(server)(t)
	s, err := openConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ids := charge.NewIDs(1, time.Now)
	var mu sync.Mutex
	var told []int64
	var busy atomic.Int64
	progress := make(chan struct{}, 1)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				id, err := writeOne(s, ids)
				switch {
				case errors.Is(err, outbox.ErrBusy):
					busy.Add(1)
				case err != nil:
					t.Errorf("a write says neither done nor busy: %v", err)
					return
				default:
					mu.Lock()
					told = append(told, id)
					mu.Unlock()
					select {
					case progress <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	some := func() {
		for range 200 {
			<-progress
		}
	}
	some()
	for _, end := range []func() error{server.Down, server.Kill} {
		if err := end(); err != nil {
			t.Error(err)
		}
		if err := s.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Charge(1); return err }); !errors.Is(err,
			outbox.ErrBusy) || !strings.Contains(err.Error(), "the database does not answer") {
			t.Errorf("a read without a database: %v, want busy", err)
		}
		if err := server.Up(); err != nil {
			t.Fatal(err)
		}
		some()
	}
	close(stop)
	wg.Wait()
	if busy.Load() == 0 {
		t.Error("nobody was told busy")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	checkTold(t, cfg, told)
}

// writeOne writes a charge on its way with all that belongs to it.
func writeOne(s *store.Store, ids *charge.IDs) (int64, error) {
	id, now := ids.Next(), time.Now()
	lot := charge.LotID{Union: "200461", Park: "1"}
	plate := charge.Plate(fmt.Sprintf("京A%05d", id%99991))
	key := strconv.FormatInt(id, 10)
	c := &charge.Charge{ID: id, Platform: "telaidian", RepeatKey: key, Order: key, Plate: plate, Lot: lot, Received: now,
		UpdatedAt: now,
		State:     charge.StateSending, Reason: charge.ReasonOK,
		Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30}}
	d := &charge.Delivery{ID: ids.Next(), Charge: id, Lot: lot, Channel: charge.ChannelLine, UUID: key,
		State: charge.DeliveryDue, DueAt: now}
	push := charge.Push{ID: ids.Next(), Platform: "telaidian", Received: now, Outcome: charge.OutcomeAccepted, Charge: id}
	entry := charge.LedgerEntry{ID: ids.Next(), At: now, Charge: id, Kind: charge.EntryGrant, Method: charge.MethodTime,
		Minutes:  30,
		Platform: "telaidian", Lot: lot, Day: now.In(charge.Shanghai).Format(time.DateOnly)}
	err := s.Write(background, []charge.VisitKey{{Lot: lot, Plate: plate}}, func(tx *store.Tx) error {
		first, err := tx.ChargeByRepeat("telaidian", key, charge.IssuerOf(charge.IssuerAccount, "", charge.Scope{}, lot))
		if first != nil || err != nil {
			return err
		}
		return errors.Join(tx.AddPush(push), tx.AddCharge(c, c.Account), tx.AddLedger(entry),
			tx.AddDelivery(d, outbox.Job{ID: d.ID, Kind: outbox.KindLine, Route: lot.String(), Ref: id, DueAt: now}))
	})
	return id, err
}
