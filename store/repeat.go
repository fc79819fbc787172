package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/chargestamp/chargestamp/charge"
)

// A repeat key is unique for ever within platform and issuer. The issuer of an older release's key may not be known:
// it is empty then, and the key counts as that of every issuer that may have been the one.
var (
	repeatColumns = "SELECT r.issuer, r.charge, r.gone, " + tableCharge.columns("c.") +
		" FROM repeat r LEFT JOIN charge c ON c.id = r.charge "

	selectByKey = statementOf(repeatColumns+"WHERE r.platform = ? AND r.key = ? ORDER BY r.issuer DESC",
		tableRepeat, tableCharge).of("tt").byMark(markRepeat)

	selectRepeatKey = statementOf("SELECT repeat_key FROM charge WHERE id = ?", tableCharge).of("i")
	selectIssuer    = statementOf("SELECT issuer FROM repeat WHERE platform = ? AND key = ? AND charge = ?", tableRepeat)
	deleteRepeat    = statementOf("DELETE FROM repeat WHERE platform = ? AND key = ? AND issuer = ? AND charge = ?",
		tableRepeat)
	keepRepeat = statementOf("UPDATE repeat SET gone = ? WHERE platform = ? AND key = ? AND charge = ?", tableRepeat)
)

// byRepeat is the question for a key of all its issuers, who are few.
func byRepeat(platform, key string) *question {
	return &question{q: selectByKey, args: []any{platform, key}}
}

// ChargeByRepeat finds the charge of an issuer by its permanent repeat key. Of one that retention took away it returns
// what a repeat must know: ID, Platform, RepeatKey, Digest, State, Reason, Lot and Received.
func (t *Tx) ChargeByRepeat(platform, key string, by charge.Issuer) (found *charge.Charge, err error) {
	ask := byRepeat(platform, key)
	err = t.each(ask.q, func(row *cells) error {
		issuer, id, gone := row.text(), row.int(), row.text()
		c, account := new(charge.Charge), ""
		if gone == "" {
			if c, err = scanCharge(row); err != nil {
				return err
			}
			account = c.Account
		} else if err := json.Unmarshal([]byte(gone), c); err != nil {
			return fmt.Errorf("store: what is kept of charge %d: %w", id, err)
		}
		if !by.Is(issuer) && (issuer != "" || !by.Issued(account, c.Lot)) {
			return nil
		}
		if gone != "" {
			c.ID, c.Platform, c.RepeatKey = id, platform, key
		} else if !t.readOnly {
			t.know(c)
		}
		found = c
		return io.EOF
	}, ask.args...)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return found, err
}

// addRepeat takes the repeat key of a new charge.
func (t *Tx) addRepeat(c *charge.Charge, issuer string) error {
	return t.add(tableRepeat, c.Platform, c.RepeatKey, issuer, c.ID, "")
}

// moveRepeat takes a charge's new repeat key and frees the old one. The issuer stays.
func (t *Tx) moveRepeat(c *charge.Charge) error {
	was := ""
	if read := t.seen[c.ID]; read != nil {
		was = read.RepeatKey
	} else {
		found, err := t.get(selectRepeatKey, func(row *cells) error {
			was = row.text()
			return nil
		}, c.ID)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("store: charge %d is not there", c.ID)
		}
	}
	if was == c.RepeatKey {
		return nil
	}
	var issuer string
	if _, err := t.get(selectIssuer, func(row *cells) error {
		issuer = row.text()
		return nil
	}, c.Platform, was, c.ID); err != nil {
		return err
	}
	if err := t.addRepeat(c, issuer); err != nil {
		return err
	}
	return t.link.put(deleteRepeat, []any{c.Platform, was, issuer, c.ID}, 1)
}

// keep is what a repeat of a charge must know once the charge is gone.
func keep(c *charge.Charge) string {
	return jsonText(&charge.Charge{Digest: c.Digest, State: c.State, Reason: c.Reason, Lot: c.Lot, Received: c.Received})
}
