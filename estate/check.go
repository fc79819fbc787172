package estate

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// check checks the result, as far as a document reaches.
func (m *merger) check(r reach) {
	for _, v := range sortedWhere(m.next.vendors, r.vendor) {
		m.vendor(v)
	}
	for _, l := range sortedWhere(m.next.lots, r.lot) {
		m.lot(l)
	}
	if r.all || len(r.lots) > 0 {
		m.areas()
	}
	if len(m.doc.lots) > 0 {
		m.sameKeys()
	}
	for _, a := range sortedWhere(m.next.accounts, r.account) {
		m.account(a)
	}
	if r.all || len(r.accounts) > 0 {
		m.twins()
		m.formerly()
	}
	for _, b := range sortedWhere(m.next.bindings, r.binding) {
		m.binding(b)
	}
	if r.all || len(r.bindings) > 0 {
		m.chargers()
		m.stations()
	}
}

func (m *merger) vendor(v *charge.Vendor) {
	at := []string{"vendor " + v.UnionID}
	m.oldKey(at, "old_ukey", v.OldUkey)
	m.outbound(at, "callback", v.Callback, v.AllowTo)
}

func (m *merger) oldKey(at []string, field string, k charge.OldKey) {
	if (k.Key == "") != k.Until.IsZero() {
		m.fail(at, field, CodeOldUntil)
	}
}

func (m *merger) lot(l *charge.Lot) {
	at := []string{"lot " + l.ID.String(), "vendor " + l.ID.Union}
	m.oldKey(at, "old_ckey", l.OldCkey)
	vendor := m.next.vendors[l.ID.Union]
	if vendor == nil {
		m.fail(at, "lot", CodeNoVendor, l.ID.Union)
		return
	}
	kind := lot.KindOf(l.Kind)
	for _, f := range []struct {
		name string
		set  bool
	}{{"message", l.Message != ""}, {"callback", l.Callback != ""}, {"tariff", l.Tariff != nil},
		{"parent", !l.Parent.IsZero()},
		{"target", l.Target != ""}, {"keys", len(l.Keys) > 0}, {"address", l.Address != ""}} {
		if f.set && !kind.Has(f.name) {
			m.fail(at, f.name, CodeOnlyKind, kindsWith(f.name))
		}
	}
	m.lotKey(at, l, vendor, kind)
	if kind.Has("callback") {
		if l.Callback == "" && vendor.Callback == "" {
			m.fail(at, "callback", CodeNeedsCallback)
		}
		m.outbound(at, "callback", l.Callback, append(slices.Clip(l.AllowTo), vendor.AllowTo...))
	}
	if kind.Has("target") {
		m.target(at, l)
	} else if l.Stays == charge.StaysTold {
		m.fail(at, "stays", CodeOnlyKind, kindsWith("target"))
	}
	if kind.KeepsStays && l.Stays == charge.StaysNone {
		m.fail(at, "stays", CodeStays4G)
	}
	if kind.NeedsTariff {
		m.tariff(at, l)
	}
	if kind.Has("parent") {
		m.parents(at, l)
	}
}

