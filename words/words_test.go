package words

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

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

// What package flow says in whole sentences is known here; a new sentence there fails this test.
func TestFlowSentencesAreTranslated(t *testing.T) {
	quoted := regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	for _, name := range []string{"lots", "redeliver", "void"} {
		source, err := os.ReadFile("../flow/" + name + ".go")
		if err != nil {
			t.Fatal(err)
		}
		// Sentences that are written over two lines, or around a value, are joined first.
		text := regexp.MustCompile(`" \+\s+"`).ReplaceAllString(string(source), "")
		text = regexp.MustCompile(`" \+ [a-z][\w.]*(\(\))? \+ "`).ReplaceAllString(text, "%s")
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			said := strings.NewReplacer("%q", "%s", "%d", "%s").Replace(m[1])
			if r := []rune(said); len(r) < 12 || !unicode.IsUpper(r[0]) || !strings.HasSuffix(said, ".") {
				continue
			}
			if zh := Sentence(said).ZH; zh == said {
				t.Errorf("%s.go says %q, which has no Chinese in sentence.go", name, said)
			}
		}
	}
}

func TestSentence(t *testing.T) {
	for english, want := range map[string]string{
		"Lot 1/2 has told no stay \"S-1\".":                  "车场 1/2 没有上报过停车订单 \"S-1\"。",
		"The charge is voided. Reason given: wrong car":      "该充电订单已作废。原因：wrong car",
		"the lot corrected the plate of stay S-1 to 京A***88": "车场把停车订单 S-1 的车牌更正为 京A***88。",
		"nobody has translated this":                         "nobody has translated this",
	} {
		if got := Sentence(english); got.ZH != want || got.EN != english {
			t.Errorf("%q is %q, want %q", english, got.ZH, want)
		}
	}
}

// What support reads about a refused push, in the list, in the timeline and from the doctor, is in its language.
func TestPushSentencesAreTranslated(t *testing.T) {
	said := regexp.MustCompile("(?:return|Likely[:=] ?|Likely = |\\t\\{|forged\\(|refuse\\(|Outcome[A-Za-z]+, ?)[ (]*(?:fmt\\.Sprintf\\()?(\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`)")
	verbs := regexp.MustCompile(`%[a-z]`)
	for _, file := range []string{"cec/doctor.go", "open13/doctor.go", "flat/doctor.go", "plain/doctor.go", "cec/cec.go", "admit.go", "intake/intake.go", "profile/body.go"} {
		source, err := os.ReadFile("../platform/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range said.FindAllSubmatch(source, -1) {
			text, err := strconv.Unquote(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			// Names, marks and beginnings that a value follows are no sentences.
			if len(strings.Fields(text)) < 4 || strings.HasSuffix(text, " ") || strings.HasSuffix(text, "(") {
				continue
			}
			text = verbs.ReplaceAllString(text, "x")
			if zh := Sentence(text).ZH; zh == text {
				t.Errorf("%s says %q and has no Chinese", file, text)
			}
		}
	}
	for english, want := range map[string]string{
		"ParkID: is missing": "ParkID：缺失",
		"Sig is not the HMAC-MD5 of OperatorID, Data, TimeStamp and Seq under the account's sig_secret": "Sig 不是用账号的 sig_secret 对 OperatorID、Data、TimeStamp、Seq 计算的 HMAC-MD5",
	} {
		if got := Sentence(english).ZH; got != want {
			t.Errorf("%q is %q, want %q", english, got, want)
		}
	}
}
