package plain

import (
	"embed"
	"io"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// Family is what profiles of this family say in "family".
const Family = "plain"

//go:embed profiles/*.toml
var profiles embed.FS

// Profile is one platform of the family.
type Profile struct {
	profile.Head
	Operator Operator `toml:"operator"`
}

// Operator is how a push names its operator; empty where the platform sends no such number.
type Operator struct {
	Field   string `toml:"field"`
	Key     string `toml:"key"`     // its name in an account
	Default string `toml:"default"` // taken where an account names none
	Mark    string `toml:"mark"`
}

// Builtin returns the family's built-in platforms: one a file of profiles/.
func Builtin() []platform.Dialect { return profile.Builtin(profiles, load) }

// Load reads an operator's own profile. name is the file's, for errors: each names file, line and key. Every
// platform of this family needs a lock, whatever its profile says.
func Load(r io.Reader, name string) (platform.Dialect, error) {
	return load(r, name, true)
}

func load(r io.Reader, name string, own bool) (platform.Dialect, error) {
	var p Profile
	f, err := profile.Read(r, name, &p)
	if err != nil {
		return nil, err
	}
	if len(p.Paths.Inquiry) > 0 {
		return nil, f.Errorf("paths.inquiry", "an unsigned platform is not told which cars are inside")
	}
	if err := p.Check(f, Family, own); err != nil {
		return nil, err
	}
	if err := p.checkOperator(f); err != nil {
		return nil, err
	}
	if _, ok := p.Fields[profile.RoleSent]; ok {
		return nil, f.Errorf("fields.sent", "an unsigned time proves nothing and is not checked")
	}
	return &dialect{profile: p, info: p.info(own), table: p.Table(p.Lot.Field, p.Operator.Field)}, nil
}

// checkOperator wants the operator's number where the lot's key is one that everybody may know. A station is the
// platform's own number and finds one account's binding.
func (p *Profile) checkOperator(f *profile.File) error {
	switch {
	case p.Operator == (Operator{}) && p.Lot.From == profile.FromStation:
	case p.Operator.Field == "":
		return f.Errorf("operator.field", "is missing: which field names the operator?")
	case p.Operator.Key == "":
		return f.Errorf("operator.key", "is missing: what is the operator's number called in an account?")
	}
	return nil
}

func (p *Profile) info(own bool) platform.Info {
	info := p.Info(own)
	info.NeedsLock = true
	if p.Operator.Field == "" {
		return info
	}
	info.Operator, info.OperatorPrefix = p.Operator.Key, organisationCode
	info.Keys = []platform.KeyInfo{{Name: p.Operator.Key, Label: p.Operator.Field, Default: p.Operator.Default,
		Optional: p.Operator.Default != ""}}
	info.Fields = append([]platform.FieldInfo{{Name: p.Operator.Field,
		Meaning: "operator; its first nine characters must be the account's",
		Chinese: "运营商标识，前九位须与账号一致", Required: true, Mark: p.Operator.Mark}}, info.Fields...)
	return info
}
