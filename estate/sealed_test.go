package estate_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/estate"
)

// Write access to the database opens no more keys: a secret opens only where it was sealed, and one that
// was not sealed is refused.
func TestSecretsAreBoundToTheirPlaces(t *testing.T) {
	sealed := regexp.MustCompile(`\{"[^"]*":"[^"]*"\}`)
	for name, tamper := range map[string]func(kept map[string][]byte){
		"plain text": func(kept map[string][]byte) {
			kept["lot/1/1"] = sealed.ReplaceAll(kept["lot/1/1"], []byte(`"a key of mine"`))
		},
		"a vendor's plain key": func(kept map[string][]byte) {
			kept["vendor/1"] = sealed.ReplaceAll(kept["vendor/1"], []byte(`"a key of mine"`))
		},
		"a platform's plain key": func(kept map[string][]byte) {
			kept["account/a"] = sealed.ReplaceAll(kept["account/a"], []byte(`"a key of mine"`))
		},
		"another row's": func(kept map[string][]byte) {
			other := sealed.Find(kept["lot/1/2"])
			kept["lot/1/1"] = sealed.ReplaceAll(kept["lot/1/1"], other)
		},
		"another column's": func(kept map[string][]byte) {
			other := sealed.Find(kept["account/a"])
			kept["account/a"] = []byte(strings.Replace(string(kept["account/a"]), `"keys":`,
				`"path_token":`+string(other)+`,"keys":`, 1))
		},
	} {
		d := &docs{}
		_, err := estate.NewBook(catalog(), d, sealer("k")).Apply(t.Context(), parse(t, `
version: 1
vendors: [{union_id: "1", ukey: "hush-of-the-vendor"}]
lots:
  - {lot: "1/1", kind: sdk, ckey: "hush-of-lot-one"}
  - {lot: "1/2", kind: sdk, ckey: "hush-of-lot-two"}
accounts:
  - {account: a, platform: xiaoju, scope: "1", keys: {sign_key: "hush-of-account-a"}}
`), "li", false)
		if err != nil {
			t.Fatal(err)
		}
		tamper(d.kept)
		err = estate.NewBook(catalog(), d, sealer("k")).Load(t.Context())
		if err == nil {
			t.Errorf("%s in a secret's place was taken", name)
		} else if strings.Contains(err.Error(), "of mine") {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
	}
}
