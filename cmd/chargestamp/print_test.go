package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestSpreadsheetOnStandardOutput wants a spreadsheet where the output is led somewhere, and on a terminal the word
// that leads it.
func TestSpreadsheetOnStandardOutput(t *testing.T) {
	rows := table{head: []string{"ID", "PLATE"}, rows: [][]string{{"289471623045120000", "京A12345"}}}
	var led bytes.Buffer
	if err := (output{Output: "xlsx"}).print(&console{out: &led}, rows, nil); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&led)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if cell, err := book.GetCellValue(book.GetSheetName(0), "A2"); err != nil || cell != "289471623045120000" {
		t.Errorf("A2 holds %q, %v", cell, err)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0) // one end of a terminal is one
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	err = (output{Output: "xlsx"}).print(&console{out: terminal}, rows, nil)
	if wrong := (usageError{}); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "--file") {
		t.Errorf("on a terminal: %v", err)
	}
}

// TestSecurityCSVHoldsNoFormulas prints what a lot's or vendor's people have named: a spreadsheet reads it as text, and
// ids and what is not there stay as they are.
func TestSecurityCSVHoldsNoFormulas(t *testing.T) {
	rows := table{head: []string{"LOT", "NAME", "FAULT", "OLDEST"},
		rows: [][]string{{"200461/1", `=HYPERLINK("http://evil.test")`, "＠sum", none}}}
	var out bytes.Buffer
	if err := (output{Output: "csv"}).print(&console{out: &out}, rows, nil); err != nil {
		t.Fatal(err)
	}
	want := "LOT,NAME,FAULT,OLDEST\n200461/1,\"'=HYPERLINK(\"\"http://evil.test\"\")\",'＠sum,-\n"
	if out.String() != want {
		t.Errorf("printed %s, want %s", out.String(), want)
	}
}
