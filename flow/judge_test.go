package flow_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
)

// triedOut runs an action dry, whether it is offered or not.
func (w *world) triedOut(id int64, verb flow.Verb) flow.Effect {
	w.t.Helper()
	dry := flow.Action{DryRun: true}
	var e flow.Effect
	var err error
	switch verb {
	case flow.VerbRedeliver:
		e, err = w.flow.Redeliver(w.t.Context(), id, dry)
	case flow.VerbVoid:
		e, err = w.flow.Void(w.t.Context(), id, dry)
	default:
		e, err = w.flow.Resolve(w.t.Context(), id, verb == flow.VerbLotHas, dry)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// Of the actions that a verdict names those are offered whose dry run leads anywhere, with its effect.
func TestOnlyWhatWorksIsOffered(t *testing.T) {
	w := newWorld(t)
	w.estate.rule(sdkLot, func(r *charge.Rule) { r.Grant = charge.GrantFixed }) // of nothing
	answers := map[string]func() lot.Result{"delivered": w.acked, "refused": w.refusal, "unknown": w.silence}
	for order, answer := range answers {
		c := w.finished(order, apiLot)
		c.Plate = charge.Plate("京D0000" + order[:1])
		w.must(c)
		_, done := w.next(w.calls)
		done(answer())
	}
	w.must(w.finished("no_grant", sdkLot))
	offered, leftOut := 0, 0
	for _, order := range []string{"delivered", "refused", "unknown", "no_grant"} {
		id := w.charge(order).ID
		story, err := w.flow.Story(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		named := map[flow.Verb]bool{}
		for _, a := range w.flow.Verdict(story).Actions {
			named[a.Verb] = true
		}
		judged, err := w.flow.Judge(t.Context(), story)
		if err != nil {
			t.Fatal(err)
		}
		effects := map[flow.Verb]*flow.Effect{}
		for _, a := range judged.Actions {
			effects[a.Verb] = a.Effect
		}
		for _, verb := range []flow.Verb{flow.VerbRedeliver, flow.VerbVoid, flow.VerbLotHas, flow.VerbLotHasNot} {
			e := w.triedOut(id, verb)
			leads := e.Allowed && (verb != flow.VerbRedeliver || e.After.State.Granting() || e.Before.State != e.After.State ||
				e.Before.Reason != e.After.Reason)
			got, is := effects[verb]
			switch {
			case is != (named[verb] && leads):
				t.Errorf("%s of %s: offered %t, named %t, leads to something %t", verb, order, is, named[verb], leads)
			case is && (got == nil || !got.Allowed || got.After.State != e.After.State):
				t.Errorf("%s of %s: offered with %+v, want %+v", verb, order, got, e)
			case is:
				offered++
			case named[verb]:
				leftOut++
			}
		}
	}
	if offered < 4 || leftOut == 0 {
		t.Errorf("%d actions were offered and %d left out: that shows nothing", offered, leftOut)
	}
}

// The timeline of a charge is in the order of time, causes before their effects.
func TestTimelineIsInOrder(t *testing.T) {
	w := newWorld(t)
	w.enter(apiLot, "s1", time.Hour)
	c := w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	w.clock.pass(time.Second)
	done(w.acked())
	w.settles("o1", charge.StateDelivered, charge.ReasonOK)
	w.clock.pass(time.Minute)
	w.leave(apiLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
	story, err := w.flow.Story(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, s := range story.Timeline {
		steps = append(steps, s.Step+" "+s.Result)
	}
	if diff := cmp.Diff([]string{"entry told", "push accepted", "decision sending", "ledger grant", "delivery acked",
		"exit exit", "ledger usage", "used exit"}, steps); diff != "" {
		t.Errorf("the timeline (-want +got):\n%s", diff)
	}
}
