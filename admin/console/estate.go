package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
)

func (c *Console) estateRoutes() {
	c.signed(guard.RoleViewer, "GET /estate", c.estate)
	c.signed(guard.RoleAdmin, "GET /estate/file", c.estateFile)
	c.signed(guard.RoleAdmin, "GET /estate/export", c.export)
	c.signed(guard.RoleAdmin, "POST /estate/import", c.importFile)
	c.signed(guard.RoleAdmin, "GET /estate/{kind}/{verb}", c.edit)
	c.signed(guard.RoleAdmin, "POST /estate/{kind}/{verb}", c.edit)
}

// estateShown bounds what the overview lists of each kind.
const estateShown = 100

func (c *Console) estate(w http.ResponseWriter, r *http.Request, p *page) error {
	s := c.desk.Estate()
	v := estateView{Find: strings.TrimSpace(r.URL.Query().Get("find")), Platforms: c.desk.Platforms(),
		Vendors: s.Vendors(), Lots: c.lotBranches(), Accounts: s.Accounts()}
	v.Counts = [4]int{len(v.Vendors), len(v.Lots), len(v.Accounts), len(s.Bindings())}
	fits := func(texts ...string) bool {
		return strings.Contains(strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(v.Find))
	}
	if v.Find != "" {
		v.Vendors = keep(v.Vendors, func(o *charge.Vendor) bool { return fits(o.UnionID, o.Name) })
		v.Lots = keep(v.Lots, func(o lotBranch) bool {
			return fits(o.ID.String(), o.Name, o.Vendor) || slices.ContainsFunc(o.Bindings, func(b boundAccount) bool {
				return fits(b.Account, b.Platform, p.Platform(b.Platform))
			})
		})
		v.Accounts = keep(v.Accounts, func(o *charge.Account) bool { return fits(o.ID, o.Platform, p.Platform(o.Platform)) })
	}
	if p.Admin() {
		v.Weak = s.Weak()
	}
	return render(w, r, http.StatusOK, estatePage(p, v))
}

// estateView is what is on line, or the part of it that was looked for.
type estateView struct {
	Find      string
	Counts    [4]int // of vendors, lots, accounts and bindings, all of them
	Vendors   []*charge.Vendor
	Lots      []lotBranch
	Accounts  []*charge.Account
	Platforms []platform.Info
	Weak      []estate.Weak // of an admin's page
}

// lotBranch is a lot with the accounts that are bound to it.
type lotBranch struct {
	*charge.Lot
	Vendor   string // its name
	Bindings []boundAccount
}

// lotBranches is the estate by lots.
func (c *Console) lotBranches() []lotBranch {
	s := c.desk.Estate()
	names, platforms := make(map[string]string), make(map[string]string)
	for _, v := range s.Vendors() {
		names[v.UnionID] = v.Name
	}
	for _, a := range s.Accounts() {
		platforms[a.ID] = a.Platform
	}
	bound := make(map[charge.LotID][]boundAccount)
	for _, b := range s.Bindings() {
		bound[b.Lot] = append(bound[b.Lot], boundAccount{b, platforms[b.Account]})
	}
	var list []lotBranch
	for _, l := range s.Lots() {
		list = append(list, lotBranch{l, names[l.ID.Union], bound[l.ID]})
	}
	return list
}

// keep returns those of a list that fit.
func keep[T any](list []T, fits func(T) bool) []T {
	var kept []T
	for _, o := range list {
		if fits(o) {
			kept = append(kept, o)
		}
	}
	return kept
}

// thing is a vendor, lot, account or binding as a form.
type thing struct {
	Kind     estate.Object
	New      bool
	ID       string // what names it; empty while new
	For      string // the lot that a new account is entered for; empty for none
	Fields   []fieldView
	Form     form
	Kept     string          // secrets that were typed, sealed
	Seen     string          // what stood there when the form was shown
	Changes  estate.Changes  // what applying would do
	Weak     []estate.Weak   // keys that are weak then
	Previews bool            // Changes has been worked out
	Tried    *flow.Backtest  // what the changed rule of a binding would have come to; nil for nothing to say
	Platform *platform.Info  // of an account or a binding
	Bound    *charge.Binding // as it stands; nil where it is new, or something else
}

// ruleNow is the rule of a binding as it stands.
func (t *thing) ruleNow(now time.Time) (charge.Rule, bool) {
	if t.Bound == nil {
		return charge.Rule{}, false
	}
	return t.Bound.RuleAt(now)
}

// labelOf is a field's name in the words of the form.
func (t *thing) labelOf(path string) string {
	for _, f := range flat(t.Fields) {
		if f.Path == path {
			return f.Label
		}
	}
	return path
}

// objectOf finds the description of a kind.
func objectOf(kind string) (estate.Object, bool) {
	for _, o := range estate.Objects() {
		if o.Name == kind {
			return o, true
		}
	}
	return estate.Object{}, false
}

