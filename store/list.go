package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Charges lists charges, newest first unless the filter asks for the oldest.
func (s *Store) Charges(ctx context.Context, cf charge.ChargeFilter) (page charge.Page[*charge.Charge], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.chargeFilter(cf)
		if err == nil {
			page, err = chargesOf(t, f, paging{cf.Limit, cf.Cursor, cf.Oldest, cf.Count})
		}
		return err
	})
	return page, err
}

func chargesOf(t *Tx, f filter, p paging) (charge.Page[*charge.Charge], error) {
	return pageOf(t, tableCharge, "received", f, p, scanCharge)
}

// CountCharges counts the charges that a list would have, up to its limit, and reports whether there are more.
func (s *Store) CountCharges(ctx context.Context, cf charge.ChargeFilter) (n int, more bool, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.chargeFilter(cf)
		if err != nil {
			return err
		}
		n, err = countOf(t, tableCharge, "received", f, cf.Limit+1)
		return err
	})
	return min(n, cf.Limit), n > cf.Limit, err
}

// withoutOutcome leaves what was decided and used unread.
var withoutOutcome = strings.NewReplacer("x.decision", "''", "x.reduction", "''", "x.usage", "''")

func (t *Tx) chargeFilter(cf charge.ChargeFilter) (f filter, err error) {
	if cf.Bare {
		f.left = withoutOutcome
	}
	f.word("platform", cf.Platform)
	f.span("received", cf.From, cf.To)
	if !cf.Lot.IsZero() {
		f.find("lot = ?", cf.Lot.String())
	}
	if cf.Order != "" {
		f.find("order_no = ? AND order_no <> ''", cf.Order)
	}
	if cf.UUID != "" {
		f.find("id IN (SELECT charge FROM delivery WHERE "+byUUID+")", cf.UUID, cf.UUID)
	}
	if cf.Plate != "" {
		if err := t.plateFilter(&f, cf.Plate); err != nil {
			return f, err
		}
	} else if cf.Order == "" && cf.UUID == "" {
		f.where(realPlate)
	}
	if cf.Reason != "" && cf.Reason != charge.ReasonOK {
		f.find("reason = ? AND reason <> 'ok'", string(cf.Reason))
	} else {
		f.word("reason", string(cf.Reason))
	}
	if cf.Gap {
		f.where("gap = 1")
	}
	f.any("state", words(cf.States))
	return f, err
}

func words[T ~string](list []T) []any {
	args := make([]any, len(list))
	for i, w := range list {
		args[i] = string(w)
	}
	return args
}

// isRefusal lets the index of refusals be used.
const isRefusal = "outcome NOT IN ('accepted', 'duplicate', 'question')"

// refusals are the outcomes of pushes that were not taken.
func refusals() (all []any) {
	for _, o := range charge.Outcomes {
		switch o {
		case charge.OutcomeAccepted, charge.OutcomeDuplicate, charge.OutcomeQuestion:
		default:
			all = append(all, string(o))
		}
	}
	return all
}

// withoutBodies leaves requests and answers unread.
var withoutBodies = strings.NewReplacer("x.request", "NULL", "x.reply", "NULL")

// Pushes lists the records of requests, newest first unless the filter asks for the oldest.
func (s *Store) Pushes(ctx context.Context, pf charge.PushFilter) (page charge.Page[charge.Push], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.pushFilter(pf)
		if err != nil {
			return err
		}
		page, err = pageOf(t, tablePush, "received", f, paging{pf.Limit, pf.Cursor, pf.Oldest, pf.Count}, deref(scanPush))
		return err
	})
	return page, err
}

func (t *Tx) pushFilter(pf charge.PushFilter) (f filter, err error) {
	if !pf.Bodies {
		f.left = withoutBodies
	}
	f.word("platform", pf.Platform)
	f.word("account", pf.Account)
	switch refused := refusals(); {
	case slices.Contains(refused, any(string(pf.Outcome))):
		f.where("outcome = ? AND "+isRefusal, string(pf.Outcome))
	case pf.Outcome != "":
		f.word("outcome", string(pf.Outcome))
		if pf.Refused {
			f.where(isRefusal) // none is
		}
	case pf.Refused: // each by itself, as their index has them
		f.where(isRefusal)
		f.any("outcome", refused)
	}
	if pf.Charge != 0 {
		f.find("charge = ? AND charge <> 0", pf.Charge)
	}
	f.ofCharge("plate", string(pf.Plate))
	if part := platePart(pf.Part); part != "" {
		// Inside, so that the index of plates is read alone: in a row the plate stands behind the whole request.
		f.find("id IN (SELECT id FROM push WHERE plate <> '' AND plate LIKE ?)", "%"+part+"%")
	}
	f.ofCharge("order_no", pf.Order)
	f.span("received", pf.From, pf.To)
	if pf.Lot.IsZero() {
		return f, nil
	}
	return f, t.pushesOfLot(&f, pf.Lot.String())
}

