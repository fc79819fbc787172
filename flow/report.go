package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// reportSchedule is ours: no platform documents one. T/CEC 102 speaks of a minute between repeats.
var reportSchedule = outbox.Schedule{10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 10 * time.Minute}

// reportFor is how long a report is tried.
const reportFor = 24 * time.Hour

// exitPatience is how long a report waits after an exit that named a reduction: the lot's own word (2.34,
// 3.11) is better and comes about then.
const exitPatience = 30 * time.Second

// reporting bounds one try: a token and a report.
const reporting = 20 * time.Second

// oweReport makes a report due where the account has a target for it. A charge has one report job, with its own
// id: a corrected usage takes the place of what was to be sent, or is reported after what has been.
func (f *Flow) oweReport(tx Tx, c *charge.Charge, now time.Time) error {
	if !f.reports(c) {
		c.Report = charge.ReportOff
		return nil
	}
	j := outbox.Job{ID: c.ID, Kind: outbox.KindReport, Route: c.Account, Ref: c.ID, DueAt: now}
	if c.Usage.Source == charge.UsageExit {
		j.DueAt = now.Add(exitPatience)
	}
	c.Report = charge.ReportDue
	waiting, err := tx.Job(j.ID)
	switch {
	case err != nil:
		return err
	case waiting == nil:
		return tx.AddJob(j)
	}
	// Without its lease: a try under way reports the old numbers, and completes nothing. The new ones wait until it
	// surely is over, or the platform might hear the old ones last.
	j.Fence = waiting.Fence
	if waiting.Lease != "" && waiting.LeaseUntil.After(j.DueAt) {
		j.DueAt = waiting.LeaseUntil
	}
	return tx.SetJob(j)
}

func (f *Flow) reports(c *charge.Charge) bool {
	a, ok := f.cfg.Estate().Account(c.Account)
	if !ok || a.Report == nil || a.Report.URL == "" || c.Plate.Trial() {
		return false
	}
	dialect, ok := f.cfg.Dialect(c.Platform)
	if !ok {
		return false
	}
	_, ok = dialect.(platform.Reporter)
	return ok
}

// handleReport sends one usage.
func (f *Flow) handleReport(j outbox.Job, _ any, done func()) {
	f.cfg.Machine.Go(func() {
		defer done()
		ctx, cancel := f.cfg.Machine.Within(context.Background(), reporting)
		defer cancel()
		var c *charge.Charge
		err := f.cfg.Storage.Read(ctx, func(tx Tx) (err error) {
			c, err = tx.Charge(j.Ref)
			return err
		})
		if err != nil {
			f.cfg.Logger.Warn("due report not read; it is tried again", "job", j.ID, "error", err)
			return
		}
		if c == nil || c.State != charge.StateUsed || c.Usage == nil || !f.reports(c) {
			f.reported(j, reportTry{detail: charge.Say("report.nothing")})
			return
		}
		a, _ := f.cfg.Estate().Account(c.Account)
		said := usedFor(c)
		try := reportTry{said: &said}
		try.taken, try.detail = f.cfg.Reports.Report(ctx, a, said)
		f.reported(j, try)
	})
}

// reportTry is what one try to report came to.
type reportTry struct {
	said   *platform.Used // nil: there was nothing to report
	taken  bool           // by the platform
	detail charge.Note
}

// old reports whether a try said something else than the charge's usage is now.
func (t reportTry) old(c *charge.Charge) bool {
	if t.said == nil || c.State != charge.StateUsed || c.Usage == nil {
		return false
	}
	now := usedFor(c)
	return t.said.Method != now.Method || t.said.Minutes != now.Minutes || t.said.Yuan != now.Yuan ||
		!t.said.Left.Equal(now.Left)
}

// usedFor is a usage in the shape that platforms hear it.
func usedFor(c *charge.Charge) platform.Used {
	u := platform.Used{Order: c.Order, Plate: c.Plate, Left: c.Usage.At, Method: c.Usage.Method}
	if u.Method == 0 && c.Reduction != nil {
		switch c.Reduction.Method {
		case charge.MethodTime:
			u.Method = 1
		case charge.MethodAmount:
			u.Method = 2
		default:
			u.Method = 3
		}
	}
	switch told := c.Usage.Told; {
	case u.Method == 1 && told != "" && c.Usage.Source == charge.UsageTold:
		u.Minutes = told
	case u.Method == 1:
		u.Minutes = fmt.Sprint(c.Usage.Minutes)
	case u.Method == 2 && told != "" && c.Usage.Source == charge.UsageTold:
		u.Yuan = told
	case u.Method == 2:
		u.Yuan = c.Usage.Amount.String()
	}
	return u
}

// reported stores what a try to report came to.
func (f *Flow) reported(j outbox.Job, try reportTry) {
	ctx, cancel := f.cfg.Machine.Within(context.Background(), completing)
	defer cancel()
	visits, err := f.visitsOfCharge(ctx, j.Ref)
	if err == nil {
		err = f.write(ctx, visits, func(tx Tx, _ *after) error { return f.storeReport(tx, j, try) })
	}
	if err != nil {
		f.cfg.Logger.Warn("report result not stored; the report is sent again", "job", j.ID, "error", err)
	}
}

func (f *Flow) storeReport(tx Tx, j outbox.Job, try reportTry) error {
	cur, err := tx.Job(j.ID)
	if err != nil {
		return err
	}
	c, err := tx.Charge(j.Ref)
	if err != nil || c == nil {
		return err
	}
	now := f.cfg.Now()
	if cur == nil || cur.Fence != j.Fence || cur.Lease != f.cfg.Node {
		return f.reportOver(tx, c, cur, try, now)
	}
	result := "failed"
	switch {
	case try.said == nil:
		c.Report, result = charge.ReportOff, "off"
	case try.taken:
		c.Report, result = charge.ReportDone, "done"
	case c.Usage != nil && now.After(c.Usage.At.Add(reportFor)) && cur.Attempt >= len(reportSchedule):
		c.Report, result = charge.ReportGaveUp, "gave_up"
	default:
		c.Report = charge.ReportSent
		cur.Attempt++
		cur.DueAt, cur.Lease, cur.LeaseUntil = now.Add(reportSchedule.After(cur.Attempt, f.cfg.Machine)), "", time.Time{}
		if err := tx.SetJob(*cur); err != nil {
			return err
		}
	}
	if c.Report != charge.ReportSent {
		if err := tx.EndJob(j.ID); err != nil {
			return err
		}
	}
	c.UpdatedAt = now
	if err := tx.SetCharge(c); err != nil {
		return err
	}
	return tx.AddEvent(charge.Event{Charge: c.ID, At: now, Step: "report", Result: result, Detail: try.detail})
}

// reportOver makes a report due again after a try that lost its lease to another node and said old numbers: the
// platform may have heard them behind the new ones. cur is the report's job, nil for none.
func (f *Flow) reportOver(tx Tx, c *charge.Charge, cur *outbox.Job, try reportTry, now time.Time) error {
	waits := cur != nil && cur.Lease == "" // and says the new numbers from now on
	if waits || !try.old(c) {
		return nil
	}
	if err := f.oweReport(tx, c, now); err != nil {
		return err
	}
	c.UpdatedAt = now
	return tx.SetCharge(c)
}
