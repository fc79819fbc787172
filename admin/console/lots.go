package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
)

func (c *Console) lotRoutes() {
	c.signed(guard.RoleViewer, "GET /lots", c.lots)
	c.signed(guard.RoleViewer, "GET /lots/{union}/{park}", c.lot)
	c.signed(guard.RoleSupport, "POST /lots/{union}/{park}/{verb}", c.switchLot)
	c.signed(guard.RoleSupport, "GET /lots/{union}/{park}/price", c.price)
}

// lotRow is a lot on the board.
type lotRow struct {
	desk.Lot
	AckP95  time.Duration
	Breaker string
}

// onLine reports whether the lot is of a kind that has a line.
func (l lotRow) onLine() bool { return lot.KindOf(l.Kind).OnLine }

// worry orders the board: what needs somebody comes first.
func (l lotRow) worry() int {
	switch {
	case l.Off:
		return 4
	case l.onLine() && !l.Status.Online:
		return 0
	case l.Status.Paused || l.Breaker == "open":
		return 1
	case l.Status.Pending > 0:
		return 2
	}
	return 3
}

// lotRow is a lot without AckP95: that is added up for what is shown only.
func (c *Console) lotRow(l desk.Lot) lotRow { return lotRow{Lot: l, Breaker: c.desk.Breaker(l.ID)} }

func (c *Console) shownLot(l desk.Lot) lotRow {
	row := c.lotRow(l)
	row.AckP95 = c.desk.AckP95(l.ID)
	return row
}

// linkName names one of the two links of a machine.
func linkName(p *page, l charge.Link) string {
	if l == charge.LinkBolink {
		return p.T("泊链链路", "Bolink link")
	}
	return p.T("云平台链路", "Cloud link")
}

// lineFact is a line of a lot: which machine, from where, since when.
func lineFact(p *page, s charge.LineSession) string {
	text := fmt.Sprintf(p.T("%s，来自 %s，%s 登录", "%s, from %s, logged in %s"), s.LocalID, s.Remote, p.Clock(s.Since))
	if s.Silent {
		text += p.T("，不应答", ", not answering")
	}
	return text
}

// refusedFact is a login that was refused. What it named is unproven.
func refusedFact(p *page, r charge.RefusedLogin) string {
	return fmt.Sprintf(p.T("%s，%s，来自 %s，local_id %s", "%s, %s, from %s, local_id %s"), p.Clock(r.At), p.Note(r.Note()),
		r.Remote, dash(r.LocalID))
}

// lotPageSize keeps the board of a site with thousands of lots within a page.
const lotPageSize = 200

// lotBoard is a part of the board.
type lotBoard struct {
	Rows  []lotRow
	Show  string // "", "off_line", "pending" or "paused"
	Find  string
	find  string // in lower case
	Total int
	Pages listPages
}

func (c *Console) lots(w http.ResponseWriter, r *http.Request, p *page) error {
	all, err := c.desk.Lots(r.Context())
	if err != nil {
		return err
	}
	q := r.URL.Query()
	board := lotBoard{Show: q.Get("show"), Find: strings.TrimSpace(q.Get("find")), Total: len(all)}
	board.find = strings.ToLower(board.Find)
	byWorry := make([][]int, 5) // places in all: of thousands of lots a page shows a few
	for i, l := range all {
		if row := c.lotRow(l); board.keeps(row) {
			byWorry[row.worry()] = append(byWorry[row.worry()], i)
		}
	}
	places := slices.Concat(byWorry...)
	from, prev, next := 0, "", ""
	if cursor, err := charge.ParseLotID(q.Get("cursor")); err == nil {
		from = max(0, slices.IndexFunc(places, func(i int) bool { return all[i].ID == cursor }))
	}
	if from > 0 {
		prev = all[places[max(0, from-lotPageSize)]].ID.String()
	}
	for _, i := range places[from:] {
		if len(board.Rows) == lotPageSize {
			next = all[i].ID.String()
			break
		}
		board.Rows = append(board.Rows, c.shownLot(all[i]))
	}
	board.Pages = pagesOf(r.URL, prev, next)
	return render(w, r, http.StatusOK, lotsPage(p, board))
}

