package flow_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/chargestamp/chargestamp/flow"
)

// Several readers share a list; the stories come in its order all the same.
func TestStoriesComeInTheOrderOfTheirIDs(t *testing.T) {
	w := newWorld(t)
	var ids []int64
	for i := range 67 {
		c := w.finished(fmt.Sprint("o", i), sdkLot)
		ids = append([]int64{w.must(c).ID}, ids...) // newest first, as lists have them
	}
	for _, n := range []int{0, 1, 14, 15, 29, 30, 31, 45, 66, 67} {
		stories, err := w.flow.Stories(t.Context(), ids[:n])
		if err != nil || len(stories) != n {
			t.Fatalf("%d stories of %d, %v", len(stories), n, err)
		}
		for i, s := range stories {
			if s.Charge.ID != ids[i] || len(s.Pushes) != 1 || len(s.Timeline) == 0 {
				t.Fatalf("of %d, number %d: charge %d with %d pushes and %d steps, not %d", n, i, s.Charge.ID, len(s.Pushes),
					len(s.Timeline), ids[i])
			}
		}
	}
	for _, at := range []int{0, 33, 67} {
		with := append(append(append([]int64(nil), ids[:at]...), 1), ids[at:]...)
		if _, err := w.flow.Stories(t.Context(), with); !errors.Is(err, flow.ErrNotFound) {
			t.Errorf("an unknown charge at %d gives %v", at, err)
		}
	}
}
