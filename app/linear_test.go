package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/pgtest"
)

// capOfVisit is what a visit is granted in all.
const capOfVisit = 60

// asked is one question to the API about a visit: a push, a look at a charge, or that it is voided.
type asked struct {
	what    string // push, look or void
	visit   charge.Plate
	order   string
	minutes int64 // that a push asks for
}

// answered is what was heard. A question without an answer may have been done, now or later.
type answered struct {
	heard   bool
	there   bool // what a look finds
	voided  bool
	minutes int64
}

// granted is a charge of a visit as one site with one visitor at a time would have it.
type granted struct {
	order   string
	minutes int64
	voided  bool
}

func (g granted) against(order string) int { return cmp.Compare(g.order, order) }

// visits is a site where one thing happens at a time: each charge of a visit is granted what it asks for, as far as the
// cap allows; one that comes again changes nothing; one that is voided leaves room for those after it.
var visits = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		by := map[charge.Plate][]porcupine.Operation{}
		for _, o := range all {
			v := o.Input.(asked).visit
			by[v] = append(by[v], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range by {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return []granted(nil) },
	Step: func(state, input, output any) (bool, any) {
		had, q, a := state.([]granted), input.(asked), output.(answered)
		at, found := slices.BinarySearchFunc(had, q.order, granted.against)
		switch {
		case q.what == "look" && !found:
			return !a.there, had
		case q.what == "look":
			g := had[at]
			return a.there && a.voided == g.voided && (g.voided || a.minutes == g.minutes), had
		case q.what == "void" && !found:
			return !a.heard, had
		case q.what == "void":
			now := slices.Clone(had)
			now[at].voided = true
			return true, now
		case found:
			return true, had
		}
		left := int64(capOfVisit)
		for _, g := range had {
			if !g.voided {
				left -= g.minutes
			}
		}
		return true, slices.Insert(slices.Clone(had), at, granted{order: q.order, minutes: min(q.minutes, left)})
	},
	Equal:             func(a, b any) bool { return slices.Equal(a.([]granted), b.([]granted)) },
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v: %+v", input, output) },
}

// history is what clients have asked and heard, with times of one clock.
type history struct {
	mu  sync.Mutex
	all []porcupine.Operation
}

// ask asks, and writes it down. What was not answered is under way until the end.
func (h *history) ask(who int, q asked, ask func() answered) answered {
	began := time.Now()
	a := ask()
	ended := time.Now().UnixNano()
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case a.heard:
	case q.what == "look": // it says nothing
		return a
	default:
		ended = time.Now().Add(time.Hour).UnixNano()
	}
	h.all = append(h.all, porcupine.Operation{ClientId: who, Input: q, Call: began.UnixNano(), Output: a, Return: ended})
	return a
}

// heard is how many answers there were.
func (h *history) heard() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.all {
		if o.Output.(answered).heard {
			n++
		}
	}
	return n
}

// telling leaves out pushes that cannot have changed anything, and by which the orders to try would grow beyond all
// time: of an order that was there before, and an unanswered one behind another of the same order, which may take
// effect whenever it may.
func (h *history) telling() (kept []porcupine.Operation) {
	there := map[string]int64{} // since when at the latest
	for _, o := range h.all {
		q, a := o.Input.(asked), o.Output.(answered)
		if since, known := there[q.order]; a.heard && (q.what != "look" || a.there) && (!known || o.Return < since) {
			there[q.order] = o.Return
		}
	}
	open := map[string]bool{}
	for _, o := range slices.SortedFunc(slices.Values(h.all), func(x, y porcupine.Operation) int {
		return cmp.Compare(x.Call, y.Call)
	}) {
		q, heard := o.Input.(asked), o.Output.(answered).heard
		if q.what == "push" {
			if since, known := there[q.order]; known && since < o.Call || !heard && open[q.order] {
				continue
			}
			open[q.order] = open[q.order] || !heard
		}
		kept = append(kept, o)
	}
	return kept
}

// shows reports whether something of each kind was heard.
func (h *history) shows() bool {
	kinds := map[string]bool{}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.all {
		if o.Output.(answered).heard {
			kinds[o.Input.(asked).what] = true
		}
	}
	return len(kinds) == 3
}

// visitor asks one node about visits.
type visitor struct {
	node   *site
	player *play.Player
	lot    charge.LotID
}

func (v visitor) push(ctx context.Context, q asked) answered {
	p := pushFor(v.lot, q.visit, q.order)
	p.Method, p.Minutes = charge.MethodTime, q.minutes
	p.Start, p.End = linearDay.Add(-time.Hour), linearDay
	e, err := v.player.Send(ctx, p, play.Options{})
	return answered{heard: err == nil && e.Delivered()}
}

func (v visitor) look(ctx context.Context, q asked) (answered, string) {
	var page struct{ Items []client.Charge }
	status, text, err := v.node.office().call(ctx, http.MethodGet, "/api/v1/charges?order="+q.order, nil)
	if err != nil || status != http.StatusOK || json.Unmarshal(text, &page) != nil {
		return answered{}, ""
	}
	a := answered{heard: true, there: len(page.Items) == 1}
	if !a.there {
		return a, ""
	}
	c := page.Items[0]
	a.voided = c.State == charge.StateVoided
	if c.Reduction != nil {
		a.minutes = c.Reduction.Minutes
	}
	return a, c.ID
}

func (v visitor) void(ctx context.Context, id string) answered {
	status, _, err := v.node.office().call(ctx, http.MethodPost, "/api/v1/charges/"+id+"/void",
		[]byte(`{"reason":"linear"}`))
	return answered{heard: err == nil && status == http.StatusOK}
}

