package nodes

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	own := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	c := NewClock(func() time.Time { return own })
	want := func(what string, want time.Time) {
		t.Helper()
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	want("alone", own)

	site := own.Add(3 * time.Minute)
	if moved := c.agree(site, time.Millisecond); moved != 3*time.Minute {
		t.Errorf("moved by %v at the first agreement", moved)
	}
	want("agreed", site)
	own = own.Add(time.Second)
	want("a second later", site.Add(time.Second))

	if moved := c.agree(site.Add(time.Second+15*time.Millisecond), time.Millisecond); moved != 0 {
		t.Errorf("moved by %v for a small drift", moved)
	}
	if moved := c.agree(site.Add(time.Second+30*time.Millisecond), 20*time.Millisecond); moved != 0 {
		t.Errorf("moved by %v, which the way to the database explains", moved)
	}
	want("after a drift too small to count", site.Add(time.Second))
	if moved := c.agree(site, time.Millisecond); moved != -time.Second {
		t.Errorf("moved by %v back, want a second", moved)
	}
	want("set back", site)
}
