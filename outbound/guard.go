package outbound

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/chargestamp/chargestamp/charge"
)

// Refused says that an address may not be dialled. It is permanent: only another allow list, or another
// address, helps.
type Refused struct {
	Addr netip.Addr
	Kind string // what the address is: "a loopback address"
}

// Error says which prefix to add where.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s is %s and is not dialled; if that is right, add %q to the allow_to list beside the address",
		r.Addr, r.Kind, netip.PrefixFrom(r.Addr, r.Addr.BitLen()))
}

// Note says the same for people.
func (r *Refused) Note() charge.Note {
	return charge.Say("outbound.not_dialled", charge.Text("address", r.Addr.String()),
		charge.Because("kind", charge.Say(kinds[r.Kind])),
		charge.Text("prefix", netip.PrefixFrom(r.Addr, r.Addr.BitLen()).String()))
}

// kinds are the codes of what an address is.
var kinds = map[string]string{
	"the address of a cloud's metadata service": "address.metadata",
	"a loopback address":                        "address.loopback",
	"an unspecified address":                    "address.unspecified",
	"a link-local address":                      "address.link_local",
	"a private address":                         "address.private",
	"a carrier's private address":               "address.carrier",
	"a multicast address":                       "address.multicast",
	"a reserved address":                        "address.reserved",
	"an address for documentation":              "address.documentation",
	"an address for benchmarks":                 "address.benchmark",
	"an IPv4 address in IPv6":                   "address.ipv4_in_ipv6",
	"no address":                                "address.none",
}

// special is every range that does not lead to another machine on the public internet, first match first. The
// IPv6 ranges that carry an IPv4 address in them are refused whole: they would lead around the IPv4 ones.
// (IANA special-purpose address registries, RFC 6890.)
var special = []struct {
	prefix netip.Prefix
	kind   string
}{
	{netip.MustParsePrefix("169.254.169.254/32"), "the address of a cloud's metadata service"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), "the address of a cloud's metadata service"},
	{netip.MustParsePrefix("100.100.100.200/32"), "the address of a cloud's metadata service"},
	{netip.MustParsePrefix("127.0.0.0/8"), "a loopback address"},
	{netip.MustParsePrefix("::1/128"), "a loopback address"},
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified address"},
	{netip.MustParsePrefix("::/128"), "an unspecified address"},
	{netip.MustParsePrefix("169.254.0.0/16"), "a link-local address"},
	{netip.MustParsePrefix("fe80::/10"), "a link-local address"},
	{netip.MustParsePrefix("10.0.0.0/8"), "a private address"},
	{netip.MustParsePrefix("172.16.0.0/12"), "a private address"},
	{netip.MustParsePrefix("192.168.0.0/16"), "a private address"},
	{netip.MustParsePrefix("fc00::/7"), "a private address"},
	{netip.MustParsePrefix("fec0::/10"), "a private address"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private address"},
	{netip.MustParsePrefix("224.0.0.0/4"), "a multicast address"},
	{netip.MustParsePrefix("ff00::/8"), "a multicast address"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved address"},
	{netip.MustParsePrefix("192.0.2.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("198.51.100.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "an address for documentation"},
	{netip.MustParsePrefix("2001:db8::/32"), "an address for documentation"},
	{netip.MustParsePrefix("198.18.0.0/15"), "an address for benchmarks"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved address"},
	{netip.MustParsePrefix("64:ff9b::/96"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("2002::/16"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("2001::/32"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("::/96"), "an IPv4 address in IPv6"},
	{netip.MustParsePrefix("100::/64"), "a reserved address"},
}

// Check says whether an address may be dialled under an allow list; the error is a *Refused.
func Check(addr netip.Addr, allow []netip.Prefix) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(addr) {
			return nil
		}
	}
	for i := range special {
		if special[i].prefix.Contains(addr) {
			return &Refused{Addr: addr, Kind: special[i].kind}
		}
	}
	if !addr.IsValid() {
		return &Refused{Addr: addr, Kind: "no address"}
	}
	return nil
}

type allowKey struct{}

// WithAllow lets the requests made under a context dial addresses in the given prefixes as well.
func WithAllow(ctx context.Context, prefixes []netip.Prefix) context.Context {
	return context.WithValue(ctx, allowKey{}, prefixes)
}

func allowed(ctx context.Context) []netip.Prefix {
	prefixes, _ := ctx.Value(allowKey{}).([]netip.Prefix)
	return prefixes
}
