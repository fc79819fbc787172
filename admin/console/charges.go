package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) chargeRoutes() {
	c.signed(guard.RoleViewer, "GET /find", c.find)
	c.signed(guard.RoleViewer, "GET /charges", c.charges)
	c.signed(guard.RoleViewer, "GET /charges/charges.csv", c.chargesFile)
	c.signed(guard.RoleViewer, "GET /pushes/pushes.csv", c.pushesFile)
	c.carRoutes()
	c.signed(guard.RoleSupport, "GET /charges/{id}/{verb}", c.act)
	c.signed(guard.RoleSupport, "POST /charges/{id}/{verb}", c.act)
	c.signed(guard.RoleViewer, "GET /pushes", c.pushes)
	c.signed(guard.RoleViewer, "GET /pushes/{id}", c.push)
	c.signed(guard.RoleSupport, "POST /pushes/{id}/replay", c.replay)
}

// chargeList is a page of charges with what narrowed it.
type chargeList struct {
	Query     url.Values
	Filter    charge.ChargeFilter
	Items     []*charge.Charge
	Pages     listPages
	ByTime    byTime
	Ranges    []quickRange
	Views     viewList
	Total     string // how many fit, as far as they are counted; empty where a plate narrows them
	Wrong     map[string]string
	Platforms []choice
}

// choice is one option of a list to choose from.
type choice struct{ Value, Text string }

// mostCounted is how far the rows of a list are counted.
const mostCounted = 1000

func (c *Console) charges(w http.ResponseWriter, r *http.Request, p *page) error {
	list := chargeList{Query: r.URL.Query(), Wrong: map[string]string{}, Platforms: c.platformChoices(p),
		Ranges: quickRanges(p, r.URL), ByTime: sortedBy(r.URL)}
	list.Filter = c.chargeFilter(p, list.Query, list.Wrong)
	if len(list.Wrong) > 0 {
		return render(w, r, http.StatusUnprocessableEntity, chargesPage(p, list))
	}
	page, err := c.desk.Charges(r.Context(), p.Who, list.Filter)
	if err != nil {
		return err
	}
	list.Items, list.Pages = page.Items, pagesOf(r.URL, page.Prev, page.Next)
	if list.Views, err = c.viewsOf(r, p); err != nil {
		return err
	}
	if list.Filter.Plate == "" {
		counted := list.Filter
		counted.Cursor, counted.Limit = "", mostCounted
		n, more, err := c.desk.CountCharges(r.Context(), counted)
		if err != nil {
			return err
		}
		list.Total = fmt.Sprintf(p.T("共 %s 笔", "%s in all"), Count(int64(n))+plus(more))
	}
	return render(w, r, http.StatusOK, chargesPage(p, list))
}

// chargeFilter reads what the list's form narrows by. What cannot be read is reported by field.
func (c *Console) chargeFilter(p *page, q url.Values, wrong map[string]string) charge.ChargeFilter {
	f := charge.ChargeFilter{Platform: q.Get("platform"), Plate: strings.TrimSpace(q.Get("plate")),
		Order: strings.TrimSpace(q.Get("order")), Cursor: q.Get("cursor"), Limit: 50}
	f.Lot = c.lotField(p, q, wrong)
	for _, s := range q["state"] {
		if state := charge.State(s); slices.Contains(charge.States, state) {
			f.States = append(f.States, state)
		}
	}
	if reason := charge.Reason(q.Get("reason")); slices.Contains(charge.Reasons, reason) {
		f.Reason = reason
	}
	f.Gap, f.Oldest = q.Get("gap") != "", q.Get("sort") == oldestFirst
	f.From, f.To = spanFields(p, q, wrong)
	if n := len([]rune(f.Plate)); n > 0 && n < 3 {
		wrong["plate"] = p.T("至少三个字符", "three characters or more")
	}
	return f
}

// lotField reads a lot by its number, as any platform writes it, or by its name.
func (c *Console) lotField(p *page, q url.Values, wrong map[string]string) charge.LotID {
	text := strings.TrimSpace(q.Get("lot"))
	if text == "" {
		return charge.LotID{}
	}
	if id := desk.LotNumber(text); !id.IsZero() {
		return id
	}
	var named []charge.LotID
	for _, l := range c.desk.Estate().Lots() {
		if l.Name == text || l.ID.Park == text {
			named = append(named, l.ID)
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	wrong["lot"] = p.T("车场写作 union_id/park_id，或它的完整名称", "a lot is written union_id/park_id, or by its whole name")
	if len(named) > 1 {
		wrong["lot"] = p.T("有多个车场符合，请填写 union_id/park_id", "several lots fit; give union_id/park_id")
	}
	return charge.LotID{}
}

// wrongFilter is the failure of a file whose filter cannot be read.
func wrongFilter(text string) error {
	return desk.Fail(desk.Invalid, text, desk.FieldError{Where: "query", Detail: text, Chinese: text})
}

// spanFields reads the days from and to, both inclusive for people.
func spanFields(p *page, q url.Values, wrong map[string]string) (from, to time.Time) {
	read := func(name string) time.Time {
		if q.Get(name) == "" {
			return time.Time{}
		}
		t, err := time.ParseInLocation(time.DateOnly, q.Get(name), charge.Shanghai)
		if err != nil || !desk.Writable(t) {
			wrong[name] = p.T("日期写作 2026-01-31", "a day is written 2026-01-31")
		}
		return t
	}
	from, to = read("from"), read("to")
	if !to.IsZero() {
		to = to.Add(day)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		wrong["to"] = p.T("结束日不能早于开始日", "must not be before the first day")
	}
	return from, to
}

// pathID reads the id in the path; what is no number is not there.
func pathID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, desk.Fail(desk.NotFound, "no such id")
	}
	return id, nil
}

