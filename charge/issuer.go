package charge

import "slices"

// IssuerKind is who numbers a platform's orders: the holder of the key that signs them.
type IssuerKind string

// Issuer kinds.
const (
	IssuerAccount IssuerKind = "account" // the platform's account
	IssuerVendor  IssuerKind = "vendor"  // the vendor whose ukey signs
	IssuerLot     IssuerKind = "lot"     // the lot whose ckey signs
)

// Issuer is who numbered an order. A number is unique, for ever, within one issuer and says nothing about the orders
// of another one. Names are compared within one platform.
type Issuer struct {
	Kind IssuerKind
	// Names are the account, the union_id or the lot ("U/P"). An account may be followed by others that are the same
	// issuer: its earlier names, and the accounts of the same operator.
	Names []string
	// Scope is how far the account reaches: an order number of an unknown account counts as this one's there.
	Scope Scope
}

// IssuerOf is the issuer of an order that one account pushed for a lot, with no other names.
func IssuerOf(kind IssuerKind, account string, scope Scope, lot LotID) Issuer {
	i := Issuer{Kind: kind, Names: []string{account}, Scope: scope}
	switch kind {
	case IssuerVendor:
		i.Names[0] = lot.Union
	case IssuerLot:
		i.Names[0] = lot.String()
	}
	return i
}

// Name is the name that this issuer's order numbers are stored by.
func (i Issuer) Name() string { return i.Names[0] }

// Is reports whether a name is one of this issuer's.
func (i Issuer) Is(name string) bool { return slices.Contains(i.Names, name) }

// Issued reports whether an order of an account and a lot is this issuer's, where no issuer was stored with it. An
// account that is not known either ("") counts as any that can serve the lot.
func (i Issuer) Issued(account string, lot LotID) bool {
	switch {
	case i.Kind == IssuerVendor:
		return i.Is(lot.Union)
	case i.Kind == IssuerLot:
		return i.Is(lot.String())
	case account == "":
		return i.Scope.Covers(lot)
	}
	return i.Is(account)
}

// OrderKey protects an order number against two hands at once where several accounts are one issuer, as a visit
// protects a plate in a lot.
func OrderKey(platform, repeatKey string) VisitKey {
	return VisitKey{Plate: Plate("order|" + platform + "|" + repeatKey)}
}
