package coupon

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
)

// Desk calls a target as a server would, for one car park and without a server: to see how it answers. Close ends it.
type Desk struct {
	Target *Target
	lot    charge.LotID
	client *outbound.Client
	right  *Channel
	wrong  *Channel // with keys that are not the car park's
}

// only is a directory of one car park.
type only struct{ lot charge.Lot }

// Lot finds the car park.
func (o only) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	return o.lot, charge.Vendor{UnionID: id.Union}, id == o.lot.ID
}

// Vendor finds none.
func (o only) Vendor(string) (charge.Vendor, bool) { return charge.Vendor{}, false }

// anywhere lets a desk call whatever address the person at it names.
var anywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// OpenDesk makes a desk for a car park of a target. address stands in for that of the profile where it is not empty.
// The error names a key or address that is missing.
func OpenDesk(t *Target, id charge.LotID, address string, keys map[string]string) (*Desk, error) {
	l := charge.Lot{ID: id, Kind: charge.KindCoupon, Target: t.ID, Address: address, AllowTo: anywhere}
	other := l
	l.Keys, other.Keys = map[string]charge.Secret{}, map[string]charge.Secret{}
	for _, k := range t.Keys {
		text := cmp.Or(keys[k.Name], k.Default)
		if text == "" && !k.Optional {
			return nil, fmt.Errorf("%s needs the key %s: %s", t.ID, k.Name, k.English)
		}
		l.Keys[k.Name], other.Keys[k.Name] = charge.Secret(text), charge.Secret(text)
		if !k.Public {
			other.Keys[k.Name] = charge.Secret("not-" + text)
		}
	}
	if cmp.Or(address, t.Address) == "" {
		return nil, fmt.Errorf("%s has no address of its own: name the one that it gave you", t.ID)
	}
	d := &Desk{Target: t, lot: id, client: outbound.NewClient(outbound.Options{})}
	channel := func(l charge.Lot) *Channel {
		return NewChannel(ChannelConfig{Directory: only{l}, Client: d.client, Targets: Targets{t.ID: t}})
	}
	d.right, d.wrong = channel(l), channel(other)
	return d, nil
}

// Close ends the desk.
func (d *Desk) Close() {
	d.right.Stop()
	d.wrong.Stop()
	d.client.Close()
}

// KnowsOfCars reports whether an answer of the target can say that a car is not inside.
func (d *Desk) KnowsOfCars() bool {
	if l := d.Target.Lookup; l != nil && l.Answer.Missing == WhyNotInside {
		return true
	}
	for _, why := range d.Target.Give.Answer.Refused {
		if why == WhyNotInside {
			return true
		}
	}
	return false
}

// OtherKey reports whether wrong keys can be tried: what is no RSA key signs nothing.
func (d *Desk) OtherKey() bool {
	s := d.Target.Give.Sign
	return s == nil || s.Recipe != KVMD5RSA
}

// Give asks once for a coupon of some minutes, or for what the car park decides where minutes cannot be given.
// wrongKey signs with other keys than the car park's.
func (d *Desk) Give(plate charge.Plate, id string, minutes int64, wrongKey bool) lot.Result {
	channel, now := d.right, time.Now()
	if wrongKey {
		channel = d.wrong
	}
	n := lot.Notice{Lot: d.lot, Message: charge.MessageCoupon, UUID: id, Plate: plate, Order: id,
		Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: minutes},
		Started:   now.Add(-time.Hour), Ended: now}
	payload, err := channel.Compose(n)
	if err != nil {
		n.Reduction = charge.Reduction{Method: charge.MethodLotDecides}
		payload, err = channel.Compose(n)
	}
	if err != nil {
		return lot.Result{Result: charge.AttemptError, Detail: charge.Cause(err)}
	}
	result, _ := channel.try(lot.Order{Lot: d.lot, Message: charge.MessageCoupon, UUID: id, Payload: payload})
	return result
}

// Revoke takes the coupon with a number back.
func (d *Desk) Revoke(ctx context.Context, plate charge.Plate, id string) lot.Result {
	payload, err := d.right.Compose(lot.Notice{Lot: d.lot, Message: charge.MessageCoupon, UUID: id, Plate: plate,
		Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 1}})
	if err != nil {
		return lot.Result{Result: charge.AttemptError, Detail: charge.Cause(err)}
	}
	return d.right.Revoke(ctx, lot.Order{Lot: d.lot, Message: charge.MessageCoupon, UUID: id, Payload: payload})
}

// Due asks what a car would pay now.
func (d *Desk) Due(ctx context.Context, plate charge.Plate) (charge.Fen, error) {
	price, err := d.right.QueryPrice(ctx, charge.Stay{Lot: d.lot, Plate: plate})
	return price.Price, err
}
