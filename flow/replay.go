package flow

import (
	"context"
	"errors"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Replayed is what a stored push comes to when it is opened again with today's keys, at the time it came.
type Replayed struct {
	Outcome charge.Outcome // what it comes to now; of a push that has its charge, what it came to
	Note    charge.Note    // what a replay does, or did
	Why     charge.Note    // why it is refused still
	Read    charge.Notes   // what was read, with units
	Charge  int64          // 0 where it makes none
	Takes   bool           // a replay makes a charge of it
	Done    bool           // it was taken now
	Before  charge.Outcome // as it was stored
	After   Standing       // of the charge that it makes; a dry run foretells it
	Plate   charge.Plate   // whole, for those who may see it; Read has it masked
}

// Replay opens a stored push again. A push that was refused and opens now, because a key or a binding was put
// right, is taken as if it had just come; one that made a charge changes nothing. DryRun does the same on a snapshot.
func (f *Flow) Replay(ctx context.Context, pushID int64, a Action) (Replayed, error) {
	var stored *charge.Push
	err := f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
		stored, err = tx.Push(pushID)
		return err
	})
	if err != nil {
		return Replayed{}, err
	}
	if stored == nil {
		return Replayed{}, ErrNotFound
	}
	out := Replayed{Outcome: stored.Outcome, Before: stored.Outcome, Charge: stored.Charge}
	p, account, m, err := f.cfg.Opener.Reopen(*stored)
	var refusal *platform.Refusal
	if errors.As(err, &refusal) {
		out.Outcome, out.Why, out.Note = refusal.Outcome, refusal.Why, charge.Say("replay.refused")
		if refusal.Outcome == charge.OutcomeWrongLock {
			out.Note = charge.Say("replay.locked_out")
		}
		return out, nil
	}
	if err != nil {
		return Replayed{}, err
	}
	out.Read = readings(m)
	switch {
	case m.Charge == nil:
		out.Note = charge.Say("replay.no_charge")
		return out, nil
	case stored.Charge != 0:
		out.Plate, out.Note = m.Charge.Plate, charge.Say("replay.known")
		return out, nil
	}
	out.Plate = m.Charge.Plate
	p.Received = f.cfg.Now()
	t := &taken{f: f, push: p, account: account, message: m, dry: a.DryRun, reply: func(platform.Verdict) platform.Reply {
		return platform.Reply{Body: []byte("replayed by " + a.Actor)}
	}}
	if a.DryRun {
		err = t.handle(ctx)
	} else {
		t.take(ctx)
	}
	t.says(&out)
	return out, err
}

// says puts into words what taking a push again comes to, or came to.
func (t *taken) says(out *Replayed) {
	out.Outcome = t.outcome
	out.Takes = t.outcome == charge.OutcomeAccepted && t.became != nil
	out.Done = out.Takes && !t.dry
	if out.Takes {
		out.After = standing(t.became)
		what := (&acting{charge: t.became}).cameTo("")
		if out.Note = charge.Say("replay.takes", charge.Because("what", what)); !t.dry {
			out.Charge = t.made
			out.Note = charge.Say("replay.took", charge.Word("before", "push_outcome", out.Before),
				charge.Word("after", "push_outcome", out.Outcome), charge.Because("what", what))
		}
		return
	}
	out.Why = t.reason
	switch out.Outcome {
	case charge.OutcomeDuplicate:
		out.Charge, out.Note = t.made, charge.Say("replay.repeat")
	case charge.OutcomeBusy:
		out.Note = charge.Say("replay.busy")
	default:
		out.Note = charge.Say("replay.still_refused", charge.Word("outcome", "push_outcome", out.Outcome))
	}
}

// readings lists what a message says, with units.
func readings(m platform.Message) charge.Notes {
	c := m.Charge
	if c == nil {
		return nil
	}
	out := charge.Notes{charge.Say("read.order", charge.Text("order", c.Order)),
		charge.Say("read.car", charge.Masked("plate", c.Plate)), charge.Say("read.lot", charge.AtLot("lot", c.Lot))}
	if !c.Started.IsZero() {
		out = append(out, charge.Say("read.started", charge.When("at", c.Started)))
	}
	if !c.Ended.IsZero() {
		out = append(out, charge.Say("read.ended", charge.When("at", c.Ended)))
	}
	if c.HasEnergy {
		out = append(out, charge.Say("read.energy", charge.KWh("energy", c.Energy)))
	}
	if c.HasTotal {
		out = append(out, charge.Say("read.total", charge.Money("total", c.Total)))
	}
	return append(out, platform.ReadAsk(c.Ask))
}
