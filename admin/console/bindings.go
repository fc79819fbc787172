package console

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
)

func (c *Console) bindingRoutes() {
	const path = "/bindings/{account}/{union}/{park}"
	c.signed(guard.RoleViewer, "GET "+path, c.binding)
	c.signed(guard.RoleSupport, "POST "+path+"/test", c.testPush)
	c.signed(guard.RoleSupport, "POST "+path+"/compare", c.compareList)
	c.signed(guard.RoleAdmin, "GET "+path+"/mode", c.mode)
	c.signed(guard.RoleAdmin, "POST "+path+"/mode", c.mode)
}

// bindingView is a binding with what to hand to the platform and how it does.
type bindingView struct {
	*charge.Binding
	Account   *charge.Account
	Info      platform.Info
	Lot       *charge.Lot
	Handover  []handed
	Addresses []string
	NoBase    bool // Addresses are paths alone: no setting says where we are reached
	Shadow    shadow
	CanTest   bool
	Test      form
	Tested    *desk.TestPush
	Outcome   string // of the test push, in words
	Compare   form
	Compared  *desk.Comparison // a platform's own list beside ours
	Form      form
	Links     sharing

	OutcomeTone string
}

// handed is a line of what a platform needs to know.
type handed struct {
	fact
	Taken bool // the value is taken elsewhere as it stands
}

// shadow is what a binding would have granted while it sends nothing.
type shadow struct {
	Charges  []*charge.Charge
	More     bool
	Minutes  int64
	Amount   charge.Fen
	Free     int
	LotSays  int
	Since    time.Time
	NoGrants int
}

// shadowSpan is how far back the comparison looks, shadowMost how many charges it takes.
const (
	shadowSpan = 30 * day
	shadowMost = 500
)

func (c *Console) findBinding(r *http.Request) (bindingView, error) {
	id, err := pathLot(r)
	if err != nil {
		return bindingView{}, err
	}
	return c.bindingOf(r.PathValue("account"), id)
}

func (c *Console) bindingOf(account string, id charge.LotID) (v bindingView, err error) {
	state := c.desk.Estate()
	b, found := state.Binding(account, id)
	if !found {
		return v, desk.Fail(desk.NotFound, "there is no such binding")
	}
	v.Binding = b
	for _, a := range state.Accounts() {
		if a.ID == b.Account {
			v.Account = a
		}
	}
	for _, l := range state.Lots() {
		if l.ID == id {
			v.Lot = l
		}
	}
	if v.Account == nil || v.Lot == nil {
		return v, desk.Fail(desk.NotFound, "the binding's account or lot is gone")
	}
	v.Info, _ = c.desk.Platform(v.Account.Platform)
	return v, nil
}

func (c *Console) binding(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.findBinding(r)
	if err != nil {
		return err
	}
	if done, found := recall[desk.TestPush](&c.memory, p.secret, r.URL.Query().Get("tested"), p.Now); found {
		v.Tested = &done
		if done.Charge != 0 {
			if story, err := c.desk.Story(r.Context(), done.Charge); err == nil {
				verdict := c.desk.VerdictOf(story)
				v.Outcome, v.OutcomeTone = p.Note(verdict.Text), toneOf(verdict)
			}
		}
	}
	v.Compared = c.comparedNow(p, r.URL.Query())
	return c.showBinding(w, r, p, v)
}

func (c *Console) showBinding(w http.ResponseWriter, r *http.Request, p *page, v bindingView) error {
	v.Addresses, v.Handover = c.handover(p, v)
	v.NoBase = c.cfg.PublicURL == ""
	v.CanTest = c.desk.CanTest()
	var err error
	if v.Links, err = c.sharing(r, p, desk.SharedThing{Account: v.Account.ID, Lot: v.Lot.ID}); err != nil {
		return err
	}
	if v.Mode == charge.ModeShadow {
		if v.Shadow, err = c.shadow(r, p, v); err != nil {
			return err
		}
	}
	return render(w, r, max(v.Test.status(), v.Compare.status()), bindingPage(p, v))
}

