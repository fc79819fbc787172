package cec

import (
	"bytes"
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

var _ platform.Doctor = (*dialect)(nil)

// Diagnose shows what was signed over and what Data holds, and names the first usual mistake that explains what
// is wrong: in the signature, then in the cipher, then in the fields. It decrypts whether or not the signature
// holds: it speaks to the holder of the keys.
func (d *dialect) Diagnose(p platform.Push, a platform.Account, now time.Time) platform.Diagnosis {
	if len(a.Keys) == 0 {
		return platform.Diagnosis{Likely: charge.Say("push.no_keys")}
	}
	e, err := d.envelope(p)
	if err != nil || bytes.Contains(p.Body, []byte("Data=")) { // a bare body would be taken for base64
		return platform.Diagnosis{Likely: d.bodyMistake(p.Body)}
	}
	keys := a.Keys[0]
	for _, k := range a.Keys[1:] { // the set that signed it, where one did
		if k[keySig] != "" && seal.EqualFold(seal.HMACMD5Upper(k[keySig], e.canonical()), e.sig) {
			keys = k
		}
	}
	c := patient{envelope: *e, keys: keys}
	g := platform.Diagnosis{Canonical: shown(*e), Found: platform.Clip(e.sig)}
	if keys[keySig] != "" {
		g.Signature = platform.MatchOf(seal.EqualFold(seal.HMACMD5Upper(keys[keySig], e.canonical()), e.sig))
	}
	plain, err := e.open(keys)
	var fields []seal.Field
	if err == nil {
		message, _ := profile.Unwrapped(plain, p)
		fields, err = seal.ReadObject(message)
	}
	if err == nil {
		g.Read = d.lines(p, fields)
	}
	switch {
	case g.Signature == platform.Differs:
		var theirs string
		if g.Likely, theirs = c.signatureMistake(plain); theirs != "" && g.Canonical == string(e.canonical()) {
			g.Difference = platform.FirstDifference(g.Canonical, theirs)
		}
	case g.Read == nil:
		g.Likely = c.cipherMistake()
	default:
		g.Likely = d.fieldMistake(fields, now)
	}
	if g.Likely.IsZero() {
		g.Likely = c.clockMistake(now)
	}
	return g
}

// shown is the text that was signed over. Where Data is no ciphertext it may show a plate, and is left out.
func shown(e envelope) string {
	if _, err := base64.StdEncoding.DecodeString(unbroken(e.data)); err != nil {
		e.data = fmt.Sprintf("<%d characters of Data that are not base64>", len(e.data))
	}
	return string(e.canonical())
}

// lines says what was read.
func (d *dialect) lines(p platform.Push, fields []seal.Field) charge.Notes {
	if p.Route.Kind == platform.RouteToken {
		operator, _ := profile.Lookup(fields, "OperatorID")
		return charge.Notes{platform.ReadText("OperatorID", operator), platform.ReadText("OperatorSecret", "••••")}
	}
	lines := charge.Notes{}
	for _, name := range append([]string{d.profile.Lot.Field}, d.profile.Lot.Chargers...) {
		if text, ok := profile.Lookup(fields, name); ok && name != "" {
			lines = append(lines, platform.ReadText(name, text))
		}
	}
	return append(lines, d.table.Columns.Lines(fields)...)
}

// bodyMistake explains a body that is no envelope.
func (d *dialect) bodyMistake(body []byte) charge.Note {
	fields, err := seal.ReadObject(body)
	switch {
	case err != nil && bytes.Contains(body, []byte("Data=")):
		return charge.Say("likely.form")
	case err != nil && json.Valid(body):
		return charge.Say("likely.json_twice")
	case err != nil:
		return charge.Say("likely.no_json")
	}
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Data") && f.Kind == seal.Composite {
			return charge.Say("likely.data_unencrypted")
		}
	}
	for _, names := range [][]string{{"Ret"}, {d.profile.Lot.Field}, d.table.Columns[profile.RolePlate].Names} {
		for _, name := range names {
			if _, ok := profile.Lookup(fields, name); ok && name == "Ret" {
				return charge.Say("likely.is_answer")
			} else if ok && name != "" {
				return charge.Say("likely.bare_message")
			}
		}
	}
	return charge.Note{}
}

// patient is one envelope with one set of keys.
type patient struct {
	envelope envelope
	keys     platform.Keys
}

