package calls

import (
	"math/rand/v2"
	"testing"
)

func TestFifo(t *testing.T) {
	var f fifo[int]
	next, want := 0, 0
	for range 1000 {
		for range rand.IntN(8) {
			f.push(next)
			next++
		}
		for range min(rand.IntN(8), f.len()) {
			if got := f.pop(); got != want {
				t.Fatalf("popped %d, want %d", got, want)
			}
			want++
		}
	}
	rest := f.drain()
	if len(rest) != next-want || f.len() != 0 || len(rest) > 0 && rest[0] != want {
		t.Errorf("%d left of %d", len(rest), next-want)
	}
}
