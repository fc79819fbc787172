package coupon

import (
	"crypto"
	"crypto/md5" //nolint:gosec // the targets' own choice
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/seal"
)

// Recipe is a way of signing a request: those of package seal, and those that only targets were seen to use.
type Recipe string

// Recipes of targets. In all of them the fields are sorted by name, written name=value, and the sign itself is left
// out.
const (
	// KVMD5AppSecret joins with '&', leaves empty values out, ends in "&app_secret=" + secret; MD5, upper hex (4P云).
	KVMD5AppSecret Recipe = "kv-md5-app-secret"
	// KVMD5End joins with '&', leaves empty values out, ends in the bare secret; MD5, upper hex (停简单).
	KVMD5End Recipe = "kv-md5-end"
	// BarsMD5 ends each name=value with '|', first the fields beside "data", then those in it, then the secret; empty
	// values left out; MD5, lower hex (七彩云).
	BarsMD5 Recipe = "bars-md5"
	// KVMD5RSA joins with '&', an object as its JSON; MD5withRSA (PKCS #1 v1.5) under a PKCS #8 key in Base64; Base64
	// (捷顺).
	KVMD5RSA Recipe = "kv-md5-rsa"
)

var recipes = []Recipe{
	Recipe(seal.KVMD5MD5Key), Recipe(seal.KVMD5Secret), Recipe(seal.KVMD5Key), Recipe(seal.KVHMACMD5),
	KVMD5AppSecret, KVMD5End, BarsMD5, KVMD5RSA,
}

// sign signs members with a key.
func (r Recipe) sign(members []*member, secret string) (string, error) {
	if secret == "" {
		return "", errNoKey
	}
	switch r {
	case KVMD5AppSecret:
		return seal.MD5Upper(joined(fields(members), "&", "") + "&app_secret=" + secret), nil
	case KVMD5End:
		return seal.MD5Upper(joined(fields(members), "&", "") + secret), nil
	case BarsMD5:
		var beside, within []*member
		for _, m := range members {
			if m.name == "data" && m.holds != nil {
				within = append(within, m.holds...)
			} else {
				beside = append(beside, m)
			}
		}
		return seal.MD5Lower(joined(fields(beside), "", "|") + joined(fields(within), "", "|") + secret), nil
	case KVMD5RSA:
		return signRSA(joined(fields(members), "&", ""), secret)
	}
	return seal.Recipe(r).Sign(fields(members), secret), nil
}

var errNoKey = charge.NewFault(charge.Say("coupon.no_key"), "the lot has no key to sign with")

// joined writes the fields that say something, sorted by name.
func joined(list []seal.Field, between, behind string) string {
	list = slices.DeleteFunc(list, func(f seal.Field) bool { return f.Text == "" })
	slices.SortFunc(list, func(a, b seal.Field) int { return strings.Compare(a.Name, b.Name) })
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = f.Name + "=" + f.Text + behind
	}
	return strings.Join(parts, between)
}

var errRSA = charge.NewFault(charge.Say("coupon.bad_key"),
	"the private key is no RSA key in PKCS #8, written in Base64")

func signRSA(text, key string) (string, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(key), ""))
	if err != nil {
		return "", errRSA
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	private, is := parsed.(*rsa.PrivateKey)
	if err != nil || !is {
		return "", errRSA
	}
	digest := md5.Sum([]byte(text)) //nolint:gosec // the target's own choice
	sign, err := rsa.SignPKCS1v15(nil, private, crypto.MD5, digest[:])
	if err != nil {
		return "", errRSA
	}
	return base64.StdEncoding.EncodeToString(sign), nil
}
