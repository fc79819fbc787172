package estate

import (
	"strings"
	"unicode/utf8"
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
