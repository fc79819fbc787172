package flow

import (
	"net/netip"
	"testing"
	"time"
)

// What is refused beyond a bound costs neither a wait nor a write: of a network in one account's name, of an account
// whose day is full, and of the bytes of a day; the next day all is open again.
func TestSecurityRefusalsBeyondTheirBoundsCostNothing(t *testing.T) {
	now := time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC)
	flooding, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.1")
	known, unknown := [2]string{"xiaoju", "main"}, [2]string{"xiaoju", ""}
	const today, tomorrow = "2026-03-03", "2026-03-04"
	r := newRefusals()
	open := func(of [2]string, network netip.Addr, day string, want bool, what string) {
		t.Helper()
		if got := r.open(of, network, day, now); got != want {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	for range refusedNetwork {
		r.open(known, flooding, today, now)
	}
	open(known, flooding, today, true, "the first of a second beyond a network's share")
	open(known, flooding, today, false, "the second of it")
	open(known, other, today, true, "another network")
	open(unknown, flooding, today, true, "the same network in no account's name")
	r.full(known, today)
	open(known, other, today, false, "an account whose day is full")
	open(unknown, other, today, true, "another account")
	if !r.take(unknown, refusedBytes) || r.take(unknown, 1) {
		t.Error("the bytes of a day are not bounded")
	}
	open(unknown, other, today, false, "no bytes are left for who names no account")
	r.over = map[[2]string]bool{}
	open(known, other, today, true, "an account has its reserve")
	open(known, flooding, tomorrow, true, "the next day")
	r.full(unknown, today)
	open(unknown, other, tomorrow, true, "what was full yesterday")
}
