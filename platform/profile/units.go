package profile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Unit is how a field of a push is written. Units are never guessed from a field's name: `duration` is
// minutes free on one platform, fen on another and minutes charged on a third.
type Unit string

// Units. UnitUnknown says on purpose that nobody knows: the value is shown by the doctor and never used.
const (
	UnitText         Unit = "text"            // 2006-01-02 15:04:05, Asia/Shanghai
	UnitUnixS        Unit = "unix_s"          // seconds since 1970
	UnitUnixMS       Unit = "unix_ms"         // milliseconds since 1970
	UnitTextOrUnixMS Unit = "text_or_unix_ms" // both were seen
	UnitYuan         Unit = "yuan"
	UnitFen          Unit = "fen"
	UnitKWh          Unit = "kwh"
	UnitWh           Unit = "wh"
	UnitMinutes      Unit = "minutes"
	UnitSeconds      Unit = "seconds"
	UnitUnknown      Unit = "unknown"
)

// Units that fit one kind of quantity.
var (
	timeUnits   = []Unit{UnitText, UnitUnixS, UnitUnixMS, UnitTextOrUnixMS}
	moneyUnits  = []Unit{UnitYuan, UnitFen, UnitUnknown}
	energyUnits = []Unit{UnitKWh, UnitWh, UnitUnknown}
	spanUnits   = []Unit{UnitMinutes, UnitSeconds, UnitUnknown}
)

// maxMinutes is the longest time a push may name, a year: whatever is longer is another unit.
const maxMinutes = 366 * 24 * 60

// ReadTime reads a moment. A text without a zone is Asia/Shanghai. What lies outside 2000 to 2099 is
// refused: most often seconds stand where milliseconds should, or the other way round.
func ReadTime(text string, unit Unit) (time.Time, error) {
	digits := text != "" && strings.Trim(text, "0123456789") == ""
	if unit == UnitTextOrUnixMS {
		unit = UnitText
		if digits {
			unit = UnitUnixMS
		}
	}
	var at time.Time
	switch {
	case unit == UnitText:
		t, err := time.ParseInLocation(platform.TimeLayout, text, charge.Shanghai)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is not a time written yyyy-MM-dd HH:mm:ss", platform.Clip(text))
		}
		at = t
	case digits && (unit == UnitUnixS || unit == UnitUnixMS):
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is out of range for a time", platform.Clip(text))
		}
		at = time.UnixMilli(n).In(charge.Shanghai)
		if unit == UnitUnixS {
			at = time.Unix(n, 0).In(charge.Shanghai)
		}
	default:
		return time.Time{}, fmt.Errorf("%q is not a time in %s", platform.Clip(text), unit)
	}
	if at.Year() < 2000 || at.Year() > 2099 {
		return time.Time{}, fmt.Errorf("%q in %s is in the year %d: are seconds and milliseconds mixed up?", platform.Clip(text), unit, at.Year())
	}
	return at, nil
}

// ReadMoney reads an amount that is not negative. Parts of a fen are refused, never rounded.
func ReadMoney(text string, unit Unit) (charge.Fen, error) {
	amount, err := charge.ParseFen(text)
	if err == nil && unit == UnitFen {
		if amount%100 != 0 {
			return 0, fmt.Errorf("%q is not a whole number of fen", platform.Clip(text))
		}
		amount /= 100
	}
	switch {
	case err != nil:
		return 0, err
	case amount < 0:
		return 0, fmt.Errorf("%q is negative", platform.Clip(text))
	case unit != UnitYuan && unit != UnitFen:
		return 0, fmt.Errorf("%s is no unit of money", unit)
	}
	return amount, nil
}

// ReadEnergy reads an energy that is not negative.
func ReadEnergy(text string, unit Unit) (charge.Energy, error) {
	energy, err := charge.ParseEnergy(text)
	if err == nil && unit == UnitWh {
		energy /= 1000
	}
	switch {
	case err != nil:
		return 0, err
	case energy < 0:
		return 0, fmt.Errorf("%q is negative", platform.Clip(text))
	case unit != UnitKWh && unit != UnitWh:
		return 0, fmt.Errorf("%s is no unit of energy", unit)
	}
	return energy, nil
}

// ReadMinutes reads a span that is not negative, in whole minutes, a started one counted.
func ReadMinutes(text string, unit Unit) (int64, error) {
	n, err := charge.ParseMinutes(text) // a number rounded up, whatever its unit
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of %s", platform.Clip(text), unit)
	}
	switch unit {
	case UnitMinutes:
	case UnitSeconds:
		n = (n + 59) / 60
	default:
		return 0, fmt.Errorf("%s is no unit of time", unit)
	}
	if n < 0 || strings.HasPrefix(strings.TrimSpace(text), "-") {
		return 0, fmt.Errorf("%q is negative", platform.Clip(text))
	}
	if n > maxMinutes {
		return 0, fmt.Errorf("%q %s is more than a year", platform.Clip(text), unit)
	}
	return n, nil
}

// fits reports whether a unit is in a list.
func (u Unit) fits(list []Unit) bool { return slices.Contains(list, u) }
