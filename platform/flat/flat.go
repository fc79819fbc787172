// Package flat reads the platforms whose push is one flat object of named values, signed by sorting the
// names, joining name=value, and digesting that with a secret: 小桔, 小伟, 云快充, 智充, 永联, E充网, 新电途, 静态交通
// and 蔚来.
//
// A push is a POST of a JSON object or of a form. Its values are texts or numbers; a number counts in the
// signature by its digits as they stand. One field names the car park as vendor and park, one holds the
// signature. Which recipe, whose key, which names and which units is a profile's to say; what is checked is not:
// the signature first, then the operator, the clock, then every field.
//
// Two pushes can have one canonical text where a value holds "&name=" (the recipes do not escape). Such a
// value is refused where name is a field that is read.
package flat

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// dialect is one platform of the family.
type dialect struct {
	profile Profile
	info    platform.Info
	table   profile.Table
	key     string   // name of the secret
	read    []string // every field name that is read, as "&name=" in small letters
}

func newDialect(p Profile, own bool) *dialect {
	d := &dialect{profile: p, info: p.info(own), table: p.Table(p.Lot.Field, p.Seal.Operator, p.Seal.Confirm, signType),
		key: p.Seal.Key}
	if fixed := issuerKey(p.Seal.Issuer); fixed != "" {
		d.key = fixed
	}
	names := []string{p.Lot.Field, p.Seal.Confirm, p.Seal.Operator}
	for _, column := range p.Fields {
		names = append(names, column.Names...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if name != "" {
			d.read = append(d.read, "&"+strings.ToLower(name)+"=")
		}
	}
	return d
}

// Info describes the platform.
func (d *dialect) Info() platform.Info { return d.info }

// Fields beside the profile's, by their place in the table.
const (
	extraLot = iota
	extraOperator
	extraConfirm
	extraSignType
)

// signType names the digest of recipe kv-hmac-md5; only MD5 is known.
const signType = "signType"

// Claim reads lot and operator.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Claim{}, err
	}
	v := d.table.Find(b.Fields)
	lot, err := d.lot(&v)
	if err != nil {
		return platform.Claim{}, d.refused(&v, lot, err)
	}
	claim := platform.Claim{Lot: lot, Parsed: b}
	if d.profile.Seal.Operator != "" {
		if claim.Operator = v.Extra(extraOperator); claim.Operator == "" {
			return platform.Claim{}, d.refused(&v, lot,
				profile.Missing(platform.StepAccount, d.profile.Seal.Operator))
		}
	}
	return claim, nil
}

// refused adds what could be read to a refusal.
func (d *dialect) refused(v *profile.Values, lot charge.LotID, err error) error {
	if r := (*platform.Refusal)(nil); errors.As(err, &r) && r.Read == (platform.Reading{}) {
		r.Read = v.Reading(lot)
	}
	return err
}

// Glimpse returns plate, order and lot of a push whose seal does not hold.
func (d *dialect) Glimpse(p platform.Push) platform.Reading {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Reading{}
	}
	v := d.table.Find(b.Fields)
	lot, _ := d.lot(&v)
	return v.Reading(lot)
}

// Open checks the signature, the operator and the clock, then reads.
func (d *dialect) Open(p platform.Push, a platform.Account, now time.Time) (platform.Message, error) {
	b, err := profile.ReadBody(p)
	if err != nil {
		return platform.Message{}, err
	}
	m := platform.Message{}
	var how seal.Variant
	if m.Keys, how, err = d.unseal(b, a.Keys); err != nil {
		return platform.Message{}, err
	}
	v := d.table.Find(b.Fields)
	clock, err := d.clock(b.Fields, a.Clock, now)
	if err != nil {
		return platform.Message{}, err
	}
	if err := d.tell(p.Route.Kind, b.Fields, &v, &m); err != nil {
		return platform.Message{}, err
	}
	m.Warnings = charge.Notes{}.And(variants[how], clock).And(v.Warnings()...)
	return m, nil
}

// variants say how a push departs from its recipe as it is printed.
var variants = map[seal.Variant]charge.Note{
	seal.EmptySigned: charge.Say("push.signed_empty"), seal.AmpersandSigned: charge.Say("push.signed_ampersand")}

// unseal finds the set of keys that a push is signed with. how names a variant of the recipe that some senders use.
func (d *dialect) unseal(b *profile.Body, sets []platform.Keys) (set int, how seal.Variant, err error) {
	recipe := d.profile.Seal.Recipe
	sign, ok := signOf(b.Fields, recipe)
	if !ok {
		return 0, "", platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
			charge.Say("push.unsigned", charge.Text("field", recipe.SignField())))
	}
	for i, keys := range sets {
		if how, ok = recipe.VerifyAny(b.Signed(), keys[d.key].Reveal(), sign); ok && d.isOperator(b.Fields, keys) {
			return i, how, nil
		}
	}
	return 0, "", platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
		charge.Say("push.recipe_differs", charge.Text("field", recipe.SignField()), charge.Text("recipe", string(recipe)),
			charge.Text("key", d.key)))
}

