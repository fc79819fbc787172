package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
)

// list is how every list answers.
type list[T any] struct {
	Body struct {
		Items []T    `json:"items" nullable:"false"`
		Prev  string `json:"prev" doc:"cursor of the page before; empty at the beginning"`
		Next  string `json:"next" doc:"cursor of the page after; empty at the end"`
		Total int    `json:"total,omitempty" doc:"with count: how many on all pages; 10001 is more than 10,000"`
	}
}

// listOf answers a list that comes whole.
func listOf[T any](items []T) *list[T] {
	out := new(list[T])
	out.Body.Items = items
	if items == nil {
		out.Body.Items = []T{}
	}
	return out
}

// pageOf answers a part of a list.
func pageOf[T, U any](page charge.Page[U], show func(U) T) *list[T] {
	out := listOf(mapAll(page.Items, show))
	out.Body.Prev, out.Body.Next, out.Body.Total = page.Prev, page.Next, page.Total
	return out
}

func mapAll[T, U any](in []T, fn func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, v := range in {
		out = append(out, fn(v))
	}
	return out
}

// Paging is what every list can be asked.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"200"`
}

// Counting is what lists that are read page by page can be asked.
type Counting struct {
	Paging
	Count bool `query:"count" doc:"answer the total as well"`
}

// Sorting holds the parameters of lists that may be long: page and order.
type Sorting struct {
	Counting
	Sort string `query:"sort" enum:"newest,oldest" default:"newest" doc:"which rows come first; give it with a cursor too"`
}

func (s Sorting) oldest() bool { return s.Sort == "oldest" }

// text is null where there is none.
func text[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

// moment is null for the zero time, and UTC.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// numberOrNull is null for 0.
func numberOrNull(id int64) *string {
	if id == 0 {
		return nil
	}
	return text(number(id))
}

// parseID reads an id of ours; what is no number is the id of nothing.
func parseID(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 10, 64)
	if err != nil || id <= 0 {
		return 0, desk.Fail(desk.NotFound, "there is nothing with this id; ids are positive numbers")
	}
	return id, nil
}

// parseTime reads RFC 3339, or a day in Shanghai, its beginning.
func parseTime(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	// A "+" that was not written as %2B arrives as a blank; no time has a blank of its own before its zone.
	t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "+", 1))
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, s, charge.Shanghai)
	}
	if err == nil && desk.Writable(t) {
		return t, nil
	}
	return time.Time{}, invalid("query."+field, "a time like 2026-01-31T08:00:00+08:00 or a day like 2026-01-31")
}

func parseSpan(from, to string) (f, t time.Time, err error) {
	if f, err = parseTime("from", from); err != nil {
		return f, t, err
	}
	if t, err = parseTime("to", to); err != nil {
		return f, t, err
	}
	if !f.IsZero() && !t.IsZero() && !f.Before(t) {
		return f, t, invalid("query.to", "must be after from; from is inclusive, to exclusive")
	}
	return f, t, nil
}

func parseLot(field, s string) (charge.LotID, error) {
	if s == "" {
		return charge.LotID{}, nil
	}
	id, err := charge.ParseLotID(s)
	if err != nil {
		return id, invalid(field, "a lot is written union_id/park_id")
	}
	return id, nil
}

// knownPlatform refuses a platform that is neither served nor anybody's account: a misspelt filter must not look like
// an empty list.
func (a *api) knownPlatform(id string) error {
	known := a.desk.PlatformIDs()
	if id == "" || slices.Contains(known, id) {
		return nil
	}
	return invalid("query.platform", "unknown platform; known are "+strings.Join(known, ", "))
}

// parseCodes reads a comma-separated list of codes of a closed list.
func parseCodes[T ~string](field, s string, known []T) ([]T, error) {
	var out []T
	for code := range strings.SplitSeq(s, ",") {
		if code = strings.TrimSpace(code); code == "" {
			continue
		}
		found := false
		for _, k := range known {
			found = found || string(k) == code
		}
		if !found {
			return nil, invalid(field, "unknown code; known are "+joined(known))
		}
		out = append(out, T(code))
	}
	return out, nil
}

func joined[T ~string](codes []T) string {
	return strings.Join(mapAll(codes, func(c T) string { return string(c) }), ", ")
}

func invalid(where, detail string) error {
	return desk.Fail(desk.Invalid, "the request cannot be used as it is", desk.FieldError{Where: where, Detail: detail})
}

type reduction struct {
	Method  string `json:"method" enum:"time,amount,free,lot_decides"`
	Minutes int64  `json:"minutes"`
	Amount  string `json:"amount"`
}

type step struct {
	At       *time.Time `json:"at"`
	Step     string     `json:"step"`
	Result   string     `json:"result"`
	Reason   *string    `json:"reason"`
	By       *string    `json:"by" doc:"user or token that did it; null for the gateway itself"`
	Detail   *string    `json:"detail" doc:"in English"`
	DetailZH *string    `json:"detail_zh" doc:"the same in Chinese"`
}

func viewReduction(r *charge.Reduction) *reduction {
	if r == nil || r.IsZero() {
		return nil
	}
	return &reduction{string(r.Method), r.Minutes, r.Amount.String()}
}

// ByID is one thing by its id. It is exported for the mapping of parameters.
type ByID struct {
	ID string `path:"id"`
}

type actionInput struct {
	ByID
	DryRun bool `query:"dry_run" doc:"say the effect only"`
	Body   *reasonBody
}

type reasonBody struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"kept in audit log and timeline; optional in a dry run"`
}

// text is the reason; empty where no body was sent.
func (b *reasonBody) text() string {
	if b == nil {
		return ""
	}
	return strings.TrimSpace(b.Reason)
}
