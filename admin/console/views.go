package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
)

func (c *Console) viewRoutes() {
	c.signed(guard.RoleViewer, "POST /views", c.saveView)
	c.signed(guard.RoleViewer, "POST /views/drop", c.dropView)
}

// viewedLists are the lists that views are kept of.
var viewedLists = []string{"/charges", "/pushes"}

// viewList is a list's own views above it.
type viewList struct {
	List  string
	Query string // of the page, without the place in the list: what a new view keeps
	Kept  []desk.View
	Here  string // the name of the view that the page shows
}

// viewsOf reads one's own views of the list that a page shows.
func (c *Console) viewsOf(r *http.Request, p *page) (viewList, error) {
	v := viewList{List: r.URL.Path, Query: withoutPlace(r.URL.Query())}
	var err error
	if v.Kept, err = c.desk.Views(r.Context(), p.Who, v.List); err != nil {
		return v, err
	}
	for _, kept := range v.Kept {
		if kept.Query == v.Query {
			v.Here = kept.Name
		}
	}
	return v, nil
}

// withoutPlace is a list's query without the place in it, and without what narrows nothing.
func withoutPlace(q url.Values) string {
	kept := url.Values{}
	for name, values := range q {
		if name != "cursor" && name != "back" && strings.Join(values, "") != "" {
			kept[name] = values
		}
	}
	return kept.Encode()
}

func (c *Console) saveView(w http.ResponseWriter, r *http.Request, p *page) error {
	list, name := r.PostForm.Get("list"), strings.TrimSpace(r.PostForm.Get("name"))
	q, err := url.ParseQuery(r.PostForm.Get("query"))
	if err != nil || !slices.Contains(viewedLists, list) {
		return desk.Fail(desk.NotFound, "no such list")
	}
	query := withoutPlace(q)
	if err := c.desk.SaveView(r.Context(), p.Who, list, desk.View{Name: name, Query: query}); err != nil {
		return err
	}
	return c.seeOther(w, r, list+"?"+query, "applied")
}

func (c *Console) dropView(w http.ResponseWriter, r *http.Request, p *page) error {
	list := r.PostForm.Get("list")
	if !slices.Contains(viewedLists, list) {
		return desk.Fail(desk.NotFound, "no such list")
	}
	if err := c.desk.DropView(r.Context(), p.Who, list, r.PostForm.Get("name")); err != nil {
		return err
	}
	return c.seeOther(w, r, list, "applied")
}
