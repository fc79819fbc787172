// Package flat reads the platforms whose push is one flat object of named values, signed by sorting the
// names, joining name=value, and digesting that with a secret: 小桔, 小伟, 云快充, 智充, 永联 and E充网.
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
	"fmt"
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
	d := &dialect{profile: p, info: p.info(own), table: p.Table(), key: p.Seal.Key}
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

// Claim reads lot and operator.
func (d *dialect) Claim(p platform.Push) (platform.Claim, error) {
	fields, err := profile.ReadFields(p.Body)
	if err != nil {
		return platform.Claim{}, err
	}
	lot, err := d.lot(fields)
	if err != nil {
		return platform.Claim{}, err
	}
	claim := platform.Claim{Lot: lot}
	if d.profile.Seal.Operator != "" {
		var ok bool
		if claim.Operator, ok = profile.Lookup(fields, d.profile.Seal.Operator); !ok {
			return platform.Claim{}, platform.Refuse(platform.StepAccount, charge.OutcomeBadField, d.profile.Seal.Operator+" is missing")
		}
	}
	return claim, nil
}

// Open checks the signature, the operator and the clock, then reads.
func (d *dialect) Open(p platform.Push, a platform.Account, now time.Time) (platform.Message, error) {
	fields, err := profile.ReadFields(p.Body)
	if err != nil {
		return platform.Message{}, err
	}
	m := platform.Message{}
	if m.Keys, err = d.unseal(fields, a.Keys); err != nil {
		return platform.Message{}, err
	}
	if m.Warning, err = d.clock(fields, a.Clock, now); err != nil {
		return platform.Message{}, err
	}
	if err := d.tell(p.Route.Kind, fields, &m); err != nil {
		return platform.Message{}, err
	}
	return m, nil
}

// unseal finds the set of keys that a push is signed with.
func (d *dialect) unseal(fields []seal.Field, sets []platform.Keys) (int, error) {
	recipe := d.profile.Seal.Recipe
	sign, ok := signOf(fields, recipe)
	if !ok {
		return 0, platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature, recipe.SignField()+" is missing: the push is not signed")
	}
	for i, keys := range sets {
		if recipe.Verify(fields, keys[d.key].Reveal(), sign) && d.isOperator(fields, keys) {
			return i, nil
		}
	}
	return 0, platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
		fmt.Sprintf("%s is not what recipe %s gives with any valid %s", recipe.SignField(), recipe, d.key))
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

// clock judges the time of sending, where the platform tells it.
func (d *dialect) clock(fields []seal.Field, mode charge.ClockMode, now time.Time) (warning string, err error) {
	column, ok := d.table.Columns[profile.RoleSent]
	if !ok {
		return "", nil
	}
	text, name, ok := d.table.Columns.Value(fields, profile.RoleSent)
	if !ok {
		return "", platform.Refuse(platform.StepClock, charge.OutcomeBadField, column.Names[0]+" is missing")
	}
	sent, err := profile.ReadTime(text, column.Unit)
	if err != nil {
		return "", platform.Refuse(platform.StepClock, charge.OutcomeBadField, name+": "+err.Error())
	}
	warning, refusal := platform.CheckClock(mode, sent, now)
	if refusal != nil {
		return "", refusal
	}
	return warning, nil
}

// tell reads what an opened push says.
func (d *dialect) tell(kind platform.RouteKind, fields []seal.Field, m *platform.Message) error {
	lot, err := d.sealedLot(fields)
	if err != nil {
		return err
	}
	if kind == platform.RouteInquiry {
		plate, err := d.table.Plate(fields)
		if err != nil {
			return err
		}
		m.Question = &platform.Question{Plate: &platform.PlateQuestion{Plate: plate, Lot: lot}}
		return nil
	}
	if signType, ok := profile.Lookup(fields, "signType"); ok && d.profile.Seal.Recipe == seal.KVHMACMD5 && signType != "MD5" {
		return platform.Refuse(platform.StepFields, charge.OutcomeBadField, "signType: only MD5 is known, which means HMAC-MD5")
	}
	if done, err := d.table.Finished(fields); err != nil || !done {
		return err
	}
	m.Charge, err = d.table.Charge(fields, lot)
	return err
}

// lot reads the lot key.
func (d *dialect) lot(fields []seal.Field) (charge.LotID, error) {
	text, ok := profile.Lookup(fields, d.profile.Lot.Field)
	if !ok {
		return charge.LotID{}, platform.Refuse(platform.StepLot, charge.OutcomeBadField, d.profile.Lot.Field+" is missing")
	}
	return d.profile.ReadLot(text)
}

// sealedLot reads the lot key of a push whose signature holds, and refuses what the signature does not hold.
func (d *dialect) sealedLot(fields []seal.Field) (charge.LotID, error) {
	if err := d.onlyOneReading(fields); err != nil {
		return charge.LotID{}, err
	}
	lot, err := d.lot(fields)
	if err != nil || d.profile.Seal.Confirm == "" {
		return lot, err
	}
	again, _ := profile.Lookup(fields, d.profile.Seal.Confirm)
	if whole, err := d.profile.ReadLot(again); again != lot.Park && (err != nil || whole != lot) {
		return charge.LotID{}, platform.Refuse(platform.StepLot, charge.OutcomeBadField, fmt.Sprintf(
			"%s is %q, but %s, which the signature leaves out, names park %q", d.profile.Seal.Confirm, platform.Clip(again), d.profile.Lot.Field, lot.Park))
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
					fmt.Sprintf("%s holds %q: under this signature it could be another push", f.Name, hidden))
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