// edit shows a thing's form, says what a change would do, and applies it.
func (c *Console) edit(w http.ResponseWriter, r *http.Request, p *page) error {
	o, known := objectOf(r.PathValue("kind"))
	verb := r.PathValue("verb")
	if !known || verb != "new" && verb != "edit" {
		return desk.Fail(desk.NotFound, "no such form")
	}
	t := &thing{Kind: o, New: verb == "new", ID: r.URL.Query().Get("id"), Form: newForm(r)}
	was, found := c.desk.Estate().FormValues(o.Name, t.ID)
	if !t.New && !found {
		return desk.Fail(desk.NotFound, "there is no such thing")
	}
	if r.Method == http.MethodGet {
		t.Form.Values = prefill(was, r.URL.Query())
	}
	if account, at, found := strings.Cut(t.ID, "@"); found && o.Name == "binding" {
		id, _ := charge.ParseLotID(at) // none is found by what is no lot
		t.Bound, _ = c.desk.Estate().Binding(account, id)
	}
	t.For = r.URL.Query().Get("for")
	t.Platform = c.formPlatform(o.Name, t.Form.Values)
	if o.Name == "account" && t.Platform == nil {
		return render(w, r, http.StatusOK, choosePlatformPage(p, c.desk.Platforms(), t.For))
	}
	if t.New && r.Method == http.MethodGet {
		c.propose(t)
	}
	t.Seen = seenAs(was)
	b := formBuilder{c: c, p: p, thing: t, was: was, can: c.ruleChoices(t)}
	t.Fields = b.views(o.Fields, "")
	if r.Method == http.MethodPost {
		done, err := c.applyThing(r, p, t, &b)
		if err != nil {
			return err
		}
		if done != "" {
			return c.seeOther(w, r, c.afterThing(p, t), done)
		}
		t.Fields = b.views(o.Fields, "") // with what is wrong
		if p.HTMX {
			return render(w, r, http.StatusOK, ruleTried(p, t))
		}
	}
	return render(w, r, t.Form.status(), thingPage(p, t))
}

// ruleChoices is what the rule of a form's binding can say; nil where the form is of something else, or account or lot
// are not chosen yet.
func (c *Console) ruleChoices(t *thing) *estate.RuleChoices {
	id, err := charge.ParseLotID(t.Form.Get("lot"))
	if t.Kind.Name != "binding" || err != nil {
		return nil
	}
	if can, known := c.desk.Estate().RuleChoices(t.Form.Get("account"), id); known {
		return &can
	}
	return nil
}

// applyThing says what a posted form would change, or does it; done is the notice of what was done.
func (c *Console) applyThing(r *http.Request, p *page, t *thing, b *formBuilder) (done string, err error) {
	kept, err := c.keepSecrets(p, t)
	if err != nil {
		return "", err
	}
	t.Kept = kept
	form := b.document()
	doc, err := json.Marshal(map[string]any{"version": 1, t.Kind.List: []any{form}})
	if err != nil {
		return "", err
	}
	step := t.Form.Get("step")
	dry := step != "apply"
	if seen := t.Form.Get("seen"); !t.New && seen != "" && seen != t.Seen {
		dry, t.Form.Wrong = true, c.changedBy(r, p, t.ID)
	}
	changes, weak, err := c.desk.Apply(r.Context(), p.Who, doc, dry)
	if err != nil {
		return "", estateErrors(p, t.Form, err)
	}
	t.Changes, t.Weak, t.Previews = changes, weak, true
	if step == "create" && t.straight() {
		dry = false
		if changes, _, err = c.desk.Apply(r.Context(), p.Who, doc, dry); err != nil {
			return "", estateErrors(p, t.Form, err)
		}
	}
	switch {
	case dry:
		t.Tried, err = c.backtest(r, p, t, form)
		return "", err
	case len(changes) == 0:
		return "nothing", nil
	}
	return "applied", nil
}

// straight reports whether what a form says can be created without being shown first: all of it is new, nothing is to
// be warned of, and no binding goes live by it.
func (t *thing) straight() bool {
	live := t.Kind.Name == "binding" && t.Form.Get("mode") != string(charge.ModeShadow)
	return t.New && !live && len(t.Weak) == 0 &&
		!slices.ContainsFunc(t.Changes, func(c estate.Change) bool { return !c.New || len(c.Warned) > 0 })
}

// propose fills in what a new thing usually has: a free name for an account, shadow for a binding.
func (c *Console) propose(t *thing) {
	set := func(field, text string) {
		if t.Form.Get(field) == "" {
			t.Form.Values.Set(field, text)
		}
	}
	switch t.Kind.Name {
	case "account":
		name := t.Platform.ID
		taken := func(a *charge.Account) bool { return a.ID == name }
		for n := 2; slices.ContainsFunc(c.desk.Estate().Accounts(), taken); n++ {
			name = fmt.Sprintf("%s-%d", t.Platform.ID, n)
		}
		set("account", name)
	case "binding":
		set("mode", string(charge.ModeShadow))
	}
}

