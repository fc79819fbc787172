package seal

import (
	"errors"
	"strings"
	"testing"
)

// TestFaults holds the code, and the place, of everything that can be wrong with a JSON text.
func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		``: "json.cut at 0", `{"a":1`: "json.cut at 6", `{"a"`: "json.cut at 4", `{"a":`: "json.cut at 5",
		`{"a":"b`: "json.cut at 7", `{"a":"\`: "json.cut at 7", `{"a":[1`: "json.cut at 7", `{"a":1.`: "json.cut at 7",
		`{"a":"x\u00`: "json.cut at 11",
		`[]`:          "json.no_object at 0", `{"a":1}x`: "json.behind at 7", `{"a":1,"a":2}`: "json.twice at 10",
		`{'a':1}`: "json.no_name at 1", `{"a":1,}`: "json.no_name at 7", `{"a" 1}`: "json.no_colon at 5",
		`{"a":1 "b":2}`: "json.no_comma at 7", `{"a":01}`: "json.no_comma at 6", `{"a":[1 2]}`: "json.no_comma at 8",
		`{"a":tru}`: "json.no_value at 5", `{"a":NaN}`: "json.no_value at 5", `{"a":}`: "json.no_value at 5",
		`{"a":1.}`: "json.no_digit at 7", `{"a":1e}`: "json.no_digit at 7",
		"{\"a\":\"x\ty\"}": "json.control at 7",
		`{"a":"\q"}`:       "json.bad_escape at 8", `{"a":"\ud800"}`: "json.bad_escape at 12",
		"{\"a\":\"\xff\"}": "json.not_utf8 at 7", "{\"a\":\"\\n\xff\"": "json.not_utf8 at 10",
		`{"a":` + strings.Repeat("[", 40):              "json.deep at 37",
		`{"_":0` + strings.Repeat(`,"_":0`, 300) + `}`: "json.twice at 10",
	} {
		_, err := ReadObject([]byte(text))
		var f *Fault
		if !errors.As(err, &f) || !errors.Is(err, ErrJSON) {
			t.Errorf("%.40s: %v is no fault", text, err)
			continue
		}
		if code, arg, value := f.Coded(); code+" "+arg+" "+value != want {
			t.Errorf("%.40s: %s %s %s, want %s", text, code, arg, value, want)
		}
		if f.Error() != "not the JSON that was expected: "+want {
			t.Errorf("%.40s: for logs %q", text, f)
		}
	}
}
