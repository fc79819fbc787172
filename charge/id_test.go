package charge

import (
	"sync"
	"testing"
	"time"
)

func TestIDsGrowWhateverTheClockDoes(t *testing.T) {
	start := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	now := start
	ids := NewIDs(7, func() time.Time { return now })
	last := int64(0)
	next := func() int64 {
		t.Helper()
		id := ids.Next()
		if id <= last {
			t.Fatalf("id %d after %d", id, last)
		}
		last = id
		return id
	}
	if got := IDTime(next()); !got.Equal(start) {
		t.Errorf("IDTime = %v, want %v", got, start)
	}
	for range 10_000 { // more than one millisecond holds
		next()
	}
	now = start.Add(-time.Hour)
	next()
	now = start.Add(time.Second)
	if got := IDTime(next()); !got.Equal(now) {
		t.Errorf("IDTime after a second = %v, want %v", got, now)
	}
}

func TestIDsPassWhatIsStored(t *testing.T) {
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	var stored int64
	for ids := NewIDs(9, clock); IDTime(stored).Before(now.Add(2 * time.Millisecond)); { // runs ahead of its clock
		stored = ids.Next()
	}
	now = now.Add(-5 * time.Second)
	ids := NewIDs(7, clock) // with a lesser number, so that an id of the same moment would be less
	ids.Pass(stored)
	ids.Pass(0)
	seen := map[int64]bool{}
	for range 10_000 {
		id := ids.Next()
		if id <= stored || seen[id] {
			t.Fatalf("id %d after %d", id, stored)
		}
		seen[id] = true
	}
	now = now.Add(time.Minute)
	if got := IDTime(ids.Next()); !got.Equal(now) {
		t.Errorf("IDTime once the clock is past = %v, want %v", got, now)
	}
}

func TestIDsOfNodesDiffer(t *testing.T) {
	now := func() time.Time { return time.UnixMilli(1_800_000_000_000) }
	seen := make(map[int64]bool)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for node := range uint16(4) {
		ids := NewIDs(node, now)
		for range 4 {
			wg.Go(func() {
				for range 2000 {
					id := ids.Next()
					mu.Lock()
					if seen[id] {
						t.Errorf("id %d given twice", id)
					}
					seen[id] = true
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
}

func TestFirstIDPartsByTime(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	ids := NewIDs(7, func() time.Time { return now })
	before := ids.Next()
	now = now.Add(time.Millisecond)
	first := FirstID(now)
	if at := ids.Next(); before >= first || at < first {
		t.Errorf("ids %d and %d are not parted by %d", before, at, first)
	}
}
