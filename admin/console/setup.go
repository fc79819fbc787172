package console

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) setupRoutes() {
	c.signed(guard.RoleViewer, "GET /lots/{union}/{park}/setup", c.lotSetup)
	c.signed(guard.RoleViewer, "GET /lots/{union}/{park}/sheet", c.lotSheet)
}

// lamp is one step of a lot's set-up: done, or what is missing and where to do it.
type lamp struct {
	On          bool
	Name, Say   string
	Link, Press string // where to go on; empty where there is nothing to do but wait
}

// lotSetupView is a lot on its way to being live.
type lotSetupView struct {
	lotRow
	Key      string // the query that brings a key that was just typed to the sheet; empty for none
	Lamps    []lamp
	Bindings []bindingSetup
}

// bindingSetup is one platform's part of it.
type bindingSetup struct {
	*charge.Binding
	Platform string
	Sentence string // its rule
	Lamps    []lamp
	Missing  []string // names of the lamps that are off, the lot's among them
}

func (c *Console) lotSetup(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.setupOf(r, p)
	if err != nil {
		return err
	}
	if p.HTMX {
		return render(w, r, http.StatusOK, setupLamps(p, v))
	}
	return render(w, r, http.StatusOK, setupChecklist(p, v))
}

// setupOf looks at how far a lot is.
func (c *Console) setupOf(r *http.Request, p *page) (lotSetupView, error) {
	var v lotSetupView
	id, err := pathLot(r)
	if err != nil {
		return v, err
	}
	l, err := c.desk.Lot(r.Context(), id)
	if err != nil {
		return v, err
	}
	v.lotRow = lotRow{Lot: l, Breaker: c.desk.Breaker(l.ID)}
	if key := r.URL.Query().Get("key"); key != "" {
		v.Key = "?" + url.Values{"key": {key}}.Encode()
	}
	lamps, err := c.desk.LotLamps(r.Context(), p.Who, l)
	if err != nil {
		return v, err
	}
	v.Lamps = c.lotLamps(p, v.lotRow, lamps)
	for _, b := range c.boundTo(id) {
		own, pushed, err := c.desk.BindingLamps(r.Context(), p.Who, b.Binding)
		if err != nil {
			return v, err
		}
		v.Bindings = append(v.Bindings, c.bindingSetup(p, b, v.Lamps, own, pushed))
	}
	return v, nil
}

// lotLamps are the steps up to the first car, and where to do them.
func (c *Console) lotLamps(p *page, l lotRow, steps []desk.Lamp) (lamps []lamp) {
	edit := "/estate/lot/edit?id=" + url.QueryEscape(l.ID.String())
	for _, s := range steps {
		one := lamp{On: s.On}
		switch s.Step {
		case desk.StepVendor:
			one.Name, one.Say = p.T("厂商已登记", "Vendor registered"), l.ID.Union
			one.Link, one.Press = "/estate/vendor/new?union_id="+url.QueryEscape(l.ID.Union),
				p.T("登记厂商…", "Register the vendor…")
		case desk.StepKey:
			one.Name, one.Say = p.T("密钥已设置", "Key set"), kindName(p, l.Kind)
			one.Link, one.Press = edit, p.T("填写密钥…", "Set the key…")
		case desk.StepTariff:
			one.Name, one.Link, one.Press = p.T("计费规则已设置", "Tariff set"), edit, p.T("填写计费规则…", "Set the tariff…")
		case desk.StepLine:
			one.Name, one.Say = p.T("长连接登录过", "The line has logged in"), heartbeat(p, l)
		case desk.StepEntry:
			one.Name, one.Link = p.T("收到过入场", "An entry was received"), edit
			one.Press = p.T("车场不上报进出场…", "It reports no entries…")
		}
		lamps = append(lamps, one)
	}
	return lamps
}

