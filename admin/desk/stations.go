package desk

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
)

// stationsRead bounds how many refused pushes of a platform are looked through for stations.
const stationsRead = 500

// Station is a station or charging point that a platform pushed, with a sound seal, and no binding of its account
// lists.
type Station struct {
	Platform, Account string
	IDs               []string // as pushed, the narrowest first; a binding may list any of them
	Field             string   // of a binding that lists them: "stations" or "chargers"
	Count             int      // of refused pushes, the last 500 of the platform
	First, Last       time.Time
	Push              int64          // the newest of them
	Lots              []charge.LotID // that the account is bound to
}

// Stations lists the stations that wait to be bound, the one that was pushed last first. Those that a binding lists by
// now are not among them.
func (d *Desk) Stations(ctx context.Context) ([]Station, error) {
	var all []Station
	for _, info := range d.Platforms() {
		if !info.ByStation && info.LotField != "" {
			continue
		}
		found, err := d.stationsOf(ctx, info)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b Station) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Push, b.Push)) })
	return all, nil
}

func (d *Desk) stationsOf(ctx context.Context, info platform.Info) ([]Station, error) {
	page, err := d.cfg.Reads.Pushes(ctx, charge.PushFilter{Platform: info.ID, Outcome: charge.OutcomeUnknownLot,
		Limit: stationsRead})
	if err != nil {
		return nil, err
	}
	field := "chargers"
	if info.ByStation {
		field = "stations"
	}
	var found []Station
	at := map[string]int{}
	for _, p := range page.Items { // newest first
		ids := flow.Unlisted(p)
		if _, _, listed := d.Estate().BindingByCharger(p.Account, ids); listed || len(ids) == 0 {
			continue
		}
		key := p.Account + " " + strings.Join(ids, " ")
		i, known := at[key]
		if !known {
			i, at[key] = len(found), len(found)
			found = append(found, Station{Platform: p.Platform, Account: p.Account, IDs: ids, Field: field,
				Last: p.Received, Push: p.ID, Lots: d.boundLots(p.Account)})
		}
		found[i].Count++
		found[i].First = p.Received
	}
	return found, nil
}

// boundLots lists the lots that an account is bound to.
func (d *Desk) boundLots(account string) (lots []charge.LotID) {
	for _, b := range d.Estate().Bindings() {
		if b.Account == account {
			lots = append(lots, b.Lot)
		}
	}
	return lots
}
