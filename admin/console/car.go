package console

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) carRoutes() {
	c.signed(guard.RoleViewer, "GET /charges/{id}", c.charge)
	c.signed(guard.RoleViewer, "GET /stays/{id}", c.stay)
}

// charge shows the visit that a charge belongs to, as it stands for that charge.
func (c *Console) charge(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return c.showCharge(w, r, p, id, newForm(r))
}

// showCharge shows the page of a charge, with what is wrong with the compensation that was typed there.
func (c *Console) showCharge(w http.ResponseWriter, r *http.Request, p *page, id int64, f form) error {
	car, err := c.desk.CarOfCharge(r.Context(), p.Who, id)
	if err != nil {
		return err
	}
	v := c.carView(p, car)
	v.Form = f
	paid, err := c.desk.Compensated(r.Context())
	if err != nil {
		return err
	}
	if one, found := paid[id]; found {
		v.Paid = &one
	}
	if p.HTMX {
		return render(w, r, http.StatusOK, carBeside(p, v))
	}
	return render(w, r, f.status(), carPage(p, v))
}

// stay shows a visit by its stay.
func (c *Console) stay(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	car, err := c.desk.CarOfStay(r.Context(), p.Who, id)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, carPage(p, c.carView(p, car)))
}

// carView is a visit in the words of a page.
type carView struct {
	*desk.Car
	told     // of the charge that the page is about; empty for a stay without charges
	LotTitle string
	Answer   string
	Tone     string
	Reply    string // to the driver
	Bar      stayBar
	Paid     *desk.Compensation // by hand; nil where none was noted
	Form     form               // of a compensation

	OtherReply string // in the other language
}

func (c *Console) carView(p *page, car *desk.Car) carView {
	v := carView{Car: car, LotTitle: c.lotTitle(car.Lot), Tone: "calm"}
	v.Answer = sentences(p.Lang, car.Summary(p.Plate(car.Plate), v.LotTitle, p.Now))
	if car.Told != nil {
		v.told = c.tell(p, car.Told, car.Verdict)
		v.Tone = toneOf(car.Verdict)
		reply := car.Reply()
		v.Reply, v.OtherReply = sentences(p.Lang, reply), sentences(p.otherLang(), reply)
	}
	v.Bar = barOf(p, car)
	return v
}

// sentences puts whole sentences one after the other.
func sentences(l words.Lang, list charge.Notes) string {
	said := make([]string, 0, len(list))
	for _, n := range list {
		said = append(said, words.Note(l, n))
	}
	return strings.Join(said, words.Text{ZH: "", EN: " "}.In(l))
}

// lotTitle is a lot's name, or its number where it has none.
func (c *Console) lotTitle(id charge.LotID) string {
	if l := c.desk.Estate().StoredLot(id); l != nil {
		return cmp.Or(l.Name, id.String())
	}
	return id.String()
}

// barWidth is the width of a stay's bar in its own units.
const barWidth = 1000

// stayBar draws a visit along time: the stay, the charges in it, and what came and went.
type stayBar struct {
	From, To time.Time
	Stay     barPart
	Open     bool
	Charges  []barPart
	Marks    []barMark
	Label    string // the same in words, in the order of time
}

type barPart struct {
	X, Width int
	Title    string
}

type barMark struct {
	X           int
	Tone, Title string
	Above       bool // from a platform; else to the lot
}

// barOf lays a visit out. The bar spans all that it shows.
func barOf(p *page, car *desk.Car) stayBar {
	from, to := car.Span(p.Now)
	b := stayBar{From: from, To: to, Open: car.Stay != nil && car.Stay.Open}
	widen := func(at time.Time) {
		if !at.IsZero() && at.Before(b.From) {
			b.From = at
		}
		if at.After(b.To) {
			b.To = at
		}
	}
	for _, s := range car.Charges {
		widen(s.Charge.StartedAt)
		widen(s.Charge.EndedAt)
		widen(s.Charge.Received)
	}
	for _, push := range car.Refused {
		widen(push.Received)
	}
	if !b.To.After(b.From) {
		b.To = b.From.Add(time.Minute)
	}
	var said []string
	if car.Stay != nil {
		b.Stay = b.part(from, to, p.T("停车", "stay"))
		said = append(said, p.T("入场 ", "came in ")+p.Clock(from))
	}
	for _, s := range car.Charges {
		if part, ok := b.charging(p, s.Charge); ok {
			b.Charges = append(b.Charges, part)
			said = append(said, part.Title)
		}
		b.Marks = append(b.Marks, b.traffic(p, s)...)
	}
	for _, push := range car.Refused {
		b.Marks = append(b.Marks, barMark{X: b.x(push.Received), Tone: "bad", Above: true,
			Title: p.T("被拒绝的推送 ", "refused push ") + p.Clock(push.Received)})
	}
	for _, m := range b.Marks {
		said = append(said, m.Title)
	}
	if car.Stay != nil && !car.Stay.Open {
		said = append(said, p.T("离场 ", "left ")+p.Clock(to))
	}
	b.Label = strings.Join(said, " · ")
	return b
}

// charging is the part of the bar in which the car charged.
func (b stayBar) charging(p *page, c *charge.Charge) (barPart, bool) {
	if c.StartedAt.IsZero() || !c.EndedAt.After(c.StartedAt) {
		return barPart{}, false
	}
	return b.part(c.StartedAt, c.EndedAt,
		fmt.Sprintf(p.T("%s 充电 %s – %s", "%s: charged %s – %s"), p.Platform(c.Platform), p.Clock(c.StartedAt),
			p.Clock(c.EndedAt))), true
}

// traffic are the pushes and tries of one charge, as far as the bar reaches.
func (b stayBar) traffic(p *page, s *flow.Story) []barMark {
	var marks []barMark
	for _, step := range s.Timeline {
		if step.At.Before(b.From) || step.At.After(b.To) {
			continue
		}
		switch row := step.Row.(type) {
		case charge.Push:
			marks = append(marks, barMark{X: b.x(step.At), Tone: tone(words.PushOutcome, string(row.Outcome)), Above: true,
				Title: p.T("推送 ", "push ") + p.Clock(step.At)})
		case flow.Try:
			marks = append(marks, barMark{X: b.x(step.At), Tone: tone(words.AttemptResult, string(row.Result)),
				Title: p.T("下发 ", "sent ") + p.Clock(step.At) + " " + p.Say(p.Word(words.AttemptResult, string(row.Result)).Name)})
		}
	}
	if most := 40; len(marks) > most {
		marks = marks[len(marks)-most:]
	}
	return marks
}

func (b stayBar) x(at time.Time) int {
	return int(int64(barWidth) * int64(at.Sub(b.From)/time.Second) / max(1, int64(b.To.Sub(b.From)/time.Second)))
}

func (b stayBar) part(from, to time.Time, title string) barPart {
	x := b.x(from)
	return barPart{X: x, Width: max(4, b.x(to)-x), Title: title}
}

// difference cuts a plate into what is like another one, the one character that is not, and the rest.
func difference(a, b string) (before, here, after string) {
	x, y := []rune(a), []rune(b)
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	end := min(i+1, len(x))
	if len(x) < len(y) {
		end = i
	}
	return string(x[:i]), string(x[i:end]), string(x[end:])
}