// bindingSetup are the steps of one platform, from its account to being live.
func (c *Console) bindingSetup(p *page, b boundAccount, lotLamps []lamp, steps []desk.Lamp,
	pushed time.Time) bindingSetup {
	s := bindingSetup{Binding: b.Binding, Platform: p.Platform(b.Platform)}
	if rule, ruled := b.RuleAt(p.Now); ruled {
		s.Sentence = words.Rule(p.Lang, &rule)
	}
	for _, step := range steps {
		one := lamp{On: step.On}
		switch step.Step {
		case desk.StepAccount:
			one.Name, one.Say = p.T("账号已启用", "Account switched on"), b.Account
			one.Link = "/estate/account/edit?id=" + url.QueryEscape(b.Account)
			one.Press = p.T("启用账号…", "Switch it on…")
		case desk.StepRule:
			one.Name, one.Say = p.T("规则已生效", "A rule is in force"), s.Sentence
			one.Link = "/estate/binding/edit?id=" + url.QueryEscape(b.Account+"@"+b.Lot.String())
			one.Press = p.T("填写规则…", "Set a rule…")
		case desk.StepPush:
			one.Name, one.Say = p.T("收到过推送", "A push was received"), p.Ago(pushed)
			one.Link = "/bindings/" + url.PathEscape(b.Account) + "/" + b.Lot.String() + "#test"
			one.Press = p.T("发送测试推送…", "Send a test push…")
		}
		s.Lamps = append(s.Lamps, one)
	}
	for _, l := range append(append([]lamp{}, lotLamps...), s.Lamps...) {
		if !l.On {
			s.Missing = append(s.Missing, l.Name)
		}
	}
	return s
}

// missingFor lists what a binding still lacks before it should go live.
func (c *Console) missingFor(r *http.Request, p *page, account string) ([]string, error) {
	v, err := c.setupOf(r, p)
	if err != nil {
		return nil, err
	}
	for _, b := range v.Bindings {
		if b.Account == account {
			return b.Missing, nil
		}
	}
	return nil, nil
}

// sheetView is what a car park needs to know, to be printed.
type sheetView struct {
	desk.Lot
	Vendor *charge.Vendor
	Host   string // where the gateway is reached; empty where that is not configured
	Facts  []fact
}

// lotSheet is the page that is handed to the car park.
func (c *Console) lotSheet(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathLot(r)
	if err != nil {
		return err
	}
	l, err := c.desk.Lot(r.Context(), id)
	if err != nil {
		return err
	}
	v := sheetView{Lot: l}
	if u, err := url.Parse(c.cfg.PublicURL); err == nil {
		v.Host = u.Hostname()
	}
	add := func(zh, en, value string) { v.Facts = append(v.Facts, fact{p.T(zh, en), value}) }
	add("厂商编号 union_id", "Vendor, union_id", id.Union)
	add("车场编号 park_id", "Lot, park_id", id.Park)
	unknown := p.T("〈网关地址〉", "<address of the gateway>")
	kind := lot.KindOf(l.Kind)
	if kind.OnLine {
		add("长连接地址", "Line address", net.JoinHostPort(cmp.Or(v.Host, unknown), c.cfg.LinePort))
		add("两条连接", "Both connections",
			p.T("同一地址：cloud 用车场密钥 ckey 签名，bolink 用厂商密钥 ukey 签名",
				"one address: cloud signs with the lot's ckey, bolink with the vendor's ukey"))
	}
	for _, path := range kind.Paths {
		add("接口地址", "Interface", strings.TrimSuffix(cmp.Or(c.cfg.PublicURL, "http://"+unknown), "/")+path)
	}
	query := r.URL.Query().Get("key")
	if key, found := recall[newKey](&c.memory, p.secret, query, p.Now); found && key.lot == id {
		c.memory.forget(query)
		add("密钥（只显示这一次）", "Key (shown this once)", key.ckey)
	} else if kind.Key != lot.KeyOfOwn {
		add("密钥", "Key", keyWord(p, desk.KeySet(l, c.desk.VendorOf(id))))
	}
	return render(w, r, http.StatusOK, sheetPage(p, v))
}

// newKey is a key of a lot that was typed a moment ago: the lot's sheet shows it once.
type newKey struct {
	lot  charge.LotID
	ckey string
}

func keyWord(p *page, set bool) string {
	if set {
		return p.T("已设置（请另行交付；忘记时在“修改车场”里换新）",
			"set (hand it over apart; where it is forgotten, give a new one under “Change this lot”)")
	}
	return p.T("尚未设置", "not set")
}
