package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/lot"
)

// Errors of ReadCSV.
var (
	// ErrWorkbook says that a file is a workbook of a spreadsheet and not a CSV.
	ErrWorkbook = errors.New("the file is a workbook; save it as CSV")
	// ErrText says that a file is no text in UTF-8 or GBK.
	ErrText = errors.New("the file is not CSV in UTF-8 or GBK")
	// ErrRows says that a file has more rows than are read.
	ErrRows = errors.New("the file has too many rows")
)

// ReadCSV reads the rows of a file that a spreadsheet or a back office wrote, most of them at most: in UTF-8, with or
// without its mark, or in GBK; its cells are set apart by commas, semicolons or tabs, whichever the first row has most
// of. What back offices add so that spreadsheets leave long numbers alone (a tab, an apostrophe, ="…") is dropped, and
// so are blank rows.
func ReadCSV(data []byte, most int) ([][]string, error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")) {
		return nil, ErrWorkbook
	}
	data, encoding := lot.Plain(data)
	if encoding == "unknown" || bytes.IndexByte(data, 0) >= 0 {
		return nil, ErrText
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma(data), -1, true
	all, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrText, err)
	}
	var rows [][]string
	for _, cells := range all {
		for i, cell := range cells {
			cells[i] = plainCell(cell)
		}
		if strings.Join(cells, "") == "" {
			continue
		}
		if rows = append(rows, cells); len(rows) > most {
			return nil, ErrRows
		}
	}
	return rows, nil
}

// comma is what sets the cells of a file's first row apart.
func comma(data []byte) rune {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// plainCell is a cell without what guards it from a spreadsheet.
func plainCell(cell string) string {
	cell = strings.TrimSpace(cell)
	if inner, guarded := strings.CutPrefix(cell, `="`); guarded {
		cell = strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimSpace(strings.TrimLeft(cell, "'`"))
}
