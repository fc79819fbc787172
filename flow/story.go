package flow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Story is all that is known of one charge.
type Story struct {
	Charge     *charge.Charge
	Stay       *charge.Stay
	Deliveries []Sent
	Pushes     []charge.Push
	Events     []charge.Event
	Ledger     []charge.LedgerEntry
	Timeline   []Step
	Earlier    []*charge.Decision // decisions that another one has replaced, oldest first
}

// Sent is a delivery with its attempts.
type Sent struct {
	Delivery *charge.Delivery
	Attempts []charge.Attempt
}

// Step is one line of the timeline. Step and Result are words of the lists in docs/states.md where there is one.
type Step struct {
	At     time.Time
	Step   string
	Result string
	Reason string
	Detail charge.Notes
	Actor  string // user or token that did it; empty for the gateway itself
	// what it reports of: charge.Push, *charge.Decision, Try, charge.Event, charge.LedgerEntry, *charge.Stay or
	// *charge.Usage
	Row  any
	rank int
}

// Try is one attempt with its delivery.
type Try struct {
	Delivery *charge.Delivery
	charge.Attempt
	Last bool // no other has followed
}

// Story reports one charge from its push to its report. It returns ErrNotFound for an unknown id.
func (f *Flow) Story(ctx context.Context, id int64) (*Story, error) {
	stories, err := f.Stories(ctx, []int64{id})
	if err != nil {
		return nil, err
	}
	return stories[0], nil
}

const (
	tellers    = 3  // readers that one list may have; the store has a few more of them
	toldAtOnce = 15 // charges that are worth a reader
)

// Stories reports several charges, each as of one moment, in the order of their ids. It returns ErrNotFound where one
// is unknown. What hangs on a charge lies wherever there was room at its time; so that a disk is not asked for one
// piece after the other, a few readers share them.
func (f *Flow) Stories(ctx context.Context, ids []int64) ([]*Story, error) {
	stories := make([]*Story, len(ids))
	parts := max(1, min(tellers, len(ids)/toldAtOnce))
	errs := make([]error, parts)
	var wg sync.WaitGroup
	for i := range parts {
		from, to := i*len(ids)/parts, (i+1)*len(ids)/parts
		wg.Go(func() { errs[i] = f.tell(ctx, ids[from:to], stories[from:to]) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return stories, nil
}

func (f *Flow) tell(ctx context.Context, ids []int64, stories []*Story) error {
	var all []*charge.History
	err := f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		all, err = tx.Histories(ids)
		return err
	})
	if err != nil {
		return err
	}
	for i, h := range all {
		if h == nil {
			return ErrNotFound
		}
		stories[i] = StoryOf(h)
	}
	return nil
}

// Visit finds a stay with the charges in it, oldest first. It returns ErrNotFound for an unknown id.
func (f *Flow) Visit(ctx context.Context, stayID int64) (stay *charge.Stay, charges []*charge.Charge, err error) {
	err = f.cfg.Storage.Read(ctx, func(tx Tx) error {
		if stay, err = tx.Stay(stayID); err != nil || stay == nil {
			return err
		}
		charges, err = tx.ChargesOfStay(stayID)
		return err
	})
	if err == nil && stay == nil {
		err = ErrNotFound
	}
	return stay, charges, err
}

// StoryOf puts what the store has of a charge into a story.
func StoryOf(h *charge.History) *Story {
	s := &Story{Charge: h.Charge, Stay: h.Stay, Pushes: h.Pushes, Events: h.Events, Ledger: h.Ledger, Earlier: h.Earlier,
		Deliveries: []Sent{}}
	for _, dl := range h.Deliveries {
		s.Deliveries = append(s.Deliveries, Sent{dl, h.Attempts[dl.ID]})
	}
	s.Timeline = s.timeline()
	return s
}

// Orders of steps that bear the same time: causes stand before their effects.
const (
	rankEntry = iota
	rankPush
	rankAct // what support or a repeat set off
	rankMatch
	rankDecision
	rankGrant
	rankSend
	rankTaken // a counter-entry stands behind the try that caused it
	rankExit
	rankUsage
	rankReport
)

// timeline puts every row about a charge into the order of time. A lot reports whole seconds: an entry counts from the
// beginning of its second, an exit and what follows from it to the end.
func (s *Story) timeline() []Step {
	steps := s.stayed()
	for _, p := range s.Pushes {
		steps = append(steps, Step{At: p.Received, Step: "push", Result: string(p.Outcome), rank: rankPush, Row: p,
			Detail: charge.Notes{charge.Say("story.push", charge.Text("remote", p.Remote),
				charge.Text("account", p.Account))}.And(p.Reason...)})
	}
	for _, d := range s.Decisions() {
		steps = append(steps, Step{At: d.At, Step: "decision", Result: string(d.State), Reason: string(d.Reason),
			rank: rankDecision, Row: d,
			Detail: s.decisionNotes(d)})
	}
	for _, sd := range s.Deliveries {
		for i, a := range sd.Attempts {
			steps = append(steps, Step{At: a.At, Step: "delivery", Result: string(a.Result), rank: rankSend,
				Row:    Try{sd.Delivery, a, i == len(sd.Attempts)-1},
				Reason: string(sd.Delivery.State), Detail: charge.Notes{attemptNote(sd.Delivery, a)}.And(a.Detail)})
		}
	}
	for _, e := range s.Events {
		rank, ok := eventRanks[e.Step]
		if !ok {
			rank = rankAct
		}
		steps = append(steps, Step{At: e.At, Step: e.Step, Result: e.Result, Reason: string(e.Reason), rank: rank,
			Detail: charge.Notes{}.And(e.Detail), Actor: e.Actor, Row: e})
	}
	for _, e := range s.Ledger {
		steps = append(steps, Step{At: e.At, Step: "ledger", Result: string(e.Kind), rank: ledgerRank(e), Row: e,
			Detail: charge.Notes{charge.Say("story.ledger", charge.Mins("minutes", e.Minutes),
				charge.Money("amount", e.Amount))}.And(e.Note)})
	}
	if u := s.Charge.Usage; u != nil {
		steps = append(steps, Step{At: u.At, Step: "used", Result: string(u.Source), rank: rankUsage, Row: u,
			Detail: charge.Notes{charge.Say("story.used", used("used", u))}})
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		return cmp.Or(s.sortAt(a).Compare(s.sortAt(b)), cmp.Compare(a.rank, b.rank))
	})
	return steps
}

