package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

const (
	// A charge received so long ago has settled: what changes it leaves a row in statement_change. Those not
	// settled, of which most changes are, cost a push nothing.
	settleAfter = time.Hour
	// Charges are added up when they have settled for so long: a transaction that took a charge for one not
	// settled has ended by then, and the clocks of nodes may differ by as much.
	settledFor = time.Hour
	// So many charges and changes are added up in one write, so that pushes never wait long.
	mostSummed = 500
	// Or so many, while a whole site is written and no caller waits.
	mostSummedAlone = 50_000
)

// settledBefore is up to where charges may be added up.
func (s *Store) settledBefore() time.Time { return s.cfg.Clock().Add(-settleAfter - settledFor) }

var latestUpto = statementOf("SELECT coalesce(max(upto), 0) FROM statement_day", tableStatementDay)

// learnSummed asks how far charges are added up.
func (s *Store) learnSummed(ctx context.Context) error {
	return s.Read(ctx, func(t *Tx) error {
		_, err := t.get(latestUpto, func(c *cells) error {
			s.summed.raise(c.int())
			return c.failed()
		})
		return err
	})
}

// hasSettled reports whether a change to a charge must be noted.
func (t *Tx) hasSettled(received time.Time) bool {
	at := millis(received)
	return !t.bulk && (at < t.store.summed.upto.Load() || at < millis(t.store.cfg.Clock().Add(-settleAfter)))
}

var (
	chargeOutcome  = statementOf("SELECT received, platform, lot, state, gap FROM charge WHERE id = ?", tableCharge)
	chargeReceived = statementOf("SELECT received, plate, order_no FROM charge WHERE id = ?", tableCharge)
)

// noteCharge notes a charge that is added.
func (t *Tx) noteCharge(c *charge.Charge) error {
	if !t.hasSettled(c.Received) || !c.Counts() {
		return nil
	}
	return t.noteChange(c.Received, c.Platform, c.Lot.String(), outcomeSums(c.State, number(c.Gap())))
}

// noteOutcome notes what a charge that is about to be put no longer counts for, and what it counts for instead.
func (t *Tx) noteOutcome(c *charge.Charge) error {
	if !t.hasSettled(c.Received) || !c.Counts() {
		return nil
	}
	var received time.Time
	var platform, lot string
	var was charge.StatementRow
	found, err := t.get(chargeOutcome, func(row *cells) error {
		received, platform, lot = row.time(), row.text(), row.text()
		was = outcomeSums(charge.State(row.text()), row.int())
		return row.failed()
	}, c.ID)
	if err != nil || !found { // putting it says that it is not there
		return err
	}
	change, is := minus(was), outcomeSums(c.State, number(c.Gap()))
	if lot == c.Lot.String() {
		change.Add(is)
		is = charge.StatementRow{}
	}
	if err := t.noteChange(received, platform, lot, change); err != nil {
		return err
	}
	return t.noteChange(received, platform, c.Lot.String(), is)
}

// noteEntry notes an entry of the ledger.
func (t *Tx) noteEntry(e charge.LedgerEntry) error {
	if t.bulk {
		return nil
	}
	of, found := t.seen[e.Charge], true
	if of == nil {
		of = new(charge.Charge)
		var err error
		if found, err = t.get(chargeReceived, func(row *cells) error {
			of.Received, of.Plate, of.Order = row.time(), charge.Plate(row.text()), row.text()
			return row.failed()
		}, e.Charge); err != nil {
			return err
		}
	}
	if !found || !t.hasSettled(of.Received) || !of.Counts() {
		return nil
	}
	return t.noteChange(of.Received, e.Platform, e.Lot.String(), entrySums(e.Kind, e.Minutes, e.Amount))
}

func (t *Tx) noteChange(received time.Time, platform, lot string, r charge.StatementRow) error {
	if r.Empty() {
		return nil
	}
	return t.add(tableChange, append([]any{t.store.ids.Next(), millis(received), dayOf(received), platform, lot},
		sumArgs(r)...)...)
}

func minus(r charge.StatementRow) charge.StatementRow {
	return charge.StatementRow{Charges: -r.Charges, GrantedMinutes: -r.GrantedMinutes, GrantedAmount: -r.GrantedAmount,
		Delivered: -r.Delivered, Used: -r.Used, UsedMinutes: -r.UsedMinutes, UsedAmount: -r.UsedAmount, Gaps: -r.Gaps}
}

