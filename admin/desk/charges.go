package desk

import (
	"context"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform/intake"
)

// minPlatePart is the shortest part of a plate that is searched for: less finds half of everything.
const minPlatePart = 3

// minShortPart is the shortest part that the search box takes: it looks at the last day then.
const minShortPart = 2

// Charges lists charges. Viewers, who see plates masked, find by whole plates only: a part would let them
// read a plate off by asking again and again.
func (d *Desk) Charges(ctx context.Context, who guard.Identity, f charge.ChargeFilter) (charge.Page[*charge.Charge],
	error) {
	if err := checkPlatePart(f.Plate); err != nil {
		return charge.Page[*charge.Charge]{}, err
	}
	if blind(who, f.Plate) {
		return charge.Page[*charge.Charge]{}, nil
	}
	page, err := d.cfg.Reads.Charges(ctx, f)
	if err != nil {
		return page, Wrap(err)
	}
	car, err := d.carOf(ctx, who, f.Plate)
	return onlyWhole(who, f.Plate, page, car, chargeIs), err
}

// CountCharges counts the charges of a list that no plate narrows, up to f.Limit, and reports whether there are more.
func (d *Desk) CountCharges(ctx context.Context, f charge.ChargeFilter) (n int, more bool, err error) {
	f.Plate = "" // who may look for which is for Charges to say
	n, more, err = d.cfg.Reads.CountCharges(ctx, f)
	return n, more, Wrap(err)
}

// Stays lists stays, with the same limits as Charges.
func (d *Desk) Stays(ctx context.Context, who guard.Identity, f charge.StayFilter) (charge.Page[*charge.Stay], error) {
	if err := checkPlatePart(f.Plate); err != nil {
		return charge.Page[*charge.Stay]{}, err
	}
	if blind(who, f.Plate) {
		return charge.Page[*charge.Stay]{}, nil
	}
	page, err := d.cfg.Reads.Stays(ctx, f)
	if err != nil {
		return page, Wrap(err)
	}
	car, err := d.carOf(ctx, who, f.Plate)
	return onlyWhole(who, f.Plate, page, car, (*charge.Stay).Is), err
}

func checkPlatePart(part string) error {
	if part != "" && utf8.RuneCountInString(part) < minPlatePart {
		return Fail(Invalid, "the plate is too short to search for; give three characters or more",
			FieldError{Where: "query.plate", Detail: "three characters or more", Chinese: "至少三个字符"})
	}
	return nil
}

// blind reports that a viewer asks for what is no whole plate: nothing is looked for, so that neither a list nor its
// cursor says what a plate begins with.
func blind(who guard.Identity, asked string) bool {
	_, err := charge.ParsePlate(asked)
	return asked != "" && err != nil && !Allows(who.Role, guard.RoleSupport)
}

// carOf lists the plates of the car that a viewer asks for by a whole one of them.
func (d *Desk) carOf(ctx context.Context, who guard.Identity, asked string) ([]charge.Plate, error) {
	want, err := charge.ParsePlate(asked)
	if err != nil || Allows(who.Role, guard.RoleSupport) {
		return nil, nil //nolint:nilerr // what is no whole plate is no car
	}
	others, err := d.cfg.Reads.PlatesOf(ctx, want)
	return append(others, want), Wrap(err)
}

// onlyWhole keeps, for viewers, only what one of a car's plates names in full. There is no more behind it: a cursor
// would count the plates that the one asked for is a part of.
func onlyWhole[T any](who guard.Identity, asked string, page charge.Page[T], car []charge.Plate,
	is func(T, charge.Plate) bool) charge.Page[T] {
	if asked == "" || Allows(who.Role, guard.RoleSupport) {
		return page
	}
	var kept charge.Page[T]
	for _, item := range page.Items {
		if slices.ContainsFunc(car, func(p charge.Plate) bool { return is(item, p) }) {
			kept.Items = append(kept.Items, item)
		}
	}
	return kept
}

// chargeIs reports whether a push has named its car by a plate.
func chargeIs(c *charge.Charge, p charge.Plate) bool { return c.Plate == p || c.Names.Has(p) }

// Pushes lists the record of requests.
func (d *Desk) Pushes(ctx context.Context, f charge.PushFilter) (charge.Page[charge.Push], error) {
	page, err := d.cfg.Reads.Pushes(ctx, f)
	return page, Wrap(err)
}

// Stories is Charges with all that is known of each.
func (d *Desk) Stories(ctx context.Context, who guard.Identity, f charge.ChargeFilter) (charge.Page[*flow.Story],
	error) {
	page, err := d.Charges(ctx, who, f)
	if err != nil {
		return charge.Page[*flow.Story]{}, err
	}
	ids := make([]int64, len(page.Items))
	for i, c := range page.Items {
		ids[i] = c.ID
	}
	told, err := d.cfg.Story.Stories(ctx, ids)
	return charge.Page[*flow.Story]{Items: told, Prev: page.Prev, Next: page.Next, Total: page.Total}, Wrap(err)
}

// Story returns what became of a charge.
func (d *Desk) Story(ctx context.Context, id int64) (*flow.Story, error) {
	told, err := d.cfg.Story.Story(ctx, id)
	return told, Wrap(err)
}

