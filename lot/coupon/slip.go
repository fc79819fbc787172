package coupon

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// slip is what a coupon says to any target. It is written once, when the reduction is granted, and never changes;
// time stamp, token and signature of the request are made anew at each try.
type slip struct {
	Plate   charge.Plate  `json:"plate"`
	Order   string        `json:"order"`
	Stay    string        `json:"stay,omitempty"` // the car park's own number of the stay, where it reports stays
	Method  charge.Method `json:"method"`
	Minutes int64         `json:"minutes,omitempty"`
	Amount  charge.Fen    `json:"amount,omitempty"`
	Started time.Time     `json:"started,omitzero"`
	Ended   time.Time     `json:"ended,omitzero"`
	Granted time.Time     `json:"granted"`
	Detail  charge.Detail `json:"detail"`
}

// Compose writes a notice down as a slip. It refuses what the lot's target cannot take.
func (c *Channel) Compose(n lot.Notice) ([]byte, error) {
	l, t, err := c.targetOf(n.Lot)
	if err != nil {
		return nil, err
	}
	if can, needs := t.Takes(n.Reduction.Method, l.Keys); !can {
		word := charge.Word("method", "method", n.Reduction.Method)
		if needs != "" {
			return nil, charge.NewFault(charge.Say("coupon.needs_key", word, charge.Text("key", needs)),
				fmt.Sprintf("%s gives %s only with the key %s", t.ID, n.Reduction.Method, needs))
		}
		return nil, charge.NewFault(charge.Say("coupon.cannot", word, charge.Text("target", t.About.Title)),
			fmt.Sprintf("%s takes no coupon of %s", t.ID, n.Reduction.Method))
	}
	return json.Marshal(slip{Plate: n.Plate, Order: n.Order, Stay: n.StayOrder, Method: n.Reduction.Method,
		Minutes: n.Reduction.Minutes,
		Amount:  n.Reduction.Amount, Started: n.Started, Ended: n.Ended,
		Granted: c.cfg.Now().UTC().Truncate(time.Millisecond), Detail: n.Detail})
}