// signatureMistake names the first usual mistake that explains the signature found, and the text that was signed over
// by it; no text where it is not another one, or holds what Data hides.
func (c *patient) signatureMistake(plain []byte) (likely charge.Note, theirs string) {
	secret := c.keys[keySig].Reveal()
	e := c.envelope
	parts := []string{e.operator, e.data, e.timeStamp, e.seq}
	if e.sig == "" {
		return charge.Say("push.unsigned", charge.Text("field", "Sig")), ""
	}
	for _, m := range []struct {
		likely charge.Note
		texts  []string
	}{
		{charge.Say("likely.four_order"), orders(parts)},
		{charge.Say("likely.four_left_out"), leftOut(parts)},
		{charge.Say("likely.four_joints"), joints(parts)},
		{charge.Say("likely.data_signed_url_coded"), swapped(parts, url.QueryEscape(e.data),
			strings.ReplaceAll(url.QueryEscape(e.data), "%2F", "/"), lowerEscapes(url.QueryEscape(e.data)),
			strings.ReplaceAll(e.data, " ", "+"), strings.ReplaceAll(e.data, "+", " "))},
		{charge.Say("likely.data_line_breaks"),
			swapped(parts, unbroken(e.data), wrapped(e.data, "\r\n"), wrapped(e.data, "\n"))},
		{charge.Say("likely.data_slashes"),
			swapped(parts, strings.ReplaceAll(e.data, "/", `\/`))},
		{charge.Say("likely.stamp_zone"), zones(e)},
		{charge.Say("likely.stamp_form"), stamps(e)},
		{charge.Say("likely.four_case"),
			[]string{strings.ToLower(strings.Join(parts, "")), strings.ToUpper(strings.Join(parts, ""))}},
		{charge.Say("likely.seq_form"), seqs(e)},
	} {
		for _, text := range m.texts {
			if seal.EqualFold(seal.HMACMD5Upper(secret, text), e.sig) {
				return m.likely, text
			}
		}
	}
	if seal.EqualFold(seal.HMACMD5Upper(secret, e.operator+string(plain)+e.timeStamp+e.seq), e.sig) {
		return charge.Say("likely.data_as_plain"), ""
	}
	return c.keyMistake(), ""
}

// keyMistake looks for a right text under a wrong key or digest.
func (c *patient) keyMistake() charge.Note {
	text, secret := string(c.envelope.canonical()), c.keys[keySig].Reveal()
	signed := func(signs ...string) bool {
		return slices.ContainsFunc(signs, func(s string) bool { return seal.EqualFold(s, c.envelope.sig) })
	}
	for _, name := range []string{keyData, keyIV, keyOperatorSecret, keyOperator} {
		if signed(seal.HMACMD5Upper(c.keys[name], text)) {
			return charge.Say("likely.other_key", charge.Text("key", name), charge.Text("right", keySig))
		}
	}
	raw, err := hex.DecodeString(secret)
	switch {
	case signed(seal.HMACMD5Upper(strings.TrimSpace(secret), text), seal.HMACMD5Upper(secret+"\n", text),
		seal.HMACMD5Upper(secret+" ", text)):
		return charge.Say("likely.key_blanks")
	case signed(seal.HMACMD5Upper(strings.ToUpper(secret), text), seal.HMACMD5Upper(strings.ToLower(secret), text)):
		return charge.Say("likely.key_case")
	case err == nil && signed(seal.HMACMD5Upper(raw, text)):
		return charge.Say("likely.key_hex")
	case signed(base64.StdEncoding.EncodeToString(digest(secret, text)),
		base64.StdEncoding.EncodeToString([]byte(seal.HMACMD5Upper(secret, text)))):
		return charge.Say("likely.sig_base64")
	case signed(sha256Hex(secret, text)):
		return charge.Say("likely.sig_sha256")
	case signed(seal.MD5Upper(text), seal.MD5Upper(text+secret), seal.MD5Upper(secret+text),
		seal.MD5Upper(secret+text+secret)):
		return charge.Say("likely.sig_md5")
	case len(c.envelope.sig) != 32:
		return charge.Say("likely.sig_length", charge.Count("length", len(c.envelope.sig)))
	}
	return charge.Say("likely.no_mistake_sig")
}

// digest is the HMAC-MD5 of a text, undone from hex.
func digest(secret, text string) []byte {
	raw, _ := hex.DecodeString(seal.HMACMD5Upper(secret, text)) // it is hex
	return raw
}