// Redeliver sends a charge's reduction again, or says what that would do.
func (d *Desk) Redeliver(ctx context.Context, who guard.Identity, id int64, a flow.Action) (flow.Effect, error) {
	return d.act(ctx, ofCharge(who, "charge.redeliver", id), a, func(a flow.Action) (flow.Effect, error) {
		return d.cfg.Story.Redeliver(ctx, id, a)
	})
}

// Void takes a charge's reduction back, or says what that would do.
func (d *Desk) Void(ctx context.Context, who guard.Identity, id int64, a flow.Action) (flow.Effect, error) {
	return d.act(ctx, ofCharge(who, "charge.void", id), a, func(a flow.Action) (flow.Effect, error) {
		return d.cfg.Story.Void(ctx, id, a)
	})
}

// Bind matches a charge to a stay by hand, or says what that would do.
func (d *Desk) Bind(ctx context.Context, who guard.Identity, id int64, stayOrder string, a flow.Action) (flow.Effect,
	error) {
	return d.act(ctx, ofCharge(who, "charge.bind", id), a, func(a flow.Action) (flow.Effect, error) {
		return d.cfg.Story.Bind(ctx, id, stayOrder, a)
	})
}

// Resolve ends the doubt about an unknown charge on the lot's word, or says what that would do.
func (d *Desk) Resolve(ctx context.Context, who guard.Identity, id int64, lotHas bool, a flow.Action) (flow.Effect,
	error) {
	return d.act(ctx, ofCharge(who, "charge.resolve", id), a, func(a flow.Action) (flow.Effect, error) {
		return d.cfg.Story.Resolve(ctx, id, lotHas, a)
	})
}

// Verdict judges a charge. For those who may act, each action bears its dry run.
func (d *Desk) Verdict(ctx context.Context, who guard.Identity, s *flow.Story) (flow.Verdict, error) {
	if !Allows(who.Role, guard.RoleSupport) {
		v := d.cfg.Story.Verdict(s)
		v.Actions = nil
		return v, nil
	}
	v, err := d.cfg.Story.Judge(ctx, s)
	return v, Wrap(err)
}

// VerdictOf judges a charge without dry runs, for lists.
func (d *Desk) VerdictOf(s *flow.Story) flow.Verdict { return d.cfg.Story.Verdict(s) }

// ofCharge names a change of a charge.
func ofCharge(who guard.Identity, action string, id int64) deed {
	return deed{who: who, action: action, object: strconv.FormatInt(id, 10)}
}

// Replay opens a stored push once more, as if it came now.
func (d *Desk) Replay(ctx context.Context, who guard.Identity, pushID int64, a flow.Action) (flow.Replayed, error) {
	if err := allow(who, guard.RoleSupport); err != nil {
		return flow.Replayed{}, err
	}
	a.Actor = who.ID()
	done, err := d.cfg.Story.Replay(ctx, pushID, a)
	if err != nil {
		return flow.Replayed{}, Wrap(err)
	}
	if !done.Done {
		return done, nil
	}
	return done, d.Record(ctx, who, "push.replay", strconv.FormatInt(pushID, 10), string(done.Outcome)+" "+a.Reason)
}

// Bulk is what redelivering many charges came to.
type Bulk struct {
	Matched    int // charges that the filter found
	Possible   int // that can be redelivered, or were
	Impossible int
	More       bool // there are more than one go takes
}

// bulkMost bounds one go of RedeliverAll.
const bulkMost = 500

// RedeliverAll redelivers what a filter finds, at most 500 charges in one go, or with dryRun says how many
// that would be. Each is an action of its own, with its own line in the audit log.
func (d *Desk) RedeliverAll(ctx context.Context, who guard.Identity, f charge.ChargeFilter, reason string,
	dryRun bool) (Bulk, error) {
	var b Bulk
	if err := allow(who, guard.RoleSupport); err != nil {
		return b, err
	}
	if reason == "" && !dryRun {
		return b, needsReason()
	}
	f.Limit = bulkMost
	page, err := d.Charges(ctx, who, f)
	if err != nil {
		return b, err
	}
	b.Matched, b.More = len(page.Items), page.Next != ""
	if dryRun {
		can, err := d.cfg.Story.Redeliverable(ctx, page.Items)
		for _, possible := range can {
			b.count(possible)
		}
		return b, Wrap(err)
	}
	for _, c := range page.Items {
		effect, err := d.Redeliver(ctx, who, c.ID, flow.Action{Reason: reason})
		if err != nil && KindOf(err) != NotFound { // one may be gone by now
			return b, err
		}
		b.count(effect.Allowed)
	}
	return b, nil
}

// Redeliverable reports of some charges which Redeliver would do something for.
func (d *Desk) Redeliverable(ctx context.Context, charges []*charge.Charge) ([]bool, error) {
	can, err := d.cfg.Story.Redeliverable(ctx, charges)
	return can, Wrap(err)
}

func (b *Bulk) count(possible bool) {
	if possible {
		b.Possible++
	} else {
		b.Impossible++
	}
}

// Strays lists the last requests on the public listener that nothing served, the newest first.
func (d *Desk) Strays() []intake.Stray {
	if d.cfg.Strays == nil {
		return nil
	}
	return d.cfg.Strays.Strays()
}
