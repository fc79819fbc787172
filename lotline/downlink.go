package lotline

import (
	"encoding/json"
	"errors"
	"time"
)

var errNobody = errors.New("this machine does not do that")

// reduce takes a reduction, once for each uuid, and acknowledges it.
func (l *line) reduce(raw []byte) {
	r, err := readReduction(raw)
	if errors.Is(err, errNotCharging) {
		l.other(serviceNotice, raw)
		return
	}
	ack := Ack{UUID: r.UUID, State: 1}
	if err == nil {
		err = l.take(r)
	}
	if errors.Is(err, errUnsure) {
		return // not acknowledged: it comes again
	}
	if err != nil {
		ack.State, ack.ErrMsg = 0, clip(err.Error())
	}
	if l.c.cfg.Hooks.Applied != nil && err == nil && l.c.cfg.Hooks.Applied(r) {
		l.close()
		return
	}
	for _, a := range l.c.cfg.Hooks.acks(r, ack) {
		l.acknowledge(r, a)
	}
}

// errUnsure says that the store does not tell whether a reduction was taken.
var errUnsure = errors.New("store fails")

func (l *line) take(r Reduction) error {
	if l.c.unkept[r.UUID] {
		l.remember(r.UUID)
		return nil
	}
	again, err := l.c.keep.Taken(r.UUID)
	switch {
	case err != nil:
		l.logStore(err)
		return errUnsure
	case again:
		return nil
	case l.c.cfg.OnReduction == nil:
		return errNobody
	}
	if err := l.c.cfg.OnReduction(l.c.ctx, r); err != nil {
		return err
	}
	l.remember(r.UUID)
	return nil
}

// remember notes that a reduction was taken. Where the store fails, on a full disk perhaps, this process still
// knows.
func (l *line) remember(uuid string) {
	err := l.c.keep.Take(uuid, time.Now())
	l.logStore(err)
	if err == nil {
		delete(l.c.unkept, uuid)
	} else {
		l.c.unkept[uuid] = true
	}
}

// acknowledge sends one acknowledgement, now or after its delay. Which side it is for is reported by the message.
func (l *line) acknowledge(r Reduction, a Ack) {
	w := wireAck{Service: serviceNotice, Target: "cloud", UUID: a.UUID, ErrMsg: a.ErrMsg}
	if r.Message == "3.36" {
		w.Target = "bolink"
	}
	if !a.NoState {
		w.State = &a.State
	}
	send := func() { _ = l.uplink(serviceNotice, text(w)) } // a line that breaks here gets the reduction again
	if a.After > 0 {
		time.AfterFunc(a.After, func() { l.c.sendAnywhere(text(w)) })
		return
	}
	send()
}

// sendAnywhere sends an acknowledgement by whichever line is up by then.
func (c *Client) sendAnywhere(data []byte) {
	if l := c.current(); l != nil {
		_ = l.uplink(serviceNotice, data)
	}
}

// price answers a price query.
func (l *line) price(raw []byte) {
	var w wirePriceQuery
	if err := json.Unmarshal(raw, &w); err != nil {
		l.c.cfg.Logger.Warn("a price query cannot be read", "error", err)
		return
	}
	q := PriceQuery{OrderID: w.OrderID, CarNumber: w.CarNumber, OutChannel: w.OutChannel, QueryNo: w.QueryNo}
	scene, _ := w.Scene.Int64() // 0 is the default
	q.Scene = int(scene)
	p, err := Price{}, errNobody
	if l.c.cfg.OnPrice != nil {
		p, err = l.c.cfg.OnPrice(l.c.ctx, q)
	}
	reply := wirePrice{
		Service: serviceQuery, Target: "bolink", State: 1, ParkID: l.c.cfg.ParkID, OrderID: w.OrderID, QueryNo: w.QueryNo,
		Price: p.Price, Total: p.Total, DerateMoney: p.DerateMoney, DerateMinutes: p.DerateMinutes, Minutes: p.Minutes,
		LeaveMinutes: p.LeaveMinutes, QueryTime: unix(p.QueryTime),
	}
	if p.OrderID != "" {
		reply.OrderID = p.OrderID
	}
	if p.QueryTime.IsZero() {
		reply.QueryTime = unix(time.Now())
	}
	if err != nil {
		reply.State, reply.ErrMsg = 0, clip(err.Error())
	}
	_ = l.uplink(serviceQuery, text(reply)) // a line that breaks here leaves the question unanswered
}

// pass answers a pass-through.
func (l *line) pass(raw []byte) {
	var w struct {
		UUID string          `json:"uuid"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		l.c.cfg.Logger.Warn("a pass-through cannot be read", "error", err)
		return
	}
	data := string(w.Data)
	var quoted string
	if json.Unmarshal(w.Data, &quoted) == nil {
		data = quoted
	}
	reply := wirePass{Service: servicePass, Target: "cloud", UUID: w.UUID}
	err := errNobody
	if l.c.cfg.OnPass != nil {
		reply.Data, err = l.c.cfg.OnPass(l.c.ctx, data)
	}
	if err != nil {
		reply.State, reply.ErrMsg = new(int), clip(err.Error())
	}
	_ = l.uplink(servicePass, text(reply))
}

func (l *line) other(service string, raw []byte) {
	if l.c.cfg.OnOther != nil {
		l.c.cfg.OnOther(service, raw)
	}
}

// clip keeps an error text within the 48 characters of the book.
func clip(s string) string {
	if r := []rune(s); len(r) > 48 {
		return string(r[:48])
	}
	return s
}
