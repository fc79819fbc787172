// Package sheet writes statements as files, for the API and the console alike.
package sheet

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/charge"
)

// Format is a kind of file.
type Format struct {
	Type  string // media type
	Write func([]charge.StatementRow) ([]byte, error)
}

// Formats are the kinds of file by their names' endings.
var Formats = map[string]Format{
	"csv":  {"text/csv; charset=utf-8", csvFile},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsxFile},
}

// columns are those of a statement in the API.
var columns = [...]string{"day", "platform", "vendor", "lot", "charges", "granted_minutes", "granted_amount", "delivered",
	"used_minutes", "used_amount", "gaps"}

func csvFile(rows []charge.StatementRow) ([]byte, error) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	_ = w.Write(columns[:]) // the writer keeps its first error for Error
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, r := range rows {
		_ = w.Write([]string{r.Day, r.Platform, r.Lot.Union, r.Lot.String(), n(r.Charges), n(r.GrantedMinutes), r.GrantedAmount.String(),
			n(r.Delivered), n(r.UsedMinutes), r.UsedAmount.String(), n(r.Gaps)})
	}
	w.Flush()
	return buf.Bytes(), w.Error()
}

// xlsxFile writes a workbook of one sheet; money is a number of yuan with two decimals.
func xlsxFile(rows []charge.StatementRow) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
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
	head := make([]any, len(columns))
	for i, name := range columns {
		head[i] = excelize.Cell{StyleID: bold, Value: name}
	}
	if err := w.SetRow("A1", head); err != nil {
		return nil, err
	}
	// A workbook knows no numbers but floats; two decimals of it print as they went in.
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
