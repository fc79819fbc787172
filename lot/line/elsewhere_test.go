package line

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// awaitGone waits until a lot has no session here.
func (b *bench) awaitGone(id charge.LotID) {
	b.t.Helper()
	for late := time.After(patience); b.srv.Here(id); {
		select {
		case <-late:
			b.t.Fatal("the session lives on")
		default:
			runtime.Gosched()
		}
	}
}

// A line whose far end went without a word is let go of as soon as another node says that the lot is there. Without
// that word it is found out once a heartbeat is late.
func TestRecheck(t *testing.T) {
	for name, find := range map[string]func(*bench){
		"told":                func(b *bench) { b.srv.Recheck(lotA) },
		"told to look at all": func(b *bench) { b.srv.Recheck(charge.LotID{}) },
		"a heartbeat is late": func(b *bench) { b.pass(doubtful); b.srv.sweep() },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			f, other := b.dial(), b.dial()
			f.login(loginA, 1)
			other.login(loginB, 2)
			b.awaitUp(lotA)
			b.awaitUp(lotB)
			b.pass(time.Second)
			b.srv.sweep() // the round of heartbeats that is due is over
			if err := b.shelf.Put(context.Background(),
				[]charge.LineSession{{Lot: lotA, LocalID: localA, Link: charge.LinkCloud, Node: "node-2"}}); err != nil {
				t.Fatal(err)
			}
			find(b)
			b.awaitGone(lotA)
			f.end()
			if row, _ := b.shelf.get(lotA, localA); row.Node != "node-2" {
				t.Errorf("the other node's row is now %+v", row)
			}
			if !b.srv.Here(lotB) {
				t.Error("another lot's line was let go of")
			}
		})
	}
}

// A line that was taken for dead with its node is stored anew and stays open; its row follows it to its end.
func TestTakenForDead(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	b.awaitUp(lotA)
	b.shelf.mu.Lock()
	row := b.shelf.rows[sessionKey{lotA, localA, charge.LinkCloud}]
	row.Node = "" // somebody ended it; its epoch never comes again
	b.shelf.rows[sessionKey{lotA, localA, charge.LinkCloud}] = row
	b.shelf.mu.Unlock()
	b.srv.Recheck(charge.LotID{})
	b.awaitRow(lotA, localA, func(r charge.LineSession, _ bool) bool { return r.Node == "node-1" && r.Epoch == 2 })
	if lines := b.srv.Lines(lotA); len(lines) != 1 {
		t.Fatalf("Lines: %+v", lines)
	}
	f.say("0x11")
	f.expect("0x12")
	f.close()
	b.awaitRow(lotA, localA, func(_ charge.LineSession, ok bool) bool { return !ok })
}

// EndPolls ends what is held and holds nothing more; what waits for the session stays for its next poll elsewhere.
func TestEndPolls(t *testing.T) {
	b := newBench(t)
	w := b.web()
	w.upload(loginA, `{"state":1,"token":"`+testToken(1)+`","service_name":"login"}`)
	said := w.poll(b, testToken(1))
	b.srv.EndPolls()
	b.srv.EndPolls() // harmless twice
	hear(t, said, "")
	if got := w.post("/bpd/download.do", `{"token":"`+testToken(1)+`"}`); got != "" {
		t.Errorf("a later poll got %q", got)
	}
}
