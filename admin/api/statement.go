package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// StatementColumns names a statement's columns, in the order of StatementCells.
var StatementColumns = [...]string{"day", "platform", "vendor", "lot", "charges", "granted_minutes", "granted_amount",
	"delivered", "used_minutes", "used_amount", "gaps"}

type statementRow struct {
	Day            string `json:"day" doc:"in Asia/Shanghai"`
	Platform       string `json:"platform"`
	Vendor         string `json:"vendor"`
	Lot            string `json:"lot"`
	Charges        int64  `json:"charges"`
	GrantedMinutes int64  `json:"granted_minutes"`
	GrantedAmount  string `json:"granted_amount"`
	Delivered      int64  `json:"delivered"`
	UsedMinutes    int64  `json:"used_minutes"`
	UsedAmount     string `json:"used_amount"`
	Gaps           int64  `json:"gaps" doc:"charges where promised and used differ, or whose usage was never told"`
}

func viewStatementRow(r charge.StatementRow) statementRow {
	return statementRow{r.Day, r.Platform, r.Lot.Union, r.Lot.String(), r.Charges, r.GrantedMinutes,
		r.GrantedAmount.String(), r.Delivered, r.UsedMinutes, r.UsedAmount.String(), r.Gaps}
}

// StatementCSV writes a statement with a head line.
func StatementCSV(rows []charge.StatementRow) ([]byte, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.Write(StatementColumns[:]) // the writer keeps its first error for Error
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, row := range rows {
		r := viewStatementRow(row)
		_ = w.Write([]string{r.Day, r.Platform, r.Vendor, r.Lot, n(r.Charges), n(r.GrantedMinutes), r.GrantedAmount,
			n(r.Delivered), n(r.UsedMinutes), r.UsedAmount, n(r.Gaps)})
	}
	w.Flush()
	return buf.Bytes(), w.Error()
}

// StatementXLSX writes a statement as a workbook of one sheet; money is a number of yuan with two decimals.
func StatementXLSX(rows []charge.StatementRow) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	const sheet = "Sheet1"
	w, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	money, err := f.NewStyle(&excelize.Style{NumFmt: 2}) // 0.00
	if err != nil {
		return nil, err
	}
	head := make([]any, len(StatementColumns))
	for i, name := range StatementColumns {
		head[i] = excelize.Cell{StyleID: bold, Value: name}
	}
	if err := w.SetRow("A1", head); err != nil {
		return nil, err
	}
	yuan := func(v charge.Fen) excelize.Cell { return excelize.Cell{StyleID: money, Value: float64(v) / 100} }
	for i, r := range rows {
		cells := []any{r.Day, r.Platform, r.Lot.Union, r.Lot.String(), r.Charges, r.GrantedMinutes, yuan(r.GrantedAmount),
			r.Delivered, r.UsedMinutes, yuan(r.UsedAmount), r.Gaps}
		if err := w.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	buf, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

type statementInput struct {
	Platform string `query:"platform"`
	Lot      string `query:"lot" doc:"union_id/park_id"`
	From     string `query:"from" doc:"first day, in Asia/Shanghai; 31 days before to where absent"`
	To       string `query:"to" doc:"day after the last; tomorrow where absent"`
	Format   string `query:"format" enum:"json,csv,xlsx" default:"json"`
}

// mostStatementDays bounds one statement.
const mostStatementDays = 400

func (in *statementInput) filter(now time.Time) (charge.StatementFilter, error) {
	f := charge.StatementFilter{Platform: in.Platform}
	var err error
	if f.Lot, err = parseLot("query.lot", in.Lot); err != nil {
		return f, err
	}
	from, to, err := parseSpan(in.From, in.To)
	if err != nil {
		return f, err
	}
	if to.IsZero() {
		to = now.AddDate(0, 0, 1)
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -31)
	}
	if to.Sub(from) > mostStatementDays*24*time.Hour {
		return f, invalid("query.from", fmt.Sprintf("at most %d days at once", mostStatementDays))
	}
	f.From, f.To = day(from), day(to)
	return f, nil
}

func day(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateOnly) }

type statementOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        any
}

func (a *api) statements() {
	handle(a, route{method: http.MethodGet, path: "/statements", id: "get-statement", role: guard.RoleViewer,
		summary: "What was promised, delivered and used, by day, platform and lot"},
		func(ctx context.Context, _ guard.Identity, in *statementInput) (*statementOutput, error) {
			f, err := in.filter(a.desk.Now())
			if err != nil {
				return nil, err
			}
			rows, err := a.desk.Statement(ctx, f)
			if err != nil {
				return nil, err
			}
			return statementIn(in.Format, rows, "statement-"+f.From+"-"+f.To)
		})
	a.describeStatement()
}

// statementIn writes rows in a format; JSON is left to huma.
func statementIn(format string, rows []charge.StatementRow, name string) (*statementOutput, error) {
	out := &statementOutput{Body: listOf(mapAll(rows, viewStatementRow), "").Body}
	var err error
	switch format {
	case "csv":
		out.ContentType = "text/csv; charset=utf-8"
		out.Body, err = StatementCSV(rows)
	case "xlsx":
		out.ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		out.Body, err = StatementXLSX(rows)
	default:
		return out, nil
	}
	out.Disposition = fmt.Sprintf("attachment; filename=%q", name+"."+format)
	return out, err
}

// describeStatement says what its three formats hold, which the type of the output cannot.
func (a *api) describeStatement() {
	rows := huma.SchemaFromType(a.OpenAPI().Components.Schemas, reflect.TypeFor[list[statementRow]]().Field(0).Type)
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	a.OpenAPI().Paths["/api/v1/statements"].Get.Responses["200"].Content = map[string]*huma.MediaType{
		"application/json": {Schema: rows},
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": binary,
	}
}
