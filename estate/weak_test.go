package estate_test

import (
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/estate"
)

func TestWeakSecret(t *testing.T) {
	for secret, want := range map[string]estate.Problem{
		"1":                                estate.ProblemShort,
		"3f9c5a7e1b2d48a":                  estate.ProblemShort, // 15 characters
		"停车场的密钥十五个字符":                      estate.ProblemShort,
		"aaaaaaaaaaaaaaaaaaaa":             estate.ProblemGuessable,
		"abcabcabcabcabcabc":               estate.ProblemGuessable,
		"1234567890123456":                 estate.ProblemGuessable,
		"abcdefghijklmnopqrst":             estate.ProblemGuessable,
		"zyxwvutsrqponmlk":                 estate.ProblemGuessable,
		"password12345678":                 estate.ProblemGuessable,
		"changeme-changeme":                estate.ProblemGuessable,
		"1122112211221122":                 estate.ProblemGuessable,
		"3f9c5a7e1b2d48a0":                 "",
		"CKEY-V1-1313-9F3C5A7E1B2D48":      "",
		"xiaoju-key-of-v1":                 "",
		"admintoken-0123456789abcdef":      "",
		"correct horse battery staple":     "",
		"8315204976318204":                 "",
		"6E1D9B4C7A3F5820C4D7":             "",
		"teldA-data-secre":                 "",
		"3f9c5a7e1b2d48a03f9c5a7e1b2d48a0": "",
	} {
		if got := estate.WeakSecret(secret); got != want {
			t.Errorf("%q is %q, want %q", secret, got, want)
		}
	}
}

// Weak keys of any kind of thing are warned of, by place and without the key; names that are no secrets, and what is
// off, are not.
func TestWeakKeys(t *testing.T) {
	s, _, err := catalog().Merge(nil, parse(t, `
version: 1
vendors:
  - {union_id: "1", ukey: "hush"}
  - {union_id: "2", ukey: "hush", state: off}
lots:
  - {lot: "1/1", kind: sdk, ckey: "hush-hush-hush-hush-hush"}
  - {lot: "1/2", kind: sdk, ckey: "3f9c5a7e1b2d48a0", old_ckey: {key: "hush2", until: "2026-12-31T00:00:00+08:00"}}
accounts:
  - account: t
    platform: telaidian
    scope: "1"
    keys: {operator_id: "1", operator_secret: "hush", data_secret: "7c3f9a5e1b8d2460",
      data_secret_iv: "0f9e8d7c6b5a4331", sig_secret: "hush"}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range s.Weak() {
		got = append(got, w.Thing+" "+w.Field+" "+string(w.Problem))
		assertHush(t, "a warning", w.Error()+w.In("zh"))
	}
	want := []string{"vendor 1 ukey short", "lot 1/1 ckey guessable", "lot 1/2 old_ckey short",
		"account t keys.operator_secret short", "account t keys.sig_secret short"}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		t.Errorf("weak are %q, want %q", got, want)
	}
}
