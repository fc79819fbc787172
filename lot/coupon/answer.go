package coupon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/seal"
)

// outcome is what an answer means.
type outcome string

// Outcomes. Those from again on leave open whether the coupon stands.
const (
	outcomeTaken    outcome = "taken"
	outcomeRepeated outcome = "repeated"
	outcomeRefused  outcome = "refused"
	outcomeLater    outcome = "later"   // nothing was given; the same may be tried again
	outcomeAgain    outcome = "again"   // neither yes nor no: the same is sent again
	outcomeUnknown  outcome = "unknown" // a code that the profile does not have
	outcomeUnread   outcome = "unread"  // no answer of this target
	outcomeOther    outcome = "other"   // the answer is about another car or coupon
)

// said is an answer as it was understood.
type said struct {
	outcome outcome
	why     Why
	code    string
	text    string
	body    answerBody
}

// answerBody reads members of an answer by their dotted path.
type answerBody []byte

// at is the member at a path, as text; the first that says something of "a|b".
func (b answerBody) at(paths string) string {
	for path := range strings.SplitSeq(paths, "|") {
		object := []byte(b)
		parts := strings.Split(path, ".")
		for i, part := range parts {
			f, err := lot.ReadFields(object)
			if err != nil {
				break
			}
			text := f.Raw(part)
			if i == len(parts)-1 {
				if text != "" {
					return text
				}
				break
			}
			object = []byte(text)
		}
	}
	return ""
}

// read takes an answer for what it says, whatever its HTTP status where it has one of the codes. m may be nil: then it
// is not compared with what was sent.
func (a *Answer) read(r outbound.Response, m *maker) said {
	text, _ := lot.Plain(r.Body)
	if _, err := seal.ReadObject(text); err != nil {
		return said{outcome: outcomeUnread, body: r.Body}
	}
	s := said{body: answerBody(text)}
	codes := make([]string, len(a.Code))
	for i, path := range a.Code {
		codes[i] = s.body.at(path)
	}
	s.code = strings.TrimRight(strings.Join(codes, "/"), "/")
	if a.Text != "" {
		s.text = s.body.at(a.Text)
	}
	why, refused := a.Refused[s.code]
	switch {
	case a.Bare:
		s.outcome = outcomeTaken
	case s.code == "":
		s.outcome = outcomeUnread
	case slices.Contains(a.Taken, s.code):
		s.outcome = outcomeTaken
	case slices.Contains(a.Repeated, s.code):
		s.outcome = outcomeRepeated
	case slices.Contains(a.Later, s.code):
		s.outcome = outcomeLater
	case slices.Contains(a.Again, s.code):
		s.outcome = outcomeAgain
	case refused:
		s.outcome, s.why = outcomeRefused, why
	default:
		s.outcome = outcomeUnknown
	}
	if m != nil && (!a.aboutUs(s.body, m) || a.namesAnother(text, m)) {
		s.outcome = outcomeOther
	}
	return s
}

// ours are the names by which a request says which coupon it is about, and for which car.
func ours(rows []Row) map[string]Source {
	names := map[string]Source{}
	for _, r := range rows {
		if r.From == "uuid" || r.From == "plate" || r.From == "plate_dashed" {
			names[r.Name[strings.LastIndex(r.Name, ".")+1:]] = r.From
		}
	}
	return names
}

// namesAnother reports whether an answer has, anywhere in it, a member by which the request named its coupon or its
// car, and names another one there. What is empty, or no plate, such as a masked one, says nothing.
func (a *Answer) namesAnother(body []byte, m *maker) bool {
	if len(a.ours) == 0 {
		return false
	}
	var whole any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(&whole) == nil && a.othersIn(whole, m)
}

func (a *Answer) othersIn(v any, m *maker) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(v any) bool { return a.othersIn(v, m) })
	case map[string]any:
		for name, value := range v {
			if a.othersIn(value, m) {
				return true
			}
			if from, is := a.ours[name]; is && m.differs(from, value) {
				return true
			}
		}
	}
	return false
}

// differs reports whether a value names another coupon or car than a source of the request does.
func (m *maker) differs(from Source, value any) bool {
	told := strings.TrimSpace(fmt.Sprint(value))
	switch value.(type) {
	case string, json.Number:
	default:
		return false
	}
	if from == "uuid" {
		return told != "" && m.uuid != "" && !strings.EqualFold(told, m.uuid)
	}
	p, err := charge.ParsePlate(told)
	return err == nil && p != m.slip.Plate
}

// aboutUs reports whether what an answer repeats of the request is what we said.
func (a *Answer) aboutUs(b answerBody, m *maker) bool {
	for path, from := range a.Echo {
		told := b.at(path)
		if told == "" || told == "null" {
			continue
		}
		ours, _ := m.from(from, "")
		if from == "plate" {
			p, err := charge.ParsePlate(told)
			if err != nil || p != m.slip.Plate {
				return false
			}
		} else if told != ours {
			return false
		}
	}
	return true
}
