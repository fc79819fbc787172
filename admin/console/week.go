package console

import (
	"net/url"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// daySum is what a day, or some days, came to.
type daySum struct {
	charge.StatementRow
	Name, Link string
}

// sums are today, yesterday and the last seven days.
func (v todayView) sums(p *page) []daySum {
	today := dayStart(p.Now)
	list := []daySum{
		{Name: p.T("今天", "Today"), Link: statementOf(today, today)},
		{Name: p.T("昨天", "Yesterday"), Link: statementOf(today.Add(-day), today.Add(-day))},
		{Name: p.T("近 7 天", "The last 7 days"), Link: statementOf(today.Add(-6*day), today)},
	}
	for _, d := range v.Days {
		switch d.Day {
		case today.Format(time.DateOnly):
			list[0].Add(d)
		case today.Add(-day).Format(time.DateOnly):
			list[1].Add(d)
		}
		list[2].Add(d)
	}
	return list
}

// statementOf leads to the statement of some days, both inclusive.
func statementOf(from, to time.Time) string {
	return "/statements?" + url.Values{"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)}}.Encode()
}
