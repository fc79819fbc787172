package cec

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// Family is what profiles of this family say in "family".
const Family = "cec"

//go:embed profiles/*.toml
var profiles embed.FS

// Names of an account's keys.
const (
	keyOperator       = "operator_id"
	keyOperatorSecret = "operator_secret"
	keyData           = "data_secret"
	keyIV             = "data_secret_iv"
	keySig            = "sig_secret"
)

// Profile is one platform of the family.
type Profile struct {
	Family string        `toml:"family"`
	ID     string        `toml:"id"`
	About  profile.About `toml:"about"`
	Paths  Paths         `toml:"paths"`
	Lot    LotPart       `toml:"lot"`
	Grants GrantsPart    `toml:"grants"`
	Seal   Seal          `toml:"seal"`
	Asks   Asks          `toml:"asks"`
	Report bool          `toml:"report"` // wants to hear after the exit what was really taken off
	// Labels are what the platform's paper calls keys, where it leaves T/CEC 102's words.
	Labels map[string]string `toml:"labels"`
	// UsageNumber is the platform_id by which lots name the platform in 3.11; a numbering of its own.
	UsageNumber string          `toml:"usage_number"`
	Fields      profile.Columns `toml:"fields"` // where it differs from the family's table
}

// Paths are where the platform calls.
type Paths struct {
	Token  string `toml:"token"` // query_token; none where the cipher is the seal
	Charge string `toml:"charge"`
}

// LotPart says how the lot is found: by a field that names it, or by charger ids that bindings list.
type LotPart struct {
	profile.LotPart
	Chargers []string `toml:"chargers"` // fields that may hold the charger's id, in order
}

// GrantsPart is platform.GrantsPart; PlusMinutes goes with the default charge_time.
type GrantsPart struct {
	profile.GrantsPart
	PlusMinutes int64 `toml:"plus_minutes"`
}

// Seal is how a request is sealed. What a kind leaves out, a lock on the account has to make good.
type Seal string

// Seals.
const (
	// SealSigned is the whole envelope of T/CEC 102 and an access token.
	SealSigned Seal = "signed"
	// SealSignedOrLocked is the same of a platform whose paper names no signature key: an account with none
	// checks the token and needs a lock.
	SealSignedOrLocked Seal = "signed-or-locked"
	// SealCipher is Data alone, without a token; an account without a signature key needs a lock.
	SealCipher Seal = "cipher"
)

var seals = []Seal{SealSigned, SealSignedOrLocked, SealCipher}

// Asks is which reduction a push may name.
type Asks string

// What a push asks for.
const (
	AsksPushed Asks = "pushed" // by CalculationMethod
	AsksTime   Asks = "time"   // FreeParkingTimes, nothing else
	AsksNone   Asks = "none"   // what it names is not heeded; the binding's rule says it
)

var asks = []Asks{AsksPushed, AsksTime, AsksNone}

// Builtin returns the family's built-in platforms: one a file of profiles/.
func Builtin() []platform.Dialect { return profile.Builtin(profiles, load) }

// Load reads an operator's own profile. name is the file's, for errors: each names file, line and key. There is
// no key that switches a check off.
func Load(r io.Reader, name string) (platform.Dialect, error) {
	return load(r, name, true)
}

func load(r io.Reader, name string, own bool) (platform.Dialect, error) {
	var p Profile
	f, err := profile.Read(r, name, &p)
	if err != nil {
		return nil, err
	}
	if err := p.check(f, own); err != nil {
		return nil, err
	}
	d := &dialect{profile: p, info: p.info(own), table: newTable(&p)}
	if p.Report {
		return &reporter{d}, nil
	}
	return d, nil
}

// check refuses what a profile cannot say.
func (p *Profile) check(f *profile.File, own bool) error {
	if err := profile.OneOf(f, "seal", p.Seal, seals); err != nil {
		return err
	}
	if err := profile.OneOf(f, "asks", p.Asks, asks); err != nil {
		return err
	}
	for name := range p.Labels {
		if err := profile.OneOf(f, "labels."+name, name,
			[]string{keyOperator, keyOperatorSecret, keyData, keyIV, keySig}); err != nil {
			return err
		}
	}
	if err := p.checkPaths(f); err != nil {
		return err
	}
	if err := p.checkLot(f); err != nil {
		return err
	}
	h := profile.Head{Family: p.Family, ID: p.ID, About: p.About, Paths: profile.Paths{Charge: p.paths()},
		Lot:    p.Lot.LotPart,
		Grants: p.Grants.GrantsPart, Fields: p.columns()}
	if err := h.CheckParts(f, Family, own); err != nil {
		return err
	}
	p.About, p.Lot.LotPart = h.About, h.Lot
	if p.Grants.PlusMinutes != 0 && p.Grants.Default != string(charge.GrantChargeTime) || p.Grants.PlusMinutes < 0 {
		return f.Errorf("grants.plus_minutes", "goes with the default %s, and is not negative", charge.GrantChargeTime)
	}
	if p.Asks == AsksNone && p.Grants.Default == string(charge.GrantAsPushed) {
		return f.Errorf("grants.default", "%s cannot be where asks is %q: the push names nothing", charge.GrantAsPushed,
			AsksNone)
	}
	return nil
}

func (p *Profile) checkPaths(f *profile.File) error {
	switch {
	case p.Paths.Charge == "":
		return f.Errorf("paths.charge", "is missing")
	case p.Seal == SealCipher && p.Paths.Token != "":
		return f.Errorf("paths.token", "has no use with the seal %q", SealCipher)
	case p.Seal != SealCipher && p.Paths.Token == "":
		return f.Errorf("paths.token", "is missing: with the seal %q the platform asks for a token first", p.Seal)
	}
	return nil
}

