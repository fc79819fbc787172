package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// Report is what Verify found.
type Report struct{ Checks []Check }

// OK reports whether every check passed.
func (r Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK {
			return false
		}
	}
	return true
}

// Check is one thing that must hold of the data. Detail says how much was looked at, or what is wrong with the
// first few rows; it holds ids, never plates.
type Check struct {
	Name   string
	OK     bool
	Detail string
}

// Verify checks the data against themselves on one snapshot: the files, the ledger against the charges, the
// charges against their deliveries, those against their jobs, stays, references, kept statements and the
// numbers of the audit log. It reads everything and takes minutes where there are millions of charges.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	var r Report
	err := s.engine.integrity(ctx)
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	r.add("integrity", checkOf(err, s.Engine()))
	err = s.Read(ctx, func(t *Tx) error {
		r.Checks = r.Checks[:1]
		for _, c := range []struct {
			name  string
			check func(*Tx) (findings, error)
		}{
			{"ledger", (*Tx).verifyLedger},
			{"deliveries", rowsOf(wrongDeliveries)},
			{"jobs", rowsOf(wrongJobs)},
			{"stays", rowsOf(wrongStays)},
			{"references", rowsOf(wrongReferences)},
			{"order numbers", (*Tx).countIssuers},
			{"statements", (*Tx).verifyStatements},
			{"audit", rowsOf(wrongAudit)},
		} {
			f, err := c.check(t)
			if err != nil {
				return wrapf(err, "verify %s", c.name)
			}
			r.add(c.name, f)
		}
		return nil
	})
	return r, err
}

// findings are what a check looked at and what was wrong.
type findings struct {
	seen   int64
	of     string
	wrong  int64
	detail []string
}

const findingsShown = 5

func (f *findings) wrongf(format string, args ...any) {
	if f.wrong++; f.wrong <= findingsShown {
		f.detail = append(f.detail, fmt.Sprintf(format, args...))
	}
}

func checkOf(err error, what string) findings {
	f := findings{of: what}
	if err != nil {
		f.wrongf("%v", err)
	}
	return f
}

func (r *Report) add(name string, f findings) {
	c := Check{Name: name, OK: f.wrong == 0, Detail: f.of}
	if f.seen > 0 {
		c.Detail = fmt.Sprintf("%d %s", f.seen, f.of)
	}
	if !c.OK {
		c.Detail = fmt.Sprintf("%d wrong: %s", f.wrong, strings.Join(f.detail, "; "))
		if f.wrong > findingsShown {
			c.Detail += "; …"
		}
	}
	r.Checks = append(r.Checks, c)
}

var chargeSums = statementOf("SELECT c.id, c.state, c.received, c.reduction, c.usage, "+
	"CAST(coalesce(sum(CASE WHEN l.kind = 'grant' THEN l.minutes ELSE 0 END), 0) AS BIGINT), "+
	"CAST(coalesce(sum(CASE WHEN l.kind = 'grant' THEN l.amount ELSE 0 END), 0) AS BIGINT), "+
	"CAST(coalesce(sum(CASE WHEN l.kind = 'usage' THEN l.minutes ELSE 0 END), 0) AS BIGINT), "+
	"CAST(coalesce(sum(CASE WHEN l.kind = 'usage' THEN l.amount ELSE 0 END), 0) AS BIGINT), "+
	"coalesce(min(l.day), ''), coalesce(max(l.day), '') "+
	"FROM charge c LEFT JOIN ledger l ON l.charge = c.id GROUP BY c.id ORDER BY c.id", tableCharge, tableLedger)

