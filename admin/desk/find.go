package desk

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Found is what the one search box comes to.
type Found struct {
	Charges  []*charge.Charge // newest first
	Told     []*flow.Story    // of the first of them
	Stays    []*charge.Stay   // newest first
	Refused  []charge.Push    // refused pushes that name it, newest first; unproven
	Lots     []*charge.Lot
	Accounts []*charge.Account
	Bindings []*charge.Binding // that a charger belongs to
	Push     int64             // the box held a push's id
	Exact    bool              // an id, order or uuid was met, not a part of a plate
	More     bool              // there are more charges than these
}

// Empty reports whether nothing was found.
func (f *Found) Empty() bool {
	return len(f.Charges)+len(f.Stays)+len(f.Refused)+len(f.Lots)+len(f.Accounts)+len(f.Bindings) == 0 && f.Push == 0
}

// What the search box looks at and shows.
const (
	findCharges = 50
	findStays   = 20
	findOthers  = 20
	findTold    = 10
	findShort   = 24 * time.Hour
)

// uuidText is what our deliveries' ids look like.
var uuidText = regexp.MustCompile(`^[0-9A-Za-z-]{16,64}$`)

// Find looks for what a person has typed: a lot by its number or name, one of our ids, a delivery's uuid, an order
// number of a platform or a lot, an account, a charger, a plate or a part of one.
func (d *Desk) Find(ctx context.Context, who guard.Identity, text string) (*Found, error) {
	found := &Found{}
	d.findEstate(text, found)
	if len(found.Lots) == 1 && LotNumber(text) == found.Lots[0].ID {
		return found, nil
	}
	if id, err := strconv.ParseInt(text, 10, 64); err == nil && id > 0 {
		if done, err := d.findID(ctx, id, found); done || err != nil {
			return found, err
		}
	}
	if done, err := d.findNumber(ctx, who, text, found); done || err != nil {
		return found, err
	}
	return found, d.findPlate(ctx, who, text, found)
}

// findEstate looks for lots, accounts and chargers.
func (d *Desk) findEstate(text string, found *Found) {
	state := d.cfg.Estate.State()
	id, low := LotNumber(text), strings.ToLower(text)
	for _, l := range state.Lots() {
		fits := l.ID == id || l.ID.Park == text || l.ID.Union == text || utf8.RuneCountInString(low) > 1 &&
			strings.Contains(strings.ToLower(l.Name), low)
		if fits && len(found.Lots) < findOthers {
			found.Lots = append(found.Lots, l)
		}
	}
	for _, a := range state.Accounts() {
		if len(low) > 2 && strings.Contains(strings.ToLower(a.ID), low) && len(found.Accounts) < findOthers {
			found.Accounts = append(found.Accounts, a)
		}
	}
	for _, b := range state.Bindings() {
		if slices.Contains(b.Chargers, text) && len(found.Bindings) < findOthers {
			found.Bindings = append(found.Bindings, b)
		}
	}
}

// LotNumber reads a lot's number as we or any platform writes it, such as 200461&&1313, 200461-1313 or 200461,1313;
// zero where it is none.
func LotNumber(text string) charge.LotID {
	id, _ := charge.SplitLot(text, "/", "&&", "-", ",", "，")
	return id
}

// findID looks for one of our own ids: of a charge or of a push.
func (d *Desk) findID(ctx context.Context, id int64, found *Found) (done bool, err error) {
	story, err := d.Story(ctx, id)
	switch {
	case err == nil:
		found.Charges, found.Exact = []*charge.Charge{story.Charge}, true
		return true, nil
	case KindOf(err) != NotFound:
		return false, err
	case id < smallestID: // a number of a platform's or a lot's
		return false, nil
	}
	push, err := d.cfg.Reads.Push(ctx, id)
	if err != nil || push == nil {
		return false, Wrap(err)
	}
	found.Push = id
	return true, nil
}

// smallestID is less than any id that a node makes: they begin with milliseconds.
const smallestID = 1 << 40

// findNumber looks for an order number of a platform, a uuid, and a lot's number of a stay.
func (d *Desk) findNumber(ctx context.Context, who guard.Identity, text string, found *Found) (done bool, err error) {
	exact := []charge.ChargeFilter{{Order: text}}
	if uuidText.MatchString(text) {
		exact = append(exact, charge.ChargeFilter{UUID: text})
	}
	for _, f := range exact {
		page, err := d.Charges(ctx, who, f)
		if err != nil {
			return false, err
		}
		if len(page.Items) > 0 {
			found.Charges, found.Exact = page.Items, true
			return true, d.tellFirst(ctx, found)
		}
	}
	stays, err := d.cfg.Reads.Stays(ctx, charge.StayFilter{Order: text, Limit: findStays})
	if err != nil {
		return false, Wrap(err)
	}
	refused, err := d.cfg.Reads.Pushes(ctx, charge.PushFilter{Order: text, Refused: true, Limit: findOthers})
	if err != nil {
		return false, Wrap(err)
	}
	found.Stays, found.Refused = stays.Items, refused.Items
	return len(found.Stays)+len(found.Refused) > 0, nil
}

