package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/admin/sheet"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// statement is what was promised, delivered and used, with its sums by platform.
type statement struct {
	Query     url.Values
	Wrong     map[string]string
	Platforms []choice
	Vendors   []choice
	Sheet     sheet.Statement // the rows that the page shows, with names
	Parts     []sheet.Row     // all rows, added up by platform and vendor
	Cut       int             // the page shows so many rows of more; the files hold all
	Total     charge.StatementRow
	ByDay     []dayBar
	Most      charge.StatementRow // the day with most charges
	Print     bool                // the page is for paper: no form, no chart
}

// dayBar is a day in the page's chart: charges and what of them was used, in hundredths of the largest day.
type dayBar struct {
	Day                 string
	Charges, Used, Gaps int64
	High, UsedHigh      int
}

// mostRows keeps the page small; mostStatementDays one statement.
const (
	mostRows          = 300
	mostPrinted       = 5000
	mostStatementDays = 400
)

// statementFilter reads what a statement is of; without days it is this month.
func (c *Console) statementFilter(p *page, q url.Values, wrong map[string]string) charge.StatementFilter {
	today := dayStart(p.Now)
	if q.Get("from") == "" {
		q.Set("from", today.AddDate(0, 0, 1-today.Day()).Format(time.DateOnly))
	}
	if q.Get("to") == "" {
		q.Set("to", today.Format(time.DateOnly))
	}
	from, to := spanFields(p, q, wrong)
	if len(wrong) == 0 && to.Sub(from) > mostStatementDays*day {
		wrong["from"] = fmt.Sprintf(p.T("一次最多 %d 天", "at most %d days at once"), mostStatementDays)
	}
	return charge.StatementFilter{Platform: q.Get("platform"), Union: strings.TrimSpace(q.Get("vendor")),
		Lot:  c.lotField(p, q, wrong),
		From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)}
}

func (c *Console) statements(w http.ResponseWriter, r *http.Request, p *page) error {
	return c.showStatement(w, r, p, mostRows)
}

func (c *Console) printStatement(w http.ResponseWriter, r *http.Request, p *page) error {
	return c.showStatement(w, r, p, mostPrinted)
}

// showStatement shows as many rows as a page is to have.
func (c *Console) showStatement(w http.ResponseWriter, r *http.Request, p *page, most int) error {
	s := statement{Query: r.URL.Query(), Wrong: map[string]string{}, Platforms: c.platformChoices(p),
		Vendors: c.vendorChoices(), Print: most == mostPrinted}
	f := c.statementFilter(p, s.Query, s.Wrong)
	if len(s.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, statementPage(p, s))
	}
	v, err := c.desk.StatementView(r.Context(), f, most)
	if err != nil {
		return err
	}
	if v.More {
		s.Cut = most
	}
	s.Sheet = c.desk.Described(f, v.Rows, p.Lang)
	s.Parts = c.desk.NameRows(p.Lang, v.Parts)
	s.chart(eachDay(v.Days))
	return render(w, r, http.StatusOK, statementPage(p, s))
}

// eachDay fills in the days between the first and the last one on which nothing came, so that a chart shows them as
// they were: empty.
func eachDay(days []charge.StatementRow) (all []charge.StatementRow) {
	for _, d := range days {
		for n := len(all); n > 0; n = len(all) {
			at, err := time.Parse(time.DateOnly, all[n-1].Day)
			next := at.Add(day).Format(time.DateOnly)
			if err != nil || next >= d.Day {
				break
			}
			all = append(all, charge.StatementRow{Day: next})
		}
		all = append(all, d)
	}
	return all
}

// chart adds the days up, and draws them.
func (s *statement) chart(days []charge.StatementRow) {
	most := int64(1)
	for _, d := range days {
		s.Total.Add(d)
		if d.Charges > s.Most.Charges {
			s.Most = d
		}
		most = max(most, d.Charges)
	}
	for _, d := range days {
		s.ByDay = append(s.ByDay, dayBar{Day: d.Day, Charges: d.Charges, Used: d.Used, Gaps: d.Gaps,
			High: int(d.Charges * 100 / most), UsedHigh: int(d.Used * 100 / most)})
	}
}

// axis are the days that are written below the bars: each of a week, else the first, the middle and the last.
func (s *statement) axis() (days []string) {
	n := len(s.ByDay)
	for i, d := range s.ByDay {
		if n <= 8 || i == 0 || i == n/2 || i == n-1 {
			days = append(days, d.Day[len("2026-"):])
		}
	}
	return days
}

func (c *Console) statementFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := c.statementFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return desk.Fail(desk.Invalid, text, desk.FieldError{Where: "from", Detail: text, Chinese: text})
	}
	name, kind, found := strings.Cut(r.PathValue("file"), ".")
	format, ok := sheet.Formats[kind]
	if name != "statement" || !found || !ok {
		return desk.Fail(desk.NotFound, "no such file")
	}
	statement, err := c.desk.Sheet(r.Context(), f, p.Lang)
	if err != nil {
		return err
	}
	data, err := format.Write(statement)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.Type)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", statement.Name()+"."+kind))
	_, err = w.Write(data)
	return err
}

func (c *Console) vendorChoices() []choice {
	var list []choice
	for _, v := range c.desk.Estate().Vendors() {
		list = append(list, choice{v.UnionID, strings.TrimSpace(v.UnionID + " " + v.Name)})
	}
	return list
}

// fileLink is a statement as a file, narrowed as the page is.
func (s statement) fileLink(kind string) string {
	return "/statements/statement." + kind + "?" + s.Query.Encode()
}

// printLink is the statement for paper, narrowed as the page is.
func (s statement) printLink() string { return "/statements/print?" + s.Query.Encode() }

// gapLink leads to the charges behind a row's gaps.
func gapLink(r sheet.Row) string {
	q := url.Values{"gap": {"1"}, "platform": {r.Platform}, "lot": {r.Lot.String()}, "from": {r.Day}, "to": {r.Day}}
	return "/charges?" + q.Encode()
}

// usedYuan is a row's money that was taken off; a dash where the lot reported minutes only.
func usedYuan(r sheet.Row) string {
	if r.UsedBy == "none" {
		return "–"
	}
	return r.UsedAmount.String()
}

// usedBy says where a row's yuan come from.
func usedBy(p *page, r sheet.Row) string {
	if r.UsedBy == "" {
		return ""
	}
	return p.Say(words.UsedBy(r.UsedBy))
}