// fewOfLot is how many rows of a lot are put into order for one page; a test lowers it.
var fewOfLot = 5000

var rowsOfLot = statementOf("SELECT count(*) FROM (SELECT id FROM (SELECT id FROM charge WHERE lot = ? LIMIT ?) c "+
	"UNION ALL SELECT id FROM (SELECT id FROM push WHERE lot = ? AND lot <> '' LIMIT ?) p) b", tableCharge, tablePush)

// pushesOfLot narrows pushes to those of a lot's charges, and to refused ones that seem to be of it. A few are found by
// the lot and put into order. Of many a walk through all pushes, in their order, soon meets a page.
func (t *Tx) pushesOfLot(f *filter, lot string) error {
	few := true
	_, err := t.get(rowsOfLot, func(c *cells) error {
		few = c.int() < int64(fewOfLot)
		return c.failed()
	}, lot, fewOfLot, lot, fewOfLot)
	if few {
		f.find("id IN (SELECT id FROM push WHERE lot = ? AND lot <> '' UNION ALL SELECT p.id FROM charge c "+
			"JOIN push p ON p.charge = c.id AND p.charge <> 0 WHERE c.lot = ?)", lot, lot)
	} else {
		f.where("(lot = ? OR (SELECT c.lot FROM charge c WHERE c.id = push.charge) = ?)", lot, lot)
	}
	return err
}

// Stays lists stays, newest entry first unless the filter asks for the oldest; of all lots by the order in which they
// were reported, unless a plate narrows them.
func (s *Store) Stays(ctx context.Context, sf charge.StayFilter) (page charge.Page[*charge.Stay], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		f, err := t.stayFilter(sf)
		if err == nil {
			page, err = staysOf(t, f, sf.Lot.IsZero(), paging{sf.Limit, sf.Cursor, sf.Oldest, sf.Count})
		}
		return err
	})
	return page, err
}

func (t *Tx) stayFilter(sf charge.StayFilter) (f filter, err error) {
	f.word("lot", sf.Lot.String())
	if sf.Open {
		f.where("open = 1")
	}
	switch {
	case sf.Order != "" && sf.Lot.IsZero(): // the index of order numbers begins with the lot
		f.find(toldLots+" AND order_id = ?", sf.Order)
	case sf.Order != "":
		f.find("order_id = ?", sf.Order)
	case sf.Plate != "":
		err = t.plateFilter(&f, sf.Plate)
	default:
		f.where(realPlate)
	}
	return f, err
}

func staysOf(t *Tx, f filter, allLots bool, p paging) (charge.Page[*charge.Stay], error) {
	return pageOf(t, tableStay, f.stayOrder(allLots), f, p, scanStay)
}

// stayOrder is the column that stays are listed by: no index has the entries of all lots in order.
func (f *filter) stayOrder(allLots bool) string {
	if allLots && !f.found {
		return "id"
	}
	return "entered"
}

// FindPlate lists the charges and the stays of the plates that are or hold a part, as Charges and Stays do. The
// plates are looked up once.
func (s *Store) FindPlate(ctx context.Context, part string, mostCharges,
	mostStays int) (charges charge.Page[*charge.Charge], stays charge.Page[*charge.Stay], err error) {
	err = s.Read(ctx, func(t *Tx) error {
		p, err := t.platesOf(part)
		if err != nil {
			return err
		}
		var f filter
		p.narrow(&f, s.Engine())
		if charges, err = chargesOf(t, f, paging{limit: mostCharges}); err == nil {
			stays, err = staysOf(t, f, true, paging{limit: mostStays})
		}
		return err
	})
	return charges, stays, err
}

// toldLots narrows to the lots that have reported a stay, each of which an index finds.
const toldLots = "lot IN (SELECT lot FROM lot_mark)"

// FindShort is FindPlate for a part that is too short to look for everywhere: it finds the charges received since a
// time and the open stays.
func (s *Store) FindShort(ctx context.Context, part string, since time.Time, mostCharges,
	mostStays int) (charges charge.Page[*charge.Charge], stays charge.Page[*charge.Stay], err error) {
	holds := "%" + platePart(part) + "%"
	var of, in filter
	of.span("received", since, time.Time{})
	of.where("plate LIKE ?", holds)
	in.find("open = 1 AND "+toldLots+" AND plate LIKE ?", holds)
	err = s.Read(ctx, func(t *Tx) error {
		if charges, err = chargesOf(t, of, paging{limit: mostCharges}); err == nil {
			stays, err = staysOf(t, in, true, paging{limit: mostStays})
		}
		return err
	})
	return charges, stays, err
}
