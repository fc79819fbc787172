package cache

import "testing"

// TestMap wants the newest entries to stay, the oldest to go, and never more than two generations.
func TestMap(t *testing.T) {
	m := Map[int, string]{Most: 3}
	if _, found := m.Get(1); found {
		t.Error("an empty map holds 1")
	}
	for i := range 7 {
		m.Set(i, "a")
		m.Set(i, "b") // again: it takes no second place
	}
	for key, want := range []bool{false, false, false, true, true, true, true} {
		if v, found := m.Get(key); found != want || found && v != "b" {
			t.Errorf("%d: %q, %v; want found %v", key, v, found, want)
		}
	}
	m.Set(3, "c") // from the old half into the new one
	m.Set(7, "b")
	m.Set(8, "b") // turns the halves
	if v, _ := m.Get(3); v != "c" {
		t.Errorf("what was put again is %q, want c", v)
	}
	if _, found := m.Get(4); found {
		t.Error("4 is still there: more than two generations are kept")
	}
	m.Drop(3)
	if _, found := m.Get(3); found {
		t.Error("3 is there after Drop")
	}
	m.Clear()
	if _, found := m.Get(8); found {
		t.Error("8 is there after Clear")
	}
}
