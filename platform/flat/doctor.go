package flat

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // a wrong digest to be recognised
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// Diagnose shows what was signed over, and tries the usual mistakes where the signature does not hold.
func (d *dialect) Diagnose(p platform.Push, a platform.Account, now time.Time) platform.Diagnosis {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Diagnosis{Likely: charge.Cause(err)}
	}
	fields := b.Fields
	recipe := d.profile.Seal.Recipe
	found, signed := signOf(fields, recipe)
	g := platform.Diagnosis{Canonical: recipe.Masked(fields), Found: found, Read: d.table.Columns.Lines(fields)}
	keyed := false
	for _, keys := range a.Keys {
		secret := keys[d.key].Reveal()
		if secret == "" {
			continue
		}
		keyed = true
		if _, ok := recipe.VerifyAny(b.Signed(), secret, found); ok {
			g.Signature = platform.Equal
			if g.Likely = profile.EscapedLot(fields, d.profile.Lot.Field); g.Likely.IsZero() {
				g.Likely = d.table.Columns.WrongZone(fields, now)
			}
			return g
		}
	}
	switch {
	case !signed:
		g.Likely = unsigned(fields, recipe.SignField())
	case !keyed:
		g.Likely = charge.Say("push.no_key", charge.Text("key", d.key))
	default:
		g.Signature = platform.Differs
		var theirs string
		if g.Likely, theirs = d.mistake(fields, found, a.Keys); theirs != "" {
			g.Difference = platform.FirstDifference(g.Canonical, theirs)
		}
	}
	return g
}

// unsigned says why a push has no signature: none was sent, or it stands under another name or is no text.
func unsigned(fields []seal.Field, name string) charge.Note {
	for _, f := range fields {
		switch {
		case f.Name == name && f.Kind != seal.String && f.Kind != seal.Null:
			return charge.Say("likely.sign_no_text", charge.Text("field", name))
		case f.Name != name && strings.EqualFold(f.Name, name):
			return charge.Say("likely.sign_elsewhere", charge.Text("found", platform.Clip(f.Name)), charge.Text("field", name))
		}
	}
	return charge.Say("push.unsigned", charge.Text("field", name))
}

// mistake names the first usual mistake that explains the signature found, and the text that was signed over by it,
// secrets masked; no text where it is not another one.
func (d *dialect) mistake(fields []seal.Field, found string, sets []platform.Keys) (likely charge.Note, theirs string) {
	for _, keys := range sets {
		t := trial{recipe: d.profile.Seal.Recipe, fields: fields, secret: keys[d.key].Reveal(), texts: map[string]string{}}
		if t.secret == "" {
			continue
		}
		for _, m := range mistakes {
			if slices.ContainsFunc(m.signs(t), func(s string) bool { return seal.EqualFold(s, found) }) {
				return m.likely, t.texts[strings.ToUpper(found)]
			}
		}
		for _, f := range t.alone(t.counted()) {
			if seal.EqualFold(t.sign(t.without(f.Name)), found) {
				return charge.Say("likely.field_left_out", charge.Text("field", f.Name)), t.texts[strings.ToUpper(found)]
			}
		}
		for name, other := range keys {
			if name != d.key && seal.EqualFold(t.recipe.Sign(fields, other.Reveal()), found) {
				return charge.Say("likely.other_key", charge.Text("key", name), charge.Text("right", d.key)), ""
			}
		}
	}
	return charge.Say("likely.no_mistake"), ""
}

// trial is one push with one secret.
type trial struct {
	recipe seal.Recipe
	fields []seal.Field
	secret string
	texts  map[string]string // what was signed over, secret masked, by the signature in capitals
}

// mistake is one usual mistake, and the signatures it leads to.
type mistake struct {
	likely charge.Note
	signs  func(trial) []string
}

