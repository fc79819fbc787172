package plain

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// Diagnose shows what is read. There is no signature to explain.
func (d *dialect) Diagnose(p platform.Push, a platform.Account, now time.Time) platform.Diagnosis {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Diagnosis{Likely: charge.Cause(err)}
	}
	fields, v := b.Fields, d.table.Find(b.Fields)
	g := platform.Diagnosis{Read: d.table.Columns.Lines(fields)}
	claim, err := d.claim(&v)
	_, sealed := profile.Lookup(fields, "Data")
	_, signed := profile.Lookup(fields, "Sig")
	switch {
	case sealed && signed:
		g.Likely = charge.Say("likely.cec_envelope")
	case err != nil:
		if g.Likely = profile.EscapedLot(fields, d.profile.Lot.Field); g.Likely.IsZero() {
			g.Likely = charge.Cause(err)
		}
	default:
		if _, err := d.setOf(claim.Operator, a.Keys); err != nil {
			g.Likely = charge.Cause(err)
		} else {
			g.Likely = d.table.Columns.WrongZone(fields, now)
		}
	}
	return g
}
