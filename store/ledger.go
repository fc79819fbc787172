package store

import "github.com/chargestamp/chargestamp/charge"

var selectLedger = tableLedger.selectWhere("charge = ? ORDER BY id").of("i").byMark(markCharge)

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
		Lot: lotOf(c), Day: c.text(), Note: ledgerNote(c.text()),
	}, c.failed()
}

// ledgerNote reads what an entry says. Earlier releases wrote one of a few English words into the ledger, which is
// append-only.
func ledgerNote(text string) charge.Note {
	if code, old := oldLedgerNotes[text]; old {
		return charge.Say(code)
	}
	return charge.ParseNote(text)
}

var oldLedgerNotes = map[string]string{
	"granted":                            "ledger.granted",
	"not delivered":                      "ledger.not_delivered",
	"refused by the lot":                 "ledger.lot_refused",
	"acknowledged after it was given up": "ledger.late_ack",
	"given up while a try was under way that may have been applied": "ledger.perhaps_applied",
	"voided":                       "ledger.voided",
	"corrected by a later message": "ledger.corrected",
	"told by exit":                 "ledger.usage_exit",
	"told by told":                 "ledger.usage_told",
	"told by ledger":               "ledger.usage_ledger",
}
