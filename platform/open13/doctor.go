package open13

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// masked stands for the key where a text is shown that was signed over.
const masked = "key=<ckey>"

// Diagnose shows what was signed over, and tries the usual mistakes where the signature does not hold.
func (d *dialect) Diagnose(p platform.Push, a platform.Account, now time.Time) platform.Diagnosis {
	e, err := open(p)
	if err != nil {
		return platform.Diagnosis{Likely: wrapped(p.Body, err)}
	}
	g := platform.Diagnosis{Canonical: string(e.data) + masked, Found: e.sign, Read: d.table.Columns.Lines(e.fields)}
	if set, err := e.unseal(a.Keys); err == nil {
		g.Signature = platform.Equal
		if compact, err := seal.CompactJSON(e.data); err == nil && seal.S1(e.data, a.Keys[set][key]) != e.sign {
			g.Canonical = string(compact) + masked
		}
		if g.Likely = profile.EscapedLot(e.fields, stationField); g.Likely == "" {
			g.Likely = d.table.Columns.WrongZone(e.fields, now)
		}
		return g
	}
	keyed := slices.ContainsFunc(a.Keys, func(k platform.Keys) bool { return k[key] != "" })
	switch {
	case e.sign == "":
		g.Likely = "the push has no sign: it was not signed"
	case !keyed:
		g.Likely = "the lot has no ckey"
	default:
		g.Signature = platform.Differs
		var theirs string
		if g.Likely, theirs = mistake(*e, p.Body, a.Keys); theirs != "" {
			g.Difference = platform.FirstDifference(g.Canonical, theirs+masked)
		}
	}
	return g
}

// wrapped says what stands where Base64 should.
func wrapped(body []byte, err error) string {
	text := bytes.TrimSpace(body)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return "the body is JSON; Base64 of it is wanted"
	case bytes.Contains(text, []byte("%")):
		return "the body is URL-encoded; bare Base64 is wanted"
	case bytes.ContainsAny(text, "-_"):
		return "the body is Base64 of the kind for URLs; the standard kind with + and / is wanted"
	case len(text)%4 != 0:
		return "the body is Base64 without its padding, or cut off"
	}
	return err.Error()
}

// mistake names the first usual mistake that explains the signature found, and the text before the key that was signed
// over by it; no text where it is not another one.
func mistake(e envelope, body []byte, sets []platform.Keys) (likely, theirs string) {
	for _, keys := range sets {
		secret := keys[key].Reveal()
		if secret == "" {
			continue
		}
		texts := map[string]string{}
		if likely := explained(e, secret, texts); likely != "" {
			return likely, texts[e.sign]
		}
	}
	if _, err := url.QueryUnescape(string(body)); err == nil && bytes.ContainsRune(body, ' ') {
		return "the body holds blanks: a + of Base64 may have become one on its way, and the text is another", ""
	}
	return "no usual mistake in the text explains the signature: the key is another one (the vendor's ukey in place of the lot's ckey?), or the push was changed on its way", ""
}

