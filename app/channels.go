package app

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// channels are the ways into car parks. The ledger is none: nothing travels there.
func (a *App) channels() map[charge.DeliveryChannel]lot.Channel {
	return map[charge.DeliveryChannel]lot.Channel{
		charge.ChannelLine:     a.line,
		charge.ChannelCallback: a.callback,
	}
}

// pricers are the channels of the kinds of lots that can be asked for a price.
func pricers(channels map[charge.DeliveryChannel]lot.Channel) map[charge.LotKind]lot.Pricer {
	asked := map[charge.LotKind]lot.Pricer{}
	for _, kind := range lot.Kinds() {
		if p, can := channels[kind.Channel].(lot.Pricer); can && kind.CanPrice {
			asked[kind.ID] = p
		}
	}
	return asked
}
