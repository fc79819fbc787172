package sheet

import (
	"fmt"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// xlsxFile writes a workbook: every row with its sums, and a second sheet of what each lot comes to.
func xlsxFile(s Statement) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	b := &book{file: f, Statement: s}
	if err := b.styles(); err != nil {
		return nil, err
	}
	if err := f.SetSheetName("Sheet1", words.StatementSheet.In(s.Lang)); err != nil {
		return nil, err
	}
	if _, err := f.NewSheet(words.StatementParts.In(s.Lang)); err != nil {
		return nil, err
	}
	if err := b.sheet(words.StatementSheet.In(s.Lang), s.Rows, true); err != nil {
		return nil, err
	}
	if err := b.sheet(words.StatementParts.In(s.Lang), Parts(s.Rows), false); err != nil {
		return nil, err
	}
	title := words.StatementTitle.In(s.Lang)
	if err := f.SetDocProps(&excelize.DocProperties{Creator: "Chargestamp", LastModifiedBy: "Chargestamp", Title: title,
		Subject: s.Period(),
		Created: s.Made.UTC().Format(time.RFC3339), Modified: s.Made.UTC().Format(time.RFC3339)}); err != nil {
		return nil, err
	}
	buf, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// book is a workbook in the making, with the styles of its cells.
type book struct {
	Statement
	file                                      *excelize.File
	title, head, day, count, money            int
	totalText, totalCount, totalMoney, remark int
}

// Formats of numbers: thousands apart, two decimals of money, days as spreadsheets know them.
const (
	countFormat = 3 // #,##0
	moneyFormat = 4 // #,##0.00
	dayFormat   = "yyyy-mm-dd"
)

func (b *book) styles() (err error) {
	day := dayFormat
	bold, line := &excelize.Font{Bold: true}, []excelize.Border{{Type: "top", Color: "000000", Style: 1}}
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}}},
		{&b.remark, excelize.Style{Font: &excelize.Font{Color: "555555"}}},
		{&b.head, excelize.Style{Font: bold, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF4"}}}},
		{&b.day, excelize.Style{CustomNumFmt: &day, Alignment: &excelize.Alignment{Horizontal: "left"}}},
		{&b.count, excelize.Style{NumFmt: countFormat}},
		{&b.money, excelize.Style{NumFmt: moneyFormat}},
		{&b.totalText, excelize.Style{Font: bold, Border: line}},
		{&b.totalCount, excelize.Style{Font: bold, Border: line, NumFmt: countFormat}},
		{&b.totalMoney, excelize.Style{Font: bold, Border: line, NumFmt: moneyFormat}},
	} {
		if *s.id, err = b.file.NewStyle(&s.style); err != nil {
			return err
		}
	}
	return nil
}

// widths of the columns, in characters; Chinese ones count double.
var widths = []float64{12, 15, 20, 12, 20, 18, 24, 10, 12, 14, 10, 12, 14, 26, 8}

// firstRow is where the figures begin: title, period, filter with the time it was made, a remark and the heads stand
// above.
const firstRow = 6

// sheet writes one sheet with its heads frozen, and its sums at the end. Without days the first column is left empty.
func (b *book) sheet(name string, rows []Row, days bool) error {
	w, err := b.file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, width := range widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	panes := excelize.Panes{Freeze: true, YSplit: firstRow - 1, TopLeftCell: "A" + strconv.Itoa(firstRow),
		ActivePane: "bottomLeft"}
	if err := w.SetPanes(&panes); err != nil {
		return err
	}
	heads := make([]any, len(words.StatementColumns))
	for i, c := range words.StatementColumns {
		heads[i] = excelize.Cell{StyleID: b.head, Value: c.Heading.In(b.Lang)}
	}
	lines := [][]any{
		{excelize.Cell{StyleID: b.title, Value: words.StatementTitle.In(b.Lang)}},
		{b.Period()},
		{b.Of() + "    " + b.made()},
		{excelize.Cell{StyleID: b.remark, Value: words.StatementHow.In(b.Lang)}},
		heads,
	}
	for _, r := range rows {
		lines = append(lines, b.cells(r, days))
	}
	lines = append(lines, b.totals(Total(rows), len(rows)))
	for i, cells := range lines {
		if err := w.SetRow("A"+strconv.Itoa(i+1), cells); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (b *book) cells(r Row, days bool) []any {
	count := func(n int64) excelize.Cell { return excelize.Cell{StyleID: b.count, Value: n} }
	var day, used, by any
	if at, err := time.Parse(time.DateOnly, r.Day); days && err == nil {
		day = excelize.Cell{StyleID: b.day, Value: at}
	}
	if r.UsedBy != "" {
		by = words.UsedBy(r.UsedBy).In(b.Lang)
	}
	if r.UsedBy != "none" {
		used = excelize.Cell{StyleID: b.money, Value: yuan(r.UsedAmount)}
	}
	return []any{day, r.Platform, r.PlatformName, r.Lot.Union, r.VendorName, r.Lot.String(), r.LotName, count(r.Charges),
		count(r.GrantedMinutes),
		excelize.Cell{StyleID: b.money, Value: yuan(r.GrantedAmount)}, count(r.Delivered), count(r.UsedMinutes), used, by,
		count(r.Gaps)}
}

// totals is the last row: sums of what a filter of the spreadsheet leaves to see, with their values for readers that do
// not calculate.
func (b *book) totals(sum charge.StatementRow, rows int) []any {
	cells := []any{excelize.Cell{StyleID: b.totalText, Value: words.StatementTotal.In(b.Lang)}}
	for range 6 {
		cells = append(cells, excelize.Cell{StyleID: b.totalText})
	}
	add := func(style int, value any) {
		cell := excelize.Cell{StyleID: style, Value: value}
		if column, err := excelize.ColumnNumberToName(len(cells) + 1); err == nil && rows > 0 {
			cell.Formula = fmt.Sprintf("SUBTOTAL(109,%s%d:%s%d)", column, firstRow, column, firstRow+rows-1)
		}
		cells = append(cells, cell)
	}
	add(b.totalCount, sum.Charges)
	add(b.totalCount, sum.GrantedMinutes)
	add(b.totalMoney, yuan(sum.GrantedAmount))
	add(b.totalCount, sum.Delivered)
	add(b.totalCount, sum.UsedMinutes)
	add(b.totalMoney, yuan(sum.UsedAmount))
	cells = append(cells, excelize.Cell{StyleID: b.totalText})
	add(b.totalCount, sum.Gaps)
	return cells
}

// yuan is money in a cell. A workbook knows no numbers but floats; two decimals of it print as they went in.
func yuan(v charge.Fen) float64 { return float64(v) / 100 }
