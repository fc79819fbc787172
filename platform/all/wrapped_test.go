package all

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// quoted is a text as a JSON string.
func quoted(text []byte) []byte {
	out, err := json.Marshal(string(text))
	if err != nil {
		panic(err)
	}
	return out
}

// bareName is a form whose only name is the push, with nothing of it escaped.
const bareName = "a form's name as it is"

// wraps are what senders put around a push. A signature covers none of it.
var wraps = []struct {
	name string
	wrap func([]byte) []byte
}{
	{"a JSON string", quoted},
	{"a JSON string between blanks", func(b []byte) []byte { return append(append([]byte(" \r\n"), quoted(b)...), ' ') }},
	{"an array of one", func(b []byte) []byte { return append(append([]byte("[ "), b...), ' ', ']') }},
	{"a form's name", func(b []byte) []byte { return []byte(url.QueryEscape(string(b)) + "=") }},
	{"a form's name without =", func(b []byte) []byte { return []byte(url.QueryEscape(string(b))) }},
	{bareName, func(b []byte) []byte { return append(bytes.Clone(b), '=') }},
	{"a form's value as it is", func(b []byte) []byte { return append([]byte("json="), b...) }},
	{"a form's value", func(b []byte) []byte { return []byte("json=" + url.QueryEscape(string(b))) }},
	{"a string in an array", func(b []byte) []byte { return append(append([]byte("["), quoted(b)...), ']') }},
}

// A push is taken out of whatever its sender wraps it in, and reads as it does bare. What is changed below the wrapping
// is refused as it is without one.
func TestWrappedPushes(t *testing.T) {
	for _, f := range forge(t) {
		id := f.dialect.Info().ID
		bare := f.admit(f.request.Header, f.request.Body)
		if bare.Refusal != nil {
			t.Errorf("%s: %v", id, bare.Refusal)
			continue
		}
		base64d := f.dialect.Info().Family == "open13"
		body := f.request.Body
		switch {
		case base64d:
			body = f.request.Plain
		case body[0] != '{':
			t.Errorf("%s: its push is no JSON: %.20s", id, body)
			continue
		}
		for _, w := range wraps {
			if base64d && w.name == bareName {
				continue // Base64 needs no form
			}
			wrapped := func(body []byte) []byte {
				if body = w.wrap(body); base64d {
					body = []byte(base64.StdEncoding.EncodeToString(body))
				}
				return body
			}
			got := f.admit(f.request.Header, wrapped(body))
			if got.Refusal != nil {
				t.Errorf("%s in %s: %v", id, w.name, got.Refusal)
				continue
			}
			if a, b := *got.Message.Charge, *bare.Message.Charge; a.RepeatKey != b.RepeatKey || a.Plate != b.Plate ||
				a.Lot != b.Lot || a.Ask != b.Ask || got.Message.Warnings.String() != bare.Message.Warnings.String() {
				t.Errorf("%s in %s reads %+v, want %+v", id, w.name, a, b)
			}
			if f.dialect.Info().NeedsLock {
				continue // and signs nothing
			}
			if got := f.admit(f.request.Header, wrapped(changed(body))); got.Refusal == nil {
				t.Errorf("%s in %s: changed, and taken", id, w.name)
			}
		}
	}
}

// changed is a body with one digit more in the number of an order, or in whatever else it holds.
func changed(body []byte) []byte {
	at := bytes.LastIndexByte(body[:len(body)-10], '"')
	return append(append(bytes.Clone(body[:at]), '1'), body[at:]...)
}

// What holds no push, or more than one, is refused by a reason that names the wrapping.
func TestWrapsWithoutAPush(t *testing.T) {
	for _, f := range forge(t) {
		if f.dialect.Info().Family == "open13" {
			continue // its body is Base64
		}
		body := f.request.Body
		two := append(append(append([]byte("["), body...), ','), body...)
		for _, c := range []struct{ name, body, want string }{
			{"an array of two", string(append(two, ']')), "array"},
			{"an empty array", "[]", "array"},
			{"an array without its end", "[" + string(body), "array"},
			{"a string that is cut off", string(quoted(body)[:40]), "string"},
			{"wrapped too often", "[[[[" + string(body) + "]]]]", "array"},
		} {
			got := f.admit(f.request.Header, []byte(c.body))
			id := f.dialect.Info().ID
			if r := got.Refusal; r == nil || r.Outcome == charge.OutcomeAccepted || r.Outcome == charge.OutcomeBusy {
				t.Errorf("%s, %s: %v", id, c.name, r)
			} else if f.dialect.Info().ID != "guowang-jinan" && r.Why.Code != "body."+c.want {
				t.Errorf("%s, %s: %v", id, c.name, r.Why)
			}
		}
	}
}

// The data of open interface 13 may be a JSON text, signed by what it holds or as it stands.
func TestDataAsAText(t *testing.T) {
	f := forge(t)
	i := 0
	for f[i].dialect.Info().Family != "open13" {
		i++
	}
	const data = `{"comid":"1313","union_id":"200461","car_number":"京A12345","start_charge_seq":"1","mitigate_type":0}`
	for signed, taken := range map[string]bool{data: true, string(quoted([]byte(data))): true, data + " ": false} {
		sum := md5.Sum([]byte(signed + "key=ckey-of-the-lot"))
		body := `{"data":` + string(quoted([]byte(data))) + `,"sign":"` + strings.ToUpper(hex.EncodeToString(sum[:])) + `"}`
		got := f[i].admit(http.Header{}, []byte(base64.StdEncoding.EncodeToString([]byte(body))))
		if (got.Refusal == nil) != taken {
			t.Errorf("signed over %s: %v", signed, got.Refusal)
		} else if taken && (got.Message.Charge.Plate != "京A12345" || got.Message.Charge.Ask.Method != charge.MethodFree) {
			t.Errorf("signed over %s: read %+v", signed, got.Message.Charge)
		}
	}
}
