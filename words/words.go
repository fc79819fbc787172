// Package words puts the closed lists of states and reasons into sentences, Chinese and English: what a code is
// called, what it means, and what to do next. The console, the docs and the command line print from here,
// so that a code is explained in one place.
package words

import "sync"

// Lang is a language that the console speaks.
type Lang string

// Languages, the default first.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

// Text says one thing in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// In returns the text in a language; anything but English is Chinese.
func (t Text) In(l Lang) string {
	if l == English {
		return t.EN
	}
	return t.ZH
}

// List names a closed list.
type List string

// The closed lists.
const (
	ChargeState   List = "charge_state"
	ChargeReason  List = "charge_reason"
	PushOutcome   List = "push_outcome"
	Channel       List = "delivery_channel"
	DeliveryState List = "delivery_state"
	AttemptResult List = "attempt_result"
	ReportState   List = "report_state"
	Method        List = "method"
)

// Entry explains one code.
type Entry struct {
	List    List   `json:"list"`
	Code    string `json:"code"`
	Name    Text   `json:"name"`    // a few words, for a badge
	Meaning Text   `json:"meaning"` // one sentence
	Next    Text   `json:"next"`    // the next thing to do; says so where there is nothing
}

// All lists every entry, list by list, in the order of docs/states.md.
func All() []Entry {
	var all []Entry
	for _, part := range [][]Entry{states(), reasons(), outcomes(), channels(), deliveryStates(), attempts(),
		reports(), methods()} {
		all = append(all, part...)
	}
	return all
}

// Find returns the entry of a code. A code that no list has is its own name and is explained by nothing.
func Find(list List, code string) Entry {
	return catalogue().Find(list, code)
}

var catalogue = sync.OnceValue(NewCatalogue)

// Catalogue is All by list and code, for readers of many codes.
type Catalogue map[List]map[string]Entry

// NewCatalogue indexes All.
func NewCatalogue() Catalogue {
	c := make(Catalogue)
	for _, e := range All() {
		if c[e.List] == nil {
			c[e.List] = make(map[string]Entry)
		}
		c[e.List][e.Code] = e
	}
	return c
}

// Find is the package's Find, without the walk.
func (c Catalogue) Find(list List, code string) Entry {
	if e, ok := c[list][code]; ok {
		return e
	}
	return Entry{List: list, Code: code, Name: Text{code, code}}
}

// Nothing is the next thing to do where nothing is.
func Nothing() Text { return Text{"无需处理。", "Nothing to do."} }
