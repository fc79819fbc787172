package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) incidentRoutes() {
	c.signed(guard.RoleViewer, "GET /incidents", c.incidents)
	c.signed(guard.RoleViewer, "GET /incidents/{id}", c.incident)
	c.signed(guard.RoleSupport, "POST /incidents/{id}", c.noteIncident)
	c.signed(guard.RoleSupport, "POST /incidents/{id}/redeliver", c.fixIncident)
	c.signed(guard.RoleSupport, "POST /charges/{id}/compensate", c.compensate)
	c.signed(guard.RoleSupport, "GET /compensations", c.compensations)
	c.signed(guard.RoleSupport, "GET /compensations/compensations.csv", c.compensationFile)
}

// counter knows how many incidents wait, a few seconds old.
type counter struct {
	mu   sync.Mutex
	n    int
	at   time.Time
	busy bool
}

const countedFor = 15 * time.Second

// waiting counts the incidents that wait. Every page asks for it: only the first one waits for the answer, later ones
// get the last answer while a new one is being worked out.
func (c *Console) waiting(ctx context.Context, now time.Time) int {
	n, due, first := c.counter.last(now)
	if !due {
		return n
	}
	if !first {
		go c.count(context.WithoutCancel(ctx), now)
		return n
	}
	c.count(ctx, now)
	n, _, _ = c.counter.last(now)
	return n
}

func (c *Console) count(ctx context.Context, now time.Time) {
	n, err := c.desk.WaitingIncidents(ctx)
	c.counter.set(n, now, err == nil)
}

// last returns the last answer, and whether the asker is to work out a new one.
func (k *counter) last(now time.Time) (n int, due, first bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	first = k.at.IsZero()
	due = !k.busy && (first || now.Sub(k.at).Abs() >= countedFor)
	k.busy = k.busy || due
	return k.n, due, first
}

func (k *counter) set(n int, now time.Time, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.busy = false
	if ok {
		k.n, k.at = n, now
	}
}

func (k *counter) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Time{}
}

// incidentList is a part of the incidents.
type incidentList struct {
	Show  string // "", "snoozed", "resolved"
	Items []*desk.Incident
	Other map[string]int
	More  bool

	Alerts alertsView // what fires, and who could not be reached
}

// incidentsShown keeps the page small.
const incidentsShown = 100

func (c *Console) incidents(w http.ResponseWriter, r *http.Request, p *page) error {
	all, err := c.desk.Incidents(r.Context())
	if err != nil {
		return err
	}
	list := listIncidents(all, r.URL.Query().Get("show"))
	if list.Alerts, err = c.alertsNow(r.Context()); err != nil {
		return err
	}
	return render(w, r, http.StatusOK, incidentsPage(p, list))
}

func listIncidents(all []*desk.Incident, show string) incidentList {
	list := incidentList{Show: show, Other: map[string]int{}}
	for _, i := range all {
		place := string(i.State)
		if i.Waits() {
			place = ""
		}
		list.Other[place]++
		if place != show {
			continue
		}
		if len(list.Items) == incidentsShown {
			list.More = true
			continue
		}
		list.Items = append(list.Items, i)
	}
	return list
}

// incidentView is one incident with what can be done for all of its charges.
type incidentView struct {
	*desk.Incident
	Shown    []*charge.Charge
	Looked   int // charges that one press takes
	Possible int // those of them that redelivering would help
	Fixed    *fixed
	Form     form
}

// fixed is what redelivering an incident's charges came to.
type fixed struct{ done, not int }

func (c *Console) incident(w http.ResponseWriter, r *http.Request, p *page) error {
	return c.showIncident(w, r, p, newForm(r))
}

// noted are the values of the form that notes an owner and a text: what was typed, else what stands there.
func (v incidentView) noted() form {
	if v.Form.Wrong != "" {
		return v.Form
	}
	return form{Values: url.Values{"owner": {v.Owner}, "note": {v.Note}}}
}

func (c *Console) showIncident(w http.ResponseWriter, r *http.Request, p *page, f form) error {
	i, err := c.desk.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := incidentView{Incident: i, Shown: i.Charges[:min(len(i.Charges), 50)], Form: f,
		Looked: min(len(i.Charges), mostFixed)}
	if p.Support() && v.Looked > 0 {
		can, err := c.desk.Redeliverable(r.Context(), i.Charges[:v.Looked])
		if err != nil {
			return err
		}
		for _, possible := range can {
			if possible {
				v.Possible++
			}
		}
	}
	if done, found := recall[fixed](&c.memory, p.secret, r.URL.Query().Get("fixed"), p.Now); found {
		v.Fixed = &done
	}
	return render(w, r, f.status(), incidentPage(p, v))
}

