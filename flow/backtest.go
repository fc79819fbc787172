package flow

import (
	"cmp"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/rules"
)

// BacktestInput is what a changed rule is tried on: a binding's stored charges.
type BacktestInput struct {
	Rule    charge.Rule
	Kind    charge.LotKind
	Repeats charge.Repeats
	Charges []*charge.Charge // of the binding, in any order
	// others of the same plates, as far as per_day and lock of the rule look; they stay as they are
	Others []*charge.Charge
	Bounds charge.Bounds
}

// Backtest is what a changed rule would have made of stored charges.
type Backtest struct {
	Charges  int        // looked at
	Replayed int        // decided by a rule, and by the changed one again
	Was      Grants     // what the replayed ones were granted
	Would    Grants     // what the changed rule would have granted them
	Changed  []Reworked // those that come out otherwise, in the order in which they were decided
}

// Grants adds up decisions to grant.
type Grants struct {
	Count      int64
	Minutes    int64
	Amount     charge.Fen
	Free       int64 // free stays, which have no size
	LotDecides int64 // reductions left to lots, which have none either
}

func (g *Grants) add(d *charge.Decision) {
	if !grants(d) {
		return
	}
	g.Count++
	g.Minutes += d.Reduction.Minutes
	g.Amount += d.Reduction.Amount
	switch d.Reduction.Method {
	case charge.MethodFree:
		g.Free++
	case charge.MethodLotDecides:
		g.LotDecides++
	}
}

// Reworked is a charge that a changed rule decides otherwise.
type Reworked struct {
	Charge *charge.Charge
	Would  charge.Decision
}

// Minutes is the difference in minutes, more than before counted positive.
func (r Reworked) Minutes() int64 {
	return granted(&r.Would).Minutes - granted(r.Charge.Decision).Minutes
}

// Amount is the difference in yuan.
func (r Reworked) Amount() charge.Fen {
	return granted(&r.Would).Amount - granted(r.Charge.Decision).Amount
}

// grants reports whether a decision grants something, shadow decisions included.
func grants(d *charge.Decision) bool {
	return d.State == charge.StateSending || d.State == charge.StateShadow
}

// granted is the reduction of a decision, the zero one where it grants none.
func granted(d *charge.Decision) charge.Reduction {
	if !grants(d) {
		return charge.Reduction{}
	}
	return d.Reduction
}

// ReplayRule decides stored charges by a changed rule, in the order in which they were decided, each by what its
// stay had then; what the changed rule grants to one counts for those after it in the stay. It changes nothing.
// What no rule decided is left out: charges that found no stay, came too late, or met a binding that was off;
// so are charges that ended before the rule is effective. Hold and target are not replayed: they choose the stay.
func ReplayRule(in BacktestInput) Backtest {
	b := Backtest{Charges: len(in.Charges)}
	var decided []*charge.Charge
	for _, c := range in.Charges {
		if ruled(c) && !c.At().Before(in.Rule.Effective) {
			decided = append(decided, c)
		}
	}
	slices.SortFunc(decided, func(x, y *charge.Charge) int {
		return cmp.Or(x.Decision.At.Compare(y.Decision.At), cmp.Compare(x.ID, y.ID))
	})
	b.Replayed = len(decided)
	replayed := map[int64]*charge.Decision{}
	plates := platesOf(in)
	visits := map[visitID][]*charge.Charge{}
	for _, c := range decided {
		visit := visitIDOf(c)
		would := rules.Decide(rules.Input{Charge: c, Rule: in.Rule, Priced: lot.KindOf(in.Kind).NeedsTariff,
			Repeats: in.Repeats,
			Granted: regranted(c, visits[visit], replayed, in.Rule), Past: plates.before(c), Bounds: in.Bounds,
			Now: c.Decision.At})
		if would.State == charge.StateSending {
			would.State, would.Reason = shadowed(c)
		}
		replayed[c.ID] = &would
		visits[visit] = append(visits[visit], c)
		plates.add(c, granted(&would))
		b.Was.add(c.Decision)
		b.Would.add(&would)
		if granted(&would) != granted(c.Decision) {
			b.Changed = append(b.Changed, Reworked{c, would})
		}
	}
	return b
}

