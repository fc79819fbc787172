package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) deskRoutes() {
	c.signed(guard.RoleViewer, "GET /{$}", c.today)
	c.signed(guard.RoleViewer, "GET /today/figures", c.todayFigures)
	c.signed(guard.RoleViewer, "GET /today/stream", c.stream)
	c.signed(guard.RoleViewer, "GET /work", c.work)
	c.signed(guard.RoleViewer, "GET /work/{list}", c.workList)
	c.signed(guard.RoleSupport, "GET /work/redeliver", c.bulk)
	c.signed(guard.RoleSupport, "POST /work/redeliver", c.bulk)
	c.signed(guard.RoleViewer, "GET /statements", c.statements)
	c.signed(guard.RoleViewer, "GET /statements/print", c.printStatement)
	c.signed(guard.RoleViewer, "GET /statements/{file}", c.statementFile)
	c.signed(guard.RoleSupport, "GET /doctor", c.doctor)
	c.signed(guard.RoleSupport, "POST /doctor", c.doctor)
	c.signed(guard.RoleAdmin, "GET /alerts", c.alerts)
	c.signed(guard.RoleAdmin, "POST /alerts/test", c.testAlert)
	c.signed(guard.RoleAdmin, "POST /webhooks/{name}/resend", c.resendWebhook)
	c.signed(guard.RoleAdmin, "GET /audit", c.audit)
	c.signed(guard.RoleAdmin, "GET /audit/audit.csv", c.auditFile)
	c.signed(guard.RoleAdmin, "GET /audit/{seq}/detail.txt", c.auditDetail)
}

// figures are the numbers of the first page.
type figures struct {
	charge.Counts
	Before   charge.Counts // of yesterday up to the same time
	P50, P99 time.Duration
	Measured bool // P50 and P99 are known
	Lots     int
	OffLine  int // sdk lots without a line
	Paused   int
}

// dayStart is midnight in Shanghai.
func dayStart(now time.Time) time.Time {
	y, m, d := now.In(charge.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, charge.Shanghai)
}

func (c *Console) figures(ctx context.Context, now time.Time) (figures, error) {
	var f figures
	var lots []desk.Lot
	err := together(
		func() (err error) {
			f.Counts, err = c.desk.Counts(ctx, dayStart(now), now.Add(time.Minute))
			return err
		},
		func() (err error) {
			f.Before, err = c.desk.SpanCounts(ctx, dayStart(now).Add(-day), now.Add(-day))
			return err
		},
		func() (err error) {
			lots, err = c.desk.Lots(ctx)
			return err
		})
	if err != nil {
		return f, err
	}
	for _, l := range lots {
		if l.Off {
			continue
		}
		f.Lots++
		if lot.KindOf(l.Kind).OnLine && !l.Status.Online {
			f.OffLine++
		}
		if l.Status.Paused {
			f.Paused++
		}
	}
	f.P50, f.P99, f.Measured = c.desk.Latency()
	return f, nil
}

// Granted counts the charges of today whose reduction is in or on its way.
func (f figures) sum(states ...charge.State) int64 {
	var n int64
	for _, s := range states {
		n += f.States[s]
	}
	return n
}

func (f figures) accepted() int64 { return f.Pushes[charge.OutcomeAccepted] }

// refused counts the pushes that were not taken.
func (f figures) refused() int64 {
	var n int64
	for o, count := range f.Pushes {
		switch o {
		case charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion:
		default:
			n += count
		}
	}
	return n
}

// card is one number of the first page, a link to its list.
type card struct {
	Name, Value, Link, Help, Tone string
}

