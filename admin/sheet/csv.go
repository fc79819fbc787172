package sheet

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// byteOrderMark has spreadsheets read a file as UTF-8.
const byteOrderMark = "\uFEFF"

// csvFile writes the rows under headings in the statement's language, and their sum.
func csvFile(s Statement) ([]byte, error) {
	var heads []string
	for _, c := range words.StatementColumns {
		heads = append(heads, c.Heading.In(s.Lang))
	}
	records := [][]string{heads}
	for _, r := range s.Rows {
		records = append(records, append([]string{r.Day, r.Platform, r.PlatformName, r.Lot.Union, r.VendorName,
			r.Lot.String(), r.LotName},
			figures(s.Lang, r)...))
	}
	sum := Row{StatementRow: Total(s.Rows)}
	records = append(records, append([]string{words.StatementTotal.In(s.Lang), "", "", "", "", "", ""},
		figures(s.Lang, sum)...))
	body, err := write(records)
	return append([]byte(byteOrderMark), body...), err
}

func figures(l words.Lang, r Row) []string {
	used, by := r.UsedAmount.String(), ""
	if r.UsedBy == "none" {
		used = ""
	}
	if r.UsedBy != "" {
		by = words.UsedBy(r.UsedBy).In(l)
	}
	return []string{number(r.Charges), number(r.GrantedMinutes), r.GrantedAmount.String(), number(r.Delivered),
		number(r.UsedMinutes), used, by, number(r.Gaps)}
}

// columns are those of a statement in the API.
var columns = []string{"day", "platform", "vendor", "lot", "charges", "granted_minutes", "granted_amount", "delivered",
	"used_minutes", "used_amount", "gaps"}

// Data writes rows for programs: the API's fields by their names, without sums.
func Data(rows []charge.StatementRow) ([]byte, error) {
	records := [][]string{columns}
	for _, r := range rows {
		records = append(records, []string{r.Day, r.Platform, r.Lot.Union, r.Lot.String(), number(r.Charges),
			number(r.GrantedMinutes),
			r.GrantedAmount.String(), number(r.Delivered), number(r.UsedMinutes), r.UsedAmount.String(), number(r.Gaps)})
	}
	return write(records)
}

func write(records [][]string) ([]byte, error) {
	var buf bytes.Buffer
	err := csv.NewWriter(&buf).WriteAll(records)
	return buf.Bytes(), err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