// verifyLedger adds up each charge's entries: they come to its reduction while it counts, to its usage once it
// is used, and to nothing otherwise.
func (t *Tx) verifyLedger() (f findings, err error) {
	f.of = "charges agree with their ledger"
	err = t.each(chargeSums, func(c *cells) error {
		f.seen++
		id, state, received := c.int(), charge.State(c.text()), c.time()
		reduction, usage := pointer[charge.Reduction](c), pointer[charge.Usage](c)
		have := charge.Sums{GrantMinutes: c.int(), GrantAmount: charge.Fen(c.int()), UsageMinutes: c.int(),
			UsageAmount: charge.Fen(c.int())}
		firstDay, lastDay := c.text(), c.text()
		var want charge.Sums
		if state.Granting() && reduction != nil {
			want.GrantMinutes, want.GrantAmount = reduction.Minutes, reduction.Amount
		}
		if state == charge.StateUsed && usage != nil {
			want.UsageMinutes, want.UsageAmount = usage.Minutes, usage.Yuan()
		}
		if have != want {
			f.wrongf("charge %d is %s and has %+v, not %+v", id, state, have, want)
		}
		if day := dayOf(received); firstDay != "" && (firstDay != day || lastDay != day) {
			f.wrongf("charge %d is of %s, its ledger of %s to %s", id, day, firstDay, lastDay)
		}
		return c.failed()
	})
	return f, err
}

var issuersOfAll = statementOf("SELECT count(*), CAST(coalesce(sum(CASE WHEN issuer = '' THEN 1 ELSE 0 END), "+
	"0) AS BIGINT) FROM repeat", tableRepeat)

// countIssuers counts the order numbers, and those of an older release that count for several issuers.
func (t *Tx) countIssuers() (f findings, err error) {
	_, err = t.get(issuersOfAll, func(c *cells) error {
		f.seen = c.int()
		f.of = fmt.Sprintf("order numbers, %d of them of an issuer that is not known", c.int())
		return c.failed()
	})
	return f, err
}

// rowsOf makes a check of queries that give what is wrong: an id and a word on it.
func rowsOf(queries []*statement) func(*Tx) (findings, error) {
	return func(t *Tx) (f findings, err error) {
		for _, q := range queries {
			err := t.each(q, func(c *cells) error {
				id, what := c.value(), c.text()
				f.wrongf("%s %v", what, id)
				return c.failed()
			})
			if err != nil {
				return f, err
			}
		}
		return f, nil
	}
}

// wrong makes a query that names the rows of a table that a condition holds of.
func wrong(what, id, from string) *statement {
	return statementOf("SELECT " + id + ", '" + what + "' FROM " + from)
}

const (
	noJob      = "NOT EXISTS (SELECT 1 FROM job j WHERE j.id = d.id)"
	noCharge   = "NOT EXISTS (SELECT 1 FROM charge c WHERE c.id = x.charge)"
	notPruned  = "x.charge NOT IN (SELECT charge FROM repeat WHERE gone <> '')"
	noDelivery = "NOT EXISTS (SELECT 1 FROM delivery d WHERE d.charge = c.id"
)

var (
	wrongDeliveries = []*statement{
		wrong("delivered without a delivery: charge", "c.id",
			"charge c WHERE state = 'delivered' AND "+noDelivery+" AND d.state = 'delivered')"),
		wrong("used without a delivery: charge", "c.id", "charge c WHERE state = 'used' AND "+noDelivery+")"),
		wrong("sending without a delivery on its way: charge", "c.id",
			"charge c WHERE state = 'sending' AND "+noDelivery+" AND d.state IN ('due', 'leased', 'sent'))"),
		wrong("on its way for a charge that is not: delivery", "d.id",
			"delivery d JOIN charge c ON c.id = d.charge WHERE d.state IN ('due', 'leased', 'sent') "+
				"AND c.state IN ('refused', 'gave_up', 'voided', 'no_grant', 'held')"),
	}
	wrongJobs = []*statement{
		wrong("on its way without a job: delivery", "d.id", "delivery d WHERE state IN ('due', 'leased', 'sent') AND "+noJob),
		wrong("ended with a job: delivery", "d.id",
			"job j JOIN delivery d ON d.id = j.id WHERE d.state IN ('delivered', 'refused', 'gave_up', 'voided')"),
		wrong("without a delivery: job", "j.id",
			"job j WHERE "+ofDelivery+" AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = j.id)"),
		wrong("about a charge that is not there: job", "x.id",
			"(SELECT id, ref AS charge FROM job WHERE kind <> 'webhook') x WHERE "+noCharge),
	}
	wrongStays = []*statement{
		wrong("open beside another of its plate and lot: stay", "max(id)",
			"stay WHERE open = 1 GROUP BY plate, lot HAVING count(*) > 1"),
		wrong("open beside another of its order and lot: stay", "max(id)",
			"stay WHERE open = 1 GROUP BY lot, order_id HAVING count(*) > 1"),
	}
	wrongReferences = []*statement{
		wrong("ledger of no charge", "DISTINCT x.charge", "ledger x WHERE "+noCharge+" AND "+notPruned),
		wrong("ledger of a charge that is gone from its open stay", "DISTINCT x.charge",
			"ledger x JOIN stay s ON s.id = x.stay WHERE s.open = 1 AND "+noCharge),
		wrong("event of no charge", "DISTINCT x.charge", "event x WHERE "+noCharge),
		wrong("delivery of no charge", "x.charge", "delivery x WHERE "+noCharge),
		wrong("push of no charge", "x.charge", "push x WHERE charge <> 0 AND "+noCharge),
		wrong("attempt of no delivery", "DISTINCT x.delivery",
			"attempt x WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.id = x.delivery) "+
				"AND NOT EXISTS (SELECT 1 FROM job j WHERE j.id = x.delivery)"),
		wrong("stay that is not there: charge", "c.id",
			"charge c WHERE stay <> 0 AND NOT EXISTS (SELECT 1 FROM stay s WHERE s.id = c.stay)"),
		wrong("repeat key of no charge", "x.charge", "repeat x WHERE gone = '' AND "+noCharge),
		wrong("without its repeat key: charge", "c.id",
			"charge c WHERE NOT EXISTS (SELECT 1 FROM repeat r WHERE r.platform = c.platform AND r.key = c.repeat_key "+
				"AND r.charge = c.id)"),
	}
	wrongAudit = []*statement{
		wrong("audit rows missing before", "max(seq)", "audit HAVING count(*) <> coalesce(max(seq), 0)"),
	}
)

