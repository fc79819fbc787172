package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/admin/sheet"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
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

	PlatformName words.Text `json:"platform_name"`
	VendorName   string     `json:"vendor_name"`
	LotName      string     `json:"lot_name"`

	UsedBy string `json:"used_by" enum:"tariff,lot,none," doc:"tariff = our price (4g), lot = its report, none = minutes"`
}

// statementSums are the figures of a row, added up.
type statementSums struct {
	Charges        int64  `json:"charges"`
	GrantedMinutes int64  `json:"granted_minutes"`
	GrantedAmount  string `json:"granted_amount"`
	Delivered      int64  `json:"delivered"`
	UsedMinutes    int64  `json:"used_minutes"`
	UsedAmount     string `json:"used_amount"`
	Gaps           int64  `json:"gaps"`
}

// statementBody is a statement as JSON: its rows, and what they add up to.
type statementBody struct {
	Items []statementRow `json:"items" nullable:"false"`
	Next  string         `json:"next" doc:"always empty: a statement comes whole"`
	Total statementSums  `json:"total"`
}

func (a *api) viewStatement(rows []charge.StatementRow) statementBody {
	body := statementBody{Items: make([]statementRow, len(rows))}
	named, english := a.desk.NameRows(words.Chinese, rows), a.desk.NameRows(words.English, rows)
	for i, r := range named {
		body.Items[i] = statementRow{r.Day, r.Platform, r.Lot.Union, r.Lot.String(), r.Charges, r.GrantedMinutes,
			r.GrantedAmount.String(),
			r.Delivered, r.UsedMinutes, r.UsedAmount.String(), r.Gaps,
			words.Text{ZH: r.PlatformName, EN: english[i].PlatformName}, r.VendorName, r.LotName, r.UsedBy}
	}
	sum := sheet.Total(named)
	body.Total = statementSums{sum.Charges, sum.GrantedMinutes, sum.GrantedAmount.String(), sum.Delivered, sum.UsedMinutes,
		sum.UsedAmount.String(), sum.Gaps}
	return body
}

type statementInput struct {
	Platform string `query:"platform"`
	Lot      string `query:"lot" doc:"union_id/park_id"`
	From     string `query:"from" doc:"first day, in Asia/Shanghai; 31 days before to where absent"`
	To       string `query:"to" doc:"day after the last; tomorrow where absent"`
	Format   string `query:"format" enum:"json,csv,xlsx" default:"json" doc:"csv without lang has field names and no sums"`
	Lang     string `query:"lang" enum:"zh,en," doc:"a file for people in this language; xlsx is zh by default"`
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
			return a.statementIn(ctx, in, f)
		})
	a.describeStatement()
}

// statementIn writes a statement in the wanted format; JSON is left to huma.
func (a *api) statementIn(ctx context.Context, in *statementInput, f charge.StatementFilter) (*statementOutput, error) {
	file, ok := sheet.Formats[in.Format]
	if !ok || in.Format == "csv" && in.Lang == "" {
		rows, err := a.desk.Statement(ctx, f)
		if err != nil || !ok {
			return &statementOutput{Body: a.viewStatement(rows)}, err
		}
		data, err := sheet.Data(rows)
		return fileOutput(file, data, "statement-"+f.From+"-"+desk.LastDay(f)+".csv"), err
	}
	lang := words.Chinese
	if in.Lang == string(words.English) {
		lang = words.English
	}
	s, err := a.desk.Sheet(ctx, f, lang)
	if err != nil {
		return nil, err
	}
	data, err := file.Write(s)
	return fileOutput(file, data, s.Name()+"."+in.Format), err
}

func fileOutput(f sheet.Format, data []byte, name string) *statementOutput {
	return &statementOutput{ContentType: f.Type, Body: data, Disposition: fmt.Sprintf("attachment; filename=%q", name)}
}

// describeStatement says what its three formats hold, which the type of the output cannot.
func (a *api) describeStatement() {
	rows := huma.SchemaFromType(a.OpenAPI().Components.Schemas, reflect.TypeFor[statementBody]())
	content := map[string]*huma.MediaType{"application/json": {Schema: rows}}
	for _, f := range sheet.Formats {
		kind, _, _ := strings.Cut(f.Type, ";")
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	a.OpenAPI().Paths["/api/v1/statements"].Get.Responses["200"].Content = content
}
