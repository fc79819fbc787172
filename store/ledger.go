package store

import "github.com/chargestamp/chargestamp/charge"

var selectLedger = tableLedger.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)

// AddLedger appends to the ledger; ID and At are set by the caller.
func (t *Tx) AddLedger(e charge.LedgerEntry) error {
	if err := t.noteEntry(e); err != nil {
		return err
	}
	return addRow(t, ledgerRows, &e)
}

// LedgerOf lists a charge's entries, oldest first.
func (t *Tx) LedgerOf(chargeID int64) ([]charge.LedgerEntry, error) {
	return list(t, selectLedger, deref(scanLedger), chargeID)
}

func scanLedger(c *cells) (*charge.LedgerEntry, error) { return ledgerRows.scan(c) }
