package app

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/nodes"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/pgtest"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// lotsWay is how long a lot's answer is on its way: on a 4G line a reduction is in flight for a while. A session has
// one unanswered downlink at a time, so 50 lots take 50 / lotsWay a second at most: well above the load's 300.
const lotsWay = 50 * time.Millisecond

// TestPair lets two nodes serve one database.
func TestPair(t *testing.T) {
	pg := storetest.StartPostgres(t)
	for _, tc := range []struct {
		name string
		test func(*testing.T, *pgtest.Server)
	}{
		{"EstateAndTokens", testPairEstate},
		{"LineElsewhere", testPairLine},
		{"HalfOpenLine", testPairHalfOpen},
		{"CutOff", testPairCutOff},
		{"Frozen", testPairFrozen},
		{"SilentDatabase", testSilentDatabase},
		{"Alerts", testPairAlerts},
		{"AlertTeller", testAlertTeller},
		{"Linear", testPairLinear},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.test(t, pg) })
	}
}

// pair starts two nodes; each reaches the database by its own way.
func pair(t *testing.T, urls [2]string) (a, b *site) {
	t.Helper()
	key := secretsKey()
	var nodes [2]*site
	for i := range nodes {
		cfg := local(t)
		cfg.Database.URL, cfg.SecretsKey = urls[i], key
		nodes[i] = serve(t, cfg)
	}
	return nodes[0], nodes[1]
}

func onePlace(t *testing.T, pg *pgtest.Server) [2]string {
	t.Helper()
	place := storetest.Postgres(pg)(t).URL
	return [2]string{place, place}
}

// testPairEstate applies on one node what the other must know within seconds, and shows one node's access token to
// the other.
func testPairEstate(t *testing.T, pg *pgtest.Server) {
	a, b := pair(t, onePlace(t, pg))
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	a.apply(w.estate())
	eventually(t, 5*time.Second, func() string {
		if _, _, known := b.book.State().Lot(id); !known {
			return "the other node does not know the lot"
		}
		return ""
	})
	var both sync.WaitGroup
	for i, s := range []*site{a, b} { // each adds a lot of its own at the same moment
		more := newTown()
		more.ukey = w.ukey
		more.lot(fmt.Sprint(1002+i), charge.KindSDK, nil)
		both.Go(func() { s.apply(more.estate()) })
	}
	both.Wait()
	a.refresh(t.Context())
	if n := len(a.book.State().Lots()); n != 3 {
		t.Errorf("%d lots after both nodes added one, want 3", n)
	}
	token, err := w.player("telaidian", a.Addresses().HTTP).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.player("telaidian", b.Addresses().HTTP).Send(t.Context(), pushFor(id, "京K00001", ""),
		play.Options{Token: token})
	if err != nil || !e.Delivered() {
		t.Errorf("a's token on b: %v %+v", err, e)
	}

	var made struct{ Token string }
	a.office().must(t, "POST", "/api/v1/tokens", []byte(`{"name":"both","role":"viewer"}`), &made)
	eventually(t, 5*time.Second, func() string {
		if _, err := b.guard.Tokens.Authenticate(t.Context(), made.Token); err != nil {
			return "an API token of a is not known on b: " + err.Error()
		}
		return ""
	})
}