func (c *Console) cards(p *page, f figures) []card {
	warn := func(n int64, tone string) string {
		if n > 0 {
			return tone
		}
		return ""
	}
	before := figures{Counts: f.Before}
	yesterday := func(n int64) string {
		return p.T("昨日此时 ", "yesterday by now: ") + Count(n)
	}
	since := "from=" + dayStart(p.Now).Format(time.DateOnly)
	latency := "–"
	if f.Measured {
		latency = p.Span(f.P99)
	}
	oldest := p.T("无", "none")
	if f.Pending > 0 {
		oldest = p.Age(f.Oldest)
	}
	state := func(s charge.State) string { return "/charges?" + since + "&state=" + string(s) }
	return []card{
		{p.T("收到推送", "Pushes in"), Count(f.accepted()), "/pushes?" + since + "&outcome=accepted",
			yesterday(before.accepted()), ""},
		{p.T("减免已下发", "Reductions out"), Count(f.sum(charge.StateDelivered, charge.StateUsed)), "/charges?" + since +
			"&state=delivered&state=used", yesterday(before.sum(charge.StateDelivered, charge.StateUsed)), "good"},
		{p.T("推送到车场 p99", "Push to lot, p99"), latency, "/lots", p.T("最近一段时间", "recently"), ""},
		{p.T("等待入场", "Held"), Count(f.States[charge.StateHeld]), "/work/held", p.T("等待停车订单", "waiting for their stay"),
			warn(f.States[charge.StateHeld], "wait")},
		{p.T("推送被拒", "Pushes refused"), Count(f.refused()), "/pushes?" + since + "&outcome=refused",
			yesterday(before.refused()), warn(f.refused(), "bad")},
		{p.T("车场拒绝", "Refused by lots"), Count(f.States[charge.StateRefused]), state(charge.StateRefused),
			yesterday(f.Before.States[charge.StateRefused]), warn(f.States[charge.StateRefused], "bad")},
		{p.T("放弃下发", "Gave up"), Count(f.States[charge.StateGaveUp]), "/work/gave-up",
			p.T("有效时间内未送达", "not delivered in time"), warn(f.States[charge.StateGaveUp], "bad")},
		{p.T("车场离线", "Lots off line"), Count(int64(f.OffLine)), "/lots?show=off_line",
			fmt.Sprintf(p.T("共 %d 个车场", "of %d lots"), f.Lots), warn(int64(f.OffLine), "bad")},
		{p.T("已暂停", "Lots paused"), Count(int64(f.Paused)), "/lots?show=paused", p.T("恢复前不下发", "nothing is sent to them"),
			warn(int64(f.Paused), "wait")},
		{p.T("最久待下发", "Oldest pending"), oldest, "/lots?show=pending", fmt.Sprintf(p.T("待下发 %d 条", "%d pending"), f.Pending),
			warn(f.Pending, "wait")},
	}
}

func (c *Console) today(w http.ResponseWriter, r *http.Request, p *page) error {
	var v todayView
	err := together(
		func() (err error) {
			v.Figures, err = c.figures(r.Context(), p.Now)
			return err
		},
		func() error {
			all, err := c.desk.Incidents(r.Context())
			v.Incidents = listIncidents(all, "").Items
			v.Incidents = v.Incidents[:min(len(v.Incidents), todayIncidents)]
			return err
		},
		func() error {
			week, err := c.desk.StatementView(r.Context(), charge.StatementFilter{
				From: dayStart(p.Now).Add(-6 * day).Format(time.DateOnly),
				To:   dayStart(p.Now).Add(day).Format(time.DateOnly)}, 1)
			v.Week.chart(eachDay(week.Days))
			v.Days = week.Days
			return err
		},
		func() (err error) {
			v.Trends, err = c.trends(r.Context(), p, r.URL.Query().Get("span") == "week")
			return err
		})
	if err != nil {
		return err
	}
	v.Cards = c.cards(p, v.Figures)
	return render(w, r, http.StatusOK, todayPage(p, v))
}

// todayIncidents is how many incidents the first page shows.
const todayIncidents = 8

// todayView is the first page: what waits, the numbers of the day, the last seven days, and how the site stood.
type todayView struct {
	Cards     []card
	Figures   figures
	Incidents []*desk.Incident
	Week      statement // as far as its chart goes
	Days      []charge.StatementRow
	Trends    trends
}

// todayFigures is the numbers alone, asked for again and again by the page.
func (c *Console) todayFigures(w http.ResponseWriter, r *http.Request, p *page) error {
	f, err := c.figures(r.Context(), p.Now)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, cardGrid(p, c.cards(p, f)))
}

