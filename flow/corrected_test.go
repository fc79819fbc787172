package flow_test

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// A corrected usage is not reported while a report of the old one is on its way: the platform might hear the old one
// last. The simulator's seed 5044 found that it did.
func TestCorrectedUsageWaitsForTheReportUnderWay(t *testing.T) {
	w := newWorld(t)
	w.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
	begun, end := make(chan struct{}), make(chan struct{})
	w.reporter = func() bool {
		begun <- struct{}{}
		<-end
		return true
	}
	w.enter(apiLot, "s1", 0)
	c := w.must(w.finished("A", apiLot))
	_, done := w.next(w.calls)
	done(w.acked())
	w.settles("A", charge.StateDelivered, charge.ReasonOK)
	w.leave(apiLot, "s1", &lot.Reduced{Minutes: 10, Told: "10"})
	w.tried(31 * time.Second)
	<-begun
	under := w.job(c.ID)
	a, err := w.flow.Used(t.Context(), lot.Usage{Lot: apiLot, Plate: c.Plate, Order: "A", Left: w.clock.Now(), Method: 1,
		Minutes: 20, Told: "20"})
	if err != nil || a.State != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if next := w.job(c.ID); under.Lease == "" || next.DueAt.Before(under.LeaseUntil) {
		t.Errorf("the new report is due at %s, the old one may be on its way until %s", next.DueAt, under.LeaseUntil)
	}
	close(end)
}
