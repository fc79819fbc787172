package desk

import (
	"context"
	"slices"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/guard"
)

// View is a list with its filters under a name of its owner's choice.
type View struct {
	Name  string `json:"name"`
	Query string `json:"query"` // of the list's address
}

const (
	viewKind   = "views"
	mostViews  = 20 // of one list, for one person
	mostViewed = 40 // characters of a name
)

// Views lists a person's views of a list ("/charges"), in the order in which they were made.
func (d *Desk) Views(ctx context.Context, who guard.Identity, list string) ([]View, error) {
	all, err := readDocs[map[string][]View](ctx, d.cfg.Docs, viewKind)
	return all[who.ID()][list], Wrap(err)
}

// SaveView keeps a view of a list; another of its name is replaced.
func (d *Desk) SaveView(ctx context.Context, who guard.Identity, list string, v View) error {
	if n := utf8.RuneCountInString(v.Name); n == 0 || n > mostViewed {
		return Fail(Invalid, "a view's name has 1 to 40 characters",
			FieldError{Where: "body.name", Detail: "1 to 40 characters", Chinese: "1 到 40 个字"})
	}
	full := false
	err := d.changeViews(ctx, who, list, func(views []View) []View {
		for i := range views {
			if views[i].Name == v.Name {
				views[i] = v
				return views
			}
		}
		if full = len(views) >= mostViews; full {
			return views
		}
		return append(views, v)
	})
	if err == nil && full {
		return Fail(Invalid, "20 views of this list are kept; drop one first",
			FieldError{Where: "body.name", Detail: "20 views are kept; drop one first", Chinese: "最多保存 20 个视图，请先删除一个"})
	}
	return err
}

// DropView forgets a view.
func (d *Desk) DropView(ctx context.Context, who guard.Identity, list, name string) error {
	return d.changeViews(ctx, who, list, func(views []View) []View {
		return slices.DeleteFunc(views, func(v View) bool { return v.Name == name })
	})
}

func (d *Desk) changeViews(ctx context.Context, who guard.Identity, list string, change func([]View) []View) error {
	return Wrap(changeDoc(ctx, d.cfg.Docs, viewKind, who.ID(), func(lists map[string][]View) map[string][]View {
		if lists == nil {
			lists = make(map[string][]View)
		}
		lists[list] = change(lists[list])
		return lists
	}))
}
