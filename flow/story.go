package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
}

// Sent is a delivery with its attempts.
type Sent struct {
	Delivery *charge.Delivery
	Attempts []charge.Attempt
}

// Step is one line of the timeline. Step and Result are words of the lists in docs/states.md where there is one.
type Step struct {
	At     time.Time `json:"at"`
	Step   string    `json:"step"`
	Result string    `json:"result"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail"`
}

// Story tells one charge from its push to its report. It gives ErrNotFound for an unknown id.
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

// Stories tells several charges, each as of one moment, in the order of their ids. It gives ErrNotFound where one is
// unknown. What hangs on a charge lies wherever there was room at its time; so that a disk is not asked for one piece
// after the other, a few readers share them.
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
		stories[i] = storyOf(h)
	}
	return nil
}

func storyOf(h *charge.History) *Story {
	s := &Story{Charge: h.Charge, Stay: h.Stay, Pushes: h.Pushes, Events: h.Events, Ledger: h.Ledger, Deliveries: []Sent{}}
	for _, dl := range h.Deliveries {
		s.Deliveries = append(s.Deliveries, Sent{dl, h.Attempts[dl.ID]})
	}
	s.Timeline = s.timeline()
	return s
}

// timeline puts every row about a charge into the order of time.
func (s *Story) timeline() []Step {
	var steps []Step
	for _, p := range s.Pushes {
		steps = append(steps, Step{At: p.Received, Step: "push", Result: string(p.Outcome), Reason: p.Reason,
			Detail: "from " + p.Remote + " for account " + p.Account})
	}
	if d := s.Charge.Decision; d != nil {
		steps = append(steps, Step{At: d.At, Step: "decision", Result: string(d.State), Reason: string(d.Reason), Detail: decisionText(d)})
	}
	for _, sd := range s.Deliveries {
		for _, a := range sd.Attempts {
			steps = append(steps, Step{At: a.At, Step: "delivery", Result: string(a.Result),
				Reason: string(sd.Delivery.State), Detail: attemptText(sd.Delivery, a)})
		}
	}
	for _, e := range s.Events {
		text := e.Detail
		if e.Actor != "" {
			text += " (by " + e.Actor + ")"
		}
		steps = append(steps, Step{At: e.At, Step: e.Step, Result: e.Result, Reason: string(e.Reason), Detail: text})
	}
	if s.Stay != nil {
		steps = append(steps, Step{At: s.Stay.Entered, Step: "entry", Result: "told", Detail: "stay " + s.Stay.OrderID + " in lot " + s.Stay.Lot.String()})
		if !s.Stay.Open {
			steps = append(steps, Step{At: s.Stay.Left, Step: "exit", Result: string(s.Stay.Closed), Detail: "stay " + s.Stay.OrderID})
		}
	}
	for _, e := range s.Ledger {
		steps = append(steps, Step{At: e.At, Step: "ledger", Result: string(e.Kind),
			Detail: fmt.Sprintf("%d min, %s yuan: %s", e.Minutes, e.Amount, e.Note)})
	}
	slices.SortStableFunc(steps, func(a, b Step) int { return a.At.Compare(b.At) })
	return steps
}

func decisionText(d *charge.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule version %d (%s, combine %s)", d.Rule.Version, d.Rule.Grant, d.Rule.Combine)
	fmt.Fprintf(&b, "; charged %d min, %s kWh", d.Minutes, d.Energy)
	if len(d.Granted) > 0 {
		fmt.Fprintf(&b, "; %d earlier grants in the stay", len(d.Granted))
	}
	return b.String()
}

func attemptText(dl *charge.Delivery, a charge.Attempt) string {
	text := fmt.Sprintf("try %d by %s, message %s, uuid %s", a.N, dl.Channel, dl.Message, dl.UUID)
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	return text
}
