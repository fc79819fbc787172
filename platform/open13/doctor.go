package open13

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Diagnose shows what was signed over, and tries the usual mistakes where the signature does not hold.
func (d *dialect) Diagnose(p platform.Push, a platform.Account, _ time.Time) platform.Diagnosis {
	e, err := open(p.Body)
	if err != nil {
		return platform.Diagnosis{Likely: wrapped(p.Body, err)}
	}
	g := platform.Diagnosis{Canonical: string(e.data) + "key=<ckey>", Found: e.sign, Read: d.table.Columns.Lines(e.fields)}
	if set, err := e.unseal(a.Keys); err == nil {
		g.Expected = seal.S1(e.data, a.Keys[set][key])
		if compact, err := seal.CompactJSON(e.data); err == nil && g.Expected != e.sign {
			g.Canonical, g.Expected = string(compact)+"key=<ckey>", e.sign
		}
		return g
	}
	for _, keys := range a.Keys {
		if secret := keys[key].Reveal(); secret != "" && g.Expected == "" {
			g.Expected = seal.S1(e.data, secret)
		}
	}
	switch {
	case e.sign == "":
		g.Likely = "the push has no sign: it was not signed"
	case g.Expected == "":
		g.Likely = "the lot has no ckey"
	default:
		g.Likely = mistake(e, p.Body, a.Keys)
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

// mistake names the first usual mistake that gives the signature found.
func mistake(e envelope, body []byte, sets []platform.Keys) string {
	for _, keys := range sets {
		secret := keys[key].Reveal()
		if secret == "" {
			continue
		}
		if text := explained(e, secret); text != "" {
			return text
		}
	}
	if _, err := url.QueryUnescape(string(body)); err == nil && bytes.ContainsRune(body, ' ') {
		return "the body holds blanks: a + of Base64 may have become one on its way, and the text is another"
	}
	return "no usual mistake in the text explains the signature: the key is another one (the vendor's ukey in place of the lot's ckey?), or the push was changed on its way"
}

func explained(e envelope, secret string) string {
	data := string(e.data)
	compact := data
	if c, err := seal.CompactJSON(e.data); err == nil {
		compact = string(c)
	}
	is := func(signs ...string) bool { return slices.Contains(signs, e.sign) }
	s1 := func(text string) string { return seal.S1(text, secret) }
	switch {
	case is(strings.ToLower(s1(data)), strings.ToLower(s1(compact))):
		return "the sign is in lower-case hex; the interface compares upper-case"
	case is(seal.S1(data, strings.TrimSpace(secret)), seal.S1(compact, strings.TrimSpace(secret)), seal.S1(data, secret+"\n")):
		return "the key was used with blanks around it, or the lot holds blanks around it"
	case is(seal.S1(data, strings.ToLower(secret)), seal.S1(data, strings.ToUpper(secret))):
		return "the key was in the other case"
	case is(seal.MD5Upper(data+"&key="+secret), seal.MD5Upper(data+secret), seal.MD5Upper(data+"&"+secret), seal.MD5Upper(secret+data)):
		return `the secret was joined in another way; "key=" without & stands before it`
	case is(s1(object(sorted(e.fields), `,`, `:`))):
		return "the members of data were sorted for signing, and sent in another order"
	case is(s1(object(e.fields, `, `, `: `)), s1(object(sorted(e.fields), `, `, `: `))):
		return "data was signed with blanks that were not sent"
	case is(s1(strings.ReplaceAll(compact, "&", `\u0026`)), s1(ascii(compact))):
		return `data was signed with characters escaped that were sent bare: && as \u0026\u0026, or Chinese characters`
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
