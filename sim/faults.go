package sim

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
)

// mishap is one of the faults of machines: what happens, and how often among them.
type mishap struct {
	weight int
	happen func(*world)
}

// mishaps that come by themselves, beside those of messages.
var mishaps = []mishap{
	{6, (*world).crashNode},
	{5, (*world).pauseNode},
	{2, (*world).crashDatabase},
	{3, (*world).cutDatabase},
	{4, (*world).jumpClock},
	{4, (*world).jumpLotClock},
	{6, (*world).moveLine},
	{3, (*world).dropLine},
	{2, (*world).pauseLot},
	{2, (*world).switchSite},
	{14, (*world).support},
}

// mishapsEvery is the mean time between two of them.
const mishapsEvery = 9 * time.Minute

// trouble has mishaps happen for as long as it is not calm.
func (w *world) trouble() {
	w.after(w.between(0, 2*mishapsEvery), func() {
		if w.calm {
			return
		}
		total := 0
		for _, m := range mishaps {
			total += m.weight
		}
		draw := w.below(total)
		for _, m := range mishaps {
			if draw -= m.weight; draw < 0 {
				m.happen(w)
				break
			}
		}
		w.trouble()
	})
}

// strike has something happen to a node, half the time to the next one that sends a reduction, while that is under way.
func (w *world) strike(happen func(n *node)) {
	if w.chance(50) {
		w.ambush = happen
	} else if n := w.someNode(); n != nil {
		happen(n)
	}
}

// spring has what lies in wait for a reduction happen to the node that has just sent one.
func (w *world) spring(n *node) {
	if happen := w.ambush; happen != nil && !w.calm {
		w.ambush = nil
		w.after(w.between(0, 2*time.Second), func() {
			if w.nodes[n.number] == n && !w.calm {
				happen(n)
			}
		})
	}
}

// crashNode ends a node between any two of its steps. Another process takes its name later.
func (w *world) crashNode() {
	w.strike(func(n *node) {
		w.fault("node crash")
		w.kill(n)
		w.after(w.between(time.Second, 3*time.Minute), func() { w.restart(n) })
	})
}

func (w *world) kill(n *node) {
	w.note("%s crashes", n.name)
	n.dead = true
	w.stage.bury()
	w.nodes[n.number] = nil
	for _, p := range w.parksInOrder() {
		if p.pc != nil {
			p.pc.nodeGone(n)
		}
	}
}

func (w *world) restart(n *node) {
	if w.nodes[n.number] != nil {
		return
	}
	fresh, err := w.start(n.name, n.number)
	if err != nil {
		w.wrongf("a node does not start again: %v", err)
		return
	}
	w.note("%s starts again", n.name)
	w.nodes[n.number] = fresh
	w.stir()
}

// pauseNode stops a node for a while, for longer than a lease at times. It does not notice.
func (w *world) pauseNode() {
	w.strike(func(n *node) {
		w.fault("node paused")
		span := w.between(time.Second, 2*time.Minute)
		w.note("%s is stopped for %s", n.name, span)
		n.paused = true
		w.after(span, func() { n.paused = false })
	})
}

// crashDatabase lets the database die with a write under way, which is kept or lost, and be away for a while. Where
// there is one node, which has the database in itself, it dies as well.
func (w *world) crashDatabase() {
	if w.away() {
		return
	}
	w.fault("database crash")
	for range w.below(4) { // so that the log of records has something which the tables lack
		if t := w.someWriter(); t != nil {
			w.run(t)
		}
	}
	before, err := w.disk.image()
	after := before
	if t := w.someWriter(); err == nil && t != nil {
		t.fault = pick(w, kept, lost)
		dies := t.fault
		w.note("the database dies behind %s of task %d, kept %t", t.what, t.id, dies == kept)
		w.run(t)
		if after, err = w.disk.image(); err == nil && w.disk.tears() {
			how := tear{w.luckless(), w.chance(50)}
			if dies == lost {
				after = how.lost(before, after)
			} else if w.chance(50) {
				after = how.kept(before, after)
			}
		}
	}
	if err != nil {
		w.wrongf("the files of the database: %v", err)
		return
	}
	if err := w.disk.restart(after); err != nil {
		w.wrongf("%v", err)
		return
	}
	w.outage(w.between(time.Second, 40*time.Second))
	if len(w.nodes) == 1 {
		if n := w.nodes[0]; n != nil {
			w.kill(n)
			w.after(w.between(time.Second, 3*time.Minute), func() { w.restart(n) })
		}
	}
	w.readBack()
	w.checkAccepted()
}

// someWriter is a task that is about to write; nil where there is none.
func (w *world) someWriter() *task {
	writing := w.stage.ready(func(t *task) bool { return t.place == atWrite && w.mayRun(t) })
	if len(writing) == 0 {
		return nil
	}
	return writing[w.below(len(writing))]
}

// luckless is how much of a write a torn log has kept, from 0 to just under 1.
func (w *world) luckless() float64 { return float64(w.below(1000)) / 1000 }

// cutDatabase takes the way to the database away for a while.
func (w *world) cutDatabase() {
	w.fault("database away")
	w.outage(w.between(100*time.Millisecond, 25*time.Second))
}