// linearDay is when every charge of the test ended.
var linearDay = time.Now().Truncate(time.Second).Add(-time.Minute)

// testPairLinear has clients at two nodes push, look and void at the same time, while connections to the database are
// cut. What each has heard must be what a site would have said in which one thing happens at a time.
func testPairLinear(t *testing.T, pg *pgtest.Server) {
	t.Parallel()
	urls := onePlace(t, pg)
	a, b := pair(t, urls)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	w.bindings[0]["rule"] = object{"grant": "as_pushed", "combine": "sum", "cap_minutes": capOfVisit}
	a.apply(w.estate())
	b.refresh(t.Context())
	const each, clients = 25, 6
	var h history
	var all sync.WaitGroup
	for who := range clients {
		node := []*site{a, b}[who%2]
		v := visitor{node, w.player("xiaoju", node.Addresses().HTTP), id}
		luck := rand.New(rand.NewPCG(17, uint64(who)))
		all.Go(func() {
			for n := 0; n < each || n < 4*each && !h.shows(); n++ {
				visit := luck.IntN(4)
				number := luck.IntN(12)
				q := asked{what: "push", visit: charge.Plate(fmt.Sprintf("京K1000%d", visit)),
					order: fmt.Sprintf("L%d-%02d", visit, number), minutes: int64(5 * (1 + number%5))}
				if luck.IntN(2) == 0 {
					h.ask(who, q, func() answered { return v.push(t.Context(), q) })
					continue
				}
				q.what = "look"
				var chargeID string
				saw := h.ask(who, q, func() (a answered) {
					a, chargeID = v.look(t.Context(), q)
					return a
				})
				if saw.there && !saw.voided && luck.IntN(4) == 0 {
					q.what = "void"
					h.ask(who, q, func() answered { return v.void(t.Context(), chargeID) })
				}
			}
		})
	}
	stop := cutConnections(t, urls[0], h.heard)
	all.Wait()
	stop()
	oneLineAReason(t, a.log.String())
	oneLineAReason(t, b.log.String())
	heard := map[string]int{}
	for _, o := range h.all {
		heard[fmt.Sprint(o.Input.(asked).what, " ", o.Output.(answered).heard)]++
	}
	t.Log(heard)
	if heard["push true"] == 0 || heard["look true"] == 0 || heard["void true"] == 0 {
		t.Errorf("too little was heard to show anything: %v", heard)
	}
	told := h.telling()
	if came := porcupine.CheckOperationsTimeout(visits, told, time.Minute); came != porcupine.Ok {
		for _, o := range told {
			t.Logf("%d..%d client %d %+v: %+v", o.Call, o.Return, o.ClientId, o.Input, o.Output)
		}
		t.Errorf("the history is %s: no order of these explains it", came)
	}
}

// oneLineAReason wants of all lines that name the database as away one in ten seconds for each reason.
func oneLineAReason(t *testing.T, log string) {
	t.Helper()
	last := map[string]time.Time{}
	for line := range strings.Lines(log) {
		var l struct {
			Time  time.Time
			Msg   string
			Error string
		}
		if json.Unmarshal([]byte(line), &l) != nil || !strings.Contains(l.Error, "the database does not answer") {
			continue
		}
		reason := l.Error[strings.LastIndex(l.Error, ": ")+1:]
		if since := l.Time.Sub(last[reason]); since < 10*time.Second {
			t.Errorf("%q is said again after %v: %s", reason, since, l.Msg)
		}
		last[reason] = l.Time
	}
	if len(last) == 0 {
		t.Error("the log does not say that the database is away")
	}
}

// cutEvery is how many answers clients hear between two cuts, so that a slow machine gets on as well.
const cutEvery = 15

// cutConnections ends all connections to a database again and again, until it is stopped.
func cutConnections(t *testing.T, url string, heard func() int) (stop func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for next := cutEvery; ; {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			if heard() < next {
				continue
			}
			next = heard() + cutEvery
			_, _ = conn.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		}
	}()
	return func() {
		close(ended)
		<-done
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// A history of many unanswered pushes is judged soon: most of them cannot have changed anything. One that no site can
// have is found among them all the same.
func TestLinearHistoryWithoutAnswers(t *testing.T) {
	var h history
	at := int64(0)
	ask := func(q asked, a answered, unanswered bool) {
		at += 10
		ended := at + 5
		if unanswered {
			ended = 1 << 40
		}
		h.all = append(h.all, porcupine.Operation{ClientId: len(h.all) % 6, Input: q, Call: at, Output: a, Return: ended})
	}
	order := func(n int) asked {
		return asked{visit: "京K10000", order: fmt.Sprintf("L0-%02d", n), minutes: int64(5 * (1 + n%5))}
	}
	for n := range 200 {
		q := order(n % 12)
		q.what = "push"
		ask(q, answered{heard: n < 6}, n >= 6)
		q.what = "look"
		ask(q, answered{heard: true, there: n%12 < 6, minutes: []int64{5, 10, 15, 20, 10, 0}[min(n%12, 5)]}, false)
	}
	if came := porcupine.CheckOperationsTimeout(visits, h.telling(), time.Minute); came != porcupine.Ok {
		t.Errorf("a history that a site can have is %s", came)
	}
	lost := order(3)
	lost.what = "look"
	ask(lost, answered{heard: true}, false)
	if came := porcupine.CheckOperationsTimeout(visits, h.telling(), time.Minute); came != porcupine.Illegal {
		t.Errorf("a history in which a charge that was there is gone is %s", came)
	}
}
