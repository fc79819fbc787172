package console

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
)

// find answers the one box.
func (c *Console) find(w http.ResponseWriter, r *http.Request, p *page) error {
	p.Query = strings.TrimSpace(r.URL.Query().Get("q"))
	v := findView{Recent: recentFinds(r)}
	if p.Query == "" {
		return render(w, r, http.StatusOK, findPage(p, v))
	}
	found, err := c.desk.Find(r.Context(), p.Who, p.Query)
	if desk.KindOf(err) == desk.Invalid {
		f := newForm(r)
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
		for _, text := range f.Errors {
			v.Wrong = text
		}
		return render(w, r, http.StatusUnprocessableEntity, findPage(p, v))
	}
	if err != nil {
		return err
	}
	if !found.Empty() {
		c.rememberFind(w, r, p.Query)
	}
	switch only := len(found.Charges) + len(found.Stays) + len(found.Refused) + len(found.Lots) + len(found.Accounts) +
		len(found.Bindings); {
	case found.Push != 0:
		return c.seeOther(w, r, "/pushes/"+ID(found.Push), "")
	case only == 1 && len(found.Charges) == 1 && found.Exact:
		return c.seeOther(w, r, "/charges/"+ID(found.Charges[0].ID), "")
	case only == 1 && len(found.Lots) == 1:
		return c.seeOther(w, r, "/lots/"+found.Lots[0].ID.String(), "")
	case only == 1 && len(found.Bindings) == 1:
		return c.seeOther(w, r, "/bindings/"+found.Bindings[0].Account+"/"+found.Bindings[0].Lot.String(), "")
	}
	v.Found = found
	for _, told := range found.Told {
		v.Cars = append(v.Cars, foundCar{told.Charge, c.lotTitle(told.Charge.Lot), p.Note(c.desk.VerdictOf(told).Text),
			toneOf(c.desk.VerdictOf(told))})
	}
	return render(w, r, http.StatusOK, findPage(p, v))
}

// findView is the page of the one box.
type findView struct {
	*desk.Found // nil before anything was asked
	Cars        []foundCar
	Wrong       string
	Recent      []string
}

// foundCar is a charge with its verdict.
type foundCar struct {
	*charge.Charge
	Lot     string
	Verdict string
	Tone    string
}

// rest are the charges that are listed without their verdicts.
func (v findView) rest() []*charge.Charge { return v.Charges[min(len(v.Cars), len(v.Charges)):] }

// findsCookie keeps what was found lately, until the browser is closed or its user signs out.
const (
	findsCookie = "cs_finds"
	mostFinds   = 8
)

// recentFinds are the last texts that something was found by, the newest first.
func recentFinds(r *http.Request) []string {
	cookie, err := r.Cookie(findsCookie)
	if err != nil {
		return nil
	}
	var finds []string
	for _, part := range strings.Split(cookie.Value, ".") {
		if text, err := base64.RawURLEncoding.DecodeString(part); err == nil && len(text) > 0 && len(text) <= 100 &&
			len(finds) < mostFinds {
			finds = append(finds, string(text))
		}
	}
	return finds
}

func (c *Console) rememberFind(w http.ResponseWriter, r *http.Request, text string) {
	if len(text) > 100 {
		return
	}
	finds := slices.DeleteFunc(recentFinds(r), func(old string) bool { return old == text })
	finds = slices.Insert(finds, 0, text)
	parts := make([]string, 0, mostFinds)
	for _, one := range finds[:min(len(finds), mostFinds)] {
		parts = append(parts, base64.RawURLEncoding.EncodeToString([]byte(one)))
	}
	c.setCookie(w, r, findsCookie, strings.Join(parts, "."), browserCookie)
}

// findLink is the address of a find.
func findLink(text string) string { return "/find?" + url.Values{"q": {text}}.Encode() }
