package flow_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// What finds its lane full was never sent, and nothing says that it was: it waits without an attempt, longer than a
// lease lasts, and goes out as soon as there is room.
func TestFullLaneIsNoLostNode(t *testing.T) {
	for engine, place := range bothEngines(t) {
		for kind, id := range map[outbox.Kind]charge.LotID{outbox.KindLine: sdkLot, outbox.KindCallback: apiLot} {
			for _, repeats := range []charge.Repeats{charge.RepeatsAdd, charge.RepeatsReplace, charge.RepeatsUnsafe} {
				t.Run(engine+" "+string(kind)+" "+string(repeats), func(t *testing.T) {
					w := newWorldOn(t, place)
					w.estate.lot(id, func(l *charge.Lot) { l.Repeats = repeats })
					way := map[outbox.Kind]*channel{outbox.KindLine: w.line, outbox.KindCallback: w.calls}[kind]
					taken := w.flow.FillLane(kind)
					w.must(w.finished("o1", id))
					w.tried(2 * outbox.DefaultLease)
					w.put(sdkLot)
					w.want("o1", charge.StateSending, charge.ReasonOK)
					w.none(way)
					if dl, tries := w.lastTry("o1"); dl.State != charge.DeliveryDue || len(tries) != 0 {
						t.Fatalf("a delivery that found no place is %s with attempts %+v, want due with none", dl.State, tries)
					}
					release(taken)
					_, done := w.next(way)
					done(w.acked())
					w.settles("o1", charge.StateDelivered, charge.ReasonOK)
					if dl, tries := w.lastTry("o1"); dl.Attempts != 1 || len(tries) != 1 || tries[0].Result != charge.AttemptAcked {
						t.Errorf("delivered with %d attempts: %+v, want the one that was made", dl.Attempts, tries)
					}
				})
			}
		}
	}
}

// A report that finds its lane full waits as well.
func TestFullLaneOfReports(t *testing.T) {
	w := newWorld(t)
	w.estate.account.Report = &charge.ReportTarget{URL: "https://platform.example"}
	w.must(w.finished("T1", apiLot))
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("T1", charge.StateDelivered, charge.ReasonOK)
	taken := w.flow.FillLane(outbox.KindReport)
	if a, err := w.flow.Used(t.Context(),
		lot.Usage{Lot: apiLot, Order: "T1", Minutes: 30, Left: w.clock.Now()}); err != nil || a.State != 1 {
		t.Fatalf("usage: %+v, %v", a, err)
	}
	w.tried(2 * outbox.DefaultLease)
	if got := w.charge("T1").Report; got != charge.ReportDue {
		t.Errorf("a report that found no place is %s, want due", got)
	}
	release(taken)
	w.reported("T1")
}

func release(places []outbox.Place) {
	for _, p := range places {
		p.Release()
	}
}

// failing runs every write and then takes it back.
type failing struct{ flow.Storage }

func (f failing) Write(ctx context.Context, v []charge.VisitKey, fn func(flow.Tx) error) error {
	return f.Storage.Write(ctx, v, func(tx flow.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errors.New("the disk is full")
	})
}

// A push that is not stored frees its place and starts nothing.
func TestPlaceOfAPushThatFails(t *testing.T) {
	w := newWorld(t)
	w.wrap = func(s flow.Storage) flow.Storage { return failing{s} }
	w.restart()
	for _, order := range []string{"T1", "T2", "T3"} {
		if got := w.push(w.finished(order, apiLot)); got != charge.OutcomeBusy {
			t.Errorf("a push that cannot be stored: %s, want busy", got)
		}
	}
	w.none(w.calls)
	release(w.flow.FillLane(outbox.KindCallback)) // ends only where every place is free
}

// lastTry returns a charge's last delivery and its attempts.
func (w *world) lastTry(order string) (*charge.Delivery, []charge.Attempt) {
	w.t.Helper()
	c := w.charge(order)
	var dl *charge.Delivery
	var tries []charge.Attempt
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) error {
		all, err := tx.DeliveriesOf(c.ID)
		if err != nil || len(all) == 0 {
			return err
		}
		dl = all[len(all)-1]
		tries, err = tx.Attempts(dl)
		return err
	})
	if err != nil || dl == nil {
		w.t.Fatalf("the last delivery of %s: %v, %v", order, dl, err)
	}
	return dl, tries
}
