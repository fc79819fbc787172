//go:build soak

package app

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/pgtest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// testPoll is shorter than its default by as much as testLease is.
const testPoll = outbox.DefaultPoll * testLease / outbox.DefaultLease

// stop ends the node gracefully and returns how long that took.
func (n *nodeProcess) stop(t *testing.T) time.Duration {
	t.Helper()
	at := time.Now()
	n.cmd.Process.Signal(syscall.SIGTERM)
	<-n.exited
	if n.err != nil {
		t.Errorf("a node's graceful stop: %v\n%s", n.err, tailOf(n.logged()))
	}
	return time.Since(at)
}

// account is what the platform's end of a run knows.
type account struct {
	mu       sync.Mutex
	accepted map[string]time.Time // order: when its push was answered with success
	refused  int
	failed   int
}

func (a *account) note(s play.Shot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case s.Accepted:
		a.accepted[s.Push.Order] = time.Now()
	case s.Exchange != nil:
		a.refused++
	default:
		a.failed++
	}
}

func (a *account) counts() (accepted, refused, failed int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.accepted), a.refused, a.failed
}

// before returns the orders accepted up to a moment.
func (a *account) before(at time.Time) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var orders []string
	for order, when := range a.accepted {
		if when.Before(at) {
			orders = append(orders, order)
		}
	}
	return orders
}

// TestThreeNodes lets platforms push 300 times a second to three nodes behind a balancer, into 50 lots whose lines
// are spread over them, while one node is killed, PostgreSQL crashes, and every node is restarted: nothing that was
// accepted may be lost, nothing may be given twice, and what the dead node had must be taken over within the lease
// and two seconds. The clocks of the nodes are minutes apart.
func TestThreeNodes(t *testing.T) {
	pg := storetest.StartPostgres(t)
	r := newRun(t, storetest.Postgres(pg)(t).URL)
	ctx, end := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer end()
	load.Go(func() { r.load(ctx) })

	r.accept(900)
	killed := time.Now()
	r.nodes[1].kill()
	r.accept(900)
	r.takenOver(killed)
	r.nodes[1] = spawn(t, r.nodes[1].spec)

	crashed := r.crash(pg)
	for i := range r.nodes {
		if took := r.nodes[i].stop(t); took > 15*time.Second {
			t.Errorf("node %d took %v to stop", i, took)
		}
		r.nodes[i] = spawn(t, r.nodes[i].spec)
		r.accept(300)
	}
	end()
	load.Wait()
	r.audit()
	if n := r.flying(crashed); n == 0 {
		t.Error("nothing was in flight when PostgreSQL crashed")
	} else {
		t.Logf("%d in flight when PostgreSQL crashed", n)
	}
}

// run is one site of three nodes with its far ends.
type run struct {
	t        *testing.T
	town     *town
	lots     []charge.LotID
	nodes    []*nodeProcess
	platform *balancer
	sink     *play.LineSink
	account  *account
	player   *play.Player
}

func newRun(t *testing.T, database string) *run {
	t.Helper()
	r := &run{t: t, town: newTown(), account: &account{accepted: map[string]time.Time{}}}
	var lines []play.LineKey
	for i := range 50 {
		id := r.town.lot(strconv.Itoa(1001+i), charge.KindSDK, object{"stays": "none"})
		r.lots = append(r.lots, id)
		lines = append(lines, play.LineKey{Lot: id, Ckey: r.town.ckey})
	}
	r.town.account("telaidian", object{"clock": "enforce"})
	spec := nodeSpec{Database: database, SecretsKey: secretsKey(), Lease: testLease, Poll: testPoll}
	var https, tcps []backend
	for _, skew := range []time.Duration{3 * time.Minute, 0, -3 * time.Minute} {
		spec.Skew = skew
		n := spawn(t, spec)
		r.nodes = append(r.nodes, n)
		https = append(https, backend{"tcp", n.spec.HTTP})
		tcps = append(tcps, backend{"tcp", n.spec.Line})
	}
	r.nodes[0].office().apply(t, r.town.estate())
	r.platform = balance(t, 0, https...)
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: balance(t, lotsWay, tcps...).addr(), Lines: lines, Redial: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	r.sink = sink
	eventually(t, 20*time.Second, func() string {
		if up := sink.Up(); up < len(lines) {
			return fmt.Sprintf("%d of %d lines are up", up, len(lines))
		}
		return ""
	})
	for i, n := range r.nodes {
		var held int
		eventually(t, 5*time.Second, func() string {
			_, text, err := n.office().call(t.Context(), "GET", "/metrics", nil)
			if _, after, found := strings.Cut(string(text), "\nchargestamp_line_sessions "); found {
				fmt.Sscan(after, &held)
			}
			if err != nil || held < len(lines)/5 {
				return fmt.Sprintf("node %d holds %d of %d lines, %v", i, held, len(lines), err)
			}
			return ""
		})
	}
	r.player = r.town.player("telaidian", r.platform.addr())
	r.player.Client = play.LoadClient(64)
	return r
}