// testPairLine pushes to one node for a line on the other, with hints and without.
func testPairLine(t *testing.T, pg *pgtest.Server) {
	urls := onePlace(t, pg)
	a, b := pair(t, urls)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	a.apply(w.estate())
	b.refresh(t.Context())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: b.Addresses().Line, Lines: []play.LineKey{{Lot: id, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	p := w.player("xiaoju", a.Addresses().HTTP)
	eventually(t, 5*time.Second, func() string {
		if !a.linked()(id) {
			return "a does not know of b's line"
		}
		return ""
	})
	arrives := func(within time.Duration, how string) {
		t.Helper()
		push := pushFor(id, "京K00002", "")
		accepted(t, p, push)
		at := time.Now()
		row, err := sink.Book().Wait(t.Context(), func(r play.Applied) bool { return r.Charge == push.Order })
		if err != nil {
			t.Fatal(err)
		}
		if took := row.At.Sub(at); took > within {
			t.Errorf("%s: a push at a reached b's line after %v, want %v at most", how, took, within)
		}
		a.office().settled(t, push.Order, charge.StateDelivered)
	}
	// The lot has just logged in: nothing is sent behind the answer for 2 s, or until its next frame.
	arrives(2*time.Second+time.Second/2, "with hints")
	deafen(t, urls[0])
	arrives(3*time.Second, "without hints")
}

// deafen ends connections that listen for hints, again and again, until the test ends.
func deafen(t *testing.T, database string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	once := func() int {
		rows, err := conn.Query(context.Background(),
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
		if err != nil {
			t.Error(err)
			return 0
		}
		n := 0
		for rows.Next() {
			n++
		}
		return n
	}
	if n := once(); n != 2 {
		t.Errorf("%d connections listened, want one a node", n)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		defer conn.Close(context.Background())
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				once()
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
	})
}

// testPairHalfOpen leaves a line on a whose far end has gone without a word, as a lot's router does, while the lot
// has logged in on b: a push at a must go to b, and a must let go of the dead line.
func testPairHalfOpen(t *testing.T, pg *pgtest.Server) {
	a, b := pair(t, onePlace(t, pg))
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	a.apply(w.estate())
	b.refresh(t.Context())
	key := play.LineKey{Lot: id, Ckey: w.ckey}
	way := balance(t, 0, backend{"tcp", a.Addresses().Line})
	dead, err := play.OpenLineSink(t.Context(), play.LineSinkConfig{Addr: way.addr(), Lines: []play.LineKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	up := func(s *site, want int) {
		t.Helper()
		eventually(t, 5*time.Second, func() string {
			lines, err := s.store.LineNodes(t.Context(), id)
			if err != nil || len(lines) != 1 || lines[0].Node != s.cfg.Node || s.line.Stats().Sessions != want {
				return fmt.Sprintf("lines %+v, %v; %d sessions on %s", lines, err, s.line.Stats().Sessions, s.cfg.Node)
			}
			return ""
		})
	}
	up(a, 1)
	way.mute()
	live, err := play.OpenLineSink(t.Context(), play.LineSinkConfig{Addr: b.Addresses().Line, Lines: []play.LineKey{key}})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	up(b, 1)
	eventually(t, 5*time.Second, func() string {
		if n := a.line.Stats(); n.Sessions > 0 || n.Connections > 0 {
			return fmt.Sprintf("a still holds %+v", n)
		}
		return ""
	})
	push := pushFor(id, "京K00003", "")
	accepted(t, w.player("xiaoju", a.Addresses().HTTP), push)
	a.office().settled(t, push.Order, charge.StateDelivered)
	if rows := live.Book().Rows(); len(rows) != 1 || rows[0].Heard != 1 {
		t.Errorf("b's line was told %+v", rows)
	}
}

// testPairCutOff takes the database away from one node for longer than others wait for a sign of life: it answers
// busy meanwhile, its lines stay open, and everything goes on by itself once the database is back.
func testPairCutOff(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	urls := onePlace(t, pg)
	var way *balancer
	urls[1], way = through(t, urls[1])
	a, b := pair(t, urls)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	a.apply(w.estate())
	b.refresh(t.Context())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: b.Addresses().Line, Beat: time.Second, Lines: []play.LineKey{{Lot: id, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	pa, pb := w.player("xiaoju", a.Addresses().HTTP), w.player("xiaoju", b.Addresses().HTTP)
	first := pushFor(id, "京K00004", "")
	accepted(t, pb, first)
	a.office().settled(t, first.Order, charge.StateDelivered)

	way.sever()
	lost := pushFor(id, "京K00005", "")
	e, err := pb.Send(t.Context(), lost, play.Options{})
	if err != nil || e.Delivered() || e.Bad != nil || e.Status != 200 {
		t.Fatalf("a push to a node without its database: %v %+v, want the platform's own busy", err, e)
	}
	if status, _, err := b.office().call(t.Context(), "GET", "/readyz", nil); err != nil || status != 503 {
		t.Errorf("/readyz of a node without its database: %d %v", status, err)
	}
	waiting := pushFor(id, "京K00006", "")
	accepted(t, pa, waiting)
	eventually(t, nodes.DeadAfter+10*time.Second, func() string {
		if a.linked()(id) {
			return "a takes the other node for alive"
		}
		return ""
	})
	way.mend()
	mended := time.Now()
	a.office().settled(t, waiting.Order, charge.StateDelivered)
	if took := time.Since(mended); took > 4*nodes.BeatEvery {
		t.Errorf("what waited for b's line arrived %v after the database came back, want a few beats of %v", took,
			nodes.BeatEvery)
	}
	accepted(t, pb, lost)
	a.office().settled(t, lost.Order, charge.StateDelivered)
	if sink.Lost() > 0 {
		t.Error("the line was cut although both its ends were well")
	}
	for _, r := range sink.Book().Rows() {
		if r.Heard != 1 {
			t.Errorf("the lot was told %+v", r)
		}
	}
}

// testPairFrozen freezes a process for longer than its leases, as a machine without memory does, while its lots go to
// the other node, and lets it go on: what it then believes must count no more.
func testPairFrozen(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	w := newTown()
	var lots []charge.LotID
	var lines []play.LineKey
	for i := range 10 {
		id := w.lot(fmt.Sprint(1001+i), charge.KindSDK, object{"stays": "none"})
		lots, lines = append(lots, id), append(lines, play.LineKey{Lot: id, Ckey: w.ckey})
	}
	w.account("xiaoju", nil)
	spec := nodeSpec{Database: storetest.Postgres(pg)(t).URL, SecretsKey: secretsKey(), Lease: testLease}
	a, b := spawn(t, spec), spawn(t, spec)
	b.office().apply(t, w.estate())
	way := balance(t, lotsWay, backend{"tcp", b.spec.Line})
	sink, err := play.OpenLineSink(t.Context(), play.LineSinkConfig{Addr: way.addr(), Lines: lines, Redial: true})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	var orders []string
	push := func(to *nodeProcess, n int) {
		t.Helper()
		p := w.player("xiaoju", to.spec.HTTP)
		for range n {
			push := pushFor(lots[len(orders)%len(lots)], charge.Plate(fmt.Sprintf("京L%05d", len(orders))), "")
			accepted(t, p, push)
			orders = append(orders, push.Order)
		}
	}
	push(b, 50) // the last of them is on its way when b stops
	if err := b.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	way.turn(backend{"tcp", a.spec.Line})
	push(a, 50)
	arrived := func(when string) {
		t.Helper()
		eventually(t, testLease+5*time.Second, func() string {
			rows := deliveries(sink.Book())
			for _, o := range orders {
				if len(rows[o]) == 0 {
					return fmt.Sprintf("%s: %d of %d orders have arrived", when, len(rows), len(orders))
				}
			}
			return ""
		})
	}
	arrived("while b is frozen")
	if err := b.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	push(b, 20)
	push(a, 20)
	arrived("after b has come back")
	for _, o := range orders {
		a.office().settled(t, o, charge.StateDelivered)
	}
	for order, rows := range deliveries(sink.Book()) {
		if len(rows) != 1 || rows[0].Applied != 1 {
			t.Errorf("order %s was given %d times: %+v", order, len(rows), rows)
		}
	}
}

// through returns another address of a database, by a way that can be cut.
func through(t *testing.T, database string) (string, *balancer) {
	t.Helper()
	direct, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	way := balance(t, 0, backend{"unix", direct.Query().Get("host") + "/.s.PGSQL.5432"})
	direct.Host, direct.RawQuery = way.addr(), "sslmode=disable"
	return direct.String(), way
}

// testSilentDatabase has the database fall silent without a word, which no connection notices: a push must be
// answered busy before its sender stops waiting, and a stop must end in time all the same.
func testSilentDatabase(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	cfg := local(t)
	var way *balancer
	cfg.Database.URL, way = through(t, storetest.Postgres(pg)(t).URL)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	p := w.player("xiaoju", s.Addresses().HTTP)
	p.Client = play.LoadClient(1)
	p.Client.Timeout = time.Minute
	accepted(t, p, pushFor(id, "京N00001", ""))
	way.mute()
	start := time.Now()
	e, err := p.Send(t.Context(), pushFor(id, "京N00002", ""), play.Options{})
	if took := time.Since(start); err != nil || e.Delivered() || e.Bad != nil || took > 20*time.Second {
		t.Errorf("a push was answered after %v: %v %+v, want busy", took, err, e)
	}
	start = time.Now()
	s.Stop(15 * time.Second)
	if took := time.Since(start); took > 15*time.Second+2*grace {
		t.Errorf("the stop took %v", took)
	}
}
