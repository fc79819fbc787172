package flow_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// takeovers are the ways in which a node loses a job that it works on.
var takeovers = map[string]func(w *world, j outbox.Job) outbox.Job{
	"another node claimed it":           func(w *world, j outbox.Job) outbox.Job { return w.claimed(j, "another") },
	"this node claimed it once more":    func(w *world, j outbox.Job) outbox.Job { return w.claimed(j, "test") },
	"it was taken back under its fence": func(w *world, j outbox.Job) outbox.Job { return w.freed(j) },
}

// claimed has a node claim a job whose lease has run out.
func (w *world) claimed(j outbox.Job, node string) outbox.Job {
	w.t.Helper()
	later := w.clock.Now().Add(time.Hour)
	if j.LeaseUntil.After(later) {
		later = j.LeaseUntil
	}
	jobs, err := w.store.ClaimJobs(w.t.Context(), node, j.Kind, later, later.Add(time.Hour), 10)
	if err != nil || len(jobs) != 1 || jobs[0].ID != j.ID {
		w.t.Fatalf("claimed %+v, %v; want job %d", jobs, err, j.ID)
	}
	return jobs[0]
}

// freed puts a job off and takes it from its node, as an action of support does.
func (w *world) freed(j outbox.Job) outbox.Job {
	w.t.Helper()
	j.DueAt, j.Lease, j.LeaseUntil = w.clock.Now().Add(time.Hour), "", time.Time{}
	if err := w.store.Write(w.t.Context(), nil, func(tx *store.Tx) error { return tx.SetJob(j) }); err != nil {
		w.t.Fatal(err)
	}
	return j
}

// job reads the job with an id.
func (w *world) job(id int64) outbox.Job {
	w.t.Helper()
	var j *outbox.Job
	err := w.store.Read(w.t.Context(), func(tx *store.Tx) (err error) {
		j, err = tx.Job(id)
		return err
	})
	if err != nil || j == nil {
		w.t.Fatalf("job %d: %v, %v", id, j, err)
	}
	return *j
}

// idle waits until nothing is in flight.
func (w *world) idle() {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); w.flow.InFlight() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			w.t.Fatalf("%d jobs are in flight after 10 s, want none", w.flow.InFlight())
		}
	}
}

// uses has the API lot tell a usage.
func (w *world) uses(order string, minutes int64) {
	w.t.Helper()
	a, err := w.flow.Used(w.t.Context(),
		lot.Usage{Lot: apiLot, Order: order, Method: 1, Minutes: minutes, Left: w.clock.Now()})
	if err != nil || a.State != 1 {
		w.t.Fatalf("usage of %s: %+v, %v", order, a, err)
	}
}

// reportsSlowly makes every report wait: came has something once one is under way, and goOn lets them end.
func (w *world) reportsSlowly(taken bool) (came, goOn chan struct{}) {
	came, goOn = make(chan struct{}, 10), make(chan struct{})
	w.reporter = func() bool {
		came <- struct{}{}
		<-goOn
		return taken
	}
	return came, goOn
}

// unchanged checks that a delivery's job is as its new holder has it and that no try is noted.
func (w *world) unchanged(order string, now outbox.Job) {
	w.t.Helper()
	dl, tries := w.lastTry(order)
	if len(tries) != 0 || dl.State != charge.DeliveryLeased && dl.State != charge.DeliveryDue {
		w.t.Errorf("delivery is %s with attempts %+v", dl.State, tries)
	}
	if got := w.job(dl.ID); got.Fence != now.Fence || got.Lease != now.Lease || !got.DueAt.Equal(now.DueAt) {
		w.t.Errorf("job %+v, want %+v", got, now)
	}
	w.want(order, charge.StateSending, charge.ReasonOK)
}

// A node that has lost a job says nothing of it any more, but for the lot's yes, which is true whichever node has heard
// it.
func TestResultOfALostJob(t *testing.T) {
	for name, take := range takeovers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.must(w.finished("o1", apiLot))
			_, done := w.next(w.calls)
			dl, _ := w.lastTry("o1")
			now := take(w, w.job(dl.ID))
			done(w.refusal())
			w.unchanged("o1", now)
			done(w.silence())
			w.unchanged("o1", now)
			done(w.acked())
			w.want("o1", charge.StateDelivered, charge.ReasonOK)
		})
	}
}

