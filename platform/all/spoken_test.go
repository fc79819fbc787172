package all

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/seal"
	"github.com/chargestamp/chargestamp/words"
)

// oddBodies are texts that are no push, each wrong in another way.
var oddBodies = []string{"", "  ", "\x00\x00", `{"a":"b`, `{"a":1`, `{"a":1,}`, `{"a" 1}`, `{"a":1 "b":2}`,
	`{"a":1,"a":2}`,
	`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}", `{'a':1}`, "{\"a\":\"x\ty\"}", `{"a":"\q"}`,
	"{\"a\":\"\xff\xfe\xfd\"}", `{"a":tru}`, `{"a":NaN}`, `{"a":1.}`, `{"a":01}`, `{"a":1}xyz`, `{"a":1}=`, `{"a":1}&b=2`,
	`{"_":1` + manyMembers() + `}`, "{}", "[]", "[1,2]", `"abc"`, `"{`, "12", "<html></html>",
	`<?xml version="1.0"?><a/>`, "a=%zz", "a=1&a=2", "a=1", "plain words that are no push", "\u00a0{}",
	`{"a":"\ud800"}`, `{"data":1,"sign":"x"}`, `{"data":{"a":}}`,
	`{"Data":"x"}`, `{"OperatorID":"1","Data":"x","TimeStamp":"y","Seq":"0001","Sig":"z"}`,
	"\xc4\xe3\xba\xc3", "\xff\xfe{\x00", "\x1f\x8b\x08\x00"}

func manyMembers() string {
	var b strings.Builder
	for i := range 300 {
		b.WriteString(`,"` + strings.Repeat("a", i+1) + `":1`)
	}
	return b.String()
}

var (
	spokenLatin = regexp.MustCompile(`[A-Za-z']{2,} [A-Za-z']{2,} [A-Za-z']{2,}`)
	spokenQuote = regexp.MustCompile(`“[^”]*”|"[^"]*"`)
)

// checkSpoken wants a sentence in each language that holds none of the other; what it quotes of a push may.
func checkSpoken(t *testing.T, where, en, zh string) {
	t.Helper()
	if (en == "") != (zh == "") || strings.HasPrefix(en, "#") || strings.Contains(en, "%3A") {
		t.Errorf("%s: %q, in Chinese %q", where, en, zh)
	}
	if run := spokenLatin.FindString(spokenQuote.ReplaceAllString(zh, "")); run != "" {
		t.Errorf("%s: in Chinese %q", where, zh)
	}
	if han := regexp.MustCompile(`\p{Han}+`).FindString(spokenQuote.ReplaceAllString(en, "")); han != "" {
		t.Errorf("%s: in English %q", where, en)
	}
}

// TestRefusalsInBothLanguages sends what is no push to every platform, bare and where a push has its message (in Data,
// in Base64), and reads what the push list and the doctor say of it.
func TestRefusalsInBothLanguages(t *testing.T) {
	said := map[string]bool{}
	for _, f := range forge(t) {
		id := f.dialect.Info().ID
		for _, odd := range oddBodies {
			for _, body := range []string{odd, inside(t, f, odd)} {
				got := f.admit(f.request.Header, []byte(body))
				if got.Refusal == nil {
					t.Errorf("%s takes %.60q", id, body)
					continue
				}
				said[deepest(got.Refusal.Why).Code] = true
				both := words.Both(got.Refusal.Why)
				checkSpoken(t, id+" "+odd, both.EN, both.ZH)
				found := f.judged(body)
				for _, s := range found.Steps {
					checkSpoken(t, id+" doctor "+odd, s.Detail, s.DetailZH)
				}
				checkSpoken(t, id+" likely "+odd, found.Likely, found.LikelyZH)
			}
		}
	}
	for _, code := range []string{"json.cut", "json.behind", "json.no_object", "json.twice", "json.deep", "json.no_name",
		"json.no_colon", "json.no_comma", "json.no_value", "json.no_digit", "json.control", "json.bad_escape",
		"json.not_utf8", "json.members", "json.no_member", "body.markup"} {
		if !said[code] {
			t.Errorf("nothing was refused as %s", code)
		}
	}
}

// judged is what the doctor finds in a capture with the account's keys.
func (f forgery) judged(capture string) doctor.Finding {
	return doctor.Check(doctor.Examination{Dialect: f.dialect, Capture: []byte(capture), At: forgedAt,
		Keys: f.account.Keys[0]})
}

// deepest is the last cause in a note.
func deepest(n charge.Note) charge.Note {
	for _, a := range n.Args {
		if a.Kind == charge.ArgNote {
			return deepest(charge.ParseNote(a.Value))
		}
	}
	return n
}

// inside is a body of the platform's own form that holds a text where its message stands; the text itself where the
// platform's bodies are bare.
func inside(t *testing.T, f forgery, text string) string {
	t.Helper()
	var e struct{ OperatorID, Data, TimeStamp, Seq, Sig string }
	switch {
	case f.dialect.Info().Family == "open13":
		return base64.StdEncoding.EncodeToString([]byte(text))
	case json.Unmarshal(f.request.Body, &e) != nil || e.Sig == "":
		return text
	}
	key := f.account.Keys[0]["data_secret"]
	sealed, err := seal.EncryptCBC(key, key, charge.Secret(text))
	if err != nil {
		t.Fatal(err)
	}
	e.Data = base64.StdEncoding.EncodeToString(sealed)
	e.Sig = seal.HMACMD5Upper(key, e.OperatorID+e.Data+e.TimeStamp+e.Seq)
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestCapturesInBothLanguages reads what the doctor says of a request that it cannot take apart.
func TestCapturesInBothLanguages(t *testing.T) {
	for _, f := range forge(t) {
		info := f.dialect.Info()
		at := slices.IndexFunc(info.Routes, func(r platform.Route) bool { return r.Kind == platform.RouteCharge })
		start := http.MethodPost + " " + info.Routes[at].Path + " HTTP/1.1\r\n"
		for _, capture := range []string{"POST /elsewhere HTTP/1.1\r\n\r\n{}", start + "no colon\r\n\r\n{}",
			start + "Content-Length: 900\r\n\r\n{}", start + "Content-Length: x\r\n\r\n{}",
			start + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"} {
			found := f.judged(capture)
			if len(found.Steps) == 0 || found.Steps[0].Result != doctor.StepFailed {
				t.Errorf("%s: %q is taken", info.ID, capture)
				continue
			}
			checkSpoken(t, info.ID+" "+capture, found.Steps[0].Detail, found.Steps[0].DetailZH)
		}
	}
}