// explained names the mistake, and leaves in texts what was signed over, by the signature.
func explained(e envelope, secret string, texts map[string]string) string {
	data := string(e.data)
	compact := data
	if c, err := seal.CompactJSON(e.data); err == nil {
		compact = string(c)
	}
	is := func(signs ...string) bool { return slices.Contains(signs, e.sign) }
	s1 := func(text string) string {
		sign := seal.S1(text, secret)
		texts[sign] = text
		return sign
	}
	switch {
	case is(strings.ToLower(s1(data)), strings.ToLower(s1(compact))):
		return "the sign is in lower-case hex; the interface compares upper-case"
	case is(seal.S1(data, strings.TrimSpace(secret)), seal.S1(compact, strings.TrimSpace(secret)),
		seal.S1(data, secret+"\n")):
		return "the key was used with blanks around it, or the lot holds blanks around it"
	case is(seal.S1(data, strings.ToLower(secret)), seal.S1(data, strings.ToUpper(secret))):
		return "the key was in the other case"
	case is(seal.MD5Upper(data+"&key="+secret), seal.MD5Upper(data+secret), seal.MD5Upper(data+"&"+secret),
		seal.MD5Upper(secret+data)):
		return `the secret was joined in another way; "key=" without & stands before it`
	case is(s1(object(sorted(e.fields), `,`, `:`))):
		return "the members of data were sorted for signing, and sent in another order"
	case is(s1(object(e.fields, `, `, `: `)), s1(object(sorted(e.fields), `, `, `: `))):
		return "data was signed with blanks that were not sent"
	case is(s1(strings.ReplaceAll(compact, "&", `\u0026`)), s1(ascii(compact))):
		return `data was signed with characters escaped that were sent bare: && as \u0026\u0026, or Chinese characters`
	case is(s1(strings.ReplaceAll(compact, "/", `\/`))):
		return `data was signed with its slashes escaped as \/, and sent with them bare`
	case is(s1(object(changed(e.fields, toSeconds), `,`, `:`)), s1(object(changed(e.fields, toMillis), `,`, `:`))):
		return "a time was signed in seconds and sent in milliseconds, or the other way round; seconds are wanted"
	case is(s1(object(changed(e.fields, shift(0)), `,`, `:`)), s1(object(changed(e.fields, shift(1)), `,`, `:`))):
		return "a time was signed in another time zone than it was sent in"
	case is(s1(object(filled(e.fields), `,`, `:`)), s1(object(sorted(filled(e.fields)), `,`, `:`))):
		return "empty members were left out for signing, and sent"
	case is(s1(object(changed(e.fields, shortest), `,`, `:`))):
		return "numbers were signed in another form than they were sent in (12.5 for 12.50)"
	case is(s1(strings.ToLower(data)), s1(strings.ToUpper(data))):
		return "the text of data was signed in the other case"
	case is(s1(base64.StdEncoding.EncodeToString(e.data))):
		return "the Base64 of data was signed; its JSON text is"
	case is(s1(`{"data":`+data+`}`), s1(`{"data":`+data+`,"sign":""}`)):
		return "the whole envelope was signed; only the text of data is"
	case is(s1(url.QueryEscape(data)), s1(url.PathEscape(data))):
		return "data was URL-encoded before signing"
	}
	for _, r := range seal.Recipes {
		if seal.EqualFold(r.Sign(e.fields, secret), e.sign) {
			return "signed by sorting name=value (" + string(r) + "); here the JSON text of data is signed"
		}
	}
	if seal.EqualFold(seal.MD5Upper(join(sorted(e.fields))+"key="+secret), e.sign) {
		return "signed by sorting name=value, the scheme of the older interfaces; here the JSON text of data is signed"
	}
	return ""
}

func sorted(fields []seal.Field) []seal.Field {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(a, b seal.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// object prints fields again with other blanks.
func object(fields []seal.Field, comma, colon string) string {
	members := make([]string, len(fields))
	for i, f := range fields {
		text := f.Text
		switch f.Kind {
		case seal.String:
			text = quoted(text)
		case seal.Null:
			text = "null"
		}
		members[i] = quoted(f.Name) + colon + text
	}
	return "{" + strings.Join(members, comma) + "}"
}

// changed are the fields with every number in another form.
func changed(fields []seal.Field, change func(string) string) []seal.Field {
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].Kind == seal.Number {
			fields[i].Text = change(fields[i].Text)
		}
	}
	return fields
}

// filled are the fields that hold something.
func filled(fields []seal.Field) []seal.Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f seal.Field) bool { return f.Text == "" || f.Kind == seal.Null })
}

// Lengths of a moment of this century in digits.
const (
	secondsDigits = 10
	millisDigits  = 13
)

func toSeconds(s string) string {
	if len(s) == millisDigits {
		return s[:secondsDigits]
	}
	return s
}

func toMillis(s string) string {
	if len(s) == secondsDigits {
		return s + "000"
	}
	return s
}

// shift changes a moment to the one that another zone would have made of it.
func shift(which int) func(string) string {
	return func(s string) string {
		if texts := profile.OtherZone(s); len(s) == secondsDigits && texts != nil {
			return texts[which]
		}
		return s
	}
}

// shortest takes the zeros off behind a decimal point.
func shortest(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// ascii escapes what is not ASCII, as many printers of JSON do.
func ascii(text string) string {
	q := strconv.QuoteToASCII(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q[1 : len(q)-1])
}

func join(fields []seal.Field) string {
	var pairs []string
	for _, f := range fields {
		if f.Text != "" {
			pairs = append(pairs, f.Name+"="+f.Text)
		}
	}
	return strings.Join(pairs, "&")
}
