package callback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/seal"
)

// query51 is the data of 5.1 for an order that is still inside: https://www.kancloud.cn/bolink/newapi/524080
// query_order_no is ours, to be echoed.
type query51 struct {
	ServiceName  string `json:"service_name"`
	ParkID       string `json:"park_id"`
	CarNumber    string `json:"car_number"`
	OrderID      string `json:"order_id"`
	PayScene     int    `json:"pay_scene"`
	QueryOrderNo string `json:"query_order_no"`
}

// QueryPrice asks a lot what a stay would cost now (5.1, pay_scene 0: paying inside). The errors say what the
// lot answered.
func (c *Channel) QueryPrice(ctx context.Context, stay charge.Stay) (lot.Price, error) {
	place, vendor, err := placeOf(c.cfg.Directory, stay.Lot)
	if err != nil {
		return lot.Price{}, err
	}
	now := c.cfg.Now()
	data := seal.PrintJSON(query51{
		ServiceName: "query_price", ParkID: stay.Lot.Park, CarNumber: stay.Plate.Wire(), OrderID: stay.OrderID,
		QueryOrderNo: fmt.Sprintf("q%d", now.UnixMicro()),
	})
	r, err := c.cfg.Client.Post(ctx, outbound.Request{
		URL: place.url, Type: contentType, Body: envelope(data, vendor.Ukey), Allow: place.allow,
	})
	if err != nil {
		return lot.Price{}, fmt.Errorf("asking lot %s for a price: %w", stay.Lot, err)
	}
	if r.Status < 200 || r.Status >= 300 {
		return lot.Price{}, fmt.Errorf("lot %s answered the price query with HTTP %d", stay.Lot, r.Status)
	}
	p, err := readPrice(r.Body, now)
	if err != nil {
		return lot.Price{}, fmt.Errorf("lot %s answered the price query: %s", stay.Lot, lot.Shown(err.Error(), stay.Plate))
	}
	return p, nil
}

// readPrice reads an answer to 5.1. total, derate_money, derate_duration and query_time are optional.
func readPrice(body []byte, now time.Time) (lot.Price, error) {
	f, err := lot.ReadReply(body)
	if err != nil {
		return lot.Price{}, errors.New(lot.Unread(body, ""))
	}
	if f.State() != lot.StateYes {
		return lot.Price{}, errors.New("state " + f.State() + ": " + f.Text("errmsg"))
	}
	p := f.Price(now)
	return p, f.Err()
}
