package flow

import (
	"context"
)

// facts are what a story says about how its charge stands.
func (f *Flow) facts(s *Story) Facts {
	facts := Facts{Charge: s.Charge, Stay: s.Stay}
	target := s.Charge.Lot
	if n := len(s.Deliveries); n > 0 {
		last := s.Deliveries[n-1]
		facts.Delivery, facts.Told = last.Delivery, mayHaveLeft(last.Delivery, last.Attempts)
		target = last.Delivery.Lot
		if tries := len(last.Attempts); tries > 0 {
			facts.Said = last.Attempts[tries-1].Detail
		}
	}
	facts.Lot, _, facts.LotKnown = f.cfg.Estate().Lot(target)
	return facts
}

// Verdict judges the charge of a story. Its actions bear no dry runs; see Judge.
func (f *Flow) Verdict(s *Story) Verdict {
	facts := f.facts(s)
	v := VerdictOf(facts)
	v.Driver = DriverOf(facts)
	return v
}

// Judge is Verdict with the dry run of each action. One that would leave the charge as it is, is left out: only what
// can work is offered.
func (f *Flow) Judge(ctx context.Context, s *Story) (Verdict, error) {
	v := f.Verdict(s)
	offered := v.Actions[:0]
	for _, choice := range v.Actions {
		e, err := f.tryOut(ctx, s.Charge.ID, choice.Verb)
		if err != nil {
			return v, err
		}
		if e != nil && (!e.Allowed || choice.Verb == VerbRedeliver && idle(e)) {
			continue
		}
		choice.Effect = e
		offered = append(offered, choice)
	}
	v.Actions = offered
	return v, nil
}

// idle reports whether redelivering leads to nothing: the same state without a reduction under way.
func idle(e *Effect) bool {
	return e.Before.State == e.After.State && e.Before.Reason == e.After.Reason && !e.After.State.Granting()
}

// tryOut runs an action dry; nil for binding, which needs the stay.
func (f *Flow) tryOut(ctx context.Context, id int64, verb Verb) (*Effect, error) {
	action := Action{DryRun: true}
	var e Effect
	var err error
	switch verb {
	case VerbRedeliver:
		e, err = f.Redeliver(ctx, id, action)
	case VerbVoid:
		e, err = f.Void(ctx, id, action)
	case VerbLotHas, VerbLotHasNot:
		e, err = f.Resolve(ctx, id, verb == VerbLotHas, action)
	default:
		return nil, nil
	}
	return &e, err
}
