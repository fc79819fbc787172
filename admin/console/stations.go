package console

import (
	"net/url"
	"strings"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform/intake"
)

// addStation leads to the form of a binding with a station's id filled in: one that is there, or a new one.
func addStation(s desk.Station, lot charge.LotID) string {
	if lot.IsZero() {
		return "/estate/binding/new?" + url.Values{"account": {s.Account}, s.Field: {s.IDs[0]}}.Encode()
	}
	id := s.Account + "@" + lot.String()
	return "/estate/binding/edit?" + url.Values{"id": {id}, adding + s.Field: {s.IDs[0]}}.Encode()
}

// adding begins the name of a parameter that a form takes one more line of a list from.
const adding = "add-"

// addLines adds to the lists of a form what the parameters of its address say, unless it is there.
func addLines(form, query url.Values) {
	for name, values := range query {
		list, found := strings.CutPrefix(name, adding)
		if !found || !form.Has(list) {
			continue
		}
		for _, line := range values {
			if text := form.Get(list); !strings.Contains("\n"+text+"\n", "\n"+line+"\n") {
				form.Set(list, strings.TrimPrefix(text+"\n"+line, "\n"))
			}
		}
	}
}

// strayClass names a class of addresses.
func strayClass(p *page, class string) string {
	if class == "private" {
		return p.T("内网", "inner")
	}
	return p.T("公网", "outer")
}

// strayHint says what is likely wrong with a request that nothing serves.
func strayHint(p *page, s intake.Stray) string {
	if s.Hint.IsZero() {
		return "–"
	}
	return p.Note(s.Hint)
}
