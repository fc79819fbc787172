package platform

import (
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Doctor is what a dialect can add to a diagnosis. Its answers hold nothing that somebody could push with: no secret,
// no signature of ours and nothing of how much of a signature is right.
type Doctor interface {
	// Diagnose returns the canonical text that was signed over, key masked, and the first likely mistake.
	Diagnose(p Push, a Account, now time.Time) Diagnosis
}

// Diagnosis is the signature doctor's finding on one push.
type Diagnosis struct {
	Canonical  string       // the text we signed over, secrets masked
	Found      string       // the signature in the push
	Signature  Match        // of Found with what the keys give
	Difference *Difference  // of what the sender signed over from Canonical; nil where it is not known
	Likely     charge.Note  // the first usual mistake that explains the difference; zero where none does
	Read       charge.Notes // what was read, "name = value unit"
}

// ReadText says that a field was read as a text.
func ReadText(name, text string) charge.Note {
	return charge.Say("read.text", charge.Text("name", name), charge.Text("value", Clip(text)))
}

// Match reports whether a signature is the one that the keys give.
type Match string

// Matches. Empty is one that was not compared.
const (
	Equal   Match = "equal"
	Differs Match = "different"
)

// MatchOf puts a comparison into a word.
func MatchOf(equal bool) Match {
	if equal {
		return Equal
	}
	return Differs
}

// Difference is the first place where two texts differ.
type Difference struct {
	At     int    `json:"at"`     // the character, counted from 1
	Ours   string `json:"ours"`   // how our text goes on there
	Theirs string `json:"theirs"` // how the sender's does
}

// goesOn is how many characters of each text a Difference shows.
const goesOn = 24

// FirstDifference finds where two texts differ first; nil where they are equal.
func FirstDifference(ours, theirs string) *Difference {
	a, b := []rune(ours), []rune(theirs)
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	if at == len(a) && at == len(b) {
		return nil
	}
	return &Difference{At: at + 1, Ours: string(a[at:min(len(a), at+goesOn)]), Theirs: string(b[at:min(len(b),
		at+goesOn)])}
}

// ReadAsk says what reduction a push names.
func ReadAsk(a charge.Ask) charge.Note {
	if a.Method == "" {
		return charge.Say("read.asks_nothing")
	}
	return charge.Say("read.asks", charge.Grants("grant", charge.Reduction(a)))
}
