package seal

import (
	"slices"
	"strings"
)

// Recipe is a way of signing the fields of an object: sort the names by byte order, write name=value with the
// values raw, join with '&', add the secret, digest. The list is closed; each recipe is one that a platform was
// seen to use.
type Recipe string

// Recipes, R1 to R5 for short in tests and fixtures. In all of them the sign itself is left out, and numbers, bools and
// composites count by their text.
const (
	// KVMD5MD5Key is R1: blank values skipped, "&key=" + lower-hex MD5 of the secret, MD5 in upper hex, in the
	// field "sign" (小桔).
	KVMD5MD5Key Recipe = "kv-md5-md5key"
	// KVMD5Secret is R2: empty values and composites skipped, "appId" left out, "&" + secret, MD5 in upper
	// hex, in the field "key" (小伟, KeyTop).
	KVMD5Secret Recipe = "kv-md5-secret"
	// KVMD5Key is R3: empty values kept, null counting as empty, "&key=" + secret, MD5 in upper hex, in the
	// field "sign" (云快充's family).
	KVMD5Key Recipe = "kv-md5-key"
	// KVHMACMD5 is R4: null skipped, empty values kept, HMAC-MD5 under the secret in lower hex, in the field
	// "sign" (智充).
	KVHMACMD5 Recipe = "kv-hmac-md5"
	// ListedMD5Key is R5: four listed fields alone, whatever else is sent; the reduction, an object, is written
	// {"type":"…","value":"…"}; "&key=" + secret, MD5 in upper hex, in the field "sign" (蔚来).
	ListedMD5Key Recipe = "listed-md5-key"
)

// deducted is the field of ListedMD5Key that holds an object.
const deducted = "deduct_content"

// listed are the fields that ListedMD5Key signs.
var listed = []string{deducted, "resource_id", "start_charge_seq", "vehicle_plate_number"}

// Recipes lists them all.
var Recipes = []Recipe{KVMD5MD5Key, KVMD5Secret, KVMD5Key, KVHMACMD5, ListedMD5Key}

// Known reports whether r is in the closed list.
func (r Recipe) Known() bool { return slices.Contains(Recipes, r) }

// SignField is the name of the field that holds the signature.
func (r Recipe) SignField() string {
	if r == KVMD5Secret {
		return "key"
	}
	return "sign"
}

// Canonical is the text that is digested. With every recipe but R4 the secret is the end of it, so it is itself a
// secret; Masked is for people.
func (r Recipe) Canonical(fields []Field, secret string) string {
	switch r {
	case KVMD5MD5Key:
		return r.join(fields, "&key="+MD5Lower(secret))
	case KVMD5Secret:
		return r.join(fields, "&"+secret)
	case KVMD5Key, ListedMD5Key:
		return r.join(fields, "&key="+secret)
	default:
		return r.join(fields, "")
	}
}

// Masked is Canonical with the secret's place shown and the secret not.
func (r Recipe) Masked(fields []Field) string {
	switch r {
	case KVMD5MD5Key:
		return r.join(fields, "&key=<md5 of the secret>")
	case KVMD5Secret:
		return r.join(fields, "&<secret>")
	case KVMD5Key, ListedMD5Key:
		return r.join(fields, "&key=<secret>")
	default:
		return r.join(fields, "")
	}
}

// Sign is the signature of the fields in hex, in the recipe's case. An unknown recipe signs nothing and returns
// an empty text, which Verify refuses.
func (r Recipe) Sign(fields []Field, secret string) string {
	switch {
	case r == KVHMACMD5:
		return HMACMD5Lower(secret, r.Canonical(fields, secret))
	case r.Known():
		return MD5Upper(r.Canonical(fields, secret))
	}
	return ""
}

// Verify compares a signature in constant time, in either case of hex. Without a secret nothing verifies.
func (r Recipe) Verify(fields []Field, secret, sign string) bool {
	return secret != "" && sign != "" && EqualFold(r.Sign(fields, secret), sign)
}

// Variant is how some senders depart from a recipe.
type Variant string

// Variants.
const (
	EmptySigned     Variant = "empty"     // empty values were signed
	AmpersandSigned Variant = "ampersand" // '&' stands at the end
)

// VerifyAny is Verify, and takes the variants that real senders were seen to use as well. how names the variant that
// held; it is empty for the recipe as it is printed.
func (r Recipe) VerifyAny(fields []Field, secret, sign string) (how Variant, ok bool) {
	if r.Verify(fields, secret, sign) {
		return "", true
	}
	if secret == "" || sign == "" {
		return "", false
	}
	switch r {
	case KVMD5Secret:
		// A sender in public code signs empty values too; the paper leaves them out.
		text := join(fields, func(f Field) bool { return f.Name == "key" || f.Name == "appId" || f.Kind == Composite },
			"&"+secret)
		if EqualFold(MD5Upper(text), sign) {
			return EmptySigned, true
		}
	case KVHMACMD5:
		// The platform's own code ends in '&' where a null was sorted last.
		if EqualFold(HMACMD5Lower(secret, r.Canonical(fields, "")+"&"), sign) {
			return AmpersandSigned, true
		}
	}
	return "", false
}

// skips reports whether a field stays out of the text.
func (r Recipe) skips(f Field) bool {
	switch r {
	case KVMD5MD5Key:
		return f.Name == "sign" || strings.TrimSpace(f.Text) == ""
	case KVMD5Secret:
		return f.Name == "key" || f.Name == "appId" || f.Text == "" || f.Kind == Composite
	case KVMD5Key:
		return f.Name == "sign"
	case ListedMD5Key:
		return !slices.Contains(listed, f.Name)
	default:
		return f.Name == "sign" || f.Kind == Null
	}
}

func (r Recipe) join(fields []Field, tail string) string {
	if r == ListedMD5Key {
		fields = slices.Clone(fields)
		for i := range fields {
			if fields[i].Name == deducted && fields[i].Kind == Composite {
				fields[i].Text = deduction(fields[i].Text)
			}
		}
	}
	return join(fields, r.skips, tail)
}

// join writes the fields that count, sorted, and tail behind them. It never looks into a value: "&&" stands in
// many.
func join(fields []Field, skips func(Field) bool, tail string) string {
	var room [32]Field
	counted, size := room[:0], len(tail)
	for _, f := range fields {
		if !skips(f) {
			counted = append(counted, f)
			size += len(f.Name) + len(f.Text) + 2
		}
	}
	slices.SortFunc(counted, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	b.Grow(size)
	for i, f := range counted {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(f.Name)
		b.WriteByte('=')
		b.WriteString(f.Text)
	}
	b.WriteString(tail)
	return b.String()
}

// deduction is the object of a reduction as ListedMD5Key signs it. What is no object stays as it is.
func deduction(text string) string {
	members, err := ReadObject([]byte(text))
	if err != nil {
		return text
	}
	value := map[string]string{}
	for _, m := range members {
		value[m.Name] = m.Text
	}
	return `{"type":"` + value["type"] + `","value":"` + value["value"] + `"}`
}
