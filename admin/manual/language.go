package manual

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/chargestamp/chargestamp/words"
)

// tongue is what a piece of a page is written in; the empty one is neither: code, numbers, or too mixed to say.
type tongue = words.Lang

// Only returns a page as readers of one language read it: where the page says a thing in both languages, one after the
// other, the other one is left out. What is said in one language alone stays.
func Only(lang words.Lang, page string) string {
	all := split(page)
	first := firstTongue(all)
	var stretch []int // blocks of prose between headings, tables and code
	for i := range all {
		switch all[i].kind {
		case prose:
			stretch = append(stretch, i)
		case blank:
		default:
			dropTranslations(all, stretch, first, lang)
			stretch = nil
		}
	}
	dropTranslations(all, stretch, first, lang)
	var out strings.Builder
	for _, b := range all {
		if !b.dropped {
			out.WriteString(b.only(lang))
		}
	}
	return out.String()
}

type kind int

const (
	blank kind = iota
	prose      // a paragraph, an item of a list, a quoted line
	heading
	row
	verbatim
)

// block is a part of a page. mark is what stands before its text: "## ", "- ", "> ".
type block struct {
	kind       kind
	mark, text string
	dropped    bool
}

var (
	itemMark    = regexp.MustCompile(`^\s*(?:[-*]|\d+\.) +|^> ?`)
	headingMark = regexp.MustCompile(`^#{1,6} +`)
)

// split cuts a page into blocks. Comments are left out.
func split(page string) []block {
	var all []block
	fence := ""
	for line := range strings.SplitAfterSeq(page, "\n") {
		trimmed := strings.TrimSpace(line)
		last := len(all) - 1
		switch {
		case fence != "":
			all[last].text += line
			if trimmed == fence {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			all = append(all, block{kind: verbatim, text: line})
		case trimmed == "":
			all = append(all, block{kind: blank, text: line})
		case strings.HasPrefix(trimmed, "<!--"):
		case headingMark.MatchString(line):
			mark := headingMark.FindString(line)
			all = append(all, block{kind: heading, mark: mark, text: line[len(mark):]})
		case strings.HasPrefix(trimmed, "|"):
			all = append(all, block{kind: row, text: line})
		case itemMark.MatchString(line):
			mark := itemMark.FindString(line)
			all = append(all, block{kind: prose, mark: mark, text: line[len(mark):]})
		case last >= 0 && all[last].kind == prose:
			all[last].text += line
		default:
			all = append(all, block{kind: prose, text: line})
		}
	}
	return all
}

// only is a block as it is written for one language.
func (b *block) only(lang tongue) string {
	switch b.kind {
	case prose:
		return b.mark + choose(b.text, lang, false) + "\n"
	case heading:
		return b.mark + choose(b.text, lang, true) + "\n"
	case row:
		cells := cellsOf(b.text)
		for i, cell := range cells {
			cells[i] = " " + choose(cell, lang, false) + " "
		}
		return "|" + strings.Join(cells, "|") + "|\n"
	default:
		return b.text
	}
}

// firstTongue is the language that a page says things in first.
func firstTongue(all []block) tongue {
	for _, b := range all {
		if b.kind == prose {
			if t := b.tongue(); t != "" {
				return t
			}
		}
	}
	return words.English
}

// A block is Chinese where its characters, counted twice, make up allChinese of it, English up to allEnglish: words of
// the other language stand in most.
const allChinese, allEnglish = 0.62, 0.2

// tongue is the language of a block; the empty one where it says things in both.
func (b *block) tongue() tongue {
	return weigh(atoms(b.text), allChinese, allEnglish)
}

// dropTranslations leaves out of a stretch of prose the blocks that say in the other language what stands beside them.
func dropTranslations(all []block, stretch []int, first, lang tongue) {
	for i := 0; i < len(stretch); {
		said := run(all, stretch[i:])
		again := run(all, stretch[i+len(said):])
		if len(said) == 0 || len(again) == 0 || all[said[0]].tongue() != first {
			i += max(1, len(said))
			continue
		}
		for _, at := range slices.Concat(said, again) {
			all[at].dropped = all[at].tongue() != lang
		}
		i += len(said) + len(again)
	}
}

// run is how far blocks go on in one language.
func run(all []block, stretch []int) []int {
	n := 0
	for n < len(stretch) && all[stretch[n]].tongue() != "" && all[stretch[n]].tongue() == all[stretch[0]].tongue() {
		n++
	}
	return stretch[:n]
}

// choose returns the part of a text that is in a language, all of it where it is in one language alone. A heading whose
// own name is code keeps only that in the language that it is not explained in.
func choose(text string, lang tongue, ofHeading bool) string {
	text = strings.TrimRight(text, "\n")
	all := pieces(text)
	has := map[tongue]bool{}
	for _, p := range all {
		has[p.tongue] = true
	}
	code := ofHeading && strings.HasPrefix(text, "`")
	if !has[lang] && !code || !has[other(lang)] {
		return strings.TrimSpace(text)
	}
	return join(all, lang)
}

func other(lang tongue) tongue {
	if lang == words.Chinese {
		return words.English
	}
	return words.Chinese
}

// numeral is the number before the name of a heading.
var numeral = regexp.MustCompile(`^\d+\.$`)

// join puts together the pieces that are in a language or in none. A separator stays where something stands on both
// sides of it.
func join(all []piece, lang tongue) string {
	var out, part strings.Builder
	separator := ""
	flush := func() {
		kept := strings.TrimSpace(part.String())
		part.Reset()
		switch {
		case kept == "":
			return
		case out.Len() > 0 && numeral.MatchString(out.String()):
			out.WriteString(" ")
		case out.Len() > 0:
			out.WriteString(separator)
		}
		out.WriteString(kept)
	}
	for _, p := range all {
		switch text := strings.TrimSpace(p.text); {
		case text == "·":
			flush()
			separator = " · "
		case strings.HasPrefix(text, "<br"):
			flush()
			separator = text
		case p.tongue == "" || p.tongue == lang:
			part.WriteString(p.text)
		}
	}
	flush()
	return out.String()
}

// piece is a part of a text in one language.
type piece struct {
	text   string
	tongue tongue
}

// pieces cuts a text into sentences and says in which language each is. A sentence that changes from one language to
// the other once is cut there.
func pieces(text string) []piece {
	var all []piece
	for _, sentence := range sentences(atoms(text)) {
		if at := turn(sentence); at > 0 {
			all = append(all, pieceOf(sentence[:at]), pieceOf(sentence[at:]))
			continue
		}
		all = append(all, pieceOf(sentence))
	}
	return all
}

// atom is what is never cut: a character, a code span, a link, a tag. Its letters count for a language.
type atom struct {
	text      string
	han, wide int // Chinese characters, other letters
}

// A link may have a picture for its text.
const (
	span, tag, bare = "`+[^`]+`+", `<[^>]*>`, `https?://[^ )]*`
	linked          = `!?\[(?:[^\[\]]|\[[^\]]*\](?:\([^)]*\))?)*\]\([^)]*\)`
)

var whole = regexp.MustCompile("^(?:" + span + "|" + tag + "|" + bare + "|" + linked + ")")

func atoms(text string) []atom {
	var all []atom
	for text != "" {
		if found := whole.FindString(text); found != "" {
			a := atom{text: found}
			if label, _, is := strings.Cut(found, "]("); is {
				a.count(label)
			}
			all, text = append(all, a), text[len(found):]
			continue
		}
		for _, r := range text {
			a := atom{text: string(r)}
			a.count(a.text)
			all, text = append(all, a), text[len(a.text):]
			break
		}
	}
	return all
}

func (a *atom) count(text string) {
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			a.han++
		case unicode.IsLetter(r):
			a.wide++
		}
	}
}