// verifyStatements adds up again what is kept of every day that is not closed, by lot and by vendor.
func (t *Tx) verifyStatements() (f findings, err error) {
	f.of = "days add up"
	days, err := list(t, selectDays, func(c *cells) (keptDay, error) { return scanKeptDay(c), c.failed() }, "", "9999")
	for _, d := range days {
		if err != nil {
			return f, err
		}
		if !d.holds() {
			continue
		}
		f.seen++
		err = t.verifyDay(&f, d)
	}
	return f, err
}

func (t *Tx) verifyDay(f *findings, d keptDay) error {
	kept, vendors, want := make(sums), make(sums), make(sums)
	scan := func(into sums, scan func(*cells) charge.StatementRow) func(*cells) error {
		return func(c *cells) error {
			r := scan(c)
			at := place{r.Day, r.Platform, r.Lot.String()}
			if into[at] != nil {
				f.wrongf("%s %s %s is kept twice", r.Day, r.Platform, r.Lot)
			}
			into[at] = &r
			return c.failed()
		}
	}
	err := errors.Join(t.each(sumDay, scan(kept, scanStatement), d.day), t.each(totalDay, scan(vendors, scanTotal), d.day))
	if err != nil {
		return err
	}
	for at, r := range kept {
		total := *r
		total.Lot = charge.LotID{Union: vendorOf(at.lot)}
		want.plus(place{at.day, at.platform, total.Lot.String()}, total)
	}
	f.differ(vendors, want)
	if d.closed {
		return nil
	}
	if err := t.each(changesOf, func(c *cells) error {
		if ch := scanChange(c); ch.received < d.from() {
			kept.plus(ch.place, ch.row)
		}
		return c.failed()
	}, d.day, nextDay(d.day)); err != nil {
		return err
	}
	want = make(sums)
	if err := t.sum(want, d.day, dayStart(d.day), d.from()); err != nil {
		return err
	}
	f.differ(kept, want)
	return nil
}

// differ says where kept sums are not what their day adds up to.
func (f *findings) differ(kept, want sums) {
	have := make(map[charge.StatementRow]bool)
	for _, r := range kept.sorted() {
		have[r] = true
	}
	all := want.sorted()
	for _, r := range all {
		if !have[r] {
			f.wrongf("%s %s %s adds up to %s", r.Day, r.Platform, r.Lot, jsonText(r))
		}
	}
	if len(all) != len(have) {
		f.wrongf("%d rows are kept, not %d", len(have), len(all))
	}
}
