package words

import (
	"regexp"
	"slices"
	"testing"
	"time"
	"unicode"

	"github.com/chargestamp/chargestamp/charge"
)

var (
	placeholder = regexp.MustCompile(`\{([a-z_]+)[^}]*\}`)
	latinRun    = regexp.MustCompile(`[A-Za-z']{2,} [A-Za-z']{2,} [A-Za-z']{2,}`)
)

// Every note has both languages, both name the same arguments, no Chinese text holds three Latin words in a row and
// no English one holds a Chinese character.
func TestEveryNoteInBothLanguages(t *testing.T) {
	for code, text := range noteTexts {
		if text.ZH == "" || text.EN == "" {
			t.Errorf("%s: a language is missing: %+v", code, text)
		}
		if zh, en := argsOf(text.ZH), argsOf(text.EN); !slices.Equal(zh, en) {
			t.Errorf("%s: the Chinese text names %v, the English one %v", code, zh, en)
		}
		if run := latinRun.FindString(placeholder.ReplaceAllString(text.ZH, "")); run != "" {
			t.Errorf("%s: the Chinese text holds %q", code, run)
		}
		for _, r := range text.EN {
			if unicode.Is(unicode.Han, r) {
				t.Errorf("%s: the English text holds %q", code, r)
				break
			}
		}
	}
}

func argsOf(text string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return names
}

func TestArguments(t *testing.T) {
	mixed := []charge.Reduction{{Method: charge.MethodTime, Minutes: 60}, {Method: charge.MethodAmount, Amount: 500},
		{Method: charge.MethodFree}, {Method: charge.MethodLotDecides}}
	inner := charge.Say("rule.charged", charge.Mins("charged", 1))
	for _, c := range []struct {
		arg    charge.Arg
		zh, en string
	}{
		{charge.Text("a", "x = 1 %&;"), "x = 1 %&;", "x = 1 %&;"},
		{charge.Count("a", 3), "3", "3"},
		{charge.Mins("a", 15), "15 分钟", "15 minutes"},
		{charge.Mins("a", 1), "1 分钟", "1 minute"},
		{charge.Money("a", -525), "-5.25 元", "-5.25 yuan"},
		{charge.KWh("a", 12501), "12.501 kWh", "12.501 kWh"},
		{charge.Span("a", 15*time.Minute), "15 分钟", "15 minutes"},
		{charge.Span("a", 26*time.Hour), "1 天 2 小时", "1 day 2 hours"},
		{charge.Span("a", -90*time.Second), "1 分钟 30 秒", "1 minute 30 seconds"},
		{charge.Span("a", 400*time.Millisecond), "0.4 秒", "0.4 seconds"},
		{charge.When("a", time.Date(2026, 1, 31, 16, 0, 1, 0, time.UTC)), "2026-02-01 00:00:01", "2026-02-01 00:00:01"},
		{charge.Masked("a", "京A12345"), "京A***45", "京A***45"},
		{charge.AtLot("a", charge.LotID{Union: "1", Park: "2"}), "1/2", "1/2"},
		{charge.Grants("a", mixed...), "60 分钟、5.00 元、全免、车场自行决定的减免",
			"60 minutes and 5.00 yuan and free parking and a reduction of the lot's own"},
		{charge.Grants("a"), "无", "nothing"},
		{charge.Word("a", "charge_state", charge.StateHeld), "等待入场", "waiting"},
		{charge.Because("a", inner), "充电 1 分钟", "charged 1 minute"},
	} {
		stored := charge.ParseNote(charge.Say("x.y", c.arg).String()).Arg("a")
		if stored != c.arg {
			t.Errorf("%+v is read back as %+v", c.arg, stored)
		}
		if zh, en := Arg(Chinese, stored), Arg(English, stored); zh != c.zh || en != c.en {
			t.Errorf("%+v prints %q and %q, want %q and %q", c.arg, zh, en, c.zh, c.en)
		}
	}
}

// TestChineseSpaces: a figure stands apart from the words around it, a word does not.
func TestChineseSpaces(t *testing.T) {
	free := charge.Grants("grant", charge.Reduction{Method: charge.MethodFree})
	minutes := charge.Grants("grant", charge.Reduction{Method: charge.MethodTime, Minutes: 30})
	for want, n := range map[string]charge.Note{
		"车场已确认收到减免（全免）。":    charge.Say("verdict.delivered", free),
		"车场已确认收到减免（30 分钟）。": charge.Say("verdict.delivered", minutes),
		"规则给全免":     charge.Say("rule.gives", free),
		"规则给 30 分钟": charge.Say("rule.gives", minutes),
	} {
		if got := Note(Chinese, n); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A sentence that an older release stored in English stays readable and is marked.
func TestOldSentences(t *testing.T) {
	n := charge.ParseNote("charged 4 kWh; the rule asks for 10")
	if zh := Note(Chinese, n); zh != "（旧记录）charged 4 kWh; the rule asks for 10" {
		t.Errorf("an old sentence is shown as %q", zh)
	}
	if n.String() != "charged 4 kWh; the rule asks for 10" {
		t.Errorf("an old sentence is stored again as %q", n)
	}
	if list := charge.ParseNotes("one; two\nthree"); len(list) != 1 || list.String() != "one; two\nthree" {
		t.Errorf("an old text of several lines is %v", list)
	}
}
