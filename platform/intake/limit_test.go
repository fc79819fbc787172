package intake

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
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

func TestLimiter(t *testing.T) {
	l := newLimiter[string](10)
	at := time.Unix(1_700_000_000, 0)
	count := func(key string, at time.Time) (n int) {
		for l.allow(key, at) {
			n++
		}
		return n
	}
	for _, c := range []struct {
		key   string
		after time.Duration
		want  int
	}{
		{"a", 0, 10}, {"a", 0, 0}, {"b", 0, 10}, {"a", 99 * time.Millisecond, 0}, {"a", 100 * time.Millisecond, 1},
		{"a", 600 * time.Millisecond, 5}, {"a", time.Hour, 10}, {"a", 0, 0},
	} {
		if got := count(c.key, at.Add(c.after)); got != c.want {
			t.Errorf("%s after %s: %d at once, want %d", c.key, c.after, got, c.want)
		}
	}
	slow := newLimiter[string](0.5)
	if !slow.allow("a", at) || slow.allow("a", at.Add(time.Second)) || !slow.allow("a", at.Add(2*time.Second)) {
		t.Error("one in two seconds is not kept")
	}
}

// However many addresses a flood comes from, no more are remembered than there is room for.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter[netip.Addr](1)
	at := time.Unix(1_700_000_000, 0)
	for i := range 3 * limiterShards * shardKeys {
		l.allow(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), at.Add(time.Duration(i)*time.Microsecond))
	}
	kept := 0
	for i := range l.shards {
		if n := len(l.shards[i].whole); n > shardKeys {
			t.Errorf("shard %d holds %d keys", i, n)
		}
		kept += len(l.shards[i].whole)
	}
	if kept < limiterShards*shardKeys/2 {
		t.Errorf("only %d keys are remembered", kept)
	}
}

// One IPv6 client owns a whole /64.
func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.77": "192.0.2.77", "2001:db8::1": "2001:db8::", "2001:db8::ffff:1": "2001:db8::", "2001:db8:0:1::1": "2001:db8:0:1::"} {
		if got := network(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: %s", got)
	}
}