// sentences cuts atoms after each sentence, and around the separators of languages.
func sentences(all []atom) [][]atom {
	var out [][]atom
	begin := 0
	cut := func(end int) {
		if end > begin {
			out, begin = append(out, all[begin:end]), end
		}
	}
	for i := range all {
		next := ""
		if i+1 < len(all) {
			next = all[i+1].text
		}
		switch text := all[i].text; {
		case text == "·" || strings.HasPrefix(text, "<br"):
			cut(i)
			cut(i + 1)
		case strings.Contains("。！？；", text) && !strings.Contains("”」）)*", next):
			cut(i + 1)
		case strings.Contains(".!?:", text) && (next == " " || next == "\n"):
			cut(i + 1)
		case text == "\n" && i > 0 && all[i-1].han == 0 && all[i-1].wide == 0:
			cut(i + 1)
		}
	}
	cut(len(all))
	return out
}

// turn is where a sentence goes over from one language to the other, 0 where it does not, or more than once.
func turn(sentence []atom) int {
	last, turned := tongue(""), 0
	for i, a := range sentence {
		now := tongue("")
		switch {
		case a.han > 0 && a.wide == 0:
			now = words.Chinese
		case a.wide > 0 && a.han == 0:
			now = words.English
		case a.han > 0:
			return 0
		}
		if now == "" || now == last {
			continue
		}
		if last != "" {
			if turned > 0 {
				return 0
			}
			turned = i
		}
		last = now
	}
	return turned
}

// A piece is Chinese where its characters, counted twice, make up mostChinese of it, English under leastChinese.
const mostChinese, leastChinese = 0.55, 0.35

func pieceOf(sentence []atom) piece {
	p := piece{tongue: weigh(sentence, mostChinese, leastChinese)}
	for _, a := range sentence {
		p.text += a.text
	}
	return p
}

// weigh is the language of a text whose share of Chinese is at least chinese or at most english.
func weigh(text []atom, chinese, english float64) tongue {
	var han, wide int
	for _, a := range text {
		han, wide = han+a.han, wide+a.wide
	}
	share := float64(2*han) / float64(max(1, 2*han+wide))
	switch {
	case han+wide == 0:
		return ""
	case share >= chinese:
		return words.Chinese
	case share <= english:
		return words.English
	}
	return ""
}

// cellsOf are the cells of a row of a table.
func cellsOf(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	var cells []string
	begin, code := 0, false
	for i := range len(line) {
		switch {
		case line[i] == '`':
			code = !code
		case line[i] == '|' && !code && (i == 0 || line[i-1] != '\\'):
			cells, begin = append(cells, line[begin:i]), i+1
		}
	}
	cells = append(cells, line[begin:])
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}
