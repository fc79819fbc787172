package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// same fails unless two values are equal; times are compared as instants.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func testRoundTrip(t *testing.T, s *site) {
	c := s.charge("京AD06088")
	bare := &charge.Charge{ID: s.ids.Next(), Platform: "xiaoju", RepeatKey: "bare", Plate: "京B12345", Lot: s.lot,
		Received: s.now,
		State:    charge.StateHeld, Reason: charge.ReasonWaitingForStay, UpdatedAt: s.now}
	p := s.push(c.ID)
	stay := s.stay("京AD06088", "o1")
	d, j := s.delivery(c)
	j.Lease, j.LeaseUntil, j.Fence, j.Attempt = "a", s.now.Add(time.Minute), 1, 2
	d.Attempts, d.First = 2, charge.Attempt{Delivery: d.ID, N: 1, At: s.now, Result: charge.AttemptTimeout,
		Detail: charge.Say("delivery.no_answer")}
	attempt := charge.Attempt{Delivery: d.ID, N: 2, At: s.now, Result: charge.AttemptOffLine,
		Detail: charge.Say("delivery.line_gone")}
	event := charge.Event{Charge: c.ID, At: s.now, Step: "matched", Result: "ok", Reason: charge.ReasonOK,
		Detail: charge.Say("match.before", charge.Text("stay", "x")), Actor: "li"}
	entry := s.grant(c, charge.EntryGrant, 30)
	older := &charge.Decision{State: charge.StateHeld, Reason: charge.ReasonWaitingForStay,
		Notes: charge.Notes{charge.Say("decision.waits", charge.When("until", s.now))}}

	check := func(tx *store.Tx) error {
		gotC, e1 := tx.Charge(c.ID)
		gotBare, e2 := tx.Charge(bare.ID)
		gotP, e3 := tx.Push(p.ID)
		gotS, e4 := tx.Stay(stay.ID)
		gotD, e5 := tx.Delivery(d.ID)
		gotJ, e6 := tx.Job(j.ID)
		gotA, e7 := tx.Attempts(d)
		gotE, e8 := tx.Events(c.ID)
		gotL, e9 := tx.LedgerOf(c.ID)
		gotO, e10 := tx.Decisions(c.ID)
		same(t, "charge", gotC, c)
		same(t, "bare charge", gotBare, bare)
		same(t, "push", gotP, &p)
		same(t, "stay", gotS, stay)
		same(t, "delivery", gotD, d)
		same(t, "job", gotJ, &j)
		same(t, "attempts", gotA, []charge.Attempt{d.First, attempt})
		same(t, "replaced decisions", gotO, []*charge.Decision{older})
		same(t, "events", gotE, []charge.Event{event})
		same(t, "ledger", gotL, []charge.LedgerEntry{entry})
		return all(e1, e2, e3, e4, e5, e6, e7, e8, e9, e10)
	}
	s.write(func(tx *store.Tx) error {
		err := all(tx.AddPush(p), tx.AddCharge(c, c.Account), tx.AddCharge(bare, bare.Account), tx.AddStay(stay),
			tx.AddDelivery(d, j),
			tx.AddAttempt(attempt), tx.AddEvent(event), tx.AddLedger(entry), tx.AddDecision(c.ID, older))
		if err != nil {
			return err
		}
		return check(tx) // a transaction sees what it has put
	}, s.visit(c.Plate), s.visit(bare.Plate))
	s.read(check)

	c.Account, c.Order, c.RepeatKey, c.Plate, c.Lot = "other", "o2", "k2", "京AD06089",
		charge.LotID{Union: "200461", Park: "9"}
	c.StartedAt, c.EndedAt = s.now.Add(-3*time.Hour), time.Time{}
	c.Energy, c.HasEnergy, c.Total, c.HasTotal = 0, false, 100, true
	c.Ask, c.Detail, c.Digest = charge.Ask{}, charge.Detail{Charger: "x"}, "d2"
	c.State, c.Reason, c.Reduction, c.StayID, c.HoldUntil = charge.StateUsed, charge.ReasonCapReached, nil, 0, time.Time{}
	c.Decision, c.Usage = nil, &charge.Usage{Minutes: 20, Amount: 300, At: s.now, Source: charge.UsageTold, Told: "19.50"}
	c.Report, c.UpdatedAt = charge.ReportDue, s.now.Add(time.Second)
	stay.OrderID, stay.Plate, stay.Left, stay.Open, stay.Closed = "o9", "京AD06089", s.now, false, charge.ClosedByExit
	stay.Paid, stay.PaidAt, stay.Settlement, stay.Channel = 500, s.now, []byte("{}"), "in2"
	stay.Entered, stay.Names, c.Names = s.now.Add(-time.Hour), "MX7742|ZM127", "ZM127"
	d.Message, d.UUID, d.Payload, d.State, d.Attempts = charge.Message336, "u2", []byte("p"), charge.DeliverySent, 3
	d.DueAt, d.Until = s.now.Add(time.Hour), time.Time{}
	j.DueAt, j.Attempt, j.Lease, j.LeaseUntil, j.Fence = d.DueAt, 3, "", time.Time{}, 2
	s.write(func(tx *store.Tx) error {
		return all(tx.SetCharge(c), tx.SetStay(stay), tx.SetDelivery(d), tx.SetJob(j))
	})
	s.read(check)

	s.write(func(tx *store.Tx) error {
		if err := tx.EndJob(j.ID); err != nil {
			return err
		}
		return tx.EndJob(j.ID) // ending twice is no error
	})
	s.read(func(tx *store.Tx) error {
		job, err := tx.Job(j.ID)
		if job != nil {
			t.Errorf("job %d is there after its end", job.ID)
		}
		return err
	})
}