func (b lotBoard) keeps(row lotRow) bool {
	if b.find != "" && !strings.Contains(strings.ToLower(row.ID.String()+" "+row.Name), b.find) {
		return false
	}
	switch b.Show {
	case "off_line":
		return row.worry() == 0
	case "pending":
		return row.Status.Pending > 0
	case "paused":
		return row.Status.Paused
	}
	return true
}

// lotDetail is one lot with what is bound to it and what waits for it.
type lotDetail struct {
	lotRow
	Vendor   *charge.Vendor
	Bindings []boundAccount
	Waiting  []*charge.Charge
	Pause    flow.Effect // what pausing or resuming would do
	Form     form
}

// boundAccount is a binding with its account's platform.
type boundAccount struct {
	*charge.Binding
	Platform string
}

func pathLot(r *http.Request) (charge.LotID, error) {
	id, err := charge.ParseLotID(r.PathValue("union") + "/" + r.PathValue("park"))
	if err != nil {
		return id, desk.Fail(desk.NotFound, "no such lot")
	}
	return id, nil
}

func (c *Console) lot(w http.ResponseWriter, r *http.Request, p *page) error {
	return c.showLot(w, r, p, newForm(r))
}

func (c *Console) showLot(w http.ResponseWriter, r *http.Request, p *page, f form) error {
	id, err := pathLot(r)
	if err != nil {
		return err
	}
	l, err := c.desk.Lot(r.Context(), id)
	if err != nil {
		return err
	}
	d := lotDetail{lotRow: c.shownLot(l), Form: f, Bindings: c.boundTo(id)}
	for _, v := range c.desk.Estate().Vendors() {
		if v.UnionID == id.Union {
			d.Vendor = v
		}
	}
	waiting, err := c.desk.Charges(r.Context(), p.Who, charge.ChargeFilter{Lot: id, Limit: 20, States: []charge.State{
		charge.StateHeld, charge.StateSending, charge.StateUnknown, charge.StateGaveUp, charge.StateRefused}})
	if err != nil {
		return err
	}
	d.Waiting = waiting.Items
	if p.Support() && !l.Off {
		if d.Pause, err = c.pauseOrResume(r, p, d.Status.Paused, id, flow.Action{DryRun: true}); err != nil {
			return err
		}
	}
	return render(w, r, f.status(), lotPage(p, d))
}

func (c *Console) boundTo(id charge.LotID) []boundAccount {
	var out []boundAccount
	for _, b := range c.desk.Estate().Bindings() {
		if b.Lot == id {
			out = append(out, boundAccount{b, c.platformOf(b.Account)})
		}
	}
	return out
}

// platformOf returns the platform of an account, switched off or not.
func (c *Console) platformOf(account string) string {
	for _, a := range c.desk.Estate().Accounts() {
		if a.ID == account {
			return a.Platform
		}
	}
	return ""
}

func (c *Console) pauseOrResume(r *http.Request, p *page, paused bool, id charge.LotID, a flow.Action) (flow.Effect,
	error) {
	if paused {
		return c.desk.Resume(r.Context(), p.Who, id, a)
	}
	return c.desk.Pause(r.Context(), p.Who, id, a)
}

