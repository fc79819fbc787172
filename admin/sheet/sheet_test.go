package sheet

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// sample is a statement of two days: a 4G lot with our own price, a lot that reported minutes only.
func sample(l words.Lang) Statement {
	gate, sdk := charge.LotID{Union: "620001", Park: "9"}, charge.LotID{Union: "620001", Park: "7"}
	row := func(day string, lot charge.LotID, name string, minutes int64, yuan charge.Fen, by string) Row {
		return Row{charge.StatementRow{Day: day, Platform: "xiaoju", Lot: lot, Charges: 2, GrantedMinutes: 1200, Delivered: 2,
			Used: 2, UsedMinutes: minutes, UsedAmount: yuan, Gaps: 1},
			"小桔充电", "示例停车", name, by}
	}
	return Statement{Lang: l, From: "2026-11-01", To: "2026-11-02", Made: time.Date(2026, 11, 3, 2, 0, 0, 0, time.UTC),
		Rows: []Row{
			row("2026-11-01", gate, "北区", 60, 500, "tariff"),
			row("2026-11-02", gate, "北区", 30, 123456, "tariff"),
			row("2026-11-02", sdk, "南区", 45, 0, "none"),
		}}
}

// Excel reads a CSV as UTF-8 only behind a byte order mark.
func TestCSVForPeople(t *testing.T) {
	for _, l := range []words.Lang{words.Chinese, words.English} {
		data, err := csvFile(sample(l))
		if err != nil {
			t.Fatal(err)
		}
		text, marked := strings.CutPrefix(string(data), "\uFEFF")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || !marked || len(rows) != 5 {
			t.Fatalf("%s: %v, marked %v, %d rows", l, err, marked, len(rows))
		}
		want := map[words.Lang][2]string{
			words.Chinese: {"实际减免（元）", "合计"},
			words.English: {"Taken off (yuan)", "Total"},
		}[l]
		if rows[0][12] != want[0] || rows[4][0] != want[1] {
			t.Errorf("%s: headed %q, summed as %q", l, rows[0], rows[4])
		}
		if got := rows[3][11] + " " + rows[3][12]; got != "45 " {
			t.Errorf("minutes without yuan are printed as %q", got)
		}
		if got := strings.Join(rows[4][7:13], " "); got != "6 3600 0.00 6 135 1239.56" {
			t.Errorf("the sums are %q", got)
		}
	}
}

func TestXLSXForPeople(t *testing.T) {
	for _, l := range []words.Lang{words.Chinese, words.English} {
		data, err := xlsxFile(sample(l))
		if err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		checkBook(t, f, l)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func checkBook(t *testing.T, f *excelize.File, l words.Lang) {
	t.Helper()
	main, parts := words.StatementSheet.In(l), words.StatementParts.In(l)
	if got := strings.Join(f.GetSheetList(), " "); got != main+" "+parts {
		t.Errorf("sheets %s", got)
	}
	for cell, want := range map[string]string{
		"A1": words.StatementTitle.In(l), "A5": words.StatementColumns[0].Heading.In(l), "A6": "2026-11-01", "C6": "小桔充电",
		"G6": "北区",
		"I6": "1,200", "M7": "1,234.56", "M8": "", "I9": "3,600", "M9": "1,239.56",
	} {
		if got, err := f.GetCellValue(main, cell); err != nil || got != want {
			t.Errorf("%s %s is %q, want %q (%v)", main, cell, got, want, err)
		}
	}
	if period, _ := f.GetCellValue(main, "A2"); !strings.Contains(period, "2026-11-01") ||
		!strings.Contains(period, "2026-11-02") {
		t.Errorf("the period is %q", period)
	}
	if formula, _ := f.GetCellFormula(main, "M9"); formula != "SUBTOTAL(109,M6:M8)" {
		t.Errorf("the sum is %q", formula)
	}
	if panes, err := f.GetPanes(main); err != nil || !panes.Freeze || panes.YSplit != 5 {
		t.Errorf("the head is not frozen: %+v %v", panes, err)
	}
	if width, err := f.GetColWidth(main, "G"); err != nil || width < 20 {
		t.Errorf("the column of names is %v wide, %v", width, err)
	}
	if props, err := f.GetDocProps(); err != nil || props.Creator != "Chargestamp" ||
		props.Title != words.StatementTitle.In(l) {
		t.Errorf("made by %+v, %v", props, err)
	}
	// Each lot once, in the order of their numbers within a platform and vendor.
	for cell, want := range map[string]string{"G6": "南区", "G7": "北区", "L7": "90", "M7": "1,239.56", "M6": "",
		"A8": words.StatementTotal.In(l)} {
		if got, err := f.GetCellValue(parts, cell); err != nil || got != want {
			t.Errorf("%s %s is %q, want %q (%v)", parts, cell, got, want, err)
		}
	}
}

// A name that looks like a formula is text in a spreadsheet, a negative sum is a number.
func TestCSVHoldsNoFormulas(t *testing.T) {
	var b bytes.Buffer
	err := WriteCSV(&b, func(write func(...string)) error {
		write("=1+1", "+cmd", "-x", "@sum", "-", "-12.50", "+7", "plain", "＝1+1", "＋cmd", "－x", "＠sum", "\n=1+1")
		return nil
	})
	want := "\uFEFF'=1+1,'+cmd,'-x,'@sum,'-,-12.50,+7,plain,'＝1+1,'＋cmd,'－x,'＠sum,\"'\n=1+1\"\n"
	if err != nil || b.String() != want {
		t.Errorf("%v, %q, want %q", err, b.String(), want)
	}
}

// A workbook's numbers are floats: money comes out of one to the fen as it went in.
func TestYuanInAWorkbookIsExact(t *testing.T) {
	for v := charge.Fen(1); v < 1e15; v = v*7 + 3 {
		for _, fen := range []charge.Fen{v, -v} {
			if got := strconv.FormatFloat(yuan(fen), 'f', 2, 64); got != fen.String() {
				t.Fatalf("%s becomes %s", fen, got)
			}
		}
	}
}
