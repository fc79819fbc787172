package flow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// taking bounds how long a platform waits for a commit before it hears "busy".
const taking = 10 * time.Second

// repeatWindow is how long the same push without order number counts as a repeat, whatever became of it.
const repeatWindow = 10 * time.Minute

var _ platform.Taker = (*Flow)(nil)

// Take stores an opened push with all that follows from it and answers after the commit.
func (f *Flow) Take(ctx context.Context, p platform.Push, a platform.Account, m platform.Message,
	reply func(platform.Verdict) platform.Reply) platform.Reply {
	t := &taken{f: f, push: p, account: a, message: m, reply: reply}
	t.take(ctx)
	return t.answer
}

// take stores the push; the answer is that of the commit, or "busy".
func (t *taken) take(ctx context.Context) {
	ctx, cancel := t.f.cfg.Machine.Within(context.WithoutCancel(ctx), taking)
	defer cancel()
	f, p := t.f, t.push
	err := t.store(ctx)
	if err != nil {
		if !errors.Is(err, outbox.ErrBusy) && ctx.Err() == nil {
			f.cfg.Logger.Error("push not stored; the platform is asked to send it again", "platform", p.Platform, "error",
				err)
		}
		t.verdict(platform.Verdict{Outcome: charge.OutcomeBusy})
		t.made = 0
	}
	f.cfg.Observer.Pushed(p.Platform, t.outcome)
}

// store stores the push where there is room for one more.
func (t *taken) store(ctx context.Context) error {
	select {
	case t.f.taking <- struct{}{}:
		defer func() { <-t.f.taking }()
	default:
		return outbox.ErrBusy
	}
	if !t.dry {
		t.request = wire(t.push, len(t.push.Body)) // here, where nothing waits for it
	}
	return t.handle(ctx)
}

// handle finds out what the push is, and stores it as that.
func (t *taken) handle(ctx context.Context) error {
	switch m := t.message; {
	case m.Question != nil:
		return t.question(ctx)
	case m.Charge == nil:
		return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeAccepted}, charge.Say("push.unfinished"))
	}
	return t.charge(ctx)
}

// write runs fn in a transaction over visits; a dry run runs it on a snapshot that keeps nothing.
func (t *taken) write(ctx context.Context, visits []charge.VisitKey, fn func(Tx, *after) error) error {
	if !t.dry {
		return t.f.write(ctx, visits, fn)
	}
	then := &after{dry: true}
	defer then.reset()
	return t.f.cfg.Storage.Read(ctx, func(tx Tx) error { return fn(dryTx{tx}, then) })
}

// taken is one push on its way in.
type taken struct {
	f       *Flow
	push    platform.Push
	account platform.Account
	message platform.Message
	reply   func(platform.Verdict) platform.Reply
	answer  platform.Reply
	outcome charge.Outcome
	request []byte // as it is stored
	made    int64  // the charge that the push made or met; 0 for none

	dry    bool           // nothing is kept
	reason charge.Note    // what is noted beside the outcome
	became *charge.Charge // what the push made or changed; nil for nothing
}

func (t *taken) verdict(v platform.Verdict) {
	if v.Outcome == charge.OutcomeAccepted && t.outcome == v.Outcome {
		return // the yes is always the same
	}
	v.Message = &t.message
	t.outcome, t.answer = v.Outcome, t.reply(v)
}

// record stores the push alone.
func (t *taken) record(ctx context.Context, v platform.Verdict, reason charge.Note) error {
	t.verdict(v)
	if t.dry {
		t.reason = reason
		return nil
	}
	return t.f.cfg.Storage.Write(ctx, nil, func(tx Tx) error { return t.addPush(tx, reason, 0) })
}

func (t *taken) addPush(tx Tx, reason charge.Note, chargeID int64) error {
	rec := t.f.pushRecord(t.push, t.account.ID, t.request)
	t.made, t.reason = chargeID, reason
	rec.Outcome, rec.Reason, rec.Charge, rec.Reply = t.outcome, charge.Notes{}.And(reason).And(t.message.Warnings...),
		chargeID, t.answer.Body
	if m := t.message.Charge; m != nil && chargeID == 0 {
		rec.Plate, rec.Order, rec.Lot = m.Plate, m.Order, m.Lot
	}
	return tx.AddPush(rec)
}