// findPlate looks for a plate among charges, stays and refused pushes. Two characters are looked for among the cars
// that are in and the charges of the last day.
func (d *Desk) findPlate(ctx context.Context, who guard.Identity, text string, found *Found) error {
	plate, err := charge.ParsePlate(text)
	whole := err == nil
	if whole {
		text = plate.Full()
	}
	short := utf8.RuneCountInString(text) < minPlatePart
	if short && (utf8.RuneCountInString(text) < minShortPart || !Allows(who.Role, guard.RoleSupport)) {
		if !found.Empty() {
			return nil
		}
		return Fail(Invalid, "too short to search for",
			FieldError{Where: "query.q", Detail: "two characters of a plate or more; viewers give whole plates",
				Chinese: "车牌至少两个字符；只读角色请输入完整车牌"})
	}
	if blind(who, text) {
		return nil
	}
	var charges charge.Page[*charge.Charge]
	var stays charge.Page[*charge.Stay]
	if short {
		charges, stays, err = d.cfg.Reads.FindShort(ctx, text, d.Now().Add(-findShort), findCharges, findStays)
	} else {
		charges, stays, err = d.cfg.Reads.FindPlate(ctx, text, findCharges, findStays)
	}
	if err != nil {
		return Wrap(err)
	}
	car, err := d.carOf(ctx, who, text)
	if err != nil {
		return err
	}
	charges = onlyWhole(who, text, charges, car, chargeIs)
	stays = onlyWhole(who, text, stays, car, (*charge.Stay).Is)
	found.Charges, found.Stays, found.More = charges.Items, stays.Items, charges.Next != ""
	if err := d.findRefused(ctx, who, text, plate, found); err != nil {
		return err
	}
	return d.tellFirst(ctx, found)
}

// findRefused looks for refused pushes that name a plate, or for those who may, a part of one.
func (d *Desk) findRefused(ctx context.Context, who guard.Identity, text string, plate charge.Plate,
	found *Found) error {
	f := charge.PushFilter{Plate: plate, Refused: true, Limit: findOthers}
	if plate == "" {
		if !Allows(who.Role, guard.RoleSupport) {
			return nil
		}
		f.Part = text
	}
	page, err := d.cfg.Reads.Pushes(ctx, f)
	found.Refused = page.Items
	return Wrap(err)
}

// tellFirst adds the stories of the first charges, for their verdicts.
func (d *Desk) tellFirst(ctx context.Context, found *Found) (err error) {
	var ids []int64
	for _, c := range found.Charges[:min(findTold, len(found.Charges))] {
		ids = append(ids, c.ID)
	}
	found.Told, err = d.cfg.Story.Stories(ctx, ids)
	return Wrap(err)
}

// NearMiss is a charge that waits for its stay, and a stay whose plate differs by one character.
type NearMiss struct {
	Charge *charge.Charge
	Stay   *charge.Stay
}

// nearMost bounds what a look for near misses reads.
const nearMost = 200

// withoutStay are the charges that have found no stay. Each list is walked by an index of its own: one that a state
// and a reason narrow together may read all of the state to find nothing.
var withoutStay = []charge.ChargeFilter{
	{States: []charge.State{charge.StateHeld}, Limit: nearMost},
	{Reason: charge.ReasonNoStay, Limit: nearMost},
	{Reason: charge.ReasonHoldOver, Limit: nearMost},
}

// NearMisses proposes stays for charges that have found none: a camera's usual mistake is one character. Nothing is
// applied by itself.
func (d *Desk) NearMisses(ctx context.Context) ([]NearMiss, error) {
	var waiting []*charge.Charge
	for _, f := range withoutStay {
		list, err := d.cfg.Reads.Charges(ctx, f)
		if err != nil {
			return nil, Wrap(err)
		}
		waiting = append(waiting, list.Items...)
	}
	waiting = slices.DeleteFunc(waiting, func(c *charge.Charge) bool {
		return c.State != charge.StateHeld && c.State != charge.StateExpired && c.State != charge.StateNoGrant
	})
	stays, err := d.cfg.Reads.NearStays(ctx, waiting)
	if err != nil {
		return nil, Wrap(err)
	}
	var near []NearMiss
	for i, c := range waiting {
		for _, s := range stays[i] {
			near = append(near, NearMiss{c, s})
		}
	}
	slices.SortStableFunc(near, func(a, b NearMiss) int { return cmp.Compare(b.Charge.ID, a.Charge.ID) })
	return near, nil
}
