package profile

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/words"
)

func bodyOf(body []byte, query string, headers ...string) platform.Push {
	p := platform.Push{Body: body, Query: query, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		p.Header.Set(headers[i], headers[i+1])
	}
	return p
}

// A byte order mark is skipped, GBK is read where Content-Type says so, and nothing else changes what is read.
func TestBodiesThatAreTaken(t *testing.T) {
	const text = `{"plate":"鲁A12345"}`
	gbk, _ := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
	form, _ := simplifiedchinese.GBK.NewEncoder().String("鲁A12345")
	escaped := ""
	for _, c := range []byte(form) {
		escaped += string("%"[0]) + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15]))
	}
	const says = "application/json; charset=GBK"
	for name, c := range map[string]struct {
		push platform.Push
		gbk  bool
	}{
		"plain":              {bodyOf([]byte(text), ""), false},
		"mark":               {bodyOf([]byte("\uFEFF"+text), ""), false},
		"mark before a form": {bodyOf([]byte("\uFEFFplate=%E9%B2%81A12345"), ""), false},
		"GBK":                {bodyOf(gbk, "", "Content-Type", says), true},
		"GBK form": {bodyOf([]byte("plate="+escaped), "", "Content-Type",
			"application/x-www-form-urlencoded;charset=gb2312"), true},
		"UTF-8 that says GBK":   {bodyOf([]byte(text), "", "Content-Type", says), false},
		"plain that says gzip":  {bodyOf([]byte(text), "", "Content-Encoding", "gzip"), false},
		"JSON named as a form":  {bodyOf([]byte(text), "", "Content-Type", "application/x-www-form-urlencoded"), false},
		"ASCII that says GBK":   {bodyOf([]byte(`{"plate":"\u9c81A12345"}`), "", "Content-Type", says), false},
		"form with a query too": {bodyOf([]byte("plate=%E9%B2%81A12345"), "a=b"), false},
	} {
		b, err := ReadBody(c.push)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, _ := Lookup(b.Fields, "plate"); got != "鲁A12345" || b.GBK != c.gbk {
			t.Errorf("%s: %q, GBK %v", name, got, b.GBK)
		}
		if signed, _ := Lookup(b.Signed(), "plate"); c.gbk && signed != form || !c.gbk && signed != "鲁A12345" {
			t.Errorf("%s is signed over %q", name, signed)
		}
	}
}

// A body that cannot be read is refused for its true reason.
func TestBodiesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		push platform.Push
		want string
	}{
		"gzip": {bodyOf([]byte{0x1F, 0x8B, 8, 0, '=', 1}, "", "Content-Encoding", "gzip"),
			"compressed (Content-Encoding gzip)"},
		"multipart": {bodyOf([]byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"), "", "Content-Type",
			"multipart/form-data; boundary=x"), "multipart/form-data"},
		"UTF-16":      {bodyOf([]byte{0xFF, 0xFE, '{', 0, '}', 0}, ""), "UTF-16"},
		"bare UTF-16": {bodyOf([]byte{'{', 0, '"', 0, 'a', 0}, ""), "UTF-16"},
		"query":       {bodyOf(nil, "plate=1"), "belong into the body"},
		"empty":       {bodyOf([]byte(" "), ""), "the body is empty"},
		"GBK unsaid":  {bodyOf([]byte("{\"a\":\"\xbe\xa9A12345\"}"), ""), "most likely GBK"},
		"array":       {bodyOf([]byte("[1]"), ""), "a JSON array: send one push"},
	} {
		_, err := ReadBody(c.push)
		var r *platform.Refusal
		if !errors.As(err, &r) || r.Step != platform.StepBody || !strings.Contains(words.Note(words.English, r.Why), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, gbk := Text(bytes.Repeat([]byte("a"), 9), platform.Push{}); gbk {
		t.Error("ASCII is no GBK")
	}
}