// mostFixed is how many charges of an incident one press redelivers.
const mostFixed = 500

// errOverwritten is a note on an incident that would take another's place unseen.
var errOverwritten = errors.New("somebody else has noted something since")

// noteIncident takes what somebody says of an incident.
func (c *Console) noteIncident(w http.ResponseWriter, r *http.Request, p *page) error {
	id, verb, f := r.PathValue("id"), r.PostForm.Get("verb"), newForm(r)
	var by desk.IncidentNote // the note that stands there
	verbs := map[string]func(*desk.IncidentNote) error{
		"acknowledge": func(n *desk.IncidentNote) error {
			n.State, n.Owner = desk.IncidentAcknowledged, cmp.Or(n.Owner, p.Who.Name)
			return nil
		},
		"snooze": func(n *desk.IncidentNote) error {
			hours, err := strconv.Atoi(f.Get("hours"))
			if err != nil || hours < 1 || hours > 168 {
				hours = 4
			}
			n.State, n.Until = desk.IncidentSnoozed, p.Now.Add(time.Duration(hours)*time.Hour).UTC()
			return nil
		},
		"resolve": func(n *desk.IncidentNote) error { n.State = desk.IncidentResolved; return nil },
		"reopen":  func(n *desk.IncidentNote) error { n.State = desk.IncidentOpen; return nil },
		"note": func(n *desk.IncidentNote) error {
			by = *n
			if seen := f.Get("seen"); seen != "" && seen != noteSeen(by) {
				return errOverwritten
			}
			n.Owner, n.Note = strings.TrimSpace(f.Get("owner")), strings.TrimSpace(f.Get("note"))
			return nil
		},
	}
	say, known := verbs[verb]
	if !known {
		return desk.Fail(desk.NotFound, "no such action")
	}
	switch err := c.desk.NoteIncident(r.Context(), p.Who, id, verb, say); {
	case errors.Is(err, errOverwritten):
		f.Wrong = fmt.Sprintf(p.T("%s %s改过这里：负责人“%s”，备注“%s”。下面是您的内容，请核对后再保存。",
			"%s has changed this (%s): owner “%s”, note “%s”. Below is yours; look at it before you save it."),
			by.By, p.Ago(by.At), by.Owner, by.Note)
		return c.showIncident(w, r, p, f)
	case err != nil:
		return err
	}
	c.counter.forget()
	return c.seeOther(w, r, "/incidents/"+id, "noted")
}

// noteSeen stands for what people have said of an incident as a form shows it: who noted something last, and when.
func noteSeen(n desk.IncidentNote) string {
	if n.At.IsZero() {
		return "-"
	}
	return Stamp(n.At) + " " + n.By + " " + n.Owner + " " + n.Note
}

// fixIncident redelivers the charges of an incident that this can help.
func (c *Console) fixIncident(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	reason := strings.TrimSpace(f.Get("reason"))
	if reason == "" {
		f.bad("reason", p.T("请填写原因，它会写入审计", "give a reason; it is kept in the audit log"))
		return c.showIncident(w, r, p, f)
	}
	i, err := c.desk.Incident(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	var done fixed
	for _, ch := range i.Charges[:min(len(i.Charges), mostFixed)] {
		effect, err := c.desk.Redeliver(r.Context(), p.Who, ch.ID, flow.Action{Reason: reason})
		switch {
		case err != nil && desk.KindOf(err) != desk.NotFound:
			return err
		case effect.Done:
			done.done++
		default:
			done.not++
		}
	}
	c.counter.forget()
	return c.seeOther(w, r, "/incidents/"+i.ID+"?"+c.shownAfter(p, "fixed", done), "")
}

// compensate notes money that a driver was given by hand.
func (c *Console) compensate(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	amount, err := charge.ParseFen(strings.TrimSpace(r.PostForm.Get("amount")))
	if err != nil {
		amount = 0
	}
	if err := c.desk.Compensate(r.Context(), p.Who, id, amount, strings.TrimSpace(r.PostForm.Get("how"))); err != nil {
		f := newForm(r)
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
		return c.showCharge(w, r, p, id, f)
	}
	c.counter.forget()
	return c.seeOther(w, r, "/charges/"+ID(id), "noted")
}

// compensationList is what was given by hand in a month.
type compensationList struct {
	Month string // "2026-01"
	Items []desk.Compensation
	Sum   charge.Fen
}

func (c *Console) compensationsOf(r *http.Request, p *page) (compensationList, error) {
	local := p.Now.In(charge.Shanghai)
	from := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, charge.Shanghai)
	if asked, err := time.ParseInLocation("2006-01", r.URL.Query().Get("month"), charge.Shanghai); err == nil {
		from = asked
	}
	list := compensationList{Month: from.Format("2006-01")}
	var err error
	list.Items, err = c.desk.Compensations(r.Context(), from, from.AddDate(0, 1, 0))
	for _, one := range list.Items {
		list.Sum += one.Amount
	}
	return list, err
}

