package platform_test

import (
	"net/netip"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/cec"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/platform/platformtest"
)

const cases = "cec/testdata/telaidian"

// book returns the same candidates for every claim.
type book struct {
	candidates []platform.Candidate
	lots       map[charge.LotID]bool
}

func (b book) Candidates(string, platform.Claim) []platform.Candidate { return b.candidates }
func (b book) KnowsLot(l charge.LotID) bool                           { return b.lots[l] }

// The lot of a T/CEC push stands in its sealed part: which of several accounts speaks for it shows only after
// opening.
func TestAdmitPlaces(t *testing.T) {
	d := platformtest.Find(t, cec.Builtin(), "telaidian")
	golden, now := platformtest.ReadAccounts(t, d, cases)
	main := golden.Candidates("telaidian", platform.Claim{Operator: "TELD00001"})[0]
	account := func(id string, scope charge.Scope) platform.Candidate {
		c := main
		c.ID, c.Scope = id, scope
		return c
	}
	otherKeys := account("other-keys", charge.Scope{Union: "200461", Park: "1313"})
	otherKeys.Keys = []platform.Keys{{"operator_id": "TELD00001", "data_secret": "xxxxxxxxxxxxxxxx",
		"data_secret_iv": "xxxxxxxxxxxxxxxx", "sig_secret": "x"}}
	locked := account("teld-main", charge.Scope{})
	locked.AllowFrom = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	lot := charge.LotID{Union: "200461", Park: "1313"}
	known := map[charge.LotID]bool{lot: true}
	for name, c := range map[string]struct {
		book    book
		account string
		outcome charge.Outcome
	}{
		"platform-wide": {book{[]platform.Candidate{account("teld-main", charge.Scope{})}, known}, "teld-main", ""},
		"the lot's own": {book{[]platform.Candidate{account("teld-main", charge.Scope{Union: "200461", Park: "1313"})},
			known}, "teld-main", ""},
		"the vendor's": {book{[]platform.Candidate{account("teld-main", charge.Scope{Union: "200461"})}, known},
			"teld-main", ""},
		"another lot's": {book{[]platform.Candidate{account("teld-main", charge.Scope{Union: "200461", Park: "9"})},
			known}, "teld-main", charge.OutcomeNotBound},
		"another vendor's": {book{[]platform.Candidate{account("teld-main", charge.Scope{Union: "9"})}, known},
			"teld-main", charge.OutcomeNotBound},
		"a lot that is gone": {book{[]platform.Candidate{account("teld-main", charge.Scope{})}, nil}, "teld-main",
			charge.OutcomeUnknownLot},
		"narrower, other keys": {book{[]platform.Candidate{otherKeys, account("teld-main", charge.Scope{})}, known},
			"teld-main", ""},
		"other keys alone": {book{[]platform.Candidate{otherKeys}, known}, "other-keys", charge.OutcomeBadSignature},
		"the furthest counts": {book{[]platform.Candidate{locked, otherKeys}, known}, "other-keys",
			charge.OutcomeBadSignature},
		"nobody": {book{nil, known}, "", charge.OutcomeUnknownAccount},
	} {
		p, err := doctor.ReadCapture(d.Info(), platformtest.File(t, "cec/testdata", "telaidian", "finished", "push.http"))
		if err != nil {
			t.Fatal(err)
		}
		p.Remote = netip.MustParseAddr("192.0.2.1")
		got := platform.Admit(d, c.book, p, now)
		outcome, account := charge.Outcome(""), ""
		if got.Refusal != nil {
			outcome = got.Refusal.Outcome
		}
		if got.Account != nil {
			account = got.Account.ID
		}
		if outcome != c.outcome || account != c.account {
			t.Errorf("%s: %q by %q, want %q by %q", name, outcome, account, c.outcome, c.account)
		}
	}
}

// Of two accounts with one operator, query_token is answered by the one whose secret it is.
func TestAdmitTriesOtherAccountsForATokenQuestion(t *testing.T) {
	d := platformtest.Find(t, cec.Builtin(), "telaidian")
	golden, now := platformtest.ReadAccounts(t, d, cases)
	right := golden.Candidates("telaidian", platform.Claim{Operator: "TELD00001"})[0]
	wrong := right
	wrong.ID = "same-but-secret"
	wrong.Keys = []platform.Keys{{}}
	for name, key := range right.Keys[0] {
		wrong.Keys[0][name] = key
	}
	wrong.Keys[0]["operator_secret"] = "another"
	p, err := doctor.ReadCapture(d.Info(), platformtest.File(t, "cec/testdata", "telaidian", "token", "push.http"))
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range [][]platform.Candidate{{wrong, right}, {right, wrong}} {
		if got := platform.Admit(d, book{candidates: order}, p, now); got.Refusal != nil || got.Account.ID != right.ID ||
			got.Message.Question.Token.Refused != 0 {
			t.Errorf("%+v", got)
		}
	}
	got := platform.Admit(d, book{candidates: []platform.Candidate{wrong}}, p, now)
	if got.Refusal != nil || got.Message.Question.Token.Refused != 2 {
		t.Errorf("%+v", got)
	}
}