// kindsWith names the kinds of lots that have a member.
func kindsWith(field string) string {
	var names []string
	for _, k := range lot.KindsWith(field) {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// lotKey asks for the key that signs between the lot and the gateway.
func (m *merger) lotKey(at []string, l *charge.Lot, vendor *charge.Vendor, kind lot.Kind) {
	switch kind.Key {
	case lot.KeyOfEither:
		if l.Ckey == "" && vendor.Ukey == "" {
			m.fail(at, "ckey", CodeNeedsCkey, lotWithoutUkey(l.Kind))
		}
	case lot.KeyOfVendor:
		if vendor.Ukey == "" {
			m.fail(at, "", CodeNeedsUkey, l.ID.Union)
		}
	case lot.KeyOfLot:
		if l.Ckey == "" {
			m.fail(at, "ckey", CodeNeedsCkey, anyLot(l.Kind))
		}
	}
}

func (m *merger) tariff(at []string, l *charge.Lot) {
	if l.Tariff == nil {
		m.fail(at, "tariff", CodeNeedsTariff)
	} else if m.catalog.Tariff != nil {
		if err := m.catalog.Tariff(*l.Tariff); err != nil {
			says := message{err.Error(), err.Error()}
			if both := (interface{ Chinese() string })(nil); errors.As(err, &both) {
				says.chinese = both.Chinese()
			}
			m.fail(at, "tariff", CodeTariff, says)
		}
	}
}

// parents looks at the lots that a nested one lies in.
func (m *merger) parents(at []string, l *charge.Lot) {
	if l.Parent.IsZero() {
		return
	}
	chain, things := []string{l.ID.String()}, []string{at[0]}
	for up := l; !up.Parent.IsZero(); {
		parent := m.next.lots[up.Parent.String()]
		if parent == nil || !lot.KindOf(parent.Kind).Has("parent") {
			if up == l {
				m.fail(at, "parent", CodeNoParent, up.Parent)
			}
			return
		}
		chain, things = append(chain, parent.ID.String()), append(things, "lot "+parent.ID.String())
		if parent == l {
			m.fail(things, "parent", CodeParentCycle, strings.Join(chain, " → "))
			return
		}
		if len(chain) > len(m.next.lots) {
			return // a ring further up, reported there
		}
		up = parent
	}
}

// areas refuses a lot with more areas in it than one transaction holds.
func (m *merger) areas() {
	inside := map[charge.LotID][]string{}
	for _, l := range sortedWhere(m.next.lots, func(_ string, l *charge.Lot) bool { return !l.Parent.IsZero() }) {
		inside[l.Parent] = append(inside[l.Parent], "lot "+l.ID.String())
	}
	for _, l := range sorted(m.next.lots) {
		if areas := inside[l.ID]; len(areas) > charge.MostAreas {
			m.fail(append([]string{"lot " + l.ID.String()}, areas...), "", CodeTooManyAreas, len(areas), charge.MostAreas)
		}
	}
}

func (m *merger) account(a *charge.Account) {
	at := []string{"account " + a.ID}
	if was := m.was.accounts[a.ID]; was != nil && was.Platform != a.Platform {
		m.fail(at, "platform", CodePlatformFixed, was.Platform)
		m.next.accounts[a.ID] = was
		return
	}
	if (len(a.OldKeys) == 0) != a.OldUntil.IsZero() {
		m.fail(at, "old_keys", CodeOldUntil)
	}
	switch a.Scope.Width() {
	case 0:
		id := charge.LotID{Union: a.Scope.Union, Park: a.Scope.Park}
		if m.next.lots[id.String()] == nil {
			m.fail(append(at, "lot "+id.String()), "scope", CodeNoLot, id)
		}
	case 1:
		if m.next.vendors[a.Scope.Union] == nil {
			m.fail(append(at, "vendor "+a.Scope.Union), "scope", CodeNoVendor, a.Scope.Union)
		}
	}
	if a.Off {
		return // the way out when a platform's profile is taken away
	}
	p, known := m.catalog.Platforms[a.Platform]
	if !known {
		switch {
		case m.was.accounts[a.ID] == nil:
			m.fail(at, "platform", CodePlatform, clip(a.Platform), listed(m.catalog.Platforms))
		case m.names(at[0]):
			m.fail(at, "", CodeNoProfile, a.Platform, a.ID)
		}
		return
	}
	m.keys(at, "keys", &p, a.Keys)
	m.keys(at, "old_keys", &p, a.OldKeys)
	for _, k := range p.Keys {
		if !k.Optional && a.Keys[k.Name] == "" {
			m.fail(at, "keys."+k.Name, CodeNeedsKey, p.ID)
		}
	}
	m.locks(at, &p, a)
	if a.Report == nil {
		return
	}
	if !p.Report {
		m.fail(at, "report", CodeNoReport, p.ID)
		return
	}
	if a.Report.URL == "" {
		m.fail(at, "report.url", CodeMissing)
	}
	m.keys(at, "report.keys", &p, a.Report.Keys)
	m.outbound(at, "report.url", a.Report.URL, a.Report.AllowTo)
}

// keys checks names and lengths.
func (m *merger) keys(at []string, field string, p *Platform, keys map[string]charge.Secret) {
	for name, secret := range keys {
		k, known := p.key(name)
		switch {
		case !known && len(p.Keys) == 0:
			m.fail(at, field, CodeNoKeys, clip(name), p.ID)
		case !known:
			m.fail(at, field, CodeUnknownName, clip(name), p.ID, p.keyNames())
		case k.Bytes > 0 && len(secret.Reveal()) != k.Bytes:
			m.fail(at, field+"."+name, CodeKeyLength, k.Bytes, len(secret.Reveal()))
		}
	}
}

func (m *merger) locks(at []string, p *Platform, a *charge.Account) {
	open := p.NeedsLock || p.LockUnless != "" && a.Keys[p.LockUnless] == ""
	if open && !a.Locked() {
		var or message
		if !p.NeedsLock {
			or = message{", or keys." + p.LockUnless, "，或 keys." + p.LockUnless}
		}
		m.fail(at, "", CodeNeedsLock, p.ID, or)
	}
	if was := m.was.accounts[a.ID]; a.OpenToOld(p.Undated) && (was == nil || !was.OpenToOld(p.Undated)) {
		m.fail(at, "undated", CodeUndatedLock)
	}
	if token := a.PathToken.Reveal(); token != "" {
		m.token(at, "path_token", token)
	}
}

// twins refuses two accounts that no push can distinguish.
func (m *merger) twins() {
	s := State{catalog: m.catalog}
	first := map[scopeKey]*charge.Account{}
	for _, a := range sorted(m.next.accounts) {
		if a.Off {
			continue
		}
		for _, op := range s.operators(a) {
			k := scopeKey{operatorKey{a.Platform, op}, a.Scope}
			if b := first[k]; b != nil {
				m.fail([]string{"account " + a.ID, "account " + b.ID}, "", CodeTwins, b.ID)
				break
			}
			first[k] = a
		}
	}
}

// sameKeys refuses a lot of the document that has a park_id and a ckey in common with another: the cloud link of the
// SDK before 4.0 names no vendor, so its lot is found by the key alone.
func (m *merger) sameKeys() {
	type parkKey struct {
		park string
		key  charge.Secret
	}
	first := map[parkKey]*charge.Lot{}
	for _, l := range sortedWhere(m.next.lots, func(_ string, l *charge.Lot) bool { return !l.Off }) {
		for _, key := range []charge.Secret{l.Ckey, l.OldCkey.Key} {
			k := parkKey{l.ID.Park, key}
			switch other := first[k]; {
			case key == "" || other == l:
			case other == nil:
				first[k] = l
			case m.names("lot "+l.ID.String()) || m.names("lot "+other.ID.String()):
				m.fail([]string{"lot " + l.ID.String(), "lot " + other.ID.String()}, "ckey", CodeCkeyTaken, other.ID)
			}
		}
	}
}

// chargers refuses a charger id that stands in two bindings.
func (m *merger) chargers() {
	first := map[string]*charge.Binding{}
	for _, b := range sortedWhere(m.next.bindings, func(_ string, b *charge.Binding) bool { return len(b.Chargers) > 0 }) {
		for _, id := range b.Chargers {
			if other := first[id]; other != nil {
				at := []string{"binding " + bindingID(b.Account, b.Lot), "binding " + bindingID(other.Account, other.Lot)}
				m.fail(at, "chargers", CodeChargerTaken, clip(id), at[1])
				continue
			}
			first[id] = b
		}
	}
	m.guns(first)
}

// stations refuses a station that stands in two bindings of one issuer.
func (m *merger) stations() {
	type station struct{ platform, issuer, id string }
	first := map[station]*charge.Binding{}
	for _, b := range sortedWhere(m.next.bindings, func(_ string, b *charge.Binding) bool { return len(b.Stations) > 0 }) {
		a := m.next.accounts[b.Account]
		if a == nil {
			continue // which is refused by itself
		}
		issuer := a.ID
		if p := m.catalog.Platforms[a.Platform]; p.Operator != "" && a.Keys[p.Operator].Reveal() != "" {
			issuer = "operator " + p.operator(a.Keys[p.Operator].Reveal())
		}
		for _, id := range b.Stations {
			k := station{a.Platform, issuer, id}
			if other := first[k]; other != nil {
				at := []string{"binding " + bindingID(b.Account, b.Lot), "binding " + bindingID(other.Account, other.Lot)}
				m.fail(at, "stations", CodeStationTaken, clip(id), at[1])
				continue
			}
			first[k] = b
		}
	}
}

// guns refuses a charger id that begins another one: a pushed gun would find either.
func (m *merger) guns(listed map[string]*charge.Binding) {
	ids := slices.Sorted(maps.Keys(listed))
	for i := 1; i < len(ids); i++ {
		if short, long := ids[i-1], ids[i]; strings.HasPrefix(long, short) {
			b := listed[long]
			m.fail([]string{"binding " + bindingID(b.Account, b.Lot)}, "chargers", CodeChargerBegins, clip(long), clip(short))
			ids[i] = short
		}
	}
}
