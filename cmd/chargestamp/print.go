package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

// output is the -o flag of commands that print results.
type output struct {
	Output string `short:"o" enum:"table,json,csv" default:"table" help:"How to print: table, json or csv."`
}

// table is a result with a header.
type table struct {
	head []string
	rows [][]string
}

// print writes a table, or value as JSON.
func (o output) print(c *console, t table, value any) error {
	switch o.Output {
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
		return w.WriteAll(t.rows)
	}
	w := tabwriter.NewWriter(c.out, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(t.head, "\t"))
	for _, r := range t.rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}
