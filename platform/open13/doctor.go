package open13

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
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
		if g.Likely = profile.EscapedLot(e.fields, stationField); g.Likely.IsZero() {
			g.Likely = d.table.Columns.WrongZone(e.fields, now)
		}
		return g
	}
	keyed := slices.ContainsFunc(a.Keys, func(k platform.Keys) bool { return k[key] != "" })
	switch {
	case e.sign == "":
		g.Likely = charge.Say("push.unsigned", charge.Text("field", "sign"))
	case !keyed:
		g.Likely = charge.Say("likely.no_ckey")
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
func wrapped(body []byte, err error) charge.Note {
	text := bytes.TrimSpace(body)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return charge.Say("body.json")
	case bytes.Contains(text, []byte("%")):
		return charge.Say("likely.body_url_coded")
	case bytes.ContainsAny(text, "-_"):
		return charge.Say("likely.body_url_alphabet")
	case len(text)%4 != 0:
		return charge.Say("likely.body_padding")
	}
	return charge.Cause(err)
}

// mistake names the first usual mistake that explains the signature found, and the text before the key that was signed
// over by it; no text where it is not another one.
func mistake(e envelope, body []byte, sets []platform.Keys) (likely charge.Note, theirs string) {
	for _, keys := range sets {
		secret := keys[key].Reveal()
		if secret == "" {
			continue
		}
		texts := map[string]string{}
		if likely := explained(e, secret, texts); !likely.IsZero() {
			return likely, texts[e.sign]
		}
	}
	if _, err := url.QueryUnescape(string(body)); err == nil && bytes.ContainsRune(body, ' ') {
		return charge.Say("likely.body_blanks"), ""
	}
	return charge.Say("likely.no_mistake_lot"), ""
}

// explained names the mistake, and leaves in texts what was signed over, by the signature.
func explained(e envelope, secret string, texts map[string]string) charge.Note {
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
		return charge.Say("likely.sign_lower")
	case is(seal.S1(data, strings.TrimSpace(secret)), seal.S1(compact, strings.TrimSpace(secret)),
		seal.S1(data, secret+"\n")):
		return charge.Say("likely.lot_key_blanks")
	case is(seal.S1(data, strings.ToLower(secret)), seal.S1(data, strings.ToUpper(secret))):
		return charge.Say("likely.key_case")
	case is(seal.MD5Upper(data+"&key="+secret), seal.MD5Upper(data+secret), seal.MD5Upper(data+"&"+secret),
		seal.MD5Upper(secret+data)):
		return charge.Say("likely.key_join")
	case is(s1(object(sorted(e.fields), `,`, `:`))):
		return charge.Say("likely.members_sorted")
	case is(s1(object(e.fields, `, `, `: `)), s1(object(sorted(e.fields), `, `, `: `))):
		return charge.Say("likely.members_blanks")
	case is(s1(strings.ReplaceAll(compact, "&", `\u0026`)), s1(ascii(compact))):
		return charge.Say("likely.members_escaped")
	case is(s1(strings.ReplaceAll(compact, "/", `\/`))):
		return charge.Say("likely.members_slashes")
	case is(s1(object(changed(e.fields, toSeconds), `,`, `:`)), s1(object(changed(e.fields, toMillis), `,`, `:`))):
		return charge.Say("likely.seconds_wanted")
	case is(s1(object(changed(e.fields, shift(0)), `,`, `:`)), s1(object(changed(e.fields, shift(1)), `,`, `:`))):
		return charge.Say("likely.time_zone")
	case is(s1(object(filled(e.fields), `,`, `:`)), s1(object(sorted(filled(e.fields)), `,`, `:`))):
		return charge.Say("likely.members_left_out")
	case is(s1(object(changed(e.fields, shortest), `,`, `:`))):
		return charge.Say("likely.members_numbers")
	case is(s1(strings.ToLower(data)), s1(strings.ToUpper(data))):
		return charge.Say("likely.members_case")
	case is(s1(base64.StdEncoding.EncodeToString(e.data))):
		return charge.Say("likely.members_base64")
	case is(s1(`{"data":`+data+`}`), s1(`{"data":`+data+`,"sign":""}`)):
		return charge.Say("likely.whole_envelope")
	case is(s1(url.QueryEscape(data)), s1(url.PathEscape(data))):
		return charge.Say("likely.members_url_coded")
	}
	return otherScheme(e, secret)
}

// otherScheme names the scheme of another interface that the sign is by.
func otherScheme(e envelope, secret string) charge.Note {
	for _, r := range seal.Recipes {
		if seal.EqualFold(r.Sign(e.fields, secret), e.sign) {
			return charge.Say("likely.other_scheme", charge.Text("recipe", string(r)))
		}
	}
	if seal.EqualFold(seal.MD5Upper(join(sorted(e.fields))+"key="+secret), e.sign) {
		return charge.Say("likely.older_scheme")
	}
	return charge.Note{}
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

func quoted(text string) string { return string(seal.PrintJSON(text)) }

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
