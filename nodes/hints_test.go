package nodes

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// TestGather puts hints together without losing one or making one too long.
func TestGather(t *testing.T) {
	said := map[string]bool{}
	for i := range 5000 {
		said[fmt.Sprintf("200461/%d", i)] = true
	}
	found := map[string]bool{}
	payloads := gather(said)
	for _, p := range payloads {
		if len(p) > hintBytes {
			t.Errorf("a hint of %d bytes", len(p))
		}
		for _, what := range strings.Split(p, "\n") {
			found[what] = true
		}
	}
	if !maps.Equal(found, said) || len(payloads) > 12 {
		t.Errorf("%d hints say %d things, want all of %d in about ten", len(payloads), len(found), len(said))
	}
	if got := gather(map[string]bool{"": true}); len(got) != 1 || got[0] != "" {
		t.Errorf("nothing became %q", got)
	}
}
