package flow

import (
	"context"
	"errors"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Replayed is what a stored push says when it is opened again with today's keys, at the time it came.
type Replayed struct {
	Outcome charge.Outcome `json:"outcome"`
	Detail  string         `json:"detail"`
	Read    []string       `json:"read"`
	Charge  int64          `json:"charge,string"` // 0 where it makes none
	Done    bool           `json:"done"`          // it was taken now
	Plate   charge.Plate   `json:"-"`             // whole, for those who may see it; Read has it masked
}

// Replay opens a stored push again. A push that was refused and opens now, because a key or a binding was put
// right, is taken as if it had just come, unless DryRun; one that made a charge changes nothing.
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
	p, account, m, err := f.cfg.Opener.Reopen(*stored)
	var refusal *platform.Refusal
	if errors.As(err, &refusal) {
		return Replayed{Outcome: refusal.Outcome, Detail: refusal.Detail, Charge: stored.Charge}, nil
	}
	if err != nil {
		return Replayed{}, err
	}
	out := Replayed{Outcome: stored.Outcome, Charge: stored.Charge, Read: readings(m), Detail: "opens with today's keys"}
	if m.Charge != nil {
		out.Plate = m.Charge.Plate
	}
	if stored.Charge != 0 || m.Charge == nil || a.DryRun {
		if stored.Charge == 0 && m.Charge != nil {
			out.Detail += "; without dry run it is taken now"
		}
		return out, nil
	}
	p.Received = f.cfg.Now()
	t := &taken{f: f, push: p, account: account, message: m, reply: func(platform.Verdict) platform.Reply {
		return platform.Reply{Body: []byte("replayed by " + a.Actor)}
	}}
	t.take(ctx)
	out.Outcome, out.Charge, out.Done = t.outcome, t.made, t.outcome == charge.OutcomeAccepted
	return out, nil
}

// readings lists what a message says, with units.
func readings(m platform.Message) []string {
	c := m.Charge
	if c == nil {
		return []string{"no finished charge"}
	}
	out := []string{"order = " + c.Order, "plate = " + c.Plate.String(), "lot = " + c.Lot.String()}
	if !c.Started.IsZero() {
		out = append(out, "started = "+c.Started.In(charge.Shanghai).Format("2006-01-02 15:04:05 -07:00"))
	}
	if !c.Ended.IsZero() {
		out = append(out, "ended = "+c.Ended.In(charge.Shanghai).Format("2006-01-02 15:04:05 -07:00"))
	}
	if c.HasEnergy {
		out = append(out, "energy = "+c.Energy.String()+" kWh")
	}
	if c.HasTotal {
		out = append(out, "total = "+c.Total.String()+" yuan")
	}
	if c.Ask.Method != "" {
		out = append(out, fmt.Sprintf("asks = %s, %d min, %s yuan", c.Ask.Method, c.Ask.Minutes, c.Ask.Amount))
	}
	return out
}
