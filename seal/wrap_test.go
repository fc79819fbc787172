package seal

import "testing"

func TestUnwrap(t *testing.T) {
	for text, want := range map[string]string{
		`"{\"a\":1}"`:          `{"a":1}`,
		" [ {\"a\":\"%26\"} ]": `{"a":"%26"}`,
		`["{}"]`:               `"{}"`,
		`%7B%22a%22%3A1%7D=`:   `{"a":1}`,
		`%7B%22a%22%3A1%7D`:    `{"a":1}`,
		`data=%7B%7D`:          `{}`,
		`data={"a":1}`:         `{"a":1}`,
		`{"a":"1&&2=%26"}=`:    `{"a":"1&&2=%26"}`,
		` {"a":1}= `:           `{"a":1}`,
		`json={"a":"1&&2%"}`:   `{"a":"1&&2%"}`,
		`"京"`:                  `京`,
		// not wrapped, or more than one
		``: "", `{"a":"%26%26"}`: "", `[]`: "", `[{},{}]`: "", `[{}`: "", `[{}] x`: "", `"{}`: "", `"{}"x`: "",
		`{"a":1}==`: "", `{"a":1=`: "", `a={"b":1}&c=1`: "",
		`a=1&b=%7B%7D`: "", `a=1`: "", `QUJDRA==`: "", `%zz`: "", "\"a\tb\"": "", `["a","b":1]`: "",
	} {
		inner, ok := Unwrap([]byte(text))
		if string(inner) != want && ok || ok != (want != "") {
			t.Errorf("%s: %q, %t, want %q", text, inner, ok, want)
		}
	}
}