// workLists are what waits for a person.
var workLists = []string{"held", "left", "unknown", "gave-up", "refused", "near", "stations", "unserved"}

// workFilter returns the charges of a work list; ok is false for a list that is none of charges.
func workFilter(list string) (f charge.ChargeFilter, ok bool) {
	switch list {
	case "held":
		f.States = []charge.State{charge.StateHeld}
	case "left":
		f.Reason = charge.ReasonLeftBeforeArrival
	case "unknown":
		f.States = []charge.State{charge.StateUnknown}
	case "gave-up":
		f.States = []charge.State{charge.StateGaveUp}
	case "refused":
		f.States = []charge.State{charge.StateRefused}
	default:
		return f, false
	}
	return f, true
}

// workName returns a work list's name and what to do with it.
func workName(p *page, list string) (name, help string) {
	switch list {
	case "held":
		return p.T("等待入场", "Held"), p.T("充电已到，停车订单还没有。多半是车场还没补传入场，或车牌识别有误。",
			"The charge is here and its stay is not. Mostly the lot has not uploaded the entry yet, or a plate was misread.")
	case "left":
		return p.T("先离场", "Left before it arrived"),
			p.T("推送到达时车已离场。表中是车主本应得到的减免，可人工补偿；请平台提早推送。",
				"The car had left before the push came. The list shows what the driver would have been given; "+
					"ask the platform to push earlier.")
	case "unknown":
		return p.T("结果未知", "Unknown"), p.T("已发出而车场无应答，且不可自动重发。请逐条与车场核对。",
			"Sent, not answered, and not to be sent again by itself. Ask the lot about each.")
	case "gave-up":
		return p.T("放弃下发", "Gave up"), p.T("在有效时间内没有送达。车仍在场的可重新下发。",
			"Not delivered in time. Redeliver where the car is still inside.")
	case "refused":
		return p.T("车场拒绝", "Refused by the lot"),
			p.T("车场返回失败。看每条时间线里车场的说明。", "The lot refused. Each timeline shows its reason.")
	case "near":
		return p.T("相近车牌", "Near-miss plates"),
			p.T("等待中的充电与在场车辆只差一个字符。确认是同一辆车后再绑定；系统不会自动处理。",
				"A waiting charge and a car in the lot differ by one character. Bind them once you are sure; "+
					"nothing is done by itself.")
	case "stations":
		return p.T("未对接的站点", "Unbound stations"),
			p.T("平台推送了这些站点或充电桩，签名正确，但没有对接登记它们，推送因此被拒绝。登记后请平台重推，或逐条回放。",
				"Platforms pushed these stations or charging points, rightly sealed, and no binding lists them: the pushes were "+
					"refused. Bind them, then have the platform push again, or replay.")
	case "unserved":
		return p.T("无人受理的请求", "Unserved requests"),
			p.T("公网地址收到、但路径或方法不对的请求。内网和公网来源各保留最近 100 个路径，重启后清空。",
				"What came to the public address by a wrong path or method. The last hundred paths of inner and of outer "+
					"addresses are kept, until a restart.")
	}
	return list, ""
}

// workEntry is a work list on the overview.
type workEntry struct {
	List, Name, Help string
	Count            string
}

func (c *Console) work(w http.ResponseWriter, r *http.Request, p *page) error {
	var entries []workEntry
	for _, list := range workLists {
		name, help := workName(p, list)
		e := workEntry{List: list, Name: name, Help: help}
		switch list {
		case "near": // which takes many looks, and is counted on its own page
		case "stations":
			stations, err := c.desk.Stations(r.Context())
			if err != nil {
				return err
			}
			e.Count = strconv.Itoa(len(stations))
		case "unserved":
			e.Count = strconv.Itoa(len(c.desk.Strays()))
		default:
			count, err := c.workCount(r.Context(), list)
			if err != nil {
				return err
			}
			e.Count = count
		}
		entries = append(entries, e)
	}
	return render(w, r, http.StatusOK, workPage(p, entries))
}