func testLookups(t *testing.T, s *site) {
	c := s.charge("京AD06088")
	stay, old := s.stay("京AD06088", "o1"), s.stay("京AD06088", "o0")
	c.StayID = stay.ID
	old.Entered, old.Left, old.Open = s.now.Add(-50*time.Hour), s.now.Add(-48*time.Hour), false
	long := s.stay("京AD06088", "o2") // came before the other and left after it
	long.Entered, long.Left, long.Open = s.now.Add(-60*time.Hour), s.now.Add(-47*time.Hour), false
	held := s.charge("京AD06088")
	held.State, held.StayID, held.Received, held.Order = charge.StateHeld, 0, s.now.Add(-time.Hour), ""
	d, j := s.delivery(c)
	s.write(func(tx *store.Tx) error {
		return all(tx.AddCharge(c, c.Account), tx.AddCharge(held, held.Account), tx.AddStay(old), tx.AddStay(long),
			tx.AddStay(stay),
			tx.AddDelivery(d, j), tx.AddPush(s.push(c.ID)), tx.AddPush(s.push(0)), tx.AddPush(s.push(c.ID)))
	})
	s.read(func(tx *store.Tx) error {
		v := s.visit(c.Plate)
		charges := func(what string, want ...*charge.Charge) func([]*charge.Charge, error) {
			return func(got []*charge.Charge, err error) {
				t.Helper()
				if err != nil {
					t.Errorf("%s: %v", what, err)
				}
				same(t, what, got, append([]*charge.Charge(nil), want...))
			}
		}
		charges("charges of stay", c)(tx.ChargesOfStay(stay.ID))
		charges("charges of stay 0")(tx.ChargesOfStay(0))
		charges("charges of visit", held, c)(tx.ChargesOfVisit(v, s.now.Add(-time.Hour)))
		charges("charges of visit, later", c)(tx.ChargesOfVisit(v, s.now.Add(-time.Minute)))
		charges("held", held)(tx.HeldCharges(v))
		charges("held of another lot")(tx.HeldCharges(charge.VisitKey{Lot: charge.LotID{Union: "1", Park: "2"},
			Plate: c.Plate}))
		charges("holds over")(tx.HoldsOver(s.now, 10))
		charges("holds over, later", held)(tx.HoldsOver(s.now.Add(3*time.Hour), 10))

		byOrder, err := tx.ChargesByOrder(s.lot, c.Order)
		same(t, "by order", byOrder, []*charge.Charge{c})
		byID, err2 := tx.ChargesByOrder(s.lot, itoa(held.ID))
		same(t, "by our id", byID, []*charge.Charge{held})
		other, err3 := tx.ChargesByOrder(charge.LotID{Union: "200461", Park: "2"}, itoa(held.ID))
		same(t, "by our id in another lot", other, []*charge.Charge(nil))
		byRepeat, err4 := tx.ChargeByRepeat(c.Platform, c.RepeatKey, teld)
		same(t, "by repeat key", byRepeat, c)
		none, err5 := tx.ChargeByRepeat("xiaoju", c.RepeatKey, teld)
		same(t, "by another platform's key", none, (*charge.Charge)(nil))

		gotStay, err6 := tx.StayByOrder(s.lot, "o1")
		same(t, "stay by order", gotStay, stay)
		stays, err7 := tx.StaysOf(v, s.now.Add(-24*time.Hour))
		same(t, "stays", stays, []*charge.Stay{stay})
		stays, err8 := tx.StaysOf(v, s.now.Add(-49*time.Hour))
		same(t, "stays since long", stays, []*charge.Stay{stay, old, long})

		byUUID, err9 := tx.DeliveryByUUID(s.lot, d.UUID)
		same(t, "delivery by uuid", byUUID, d)
		wrong, err10 := tx.DeliveryByUUID(charge.LotID{Union: "1", Park: "2"}, d.UUID)
		same(t, "delivery by another lot's uuid", wrong, (*charge.Delivery)(nil))
		deliveries, err11 := tx.DeliveriesOf(c.ID)
		same(t, "deliveries", deliveries, []*charge.Delivery{d})
		pushes, err12 := tx.PushesOf(c.ID)
		if len(pushes) != 2 || pushes[0].ID > pushes[1].ID {
			t.Errorf("pushes of charge = %v", pushes)
		}
		return all(err, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12)
	})
}

