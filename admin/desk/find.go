package desk

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Found is what the one search box comes to.
type Found struct {
	Charges []*charge.Charge // newest first
	Stays   []*charge.Stay   // of the plate, newest first
	Lot     *charge.Lot      // the box named a lot
	Exact   bool             // an id, order or uuid was met, not a part of a plate
}

// uuidText is what our deliveries' ids look like.
var uuidText = regexp.MustCompile(`^[0-9A-Za-z-]{16,64}$`)

// Find looks for what a person has typed: a lot, one of our ids, a delivery's uuid, a platform's order number,
// a plate or a part of one.
func (d *Desk) Find(ctx context.Context, who guard.Identity, text string) (*Found, error) {
	found := &Found{}
	if id, err := charge.ParseLotID(text); err == nil {
		if l, err := d.Lot(ctx, id); err == nil {
			found.Lot = l.Lot
			return found, nil
		}
	}
	if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
		story, err := d.Story(ctx, id)
		if err == nil {
			return &Found{Charges: []*charge.Charge{story.Charge}, Exact: true}, nil
		}
		if KindOf(err) != NotFound {
			return nil, err
		}
	}
	exact := []charge.ChargeFilter{{Order: text}}
	if uuidText.MatchString(text) {
		exact = append(exact, charge.ChargeFilter{UUID: text})
	}
	for _, f := range exact {
		page, err := d.Charges(ctx, who, f)
		if err != nil {
			return nil, err
		}
		if len(page.Items) > 0 {
			return &Found{Charges: page.Items, Exact: true}, nil
		}
	}
	return found, d.findPlate(ctx, who, text, found)
}

// What the search box shows of a plate.
const (
	findCharges = 50
	findStays   = 20
)

// findPlate looks for a plate among charges and stays.
func (d *Desk) findPlate(ctx context.Context, who guard.Identity, text string, found *Found) error {
	if plate, err := charge.ParsePlate(text); err == nil {
		text = plate.Full()
	}
	if err := checkPlatePart(text); err != nil {
		return err
	}
	charges, stays, err := d.cfg.Reads.FindPlate(ctx, text, findCharges, findStays)
	if err != nil {
		return Wrap(err)
	}
	found.Charges = whole(who, text, charges.Items, func(c *charge.Charge) charge.Plate { return c.Plate })
	found.Stays = whole(who, text, stays.Items, func(s *charge.Stay) charge.Plate { return s.Plate })
	return nil
}

// NearMiss is a charge that waits for its stay, and a stay whose plate differs by one character.
type NearMiss struct {
	Charge *charge.Charge
	Stay   *charge.Stay
}

// nearMost bounds what a look for near misses reads.
const nearMost = 200

// NearMisses proposes stays for held and expired charges: a camera's usual mistake is one character. Nothing is
// applied by itself.
func (d *Desk) NearMisses(ctx context.Context) ([]NearMiss, error) {
	waiting, err := d.cfg.Reads.Charges(ctx, charge.ChargeFilter{Limit: nearMost,
		States: []charge.State{charge.StateHeld, charge.StateExpired}})
	if err != nil {
		return nil, Wrap(err)
	}
	stays, err := d.cfg.Reads.NearStays(ctx, waiting.Items)
	if err != nil {
		return nil, Wrap(err)
	}
	var near []NearMiss
	for i, c := range waiting.Items {
		for _, s := range stays[i] {
			near = append(near, NearMiss{c, s})
		}
	}
	slices.SortStableFunc(near, func(a, b NearMiss) int { return cmp.Compare(b.Charge.ID, a.Charge.ID) })
	return near, nil
}
