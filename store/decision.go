package store

import "github.com/chargestamp/chargestamp/charge"

var selectDecisions = tableDecision.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)

// AddDecision keeps a decision that another one replaces; the one that counts stands in the charge.
func (t *Tx) AddDecision(chargeID int64, d *charge.Decision) error {
	return addRow(t, decisionRows, &hung[charge.Decision]{chargeID, t.store.ids.Next(), *d})
}

// Decisions lists a charge's replaced decisions, oldest first.
func (t *Tx) Decisions(chargeID int64) ([]*charge.Decision, error) {
	return list(t, selectDecisions, scanDecision, chargeID)
}

func scanDecision(c *cells) (*charge.Decision, error) {
	d, err := decisionRows.scan(c)
	return &d.of, err
}
