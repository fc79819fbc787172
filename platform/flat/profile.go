package flat

import (
	"embed"
	"io"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// Family is what profiles of this family say in "family".
const Family = "flat"

//go:embed profiles/*.toml
var profiles embed.FS

// Profile is one platform of the family.
type Profile struct {
	profile.Head
	Seal Seal `toml:"seal"`
}

// Seal is how a push is signed and by whose key.
type Seal struct {
	Recipe      seal.Recipe     `toml:"recipe"`
	Issuer      platform.Issuer `toml:"issuer"`       // whose key: the account's, the vendor's ukey, the lot's ckey
	Key         string          `toml:"key"`          // its name in an account
	Label       string          `toml:"label"`        // what the platform's paper calls it
	Operator    string          `toml:"operator"`     // field that names the operator; empty for none
	OperatorKey string          `toml:"operator_key"` // the account's key that it must equal
	// signed field that repeats the park, where the lot field is not signed
	Confirm string `toml:"confirm"`
}

// Builtin returns the family's built-in platforms: one a file of profiles/.
func Builtin() []platform.Dialect { return profile.Builtin(profiles, load) }

// Load reads an operator's own profile. name is the file's, for errors: each names file, line and key. The
// profile must say everything a push needs to be checked and measured; it can switch no check off.
func Load(r io.Reader, name string) (platform.Dialect, error) {
	return load(r, name, true)
}

func load(r io.Reader, name string, own bool) (platform.Dialect, error) {
	var p Profile
	f, err := profile.Read(r, name, &p)
	if err != nil {
		return nil, err
	}
	if err := p.Check(f, Family, own); err != nil {
		return nil, err
	}
	if err := p.checkSeal(f); err != nil {
		return nil, err
	}
	return newDialect(p, own), nil
}

func (p *Profile) checkSeal(f *profile.File) error {
	if err := profile.OneOf(f, "seal.recipe", p.Seal.Recipe, seal.Recipes); err != nil {
		return err
	}
	issuers := []platform.Issuer{platform.IssuerAccount, platform.IssuerVendor, platform.IssuerLot}
	if err := profile.OneOf(f, "seal.issuer", p.Seal.Issuer, issuers); err != nil {
		return err
	}
	switch fixed := issuerKey(p.Seal.Issuer); {
	case fixed == "" && p.Seal.Key == "":
		return f.Errorf("seal.key", "is missing: what is the key called in an account?")
	case fixed != "" && p.Seal.Key != "":
		return f.Errorf("seal.key", "the %s's key is its %s; an account holds none", p.Seal.Issuer, fixed)
	case (p.Seal.Operator == "") != (p.Seal.OperatorKey == ""):
		return f.Errorf("seal.operator", "and seal.operator_key go together")
	case p.Seal.Operator != "" && p.Seal.Issuer != platform.IssuerAccount:
		return f.Errorf("seal.operator", "only accounts that hold keys have one")
	case p.Seal.OperatorKey != "" && p.Seal.OperatorKey == p.Seal.Key:
		return f.Errorf("seal.operator_key", "is the secret key")
	}
	return p.checkCovered(f)
}

// checkCovered refuses to read anything that the recipe leaves out of what is signed.
func (p *Profile) checkCovered(f *profile.File) error {
	covered := p.Lot.Field
	key := "lot.field"
	if p.Seal.Confirm != "" {
		covered, key = p.Seal.Confirm, "seal.confirm"
		if covers(p.Seal.Recipe, p.Lot.Field) {
			return f.Errorf(key, "%s is signed already", p.Lot.Field)
		}
	}
	if !covers(p.Seal.Recipe, covered) {
		return f.Errorf(key, "recipe %s does not sign %s: name in seal.confirm a signed field that repeats the park",
			p.Seal.Recipe, covered)
	}
	for role, column := range p.Fields {
		i := slices.IndexFunc(column.Names, func(name string) bool { return !covers(p.Seal.Recipe, name) })
		if i >= 0 {
			return f.Errorf("fields."+string(role)+".names", "recipe %s does not sign %s", p.Seal.Recipe, column.Names[i])
		}
	}
	return nil
}

// covers reports whether a recipe signs a field of this name.
func covers(r seal.Recipe, name string) bool {
	return strings.HasPrefix(r.Masked([]seal.Field{{Name: name, Text: "1", Kind: seal.String}}), name+"=1")
}

// issuerKey is the fixed name of a vendor's or lot's key; empty where the account names its own.
func issuerKey(i platform.Issuer) string {
	switch i {
	case platform.IssuerVendor:
		return "ukey"
	case platform.IssuerLot:
		return "ckey"
	}
	return ""
}

// info describes the platform.
func (p *Profile) info(own bool) platform.Info {
	info := p.Info(own)
	info.Recipe = string(p.Seal.Recipe)
	info.Issuer = p.Seal.Issuer
	if p.Seal.Operator != "" {
		info.Operator = p.Seal.OperatorKey
		info.Keys = append(info.Keys, platform.KeyInfo{Name: p.Seal.OperatorKey, Label: p.Seal.Operator})
		info.Fields = append(info.Fields,
			platform.FieldInfo{Name: p.Seal.Operator, Meaning: "operator, must equal the account's " + p.Seal.OperatorKey,
				Chinese: "运营商标识，须与账号的 " + p.Seal.OperatorKey + " 一致", Required: true, Mark: p.Lot.Mark})
	}
	if p.Seal.Issuer == platform.IssuerAccount {
		info.Keys = append(info.Keys, platform.KeyInfo{Name: p.Seal.Key, Label: p.Seal.Label, Secret: true})
	}
	if p.Seal.Confirm != "" {
		info.Fields = append(info.Fields,
			platform.FieldInfo{Name: p.Seal.Confirm, Meaning: "the park again; signed, where " + p.Lot.Field + " is not",
				Chinese: "车场编号（参与签名，须与 " + p.Lot.Field + " 一致）", Required: true, Mark: p.Lot.Mark})
	}
	info.Fields = append(info.Fields,
		platform.FieldInfo{Name: p.Seal.Recipe.SignField(), Meaning: "signature, recipe " + string(p.Seal.Recipe),
			Chinese: "签名，算法 " + string(p.Seal.Recipe), Required: true})
	return info
}
