package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// noteTexts are the texts of every note's code. {name} stands for an argument; {name|minute|minutes} chooses by a
// number in English, and stands for nothing else in Chinese, which has no plural.
var noteTexts = gather(ruleNotes, clauseNotes, decisionNotes, deliveryNotes, couponNotes, outboundNotes, reportNotes,
	stayNotes, lotNotes, storyNotes, verdictNotes, effectNotes, alertNotes, carNotes, driverNotes, pushNotes, likelyNotes,
	estateNotes, auditNotes)

// gather puts the tables of the areas together.
func gather(tables ...map[string]Text) map[string]Text {
	all := make(map[string]Text)
	for _, table := range tables {
		for code, text := range table {
			if _, twice := all[code]; twice {
				panic("words: two texts for the note " + code)
			}
			all[code] = text
		}
	}
	return all
}

// Note returns the sentence of a note in a language; empty for the zero note. A code without a text, which a test
// rules out for this release's own notes, is shown with its arguments.
func Note(l Lang, n charge.Note) string {
	switch n.Code {
	case "":
		return ""
	case charge.NoteOld:
		return Text{ZH: "（旧记录）", EN: "(old record) "}.In(l) + n.Arg("text").Value
	}
	text, ok := noteTexts[n.Code]
	if !ok {
		return n.String()
	}
	return fill(l, text.In(l), n)
}

// Notes returns several sentences in one line.
func Notes(l Lang, list charge.Notes) string {
	said := make([]string, 0, len(list))
	for _, n := range list {
		if text := Note(l, n); text != "" {
			said = append(said, text)
		}
	}
	return strings.Join(said, Text{ZH: "；", EN: "; "}.In(l))
}

// Lines returns several sentences, each for itself.
func Lines(l Lang, list charge.Notes) []string {
	var said []string
	for _, n := range list {
		said = append(said, Note(l, n))
	}
	return said
}

// Both returns a note in both languages.
func Both(n charge.Note) Text { return Text{ZH: Note(Chinese, n), EN: Note(English, n)} }

// fill puts the arguments into a text.
func fill(l Lang, text string, n charge.Note) string {
	said := ""
	for {
		before, rest, open := strings.Cut(text, "{")
		said = join(l, said, before)
		if !open {
			return said
		}
		var inside string
		inside, text, _ = strings.Cut(rest, "}")
		name, forms, counted := strings.Cut(inside, "|")
		arg := n.Arg(name)
		if !counted {
			said = join(l, said, Arg(l, arg))
			continue
		}
		one, many, _ := strings.Cut(forms, "|")
		if arg.Value == "1" {
			many = one
		}
		said += many
	}
}

// join puts two parts of a sentence together. Chinese has a space between a figure and a word, and none between words:
// "减 30 分钟，", but "减全免，".
func join(l Lang, before, after string) string {
	if l == English {
		return before + after
	}
	if end, _ := utf8.DecodeLastRuneInString(strings.TrimSuffix(before, " ")); unicode.Is(unicode.Han, end) {
		trimmed := strings.TrimPrefix(after, " ")
		if first, _ := utf8.DecodeRuneInString(trimmed); unicode.Is(unicode.Han, first) {
			return strings.TrimSuffix(before, " ") + trimmed
		}
	}
	return before + after
}

// Arg prints one argument in a language.
func Arg(l Lang, a charge.Arg) string {
	n, _ := strconv.ParseInt(a.Value, 10, 64)
	switch a.Kind {
	case charge.ArgMinutes:
		return Minutes(l, n)
	case charge.ArgMoney:
		return Yuan(l, charge.Fen(n))
	case charge.ArgEnergy:
		return charge.Energy(n).String() + " kWh"
	case charge.ArgSpan:
		return Span(l, time.Duration(n)*time.Millisecond)
	case charge.ArgTime:
		return Clock(time.UnixMilli(n))
	case charge.ArgGrants:
		return Grants(l, a.Reductions()...)
	case charge.ArgWord:
		list, code, _ := strings.Cut(a.Value, ":")
		return Find(List(list), code).Name.In(l)
	case charge.ArgNote: // a part of a sentence has no stop of its own
		return strings.TrimRight(Note(l, charge.ParseNote(a.Value)), "。.")
	}
	return a.Value
}

// Minutes prints whole minutes: "15 分钟", "1 minute".
func Minutes(l Lang, n int64) string { return counted(l, n, "分钟", "minute") }

// Yuan prints an amount: "5.00 元", "5.00 yuan".
func Yuan(l Lang, v charge.Fen) string {
	return v.String() + Text{ZH: " 元", EN: " yuan"}.In(l)
}

// Clock prints a moment at +08:00 to the second.
func Clock(t time.Time) string { return t.In(charge.Shanghai).Format(time.DateTime) }

// Span prints a length of time in its two largest units: "1 小时 20 分钟", "2 days 3 hours", "0.4 秒".
func Span(l Lang, d time.Duration) string {
	if d < 0 {
		d = -d
	}
	if d < time.Second {
		return fmt.Sprintf("%.1f", d.Seconds()) + Text{ZH: " 秒", EN: " seconds"}.In(l)
	}
	units := []struct {
		size   time.Duration
		zh, en string
	}{{24 * time.Hour, "天", "day"}, {time.Hour, "小时", "hour"}, {time.Minute, "分钟", "minute"}, {time.Second, "秒", "second"}}
	d = d.Truncate(time.Second)
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := counted(l, int64(d/u.size), u.zh, u.en)
		if i+1 < len(units) {
			if rest := int64(d % u.size / units[i+1].size); rest > 0 {
				text += " " + counted(l, rest, units[i+1].zh, units[i+1].en)
			}
		}
		return text
	}
	return ""
}

// counted prints a number with its unit.
func counted(l Lang, n int64, zh, en string) string {
	number := strconv.FormatInt(n, 10)
	switch {
	case l != English:
		return number + " " + zh
	case n == 1:
		return number + " " + en
	}
	return number + " " + en + "s"
}

// Grants prints reductions: "60 分钟、5.00 元", "60 minutes and 5.00 yuan"; "无", "nothing" where there are none.
func Grants(l Lang, list ...charge.Reduction) string {
	var parts []string
	for _, r := range list {
		switch r.Method {
		case charge.MethodTime:
			parts = append(parts, Minutes(l, r.Minutes))
		case charge.MethodAmount:
			parts = append(parts, Yuan(l, r.Amount))
		case charge.MethodFree:
			parts = append(parts, Text{ZH: "全免", EN: "free parking"}.In(l))
		case charge.MethodLotDecides:
			parts = append(parts, Text{ZH: "车场自行决定的减免", EN: "a reduction of the lot's own"}.In(l))
		}
	}
	if len(parts) == 0 {
		return Text{ZH: "无", EN: "nothing"}.In(l)
	}
	return strings.Join(parts, Text{ZH: "、", EN: " and "}.In(l))
}

// NoteArgs lists every code that Note has a text for, with the names of the arguments that the text holds.
func NoteArgs() map[string][]string {
	all := make(map[string][]string, len(noteTexts))
	for code, text := range noteTexts {
		names := []string{}
		for rest := text.EN; ; {
			_, inside, found := strings.Cut(rest, "{")
			if !found {
				break
			}
			inside, rest, _ = strings.Cut(inside, "}")
			name, _, _ := strings.Cut(inside, "|")
			names = append(names, name)
		}
		all[code] = names
	}
	return all
}
