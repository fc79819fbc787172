package words

import (
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// Every code of every closed list is explained in both languages.
func TestEveryCodeHasWords(t *testing.T) {
	want := map[List][]string{
		ChargeState:   codes(charge.States),
		ChargeReason:  codes(charge.Reasons),
		PushOutcome:   codes(charge.Outcomes),
		Channel:       {"line", "callback", "ledger"},
		DeliveryState: codes(charge.DeliveryStates),
		AttemptResult: codes(charge.AttemptResults),
		ReportState:   codes(charge.ReportStates),
		Method:        {"time", "amount", "free", "lot_decides"},
	}
	c := NewCatalogue()
	for list, codes := range want {
		if len(c[list]) != len(codes) {
			t.Errorf("%s: %d entries for %d codes", list, len(c[list]), len(codes))
		}
		for _, code := range codes {
			e := c[list][code]
			for part, text := range map[string]Text{"name": e.Name, "meaning": e.Meaning, "next": e.Next} {
				if text.ZH == "" || text.EN == "" {
					t.Errorf("%s %s: no %s in both languages: %q / %q", list, code, part, text.ZH, text.EN)
				}
			}
		}
	}
}

func TestFindUnknownCode(t *testing.T) {
	if e := Find(ChargeReason, "no_such"); e.Name.In(Chinese) != "no_such" || e.Meaning.EN != "" {
		t.Errorf("unknown code is explained: %+v", e)
	}
	if e := Find(ChargeReason, "no_stay"); e.Name.In(English) != "no stay" || e.Name.In(Chinese) != "没有停车订单" {
		t.Errorf("no_stay: %+v", e)
	}
}

func TestNote(t *testing.T) {
	known, own := "freeTime is in seconds; a started minute counts.", "Ours: as agreed by telephone."
	if n := OfProfile(known); n.ZH != "freeTime 单位为秒，不足一分钟按一分钟。" || n.EN != known {
		t.Errorf("a built-in platform's note: %+v", n)
	}
	if n := OfProfile(own); n.ZH != own || n.EN != own {
		t.Errorf("a note of an operator's own profile: %+v", n)
	}
}

func codes[T ~string](list []T) []string {
	var out []string
	for _, c := range list {
		out = append(out, string(c))
	}
	return out
}
