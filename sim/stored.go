package sim

import (
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// said is what a PC has reported on one link, stored until it is answered.
type said struct {
	link        charge.Link
	service, id string
	data        map[string]any
	then        func() // once it is answered
}

// usageService is 2.34. Its answer names no order: one is under way at a time.
const usageService = "upload_duration_info"

// keep stores what is to be reported on a link, and reports it where the link is up.
func (m *pc) keep(s *said) {
	m.w.errands++
	s.data["park_id"] = m.park.id.Park
	m.stored = append(m.stored, s)
	m.report(s)
	m.atFullMinute()
}

func (m *pc) report(s *said) {
	if l := m.links[s.link]; l != nil && l.token != "" {
		l.say(s.service, s.data)
	}
}

// atFullMinute reports what is stored again, one a second.
func (m *pc) atFullMinute() {
	if m.resends || len(m.stored) == 0 {
		return
	}
	m.resends = true
	m.w.after(m.w.now().Truncate(time.Minute).Add(time.Minute).Sub(m.w.now()), func() {
		m.resends = false
		for i, s := range m.waiting() {
			m.w.after(time.Duration(i)*time.Second, func() {
				if slices.Contains(m.stored, s) {
					m.report(s)
				}
			})
		}
		m.atFullMinute()
	})
}

// waiting lists what is stored as a round reports it: both kinds of the bolink link first, of usages the oldest.
func (m *pc) waiting() (list []*said) {
	for _, service := range []string{"inpark", "outpark", "in_park", "out_park", usageService} {
		for _, s := range m.stored {
			if s.service == service && (service != usageService || !slices.ContainsFunc(list, isUsage)) {
				list = append(list, s)
			}
		}
	}
	return list
}

func isUsage(s *said) bool { return s.service == usageService }

// answered forgets what an answer names, whatever its state. The exit of the bolink link is forgotten only where the
// answer has a pay_type.
func (m *pc) answered(on charge.Link, a heard) {
	if a.Service != usageService && a.OrderID == "" || a.Service == "outpark" && a.PayType == "" {
		return
	}
	m.w.note("%s hears %s of %s %s", m.park.id.Park, a.State, a.Service, a.OrderID)
	var over []*said
	m.stored = slices.DeleteFunc(m.stored, func(s *said) bool {
		if s.link != on || s.service != a.Service || s.id != a.OrderID || isUsage(s) && len(over) > 0 {
			return false
		}
		over = append(over, s)
		return true
	})
	for _, s := range over {
		m.w.errands--
		if s.then != nil {
			s.then()
		}
	}
}

// enter reports an entry on each link.
func (m *pc) enter(e lot.Entry) {
	for _, link := range m.wants {
		service := "in_park"
		if link == charge.LinkBolink {
			service = "inpark"
		}
		m.keep(&said{link: link, service: service, id: e.OrderID, data: map[string]any{"car_number": string(e.Plate),
			"in_time": e.Entered.Unix(), "order_id": e.OrderID, "empty_plot": 20}})
	}
}

// leave reports an exit on each link; what was taken off the bolink link does not hear. then is called once the cloud
// link was answered.
func (m *pc) leave(x lot.Exit, then func()) {
	for _, link := range m.wants {
		s := &said{link: link, service: "out_park", id: x.OrderID, data: map[string]any{"car_number": string(x.Plate),
			"out_time": x.Left.Unix(), "order_id": x.OrderID, "pay_type": "wallet"}}
		if !x.Entered.IsZero() {
			s.data["in_time"] = x.Entered.Unix()
		}
		if link == charge.LinkBolink {
			s.service = "outpark"
		} else {
			s.then = then
			if r := x.Reduced; r != nil && r.Minutes > 0 {
				s.data["derate_duration"] = r.Minutes
			} else if r != nil {
				s.data["reduce_amount"] = r.Amount.String()
			}
		}
		m.keep(s)
	}
}

// use reports what was taken off for a charge.
func (m *pc) use(u lot.Usage, stay string) {
	s := &said{link: charge.LinkCloud, service: usageService, data: map[string]any{"car_number": string(u.Plate),
		"start_charge_seq": u.Order, "order_id": stay, "out_time": u.Left.Unix(), "calculation_method": u.Method}}
	if u.Method == 1 {
		s.data["duration"] = u.Minutes
	} else {
		s.data["reduce_amount"] = u.Amount.String()
	}
	m.keep(s)
}
