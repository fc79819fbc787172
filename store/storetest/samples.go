package storetest

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/store"
)

// testSamples keeps how two nodes stood, and wants the worst of each step, no row for a step in which none ran, and
// nothing that is older than samples are kept.
func testSamples(t *testing.T, s *site) {
	at := s.now.UTC().Truncate(time.Hour)
	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	put := func(node string, sample charge.Sample) {
		t.Helper()
		if err := s.PutSample(t.Context(), node, sample); err != nil {
			t.Fatal(err)
		}
	}
	put("a", charge.Sample{At: minute(0), Pending: 9, Answer: 9 * time.Second})
	put("a", charge.Sample{At: minute(0), Pending: 3, Answer: 1500 * time.Microsecond}) // started anew within the minute
	put("b", charge.Sample{At: minute(0), Pending: 4, ToLot: time.Second})
	put("a", charge.Sample{At: minute(1), Pending: 1})
	put("a", charge.Sample{At: minute(9), Pending: 2, ToLot: 40 * time.Millisecond})
	list := func(from, to time.Time, step time.Duration) []charge.Sample {
		t.Helper()
		got, err := s.Samples(t.Context(), from, to, step)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	same(t, "each minute", list(at, minute(9), time.Minute), []charge.Sample{
		{At: minute(0), Pending: 4, Answer: 1500 * time.Microsecond, ToLot: time.Second}, {At: minute(1), Pending: 1}})
	same(t, "five minutes in one", list(at, minute(10), 5*time.Minute), []charge.Sample{
		{At: minute(0), Pending: 4, Answer: 1500 * time.Microsecond, ToLot: time.Second},
		{At: minute(5), Pending: 2, ToLot: 40 * time.Millisecond}})

	if _, err := s.Prune(t.Context(), store.Retention{}, minute(5).Add(store.SamplesFor)); err != nil {
		t.Fatal(err)
	}
	same(t, "after a month", list(at, minute(10), time.Minute),
		[]charge.Sample{{At: minute(9), Pending: 2, ToLot: 40 * time.Millisecond}})
}
