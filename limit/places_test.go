package limit

import "testing"

// Places bounds each key by itself, and keeps nothing of one whose places are all given back.
func TestPlaces(t *testing.T) {
	var p Places[string]
	for i, want := range []bool{true, true, false} {
		if _, ok := p.Take("a", 2); ok != want {
			t.Errorf("taking place %d of 2: %v", i+1, ok)
		}
	}
	if n, ok := p.Take("a", 0); !ok || n != 3 {
		t.Errorf("without a bound: %d, %v, want the third", n, ok)
	}
	if n, ok := p.Take("b", 2); !ok || n != 1 {
		t.Errorf("another key: %d, %v, want its first", n, ok)
	}
	for range 3 {
		p.Give("a")
	}
	p.Give("b")
	if len(p.by) != 0 {
		t.Errorf("%v is kept", p.by)
	}
}