func (w *world) outage(span time.Duration) {
	w.note("the database is away for %s", span)
	if until := w.now().Add(span); until.After(w.awayUntil) {
		w.awayUntil = until
	}
	w.after(span, w.stir)
}

func (w *world) away() bool { return w.now().Before(w.awayUntil) }

// jumpClock sets a node's clock, forwards or back.
func (w *world) jumpClock() {
	if n := w.someNode(); n != nil {
		w.fault("node's clock jumps")
		n.offset = w.between(0, 10*time.Minute) - 5*time.Minute
		w.note("the clock of %s is off by %s", n.name, n.offset)
	}
}

func (w *world) jumpLotClock() {
	w.fault("lot's clock jumps")
	p := w.parks[w.site.focus[w.below(len(w.site.focus))]]
	p.clock = w.between(0, 20*time.Minute) - 10*time.Minute
}

// moveLine has a lot log in on another node, while the one that had its line still believes to hold it.
func (w *world) moveLine() {
	m, n := w.somePC(), w.someNode()
	if n == nil || m.holder() == n {
		return
	}
	w.fault("line held by two nodes")
	m.vanish(w.between(10*time.Second, 3*time.Minute))
	m.logIn(n)
}

// dropLine takes a lot off line.
func (w *world) dropLine() {
	w.fault("line down")
	m := w.somePC()
	m.vanish(w.between(0, time.Minute))
	m.later(w.between(time.Second, 20*time.Minute))
}

func (w *world) somePC() *pc {
	var all []*pc
	for _, p := range w.parksInOrder() {
		if p.pc != nil {
			all = append(all, p.pc)
		}
	}
	return all[w.below(len(all))]
}

// pauseLot has support pause a lot, and resume it later.
func (w *world) pauseLot() {
	id := w.site.focus[w.below(len(w.site.focus))]
	act := func(what string, do func(*node) error) {
		w.send(errand{what: what, most: 1, wait: time.Minute, say: func(n *node) bool { return do(n) == nil }})
	}
	action := flow.Action{Actor: "support", Reason: "sim"}
	act("pause", func(n *node) error {
		_, err := n.flow.Pause(context.Background(), id, action)
		return err
	})
	w.after(w.between(time.Minute, 30*time.Minute), func() {
		act("resume", func(n *node) error {
			_, err := n.flow.Resume(context.Background(), id, action)
			return err
		})
	})
}

// switchSite changes a binding, or switches a lot off for a while.
func (w *world) switchSite() {
	id := w.site.focus[w.below(len(w.site.focus))]
	if w.chance(30) {
		w.fault("lot switched off")
		w.site.off[id] = true
		w.after(w.between(time.Minute, time.Hour), func() { w.site.off[id] = false })
		return
	}
	key := accounts[w.below(len(accounts))].ID + "@" + id.String()
	b := w.site.bindings[key]
	b.Mode = pick(w, charge.ModeLive, charge.ModeLive, charge.ModeShadow, charge.ModeOff)
	w.site.bindings[key] = b
}

// support does something to a charge, as people do.
func (w *world) support() {
	ids := sortedIDs(w.book.charges)
	n := w.someNode()
	if len(ids) == 0 || n == nil {
		return
	}
	id := ids[max(0, len(ids)-1-w.below(40))]
	action := flow.Action{Actor: "support", Reason: "sim"}
	draw := w.below(10)
	w.stage.begin(n, "support", func() {
		var e flow.Effect
		var err error
		ctx := context.Background()
		switch {
		case draw < 1:
			e, err = n.flow.Void(ctx, id, action)
		case draw < 5:
			e, err = n.flow.Redeliver(ctx, id, action)
		case draw < 8:
			e, err = w.resolve(ctx, n, id, action)
		default:
			order := w.openOrder(id)
			if order == "" {
				return
			}
			e, err = n.flow.Bind(ctx, id, order, action)
		}
		w.note("support acts on %s: %t %v", w.name(itoa(id)), e.Done, err != nil)
	})
}

// calmDown ends all trouble: every machine is up, every clock right, every lot answers.
func (w *world) calmDown() {
	w.calm = true
	w.readBack()
	w.note("calm")
	w.awayUntil = time.Time{}
	clear(w.site.off)
	for i, n := range w.nodes {
		if n == nil {
			if fresh, err := w.start(nodeName(i), uint16(i)); err != nil {
				w.wrongf("a node does not start: %v", err)
			} else {
				w.nodes[i] = fresh
			}
			continue
		}
		n.paused, n.offset = false, 0
	}
	for _, p := range w.parksInOrder() {
		p.clock = 0
		w.resume(p)
		if p.pc != nil {
			p.pc.logIn(w.someNode())
		}
	}
	w.stir()
}

func (w *world) resume(p *park) {
	if p.kind == charge.Kind4G {
		return
	}
	w.send(errand{what: "resume", most: 1, wait: time.Minute, say: func(n *node) bool {
		_, err := n.flow.Resume(context.Background(), p.id, flow.Action{Actor: "support", Reason: "sim"})
		return err == nil
	}})
}
