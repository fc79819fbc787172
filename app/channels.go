package app

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/callback"
	"github.com/chargestamp/chargestamp/lot/coupon"
)

// channels are the ways into car parks. The ledger is none: nothing travels there.
func (a *App) channels() map[charge.DeliveryChannel]lot.Channel {
	return map[charge.DeliveryChannel]lot.Channel{
		charge.ChannelLine:     a.line,
		charge.ChannelCallback: called{a.callback, a.coupon},
	}
}

// keepingRefusal bounds how long a refused login waits for its record.
const keepingRefusal = 5 * time.Second

// loginRefused keeps the last refused login of a lot, for those who asks why the lot is off line.
func (a *App) loginRefused(id charge.LotID, r charge.RefusedLogin) {
	ctx, cancel := context.WithTimeout(context.Background(), keepingRefusal)
	defer cancel()
	if err := a.store.SetRefusedLogin(ctx, id, r); err != nil {
		a.logger.Warn("refused login not stored", "lot", id.String(), "error", err)
	}
}

// pricers are the ways in of the kinds of lots that can be asked for a price.
func (a *App) pricers() map[charge.LotKind]lot.Pricer {
	ways := map[charge.Message]lot.Pricer{charge.Message325: a.line, charge.Message514: a.callback,
		charge.MessageCoupon: a.coupon}
	asked := map[charge.LotKind]lot.Pricer{}
	for _, kind := range lot.Kinds() {
		if p := ways[kind.Messages[0]]; p != nil && kind.CanPrice {
			asked[kind.ID] = p
		}
	}
	return asked
}

// called are the two ways of calling lots over HTTP. A message says which one it goes by.
type called struct {
	callback *callback.Channel
	coupon   *coupon.Channel
}

// Compose writes a notice for the channel that its message goes out by.
func (c called) Compose(n lot.Notice) ([]byte, error) { return c.way(n.Message).Compose(n) }

// Here is always true: any node can call a lot.
func (c called) Here(charge.LotID) bool { return true }

// Deliver tries an order by the way that its message goes.
func (c called) Deliver(o lot.Order, done func(lot.Result)) { c.way(o.Message).Deliver(o, done) }

func (c called) way(m charge.Message) lot.Channel {
	if m == charge.MessageCoupon {
		return c.coupon
	}
	return c.callback
}

// Breaker reports how a lot stands, which has orders by one of the ways only.
func (c called) Breaker(id charge.LotID) string {
	if state := c.coupon.Breaker(id); state != "closed" {
		return state
	}
	return c.callback.Breaker(id)
}