// change is a row of statement_change.
type change struct {
	id, received int64
	place        place
	row          charge.StatementRow
}

func scanChange(c *cells) change {
	ch := change{id: c.int(), received: c.int()}
	ch.place = place{c.text(), c.text(), c.text()}
	ch.row = scanSums(c)
	ch.row.Day, ch.row.Platform = ch.place.day, ch.place.platform
	_ = ch.row.Lot.UnmarshalText([]byte(ch.place.lot)) // as stored
	return ch
}

// SumUp adds up what has settled since it was last called, so that no statement has to. The store does so by
// itself every minute.
func (s *Store) SumUp(ctx context.Context) error {
	if err := s.learnSummed(ctx); err != nil {
		return err
	}
	end := dayOf(s.settledBefore())
	first, err := s.firstDay(ctx, end)
	if err != nil {
		return err
	}
	return s.sumDays(ctx, first, nextDay(end))
}

var changedDays = statementOf("SELECT DISTINCT day FROM statement_change", tableChange)

// sumDays brings the sums of a span of days up to date, as far as charges have settled.
func (s *Store) sumDays(ctx context.Context, from, to string) error {
	var todo []string
	err := s.Read(ctx, func(t *Tx) error {
		todo = nil
		changed := make(map[string]bool)
		err := t.each(changedDays, func(c *cells) error {
			changed[c.text()] = true
			return c.failed()
		})
		if err != nil {
			return err
		}
		days, err := t.keptDays(from, to)
		for _, d := range days {
			if !d.complete() || changed[d.day] {
				todo = append(todo, d.day)
			}
		}
		return err
	})
	for len(todo) > 0 && err == nil {
		todo, err = s.sumParts(ctx, todo)
	}
	return err
}

var (
	partEnd = statementOf("SELECT received FROM charge WHERE received >= ? AND received < ? ORDER BY received "+
		"LIMIT 1 OFFSET ?", tableCharge)
	// Those in the part that is added up now are in its sums, and those of later ones will be.
	changesBefore = tableChange.selectWhere("day = ? AND received < ? ORDER BY id LIMIT ?")
	changesWithin = statementOf("SELECT id FROM statement_change WHERE day = ? AND received >= ? AND received < ?",
		tableChange)
	deleteChange = tableChange.remove()

	// Each says where the sums must stand for it to hold: another node may have added up the same.
	moveDay = statementOf("UPDATE statement_day SET upto = ? WHERE day = ? AND upto = ? AND (rev = summed "+
		"OR closed = 1)", tableStatementDay)
	renewDay = statementOf("UPDATE statement_day SET upto = ?, summed = rev WHERE day = ? AND rev = ? AND summed = ? "+
		"AND closed = 0", tableStatementDay)
	clearDay  = statementOf("DELETE FROM statement WHERE day = ?", tableStatement)
	clearSums = statementOf("DELETE FROM statement_total WHERE day = ?", tableTotal)

	addToLot    = addTo(tableStatement)
	addToVendor = addTo(tableTotal)
	emptyRow    = statementOf("DELETE FROM statement WHERE day = ? AND platform = ? AND lot = ? AND charges = 0 "+
		"AND granted_minutes = 0 "+
		"AND granted_amount = 0 AND delivered = 0 AND used = 0 AND used_minutes = 0 AND used_amount = 0 AND gaps = 0",
		tableStatement)
)

// addTo makes the statement that adds sums to a row, or makes one.
func addTo(t *table) *statement {
	var names, marks, adds []string
	for _, c := range t.cols {
		names, marks = append(names, c.name), append(marks, "?")
		if !slices.Contains(t.key, c.name) {
			adds = append(adds, c.name+" = "+t.name+"."+c.name+" + excluded."+c.name)
		}
	}
	return statementOf("INSERT INTO "+t.name+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks,
		", ")+") ON CONFLICT ("+
		strings.Join(t.key, ", ")+") DO UPDATE SET "+strings.Join(adds, ", "), t)
}

// part is what one write adds to the sums of a day.
type part struct {
	day   keptDay
	upto  int64   // where the sums stand then
	rows  sums    // what is added
	spent []int64 // changes that are in the sums then
	seen  int     // charges and changes
}

