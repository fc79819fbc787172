package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/width"

	"github.com/chargestamp/chargestamp/admin/sheet"
)

// output is the -o flag of commands that print results.
type output struct {
	Output string `short:"o" enum:"table,json,csv,xlsx" default:"table" help:"How to print: table, json, csv or xlsx."`
	File   string `type:"path" help:"Where to write in place of standard output; xlsx on a terminal needs it."`
}

// table is a result with a header.
type table struct {
	head []string
	rows [][]string
}

// print writes a table, or value as JSON.
func (o output) print(c *console, t table, value any) error {
	if o.File != "" {
		return o.toFile(c, t, value)
	}
	switch o.Output {
	case "xlsx":
		if err := noTerminal(c.out); err != nil {
			return err
		}
		return t.workbook(c.out)
	case "json":
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(value)
	case "csv":
		w := csv.NewWriter(c.out)
		if err := w.Write(t.head); err != nil {
			return err
		}
		for _, row := range t.rows {
			for i, cell := range row {
				if cell != none {
					row[i] = sheet.Harmless(cell)
				}
			}
		}
		return w.WriteAll(t.rows)
	}
	return t.write(c.out)
}

// noTerminal refuses to write a spreadsheet where somebody would read it as text.
func noTerminal(out io.Writer) error {
	if !isTerminal(out) {
		return nil
	}
	return usage("a spreadsheet is not printed on a terminal: name a file with --file, or lead the output into one")
}

// isTerminal reports whether a person reads along.
func isTerminal(out io.Writer) bool {
	f, is := out.(*os.File)
	if !is {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// toFile prints into a file in place of standard output.
func (o output) toFile(c *console, t table, value any) (err error) {
	f, err := os.Create(o.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	to := *c
	to.out = f
	o.File = ""
	return o.print(&to, t, value)
}

// workbook writes the rows as a spreadsheet. Every cell is a text: ids of 18 digits must stay whole.
func (t table) workbook(to io.Writer) error {
	book := excelize.NewFile()
	defer book.Close()
	first := book.GetSheetName(0)
	for n, line := range append([][]string{t.head}, t.rows...) {
		row := make([]any, len(line))
		for i, text := range line {
			row[i] = text
		}
		if err := book.SetSheetRow(first, fmt.Sprintf("A%d", n+1), &row); err != nil {
			return err
		}
	}
	return book.Write(to)
}

// gap stands between two columns.
const gap = "  "

// write prints the rows aligned by how wide they are shown: a Chinese character takes two places.
func (t table) write(to io.Writer) error {
	lines := append([][]string{t.head}, t.rows...)
	widths := make([]int, len(t.head))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], displayWidth(text))
		}
	}
	var out strings.Builder
	for _, line := range lines {
		for i, text := range line {
			out.WriteString(text)
			if i < len(line)-1 {
				out.WriteString(strings.Repeat(" ", widths[i]-displayWidth(text)) + gap)
			}
		}
		out.WriteByte('\n')
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// counted is a number of things: "1 change", "2 changes".
func counted[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// displayWidth is how many places a text takes on a terminal.
func displayWidth(text string) (places int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			places += 2
		default:
			places++
		}
	}
	return places
}
