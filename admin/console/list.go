package console

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/chargestamp/chargestamp/admin/sheet"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// listPages leads through a list: the addresses of the page before and after; empty where there is none.
type listPages struct{ Previous, Next string }

// pagesOf makes the addresses around a page of a list.
func pagesOf(u *url.URL, prev, next string) listPages {
	at := func(cursor string) string {
		if cursor == "" {
			return ""
		}
		return withQuery(u, "cursor", cursor)
	}
	return listPages{at(prev), at(next)}
}

// withQuery is an address with one word of its query changed, an empty one taken away.
func withQuery(u *url.URL, name, value string) string {
	q := u.Query()
	q.Del("cursor")
	q.Del(name)
	if value != "" {
		q.Set(name, value)
	}
	if len(q) == 0 {
		return u.Path
	}
	return u.Path + "?" + q.Encode()
}

// byTime is the heading of a list's column of times: pressed, the list begins at its other end. The zero byTime is a
// heading that cannot be pressed.
type byTime struct {
	Link   string
	Oldest bool // the list begins with its oldest row
}

const oldestFirst = "oldest"

func sortedBy(u *url.URL) byTime {
	if u.Query().Get("sort") == oldestFirst {
		return byTime{withQuery(u, "sort", ""), true}
	}
	return byTime{withQuery(u, "sort", oldestFirst), false}
}

// other names the order that a press leads to.
func (b byTime) other(p *page) string {
	if b.Oldest {
		return p.T("最新的在前", "Newest first")
	}
	return p.T("最早的在前", "Oldest first")
}

// way is the order for people who do not see the arrow.
func (b byTime) way() string {
	if b.Oldest {
		return "ascending"
	}
	return "descending"
}

// quickRange is a span of days that is one press away.
type quickRange struct {
	Text, Link string
	Here       bool
}

// quickRanges are the spans of a list's address, its other filters kept.
func quickRanges(p *page, u *url.URL) []quickRange {
	today := dayStart(p.Now)
	var list []quickRange
	for _, span := range []struct {
		zh, en   string
		from, to time.Time
	}{
		{"今天", "Today", today, today}, {"昨天", "Yesterday", today.Add(-day), today.Add(-day)},
		{"近 7 天", "7 days", today.Add(-6 * day), today}, {"近 30 天", "30 days", today.Add(-29 * day), today},
	} {
		q := u.Query()
		from, to := span.from.Format(time.DateOnly), span.to.Format(time.DateOnly)
		here := q.Get("from") == from && q.Get("to") == to
		q.Set("from", from)
		q.Set("to", to)
		q.Del("cursor")
		list = append(list, quickRange{p.T(span.zh, span.en), u.Path + "?" + q.Encode(), here})
	}
	return list
}

// exportLink is a list as a file, narrowed as the page is.
func exportLink(path string, q url.Values) string {
	kept := url.Values{}
	for name, values := range q {
		if name != "cursor" {
			kept[name] = values
		}
	}
	return path + "?" + kept.Encode()
}

// A list's file has mostExported rows at most, read exportedAtOnce at a time.
const (
	mostExported   = 10_000
	exportedAtOnce = 500
)

// csvFile answers with a file of rows.
func csvFile(w http.ResponseWriter, name string, rows func(write func(cells ...string)) error) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	return sheet.WriteCSV(w, rows)
}

// listFile answers with the rows of a list from its first page on, mostExported of them at most. They are read page by
// page: next reads the page at a cursor.
func listFile[T any](w http.ResponseWriter, p *page, name string, first charge.Page[T],
	next func(cursor string) (charge.Page[T], error), heads []string, cells func(T) []string) error {
	name += "-" + p.Now.In(charge.Shanghai).Format("20060102-1504") + ".csv"
	return csvFile(w, name, func(write func(...string)) (err error) {
		write(heads...)
		for page, n := first, 0; ; {
			for _, row := range page.Items {
				write(cells(row)...)
			}
			if n += len(page.Items); page.Next == "" || n >= mostExported {
				return nil
			}
			if page, err = next(page.Next); err != nil {
				return err
			}
		}
	})
}

