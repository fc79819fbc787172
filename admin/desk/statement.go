package desk

import (
	"context"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/sheet"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

// Statement returns what was promised, delivered and used, by day, platform and lot, for programs.
func (d *Desk) Statement(ctx context.Context, f charge.StatementFilter) ([]charge.StatementRow, error) {
	rows, err := d.cfg.Reads.Statement(ctx, f)
	return rows, Wrap(err)
}

// StatementView returns the first rows of a statement, and the sums of all.
func (d *Desk) StatementView(ctx context.Context, f charge.StatementFilter, most int) (charge.StatementView, error) {
	v, err := d.cfg.Reads.StatementView(ctx, f, most)
	return v, Wrap(err)
}

// Sheet returns a whole statement for people, in a language.
func (d *Desk) Sheet(ctx context.Context, f charge.StatementFilter, l words.Lang) (sheet.Statement, error) {
	rows, err := d.Statement(ctx, f)
	if err != nil {
		return sheet.Statement{}, err
	}
	return d.Described(f, rows, l), nil
}

// Described adds to rows what people want beside them: names, the period, what they were narrowed to.
func (d *Desk) Described(f charge.StatementFilter, rows []charge.StatementRow, l words.Lang) sheet.Statement {
	n := d.names()
	s := sheet.Statement{Lang: l, From: f.From, To: LastDay(f), Made: d.Now(), Rows: n.rows(l, rows)}
	if f.Platform != "" {
		s.Narrowed = append(s.Narrowed, n.platform(f.Platform).In(l))
	}
	if f.Union != "" {
		s.Narrowed = append(s.Narrowed, strings.TrimSpace(f.Union+" "+n.vendors[f.Union]))
	}
	if !f.Lot.IsZero() {
		s.Narrowed = append(s.Narrowed, n.lot(f.Lot))
	}
	return s
}

// LastDay is the last day that a statement covers; the filter's own end is the day after.
func LastDay(f charge.StatementFilter) string {
	end, err := time.Parse(time.DateOnly, f.To)
	if err != nil {
		return f.To
	}
	return end.AddDate(0, 0, -1).Format(time.DateOnly)
}

// names are what platforms, vendors and lots are called.
type names struct {
	platforms map[string]words.Text
	vendors   map[string]string
	lots      map[charge.LotID]*charge.Lot
}

func (d *Desk) names() names {
	n := names{map[string]words.Text{}, map[string]string{}, map[charge.LotID]*charge.Lot{}}
	for _, info := range d.cfg.Platforms {
		n.platforms[info.ID] = words.Text{ZH: info.Title, EN: info.English}
	}
	state := d.cfg.Estate.State()
	for _, v := range state.Vendors() {
		n.vendors[v.UnionID] = v.Name
	}
	for _, l := range state.Lots() {
		n.lots[l.ID] = l
	}
	return n
}

// platform is what a platform is called; its code where its profile is gone.
func (n names) platform(id string) words.Text {
	if name, known := n.platforms[id]; known {
		return name
	}
	return words.Text{ZH: id, EN: id}
}

// lot is a lot with its name.
func (n names) lot(id charge.LotID) string {
	if l, known := n.lots[id]; known {
		return strings.TrimSpace(id.String() + " " + l.Name)
	}
	return id.String()
}

// NameRows adds to rows what their platforms, vendors and lots are called, and where their yuan come from.
func (d *Desk) NameRows(l words.Lang, rows []charge.StatementRow) []sheet.Row {
	return d.names().rows(l, rows)
}

func (n names) rows(l words.Lang, rows []charge.StatementRow) []sheet.Row {
	out := make([]sheet.Row, len(rows))
	for i, r := range rows {
		out[i] = sheet.Row{StatementRow: r, PlatformName: n.platform(r.Platform).In(l), VendorName: n.vendors[r.Lot.Union],
			UsedBy: "lot"}
		of, known := n.lots[r.Lot]
		if known {
			out[i].LotName = of.Name
		}
		switch {
		case r.UsedMinutes == 0 && r.UsedAmount == 0:
			out[i].UsedBy = ""
		case known && lot.KindOf(of.Kind).KeepsStays:
			out[i].UsedBy = "tariff"
		case r.UsedAmount == 0:
			out[i].UsedBy = "none"
		}
	}
	return out
}
