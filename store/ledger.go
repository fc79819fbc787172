package store

import "github.com/chargestamp/chargestamp/charge"

var selectLedger = tableLedger.selectWhere("charge = ? ORDER BY id").of("i")

// AddLedger appends to the ledger; ID and At are set by the caller.
func (t *Tx) AddLedger(e charge.LedgerEntry) error {
	if err := t.noteEntry(e); err != nil {
		return err
	}
	return t.add(tableLedger, e.Charge, e.ID, millis(e.At), e.StayID, string(e.Kind), string(e.Method), e.Minutes,
		int64(e.Amount), e.Platform, e.Lot.String(), e.Day, e.Note.String())
}

// LedgerOf lists a charge's entries, oldest first.
func (t *Tx) LedgerOf(chargeID int64) ([]charge.LedgerEntry, error) {
	return list(t, selectLedger, scanLedger, chargeID)
}

func scanLedger(c *cells) (charge.LedgerEntry, error) {
	return charge.LedgerEntry{
		Charge: c.int(), ID: c.int(), At: c.time(), StayID: c.int(), Kind: charge.EntryKind(c.text()),
		Method: charge.Method(c.text()), Minutes: c.int(), Amount: charge.Fen(c.int()), Platform: c.text(),
		Lot: lotOf(c), Day: c.text(), Note: charge.ParseNote(c.text()),
	}, c.failed()
}