func (t *taken) question(ctx context.Context) error {
	v := platform.Verdict{Outcome: charge.OutcomeQuestion}
	if q := t.message.Question.Plate; q != nil {
		err := t.f.cfg.Storage.Read(ctx, func(tx Tx) error {
			stays, err := tx.StaysOf(charge.VisitKey{Lot: q.Lot, Plate: q.Plate}, t.push.Received)
			for _, s := range stays {
				if s.Open {
					v.InPark, v.Entered = true, s.Entered
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return t.record(ctx, v, charge.Note{})
}

// unlisted is the note of a push whose chargers or stations no binding lists, and orElse stands between them.
const unlisted, orElse = "push.no_charger", " / "

// Unlisted returns the chargers or stations that a push was refused for, in the order in which a binding would find
// them; none for another refusal.
func Unlisted(p charge.Push) []string {
	if p.Outcome != charge.OutcomeUnknownLot || len(p.Reason) == 0 || p.Reason[0].Code != unlisted {
		return nil
	}
	return strings.Split(p.Reason[0].Arg("chargers").Value, orElse)
}

// charge finds lot and binding, then accepts.
func (t *taken) charge(ctx context.Context) error {
	m, est := t.message.Charge, t.f.cfg.Estate()
	if a, _ := est.Account(t.account.ID); m.Undated() && a.Undated != charge.UndatedOnceAStay {
		return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeUndated},
			charge.Say("push.undated", charge.Text("account", t.account.ID)))
	}
	id := m.Lot
	if id.IsZero() {
		found, charger, ok := est.LotOfCharger(t.account.ID, m.Chargers)
		if !ok {
			return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeUnknownLot},
				charge.Say(unlisted, charge.Text("chargers", strings.Join(m.Chargers, orElse))))
		}
		id, m.Detail.Charger = found, charger
	}
	target, _, ok := est.Lot(id)
	if !ok && est.LotOff(id) {
		return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeLotOff},
			charge.Say("push.lot_off", charge.AtLot("lot", id)))
	}
	if !ok {
		return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeUnknownLot},
			charge.Say("push.no_lot", charge.AtLot("lot", id)))
	}
	binding, ok := est.Binding(t.account.ID, id)
	if !ok {
		return t.record(ctx, platform.Verdict{Outcome: charge.OutcomeNotBound},
			charge.Say("push.not_bound", charge.Text("account", t.account.ID), charge.AtLot("lot", id)))
	}
	c := t.newCharge(id)
	d := deciding{f: t.f, est: est, binding: binding, lot: target, charge: c, issuer: est.Issuer(c.Account, id),
		now: t.push.Received}
	return t.accept(ctx, &d)
}

// accept is the one transaction: repeat or new charge, decision, delivery, push.
func (t *taken) accept(ctx context.Context, d *deciding) error {
	fresh := *d.charge
	visits := d.visits()
	if len(d.issuer.Names) > 1 { // the same order may come by another account, for another plate
		visits = append(visits, charge.OrderKey(fresh.Platform, fresh.RepeatKey))
	}
	t.verdict(platform.Verdict{Outcome: charge.OutcomeAccepted}) // sealed here, where no caller waits for it
	var begun time.Time
	for try := 0; ; try++ {
		if t.f.cfg.Tracer != nil {
			begun = t.f.cfg.Now()
		}
		err := t.write(ctx, visits, func(tx Tx, then *after) error {
			*d.charge = fresh
			d.tx, d.then = tx, then
			if err := d.foresee(); err != nil {
				return err
			}
			if err := d.match(); err != nil {
				return err
			}
			first, err := t.repeated(tx, d)
			if err != nil {
				return err
			}
			if first != nil {
				return t.acceptRepeat(tx, then, d, first)
			}
			t.verdict(platform.Verdict{Outcome: charge.OutcomeAccepted})
			if err := d.decide(); err != nil {
				return err
			}
			if err := tx.AddCharge(d.charge, d.issuer.Name()); err != nil {
				return err
			}
			if err := d.launch(""); err != nil {
				return err
			}
			t.became = d.charge
			return t.addPush(tx, charge.Note{}, d.charge.ID)
		})
		if errors.Is(err, outbox.ErrRepeated) && try < 3 {
			continue // another hand stored it between our look and our insert: now it is there to be seen
		}
		if t.f.cfg.Tracer != nil && err == nil && t.became != nil && !t.dry {
			t.f.cfg.Tracer.Stored(t.became, begun, t.f.cfg.Now())
		}
		return err
	}
}