// sheetTime is a moment in a file: to the second, with its zone said in the heading.
func sheetTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(charge.Shanghai).Format(time.DateTime)
}

// chargesFile returns the charges of a list as a file.
func (c *Console) chargesFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := c.chargeFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return wrongFilter(text)
	}
	next := func(cursor string) (charge.Page[*charge.Charge], error) {
		f.Cursor, f.Limit = cursor, exportedAtOnce
		return c.desk.Charges(r.Context(), p.Who, f)
	}
	first, err := next("")
	if err != nil {
		return err
	}
	heads := []string{p.T("收到（+08:00）", "received (+08:00)"), p.T("车牌", "plate"), p.T("状态", "state"), p.T("原因", "reason"),
		p.T("减免", "reduction"), p.T("实际减免", "taken off"), p.T("平台", "platform"), p.T("账号", "account"),
		p.T("车场编号", "lot"), p.T("车场", "name of the lot"), p.T("充电订单号", "order"), p.T("开始", "began"), p.T("结束", "ended"),
		p.T("电量（kWh）", "energy (kWh)"), p.T("充电费用（元）", "fee (yuan)"), p.T("编号", "id")}
	return listFile(w, p, "charges", first, next, heads,
		func(ch *charge.Charge) []string { return c.chargeCells(p, ch) })
}

func (c *Console) chargeCells(p *page, ch *charge.Charge) []string {
	used, energy, fee := "", "", ""
	if ch.Usage != nil {
		used = usedText(p, ch.Usage)
	}
	if ch.HasEnergy {
		energy = ch.Energy.String()
	}
	if ch.HasTotal {
		fee = ch.Total.String()
	}
	return []string{sheetTime(ch.Received), p.Plate(ch.Plate), p.Say(p.Word(words.ChargeState, string(ch.State)).Name),
		p.chargeReason(ch), p.Reduction(ch.Reduction), used,
		p.Platform(ch.Platform), ch.Account, ch.Lot.String(), c.lotTitle(ch.Lot), ch.Order, sheetTime(ch.StartedAt),
		sheetTime(ch.EndedAt), energy, fee, ID(ch.ID)}
}

// pushesFile returns the pushes of a list as a file.
func (c *Console) pushesFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := c.pushFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return wrongFilter(text)
	}
	next := func(cursor string) (charge.Page[charge.Push], error) {
		f.Cursor, f.Limit = cursor, exportedAtOnce
		return c.desk.Pushes(r.Context(), f)
	}
	first, err := next("")
	if err != nil {
		return err
	}
	heads := []string{p.T("收到（+08:00）", "received (+08:00)"), p.T("平台", "platform"), p.T("账号", "account"),
		p.T("结果", "outcome"), p.T("说明", "why"), p.T("车牌（未证实）", "plate (unproven)"), p.T("订单（未证实）", "order (unproven)"),
		p.T("车场（未证实）", "lot (unproven)"), p.T("来源", "from"), p.T("编号", "id")}
	return listFile(w, p, "pushes", first, next, heads, func(push charge.Push) []string {
		plate := ""
		if push.Plate != "" {
			plate = p.Plate(push.Plate)
		}
		return []string{sheetTime(push.Received), p.Platform(push.Platform), push.Account,
			p.Say(p.Word(words.PushOutcome, string(push.Outcome)).Name), p.Notes(push.Reason), plate,
			push.Order, push.Lot.String(), push.Remote, ID(push.ID)}
	})
}

// plateQuery narrows the list of charges to a plate or a part of one.
func plateQuery(text string) string { return url.Values{"plate": {text}}.Encode() }

// findTitle names a page of the one box by what was asked.
func findTitle(p *page) string {
	if p.Query == "" {
		return p.T("查车", "Find a car")
	}
	return p.Query + " · " + p.T("查车", "Find a car")
}
