package limit

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	l := NewRate[string](10)
	at := time.Unix(1_700_000_000, 0)
	count := func(key string, at time.Time) (n int) {
		for l.Allow(key, at) {
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
	slow := NewRate[string](0.5)
	if !slow.Allow("a", at) || slow.Allow("a", at.Add(time.Second)) || !slow.Allow("a", at.Add(2*time.Second)) {
		t.Error("one in two seconds is not kept")
	}
}

// However many addresses a flood comes from, no more are remembered than there is room for.
// A burst may be more than a second's worth, and comes back no faster.
func TestRateBurst(t *testing.T) {
	r := NewBurst[string](10, 25)
	for after, want := range []int{25, 10, 10} {
		n := 0
		for r.Allow("a", start.Add(time.Duration(after)*time.Second)) {
			n++
		}
		if n != want {
			t.Errorf("after %d s: %d at once, want %d", after, n, want)
		}
	}
}

// What is undone may happen once more.
func TestRateUndo(t *testing.T) {
	r := NewRate[string](2)
	got := []bool{r.Allow("a", start), r.Allow("a", start), r.Allow("a", start)}
	r.Undo("a")
	r.Undo("b") // of which nothing is remembered
	got = append(got, r.Allow("a", start), r.Allow("a", start))
	if want := []bool{true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRateIsBounded(t *testing.T) {
	l := NewRate[netip.Addr](1)
	at := time.Unix(1_700_000_000, 0)
	for i := range 3 * shardCount * shardKeys {
		l.Allow(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}),
			at.Add(time.Duration(i)*time.Microsecond))
	}
	kept := 0
	for i := range l.shards {
		if n := len(l.shards[i].whole); n > shardKeys {
			t.Errorf("shard %d holds %d keys", i, n)
		}
		kept += len(l.shards[i].whole)
	}
	if kept < shardCount*shardKeys/2 {
		t.Errorf("only %d keys are remembered", kept)
	}
}

// One IPv6 client owns a whole /64.
func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{"192.0.2.77": "192.0.2.77", "2001:db8::1": "2001:db8::",
		"2001:db8::ffff:1": "2001:db8::", "2001:db8:0:1::1": "2001:db8:0:1::"} {
		if got := Network(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	if got := Network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: %s", got)
	}
}