// sumParts adds up the next few hundred charges of some days, and the changes of earlier ones. It returns the days that
// are not done.
func (s *Store) sumParts(ctx context.Context, days []string) (rest []string, err error) {
	before := millis(s.settledBefore())
	s.summed.raise(before) // ahead of a look at the charges: whatever changes them from now on is noted
	var parts []part
	err = s.Read(ctx, func(t *Tx) error {
		most := mostSummed
		if s.filling.Load() {
			most = mostSummedAlone
		}
		parts, rest = nil, days
		for len(rest) > 0 && most > 0 {
			p, more, err := t.nextPart(rest[0], min(dayStart(rest[0])+dayMillis, before), most)
			if err != nil {
				return err
			}
			if p.upto > p.day.from() || len(p.spent) > 0 {
				parts = append(parts, p)
			}
			most -= p.seen
			if more { // which is more than most
				break
			}
			rest = rest[1:]
		}
		return nil
	})
	if err != nil || len(parts) == 0 {
		return rest, err
	}
	err = s.write(ctx, []int64{lockOf("statement")}, func(t *Tx) error {
		for _, p := range parts {
			if err := t.addPart(p); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errMissed) {
		return nil, nil // another node was quicker, and goes on
	}
	return rest, err
}

// nextPart looks at what there is to add up of a day until a time, about most charges and changes, on one snapshot.
// more reports that there is something left.
func (t *Tx) nextPart(day string, end int64, most int) (p part, more bool, err error) {
	days, err := t.keptDays(day, nextDay(day))
	if err != nil {
		return p, false, err
	}
	from := days[0].from()
	p = part{day: days[0], upto: max(from, end), rows: make(sums)}
	if from < end {
		if more, err = t.get(partEnd, func(c *cells) error {
			p.upto = max(c.int(), from+1)
			return c.failed()
		}, from, end, most); err != nil {
			return p, false, err
		}
		if err := t.sum(p.rows, day, from, p.upto); err != nil {
			return p, false, err
		}
		for _, r := range p.rows {
			p.seen += int(r.Charges)
		}
	}
	err = t.each(changesWithin, func(c *cells) error {
		p.spent = append(p.spent, c.int())
		return c.failed()
	}, day, from, p.upto)
	if err != nil {
		return p, false, err
	}
	n := 0
	err = t.each(changesBefore, func(c *cells) error {
		ch := scanChange(c)
		p.spent = append(p.spent, ch.id)
		p.rows.plus(ch.place, ch.row)
		n++
		return c.failed()
	}, day, from, most)
	p.seen += n
	return p, more || n == most, err
}

// addPart adds to the sums of a day, unless they have moved since the part was looked at.
func (t *Tx) addPart(p part) error {
	d := p.day
	var err error
	switch {
	case d.holds():
		err = t.link.put(moveDay, []any{p.upto, d.day, d.upto}, 1)
	case d.known:
		err = errors.Join(t.link.put(renewDay, []any{p.upto, d.day, d.rev, d.summed}, 1),
			t.link.put(clearDay, []any{d.day}, -1), t.link.put(clearSums, []any{d.day}, -1))
	default:
		err = t.link.put(tableStatementDay.insert, []any{d.day, int64(0), int64(0), int64(0), p.upto}, 1)
	}
	if err != nil {
		return err
	}
	vendors := make(sums)
	for at, r := range p.rows {
		if r.Empty() {
			continue
		}
		if err := t.link.put(addToLot, append([]any{at.day, at.platform, at.lot}, sumArgs(*r)...), 1); err != nil {
			return err
		}
		if r.Charges <= 0 { // what was taken away may have been all there was
			if err := t.link.put(emptyRow, []any{at.day, at.platform, at.lot}, -1); err != nil {
				return err
			}
		}
		vendors.plus(place{at.day, at.platform, vendorOf(at.lot)}, *r)
	}
	for at, r := range vendors {
		if err := t.link.put(addToVendor, append([]any{at.day, at.platform, at.lot}, sumArgs(*r)...), 1); err != nil {
			return err
		}
	}
	for _, id := range p.spent {
		if err := t.link.put(deleteChange, []any{id}, 1); err != nil {
			return err
		}
	}
	return nil
}

func vendorOf(lot string) string {
	union, _, _ := strings.Cut(lot, "/")
	return union
}
