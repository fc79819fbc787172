package lot

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/chargestamp/chargestamp/seal"
)

// mostPlain bounds a text once it is unpacked.
const mostPlain = 64 << 10

var errNoMessage = errors.New("报文既不是JSON也不是Base64")

// Open takes a message out of what lots' software wraps it in, and returns the JSON object in UTF-8 with the encoding
// that Plain names. Beside plain JSON it takes Base64 of it (URL-safe too), JSON in a JSON string, an array of one
// message, and a form: JSON as its only key or only value, or the members data and sign as fields.
func Open(body []byte) (text []byte, encoding string, err error) {
	text, encoding = Plain(body)
	for range seal.MostWraps {
		text = trim(text)
		bare := bytes.HasPrefix(text, []byte("{"))
		inner, ok := unwrap(text, bare)
		switch {
		case !ok && bare:
			return text, encoding, nil
		case !ok:
			return nil, encoding, errNoMessage
		}
		var within string
		if text, within = Plain(inner); within != "UTF-8" {
			encoding = within
		}
	}
	if text = trim(text); !bytes.HasPrefix(text, []byte("{")) {
		return nil, encoding, errNoMessage
	}
	return text, encoding, nil
}

// trim drops what stands around a message and means nothing; the NUL that ends a text in C is such.
func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n\x00") }

// unwrap takes off one wrapping. Of a bare object, that can only be one that came as the name in a form.
func unwrap(text []byte, bare bool) (inner []byte, ok bool) {
	if inner, ok = seal.Unwrap(text); ok || bare {
		return inner, ok
	}
	if inner, ok = fromFields(string(text)); ok {
		return inner, true
	}
	return fromBase64(text)
}

// fromFields writes a form whose fields are the members of a message as JSON; data stays as it was signed.
func fromFields(text string) ([]byte, bool) {
	if !strings.ContainsAny(text, "%{") {
		return nil, false // no JSON is in it
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil, false
	}
	members := make(map[string]json.RawMessage, len(form))
	for key, values := range form {
		if len(values) != 1 {
			return nil, false
		}
		member, _ := json.Marshal(values[0]) // strings do not fail
		if key == "data" && json.Valid([]byte(values[0])) {
			member = json.RawMessage(values[0])
		}
		members[key] = member
	}
	if members["data"] == nil || members["sign"] == nil {
		return nil, false
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for key, member := range members {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(key)
		b.Write(append(append(name, ':'), member...))
	}
	b.WriteByte('}')
	return b.Bytes(), true
}

// fromBase64 decodes the standard alphabet and the URL-safe one, in lines or not, padded or not.
func fromBase64(text []byte) ([]byte, bool) {
	text = bytes.TrimRight(bytes.Join(bytes.Fields(text), nil), "=")
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(out, text)
	return out[:n], err == nil
}

// Plain returns a body as UTF-8, unpacked and without a byte order mark, and says how it was written: "UTF-8",
// "GBK", "gzip, GBK", "UTF-8 BOM", "UTF-16". A character that is cut off at the end is dropped; what is none of them is
// returned as it is, "unknown".
func Plain(body []byte) (text []byte, encoding string) {
	if bytes.HasPrefix(body, []byte{0x1F, 0x8B}) {
		if r, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			unpacked, err := io.ReadAll(io.LimitReader(r, mostPlain))
			if len(unpacked) > 0 && (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) {
				body, encoding = unpacked, "gzip, "
			}
		}
	}
	if rest, marked := bytes.CutPrefix(body, byteOrderMark); marked {
		return rest, encoding + "UTF-8 BOM"
	}
	if text, ok := fromUTF16(body); ok {
		return text, encoding + "UTF-16"
	}
	if utf8.Valid(body) && !gbkByAccident(body) {
		return body, encoding + "UTF-8"
	}
	if text, ok := fromGBK(body); ok {
		return text, encoding + "GBK"
	}
	return body, encoding + encodingUnknown
}

// encodingUnknown is how Plain calls what it cannot read.
const encodingUnknown = "unknown"

// fromUTF16 decodes an object in UTF-16, behind a byte order mark or not.
func fromUTF16(body []byte) ([]byte, bool) {
	body = bytes.TrimPrefix(bytes.TrimPrefix(body, []byte{0xFF, 0xFE}), []byte{0xFE, 0xFF})
	order := unicode.BigEndian
	switch {
	case bytes.HasPrefix(body, []byte("{\x00")):
		order = unicode.LittleEndian
	case !bytes.HasPrefix(body, []byte("\x00{")):
		return nil, false
	}
	text, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(body)
	return text, err == nil && !bytes.ContainsRune(text, utf8.RuneError)
}

// Readable reports whether an encoding that Plain names is a known one.
func Readable(encoding string) bool { return !strings.HasSuffix(encoding, encodingUnknown) }

// IsGBK reports whether an encoding that Plain names is GBK.
func IsGBK(encoding string) bool { return strings.HasSuffix(encoding, "GBK") }

var byteOrderMark = []byte("\uFEFF")

// gbkByAccident reports whether a text in GBK happens to be valid UTF-8: 鲁 and 豫, with which the plates of two
// provinces begin, are there the characters ³ and ԥ. Such a text has no character of UTF-8 that is longer.
func gbkByAccident(body []byte) bool {
	if !bytes.ContainsAny(body, "³ԥ") {
		return false
	}
	return !bytes.ContainsFunc(body, func(r rune) bool { return r > '\u07FF' })
}

// fromGBK decodes a text, unless it holds what GBK has no character for. Half a character at the end is dropped.
func fromGBK(body []byte) ([]byte, bool) {
	text, err := simplifiedchinese.GBK.NewDecoder().Bytes(body)
	if err != nil {
		return nil, false
	}
	text = bytes.TrimSuffix(text, []byte("\uFFFD"))
	return text, !bytes.ContainsRune(text, utf8.RuneError)
}

// ToGBK encodes a text in GBK; nothing where it cannot be written so.
func ToGBK(text []byte) []byte {
	out, err := simplifiedchinese.GBK.NewEncoder().Bytes(text)
	if err != nil {
		return nil
	}
	return out
}
