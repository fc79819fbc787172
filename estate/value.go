package estate

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

func (p *reader) list(path string, n *node, f Field) {
	if n.kind != kindList {
		p.fail(n.line, path, CodeType, isList)
		return
	}
	for _, item := range n.items {
		switch {
		case item.kind != kindText:
			p.fail(item.line, path, CodeType, isTexts)
		case f.Type == TypePrefixes:
			p.prefix(path, item)
		default:
			p.text(path, item)
			if strings.TrimSpace(item.text) != item.text || item.text == "" {
				p.fail(item.line, path, CodeType, isTrimmed)
			}
		}
	}
}

func (p *reader) prefix(path string, n *node) {
	prefix, err := netip.ParsePrefix(n.text)
	switch {
	case err == nil && prefix.Addr().Is4In6() && prefix.Bits() >= 96: // callers are known by their IPv4 addresses
		plain := netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96).Masked()
		p.fail(n.line, path, CodeHostBits, clip(n.text), plain.String())
	case err == nil && prefix.Masked() != prefix:
		p.fail(n.line, path, CodeHostBits, clip(n.text), prefix.Masked().String())
	case err == nil && prefix.Bits() == 0:
		p.fail(n.line, path, CodeEverywhere, clip(n.text))
	case err == nil && wide(prefix):
		p.fail(n.line, path, CodeWide, clip(n.text))
	case err != nil:
		want := "192.0.2.0/24"
		if addr, err := netip.ParseAddr(n.text); err == nil {
			addr = addr.Unmap()
			want = netip.PrefixFrom(addr, addr.BitLen()).String()
		}
		p.fail(n.line, path, CodeHostBits, clip(n.text), want)
	}
}

// The widest prefixes that name somebody: of IPv4, and of IPv6's public addresses. A few wider ones are everywhere.
const (
	widest4 = 8
	widest6 = 16
)

var public6 = netip.MustParsePrefix("2000::/3")

func wide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < widest4
	}
	return p.Bits() < widest6 && p.Overlaps(public6)
}

func (p *reader) text(path string, n *node) {
	if !utf8.ValidString(n.text) || strings.ContainsFunc(n.text, unicode.IsControl) ||
		utf8.RuneCountInString(n.text) > 200 {
		p.fail(n.line, path, CodeType, isLine)
	}
}

// scalar checks a single value; quoting matters where a bare number would lose digits.
func (p *reader) scalar(path string, n *node, f Field) {
	switch f.Type {
	case TypeBool:
		if n.kind != kindBool {
			p.fail(n.line, path, CodeType, isBool)
		}
	case TypeCount:
		v, err := strconv.ParseInt(n.text, 10, 64)
		if n.kind != kindNumber || err != nil || v < f.Min || v > f.Max {
			p.fail(n.line, path, CodeRange, f.Min, f.Max)
			return
		}
		n.text = strconv.FormatInt(v, 10)
	case TypeDuration:
		p.duration(path, n)
	default:
		if n.kind != kindText {
			p.fail(n.line, path, CodeQuotes, example(f))
			return
		}
		p.word(path, n, f)
	}
}

func (p *reader) duration(path string, n *node) {
	d, err := time.ParseDuration(n.text)
	if n.kind == kindNumber && n.text != "0" || n.kind > kindNumber || err != nil || d < 0 || d%time.Second != 0 ||
		d > 7*24*time.Hour {
		p.fail(n.line, path, CodeType, isDuration)
	}
}

func example(f Field) string {
	switch f.Type {
	case TypeYuan:
		return `"10.00"`
	case TypeKWh:
		return `"2.5"`
	case TypeTime:
		return `"2026-01-01T00:00:00+08:00"`
	case TypeClock:
		return `"08:00"`
	case TypeLot:
		return `"200461/1313"`
	case TypeURL:
		return `"https://lot.example/callback"`
	case TypeID, TypeScope:
		return `"200461"`
	case TypeEnum:
		return strconv.Quote(f.Enum[0])
	}
	return `"…"`
}

// clearable fields take an empty text: it takes away what was there.
func clearable(f Field) bool {
	return f.Type == TypeURL || f.Type == TypeText || f.Type == TypeLot && !f.Required
}

// word checks a text against the closer type of its field.
func (p *reader) word(path string, n *node, f Field) {
	if n.text == "" && clearable(f) {
		return
	}
	var err error
	switch f.Type {
	case TypeEnum:
		for _, e := range f.Enum {
			if e == n.text {
				return
			}
		}
		p.fail(n.line, path, CodeEnum, clip(n.text), strings.Join(f.Enum, ", "))
	case TypeID:
		if !isID(n.text) {
			p.fail(n.line, path, CodeType, isWord)
		}
	case TypeLot:
		if _, err = charge.ParseLotID(n.text); err != nil || strings.TrimSpace(n.text) != n.text {
			p.fail(n.line, path, CodeType, isLot)
		}
	case TypeScope:
		if _, ok := parseScope(n.text); !ok {
			p.fail(n.line, path, CodeType, isScope)
		}
	case TypeYuan:
		if fen, err := charge.ParseFen(n.text); err != nil || fen < 0 {
			p.fail(n.line, path, CodeType, isYuan)
		}
	case TypeKWh:
		if e, err := charge.ParseEnergy(n.text); err != nil || e < 0 {
			p.fail(n.line, path, CodeType, isKWh)
		}
	case TypeClock:
		if _, err = charge.ParseClockTime(n.text); err != nil {
			p.fail(n.line, path, CodeType, isClock)
		}
	case TypeTime:
		p.time(path, n)
	case TypeURL:
		p.url(path, n)
	case TypeText:
		p.text(path, n)
	}
}

func (p *reader) time(path string, n *node) {
	if _, err := time.Parse(time.RFC3339, n.text); err == nil {
		return
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
		"2006-01-02"} {
		if t, err := time.ParseInLocation(layout, n.text, charge.Shanghai); err == nil {
			p.fail(n.line, path, CodeZone, n.text, t.Format(time.RFC3339))
			return
		}
	}
	p.fail(n.line, path, CodeType, isTime)
}

// url refuses what an address for callbacks may not have; a name and password in it would be a secret.
func (p *reader) url(path string, n *node) {
	u, err := url.Parse(n.text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Fragment != "" || len(n.text) > 500 {
		p.fail(n.line, path, CodeType, isURL)
	}
}
