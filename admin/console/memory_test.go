package console

import (
	"fmt"
	"testing"
	"time"
)

// Who sends forms with an invented session takes a bounded memory, and what others have typed is not pushed out by it.
func TestSecurityDraftsAreBounded(t *testing.T) {
	var m memory
	now := time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC)
	honest := m.putDraft("198.51.100.1", draft{path: "/estate/vendor/new"}, now)
	var flooded string
	for i := range 1000 {
		flooded = m.putDraft("192.0.2.1", draft{path: fmt.Sprint(i)}, now.Add(time.Duration(i)*time.Millisecond))
	}
	if len(m.kept) != mostOfOne+1 {
		t.Errorf("%d forms are kept of one network, want %d", len(m.kept)-1, mostOfOne)
	}
	for _, key := range []string{honest, flooded} {
		if _, found := recall[draft](&m, key, key, now.Add(time.Second)); !found {
			t.Error("a form of another network, or the newest one, is gone")
		}
	}
	for i := range 1000 {
		m.putDraft(fmt.Sprint("203.0.113.", i), draft{}, now)
	}
	if len(m.kept) > mostDrafts {
		t.Errorf("%d forms are kept of all networks", len(m.kept))
	}
}
