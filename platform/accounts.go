package platform

import (
	"context"
	"net/netip"

	"github.com/chargestamp/chargestamp/charge"
)

// Accounts finds the keys that a claim may be proved with.
type Accounts interface {
	// Candidates returns the accounts of a platform that are not off and that the claim fits, the narrowest
	// scope first. An account whose Info.Operator key differs from the claim's operator does not fit, nor does one
	// whose scope does not cover the claimed lot. Where Info.Issuer is a vendor or a lot, Keys hold its
	// key ("ukey", "ckey") and there may be no candidate for a lot that does not exist.
	Candidates(platform string, c Claim) []Candidate
	// KnowsLot reports whether a lot exists and is not off.
	KnowsLot(lot charge.LotID) bool
}

// RuleBook is Accounts that know the bindings.
type RuleBook interface {
	// RuleOf returns the rule that decides on a charge of an account; nil where the account is not bound to its lot.
	RuleOf(account string, c *Charge) *charge.Rule
}

// LotBook is Accounts that know the lots that are switched off.
type LotBook interface {
	// LotOff reports whether a lot is there and switched off, or its vendor is.
	LotOff(lot charge.LotID) bool
}

// Candidate is an account and the locks on it.
type Candidate struct {
	Account
	AllowFrom []netip.Prefix // empty: no lock by address
	PathToken charge.Secret  // empty: no lock by path
}

// Taker does with opened pushes what the story wants; package flow implements it.
type Taker interface {
	// Take stores an opened push with all that follows from it, and answers after the commit. reply puts a
	// verdict into the platform's words; it is called once, inside the transaction, so that the answer
	// is kept with the push.
	Take(ctx context.Context, p Push, a Account, m Message, reply func(Verdict) Reply) Reply
	// Refuse records a push that was not opened, and its answer. It is bounded and never fails the answer.
	Refuse(ctx context.Context, p Push, account string, r *Refusal, answer Reply)
}
