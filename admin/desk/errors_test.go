package desk

import (
	"errors"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// What cannot be done now is said in Chinese too: a page shows it as it is.
func TestConflictsAreBilingual(t *testing.T) {
	_, testPush := (&Desk{}).TestPush(t.Context(), guard.Identity{Role: guard.RoleAdmin}, "a", charge.LotID{}, "京A12345")
	for what, err := range map[string]error{
		"price":     Wrap(flow.ErrNoPrice),
		"notes":     changeDocs[int](t.Context(), nil, "note", nil),
		"test push": testPush,
	} {
		var e *Error
		if !errors.As(err, &e) || e.Kind != Conflict || e.Chinese == "" || e.Detail == "" {
			t.Errorf("%s: %+v, want a conflict in both languages", what, err)
		}
	}
}
