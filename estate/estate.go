// Package estate knows which vendors, lots, accounts and bindings there are: it reads estate files, checks
// them against what the platforms can do, says what would change, keeps the result and answers the
// lookups that every push needs.
package estate

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/chargestamp/chargestamp/charge"
)

// State is an estate at one moment. It never changes: a new one takes its place. What its lookups point to
// belongs to it and is only to be read. The nil *State is an empty estate.
type State struct {
	tables
	catalog *Catalog
	byLot   map[charge.LotID]lotEntry
	byPark  map[string][]charge.LotID // by park_id, over all vendors
	byPair  map[pairKey]*charge.Binding
	byCharg map[string]*charge.Binding
	byStat  map[stationKey]*charge.Binding
	byOper  map[operatorKey][]*charge.Account // on, narrowest first
	byScope map[scopeKey][]*charge.Account    // on
	byPlat  map[string][]*charge.Account      // on, narrowest first
	issuers map[string][]string               // see issuersOf

	// In the order of their ids: of thousands, sorting them for every page shows.
	allVendors  []*charge.Vendor
	allLots     []*charge.Lot
	allAccounts []*charge.Account
	allBindings []*charge.Binding

	checked sync.Once
	passed  bool

	weighed sync.Once
	weak    []Weak
}

// tables hold everything by id, switched off or not.
type tables struct {
	vendors  map[string]*charge.Vendor
	lots     map[string]*charge.Lot
	accounts map[string]*charge.Account
	bindings map[string]*charge.Binding // by account@lot
}

type lotEntry struct {
	lot    *charge.Lot
	vendor *charge.Vendor
}

type pairKey struct {
	account string
	lot     charge.LotID
}

type operatorKey struct{ platform, operator string }

type scopeKey struct {
	operatorKey
	scope charge.Scope
}

func bindingID(account string, lot charge.LotID) string { return account + "@" + lot.String() }

// operators are the names under which an account's operator may push: the current and, while keys are being
// changed, the former. Platforms without such a name have the empty one.
func (s *State) operators(a *charge.Account) []string {
	p, known := s.catalog.Platforms[a.Platform]
	if !known || p.Operator == "" {
		return []string{""}
	}
	ops := []string{p.operator(a.Keys[p.Operator].Reveal())}
	if old := p.operator(a.OldKeys[p.Operator].Reveal()); old != "" && old != ops[0] {
		ops = append(ops, old)
	}
	return ops
}

// Lot finds a lot that is not off, with its vendor.
func (s *State) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	if s == nil {
		return charge.Lot{}, charge.Vendor{}, false
	}
	e, found := s.byLot[id]
	if !found || e.lot.Off || e.vendor == nil || e.vendor.Off {
		return charge.Lot{}, charge.Vendor{}, false
	}
	return *e.lot, *e.vendor, true
}

// StoredLot finds a lot, an off one too; nil where there is none. It may not be changed.
func (s *State) StoredLot(id charge.LotID) *charge.Lot {
	if s == nil {
		return nil
	}
	return s.byLot[id].lot
}

// Park lists the lots of a park_id, of whichever vendor, off ones too.
func (s *State) Park(park string) []charge.LotID {
	if s == nil {
		return nil
	}
	return s.byPark[park]
}

// Vendor finds a vendor that is not off.
func (s *State) Vendor(union string) (charge.Vendor, bool) {
	if s == nil || s.vendors[union] == nil || s.vendors[union].Off {
		return charge.Vendor{}, false
	}
	return *s.vendors[union], true
}

// KnowsLot reports whether a lot exists and is not off.
func (s *State) KnowsLot(id charge.LotID) bool {
	_, _, found := s.Lot(id)
	return found
}

// LotOff reports whether a lot is there and switched off, or its vendor is.
func (s *State) LotOff(id charge.LotID) bool {
	if s == nil {
		return false
	}
	_, there := s.byLot[id]
	return there && !s.KnowsLot(id)
}

