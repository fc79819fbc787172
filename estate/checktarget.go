package estate

import (
	"maps"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

// target checks a lot of another parking system against what that system wants.
func (m *merger) target(at []string, l *charge.Lot) {
	if l.Off {
		return // the way out when a target's profile is taken away
	}
	t, known := m.catalog.Targets[l.Target]
	switch {
	case l.Target == "":
		m.fail(at, "target", CodeNeedsTarget, listed(m.catalog.Targets))
		return
	case !known && m.was.lots[l.ID.String()] == nil:
		m.fail(at, "target", CodeEnum, clip(l.Target), listed(m.catalog.Targets))
		return
	case !known:
		if m.names(at[0]) {
			m.fail(at, "target", CodeTargetGone, clip(l.Target))
		}
		return
	}
	if l.Address == "" && t.Address == "" {
		m.fail(at, "address", CodeNeedsAddress, t.ID)
	}
	m.outbound(at, "address", l.Address, l.AllowTo)
	m.targetKeys(at, l, &t)
	switch {
	case l.Repeats == charge.RepeatsReplace:
		m.fail(at, "repeats", CodeCouponReplace)
	case l.Repeats == charge.RepeatsAdd && !t.Safe:
		m.fail(at, "repeats", CodeCouponUnsafe, t.ID)
	}
	switch {
	case l.Stays == charge.StaysRequired || l.Stays == charge.StaysTold && t.StaysToken == "":
		m.fail(at, "stays", CodeCouponStays, t.ID)
	case l.Stays == charge.StaysTold && l.Keys[t.StaysToken] == "":
		m.fail(at, "keys."+t.StaysToken, CodeNeedsKey, "stays: told")
	}
}

func (m *merger) targetKeys(at []string, l *charge.Lot, t *Target) {
	for _, k := range t.Keys {
		if l.Keys[k.Name] == "" && !k.Optional && k.Default == "" {
			m.fail(at, "keys."+k.Name, CodeNeedsKey, t.ID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Keys)) {
		if _, known := t.key(name); !known {
			m.fail(at, "keys", CodeUnknownName, clip(name), t.ID, namesOf(t.Keys))
		}
	}
	if token := l.Keys[t.StaysToken].Reveal(); t.StaysToken != "" && token != "" {
		m.token(at, "keys."+t.StaysToken, token)
	}
}

// couponGrants checks that a lot's target can give what a rule may grant.
func (m *merger) couponGrants(at []string, p *Platform, l *charge.Lot, r charge.Rule) {
	t, known := m.catalog.Targets[l.Target]
	if !known {
		return // reported at the lot
	}
	field, wanted := "rule.grant", []charge.Method{}
	switch r.Grant {
	case charge.GrantAsPushed:
		wanted = p.pushes()
	case charge.GrantChargeTime:
		wanted = append(wanted, charge.MethodTime)
	case charge.GrantLotDecides:
		wanted = append(wanted, charge.MethodLotDecides)
	case charge.GrantFixed:
		wanted = append(wanted, r.Fixed.Method)
	case charge.GrantSteps:
		field = "rule.steps"
		for _, s := range r.Steps {
			wanted = append(wanted, s.Reduction.Method)
		}
	}
	// A free grant under a cap becomes the cap.
	if slices.Contains(wanted, charge.MethodFree) && r.CapMinutes > 0 {
		wanted = append(wanted, charge.MethodTime)
	}
	if slices.Contains(wanted, charge.MethodFree) && r.CapAmount > 0 {
		wanted = append(wanted, charge.MethodAmount)
	}
	var cannot []string
	for _, w := range wanted {
		if !t.grants(w, l.Keys) && !slices.Contains(cannot, string(w)) {
			cannot = append(cannot, string(w))
		}
	}
	if len(cannot) > 0 {
		m.fail(at, field, CodeCouponGrant, strings.Join(cannot, ", "), t.ID, t.given(l.Keys))
	}
}

// outbound refuses an address that the way out would refuse as well, while somebody is looking. Host names
// are looked up when they are dialled. A stored address that earlier versions took keeps no other document out.
func (m *merger) outbound(at []string, field, address string, allowTo []netip.Prefix) {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return
	}
	if ip = ip.Unmap(); outbound.Check(ip, allowTo) == nil {
		return
	}
	if slices.ContainsFunc(at, m.names) || ip.IsPrivate() || !ip.IsGlobalUnicast() {
		m.fail(at, field, CodePrivate, ip.String(), netip.PrefixFrom(ip, ip.BitLen()).String())
	}
}

// token checks a secret that stands in an address.
func (m *merger) token(at []string, field, token string) {
	switch {
	case strings.Trim(token, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~") != "":
		m.fail(at, field, CodeTokenForm)
	case bits(token) < 128:
		m.fail(at, field, CodeTokenWeak)
	}
}

// bits is what a random text of this length and kind of characters is worth. A text of few different
// characters is not random and worth nothing.
func bits(token string) float64 {
	different := map[rune]bool{}
	for _, r := range token {
		different[r] = true
	}
	if len(different) < 8 {
		return 0
	}
	alphabet := 64.0
	switch {
	case strings.Trim(token, "0123456789") == "":
		alphabet = 10
	case strings.Trim(strings.ToLower(token), "0123456789abcdef") == "":
		alphabet = 16
	case strings.ToLower(token) == token || strings.ToUpper(token) == token:
		alphabet = 32
	}
	return float64(len(token)) * math.Log2(alphabet)
}
