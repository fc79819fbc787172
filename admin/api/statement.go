package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/sheet"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

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
	file, ok := sheet.Formats[format]
	if !ok {
		return out, nil
	}
	data, err := file.Write(rows)
	out.ContentType, out.Body = file.Type, data
	out.Disposition = fmt.Sprintf("attachment; filename=%q", name+"."+format)
	return out, err
}

// describeStatement says what its three formats hold, which the type of the output cannot.
func (a *api) describeStatement() {
	rows := huma.SchemaFromType(a.OpenAPI().Components.Schemas, reflect.TypeFor[list[statementRow]]().Field(0).Type)
	content := map[string]*huma.MediaType{"application/json": {Schema: rows}}
	for _, f := range sheet.Formats {
		content[f.Type] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	a.OpenAPI().Paths["/api/v1/statements"].Get.Responses["200"].Content = content
}