// load pushes until ctx ends, each for a car of its own.
func (r *run) load(ctx context.Context) {
	start := time.Now()
	_, err := play.Load(ctx, play.LoadConfig{
		Rate: 300, Workers: 64, Done: r.account.note, For: time.Hour,
		Next: func(i int) (*play.Player, play.Push) {
			push := pushFor(r.lots[i%len(r.lots)], charge.Plate(fmt.Sprintf("沪A%05d", i)),
				fmt.Sprintf("L%d-%d", start.UnixNano(), i))
			return r.player, push
		},
	})
	if err != nil {
		r.t.Errorf("load: %v", err)
	}
}

// accept waits until that many more pushes were accepted.
func (r *run) accept(more int) {
	r.t.Helper()
	had, _, _ := r.account.counts()
	eventually(r.t, 30*time.Second, func() string {
		if now, refused, failed := r.account.counts(); now < had+more {
			return fmt.Sprintf("%d more accepted, want %d; %d refused and %d failed in all", now-had, more, refused, failed)
		}
		return ""
	})
}

// takenOver looks at what had been accepted at a moment but had not been heard by its lot.
func (r *run) takenOver(at time.Time) {
	r.t.Helper()
	orders := r.account.before(at)
	eventually(r.t, testLease+5*time.Second, func() string {
		rows, missing := deliveries(r.sink.Book()), 0
		for _, o := range orders {
			if len(rows[o]) == 0 {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Sprintf("%d orders that were accepted before the kill have not arrived", missing)
		}
		return ""
	})
	rows := deliveries(r.sink.Book())
	flying, waited := 0, 0
	var last time.Duration
	for _, o := range orders {
		after := rows[o][0].At.Sub(at)
		last = max(last, after)
		if after > 0 {
			flying++
		}
		if after > testLease/4 {
			waited++
		}
	}
	r.t.Logf("%d in flight at the kill, %d of them leased by the dead node; the last arrived after %v", flying, waited,
		last)
	if waited == 0 {
		r.t.Error("nothing that the dead node had leased was in flight at the kill")
	}
	if last > testLease+2*time.Second {
		r.t.Error("that is later than the lease and 2 s")
	}
}

// flying counts what had been accepted at a moment and was heard by its lot after it.
func (r *run) flying(at time.Time) (n int) {
	rows := deliveries(r.sink.Book())
	for _, o := range r.account.before(at) {
		if len(rows[o]) > 0 && rows[o][0].At.After(at) {
			n++
		}
	}
	return n
}

// crash kills PostgreSQL and starts it again: platforms must hear busy meanwhile and be taken again after it.
func (r *run) crash(pg *pgtest.Server) (at time.Time) {
	r.t.Helper()
	_, before, _ := r.account.counts()
	at = time.Now()
	if err := pg.Kill(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, 10*time.Second, func() string {
		if _, now, _ := r.account.counts(); now < before+50 {
			return fmt.Sprintf("%d pushes were refused while the database is away, want 50", now-before)
		}
		return ""
	})
	if err := pg.Up(); err != nil {
		r.t.Fatal(err)
	}
	r.accept(300)
	for i, n := range r.nodes { // each goes on by itself
		p := r.town.player("telaidian", n.spec.HTTP)
		eventually(r.t, 10*time.Second, func() string {
			e, err := p.Send(r.t.Context(), pushFor(r.lots[0], "沪B00001", fmt.Sprintf("after-the-crash-%d", i)), play.Options{})
			if err != nil || !e.Delivered() {
				return fmt.Sprintf("node %d: %v %+v", i, err, e)
			}
			return ""
		})
	}
	return at
}

// audit compares what platforms were promised with the lots' own books.
func (r *run) audit() {
	r.t.Helper()
	accepted, refused, failed := r.account.counts()
	orders := r.account.before(time.Now().Add(time.Hour))
	eventually(r.t, testLease+20*time.Second, func() string {
		rows, missing := deliveries(r.sink.Book()), 0
		for _, o := range orders {
			if len(rows[o]) == 0 {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Sprintf("%d of %d accepted orders never reached their lot", missing, accepted)
		}
		return ""
	})
	again := 0
	for order, rows := range deliveries(r.sink.Book()) {
		if len(rows) != 1 || rows[0].Applied != 1 {
			r.t.Errorf("order %s was given %d times: %+v", order, len(rows), rows)
		}
		again += rows[0].Heard - 1
	}
	if accepted < 3000 {
		r.t.Errorf("%d pushes were accepted, too few to prove anything", accepted)
	}
	r.t.Logf("%d accepted, %d refused, %d unanswered, %d told again with the same id", accepted, refused, failed, again)
}
