package storetest

import (
	"errors"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/store"
)

// byAccount is an account as an issuer, with other names of it.
func byAccount(scope string, names ...string) charge.Issuer {
	i := charge.IssuerOf(charge.IssuerAccount, names[0], charge.Scope{Union: scope}, charge.LotID{})
	i.Names = names
	return i
}

// testIssuers stores one order number of several issuers: each finds its own and no other's.
func testIssuers(t *testing.T, s *site) {
	add := func(plate charge.Plate, issuer string) *charge.Charge {
		t.Helper()
		c := s.charge(plate)
		c.RepeatKey, c.Account, c.State, c.Reduction, c.StayID = "1001", issuer, charge.StateNoGrant, nil, 0
		s.write(func(tx *store.Tx) error { return tx.AddCharge(c, issuer) })
		return c
	}
	a, b := add("京A00001", "a"), add("京A00002", "b")
	again := s.charge("京A00003")
	again.RepeatKey = "1001"
	if err := s.Write(t.Context(), nil, func(tx *store.Tx) error { return tx.AddCharge(again, "a") }); !errors.Is(err,
		outbox.ErrRepeated) {
		t.Errorf("a second order of one issuer: %v, want ErrRepeated", err)
	}
	find := func(what string, by charge.Issuer, want *charge.Charge) {
		t.Helper()
		s.read(func(tx *store.Tx) error {
			got, err := tx.ChargeByRepeat("telaidian", "1001", by)
			same(t, what, got, want)
			return err
		})
	}
	find("its own", byAccount("", "a"), a)
	find("its own", byAccount("", "b"), b)
	find("a stranger's", byAccount("", "c"), nil)
	find("by an earlier name", byAccount("", "c", "b"), b)
	find("by a name that is none", byAccount("", "c", "d"), nil)

	// The issuer stays with a key that changes.
	a.RepeatKey = "1002"
	s.write(func(tx *store.Tx) error { return tx.SetCharge(a) })
	find("given back", byAccount("", "a"), nil)
	find("not touched", byAccount("", "b"), b)
	a.RepeatKey = "1001"
	s.write(func(tx *store.Tx) error { return tx.SetCharge(a) })
	find("taken again", byAccount("", "a"), a)
	if bad := verify(t, s.Store); bad != nil {
		t.Errorf("verify: %q", bad)
	}
}

// testUnknownIssuer stores keys of an older release whose issuer is not known: they count as those of every issuer that
// may have been the one.
func testUnknownIssuer(t *testing.T, s *site) {
	c := s.charge("京A00001")
	c.RepeatKey, c.Account, c.State, c.Reduction, c.StayID = "1001", "a", charge.StateNoGrant, nil, 0
	s.write(func(tx *store.Tx) error { return tx.AddCharge(c, "") })
	finds := func(what string, by charge.Issuer, want bool) {
		t.Helper()
		s.read(func(tx *store.Tx) error {
			got, err := tx.ChargeByRepeat("telaidian", "1001", by)
			if (got != nil) != want || got != nil && got.ID != c.ID {
				t.Errorf("%s finds %+v, want one: %t", what, got, want)
			}
			return err
		})
	}
	byLot := func(lot charge.LotID) charge.Issuer {
		return charge.IssuerOf(charge.IssuerLot, "x", charge.Scope{}, lot)
	}
	byVendor := func(union string) charge.Issuer {
		return charge.IssuerOf(charge.IssuerVendor, "x", charge.Scope{}, charge.LotID{Union: union, Park: "1"})
	}
	other := charge.LotID{Union: s.lot.Union, Park: "2"}
	all := func(accounts bool) {
		t.Helper()
		finds("the charge's lot", byLot(s.lot), true)
		finds("another lot", byLot(other), false)
		finds("the charge's vendor", byVendor(s.lot.Union), true)
		finds("another vendor", byVendor("999999"), false)
		finds("another account that can serve the lot", byAccount("", "b"), accounts)
		finds("another account of the vendor", byAccount(s.lot.Union, "b", "c"), accounts)
	}
	finds("the charge's account", byAccount("", "a"), true)
	all(false) // the charge says which account it was
	finds("another vendor's account", byAccount("999999", "b"), false)

	s.now = s.now.AddDate(0, 0, 10)
	if p, err := s.Prune(t.Context(), store.Retention{Charges: 1}, s.now); p.Charges != 1 || err != nil {
		t.Fatalf("Prune = %+v, %v", p, err)
	}
	all(true) // nothing says it any more
	finds("another vendor's account", byAccount("999999", "b"), false)
	r, err := s.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range r.Checks {
		if check.Name == "order numbers" && check.Detail != "1 order numbers, 1 of them of an issuer that is not known" {
			t.Errorf("verify counts %q", check.Detail)
		}
	}
}
