package main

import (
	"bytes"
	"fmt"
	"strings"
)

// page builds one Markdown file.
type page struct{ bytes.Buffer }

// newPage begins a page with its title and where its facts come from.
func newPage(title, from string) *page {
	p := &page{}
	p.line("<!-- Printed by make generate from %s. Do not edit. -->", from)
	p.line("")
	p.line("# %s", title)
	return p
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// para prints paragraphs, each with an empty line before it.
func (p *page) para(texts ...string) {
	for _, t := range texts {
		p.line("\n%s", t)
	}
}

func (p *page) section(title string) { p.line("\n## %s", title) }

// quote prints paragraphs as a box.
func (p *page) quote(texts ...string) {
	p.line("")
	for i, t := range texts {
		if i > 0 {
			p.line(">")
		}
		p.line("> %s", t)
	}
}

// list prints a bullet list.
func (p *page) list(items ...string) {
	p.line("")
	for _, item := range items {
		p.line("- %s", item)
	}
}

// code prints a block, its text ended by one line end.
func (p *page) code(language, text string) {
	p.line("\n```%s\n%s\n```", language, strings.TrimRight(text, "\n"))
}

// table prints a table; without rows it prints nothing.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.row(head)
	p.line("|%s", strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		p.row(r)
	}
}

// inCell keeps a text inside its cell.
var inCell = strings.NewReplacer("|", "\\|", "\n", "<br>")

func (p *page) row(cells []string) {
	p.WriteString("|")
	for _, c := range cells {
		p.WriteString(" " + inCell.Replace(c) + " |")
	}
	p.WriteString("\n")
}

// mono prints texts as code, with a separator between.
func mono(separator string, texts ...string) string {
	out := make([]string, 0, len(texts))
	for _, t := range texts {
		if t != "" {
			out = append(out, "`"+t+"`")
		}
	}
	return strings.Join(out, separator)
}
