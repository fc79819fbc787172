package ledger

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

const day = 24 * time.Hour

// Price is what a stay costs, without any reduction. A stay of at most FreeMinutes costs nothing, a longer
// one is charged from its first minute. Units are counted from entry, or with periods from the beginning of
// each piece between two period borders; a unit belongs to the 24 hours from entry, and to the period, that
// it starts in, and caps hold what belongs together. The tariff must have passed Check.
func Price(t *charge.Tariff, entered, left time.Time) charge.Fen {
	length := left.Sub(entered)
	if length <= 0 || length <= time.Duration(t.FreeMinutes)*time.Minute {
		return 0
	}
	p := pricer{caps: make([]charge.Fen, max(1, len(t.Periods))), dailyCap: t.DailyCap}
	p.sums = make([]charge.Fen, len(p.caps))
	if len(t.Periods) == 0 {
		p.piece(piece{length: length, unit: minutes(t.UnitMinutes), price: t.UnitPrice})
		return p.close()
	}
	for i := range t.Periods {
		p.caps[i] = t.Periods[i].Cap
	}
	clock := sinceMidnight(entered)
	for from := time.Duration(0); from < length; {
		i, lasts := periodAt(t.Periods, (clock+from)%day)
		lasts = min(lasts, length-from)
		p.piece(piece{from: from, length: lasts, unit: minutes(t.Periods[i].UnitMinutes), price: t.Periods[i].UnitPrice,
			period: i})
		from += lasts
	}
	return p.close()
}

// piece is a part of a stay that is charged in its own started units. from is counted from entry.
type piece struct {
	from, length time.Duration
	unit         time.Duration
	price        charge.Fen
	period       int
}

// pricer adds pieces up in the order of time, one 24 hours from entry after the other.
type pricer struct {
	caps     []charge.Fen // of each period; 0 is none
	dailyCap charge.Fen
	day      int64
	sums     []charge.Fen // of each period in the present 24 hours
	total    charge.Fen   // of the 24 hours before
}

// piece charges the units of a piece to the 24 hours that each starts in.
func (p *pricer) piece(c piece) {
	units := started(c.length, c.unit)
	for taken := int64(0); taken < units; {
		start := c.from + time.Duration(taken)*c.unit
		p.turnTo(int64(start / day))
		// Units that start before the next 24 hours do.
		here := min(units, started(time.Duration(p.day+1)*day-c.from, c.unit)) - taken
		p.sums[c.period] += charge.Fen(here) * c.price
		taken += here
	}
}

// turnTo closes the present 24 hours when a later one has begun.
func (p *pricer) turnTo(d int64) {
	if d != p.day {
		p.total = p.close()
		clear(p.sums)
		p.day = d
	}
}

// close is the total with the present 24 hours in it.
func (p *pricer) close() charge.Fen {
	var sum charge.Fen
	for i, s := range p.sums {
		sum += capped(s, p.caps[i])
	}
	return p.total + capped(sum, p.dailyCap)
}

// capped is a sum under a cap; 0 is no cap.
func capped(sum, most charge.Fen) charge.Fen {
	if most > 0 {
		return min(sum, most)
	}
	return sum
}

// started is how many units of a length have begun.
func started(length, unit time.Duration) int64 {
	return int64((length + unit - 1) / unit)
}

func minutes(n int64) time.Duration { return time.Duration(n) * time.Minute }

// sinceMidnight is the local time of day in Asia/Shanghai.
func sinceMidnight(at time.Time) time.Duration {
	h, m, s := at.In(charge.Shanghai).Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second +
		time.Duration(at.Nanosecond())
}

// periodAt is the period that a time of day lies in, and how long it lasts from there.
func periodAt(periods []charge.Period, clock time.Duration) (i int, lasts time.Duration) {
	for i, p := range periods {
		from, to := minutes(int64(p.From)), minutes(int64(p.To))
		if to <= from {
			to += day
		}
		for _, at := range []time.Duration{clock, clock + day} {
			if at >= from && at < to {
				return i, to - at
			}
		}
	}
	return 0, day // not reached with a tariff that passed Check
}
