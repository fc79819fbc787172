package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// Entry is what the fee software reports of a car that comes in (2.1).
type Entry struct {
	CarNumber string `json:"car_number"`
	InTime    int64  `json:"in_time"` // Unix seconds, as all times here
	CarType   string `json:"car_type"`
	Kind      string `json:"c_type"`
	UID       string `json:"uid"`
	OrderID   string `json:"order_id"`
	EmptyPlot int    `json:"empty_plot"`
	Channel   string `json:"in_channel_id"`
}

// Exit is what the fee software reports of a car that goes out (2.2).
type Exit struct {
	CarNumber  string `json:"car_number"`
	InTime     int64  `json:"in_time"`
	OutTime    int64  `json:"out_time"`
	UID        string `json:"uid"`
	OutUID     string `json:"out_uid"`
	Duration   int64  `json:"duration"` // minutes
	CarType    string `json:"car_type"`
	Kind       string `json:"c_type"`
	PayType    string `json:"pay_type"`
	EmptyPlot  int    `json:"empty_plot"`
	Total      string `json:"total"` // yuan, as all amounts here
	OrderID    string `json:"order_id"`
	Reduced    string `json:"reduce_amount"`
	Receivable string `json:"amount_receivable"`
	Channel    string `json:"out_channel_id"`
}

// The bolink link hears of an entry in five fields and of an exit in nine: what was taken off is not among them.
type (
	shortEntry struct {
		CarNumber string `json:"car_number"`
		InTime    int64  `json:"in_time"`
		OrderID   string `json:"order_id"`
		EmptyPlot int    `json:"empty_plot"`
		ParkID    string `json:"park_id"`
	}
	shortExit struct {
		CarNumber string `json:"car_number"`
		InTime    int64  `json:"in_time"`
		OutTime   int64  `json:"out_time"`
		Duration  int64  `json:"duration"`
		PayType   string `json:"pay_type"`
		Total     string `json:"total"`
		OrderID   string `json:"order_id"`
		EmptyPlot int    `json:"empty_plot"`
		ParkID    string `json:"park_id"`
	}
	fullEntry struct {
		Entry
		ParkID string `json:"park_id"`
	}
	fullExit struct {
		Exit
		ParkID string `json:"park_id"`
	}
)

// order is an entry or exit that waits for its answer on one link.
type order struct {
	link    Link
	service string // inpark and outpark on the bolink link, in_park and out_park on the cloud link
	id      string
	data    []byte
}

// Stored is an order that has not been forgotten.
type Stored struct {
	Link    Link
	Service string
	OrderID string
}

// Stored lists what has not been forgotten.
func (s *SDK) Stored() []Stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Stored, len(s.orders))
	for i, o := range s.orders {
		list[i] = Stored{o.link, o.service, o.id}
	}
	return list
}

// In stores an entry and reports it on every link that is up.
func (s *SDK) In(e Entry) {
	s.keep(&order{Bolink, "inpark", e.OrderID,
		plain(shortEntry{e.CarNumber, e.InTime, e.OrderID, e.EmptyPlot, s.cfg.ParkID})})
	if s.hasCloud() {
		s.keep(&order{Cloud, "in_park", e.OrderID, plain(fullEntry{e, s.cfg.ParkID})})
	}
}

// Out stores an exit and reports it on every link that is up. With both links the bolink one hears the gross amount as
// total.
func (s *SDK) Out(e Exit) {
	total := e.Total
	if s.hasCloud() {
		total = e.Receivable
	}
	s.keep(&order{Bolink, "outpark", e.OrderID, plain(shortExit{
		e.CarNumber, e.InTime, e.OutTime, e.Duration, e.PayType, total, e.OrderID, e.EmptyPlot, s.cfg.ParkID,
	})})
	if s.hasCloud() {
		s.keep(&order{Cloud, "out_park", e.OrderID, plain(fullExit{e, s.cfg.ParkID})})
	}
}

func (s *SDK) hasCloud() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cloud
}

func (s *SDK) keep(o *order) {
	s.mu.Lock()
	s.orders = append(s.orders, o)
	s.mu.Unlock()
	s.tell(o)
}

func (s *SDK) tell(o *order) {
	if l := s.link(o.link); l != nil {
		_ = l.uplink(o.service, o.data) // a link that breaks here leaves the order stored
	}
}

// answered forgets the order that an answer names, whatever its state, and reports whether it is about one. The exit
// of the bolink link is forgotten only where the answer has a pay_type text as well.
func (s *SDK) answered(link Link, m heard) bool {
	switch m.Service {
	case "inpark", "outpark", "in_park", "out_park":
	default:
		return false
	}
	var payType *string
	hasType := json.Unmarshal(m.PayType, &payType) == nil && payType != nil
	if m.OrderID == "" || m.Service == "outpark" && !hasType {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = slices.DeleteFunc(s.orders, func(o *order) bool {
		return o.link == link && o.service == m.Service && o.id == m.OrderID
	})
	close(s.changed)
	s.changed = make(chan struct{})
	return true
}

// forward reports what is stored again at every full minute, one a second.
func (s *SDK) forward() {
	for s.pause(s.cfg.Times.Minute) {
		for _, o := range s.waiting() {
			if !s.isStored(o) {
				continue
			}
			s.count(func(c *Counts) { c.Resent[o.service+" "+o.id]++ })
			s.tell(o)
			if !s.pause(s.cfg.Times.Pace) {
				return
			}
		}
	}
}

// waiting lists what is stored in the order in which a round reports it: both kinds of the bolink link first.
func (s *SDK) waiting() []*order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*order
	for _, service := range []string{"inpark", "outpark", "in_park", "out_park"} {
		for _, o := range s.orders {
			if o.service == service {
				list = append(list, o)
			}
		}
	}
	return list
}

func (s *SDK) isStored(o *order) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.orders, o)
}

// Settled waits until nothing about an order is stored any more: both links have been answered.
func (s *SDK) Settled(ctx context.Context, orderID string) error {
	for {
		s.mu.Lock()
		changed := s.changed
		stored := slices.ContainsFunc(s.orders, func(o *order) bool { return o.id == orderID })
		s.mu.Unlock()
		if !stored {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("order %s is still stored: %w", orderID, context.Cause(ctx))
		case <-s.ctx.Done():
			return fmt.Errorf("order %s is still stored, and the SDK is closed", orderID)
		}
	}
}
