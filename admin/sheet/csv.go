package sheet

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// byteOrderMark has spreadsheets read a file as UTF-8.
const byteOrderMark = "\uFEFF"

// WriteCSV writes rows as a file that a spreadsheet opens: a mark says UTF-8, and no cell is read as a formula.
func WriteCSV(w io.Writer, rows func(write func(cells ...string)) error) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	err := rows(func(cells ...string) {
		for i, cell := range cells {
			cells[i] = Harmless(cell)
		}
		_ = out.Write(cells) // the writer keeps its first error for Error
	})
	out.Flush()
	return cmp.Or(err, out.Error())
}

// Harmless is a cell with an apostrophe before it where a spreadsheet would work it out as a formula.
func Harmless(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

// formula reports whether a spreadsheet would work a cell out: a number it may. Those of East Asia take the wide signs
// too.
func formula(cell string) bool {
	first, size := utf8.DecodeRuneInString(cell)
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return false
	}
	return strings.Trim(cell[size:], "0123456789.") != "" || cell == "-" || cell == "+"
}

// csvFile writes the rows under headings in the statement's language, and their sum.
func csvFile(s Statement) ([]byte, error) {
	var heads []string
	for _, c := range words.StatementColumns {
		heads = append(heads, c.Heading.In(s.Lang))
	}
	var buf bytes.Buffer
	err := WriteCSV(&buf, func(write func(...string)) error {
		write(heads...)
		for _, r := range s.Rows {
			write(append([]string{r.Day, r.Platform, r.PlatformName, r.Lot.Union, r.VendorName, r.Lot.String(), r.LotName},
				figures(s.Lang, r)...)...)
		}
		write(append([]string{words.StatementTotal.In(s.Lang), "", "", "", "", "", ""},
			figures(s.Lang, Row{StatementRow: Total(s.Rows)})...)...)
		return nil
	})
	return buf.Bytes(), err
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
	var buf bytes.Buffer
	err := csv.NewWriter(&buf).WriteAll(records)
	return buf.Bytes(), err
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