// eventRanks are the ranks of events that are no act.
var eventRanks = map[string]int{"matched": rankMatch, "delivery": rankSend, "exit": rankExit, "usage": rankUsage,
	"report": rankReport}

func ledgerRank(e charge.LedgerEntry) int {
	switch {
	case e.Kind == charge.EntryUsage:
		return rankUsage
	case e.Minutes < 0 || e.Amount < 0:
		return rankTaken
	}
	return rankGrant
}

// sortAt is where a step stands in time.
func (s *Story) sortAt(step Step) time.Time {
	if s.Stay == nil || s.Stay.Open || step.rank < rankExit {
		return step.At
	}
	second := s.Stay.Left.Truncate(time.Second)
	if step.At.Truncate(time.Second).Equal(second) {
		return second.Add(time.Second - time.Nanosecond)
	}
	return step.At
}

// stayed are the steps of the stay.
func (s *Story) stayed() []Step {
	if s.Stay == nil {
		return nil
	}
	stay := charge.Text("stay", s.Stay.OrderID)
	steps := []Step{{At: s.Stay.Entered, Step: "entry", Result: "told", rank: rankEntry, Row: s.Stay,
		Detail: charge.Notes{charge.Say("story.entry", stay, charge.AtLot("lot", s.Stay.Lot))}}}
	if !s.Stay.Open {
		steps = append(steps, Step{At: s.Stay.Left, Step: "exit", Result: string(s.Stay.Closed), rank: rankExit, Row: s.Stay,
			Detail: charge.Notes{charge.Say("story.exit", stay)}})
	}
	return steps
}

// Decisions are all decisions on the charge, the one that counts last.
func (s *Story) Decisions() []*charge.Decision {
	if s.Charge.Decision == nil {
		return s.Earlier
	}
	return append(slices.Clone(s.Earlier), s.Charge.Decision)
}

func (s *Story) decisionNotes(d *charge.Decision) charge.Notes {
	notes := charge.Notes{charge.Say("story.decision", charge.Count("version", d.Rule.Version),
		charge.Mins("minutes", d.Minutes))}
	if s.Charge.HasEnergy {
		notes = append(notes, charge.Say("story.energy", charge.KWh("energy", d.Energy)))
	}
	if len(d.Granted) > 0 {
		notes = append(notes, charge.Say("story.earlier", charge.Count("earlier", len(d.Granted))))
	}
	return notes.And(d.Notes...)
}

func attemptNote(dl *charge.Delivery, a charge.Attempt) charge.Note {
	return charge.Say("story.try", charge.Count("n", a.N), charge.Word("channel", "delivery_channel", dl.Channel),
		charge.Text("message", string(dl.Message)), charge.Text("uuid", dl.UUID))
}