// A node that has lost a job before its try sends nothing.
func TestTryOfALostJob(t *testing.T) {
	for name, take := range takeovers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			taken := w.flow.FillLane(outbox.KindCallback)
			w.must(w.finished("o1", apiLot))
			dl, _ := w.lastTry("o1")
			old := w.claimed(w.job(dl.ID), "test")
			now := take(w, old)
			release(taken)
			w.flow.TakeUp(old)
			w.idle()
			w.none(w.calls)
			w.unchanged("o1", now)
		})
	}
}

// What a report came to counts only for the node that holds it.
func TestReportOfALostJob(t *testing.T) {
	for name, take := range takeovers {
		for _, taken := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				w.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
				w.must(w.finished("o1", apiLot))
				_, done := w.next(w.calls)
				done(w.acked())
				came, goOn := w.reportsSlowly(taken)
				w.uses("o1", 30)
				w.tried(0)
				<-came
				now := take(w, w.job(w.charge("o1").ID))
				close(goOn)
				w.idle()
				if got := w.charge("o1").Report; got != charge.ReportDue {
					t.Errorf("report is %s, want due", got)
				}
				if got := w.job(now.ID); got.Fence != now.Fence || got.Lease != now.Lease || got.Attempt != now.Attempt {
					t.Errorf("job %+v, want %+v", got, now)
				}
			})
		}
	}
}

// A usage that is corrected while the one before it is being reported is reported after it, even where the node that
// reports has claimed the job once more meanwhile.
func TestUsageCorrectedWhileItIsReported(t *testing.T) {
	w, goOn := correctedWhileReported(t, true)
	again := w.claimed(w.job(w.charge("o1").ID), "test")
	close(goOn)
	w.idle()
	if got := w.charge("o1").Report; got != charge.ReportDue {
		t.Errorf("after the first report: %s, want due: the corrected usage is not told yet", got)
	}
	w.freed(again)
	w.clock.pass(2 * time.Hour)
	w.reported("o1")
	if len(w.told) != 2 || w.told[0].Minutes != "30" || w.told[1].Minutes != "28" {
		t.Errorf("the platform was told %+v, want 30 and then 28 minutes", w.told)
	}
}

// A report of old numbers that comes to its end behind the one of the new ones, which another node has made meanwhile,
// has the new ones reported once more: the platform may have heard the old ones last. The simulator's seed 61000376
// found two nodes whose clocks disagreed about a lease.
func TestOldReportThatEndsBehindTheNewOne(t *testing.T) {
	for _, taken := range []bool{true, false} {
		t.Run(fmt.Sprintf("taken %t", taken), func(t *testing.T) {
			w, goOn := correctedWhileReported(t, taken)
			w.reportedElsewhere("o1")
			close(goOn)
			w.idle()
			if got := w.charge("o1").Report; got != charge.ReportDue {
				t.Fatalf("behind a report of old numbers: %s, want due", got)
			}
			w.reporter = nil
			w.reported("o1")
			if len(w.told) != 2 || w.told[0].Minutes != "30" || w.told[1].Minutes != "28" {
				t.Errorf("the platform was told %+v, want 30 and then 28 minutes", w.told)
			}
		})
	}
}

// reportedElsewhere is another node's report of a charge, from the claim to the platform's yes.
func (w *world) reportedElsewhere(order string) {
	w.t.Helper()
	c := w.charge(order)
	j := w.claimed(w.job(c.ID), "other")
	c.Report = charge.ReportDone
	err := w.store.Write(w.t.Context(), nil, func(tx *store.Tx) error {
		return errors.Join(tx.EndJob(j.ID), tx.SetCharge(c))
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// correctedWhileReported is a world whose charge o1 is being reported with 30 minutes and has been corrected to 28; the
// report ends, taken or not, once goOn is closed.
func correctedWhileReported(t *testing.T, taken bool) (w *world, goOn chan struct{}) {
	t.Helper()
	w = newWorld(t)
	w.estate.account.Report = &charge.ReportTarget{URL: "https://report.example"}
	w.enter(apiLot, "s1", 2*time.Hour)
	w.must(w.finished("o1", apiLot))
	_, done := w.next(w.calls)
	done(w.acked())
	came, goOn := w.reportsSlowly(taken)
	w.leave(apiLot, "s1", &lot.Reduced{Minutes: 30, Told: "30"})
	w.tried(time.Minute)
	<-came
	w.uses("o1", 28)
	return w, goOn
}
