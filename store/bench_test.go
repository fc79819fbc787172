package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// BenchmarkAccept writes what an accepted push writes, after asking what it asks. alone commits each by itself,
// which is what group commit is measured against.
func BenchmarkAccept(b *testing.B) {
	server := storetest.StartPostgres(b)
	for _, engine := range []struct {
		name  string
		place storetest.Place
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres(server)}} {
		for _, writers := range []int{1, 16, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", engine.name, writers), func(b *testing.B) {
				benchAccept(b, storetest.Open(b, engine.place(b)), writers)
			})
		}
	}
}

func benchAccept(b *testing.B, s *store.Store, writers int) {
	ids := charge.NewIDs(1, time.Now)
	var left, failed atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for range writers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := accept(b, s, ids); err != nil {
					failed.Add(1)
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
}

func accept(b *testing.B, s *store.Store, ids *charge.IDs) error {
	id := ids.Next()
	now := time.Now()
	lot := charge.LotID{Union: "200461", Park: fmt.Sprint(id % 997)}
	plate := charge.Plate(fmt.Sprintf("京AD%05d", id*7919%99991))
	visit := charge.VisitKey{Lot: lot, Plate: plate}
	key := fmt.Sprint("order-", id)
	request := make([]byte, 900)
	return s.Write(b.Context(), []charge.VisitKey{visit}, func(tx *store.Tx) error {
		first, err := tx.ChargeByRepeat("telaidian", key,
			charge.IssuerOf(charge.IssuerAccount, "teld-main", charge.Scope{}, lot))
		if err != nil || first != nil {
			return fmt.Errorf("repeated: %v, %w", first, err)
		}
		if _, err := tx.LotMarks(lot); err != nil {
			return err
		}
		if _, err := tx.StaysOf(visit, now.Add(-24*time.Hour)); err != nil {
			return err
		}
		if _, err := tx.ChargesOfVisit(visit, now.Add(-24*time.Hour)); err != nil {
			return err
		}
		c := &charge.Charge{
			ID: id, Platform: "telaidian", Account: "teld-main", Order: key, RepeatKey: key, Plate: plate, Lot: lot,
			StartedAt: now.Add(-time.Hour), EndedAt: now.Add(-time.Minute), Received: now, Energy: 25500, HasEnergy: true,
			Total: 1785, HasTotal: true, Ask: charge.Ask{Method: charge.MethodTime, Minutes: 30},
			Detail: charge.Detail{StationID: "s1", StationName: "station", ConnectorID: "c1", Power: "25.50",
				TotalMoney: "17.85"},
			Digest: "0123456789abcdef", State: charge.StateSending, Reason: charge.ReasonOK,
			Reduction: &charge.Reduction{Method: charge.MethodTime, Minutes: 30},
			Decision: &charge.Decision{At: now,
				Rule: charge.Rule{Version: 1, Grant: charge.GrantAsPushed, Combine: charge.CombineBest, HoldSeconds: 7200,
					Target: charge.TargetStay},
				State: charge.StateSending, Reason: charge.ReasonOK,
				Wanted:    charge.Reduction{Method: charge.MethodTime, Minutes: 30},
				Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 30}, Granted: []charge.Granted{}, Minutes: 59},
			UpdatedAt: now,
		}
		d := &charge.Delivery{ID: ids.Next(), Charge: id, Lot: lot, Channel: charge.ChannelCallback,
			Message: charge.Message514,
			UUID:    key, Payload: request[:300], State: charge.DeliveryLeased, DueAt: now}
		for _, err := range []error{
			tx.AddPush(charge.Push{ID: ids.Next(), Platform: "telaidian", Received: now, Request: request,
				Outcome: charge.OutcomeAccepted, Charge: id, Reply: request[:100]}),
			tx.AddCharge(c, c.Account),
			tx.AddDelivery(d, outbox.Job{ID: d.ID, Kind: outbox.KindCallback, Route: lot.String(), Ref: id, DueAt: now,
				Lease: "a", LeaseUntil: now.Add(time.Minute), Fence: 1}),
			tx.AddLedger(charge.LedgerEntry{ID: ids.Next(), At: now, Charge: id, Kind: charge.EntryGrant,
				Method: charge.MethodTime, Minutes: 30,
				Platform: "telaidian", Lot: lot, Day: now.In(charge.Shanghai).Format(time.DateOnly)}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
}