// seenAs stands for a thing as a form shows it.
func seenAs(was map[string]estate.FormValue) string {
	text, _ := json.Marshal(was) // texts do not fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// changedBy says who has changed a thing since a form of it was shown.
func (c *Console) changedBy(r *http.Request, p *page, id string) string {
	who, when := p.T("有人", "somebody"), ""
	page, err := c.desk.Audit(r.Context(), p.Who, guard.AuditFilter{Action: "estate.apply", From: p.Now.Add(-day)}, "", 20)
	if err == nil {
		for _, e := range page.Items {
			if aboutThing(e, id) {
				who, when = e.Actor, p.Ago(e.At)
				break
			}
		}
	}
	return fmt.Sprintf(p.T("%s %s改过这里，在您打开本页之后。下面是您的内容与现在的差别，请核对后再应用。",
		"%s has changed this (%s) since you opened the page. Below is how yours differs from what stands now; "+
			"look at it before you apply it."), who, when)
}

// aboutThing reports whether an entry of the log is about a change of a thing.
func aboutThing(e guard.Entry, id string) bool {
	notes := e.Notes()
	return slices.ContainsFunc(notes, func(n charge.Note) bool { return n.Arg("id").Value == id }) ||
		notes == nil && strings.Contains(e.Detail, id)
}

// estateErrors puts what is wrong with a document beside its fields; what has no field here is reported on top.
func estateErrors(p *page, f form, err error) error {
	var known *desk.Error
	if !errors.As(err, &known) || known.Kind != desk.Invalid {
		return err
	}
	var rest []string
	for _, e := range known.Fields {
		text := p.T(e.Chinese, e.Detail)
		if e.Of != nil {
			text = e.Of.Named(string(p.Lang), p.fileWord)
		}
		if e.Field == "" {
			rest = append(rest, text)
			continue
		}
		f.bad(e.Field, text)
	}
	f.Errors[""] = strings.Join(rest, " ")
	if len(rest) == 0 {
		delete(f.Errors, "")
	}
	return nil
}

// formPlatform is the platform that a form is about.
func (c *Console) formPlatform(kind string, v url.Values) *platform.Info {
	id := v.Get("platform")
	if kind == "binding" {
		id = c.platformOf(v.Get("account"))
	}
	if info, ok := c.desk.Platform(id); ok {
		return &info
	}
	return nil
}

// afterThing is thingLink, by way of which a key that was typed for a lot is shown once, on the sheet for its car park.
func (c *Console) afterThing(p *page, t *thing) string {
	link, key := thingLink(t), t.Form.Get("ckey")
	id, err := charge.ParseLotID(t.Form.Get("lot"))
	if t.Kind.Name != "lot" || key == "" || err != nil {
		return link
	}
	if !t.New {
		link += "/sheet"
	}
	return link + "?" + c.shownAfter(p, "key", newKey{id, key})
}

// thingLink leads to a thing after it was changed; after it was created, to the next step of a set-up.
func thingLink(t *thing) string {
	v := t.Form.Values
	switch kind := t.Kind.Name; {
	case kind == "vendor" && t.New:
		return "/estate/lot/new?" + url.Values{"lot": {v.Get("union_id") + "/"}}.Encode()
	case kind == "lot" && t.New:
		return "/lots/" + v.Get("lot") + "/setup"
	case kind == "account" && t.New && t.For != "":
		return "/estate/binding/new?" + url.Values{"account": {v.Get("account")}, "lot": {t.For}}.Encode()
	case kind == "lot":
		return "/lots/" + v.Get("lot")
	case kind == "binding":
		return "/bindings/" + v.Get("account") + "/" + v.Get("lot")
	}
	return "/estate"
}

// keepSecrets seals the secrets that were typed, so that the form can be shown again without them and nothing
// typed is lost; those that were kept before and not typed anew are put back into the form's values.
func (c *Console) keepSecrets(p *page, t *thing) (string, error) {
	place := "console form of " + p.Who.ID()
	secrets := make(map[string]string)
	if sealed := t.Form.Get("kept"); sealed != "" {
		if plain, err := c.open64(sealed, place); err == nil {
			_ = json.Unmarshal(plain, &secrets) // what cannot be read is typed again
		}
	}
	for _, f := range flat(t.Fields) {
		if !f.Secret {
			continue
		}
		if typed := t.Form.Get(f.Path); typed != "" {
			secrets[f.Path] = typed
		}
		if kept := secrets[f.Path]; kept != "" {
			t.Form.Values.Set(f.Path, kept)
		}
	}
	if len(secrets) == 0 {
		return "", nil
	}
	plain, err := json.Marshal(secrets)
	if err != nil {
		return "", err
	}
	return c.seal64(plain, place)
}

// lotKey is a lot as a platform writes it in its pushes.
func lotKey(info platform.Info, id charge.LotID) string {
	if len(info.Separators) == 0 {
		return id.Union + "&&" + id.Park
	}
	return id.Union + info.Separators[0] + id.Park
}
