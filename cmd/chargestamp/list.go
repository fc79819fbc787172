package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// listing is the flags of every list.
type listing struct {
	remote
	output
}

// paged is the flags of lists that grow without end.
type paged struct {
	listing
	Limit  int    `default:"50" help:"How many rows."`
	All    bool   `help:"All rows."`
	Cursor string `help:"Begin at a page: prev or next of an answer in JSON."`
}

// sorted is the flags of paged lists that can begin at either end.
type sorted struct {
	paged
	Sort string `enum:"newest,oldest" default:"newest" help:"Which come first: newest or oldest."`
}

// list is that of paged, in the order that is asked for.
func (s sorted) list(c *console, path string, q url.Values, shown, all []column) error {
	q.Set("sort", s.Sort)
	return s.paged.list(c, path, q, shown, all)
}

// wholeList is the flags of lists that the API answers whole.
type wholeList struct {
	listing
	Limit int  `help:"How many at most; all of them by default."`
	All   bool `help:"All rows, as by default."`
}

// list prints what the API answers, cut as --limit says.
func (l wholeList) list(c *console, path string, shown, all []column) error {
	if l.Limit < 0 || l.Limit > 0 && l.All {
		return usage("--limit must be at least 1 and goes without --all")
	}
	var whole client.Page[item]
	if err := l.client().Get(c.ctx, path, nil, &whole); err != nil {
		return err
	}
	items := whole.Items
	if l.Limit > 0 {
		items = items[:min(l.Limit, len(items))]
	}
	if err := l.print(c, items, shown, all); err != nil {
		return err
	}
	if len(items) < len(whole.Items) {
		sayMore(c, len(items), len(whole.Items))
	}
	return nil
}

// sayMore says how much of a list is shown.
func sayMore(c *console, shown, total int) {
	of := grouped(total)
	if total > charge.MostCounted {
		of = "more than " + grouped(charge.MostCounted)
	}
	fmt.Fprintf(c.err, "%s of %s are shown: --all lists them all\n", grouped(shown), of)
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// mostAPage is how many rows the API answers at once.
const mostAPage = 500

// column is one column of a list: its heading, and what it shows of an item.
type column struct {
	head string
	show func(item) string
}

// item is one row as the API sent it.
type item struct {
	raw    json.RawMessage
	fields map[string]any
}

// UnmarshalJSON keeps the bytes and reads the fields.
func (i *item) UnmarshalJSON(b []byte) error {
	i.raw = bytes.Clone(b)
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(&i.fields)
}

// MarshalJSON returns what the API sent: JSON output leaves nothing out that a column does not show.
func (i item) MarshalJSON() ([]byte, error) { return i.raw, nil }

// at returns the value under a path such as "reduction.minutes", nil where there is none.
func (i item) at(path string) any {
	var v any = i.fields
	for step := range strings.SplitSeq(path, ".") {
		object, _ := v.(map[string]any)
		v = object[step]
	}
	return v
}

// none stands in a table for what is not there.
const none = "-"

// field shows the value under a path as it was sent.
func field(head, path string) column {
	return column{head, func(i item) string { return cell(i.at(path)) }}
}

// moment shows a time of the API in the local zone to the second.
func moment(head, path string) column {
	return column{head, func(i item) string { return local(cell(i.at(path))) }}
}

// local is a time of the API in Asia/Shanghai to the second; what is none stays as it is.
func local(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.In(charge.Shanghai).Format(time.DateTime)
}

// cell prints a JSON value in a table: lists with blanks between, objects as JSON.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return none
	case []any:
		if len(v) == 0 {
			return none
		}
		var all []string
		for _, one := range v {
			all = append(all, cell(one))
		}
		return strings.Join(all, " ")
	case map[string]any:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	}
	return fmt.Sprint(v)
}

// fetch reads items page by page, as many as are wanted. total is how many the server counts, where q asks for that.
func (l paged) fetch(c *console, path string, q url.Values) (items []item, total int, err error) {
	items = []item{}
	if l.Cursor != "" {
		q.Set("cursor", l.Cursor)
	}
	for {
		want := mostAPage
		if !l.All {
			want = min(l.Limit-len(items), mostAPage)
		}
		q.Set("limit", strconv.Itoa(want))
		var page client.Page[item]
		if err := l.client().Get(c.ctx, path, q, &page); err != nil {
			return nil, 0, wrongFilter(err)
		}
		items, total = append(items, page.Items...), max(total, page.Total)
		if page.Next == "" || !l.All && len(items) >= l.Limit {
			return items, total, nil
		}
		q.Set("cursor", page.Next)
		q.Del("count")
	}
}

// wrongFilter makes wrong use of a filter that the server does not understand.
func wrongFilter(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnprocessableEntity {
		return usageError{err}
	}
	return err
}

// print prints items: the columns people look at as a table, all columns as CSV, the items themselves as JSON.
func (l listing) print(c *console, items []item, shown, all []column) error {
	columns := all
	if l.Output == "table" {
		columns = shown
	}
	t := table{}
	for _, col := range columns {
		t.head = append(t.head, col.head)
	}
	for _, i := range items {
		row := make([]string, len(columns))
		for n, col := range columns {
			if row[n] = col.show(i); row[n] == none && l.Output != "table" {
				row[n] = ""
			}
		}
		t.rows = append(t.rows, row)
	}
	return l.output.print(c, t, items)
}

// list fetches and prints the first rows of a list, and says how many there are where there are more.
func (l paged) list(c *console, path string, q url.Values, shown, all []column) error {
	if l.Limit < 1 {
		return usage("--limit must be at least 1")
	}
	if !l.All {
		q.Set("count", "true")
	}
	items, total, err := l.fetch(c, path, q)
	if err != nil {
		return err
	}
	if err := l.print(c, items, shown, all); err != nil {
		return err
	}
	if len(items) < total {
		sayMore(c, len(items), total)
	}
	return nil
}

// filters makes a query of flags that were set.
func filters(pairs map[string]string) url.Values {
	q := url.Values{}
	for name, v := range pairs {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}
