package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/words"
)

// pushList is a page of requests with what narrowed it.
type pushList struct {
	Query     url.Values
	Items     []charge.Push
	Pages     listPages
	ByTime    byTime
	Ranges    []quickRange
	Views     viewList
	Wrong     map[string]string
	Platforms []choice
}

func (c *Console) pushes(w http.ResponseWriter, r *http.Request, p *page) error {
	list := pushList{Query: r.URL.Query(), Wrong: map[string]string{}, Platforms: c.platformChoices(p),
		Ranges: quickRanges(p, r.URL), ByTime: sortedBy(r.URL)}
	f := c.pushFilter(p, list.Query, list.Wrong)
	if len(list.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, pushesPage(p, list))
	}
	page, err := c.desk.Pushes(r.Context(), f)
	if err != nil {
		return err
	}
	list.Items, list.Pages = page.Items, pagesOf(r.URL, page.Prev, page.Next)
	if list.Views, err = c.viewsOf(r, p); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, pushesPage(p, list))
}

// pushFilter reads what the list's form narrows by. What cannot be read is reported by field.
func (c *Console) pushFilter(p *page, q url.Values, wrong map[string]string) charge.PushFilter {
	f := charge.PushFilter{Platform: q.Get("platform"), Account: strings.TrimSpace(q.Get("account")),
		Order: strings.TrimSpace(q.Get("order")), Cursor: q.Get("cursor"), Limit: 50}
	if f.Account != "" && f.Platform == "" {
		f.Platform = c.platformOf(f.Account) // pushes are found by it
	}
	if o := charge.Outcome(q.Get("outcome")); slices.Contains(charge.Outcomes, o) {
		f.Outcome = o
	}
	f.Refused = q.Get("outcome") == "refused"
	f.Lot = c.lotField(p, q, wrong)
	if text := strings.TrimSpace(q.Get("plate")); text != "" {
		plate, err := charge.ParsePlate(text)
		if err != nil {
			wrong["plate"] = p.T("请输入完整车牌", "give the whole plate")
		}
		f.Plate = plate
	}
	f.From, f.To = spanFields(p, q, wrong)
	return f
}

func (c *Console) push(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	push, err := c.desk.Push(r.Context(), p.Who, id)
	if err != nil {
		return err
	}
	links, err := c.sharing(r, p, desk.SharedThing{Push: id})
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, pushPage(p, push, newForm(r), nil, links))
}

// replay takes a stored push again; its page has said before what that comes to.
func (c *Console) replay(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	f := newForm(r)
	reason := strings.TrimSpace(f.Get("reason"))
	if reason == "" {
		f.bad("reason", p.T("请填写原因，它会写入审计", "give a reason; it is kept in the audit log"))
	}
	var done *flow.Replayed
	if f.ok() {
		replayed, err := c.desk.Replay(r.Context(), p.Who, id, flow.Action{Reason: reason})
		if err != nil {
			return err
		}
		if replayed.Done && replayed.Charge != 0 {
			return c.seeOther(w, r, "/charges/"+ID(replayed.Charge), "done")
		}
		done = &replayed
	}
	push, err := c.desk.Push(r.Context(), p.Who, id)
	if err != nil {
		return err
	}
	return render(w, r, f.status(), pushPage(p, push, f, done, sharing{}))
}

// readOf is what could be read of a push that made no charge; no signature proves it.
func (p *page) readOf(push charge.Push) string {
	var parts []string
	if push.Plate != "" {
		parts = append(parts, p.Plate(push.Plate))
	}
	if push.Order != "" {
		parts = append(parts, push.Order)
	}
	if !push.Lot.IsZero() {
		parts = append(parts, push.Lot.String())
	}
	return strings.Join(parts, " · ")
}

// bindLotLink leads to binding the account of a push to the lot that it names.
func bindLotLink(push charge.Push) string {
	return "/estate/binding/new?" + url.Values{"account": {push.Account}, "lot": {push.Lot.String()}}.Encode()
}

// bodyOf splits a raw request into its head and a readable body.
func bodyOf(push *desk.Push) (head, text string) {
	head, text, _ = strings.Cut(push.Raw, "\r\n\r\n")
	return head, body(text)
}

func rawHead(push *desk.Push) string {
	head, _ := bodyOf(push)
	return head
}

func rawBody(push *desk.Push) string {
	_, text := bodyOf(push)
	return text
}

// opens reports whether a push that made no charge can be read today.
func opens(push *desk.Push) bool { return push.Read.Takes }

// read is what the doctor read of a push, in the page's language.
func (p *page) read(f *doctor.Finding) []string {
	if p.Lang == words.English {
		return f.Read
	}
	return f.ReadZH
}

// readFact takes a line that was read, "name = value", apart.
func readFact(text string) (f fact) {
	f.Name, f.Value, _ = strings.Cut(text, " = ")
	return f
}

// replayEffect says what taking a push again comes to, and why where it is refused still.
func (p *page) replayEffect(r flow.Replayed) string {
	if r.Why.IsZero() {
		return p.Note(r.Note)
	}
	return p.Note(r.Note) + p.T("", " ") + p.Note(r.Why)
}
