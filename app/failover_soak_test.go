//go:build soak

package app

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/store/pgtest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestFailOver lets platforms push 300 times a second to three nodes while PostgreSQL's primary is killed and its
// standby is promoted: nothing that was accepted may be lost, and nothing given twice.
func TestFailOver(t *testing.T) {
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
	url, way := through(t, storetest.Postgres(primary)(t).URL)
	r := newRun(t, url)
	ctx, end := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer end()
	load.Go(func() { r.load(ctx) })
	r.accept(2000)
	at := r.failOver(primary, standby, way)
	r.accept(2000)
	end()
	load.Wait()
	r.audit()
	if n := r.flying(at); n == 0 {
		t.Error("nothing was in flight when the primary was killed")
	} else {
		t.Logf("%d in flight when the primary was killed", n)
	}
}

// failOver kills the primary, promotes the standby once platforms have heard busy, and leads the nodes there.
func (r *run) failOver(primary, standby *pgtest.Server, way *balancer) (at time.Time) {
	r.t.Helper()
	had, before, _ := r.account.counts()
	at = time.Now()
	if err := primary.Kill(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, 10*time.Second, func() string {
		if _, now, _ := r.account.counts(); now < before+50 {
			return fmt.Sprintf("%d pushes were refused while the database is away, want 50", now-before)
		}
		return ""
	})
	begun := time.Now()
	if err := standby.Promote(); err != nil {
		r.t.Fatal(err)
	}
	way.turn(backend{"unix", standby.Socket()})
	promoted := time.Now()
	now, _, _ := r.account.counts()
	r.accept(300)
	r.t.Logf("%d accepted between the kill and the promotion, which took %v; 300 more within %v", now-had,
		promoted.Sub(begun), time.Since(promoted))
	return at
}