func (c *Console) compensations(w http.ResponseWriter, r *http.Request, p *page) error {
	list, err := c.compensationsOf(r, p)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, compensationsPage(p, list))
}

func (c *Console) compensationFile(w http.ResponseWriter, r *http.Request, p *page) error {
	list, err := c.compensationsOf(r, p)
	if err != nil {
		return err
	}
	return csvFile(w, "compensations-"+list.Month+".csv", func(write func(...string)) error {
		write(p.T("时间（+08:00）", "when (+08:00)"), p.T("车牌", "plate"), p.T("车场编号", "lot"), p.T("车场", "name of the lot"),
			p.T("原因", "reason"),
			p.T("金额（元）", "amount (yuan)"), p.T("方式", "how"), p.T("经办", "by"), p.T("充电记录编号", "charge"))
		for _, one := range list.Items {
			write(sheetTime(one.At), p.Plate(one.Plate), one.Lot.String(), c.lotTitle(one.Lot),
				p.Say(p.Word(words.ChargeReason, string(one.Reason)).Name),
				one.Amount.String(), one.How, one.By, ID(one.Charge))
		}
		write(p.T("合计", "sum"), "", "", "", "", list.Sum.String(), "", "", "")
		return nil
	})
}

// incidentTitle names an incident in a line: where, and what.
func (p *page) incidentTitle(i *desk.Incident) string {
	if i.Account != "" {
		return i.Account + " · " + p.Say(p.Word(words.PushOutcome, string(i.Outcome)).Name)
	}
	return p.Lot(i.Lot) + " · " + p.Say(p.Word(words.ChargeReason, string(i.Reason)).Name)
}

// incidentNext is the next thing to do about an incident.
func (p *page) incidentNext(i *desk.Incident) string {
	if i.Account != "" {
		return p.Say(p.Word(words.PushOutcome, string(i.Outcome)).Next)
	}
	return p.Say(p.Word(words.ChargeReason, string(i.Reason)).Next)
}

// atStake is what drivers should have had.
func (p *page) atStake(i *desk.Incident) string {
	if len(i.AtStake) == 0 {
		return "–"
	}
	return words.Grants(p.Lang, i.AtStake...)
}

// howMany says how many cars, or pushes, an incident is about.
func (p *page) howMany(i *desk.Incident) string {
	pushes, cars := "%d pushes", "%d cars%s · %d inside"
	if i.Pushes == 1 {
		pushes = "%d push"
	}
	if i.Cars == 1 {
		cars = "%d car%s · %d inside"
	}
	if i.Account != "" {
		return fmt.Sprintf(p.T("%d 次推送", pushes), i.Pushes)
	}
	return fmt.Sprintf(p.T("%d 车%s · %d 在场", cars), i.Cars, plus(i.More), i.Inside)
}

func incidentTone(i *desk.Incident) string {
	switch {
	case !i.Waits():
		return "calm"
	case i.State == desk.IncidentAcknowledged:
		return "wait"
	}
	return "bad"
}

func (p *page) incidentState(i *desk.Incident) string {
	switch {
	case i.Reopened:
		return p.T("再次发生", "happened again")
	case i.State == desk.IncidentAcknowledged:
		return p.T("处理中", "acknowledged")
	case i.State == desk.IncidentSnoozed:
		return fmt.Sprintf(p.T("暂缓至 %s", "snoozed until %s"), p.Clock(i.Until))
	case i.State == desk.IncidentResolved:
		return p.T("已解决", "resolved")
	}
	return p.T("待处理", "open")
}

// incidentPushes leads to the pushes of an incident.
func incidentPushes(i *desk.Incident) string {
	return "/pushes?" + url.Values{"outcome": {string(i.Outcome)}, "account": {i.Account}}.Encode()
}

// compensable reports whether a charge's driver may be compensated by hand: the car has left without what it should
// have had.
func compensable(c *charge.Charge, stay *charge.Stay) bool {
	if stay != nil && stay.Open {
		return false
	}
	return slices.Contains([]charge.State{charge.StateGaveUp, charge.StateRefused, charge.StateUnknown,
		charge.StateExpired, charge.StateNoGrant}, c.State)
}
