package intake

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}
	for _, c := range []struct {
		peer    string
		forward []string
		want    string
	}{
		{"192.0.2.1:1234", nil, "192.0.2.1"},
		{"192.0.2.1:1234", []string{"203.0.113.5"}, "192.0.2.1"},
		{"10.0.0.1:1234", nil, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.5"}, "203.0.113.5"},
		{"10.0.0.1:1234", []string{"6.6.6.6, 203.0.113.5"}, "203.0.113.5"},
		{"10.0.0.1:1234", []string{"6.6.6.6", "203.0.113.5, 10.0.0.2"}, "203.0.113.5"},
		{"10.0.0.1:1234", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"10.0.0.1:1234", []string{"203.0.113.5, unknown"}, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"203.0.113.5, , 10.0.0.2"}, "10.0.0.2"},
		{"10.0.0.1:1234", []string{"203.0.113.5:8080"}, "203.0.113.5"},
		{"[2001:db8:ffff::1]:1", []string{"[2001:db8::7]:99"}, "2001:db8::7"},
		{"[2001:db8:ffff::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		{"[fe80::1%eth0]:1", nil, "fe80::1"},
	} {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = c.peer
		for _, f := range c.forward {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := ClientAddr(r, trusted); got.String() != c.want {
			t.Errorf("%s, %q: %s, want %s", c.peer, c.forward, got, c.want)
		}
	}
}
