package profile

import (
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Lines says what the columns read from a push, "name = value unit, as we take it", for the doctor. A plate is
// masked; a value that cannot be read says why.
func (c Columns) Lines(fields []seal.Field) []string {
	var lines []string
	seen := map[string]bool{}
	for _, r := range roles {
		text, name, ok := c.Value(fields, r.role)
		if !ok || seen[name] { // one field that another names the unit of is one line, as it is usually meant
			continue
		}
		seen[name] = true
		if taken, ok := c.taken(r.role, text); ok {
			lines = append(lines, fmt.Sprintf("%s = %s", name, taken))
		} else {
			lines = append(lines, fmt.Sprintf("%s = %s", name, platform.Clip(text)))
		}
	}
	return lines
}

// taken says how a value is understood; false where a text is just a text.
func (c Columns) taken(role Role, text string) (string, bool) {
	unit := c[role].Unit
	var value any
	var err error
	switch {
	case role == RolePlate:
		value, err = charge.ParsePlate(text)
		if err != nil {
			return "no number plate", true
		}
		return fmt.Sprint(value), true
	case unit == "":
		return "", false
	case unit == UnitUnknown:
		return platform.Clip(text) + ", unit unknown: not used", true
	case unit.fits(timeUnits):
		var at time.Time
		at, err = ReadTime(text, unit)
		value = at.Format(time.RFC3339)
	case unit.fits(moneyUnits):
		var amount charge.Fen
		amount, err = ReadMoney(text, unit)
		value = amount.String() + " yuan"
	case unit.fits(energyUnits):
		var energy charge.Energy
		energy, err = ReadEnergy(text, unit)
		value = energy.String() + " kWh"
	default:
		var minutes int64
		minutes, err = ReadMinutes(text, unit)
		value = fmt.Sprint(minutes, " minutes")
	}
	if err != nil {
		return err.Error(), true
	}
	return fmt.Sprintf("%s %s: %v", platform.Clip(text), unit, value), true
}
