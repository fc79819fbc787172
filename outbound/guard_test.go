package outbound

import (
	"context"
	"errors"
	"net/netip"
	"testing"
)

func TestCheck(t *testing.T) {
	refused := map[string]string{
		"127.0.0.1": "a loopback address", "127.255.255.254": "a loopback address", "::1": "a loopback address",
		"::ffff:127.0.0.1": "a loopback address",
		"0.0.0.0":          "an unspecified address", "0.1.2.3": "an unspecified address", "::": "an unspecified address",
		"10.0.0.1": "a private address", "172.16.0.1": "a private address", "172.31.255.255": "a private address",
		"192.168.1.1": "a private address", "fd12:3456::1": "a private address", "fec0::1": "a private address",
		"::ffff:10.0.0.1": "a private address",
		"100.64.0.1":      "a carrier's private address", "100.127.255.255": "a carrier's private address",
		"169.254.1.1": "a link-local address", "fe80::1": "a link-local address", "fe80::1%eth0": "a link-local address",
		"169.254.169.254": "the address of a cloud's metadata service",
		"fd00:ec2::254":   "the address of a cloud's metadata service",
		"100.100.100.200": "the address of a cloud's metadata service",
		"224.0.0.1":       "a multicast address", "239.255.255.250": "a multicast address", "ff02::1": "a multicast address",
		"255.255.255.255": "a reserved address", "240.0.0.1": "a reserved address", "192.0.0.8": "a reserved address",
		"198.18.0.1": "an address for benchmarks", "203.0.113.9": "an address for documentation",
		"64:ff9b::7f00:1": "an IPv4 address in IPv6", "2002:7f00:1::1": "an IPv4 address in IPv6",
		"::7f00:1": "an IPv4 address in IPv6",
	}
	for text, kind := range refused {
		addr := netip.MustParseAddr(text)
		err := Check(addr, nil)
		if r := (*Refused)(nil); !errors.As(err, &r) || r.Kind != kind {
			t.Errorf("%s: %v, want %s", text, err, kind)
		}
		addr = addr.Unmap().WithZone("")
		if err := Check(addr, []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}); err != nil {
			t.Errorf("%s under its own allow list: %v", text, err)
		}
	}
	for _, text := range []string{"1.1.1.1", "11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.63.0.1",
		"100.128.0.1",
		"126.255.255.255", "128.0.0.1", "223.255.255.255", "2400:3200::1", "::ffff:1.1.1.1"} {
		if err := Check(netip.MustParseAddr(text), nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if Check(netip.Addr{}, nil) == nil {
		t.Error("no address is dialled")
	}
	if err := Check(netip.MustParseAddr("10.0.1.1"), []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}); err == nil {
		t.Error("10.0.1.1 is dialled under 10.0.0.0/24")
	}
}

func TestRefusedSaysWhatToDo(t *testing.T) {
	want := `10.1.2.3 is a private address and is not dialled; if that is right, ` +
		`add "10.1.2.3/32" to the allow_to list beside the address`
	if got := Check(netip.MustParseAddr("10.1.2.3"), nil).Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWithAllow(t *testing.T) {
	ctx := context.Background()
	if got := allowed(ctx); got != nil {
		t.Errorf("a plain context allows %v", got)
	}
	if got := allowed(WithAllow(ctx, here)); len(got) != 1 || got[0] != here[0] {
		t.Errorf("got %v, want %v", got, here)
	}
}
