package app

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
)

// view shows one estate to flow.
type view struct {
	*estate.State
	children map[charge.LotID][]charge.LotID
}

var _ flow.Estate = (*view)(nil)

// views returns the newest estate's view, made once per estate.
type views struct {
	book   *estate.Book
	latest atomic.Pointer[view]
}

func (v *views) now() flow.Estate {
	state := v.book.State()
	if shown := v.latest.Load(); shown != nil && shown.State == state {
		return shown
	}
	shown := &view{state, map[charge.LotID][]charge.LotID{}}
	for _, l := range state.Lots() {
		if !l.Parent.IsZero() && !l.Off {
			shown.children[l.Parent] = append(shown.children[l.Parent], l.ID)
		}
	}
	v.latest.Store(shown)
	return shown
}

// Children lists the lots whose parent a lot is.
func (v *view) Children(id charge.LotID) []charge.LotID { return v.children[id] }

// Account finds an account that is not off.
func (v *view) Account(id string) (charge.Account, bool) {
	a, ok := v.State.Account(id)
	if !ok {
		return charge.Account{}, false
	}
	return *a, true
}

// Binding finds a binding, switched off ones too.
func (v *view) Binding(account string, id charge.LotID) (charge.Binding, bool) {
	b, ok := v.State.Binding(account, id)
	if !ok {
		return charge.Binding{}, false
	}
	return *b, true
}

// LotOfCharger finds the lot that a charger id stands for.
func (v *view) LotOfCharger(account string, chargers []string) (charge.LotID, string, bool) {
	b, charger, ok := v.BindingByCharger(account, chargers)
	if !ok {
		return charge.LotID{}, "", false
	}
	return b.Lot, charger, true
}

// directory always shows the newest estate.
type directory struct{ book *estate.Book }

// Lot finds a lot that is not off, with its vendor.
func (d directory) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	return d.book.State().Lot(id)
}

// Park lists the lots of a park_id, of whichever vendor.
func (d directory) Park(park string) []charge.LotID { return d.book.State().Park(park) }

// Vendor finds a vendor that is not off.
func (d directory) Vendor(union string) (charge.Vendor, bool) { return d.book.State().Vendor(union) }

// accounts finds keys for intake. Candidates are made once per account and estate, not per push.
type accounts struct {
	book   *estate.Book
	infos  map[string]platform.Info
	derive func(label string, n int) []byte
	now    func() time.Time
	mu     sync.Mutex
	of     *estate.State
	cached map[candidateKey]platform.Candidate
}

type candidateKey struct {
	account string
	lot     charge.LotID // where the key is the lot's or its vendor's
}

var _ platform.Accounts = (*accounts)(nil)

// KnowsLot reports whether a lot exists and is not off.
func (a *accounts) KnowsLot(id charge.LotID) bool { return a.book.State().KnowsLot(id) }

// Candidates returns the accounts that a claim fits, the narrowest scope first.
func (a *accounts) Candidates(id string, c platform.Claim) []platform.Candidate {
	state := a.book.State()
	info := a.infos[id]
	found := state.AccountsFor(id, c.Operator, c.Lot)
	if len(found) == 0 {
		return nil
	}
	out := make([]platform.Candidate, 0, len(found))
	for _, acc := range found {
		if cand, ok := a.candidate(state, info, acc, c.Lot); ok {
			out = append(out, cand)
		}
	}
	return out
}

var (
	_ platform.RuleBook = (*accounts)(nil)
	_ platform.LotBook  = (*accounts)(nil)
)

// LotOff reports whether a lot is there and switched off.
func (a *accounts) LotOff(id charge.LotID) bool { return a.book.State().LotOff(id) }

// RuleOf returns the rule that decides on a charge of an account; nil where the account is not bound to its lot.
func (a *accounts) RuleOf(account string, c *platform.Charge) *charge.Rule {
	state := a.book.State()
	b, found := state.Binding(account, c.Lot)
	if c.Lot.IsZero() {
		b, _, found = state.BindingByCharger(account, c.Chargers)
	}
	at := c.Ended
	if at.IsZero() {
		at = a.now()
	}
	if !found {
		return nil
	}
	rule, effective := b.RuleAt(at)
	if !effective {
		return nil
	}
	return &rule
}

func (a *accounts) candidate(state *estate.State, info platform.Info, acc *charge.Account,
	id charge.LotID) (platform.Candidate, bool) {
	key := candidateKey{account: acc.ID}
	if info.Issuer != platform.IssuerAccount {
		key.lot = id
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of != state {
		a.of, a.cached = state, map[candidateKey]platform.Candidate{}
	}
	cand, known := a.cached[key]
	if !known {
		var ok bool
		if cand, ok = a.build(state, info, acc, id); !ok {
			return cand, false
		}
		if len(a.cached) < maxCandidates {
			a.cached[key] = cand
		}
	}
	if len(cand.Keys) > 1 && a.now().After(oldUntil(state, info, acc, id)) {
		cand.Keys = cand.Keys[:1]
	}
	return cand, true
}

// maxCandidates bounds the cache; claims name lots that exist, so estates do too.
const maxCandidates = 50_000

func (a *accounts) build(state *estate.State, info platform.Info, acc *charge.Account,
	id charge.LotID) (platform.Candidate, bool) {
	cand := platform.Candidate{
		Account:   platform.Account{ID: acc.ID, Clock: acc.Clock, Scope: acc.Scope, TokenKey: a.derive("token/"+acc.ID, 32)},
		AllowFrom: acc.AllowFrom, PathToken: acc.PathToken,
	}
	switch info.Issuer {
	case platform.IssuerVendor, platform.IssuerLot:
		name, key, old := issuedKey(state, info, id)
		if key == "" {
			return cand, false
		}
		cand.Keys = []platform.Keys{{name: key}}
		if old.Key != "" {
			cand.Keys = append(cand.Keys, platform.Keys{name: old.Key})
		}
	default:
		current := platform.Keys(acc.Keys)
		cand.Keys = []platform.Keys{current}
		if len(acc.OldKeys) > 0 {
			former := platform.Keys{}
			for n, k := range current {
				former[n] = k
			}
			for n, k := range acc.OldKeys {
				former[n] = k
			}
			cand.Keys = append(cand.Keys, former)
		}
	}
	return cand, true
}

// issuedKey is the key of a lot or its vendor that stands in for an account's.
func issuedKey(state *estate.State, info platform.Info, id charge.LotID) (name string, key charge.Secret,
	old charge.OldKey) {
	l, v, ok := state.Lot(id)
	switch {
	case !ok:
		return "", "", charge.OldKey{}
	case info.Issuer == platform.IssuerVendor:
		return "ukey", v.Ukey, v.OldUkey
	}
	return "ckey", l.Ckey, l.OldCkey
}

func oldUntil(state *estate.State, info platform.Info, acc *charge.Account, id charge.LotID) time.Time {
	if info.Issuer == platform.IssuerAccount {
		return acc.OldUntil
	}
	_, _, old := issuedKey(state, info, id)
	return old.Until
}
