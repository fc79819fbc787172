package profile

import (
	"bytes"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// byteOrderMark may stand before a text in UTF-8. It lies outside of every signature, and RFC 8259 lets a reader of
// JSON skip it.
var byteOrderMark = []byte("\uFEFF")

// Body is what a push's body holds.
type Body struct {
	Fields []seal.Field // as UTF-8
	GBK    bool         // it came in GBK, and so was signed
	signed []seal.Field
}

// ReadBody reads a push's body: a JSON object, or a form. Which one it is the body itself says, so that no header
// changes what is read; the headers only name the character set of what is not UTF-8, and explain what cannot be read.
// What Claim has read is not read again. Errors are *platform.Refusal with outcome bad_body.
func ReadBody(p platform.Push) (*Body, error) {
	if b, ok := p.Parsed.(*Body); ok {
		return b, nil
	}
	text, gbk := Unwrapped(p.Body, p)
	fields, err := readFields(text, make([]seal.Field, 0, 24), gbk)
	if err != nil {
		return nil, BadBody(p, charge.Cause(err))
	}
	return &Body{Fields: fields, GBK: gbk}, nil
}

// Signed returns the fields as a signature covers them: in the bytes that came.
func (b *Body) Signed() []seal.Field {
	if !b.GBK {
		return b.Fields
	}
	if b.signed == nil {
		for _, f := range b.Fields {
			f.Name, f.Text = toGBK(f.Name), toGBK(f.Text)
			b.signed = append(b.signed, f)
		}
	}
	return b.signed
}

// Text returns a text of a push without its byte order mark, in UTF-8, and whether it came in GBK. It did where the
// push's Content-Type says so and no character in it needs three bytes of UTF-8, as Chinese ones do.
func Text(text []byte, p platform.Push) (utf []byte, gbk bool) {
	text = bytes.TrimPrefix(text, byteOrderMark)
	if ascii(text) && bytes.IndexByte(text, '%') < 0 || isUTF8(text) || !saysGBK(p) {
		return text, false
	}
	plain, err := simplifiedchinese.GB18030.NewDecoder().Bytes(text)
	if err != nil {
		return text, false
	}
	return plain, true
}

// Unwrapped is Text, out of what a sender may have wrapped it in (see seal.Unwrap).
func Unwrapped(text []byte, p platform.Push) (utf []byte, gbk bool) {
	utf, gbk = Text(text, p)
	for range seal.MostWraps {
		inner, is := seal.Unwrap(utf)
		if !is {
			break
		}
		var within bool
		utf, within = Text(inner, p)
		gbk = gbk || within
	}
	return utf, gbk
}

// isUTF8 reports whether a text is UTF-8 and could be nothing else that is Chinese.
func isUTF8(text []byte) bool {
	if !utf8.Valid(text) {
		return false
	}
	return bytes.ContainsFunc(text, func(c rune) bool { return c > 0x7FF })
}

func ascii(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func saysGBK(p platform.Push) bool {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil {
		return false
	}
	switch strings.ToLower(params["charset"]) {
	case "gbk", "gb2312", "gb18030", "cp936":
		return true
	}
	return false
}

// toGBK writes a text as GBK; what has no place there stays as it is.
func toGBK(text string) string {
	if coded, err := simplifiedchinese.GB18030.NewEncoder().String(text); err == nil {
		return coded
	}
	return text
}

// ToGBK writes a text in the bytes that it came in.
func ToGBK(text []byte) []byte { return []byte(toGBK(string(text))) }

// BadBody is the refusal of a body that cannot be read: for what its headers or first bytes show, otherwise for what
// the parser found.
func BadBody(p platform.Push, found charge.Note) *platform.Refusal {
	return platform.Refuse(platform.StepBody, charge.OutcomeBadBody, why(p, found))
}

func why(p platform.Push, found charge.Note) charge.Note {
	body, encoding := p.Body, strings.ToLower(p.Header.Get("Content-Encoding"))
	media := strings.ToLower(p.Header.Get("Content-Type"))
	switch {
	case len(bytes.TrimSpace(body)) == 0 && p.Query != "":
		return charge.Say("body.query")
	case len(bytes.TrimSpace(body)) == 0:
		return charge.Say("body.empty")
	case encoding != "" && encoding != "identity", bytes.HasPrefix(body, []byte{0x1F, 0x8B}):
		return charge.Say("body.compressed", charge.Text("encoding", platform.Clip(encoding)))
	case strings.HasPrefix(media, "multipart/"):
		return charge.Say("body.multipart")
	case isUTF16(body):
		return charge.Say("body.utf16")
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")):
		return charge.Say("body.array")
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte(`"`)):
		return charge.Say("body.string")
	case bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")):
		return charge.Say("body.markup")
	case !utf8.Valid(body):
		return charge.Say("body.gbk", charge.Because("cause", found))
	}
	return found
}

// isUTF16 reports a byte order mark of UTF-16, or ASCII with a zero byte beside each: no text that is sent here holds
// zero bytes.
func isUTF16(body []byte) bool {
	return bytes.HasPrefix(body, []byte{0xFF, 0xFE}) || bytes.HasPrefix(body, []byte{0xFE, 0xFF}) ||
		3*bytes.Count(body, []byte{0}) >= len(body)
}

func readFields(body []byte, room []seal.Field, gbk bool) ([]seal.Field, error) {
	start := bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, Wrong(charge.Say("body.empty"))
	case start[0] == '{':
		return seal.ReadObjectInto(body, room)
	case bytes.IndexByte(start, '=') < 0, bytes.HasPrefix(start, []byte("--")), start[0] == '<':
		return nil, Wrong(charge.Say("body.neither"))
	}
	return readForm(string(body), room, gbk)
}

// readForm reads name=value pairs in their order. A name that occurs twice is refused for the reason
// seal.ReadObject has.
func readForm(body string, fields []seal.Field, gbk bool) ([]seal.Field, error) {
	had := map[string]bool{}
	for pair := range strings.SplitSeq(strings.TrimSpace(body), "&") {
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, nameErr := unescape(rawName, gbk)
		value, valueErr := unescape(rawValue, gbk)
		switch {
		case nameErr != nil || valueErr != nil || !utf8.ValidString(name+value):
			return nil, Wrong(charge.Say("body.form_coding"))
		case had[name]:
			return nil, Wrong(charge.Say("body.form_twice"))
		case len(fields) == seal.MostMembers:
			return nil, Wrong(charge.Say("body.form_long"))
		}
		had[name] = true
		fields = append(fields, seal.Field{Name: name, Text: value, Kind: seal.String})
	}
	return fields, nil
}

// unescape resolves a part of a form. One in GBK may have its bytes escaped.
func unescape(text string, gbk bool) (string, error) {
	plain, err := url.QueryUnescape(text)
	if err != nil || !gbk || utf8.ValidString(plain) && isUTF8([]byte(plain)) {
		return plain, err
	}
	return simplifiedchinese.GB18030.NewDecoder().String(plain)
}