// workCount counts a list up to 100.
func (c *Console) workCount(ctx context.Context, list string) (string, error) {
	f, _ := workFilter(list)
	f.Limit = 100
	n, more, err := c.desk.CountCharges(ctx, f)
	return strconv.Itoa(n) + plus(more), err
}

func (c *Console) workList(w http.ResponseWriter, r *http.Request, p *page) error {
	list := r.PathValue("list")
	name, help := workName(p, list)
	switch list {
	case "near":
		near, err := c.desk.NearMisses(r.Context())
		if err != nil {
			return err
		}
		return render(w, r, http.StatusOK, nearPage(p, name, help, near))
	case "stations":
		stations, err := c.desk.Stations(r.Context())
		if err != nil {
			return err
		}
		return render(w, r, http.StatusOK, stationsPage(p, name, help, stations))
	case "unserved":
		return render(w, r, http.StatusOK, unservedPage(p, name, help, c.desk.Strays()))
	}
	f, ok := workFilter(list)
	if !ok {
		return desk.Fail(desk.NotFound, "no such list")
	}
	f.Cursor, f.Oldest = r.URL.Query().Get("cursor"), r.URL.Query().Get("sort") == oldestFirst
	page, err := c.desk.Charges(r.Context(), p.Who, f)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, workListPage(p, workCharges{list, name, help, page.Items,
		pagesOf(r.URL, page.Prev, page.Next), sortedBy(r.URL)}))
}

// workCharges is a page of a work list of charges.
type workCharges struct {
	List, Name, Help string
	Items            []*charge.Charge
	Pages            listPages
	ByTime           byTime
}

// bulk redelivers all charges of a list that did not get through, once it has said how many they are.
func (c *Console) bulk(w http.ResponseWriter, r *http.Request, p *page) error {
	q := r.URL.Query()
	wrong := map[string]string{}
	filter := c.chargeFilter(p, q, wrong)
	filter.Cursor = ""
	if !bulk(filter) || len(wrong) > 0 {
		return desk.Fail(desk.Invalid, "only charges that did not get through can be redelivered together")
	}
	f := newForm(r)
	if done, found := recall[desk.Bulk](&c.memory, p.secret, q.Get("done"), p.Now); found {
		q.Del("done")
		return render(w, r, http.StatusOK, bulkPage(p, q.Encode(), done, false, f))
	}
	q.Del("done")
	reason := strings.TrimSpace(f.Get("reason"))
	if r.Method == http.MethodPost && reason == "" {
		f.bad("reason", p.T("请填写原因，它会写入审计", "give a reason; it is kept in the audit log"))
	}
	dry := r.Method == http.MethodGet || !f.ok()
	done, err := c.desk.RedeliverAll(r.Context(), p.Who, filter, reason, dry)
	if err != nil {
		return err
	}
	if !dry {
		return c.seeOther(w, r, "/work/redeliver?"+q.Encode()+"&"+c.shownAfter(p, "done", done), "")
	}
	return render(w, r, f.status(), bulkPage(p, q.Encode(), done, dry, f))
}

// wanted is what a charge would have been granted.
func (p *page) wanted(c *charge.Charge) string {
	if c.Decision == nil {
		return "–"
	}
	return p.Reduction(&c.Decision.Wanted)
}

// chargeReason names a charge's reason.
func (p *page) chargeReason(c *charge.Charge) string {
	return p.Say(p.Word(words.ChargeReason, string(c.Reason)).Name)
}

// countTone marks what is not empty.
func countTone(n string) string {
	if n == "0" {
		return "calm"
	}
	return "wait"
}

// bulkState is the state that a work list is of.
func bulkState(list string) string {
	f, _ := workFilter(list)
	return string(f.States[0])
}

// bindTo leads to binding a charge to a stay, its effect said first.
func bindTo(id int64, stay *charge.Stay) string {
	return "/charges/" + ID(id) + "/bind?" + url.Values{"order": {stay.OrderID}}.Encode()
}