// handover is what the platform needs to know: where to push, how the lot is called there, and which keys.
func (c *Console) handover(p *page, v bindingView) (addresses []string, facts []handed) {
	for _, route := range v.Info.Routes {
		address := strings.TrimSuffix(c.cfg.PublicURL, "/") + route.Path
		if v.Account.PathToken != "" {
			address += "/" + p.T("〈路径口令〉", "<path token>")
		}
		addresses = append(addresses, address)
	}
	say := func(zh, en, value string, taken bool) {
		if value != "" {
			facts = append(facts, handed{fact{p.T(zh, en), value}, taken})
		}
	}
	add := func(zh, en, value string) { say(zh, en, value, false) }
	add("方法", "Method", "POST")
	if v.Info.ByStation {
		say("站点编号填在字段", "The station goes into the field", v.Info.LotField, true)
		say("站点编号", "Stations", strings.Join(v.Stations, ", "), true)
	} else if v.Info.LotField != "" {
		say("车场编号填在字段", "The lot goes into the field", v.Info.LotField, true)
		say("车场编号", "Written", lotKey(v.Info, v.Lot.ID), true)
	} else {
		say("车场由充电桩编号确定", "The lot is found by charger", strings.Join(v.Chargers, ", "), true)
	}
	for _, k := range v.Info.Keys {
		value, taken := p.T("（双方约定，已设置）", "(agreed by both sides, set)"), false
		switch key := v.Account.Keys[k.Name]; {
		case key == "":
			value = p.T("（尚未设置）", "(not set)")
		case !k.Secret:
			value, taken = key.Reveal(), true
		}
		label := cmp.Or(k.Label, k.Name)
		say(label, label, value, taken)
	}
	switch v.Info.Issuer {
	case platform.IssuerVendor:
		add("签名密钥", "Signing key", p.T("厂商的 ukey", "the vendor's ukey"))
	case platform.IssuerLot:
		add("签名密钥", "Signing key", p.T("车场的 ckey", "the lot's ckey"))
	}
	var from []string
	for _, prefix := range v.Account.AllowFrom {
		from = append(from, prefix.String())
	}
	add("只接受这些来源地址", "Taken from these addresses only", strings.Join(from, ", "))
	return addresses, facts
}

// shadow adds up what the binding would have granted lately.
func (c *Console) shadow(r *http.Request, p *page, v bindingView) (shadow, error) {
	s := shadow{Since: p.Now.Add(-shadowSpan)}
	page, err := c.desk.Charges(r.Context(), p.Who, charge.ChargeFilter{Platform: v.Account.Platform, Lot: v.Lot.ID,
		States: []charge.State{charge.StateShadow}, From: s.Since, Limit: shadowMost})
	if err != nil {
		return s, err
	}
	s.More = page.Next != ""
	for _, ch := range page.Items {
		if ch.Account != v.Account.ID {
			continue
		}
		s.Charges = append(s.Charges, ch)
		if ch.Decision == nil || ch.Decision.Reduction.IsZero() {
			s.NoGrants++
			continue
		}
		switch g := ch.Decision.Reduction; g.Method {
		case charge.MethodTime:
			s.Minutes += g.Minutes
		case charge.MethodAmount:
			s.Amount += g.Amount
		case charge.MethodFree:
			s.Free++
		case charge.MethodLotDecides:
			s.LotSays++
		}
	}
	return s, nil
}

// testPush plays the platform once, the whole real way.
func (c *Console) testPush(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.findBinding(r)
	if err != nil {
		return err
	}
	v.Test = newForm(r)
	plate, err := charge.ParsePlate(v.Test.Get("plate"))
	if err != nil {
		v.Test.bad("plate", p.T("请填写一个车牌，例如 京A12345", "give a plate, such as 京A12345"))
		return c.showBinding(w, r, p, v)
	}
	once := v.Test.Get("once")
	if key, sent := recall[sentOnce](&c.memory, p.secret, once, p.Now); sent {
		return c.seeOther(w, r, bindingLink(v)+"?tested="+string(key)+"#tested", "")
	}
	done, err := c.desk.TestPush(r.Context(), p.Who, v.Account.ID, v.Lot.ID, plate)
	if desk.KindOf(err) == desk.Forbidden {
		return err
	}
	if err != nil {
		if desk.KindOf(err) == "" {
			c.desk.Failed(r.Context(), err)
		}
		v.Test.Wrong = p.T("测试推送没有成功：请检查账号的密钥与来源锁。", "The test push did not get through: check the account's keys and locks.")
		return c.showBinding(w, r, p, v)
	}
	key := c.memory.put(p.secret, done, p.Now)
	if once != "" {
		c.memory.set(once, p.secret, sentOnce(key), p.Now)
	}
	return c.seeOther(w, r, bindingLink(v)+"?tested="+key+"#tested", "")
}