func (c *Console) switchLot(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathLot(r)
	if err != nil {
		return err
	}
	verb := r.PathValue("verb")
	if verb != "pause" && verb != "resume" {
		return desk.Fail(desk.NotFound, "no such action")
	}
	f := newForm(r)
	reason := strings.TrimSpace(f.Get("reason"))
	if reason == "" {
		f.bad("reason", p.T("请填写原因，它会写入审计", "give a reason; it is kept in the audit log"))
		return c.showLot(w, r, p, f)
	}
	effect, err := c.pauseOrResume(r, p, verb == "resume", id, flow.Action{Reason: reason})
	if err != nil {
		return err
	}
	if !effect.Done {
		f.Wrong = p.Note(effect.Note)
		return c.showLot(w, r, p, f)
	}
	return c.seeOther(w, r, "/lots/"+id.String(), "done")
}

// quoted is a lot's answer to what a stay costs, or why there is none.
type quoted struct {
	Lot   charge.LotID
	Order string
	Price lot.Price
	Wrong string
}

func (c *Console) price(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathLot(r)
	if err != nil {
		return err
	}
	q := quoted{Lot: id, Order: strings.TrimSpace(r.URL.Query().Get("order"))}
	if q.Order != "" {
		q.Price, err = c.desk.Price(r.Context(), p.Who, id, q.Order, "")
		if err != nil {
			if desk.KindOf(err) == "" {
				c.desk.Failed(r.Context(), err)
			}
			q.Wrong = p.T("车场没有给出价格：订单不存在、车场离线，或它不支持查询。",
				"The lot gave no price: there is no such stay, the lot is off line, or it cannot be asked.")
		}
	}
	if p.HTMX {
		return render(w, r, http.StatusOK, priceSays(p, q))
	}
	return render(w, r, http.StatusOK, pricePage(p, q))
}

// priceDetail says what a price is made of.
func priceDetail(p *page, q quoted) string {
	return fmt.Sprintf(p.T("总价 %s，减免 %s（%d 分钟），已停 %d 分钟；%s 查询。",
		"%s before reductions, %s (%d min) taken off, parked for %d min; asked at %s."),
		p.Yuan(q.Price.Total), p.Yuan(q.Price.DerateMoney), q.Price.DerateDuration, q.Price.Duration,
		p.Clock(q.Price.QueryTime))
}

func heartbeat(p *page, l lotRow) string {
	if !l.onLine() {
		return "–"
	}
	if l.Status.Beat.IsZero() {
		return p.T("从未", "never")
	}
	return p.T(p.Age(l.Status.Beat)+"前", p.Age(l.Status.Beat)+" ago")
}

// measured is a length of time that may not be known.
func measured(p *page, d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return p.Span(d)
}

func breakerName(p *page, state string) string {
	switch state {
	case "closed":
		return p.T("正常", "closed")
	case "open":
		return p.T("已熔断", "open")
	case "half_open":
		return p.T("试探中", "half open")
	}
	return dash(state)
}

// pendingAges says how many of what is pending is more than a minute old, and more than ten.
func pendingAges(p *page, s charge.LotStatus) string {
	if s.Minute == 0 {
		return ""
	}
	return fmt.Sprintf(p.T("（超过 1 分钟 %d，超过 10 分钟 %d）", " (%d over 1 min, %d over 10 min)"), s.Minute, s.TenMinutes)
}

func kindName(p *page, k charge.LotKind) string {
	row := lot.KindOf(k)
	return cmp.Or(p.T(row.Chinese, row.English), string(k))
}

func yesNo(p *page, yes bool) string {
	if yes {
		return p.T("是", "yes")
	}
	return p.T("否", "no")
}

func pauseVerb(d lotDetail) string {
	if d.Status.Paused {
		return "resume"
	}
	return "pause"
}

func modeName(p *page, m charge.BindingMode) string {
	switch m {
	case charge.ModeLive:
		return p.T("正式", "live")
	case charge.ModeShadow:
		return p.T("试运行", "shadow")
	case charge.ModeOff:
		return p.T("停用", "off")
	}
	return string(m)
}

func modeTone(m charge.BindingMode) string {
	switch m {
	case charge.ModeLive:
		return "good"
	case charge.ModeShadow:
		return "wait"
	}
	return "calm"
}