// repeated finds the charge that this push says again, and settles a repeat key that depends on the visit.
func (t *taken) repeated(tx Tx, d *deciding) (*charge.Charge, error) {
	c, m := d.charge, t.message.Charge
	if !m.Undated() {
		return tx.ChargeByRepeat(c.Platform, c.RepeatKey, d.issuer)
	}
	if d.stay != nil {
		c.RepeatKey = visitRepeatKey(d.stay)
		return tx.ChargeByRepeat(c.Platform, c.RepeatKey, d.issuer)
	}
	recent, err := tx.ChargesOfVisit(d.visit(), d.now.Add(-visitSpan))
	if err != nil {
		return nil, err
	}
	for i := len(recent) - 1; i >= 0; i-- {
		if r := recent[i]; r.Platform == c.Platform && d.issuer.Issued(r.Account, r.Lot) && d.sameVisit(r) {
			return r, nil
		}
	}
	c.RepeatKey = m.RepeatKey + "|" + strconv.FormatInt(c.ID, 10)
	return nil, nil
}

// sameVisit reports whether a push without order number and stay says again what an earlier one of the last 24 hours
// said: where the lot reports no stays all of them are of one visit, else those are that wait for the same stay.
func (d *deciding) sameVisit(earlier *charge.Charge) bool {
	if isWindowKey(earlier.RepeatKey, earlier.ID) && (earlier.State == charge.StateHeld || !d.needsStay()) {
		return true
	}
	return sameDigest(earlier.Digest, d.charge.Digest) && !earlier.Received.Before(d.now.Add(-repeatWindow))
}

// acceptRepeat answers a known order with success. Other content wins while nothing was sent.
func (t *taken) acceptRepeat(tx Tx, then *after, d *deciding, first *charge.Charge) error {
	t.verdict(platform.Verdict{Outcome: charge.OutcomeDuplicate})
	if first.Gone() {
		return t.addPush(tx, charge.Say("push.repeat_gone"), 0)
	}
	if sameDigest(first.Digest, d.charge.Digest) {
		return t.addPush(tx, charge.Say("push.repeat"), first.ID)
	}
	if first.State.Settled() {
		if err := tx.AddEvent(charge.Event{Charge: first.ID, At: d.now, Step: "repeated", Result: "first_stays",
			Detail: charge.Say("repeat.first_stays")}); err != nil {
			return err
		}
		return t.addPush(tx, charge.Say("push.repeat_late"), first.ID)
	}
	if err := then.hold(charge.VisitKey{Lot: first.Lot, Plate: first.Plate}); err != nil {
		return err
	}
	next := d.charge
	next.ID, next.Received, next.RepeatKey = first.ID, first.Received, first.RepeatKey
	if first.Decision != nil {
		if err := tx.AddDecision(first.ID, first.Decision); err != nil {
			return err
		}
	}
	if err := d.decide(); err != nil {
		return err
	}
	if err := tx.SetCharge(next); err != nil {
		return err
	}
	if err := d.launch(first.State); err != nil {
		return err
	}
	if err := tx.AddEvent(charge.Event{Charge: first.ID, At: d.now, Step: "repeated", Result: "newer_wins",
		Detail: charge.Say("repeat.newer_wins")}); err != nil {
		return err
	}
	return t.addPush(tx, charge.Say("push.repeat_counts"), first.ID)
}

func (t *taken) newCharge(id charge.LotID) *charge.Charge {
	m := t.message.Charge
	c := &charge.Charge{
		ID: t.f.cfg.IDs.Next(), Platform: t.push.Platform, Account: t.account.ID,
		Order: m.Order, RepeatKey: m.RepeatKey, Plate: m.Plate, Names: m.Names, Lot: id,
		StartedAt: m.Started, EndedAt: m.Ended, Received: t.push.Received,
		Energy: m.Energy, HasEnergy: m.HasEnergy, Total: m.Total, HasTotal: m.HasTotal,
		Ask: m.Ask, Detail: m.Detail, Report: charge.ReportOff, UpdatedAt: t.push.Received,
	}
	c.Digest = digest(c)
	return c
}

// digest is over everything that a push holds, so that only a changed push counts as changed.
func digest(c *charge.Charge) string {
	text := fmt.Sprintf("%q %q %s %d %d %d %t %d %t %+v %+v", c.Order, c.Plate.Full(), c.Lot,
		c.StartedAt.UnixMilli(), c.EndedAt.UnixMilli(), c.Energy, c.HasEnergy, c.Total, c.HasTotal, c.Ask, c.Detail)
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// sameDigest compares a stored digest with one of now: earlier releases stored twice the digits, of which these are the
// first.
func sameDigest(stored, now string) bool { return strings.HasPrefix(stored, now) }

// pushRecord keeps a request, which is given as it was on the wire.
func (f *Flow) pushRecord(p platform.Push, account string, request []byte) charge.Push {
	return charge.Push{
		ID: f.cfg.IDs.Next(), Platform: p.Platform, Account: account, Received: p.Received,
		Remote: p.Remote.String(), Request: request,
	}
}