// ruled reports whether a charge was decided by a rule.
func ruled(c *charge.Charge) bool {
	if c.Decision == nil {
		return false
	}
	switch c.Decision.Reason {
	case charge.ReasonBindingOff, charge.ReasonNoStay, charge.ReasonWaitingForStay, charge.ReasonHoldOver,
		charge.ReasonLeftBeforeArrival:
		return false
	}
	return true
}

// shadowed is how a grant would stand: as a shadow where it was one.
func shadowed(c *charge.Charge) (charge.State, charge.Reason) {
	if c.Decision.State == charge.StateShadow {
		return charge.StateShadow, charge.ReasonBindingShadow
	}
	return charge.StateSending, charge.ReasonOK
}

// regranted is what the stay of a charge had when it was decided, with the binding's own grants as the changed
// rule grants them. Grants of the binding that had come to nothing by then stay out, and its charges that were
// granted nothing then count where the changed rule grants them something.
func regranted(c *charge.Charge, before []*charge.Charge, replayed map[int64]*charge.Decision,
	rule charge.Rule) []charge.Granted {
	var out []charge.Granted
	for _, g := range c.Decision.Granted {
		would, own := replayed[g.Charge]
		if own {
			if g.Reduction = granted(would); g.Reduction.IsZero() {
				continue
			}
			g.Combine = rule.Combine
		}
		out = append(out, g)
	}
	for _, p := range before {
		if would := replayed[p.ID]; !grants(p.Decision) && would.State == charge.StateSending {
			out = append(out, charge.Granted{Charge: p.ID, Reduction: would.Reduction, Combine: rule.Combine, At: would.At})
		}
	}
	slices.SortStableFunc(out, func(a, b charge.Granted) int { return a.At.Compare(b.At) })
	return out
}

// plates keeps what each plate was granted, as per_day and lock look at it.
type plates struct {
	rule charge.Rule
	had  map[charge.Plate][]granting
}

// granting is a charge that is granted something, by the changed rule or as it was.
type granting struct {
	charge    *charge.Charge
	reduction charge.Reduction
}

// platesOf begins with the charges of others.
func platesOf(in BacktestInput) *plates {
	p := &plates{rule: in.Rule, had: map[charge.Plate][]granting{}}
	if !in.Rule.LimitsPlate() {
		return p
	}
	for _, c := range in.Others {
		if c.State.Granting() && c.Reduction != nil && c.Decision != nil {
			p.add(c, *c.Reduction)
		}
	}
	return p
}

func (p *plates) add(c *charge.Charge, r charge.Reduction) {
	if p.rule.LimitsPlate() && !r.IsZero() {
		p.had[c.Plate] = append(p.had[c.Plate], granting{c, r})
	}
}

// before lists what was granted around the end of a charge when it was decided.
func (p *plates) before(c *charge.Charge) []charge.Past {
	var out []charge.Past
	from, to := rules.Looks(&p.rule, c)
	for _, g := range p.had[c.Plate] {
		if at := g.charge.At(); at.Before(from) || !at.Before(to) || g.charge.Decision.At.After(c.Decision.At) {
			continue
		}
		out = append(out, charge.Past{Charge: g.charge.ID, Lot: g.charge.Lot, Ended: g.charge.At(),
			Same: visitIDOf(g.charge) == visitIDOf(c), Reduction: g.reduction})
	}
	return out
}

// visitID names a stay, or a visit in a lot without stays.
type visitID struct {
	stay  int64
	lot   charge.LotID
	plate charge.Plate
	from  int64 // epoch milliseconds
}

func visitIDOf(c *charge.Charge) visitID {
	if c.Decision.StayID != 0 {
		return visitID{stay: c.Decision.StayID}
	}
	return visitID{lot: c.Lot, plate: c.Plate, from: c.Decision.VisitFrom.UnixMilli()}
}