func (p *Profile) checkLot(f *profile.File) error {
	byCharger := len(p.Lot.Chargers) > 0
	switch {
	case byCharger == (p.Lot.Field != ""):
		return f.Errorf("lot.field",
			"either it names the field that holds the lot, or lot.chargers those that may hold the charger's id")
	case byCharger && len(p.Lot.Separators) > 0:
		return f.Errorf("lot.separators", "has no use with lot.chargers")
	case len(p.Lot.Chargers) > maxChargers || slices.Contains(p.Lot.Chargers, ""):
		return f.Errorf("lot.chargers", "holds one to %d names", maxChargers)
	}
	return nil
}

func (p *Profile) paths() []string {
	if p.Paths.Token == "" {
		return []string{p.Paths.Charge}
	}
	return []string{p.Paths.Token, p.Paths.Charge}
}

// columns is the family's table with the profile's own columns in it. A profile that names a field anew has to give
// its unit as well: units are never guessed.
func (p *Profile) columns() profile.Columns {
	all := union()
	for role, column := range p.Fields {
		base := all[role]
		if len(column.Names) == 0 {
			column.Names = base.Names
			if column.Unit == "" {
				column.Unit = base.Unit
			}
		}
		if column.Mark == "" {
			column.Mark = base.Mark
		}
		column.Required = column.Required || base.Required
		all[role] = column
	}
	return all
}

// info describes the platform.
func (p *Profile) info(own bool) platform.Info {
	info := platform.Info{ID: p.ID, Number: p.About.Number, Title: p.About.Title, English: p.About.English, Family: Family,
		LotField: p.Lot.Field, ByStation: p.Lot.From == profile.FromStation, Separators: p.Lot.Separators, Kinds: p.Lot.Kinds,
		Grants: p.Grants.Kinds, Default: p.defaultRule(),
		FormID: p.Lot.FormID, Keys: p.keys(), Issuer: platform.IssuerAccount, Fields: p.fields(), Evidence: p.About.Evidence,
		Spec: p.About.Spec, Notes: p.About.Notes, Report: p.Report, UsageNumber: p.UsageNumber, OwnProfile: own}
	askings[p.Asks].Describe(p.columns(), &info)
	if p.Paths.Token != "" {
		info.Routes = append(info.Routes, platform.Route{Path: p.Paths.Token, Kind: platform.RouteToken})
	}
	info.Routes = append(info.Routes, platform.Route{Path: p.Paths.Charge, Kind: platform.RouteCharge})
	if p.Seal != SealCipher {
		info.Operator = keyOperator
	}
	if p.Seal != SealSigned {
		info.LockUnless = keySig
	}
	return info
}

func (p *Profile) defaultRule() *charge.Rule {
	if p.Grants.Default == "none" {
		return nil
	}
	rule := profile.DefaultRule(charge.Grant(p.Grants.Default))
	rule.PlusMinutes = p.Grants.PlusMinutes
	return rule
}

// keys: what T/CEC 102 has both sides exchange. Length and alphabet of the secrets other than the cipher's are
// free: real ones keep to no rule.
func (p *Profile) keys() []platform.KeyInfo {
	var keys []platform.KeyInfo
	if p.Seal != SealCipher {
		keys = append(keys, platform.KeyInfo{Name: keyOperator, Label: "OperatorID"},
			platform.KeyInfo{Name: keyOperatorSecret, Label: "OperatorSecret", Secret: true})
	}
	keys = append(keys, platform.KeyInfo{Name: keyData, Label: "DataSecret", Secret: true, Bytes: 16},
		platform.KeyInfo{Name: keyIV, Label: "DataSecretIV", Secret: true, Bytes: 16},
		platform.KeyInfo{Name: keySig, Label: "SigSecret", Secret: true, Optional: p.Seal != SealSigned})
	for i := range keys {
		keys[i].Label = cmp.Or(p.Labels[keys[i].Name], keys[i].Label)
	}
	return keys
}

// fields describes envelope and message for the docs.
func (p *Profile) fields() []platform.FieldInfo {
	whole := p.Seal != SealCipher
	fields := []platform.FieldInfo{
		{Name: "OperatorID", Meaning: "the platform's organisation code (envelope)", Chinese: "运营商标识（信封）", Required: whole,
			Mark: "D"},
		{Name: "Data", Meaning: "the message below as JSON, AES-128-CBC, base64 (envelope)", Chinese: "业务数据密文（信封）",
			Required: true, Mark: "D"},
		{Name: "TimeStamp", Meaning: "when the push was sent (envelope)", Chinese: "接口请求时间戳（信封）", Unit: "yyyyMMddHHmmss",
			Required: whole, Mark: "D"},
		{Name: "Seq", Meaning: "serial number within a second (envelope)", Chinese: "自增序列（信封）", Required: whole, Mark: "D"},
		{Name: "Sig", Meaning: "HMAC-MD5 of OperatorID, Data, TimeStamp and Seq in upper-case hex (envelope)",
			Chinese: "参数签名（信封）", Required: p.Seal == SealSigned, Mark: "D"},
	}
	if p.Lot.Field != "" {
		fields = append(fields, p.Lot.FieldInfo())
	}
	for i, name := range p.Lot.Chargers {
		if !slices.Contains(p.columns()[profile.RoleConnectorID].Names, name) &&
			!slices.Contains(p.columns()[profile.RoleStationID].Names, name) {
			fields = append(fields, platform.FieldInfo{Name: name, Meaning: fmt.Sprintf("charger id, place %d", i+1),
				Chinese: "充电桩编号", Mark: p.Lot.Mark})
		}
	}
	return append(fields, p.columns().FieldInfos()...)
}
