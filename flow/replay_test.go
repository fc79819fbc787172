package flow_test

import (
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
)

// door opens a stored push as a test says.
type door struct {
	message platform.Message
	err     error
}

// Reopen returns what the test said.
func (d *door) Reopen(p charge.Push) (platform.Push, platform.Account, platform.Message, error) {
	return platform.Push{Platform: p.Platform, Received: p.Received}, platform.Account{ID: "main"},
		d.message, d.err
}

// A refused push is taken once it opens, and not before; a dry run says so and takes nothing.
func TestReplayOfARefusedPush(t *testing.T) {
	w := newWorld(t)
	d := &door{}
	w.opener = d
	w.restart()
	refusal := &platform.Refusal{Outcome: charge.OutcomeBadSignature, Why: charge.Say("push.undated")}
	w.flow.Refuse(t.Context(), platform.Push{Platform: "telaidian", Path: "/zld/telaidian/x", Received: w.clock.Now()},
		"main", refusal, platform.Reply{})
	list, err := w.store.Pushes(t.Context(), charge.PushFilter{})
	if err != nil || len(list.Items) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	replay := func(dry bool) flow.Replayed {
		t.Helper()
		out, err := w.flow.Replay(t.Context(), list.Items[0].ID, flow.Action{Actor: "li", DryRun: dry})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	d.err = refusal
	for _, dry := range []bool{true, false} {
		out := replay(dry)
		if out.Takes || out.Done || out.Outcome != refusal.Outcome || out.Why.Code != refusal.Why.Code {
			t.Errorf("refused still, dry %t: %+v", dry, out)
		}
	}
	d.err, d.message = nil, platform.Message{Charge: w.finished("o1", apiLot)}
	if out := replay(true); !out.Takes || out.Done || out.Charge != 0 || out.Note.Code != "replay.takes" {
		t.Errorf("dry: %+v", out)
	}
	if all := w.books(); len(all.Charges) != 0 {
		t.Fatalf("a dry run made %d charges", len(all.Charges))
	}
	out := replay(false)
	if !out.Takes || !out.Done || out.Charge != w.charge("o1").ID || out.Note.Code != "replay.took" {
		t.Errorf("taken: %+v", out)
	}
}
