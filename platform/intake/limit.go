package intake

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
)

// ClientAddr is who sent a request: the peer, or, where the peer is a trusted proxy, the last address in
// X-Forwarded-For that is none. What stands before that one was written by the client himself. An entry that is no
// address ends the search at the proxy that passed it on.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, ok := parseAddr(r.RemoteAddr)
	if !ok || !platform.Within(trusted, peer) {
		return peer
	}
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(entries) - 1; i >= 0; i-- {
		at, ok := parseAddr(strings.TrimSpace(entries[i]))
		if !ok {
			return peer
		}
		if peer = at; !platform.Within(trusted, at) {
			return at
		}
	}
	return peer
}

// parseAddr reads an address with or without a port.
func parseAddr(text string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	at, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return at.Unmap().WithZone(""), err == nil
}