func sha256Hex(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// orders are the texts of the parts in every order but the right one.
func orders(parts []string) []string {
	var texts []string
	var put func(done string, left []string)
	put = func(done string, left []string) {
		if len(left) == 0 {
			texts = append(texts, done)
			return
		}
		for i, p := range left {
			put(done+p, slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	put("", parts)
	return texts[1:]
}

// leftOut are the texts of some of the parts, in order.
func leftOut(parts []string) []string {
	var texts []string
	for chosen := 1; chosen < 1<<len(parts)-1; chosen++ {
		text := ""
		for i, p := range parts {
			if chosen>>i&1 == 1 {
				text += p
			}
		}
		texts = append(texts, text)
	}
	return texts
}

func joints(parts []string) []string {
	names := []string{"OperatorID", "Data", "TimeStamp", "Seq"}
	pairs := make([]string, len(parts))
	for i := range parts {
		pairs[i] = names[i] + "=" + parts[i]
	}
	sorted := slices.Sorted(slices.Values(pairs))
	return []string{strings.Join(pairs, "&"), strings.Join(sorted, "&"), strings.Join(pairs, ""), strings.Join(parts, "&"),
		strings.Join(parts, ","), strings.Join(parts, "|"), strings.Join(parts, " ")}
}

// swapped are the texts with other forms of Data.
func swapped(parts []string, data ...string) []string {
	var texts []string
	for _, d := range data {
		texts = append(texts, parts[0]+d+parts[2]+parts[3])
	}
	return texts
}

// wrapped breaks base64 into lines of 76 characters, as MIME encoders do.
func wrapped(data, with string) string {
	var b strings.Builder
	for line := range slices.Chunk([]byte(unbroken(data)), 76) {
		b.Write(line)
		b.WriteString(with)
	}
	return b.String()
}

func stamps(e envelope) []string {
	at, err := readTimeStamp(e.timeStamp)
	if err != nil {
		return nil
	}
	var texts []string
	for _, stamp := range []string{at.In(charge.Shanghai).Format("20060102150405"),
		at.In(charge.Shanghai).Format(time.DateTime),
		fmt.Sprint(at.Unix()), fmt.Sprint(at.UnixMilli())} {
		texts = append(texts, e.operator+e.data+stamp+e.seq)
	}
	return texts
}

// zones are the texts with TimeStamp read in UTC where Asia/Shanghai is meant, and the other way round.
func zones(e envelope) []string {
	at, err := readTimeStamp(e.timeStamp)
	if err != nil {
		return nil
	}
	var texts []string
	for _, t := range []time.Time{at.Add(-8 * time.Hour), at.Add(8 * time.Hour)} {
		for _, stamp := range []string{t.In(charge.Shanghai).Format("20060102150405"), fmt.Sprint(t.Unix()),
			fmt.Sprint(t.UnixMilli())} {
			texts = append(texts, e.operator+e.data+stamp+e.seq)
		}
	}
	return texts
}

// lowerEscapes are percent escapes with small letters, as .NET and others write them.
func lowerEscapes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			b.WriteString(strings.ToLower(text[i : i+3]))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func seqs(e envelope) []string {
	before := e.operator + e.data + e.timeStamp
	return []string{before + strings.TrimLeft(e.seq, "0"), before + fmt.Sprintf("%04s", e.seq), before + "0001"}
}

// cipherMistake explains Data that does not decrypt to a JSON object.
func (c *patient) cipherMistake() charge.Note {
	sealed, err := base64.StdEncoding.DecodeString(unbroken(c.envelope.data))
	_, hexErr := hex.DecodeString(unbroken(c.envelope.data)) // hex digits are letters of base64 as well
	if err != nil || hexErr == nil {
		return c.encodingMistake()
	}
	key, iv := c.keys[keyData].Reveal(), c.keys[keyIV].Reveal()
	switch {
	case len(key) != 16 || len(iv) != 16:
		return charge.Say("likely.key_lengths", charge.Text("key", keyData), charge.Count("key_length", len(key)),
			charge.Text("iv", keyIV), charge.Count("iv_length", len(iv)))
	case len(sealed)%aes.BlockSize != 0 || len(sealed) == 0:
		return charge.Say("likely.data_cut", charge.Count("bytes", len(sealed)))
	}
	operatorSecret := c.keys[keyOperatorSecret].Reveal()
	for _, try := range []struct {
		likely  charge.Note
		key, iv string
	}{
		{charge.Say("likely.key_iv_swapped"), iv, key},
		{charge.Say("likely.key_as_iv"), key, key},
		{charge.Say("likely.iv_as_key"), iv, iv},
		{charge.Say("likely.operator_secret"), operatorSecret[:min(16, len(operatorSecret))],
			iv},
		{charge.Say("likely.iv_zero_bytes"), key, string(make([]byte, 16))},
		{charge.Say("likely.iv_zero_digits"), key, "0000000000000000"},
	} {
		if plain, err := seal.DecryptCBC(try.key, try.iv, string(sealed)); err == nil && isObject(plain) {
			return try.likely
		}
	}
	return c.paddingMistake(key, iv, sealed)
}

// encodingMistake explains Data that is not base64.
func (c *patient) encodingMistake() charge.Note {
	data := unbroken(c.envelope.data)
	switch _, hexErr := hex.DecodeString(data); {
	case strings.HasPrefix(data, "{"):
		return charge.Say("likely.data_plain")
	case hexErr == nil:
		return charge.Say("likely.data_hex")
	case strings.ContainsAny(data, "%"):
		return charge.Say("likely.data_url_coded")
	case strings.ContainsAny(data, "-_"):
		return charge.Say("likely.data_url_alphabet")
	}
	return charge.Say("likely.data_no_base64")
}

// paddingMistake decrypts without regard to padding and looks at what comes out.
func (c *patient) paddingMistake(key, iv string, sealed []byte) charge.Note {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return charge.Note{}
	}
	cbc, ecb := make([]byte, 0, len(sealed)), make([]byte, 0, len(sealed))
	before := []byte(iv)
	for b := range slices.Chunk(sealed, aes.BlockSize) {
		var plain [aes.BlockSize]byte
		block.Decrypt(plain[:], b)
		ecb = append(ecb, plain[:]...)
		for i := range plain {
			plain[i] ^= before[i]
		}
		cbc = append(cbc, plain[:]...)
		before = b
	}
	tail := bytes.TrimRight(cbc, "\x00 ")
	switch {
	case isGBK(cbc):
		return charge.Say("likely.message_gbk")
	case isObject(tail) && len(tail) < len(cbc):
		return charge.Say("likely.padding_zeros")
	case isObject(cbc):
		return charge.Say("likely.padding_none")
	case isObject(bytes.TrimRight(ecb, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")):
		return charge.Say("likely.ecb")
	case printable(cbc[min(len(cbc), aes.BlockSize):]):
		return charge.Say("likely.iv_or_json")
	}
	return charge.Say("likely.data_key")
}

// isGBK reports whether a padded message is an object in GBK and none in UTF-8.
func isGBK(padded []byte) bool {
	n := len(padded)
	if n == 0 || int(padded[n-1]) > aes.BlockSize || int(padded[n-1]) > n {
		return false
	}
	text := padded[:n-int(padded[n-1])]
	decoded, err := simplifiedchinese.GBK.NewDecoder().Bytes(text)
	return err == nil && !utf8.Valid(text) && bytes.HasPrefix(text, []byte("{")) && isObject(decoded)
}

func isObject(text []byte) bool {
	_, err := seal.ReadObject(text)
	return err == nil
}

// printable reports whether a text could be part of a JSON message.
func printable(text []byte) bool {
	odd := bytes.ContainsFunc(bytes.TrimRight(text,
		"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"), func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == '\uFFFD'
	})
	return len(text) > 0 && !odd
}

// fieldMistake explains fields that cannot be read.
func (d *dialect) fieldMistake(fields []seal.Field, now time.Time) charge.Note {
	if escaped := profile.EscapedLot(fields, d.profile.Lot.Field); !escaped.IsZero() {
		return escaped
	}
	if inner, ok := profile.Lookup(fields, "Data"); ok && inner != "" {
		return charge.Say("likely.envelope_twice")
	}
	return d.table.Columns.WrongZone(fields, now)
}

// clockMistake explains a time that is far from ours.
func (c *patient) clockMistake(now time.Time) charge.Note {
	if c.envelope.timeStamp == "" {
		return charge.Note{}
	}
	sent, err := readTimeStamp(c.envelope.timeStamp)
	if err != nil {
		return charge.Cause(err)
	}
	if _, stale := platform.CheckClock(charge.ClockEnforce, sent, now); stale != nil {
		return stale.Why
	}
	return charge.Note{}
}
