package admin

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/chargestamp/chargestamp/charge"
)

func TestStatementFormats(t *testing.T) {
	f := newFake()
	w := call(t, f, "viewer", "GET", "/api/v1/statements?from=2026-01-31&to=2026-02-01&format=csv", "")
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"day", "platform", "vendor", "lot", "charges", "granted_minutes", "granted_amount", "delivered", "used_minutes",
			"used_amount", "gaps"},
		{"2026-01-31", "telaidian", "200461", "200461/1313", "3", "90", "12.50", "3", "60", "10.05", "1"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("csv (-want +got):\n%s", diff)
	}
	if f.span != (charge.StatementFilter{From: "2026-01-31", To: "2026-02-01"}) {
		t.Errorf("asked for %+v", f.span)
	}
	w = call(t, f, "viewer", "GET", "/api/v1/statements?format=xlsx", "")
	book, err := excelize.OpenReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := book.GetRows("对账单")
	if err != nil || len(cells) != 7 {
		t.Fatalf("%d lines, %v", len(cells), err)
	}
	if got := strings.Join(cells[5],
		"|"); got != "2026-01-31|telaidian|特来电|200461|Vendor One|200461/1313|Lot One|3|90|12.50|3|60|10.05|车场上报|1" {
		t.Errorf("xlsx: %s", got)
	}
	// 2026-03-01 12:00 in Shanghai: to is tomorrow, from 31 days before.
	if f.span != (charge.StatementFilter{From: "2026-01-30", To: "2026-03-02"}) {
		t.Errorf("without a span it asked for %+v", f.span)
	}
}

// A statement as JSON says what its codes are called, where the yuan come from, and what all rows add up to.
func TestStatementSaysNamesAndSums(t *testing.T) {
	w := call(t, newFake(), "viewer", "GET", "/api/v1/statements?from=2026-01-31&to=2026-02-01", "")
	var got struct {
		Items []struct {
			PlatformName struct{ ZH, EN string } `json:"platform_name"`
			VendorName   string                  `json:"vendor_name"`
			LotName      string                  `json:"lot_name"`
			UsedBy       string                  `json:"used_by"`
		}
		Total struct {
			Charges    int64
			UsedAmount string `json:"used_amount"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Items) != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	r := got.Items[0]
	if r.PlatformName.ZH != "特来电" || r.PlatformName.EN == "" || r.VendorName != "Vendor One" || r.LotName != "Lot One" ||
		r.UsedBy != "lot" ||
		got.Total.Charges != 3 || got.Total.UsedAmount != "10.05" {
		t.Errorf("%s", w.Body)
	}
	w = call(t, newFake(), "viewer", "GET", "/api/v1/statements?format=csv&lang=en", "")
	if !strings.HasPrefix(w.Body.String(), "\uFEFFDay,") {
		t.Errorf("a CSV for people: %.80q", w.Body)
	}
}