// isOperator compares the operator, which the recipes may leave out of what is signed.
func (d *dialect) isOperator(fields []seal.Field, keys platform.Keys) bool {
	if d.profile.Seal.Operator == "" {
		return true
	}
	operator, ok := profile.Lookup(fields, d.profile.Seal.Operator)
	return ok && seal.Equal(operator, keys[d.profile.Seal.OperatorKey].Reveal())
}

// signOf is the signature in a push.
func signOf(fields []seal.Field, r seal.Recipe) (string, bool) {
	for _, f := range fields {
		if f.Name == r.SignField() && f.Kind == seal.String && f.Text != "" {
			return f.Text, true
		}
	}
	return "", false
}

// clock judges the time of sending, where the platform reports it.
func (d *dialect) clock(fields []seal.Field, mode charge.ClockMode, now time.Time) (warning charge.Note, err error) {
	column, ok := d.table.Columns[profile.RoleSent]
	if !ok {
		return charge.Note{}, nil
	}
	text, name, ok := d.table.Columns.Value(fields, profile.RoleSent)
	if !ok {
		return charge.Note{}, profile.Missing(platform.StepClock, column.Names[0])
	}
	sent, err := profile.ReadTime(text, column.Unit)
	if err != nil {
		return charge.Note{}, profile.Unreadable(platform.StepClock, name, err)
	}
	warning, refusal := platform.CheckClock(mode, sent, now)
	if refusal != nil {
		return charge.Note{}, refusal
	}
	return warning, nil
}

// tell reads what an opened push says.
func (d *dialect) tell(kind platform.RouteKind, fields []seal.Field, v *profile.Values, m *platform.Message) error {
	lot, err := d.sealedLot(fields, v)
	if err != nil {
		return err
	}
	if kind == platform.RouteInquiry {
		plate, err := v.Plate()
		if err != nil {
			return err
		}
		m.Question = &platform.Question{Plate: &platform.PlateQuestion{Plate: plate, Lot: lot}}
		return nil
	}
	if t := v.Extra(extraSignType); t != "" && d.profile.Seal.Recipe == seal.KVHMACMD5 && t != "MD5" {
		return platform.Refuse(platform.StepFields, charge.OutcomeBadField,
			charge.Say("push.sign_type", charge.Text("field", signType)))
	}
	if done, err := v.Finished(); err != nil || !done {
		return err
	}
	c, err := v.Charge(lot, d.profile.Stations(v.Extra(extraLot))...)
	if err != nil {
		return err
	}
	m.Charge = c
	return nil
}

// lot reads the lot key.
func (d *dialect) lot(v *profile.Values) (charge.LotID, error) {
	return d.profile.ReadLot(v.Extra(extraLot))
}

// sealedLot reads the lot key of a push whose signature holds, and refuses what the signature does not hold.
func (d *dialect) sealedLot(fields []seal.Field, v *profile.Values) (charge.LotID, error) {
	if err := d.onlyOneReading(fields); err != nil {
		return charge.LotID{}, err
	}
	lot, err := d.lot(v)
	if err != nil || d.profile.Seal.Confirm == "" || d.profile.Lot.From == profile.FromStation {
		return lot, err
	}
	again := v.Extra(extraConfirm)
	if whole, err := d.profile.ReadLot(again); again != lot.Park && (err != nil || whole != lot) {
		return charge.LotID{}, platform.Refuse(platform.StepLot, charge.OutcomeBadField, charge.Say("field.confirm",
			charge.Text("field", d.profile.Seal.Confirm), charge.Text("value", platform.Clip(again)),
			charge.Text("lot", d.profile.Lot.Field), charge.Text("park", lot.Park)))
	}
	return lot, nil
}

// onlyOneReading refuses a value under which a field that we read may hide.
func (d *dialect) onlyOneReading(fields []seal.Field) error {
	for _, f := range fields {
		if !strings.Contains(f.Text, "&") {
			continue
		}
		text := strings.ToLower(f.Text)
		for _, hidden := range d.read {
			if strings.Contains(text, hidden) {
				return platform.Refuse(platform.StepFields, charge.OutcomeBadField,
					charge.Say("push.hides_field", charge.Text("field", f.Name), charge.Text("hidden", hidden)))
			}
		}
	}
	return nil
}

// Reply answers in the profile's words. An accepted push or a found plate gets what the older receivers give
// as data: nothing, or when the car came in.
func (d *dialect) Reply(_ platform.Push, _ *platform.Account, v platform.Verdict) platform.Reply {
	var data []profile.Member
	if v.Message != nil && v.Message.Question != nil && v.Message.Question.Plate != nil {
		q := v.Message.Question.Plate
		data = append(data,
			profile.Member{Name: d.table.Columns[profile.RolePlate].Names[0], Value: q.Plate.Full()},
			profile.Member{Name: d.profile.Lot.Field, Value: q.Lot.Union + d.profile.Lot.Separators[0] + q.Lot.Park},
			profile.Member{Name: "carState", Value: 1})
	}
	if !v.Entered.IsZero() {
		data = append(data, profile.Member{Name: "enterTime", Value: v.Entered.In(charge.Shanghai).Format(time.DateTime)})
	}
	return profile.Answer(d.profile.Head.Reply, v, profile.Object(data...))
}