func testRepeatKey(t *testing.T, s *site) {
	a, b := s.charge("京A00001"), s.charge("京A00002")
	s.write(func(tx *store.Tx) error { return all(tx.AddCharge(a, a.Account), tx.AddCharge(b, b.Account)) })
	again := s.charge("京A00003")
	again.RepeatKey = a.RepeatKey
	var repeated error // of the last run, which is the one that counts
	s.write(func(tx *store.Tx) error {
		repeated = tx.AddCharge(again, again.Account)
		return tx.AddPush(s.push(a.ID)) // the transaction goes on
	})
	if !errors.Is(repeated, outbox.ErrRepeated) {
		t.Errorf("AddCharge with a taken key: %v, want ErrRepeated", repeated)
	}
	taken := *b
	taken.RepeatKey = a.RepeatKey
	if err := s.Write(t.Context(), nil, func(tx *store.Tx) error { return tx.SetCharge(&taken) }); !errors.Is(err,
		outbox.ErrRepeated) {
		t.Errorf("SetCharge to a taken key: %v, want ErrRepeated", err)
	}
	oldKey := a.RepeatKey
	a.RepeatKey = "moved"
	s.write(func(tx *store.Tx) error { return tx.SetCharge(a) })
	again.RepeatKey = oldKey
	s.write(func(tx *store.Tx) error { return tx.AddCharge(again, again.Account) })
	s.read(func(tx *store.Tx) error {
		got, err := tx.ChargeByRepeat(a.Platform, "moved", teld)
		same(t, "moved key", got, a)
		return err
	})
	missing := s.charge("京A00004")
	if err := s.Write(t.Context(), nil, func(tx *store.Tx) error { return tx.SetCharge(missing) }); err == nil {
		t.Error("SetCharge of a charge that is not there gave no error")
	}
	// An order number comes again after its stay has ended; verify says where two open stays share one.
	stay := s.stay("京A00001", "o1")
	s.write(func(tx *store.Tx) error { return tx.AddStay(stay) })
	later := s.stay("京A00002", "o1")
	s.write(func(tx *store.Tx) error { return tx.AddStay(later) })
}

func testLotMarks(t *testing.T, s *site) {
	want := charge.LotMarks{ToldStays: true}
	s.write(func(tx *store.Tx) error {
		m, err := tx.LotMarks(s.lot)
		same(t, "unknown lot", m, charge.LotMarks{})
		m.ToldStays = true
		return all(err, tx.SetLotMarks(s.lot, m))
	})
	s.write(func(tx *store.Tx) error {
		m, err := tx.LotMarks(s.lot)
		same(t, "marks", m, want)
		m.Paused, m.PauseReason, m.Clock = true, "gate broken", -90*time.Second
		return all(err, tx.SetLotMarks(s.lot, m))
	})
	want = charge.LotMarks{ToldStays: true, Paused: true, PauseReason: "gate broken", Clock: -90 * time.Second}
	s.read(func(tx *store.Tx) error {
		m, err := tx.LotMarks(s.lot)
		same(t, "paused", m, want)
		return err
	})
	s.write(func(tx *store.Tx) error { return tx.SetLotMarks(s.lot, charge.LotMarks{}) })
	s.read(func(tx *store.Tx) error {
		m, err := tx.LotMarks(s.lot)
		same(t, "put blindly", m, charge.LotMarks{})
		return err
	})
}
