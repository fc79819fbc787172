package coupon

import (
	"strings"
	"testing"
)

// FuzzLoad: no file makes loading panic, an error names the file, and what loads has an id and something to give.
func FuzzLoad(f *testing.F) {
	for _, t := range Builtin().List() {
		text, err := profiles.ReadFile("profiles/" + t.ID + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		f.Add(strings.ReplaceAll(string(text), `"`+t.ID+`"`, `"own"`))
	}
	f.Fuzz(func(t *testing.T, text string) {
		own, err := Load(strings.NewReader(text), "own.toml")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "own.toml:") {
				t.Errorf("error without a file: %v", err)
			}
			return
		}
		if own.ID == "" || len(own.Methods) == 0 || !own.Own {
			t.Errorf("loaded as %+v", own)
		}
	})
}

// FuzzAnswer: no body of an answer makes reading it panic, at any path.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"code":0,"data":{"id":"1","list":[{"a":1.50}]}}`), "data.id|code")
	f.Add([]byte(`[]`), "a.b.c")
	f.Add([]byte("\xff{"), "")
	f.Fuzz(func(_ *testing.T, body []byte, path string) { answerBody(body).at(path) })
}
