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
)

// statement is what was promised, delivered and used, with its sums by platform.
type statement struct {
	Query     url.Values
	Wrong     map[string]string
	Platforms []choice
	Vendors   []choice
	Rows      []charge.StatementRow
	Cut       bool // the page shows a part; the files hold all
	Total     charge.StatementRow
	ByDay     []dayBar
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
	if to.Sub(from) > mostStatementDays*day {
		wrong["from"] = fmt.Sprintf(p.T("一次最多 %d 天", "at most %d days at once"), mostStatementDays)
	}
	return charge.StatementFilter{Platform: q.Get("platform"), Union: strings.TrimSpace(q.Get("vendor")), Lot: lotField(p, q, wrong),
		From: from.Format(time.DateOnly), To: to.Format(time.DateOnly)}
}

func (c *Console) statements(w http.ResponseWriter, r *http.Request, p *page) error {
	s := statement{Query: r.URL.Query(), Wrong: map[string]string{}, Platforms: c.platformChoices(p), Vendors: c.vendorChoices()}
	f := c.statementFilter(p, s.Query, s.Wrong)
	if len(s.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, statementPage(p, s))
	}
	v, err := c.desk.StatementView(r.Context(), f, mostRows)
	if err != nil {
		return err
	}
	s.Rows, s.Cut = v.Rows, v.More
	s.Total, s.ByDay = chart(v.Days)
	return render(w, r, http.StatusOK, statementPage(p, s))
}

// chart adds the days up, and draws them.
func chart(days []charge.StatementRow) (total charge.StatementRow, bars []dayBar) {
	most := int64(1)
	for _, d := range days {
		total.Add(d)
		most = max(most, d.Charges)
	}
	for _, d := range days {
		bars = append(bars, dayBar{Day: d.Day, Charges: d.Charges, Used: d.Used, Gaps: d.Gaps,
			High: int(d.Charges * 100 / most), UsedHigh: int(d.Used * 100 / most)})
	}
	return total, bars
}

func (c *Console) statementFile(w http.ResponseWriter, r *http.Request, p *page) error {
	wrong := map[string]string{}
	f := c.statementFilter(p, r.URL.Query(), wrong)
	for _, text := range wrong {
		return desk.Fail(desk.Invalid, text, desk.FieldError{Where: "from", Detail: text, Chinese: text})
	}
	rows, err := c.desk.Statement(r.Context(), f)
	if err != nil {
		return err
	}
	name, kind, found := strings.Cut(r.PathValue("file"), ".")
	format, ok := sheet.Formats[kind]
	if name != "statement" || !found || !ok {
		return desk.Fail(desk.NotFound, "no such file")
	}
	data, err := format.Write(rows)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.Type)
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "statement-"+f.From+"-"+f.To+"."+kind))
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
