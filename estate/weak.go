package estate

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// Weak is a key that a stranger may find by trying. Many keys are issued by others, so it is a warning and no error.
type Weak struct {
	Thing   string  `json:"thing"` // "lot 200461/1313"
	Field   string  `json:"field"` // "ckey"
	Problem Problem `json:"problem"`
}

// Problem is what makes a key weak.
type Problem string

// What makes a key weak: it is shorter than LeastKey, or long enough and guessable all the same.
const (
	ProblemShort     Problem = "short"
	ProblemGuessable Problem = "guessable"
)

// Problems lists every Problem.
var Problems = []Problem{ProblemShort, ProblemGuessable}

// LeastKey is how many characters a key should have.
const LeastKey = 16

var problemTexts = map[Problem]message{
	ProblemShort: {
		"is shorter than 16 characters; have a longer one issued, or keep its pushes to known addresses",
		"不足 16 个字符；请更换更长的密钥，或限制来源地址",
	},
	ProblemGuessable: {
		"can be guessed; have a random one issued, such as openssl rand -hex 16 makes",
		"容易被猜中；请更换为随机密钥，例如用 openssl rand -hex 16 生成",
	},
}

// In says in "zh" or else English what is wrong and what to do, without the place.
func (w Weak) In(lang string) string { return problemTexts[w.Problem].in(lang) }

// Error returns place, problem and what to do, in English. It quotes no secret.
func (w Weak) Error() string { return w.Thing + ": " + w.Field + " " + w.In("en") }

// Weak lists the weak keys of what is not off, by thing. Names of operators and other public keys are no secrets.
func (s *State) Weak() []Weak {
	if s == nil {
		return nil
	}
	s.weighed.Do(func() { s.weak = s.tables.weak(s.catalog, func(string) bool { return true }) })
	return s.weak
}

// WeakAfter lists the weak keys of what a document names, as they are once it is applied; none for one with errors.
func (s *State) WeakAfter(doc *Document) []Weak {
	m, err := s.catalog.merge(s, doc)
	if err != nil {
		return nil
	}
	return m.next.weak(s.catalog, m.names)
}

func (t tables) weak(c *Catalog, wanted func(thing string) bool) (found []Weak) {
	look := func(thing, field string, key charge.Secret) {
		if p := weakness(key.Reveal(), thing); key != "" && p != "" {
			found = append(found, Weak{thing, field, p})
		}
	}
	for _, v := range sortedWhere(t.vendors,
		func(id string, v *charge.Vendor) bool { return !v.Off && wanted("vendor "+id) }) {
		look("vendor "+v.UnionID, "ukey", v.Ukey)
		look("vendor "+v.UnionID, "old_ukey", v.OldUkey.Key)
	}
	for _, l := range sortedWhere(t.lots, func(id string, l *charge.Lot) bool { return !l.Off && wanted("lot "+id) }) {
		thing, target := "lot "+l.ID.String(), c.Targets[l.Target]
		look(thing, "ckey", l.Ckey)
		look(thing, "old_ckey", l.OldCkey.Key)
		each(l.Keys, target.Keys, func(name string, key charge.Secret) { look(thing, "keys."+name, key) })
	}
	for _, a := range sortedWhere(t.accounts,
		func(id string, a *charge.Account) bool { return !a.Off && wanted("account "+id) }) {
		thing, known := "account "+a.ID, c.Platforms[a.Platform].Keys
		each(a.Keys, known, func(name string, key charge.Secret) { look(thing, "keys."+name, key) })
		each(a.OldKeys, known, func(name string, key charge.Secret) { look(thing, "old_keys."+name, key) })
		if a.Report != nil {
			each(a.Report.Keys, known, func(name string, key charge.Secret) { look(thing, "report.keys."+name, key) })
		}
	}
	return found
}

// each goes through the keys that are secret, by name.
func each(keys map[string]charge.Secret, known []Key, look func(name string, key charge.Secret)) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if k, _ := keyIn(known, name); !k.Public {
			look(name, keys[name])
		}
	}
}

// WeakSecret reports what makes a secret weak; empty for nothing.
func WeakSecret(secret string) Problem { return weakness(secret, "") }

// weakness is WeakSecret for a key of a thing, whose own name is guessed as well.
func weakness(key, thing string) Problem {
	_, name, _ := strings.Cut(thing, " ")
	switch {
	case utf8.RuneCountInString(key) < LeastKey:
		return ProblemShort
	case period(key) < LeastKey/2, run(key), fewCharacters(key), wordsOnly(key), strings.EqualFold(key, name):
		return ProblemGuessable
	}
	return ""
}

// period is the length of the part that a text repeats from its beginning to its end; its own length where none.
func period(text string) int {
	for n := 1; n < len(text); n++ {
		if strings.HasPrefix(text, text[n:]) {
			return n
		}
	}
	return len(text)
}

// run reports whether most characters follow the one before as in "abcd" or "4321".
func run(text string) bool {
	steps := 0
	for i := 1; i < len(text); i++ {
		if d := int(text[i]) - int(text[i-1]); d == 1 || d == -1 {
			steps++
		}
	}
	return steps*4 >= (len(text)-1)*3
}

// fewCharacters reports whether a text has fewer different characters than a random one of LeastKey digits ever has.
func fewCharacters(text string) bool {
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	return len(different) < 5
}

// wordsOnly reports whether nothing is left of a text without the words and the digits that people begin with.
func wordsOnly(text string) bool {
	left := strings.ToLower(text)
	for _, word := range []string{"password", "passwd", "changeme", "secret", "qwerty", "asdfgh", "admin", "test", "demo",
		"key", "token", "chargestamp", "12345678", "123456", "1234"} {
		left = strings.ReplaceAll(left, word, "")
	}
	return strings.Trim(left, "-_. !@#0") == ""
}
