// Package callback is the way into API lots, whose vendors run clouds of their own: it sends them reductions
// by the signed callback 5.14, asks them for prices by 5.1, and reads their entries, exits and usage by 3.1, 3.2
// and 3.11. The book of these interfaces is https://www.kancloud.cn/bolink/newapi ; docs/lots/README.md lists its
// pages.
package callback

import (
	"context"
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/seal"
)

// contentType is what the published servers are seen to send; the book names none.
const contentType = "application/json;charset=utf-8"

// Client makes guarded requests, each with a time limit of its own; outbound.Client is one.
type Client interface {
	Post(ctx context.Context, r outbound.Request) (outbound.Response, error)
}

// envelope signs data (S1) with the vendor's key, exactly as it goes on the wire.
func envelope(data []byte, ukey charge.Secret) []byte {
	sign := seal.S1(data, ukey)
	b := make([]byte, 0, len(data)+len(sign)+24)
	b = append(append(b, `{"data":`...), data...)
	return append(append(append(b, `,"sign":"`...), sign...), `"}`...)
}

// place is the address that callbacks to a lot are posted to, and the prefixes that may be dialled for it.
type place struct {
	url   string
	allow []netip.Prefix
}

var errNoPlace = charge.NewFault(charge.Say("delivery.no_place"),
	"the lot is unknown, off, or has no callback address: apply an estate that names one")

// placeOf finds a lot's callback address: its own, else its vendor's. Either's allow list counts.
func placeOf(d lot.Directory, id charge.LotID) (place, charge.Vendor, error) {
	l, vendor, known := d.Lot(id)
	p := place{url: l.Callback, allow: l.AllowTo}
	if p.url == "" {
		p.url = vendor.Callback
	}
	if len(vendor.AllowTo) > 0 {
		p.allow = append(l.AllowTo[:len(l.AllowTo):len(l.AllowTo)], vendor.AllowTo...)
	}
	if !known || p.url == "" {
		return place{}, vendor, errNoPlace
	}
	return p, vendor, nil
}

// local writes a time as lots read it, nothing for none.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(charge.Shanghai).Format(time.DateTime)
}