// mistakes in the order in which they are looked for.
var mistakes = []mistake{
	{charge.Say("likely.key_blanks"), func(t trial) []string {
		return []string{t.recipe.Sign(t.fields, strings.TrimSpace(t.secret)), t.recipe.Sign(t.fields, t.secret+"\n"),
			t.recipe.Sign(t.fields, t.secret+" ")}
	}},
	otherRecipe(seal.KVMD5MD5Key),
	otherRecipe(seal.KVMD5Secret),
	otherRecipe(seal.KVMD5Key),
	otherRecipe(seal.KVHMACMD5),
	{charge.Say("likely.sign_base64"), func(t trial) []string {
		sign := t.sign(t.fields)
		raw, _ := hex.DecodeString(sign) // the recipe's result is hex
		return []string{base64.StdEncoding.EncodeToString(raw), base64.StdEncoding.EncodeToString([]byte(sign)),
			base64.StdEncoding.EncodeToString([]byte(strings.ToLower(sign)))}
	}},
	{charge.Say("likely.sign_short"), func(t trial) []string { return []string{t.sign(t.fields)[8:24]} }},
	{charge.Say("likely.sha"), func(t trial) []string {
		text := t.recipe.Canonical(t.fields, t.secret)
		one, two := sha1.Sum([]byte(text)), sha256.Sum256([]byte(text))
		mac := hmac.New(sha256.New, []byte(t.secret))
		mac.Write([]byte(text))
		return []string{hex.EncodeToString(one[:]), hex.EncodeToString(two[:]), hex.EncodeToString(mac.Sum(nil))}
	}},
	{charge.Say("likely.plain_md5"), func(t trial) []string {
		if t.recipe != seal.KVHMACMD5 {
			return nil
		}
		text := t.recipe.Masked(t.fields)
		return []string{seal.MD5Upper(text), seal.MD5Upper(text + t.secret), seal.MD5Upper(t.secret + text),
			seal.MD5Upper(text + "&key=" + t.secret)}
	}},
	{charge.Say("likely.key_case"), func(t trial) []string {
		return []string{t.recipe.Sign(t.fields, strings.ToUpper(t.secret)),
			t.recipe.Sign(t.fields, strings.ToLower(t.secret)),
			seal.MD5Upper(join(t.counted()) + "&key=" + seal.MD5Upper(t.secret))}
	}},
	{charge.Say("likely.secret_join"), func(t trial) []string {
		text := join(t.counted())
		var signs []string
		for _, joint := range []string{"key=", "&key=", "&", "", "&secret=", "&appSecret="} {
			for _, secret := range []string{t.secret, seal.MD5Lower(t.secret), seal.MD5Upper(t.secret)} {
				signs = append(signs, seal.MD5Upper(text+joint+secret))
			}
		}
		return append(signs, seal.MD5Upper(t.secret+text+t.secret), seal.MD5Upper(t.secret+text))
	}},
	{charge.Say("likely.fields_order"), func(t trial) []string {
		folded, back := t.counted(), t.counted()
		slices.SortStableFunc(folded,
			func(a, b seal.Field) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
		slices.Reverse(back)
		return []string{t.signText(join(t.asSent())), t.signText(join(folded)), t.signText(join(back))}
	}},
	{charge.Say("likely.no_joints"), func(t trial) []string {
		var whole, pairs, values strings.Builder
		for _, f := range t.counted() {
			whole.WriteString(f.Name + f.Text)
			pairs.WriteString(f.Name + "=" + f.Text)
			values.WriteString(f.Text)
		}
		var signs []string
		for _, text := range []string{whole.String(), pairs.String(), values.String()} {
			signs = append(signs, t.signText(text), seal.MD5Upper(text+t.secret))
		}
		return signs
	}},
	{charge.Say("likely.names_lower"), func(t trial) []string {
		lower := slices.Clone(t.counted())
		for i := range lower {
			lower[i].Name = strings.ToLower(lower[i].Name)
		}
		return []string{t.signText(join(lower)), t.signText(join(sorted(lower)))}
	}},
	{charge.Say("likely.fields_empty"), func(t trial) []string {
		return []string{
			t.signText(join(sorted(t.keep(func(f seal.Field) bool { return t.counts(f) || blank(f) && f.Kind != seal.Null })))),
			t.signText(join(sorted(t.keep(func(f seal.Field) bool { return t.counts(f) || blank(f) }))))}
	}},
	{charge.Say("likely.fields_full"), func(t trial) []string {
		return []string{t.sign(t.keep(func(f seal.Field) bool { return !blank(f) }))}
	}},
	{charge.Say("likely.values_url_coded"), func(t trial) []string {
		signs := []string{t.signText(url.QueryEscape(join(t.counted())))}
		for _, encode := range []func(string) string{url.QueryEscape, url.PathEscape, percent, keepSlash, lowerPercent} {
			signs = append(signs, t.each(encode)...)
		}
		return signs
	}},
	{charge.Say("likely.values_json"), func(t trial) []string {
		var signs []string
		for _, write := range []func(string) string{escapedHTML, func(s string) string { return escaped(s, false) },
			func(s string) string { return escaped(s, true) },
			func(s string) string { return strings.ReplaceAll(s, "/", `\/`) }} {
			signs = append(signs, t.each(write)...)
		}
		return signs
	}},
	{charge.Say("likely.seconds"), func(t trial) []string {
		return append(t.each(toSeconds), t.each(toMillis)...)
	}},
	{charge.Say("likely.time_zone_shanghai"), func(t trial) []string {
		return slices.Concat(t.each(zone(0)), t.each(zone(1)), t.each(written(zone(0))), t.each(written(zone(1))))
	}},
	{charge.Say("likely.names_case"), func(t trial) []string {
		text := join(t.counted())
		return append(append([]string{t.signText(strings.ToLower(text)), t.signText(strings.ToUpper(text))},
			t.each(strings.ToLower)...), t.each(strings.ToUpper)...)
	}},
	{charge.Say("likely.no_secret"), func(t trial) []string {
		return []string{seal.MD5Upper(join(t.counted()))}
	}},
	{charge.Say("likely.numbers"), func(t trial) []string {
		return []string{t.sign(t.numbers(shortest)), t.sign(t.numbers(func(s string) string { return shortest(s) + ".0" })),
			t.sign(t.numbers(func(s string) string {
				f, _ := strconv.ParseFloat(s, 64)
				return strconv.FormatFloat(f, 'f', 2, 64)
			}))}
	}},
	{charge.Say("likely.field_too_many"), func(t trial) []string {
		name := t.recipe.SignField()
		return []string{t.signText(join(sorted(t.keep(func(f seal.Field) bool { return f.Name != name && f.Text != "" }))))}
	}},
	{charge.Say("likely.text_gbk"), func(t trial) []string {
		gbk, err := simplifiedchinese.GBK.NewEncoder().String(join(t.counted()))
		if err != nil {
			return nil
		}
		return []string{t.signText(gbk)}
	}},
}

func otherRecipe(r seal.Recipe) mistake {
	return mistake{charge.Say("likely.recipe", charge.Text("recipe", string(r))), func(t trial) []string {
		// The signature may stand in this recipe's field and was then signed over neither.
		return []string{r.Sign(t.without(t.recipe.SignField()), t.secret)}
	}}
}

// counted are the fields that the recipe signs, sorted.
func (t trial) counted() []seal.Field { return sorted(t.asSent()) }

// asSent are the fields that the recipe signs, as they were sent.
func (t trial) asSent() []seal.Field { return t.keep(t.counts) }

// counts reports whether the recipe signs a field.
func (t trial) counts(f seal.Field) bool {
	return strings.HasPrefix(t.recipe.Masked([]seal.Field{f}), f.Name+"=")
}

func blank(f seal.Field) bool { return strings.TrimSpace(f.Text) == "" }

// keep returns the fields for which ok holds, but never the signature.
func (t trial) keep(ok func(seal.Field) bool) []seal.Field {
	var kept []seal.Field
	for _, f := range t.fields {
		if f.Name != t.recipe.SignField() && ok(f) {
			kept = append(kept, f)
		}
	}
	return kept
}

func (t trial) without(name string) []seal.Field {
	return slices.DeleteFunc(slices.Clone(t.fields), func(f seal.Field) bool { return f.Name == name })
}

// with changes the text of every field.
func (t trial) with(change func(string) string) []seal.Field {
	fields := slices.Clone(t.fields)
	for i := range fields {
		fields[i].Text = change(fields[i].Text)
	}
	return fields
}

// mostAlone bounds the fields of a push of which each may be wrong alone, or work would grow with their square; the
// longest push that is known has 24.
const mostAlone = 40

// alone are the fields, or none where there are too many to look for one that is wrong.
func (trial) alone(fields []seal.Field) []seal.Field {
	if len(fields) > mostAlone {
		return nil
	}
	return fields
}

// each returns the signatures with the texts of all fields changed, and of one at a time.
func (t trial) each(change func(string) string) []string {
	signs := []string{t.sign(t.with(change))}
	for i, f := range t.alone(t.fields) {
		if text := change(f.Text); text != f.Text {
			fields := slices.Clone(t.fields)
			fields[i].Text = text
			signs = append(signs, t.sign(fields))
		}
	}
	return signs
}

// percent writes a blank as %20, keepSlash leaves slashes as well, lowerPercent writes its hex in small letters.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func keepSlash(s string) string { return strings.ReplaceAll(percent(s), "%2F", "/") }

func lowerPercent(s string) string {
	parts := strings.Split(percent(s), "%")
	for i := 1; i < len(parts); i++ {
		parts[i] = strings.ToLower(parts[i][:2]) + parts[i][2:]
	}
	return strings.Join(parts, "%")
}

// zone changes a moment's text to the one of another zone: 0 as if it had been UTC, 1 the other way round.
func zone(which int) func(string) string {
	return func(s string) string {
		if texts := profile.OtherZone(s); texts != nil {
			return texts[which]
		}
		return s
	}
}

// written keeps a change to moments that are written out: where a number stands beside them it is of no zone.
func written(change func(string) string) func(string) string {
	return func(s string) string {
		if strings.Contains(s, ":") {
			return change(s)
		}
		return s
	}
}

// numbers changes the text of every field that is a number.
func (t trial) numbers(change func(string) string) []seal.Field {
	fields := slices.Clone(t.fields)
	for i := range fields {
		if fields[i].Kind == seal.Number {
			fields[i].Text = change(fields[i].Text)
		}
	}
	return fields
}

// sign signs other fields by the recipe.
func (t trial) sign(fields []seal.Field) string {
	return t.over(t.recipe.Masked(fields), t.recipe.Sign(fields, t.secret))
}

// signText signs another text before the secret by the recipe.
func (t trial) signText(text string) string {
	masked := text + t.recipe.Masked(nil)
	if t.recipe == seal.KVHMACMD5 {
		return t.over(masked, seal.HMACMD5Lower(t.secret, text))
	}
	return t.over(masked, seal.MD5Upper(text+t.recipe.Canonical(nil, t.secret)))
}

// over remembers what a signature was made over.
func (t trial) over(masked, sign string) string {
	t.texts[strings.ToUpper(sign)] = masked
	return sign
}

func sorted(fields []seal.Field) []seal.Field {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(a, b seal.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

func join(fields []seal.Field) string {
	pairs := make([]string, len(fields))
	for i, f := range fields {
		pairs[i] = f.Name + "=" + f.Text
	}
	return strings.Join(pairs, "&")
}

// escapedHTML writes a text as a JSON printer that minds HTML does, without its quotes.
func escapedHTML(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

// escaped writes a text in ASCII, with its characters of markup escaped too where asked.
func escaped(s string, markup bool) string {
	q := strconv.QuoteToASCII(s)
	q = q[1 : len(q)-1]
	if markup {
		q = strings.ReplaceAll(q, "&", `\u0026`)
	}
	return q
}

// Lengths of a moment of this century in digits.
const (
	secondsDigits = 10
	millisDigits  = 13
)

func toSeconds(s string) string {
	if len(s) == millisDigits && strings.Trim(s, "0123456789") == "" {
		return s[:secondsDigits]
	}
	return s
}

func toMillis(s string) string {
	if len(s) == secondsDigits && strings.Trim(s, "0123456789") == "" {
		return s + "000"
	}
	return s
}

// shortest takes the zeros off behind a decimal point.
func shortest(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