// sentOnce is where a form that must not be taken twice has led to.
type sentOnce string

// modeChange is a binding about to go live, into shadow or off.
type modeChange struct {
	bindingView
	To      charge.BindingMode
	Effect  string
	Missing []string // what has to be there before it goes live
	Changes estate.Changes
}

// mode says what going live, into shadow or off means, then does it.
func (c *Console) mode(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.findBinding(r)
	if err != nil {
		return err
	}
	m := modeChange{bindingView: v, To: charge.BindingMode(r.FormValue("to"))}
	switch m.To {
	case charge.ModeLive:
		m.Effect = p.T("从现在起，这个平台的充电会真实下发到车场并抵扣停车费。此前试运行的充电不会补发。",
			"From now on this platform's charges are sent to the lot and take money off. "+
				"Charges decided in shadow before are not sent later.")
	case charge.ModeShadow:
		m.Effect = p.T("从现在起只判定和展示，不再下发。已下发的不受影响。",
			"From now on charges are decided and shown, and nothing is sent. What was sent stays.")
	case charge.ModeOff:
		m.Effect = p.T("从现在起这个平台在该车场的充电不再减免。已下发的不受影响。",
			"From now on this platform's charges get nothing in this lot. What was sent stays.")
	default:
		return desk.Fail(desk.NotFound, "no such mode")
	}
	doc, err := json.Marshal(map[string]any{"version": 1, "bindings": []any{
		map[string]any{"account": v.Binding.Account, "lot": v.Lot.ID.String(), "mode": string(m.To)}}})
	if err != nil {
		return err
	}
	if m.To == charge.ModeLive {
		if m.Missing, err = c.missingFor(r, p, v.Binding.Account); err != nil {
			return err
		}
	}
	status, dry := http.StatusOK, r.Method == http.MethodGet || len(m.Missing) > 0
	if r.Method != http.MethodGet && dry {
		status = http.StatusConflict
	}
	if m.Changes, _, err = c.desk.Apply(r.Context(), p.Who, doc, dry); err != nil {
		return err
	}
	if !dry {
		return c.seeOther(w, r, bindingLink(v), "applied")
	}
	return render(w, r, status, modePage(p, m))
}

func bindingLink(v bindingView) string {
	return "/bindings/" + v.Binding.Account + "/" + v.Lot.ID.String()
}

// effective is the rule that decides now.
func (v bindingView) effective(now time.Time) (charge.Rule, bool) { return v.RuleAt(now) }

// coming lists the versions that are not in force yet.
func (v bindingView) coming(now time.Time) []charge.Rule {
	return keep(v.Rules, func(r charge.Rule) bool { return r.Effective.After(now) })
}

func plus(more bool) string {
	if more {
		return "+"
	}
	return ""
}

// asked is the reduction that a push named.
func (p *page) asked(c *charge.Charge) string {
	return p.Reduction(&charge.Reduction{Method: c.Ask.Method, Minutes: c.Ask.Minutes, Amount: c.Ask.Amount})
}

// granted is what was decided.
func (p *page) granted(c *charge.Charge) string {
	if c.Decision == nil {
		return "–"
	}
	return p.Reduction(&c.Decision.Reduction)
}

func energyText(c *charge.Charge) string {
	if !c.HasEnergy {
		return "–"
	}
	return c.Energy.String() + " kWh"
}

func feeText(p *page, c *charge.Charge) string {
	if !c.HasTotal {
		return "–"
	}
	return p.Yuan(c.Total)
}