// Account finds an account that is not off.
func (s *State) Account(id string) (*charge.Account, bool) {
	if s == nil || s.accounts[id] == nil || s.accounts[id].Off {
		return nil, false
	}
	return s.accounts[id], true
}

// Binding finds the binding of an account and a lot, switched off or not.
func (s *State) Binding(account string, lot charge.LotID) (*charge.Binding, bool) {
	if s == nil {
		return nil, false
	}
	b, found := s.byPair[pairKey{account, lot}]
	return b, found
}

// gunDigits is how many digits a gun's number adds to its pile's.
const gunDigits = 3

// stationKey is a station's id as an account's platform writes it.
type stationKey struct{ account, station string }

// BindingByCharger finds the binding that one of the charger ids stands for, in their order, and the id as it is
// listed: as it is pushed, else without the one to three digits that a gun's number adds to its pile's, else as a
// station of the account.
func (s *State) BindingByCharger(account string, chargers []string) (b *charge.Binding, charger string, found bool) {
	if s == nil {
		return nil, "", false
	}
	for cut := 0; cut <= gunDigits; cut++ {
		for _, id := range chargers {
			if len(id) <= cut || strings.Trim(id[len(id)-cut:], "0123456789") != "" {
				continue
			}
			listed := id[:len(id)-cut]
			if b := s.byCharg[listed]; b != nil && b.Account == account {
				return b, listed, true
			}
		}
	}
	for _, id := range chargers {
		if b := s.byStat[stationKey{account, id}]; b != nil {
			return b, id, true
		}
	}
	return nil, "", false
}

// AccountsFor returns the accounts of a platform, not off, that a push of an operator may be proved with, the
// narrowest first. A zero lot asks for all of the operator's; operator is empty for platforms whose pushes
// name none.
func (s *State) AccountsFor(platform, operator string, lot charge.LotID) []*charge.Account {
	if s == nil {
		return nil
	}
	if p, known := s.catalog.Platforms[platform]; known {
		operator = p.operator(operator)
		if p.Operator == "" {
			operator = ""
		}
	}
	k := operatorKey{platform, operator}
	if lot.IsZero() {
		return s.byOper[k]
	}
	// One scope holds at most one account, so most pushes end with one stored list and nothing allocated.
	var found []*charge.Account
	for _, scope := range [...]charge.Scope{{Union: lot.Union, Park: lot.Park}, {Union: lot.Union}, {}} {
		list := s.byScope[scopeKey{k, scope}]
		if len(found) == 0 {
			found = list[:len(list):len(list)]
		} else {
			found = append(found, list...)
		}
	}
	return found
}

// AccountsOf returns a platform's accounts that are not off, the narrowest first.
func (s *State) AccountsOf(platform string) []*charge.Account {
	if s == nil {
		return nil
	}
	return s.byPlat[platform]
}

// Vendors lists all vendors, off or not, by id; so do Lots, Accounts and Bindings.
func (s *State) Vendors() []*charge.Vendor {
	if s == nil {
		return nil
	}
	return slices.Clone(s.allVendors)
}

// Lots lists all lots.
func (s *State) Lots() []*charge.Lot {
	if s == nil {
		return nil
	}
	return slices.Clone(s.allLots)
}

// Accounts lists all accounts.
func (s *State) Accounts() []*charge.Account {
	if s == nil {
		return nil
	}
	return slices.Clone(s.allAccounts)
}

// Bindings lists all bindings.
func (s *State) Bindings() []*charge.Binding {
	if s == nil {
		return nil
	}
	return slices.Clone(s.allBindings)
}

func sorted[T any](m map[string]*T) []*T {
	return sortedWhere(m, func(string, *T) bool { return true })
}

// sortedWhere is sorted, of some.
func sortedWhere[T any](m map[string]*T, want func(string, *T) bool) []*T {
	var ids []string
	for id, t := range m {
		if want(id, t) {
			ids = append(ids, id)
		}
	}
	sort.Strings(ids)
	list := make([]*T, len(ids))
	for i, id := range ids {
		list[i] = m[id]
	}
	return list
}
