package store

import (
	"strings"
	"testing"
)

// A part that thousands of plates hold is walked to from the newest charge. Where the newest are of other plates that
// is a long way, which must not lead through their rows.
func TestWalkToCommonPartReadsIndexOnly(t *testing.T) {
	s, err := Open(t.Context(), Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var f filter
	plates{part: "京A1", many: true}.narrow(&f, s.Engine())
	ids, args := f.branches(tableCharge, " ORDER BY received DESC, id DESC", 51)
	plan := statementOf("EXPLAIN QUERY PLAN " + ids)
	var steps []string
	if err := s.Read(t.Context(), func(tx *Tx) error {
		return tx.each(plan, func(c *cells) error {
			for range 3 { // its number, its parent's, nothing
				c.int()
			}
			steps = append(steps, c.text())
			return c.failed()
		}, args...)
	}); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(steps, "; "); !strings.Contains(all, "COVERING INDEX charge_received") {
		t.Errorf("the walk reads more than an index: %s", all)
	}
}
