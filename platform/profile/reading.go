package profile

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Lines says what the columns read from a push, "name = value unit: as we take it", for the doctor. A plate is masked;
// a value that cannot be read says why.
func (c Columns) Lines(fields []seal.Field) charge.Notes {
	var lines charge.Notes
	seen := map[string]bool{}
	for _, r := range roles {
		text, name, ok := c.Value(fields, r.role)
		if !ok || seen[name] { // one field that another names the unit of is one line, as it is usually meant
			continue
		}
		seen[name] = true
		lines = append(lines, c.line(r.role, name, text))
	}
	return lines
}

// line says how one value is understood.
func (c Columns) line(role Role, name, text string) charge.Note {
	unit := c[role].Unit
	switch {
	case role == RolePlate:
		plate, err := charge.ParsePlate(text)
		if err != nil {
			return charge.Say("read.no_plate", charge.Text("name", name))
		}
		return charge.Say("read.plate", charge.Text("name", name), charge.Masked("plate", plate))
	case unit == "":
		return platform.ReadText(name, text)
	case unit == UnitUnknown:
		return charge.Say("read.no_unit", charge.Text("name", name), value(text))
	}
	taken, err := take(role, text, unit)
	if err != nil {
		return charge.Say("read.wrong", charge.Text("name", name), charge.Because("cause", charge.Cause(err)))
	}
	return charge.Say("read.taken", charge.Text("name", name), value(text), charge.Because("unit", unitNotes[unit]), taken)
}

// unitNotes name the units of values for people.
var unitNotes = map[Unit]charge.Note{
	UnitText: charge.Say("unit.text"), UnitUnixS: charge.Say("unit.unix_s"), UnitUnixMS: charge.Say("unit.unix_ms"),
	UnitTextOrUnixMS: charge.Say("unit.text_or_unix_ms"), UnitYuan: charge.Say("unit.yuan"),
	UnitFen: charge.Say("unit.fen"), UnitKWh: charge.Say("unit.kwh"), UnitWh: charge.Say("unit.wh"),
	UnitMinutes: charge.Say("unit.minutes"), UnitSeconds: charge.Say("unit.seconds"),
}

// take reads a value by its unit. A reduction is read strictly, other money is cut to fen.
func take(role Role, text string, unit Unit) (taken charge.Arg, err error) {
	const name = "taken"
	switch {
	case unit.fits(timeUnits):
		at, err := ReadTime(text, unit)
		return charge.When(name, at), err
	case unit.fits(moneyUnits) && role != RoleAmount:
		fee, _, err := ReadFee(text, unit)
		return charge.Money(name, fee), err
	case unit.fits(moneyUnits):
		amount, err := ReadMoney(text, unit)
		return charge.Money(name, amount), err
	case unit.fits(energyUnits):
		energy, err := ReadEnergy(text, unit)
		return charge.KWh(name, energy), err
	}
	minutes, err := ReadMinutes(text, unit)
	return charge.Mins(name, minutes), err
}