// action is something that support can do to a charge.
type action struct {
	Verb    string // in the address
	Charge  int64
	Title   string
	Button  string
	Effect  flow.Effect
	NeedsID bool // which stay is asked for
	Plate   charge.Plate
	Stays   []*charge.Stay // to choose from, where NeedsID
}

func (c *Console) act(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	a := action{Verb: r.PathValue("verb"), Charge: id}
	f := newForm(r)
	var do func(flow.Action) (flow.Effect, error)
	switch a.Verb {
	case "redeliver":
		a.Title, a.Button = p.T("重新下发", "Redeliver"), p.T("确认重新下发", "Redeliver now")
		do = func(act flow.Action) (flow.Effect, error) { return c.desk.Redeliver(r.Context(), p.Who, id, act) }
	case "void":
		a.Title, a.Button = p.T("作废减免", "Void the reduction"), p.T("确认作废", "Void now")
		do = func(act flow.Action) (flow.Effect, error) { return c.desk.Void(r.Context(), p.Who, id, act) }
	case "lot_has", "lot_has_not":
		has := a.Verb == "lot_has"
		a.Title, a.Button = p.Say(words.Verb(a.Verb)), p.T("确认", "Confirm")
		do = func(act flow.Action) (flow.Effect, error) { return c.desk.Resolve(r.Context(), p.Who, id, has, act) }
	case "bind":
		a.Title, a.Button, a.NeedsID = p.T("绑定到停车订单", "Bind to a stay"), p.T("确认绑定", "Bind now"), true
		do = func(act flow.Action) (flow.Effect, error) {
			return c.desk.Bind(r.Context(), p.Who, id, strings.TrimSpace(f.Get("order")), act)
		}
	default:
		return desk.Fail(desk.NotFound, "no such action")
	}
	if r.Method == http.MethodGet {
		f.Values = r.URL.Query()
	}
	return c.showAct(w, r, p, a, f, do)
}

// showAct says what an action will do, and does it once it was said and a reason given.
func (c *Console) showAct(w http.ResponseWriter, r *http.Request, p *page, a action, f form,
	do func(flow.Action) (flow.Effect, error)) error {
	reason := strings.TrimSpace(f.Get("reason"))
	confirmed := r.Method == http.MethodPost && f.Get("step") == "do"
	switch {
	case a.NeedsID && strings.TrimSpace(f.Get("order")) == "":
		if r.Method == http.MethodPost {
			f.bad("order", p.T("请填写停车订单号", "give the stay's order number"))
		}
		told, err := c.desk.Story(r.Context(), a.Charge)
		if err != nil {
			return err
		}
		a.Plate = told.Charge.Plate
		if a.Stays, err = c.desk.Bindable(r.Context(), told.Charge); err != nil {
			return err
		}
	case confirmed && reason == "":
		f.bad("reason", p.T("请填写原因，它会写入审计", "give a reason; it is kept in the audit log"))
		fallthrough
	case !confirmed:
		var err error
		if a.Effect, err = do(flow.Action{DryRun: true}); err != nil {
			if !a.NeedsID || desk.KindOf(err) != desk.NotFound {
				return err
			}
			f.bad("order", p.T("该车场没有这个停车订单", "this lot has no such stay"))
		}
	default:
		effect, err := do(flow.Action{Reason: reason})
		if err != nil {
			return err
		}
		if effect.Done {
			return c.seeOther(w, r, "/charges/"+ID(a.Charge), url.QueryEscape(effect.Note.String()))
		}
		a.Effect = effect
	}
	return render(w, r, f.status(), actPage(p, a, f))
}

func (c *Console) platformChoices(p *page) []choice {
	var list []choice
	for _, info := range c.desk.Platforms() {
		list = append(list, choice{info.ID, p.T(info.Title, info.English)})
	}
	return list
}

// lotChoices offers the lots of a site that has few of them.
func (c *Console) lotChoices() []choice {
	lots := c.desk.Estate().Lots()
	if len(lots) > estateShown {
		return nil
	}
	var list []choice
	for _, l := range lots {
		list = append(list, choice{l.ID.String(), strings.TrimSpace(l.ID.String() + " " + l.Name)})
	}
	return list
}

func codeChoices[T ~string](p *page, list words.List, codes []T) []choice {
	var out []choice
	for _, code := range codes {
		out = append(out, choice{string(code), p.Say(p.Word(list, string(code)).Name)})
	}
	return out
}

func stateChoices(p *page) []choice  { return codeChoices(p, words.ChargeState, charge.States) }
func reasonChoices(p *page) []choice { return codeChoices(p, words.ChargeReason, charge.Reasons) }
func outcomeChoices(p *page) []choice {
	return append([]choice{{"refused", p.T("所有被拒绝的", "all refused ones")}},
		codeChoices(p, words.PushOutcome, charge.Outcomes)...)
}

// bulk reports whether a list may be redelivered as a whole: only charges that did not get through.
func bulk(f charge.ChargeFilter) bool {
	for _, s := range f.States {
		if s != charge.StateGaveUp && s != charge.StateRefused && s != charge.StateSending {
			return false
		}
	}
	return len(f.States) > 0
}

// dash stands for what is not there.
func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
