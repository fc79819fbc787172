package manual

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// hit is a section that a search has found. Before, Match and After are a piece of its text.
type hit struct {
	Address, Page, Heading string
	Before, Match, After   string
	weight                 int
}

const (
	mostHits   = 30
	mostAsked  = 100 // bytes of a question
	around     = 60  // characters before and after a match
	ofHeadings = 20  // how much more a word in a heading counts
)

// find returns the sections in which every word of a question stands, the best first.
func (b *book) find(question string) []hit {
	asked := strings.Fields(strings.ToLower(question[:min(len(question), mostAsked)]))
	if len(asked) == 0 {
		return nil
	}
	var found []hit
	for _, p := range b.ordered {
		for _, s := range p.sections {
			if h, is := s.match(asked); is {
				h.Address, h.Page, h.Heading = b.address(p)+"#"+s.id, p.title, s.heading
				found = append(found, h)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return cmp.Compare(b.weight, a.weight) })
	return found[:min(len(found), mostHits)]
}

func (s *section) match(asked []string) (hit, bool) {
	var h hit
	heading, text := strings.ToLower(s.heading), strings.ToLower(s.text)
	for _, word := range asked {
		inHeading, inText := strings.Count(heading, word), strings.Count(text, word)
		if inHeading+inText == 0 {
			return h, false
		}
		h.weight += ofHeadings*inHeading + inText
	}
	at := strings.Index(text, asked[0])
	if at < 0 || len(text) != len(s.text) { // a letter whose lower case is longer: no piece is shown
		return h, true
	}
	end := at + len(asked[0])
	h.Before, h.Match, h.After = lastOf(s.text[:at], around), s.text[at:end], firstOf(s.text[end:], around)
	return h, true
}

func firstOf(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i] + "…"
		}
		n--
	}
	return text
}

func lastOf(text string, n int) string {
	end := len(text)
	for ; n > 0 && end > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:end])
		end -= size
	}
	if end > 0 {
		return "…" + text[end:]
	}
	return text
}
