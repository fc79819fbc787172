// Package sheet writes statements as files that a bookkeeper opens, for the API and the console alike.
package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/words"
)

// Format is a kind of file.
type Format struct {
	Type  string // media type
	Write func(Statement) ([]byte, error)
}

// Formats are the kinds of file by their names' endings.
var Formats = map[string]Format{
	"csv":  {"text/csv; charset=utf-8", csvFile},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xlsxFile},
}

// Statement is a statement with all that its reader wants beside the figures.
type Statement struct {
	Lang     words.Lang
	From, To string   // first and last day, both inclusive
	Narrowed []string // what it was narrowed to, by name; empty for everything
	Made     time.Time
	Rows     []Row
}

// Row is a row of a statement with the names of its platform, vendor and lot.
type Row struct {
	charge.StatementRow
	PlatformName, VendorName, LotName string
	// where the yuan come from: "tariff", "lot", "none"; empty where nothing was used
	UsedBy string
}

// Total adds rows up.
func Total(rows []Row) (sum charge.StatementRow) {
	for _, r := range rows {
		sum.Add(r.StatementRow)
	}
	return sum
}

// Parts adds rows up by platform and lot, in the order of their names.
func Parts(rows []Row) []Row {
	type key struct {
		platform string
		lot      charge.LotID
	}
	at := map[key]int{}
	var parts []Row
	for _, r := range rows {
		k := key{r.Platform, r.Lot}
		i, known := at[k]
		if !known {
			i, at[k] = len(parts), len(parts)
			part := r
			part.StatementRow = charge.StatementRow{Platform: r.Platform, Lot: r.Lot}
			parts = append(parts, part)
		}
		parts[i].Add(r.StatementRow)
		if r.UsedBy != "" && (parts[i].UsedBy == "" || r.UsedBy != "none") {
			parts[i].UsedBy = r.UsedBy
		}
	}
	slices.SortStableFunc(parts, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.PlatformName, b.PlatformName), cmp.Compare(a.VendorName, b.VendorName),
			cmp.Compare(a.Lot.String(), b.Lot.String()))
	})
	return parts
}

// Period is the line that says which days a statement is of.
func (s Statement) Period() string {
	return fmt.Sprintf(words.StatementPeriod.In(s.Lang), s.From, s.To)
}

// Of is the line that says what a statement is narrowed to.
func (s Statement) Of() string {
	if len(s.Narrowed) == 0 {
		return words.StatementAll.In(s.Lang)
	}
	return strings.Join(s.Narrowed, words.Text{ZH: "，", EN: ", "}.In(s.Lang))
}

func (s Statement) made() string {
	return fmt.Sprintf(words.StatementMade.In(s.Lang), words.Clock(s.Made))
}

// Name is the name of a statement's file without its ending. It has the same days as the page.
func (s Statement) Name() string { return "statement-" + s.From + "-" + s.To }
