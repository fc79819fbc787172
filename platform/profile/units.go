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

// Units. UnitUnknown says on purpose that it is not known: the value is shown by the doctor and never used.
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

// timeForms are the written forms of a moment that senders use; the first is the papers'.
var timeForms = []string{platform.TimeLayout, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05", "2006/1/2 15:04:05",
	"2006-1-2 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04", "2006-01-02T15:04"}

// ReadTime reads a moment. The unit says what the platform's paper has; every form that can mean one moment alone is
// read: yyyy-MM-dd HH:mm:ss, the same with slashes, with a T and a zone (ISO 8601), without seconds, 14 digits, seconds
// and milliseconds since 1970. A text without a zone is Asia/Shanghai. What lies outside 2000 to 2099 is an error.
func ReadTime(text string, unit Unit) (time.Time, error) {
	if !unit.fits(timeUnits) {
		return time.Time{}, Wrong(charge.Say("value.no_time_in", value(text), charge.Text("unit", string(unit))))
	}
	number, _, _ := strings.Cut(charge.PlainNumber(text), ".")
	if number != "" && strings.Trim(number, "0123456789") == "" {
		return readNumber(number)
	}
	for _, form := range timeForms {
		if at, err := time.ParseInLocation(form, text, charge.Shanghai); err == nil {
			return believed(at, text)
		}
	}
	return time.Time{}, Wrong(charge.Say("value.no_time", value(text)))
}

// readNumber reads a moment written in digits alone. Between 2000 and 2099 seconds have 9 or 10 digits, milliseconds
// 12 or 13, yyyyMMddHHmmss 14.
func readNumber(digits string) (time.Time, error) {
	if len(digits) == 14 {
		if at, err := time.ParseInLocation("20060102150405", digits, charge.Shanghai); err == nil {
			return believed(at, digits)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return time.Time{}, Wrong(charge.Say("value.time_range", value(digits)))
	}
	at := time.UnixMilli(n)
	if len(digits) <= 10 {
		at = time.Unix(n, 0)
	}
	return believed(at.In(charge.Shanghai), digits)
}

func believed(at time.Time, text string) (time.Time, error) {
	if at.Year() < 2000 || at.Year() > 2099 {
		return time.Time{}, Wrong(charge.Say("value.year", value(text), charge.Count("year", at.Year())))
	}
	return at, nil
}

// ReadMoney reads an amount that is not negative. Parts of a fen are refused, never rounded.
func ReadMoney(text string, unit Unit) (charge.Fen, error) {
	amount, err := charge.ParseFen(text)
	if err == nil && unit == UnitFen {
		if amount%100 != 0 {
			return 0, Wrong(charge.Say("value.part_of_fen", value(text)))
		}
		amount /= 100
	}
	switch {
	case err != nil:
		return 0, Wrong(charge.Say("value.no_amount", value(text)))
	case amount < 0:
		return 0, Wrong(charge.Say("value.negative", value(text)))
	case unit != UnitYuan && unit != UnitFen:
		return 0, fmt.Errorf("%s is not a unit of money", unit)
	}
	return amount, nil
}

// ReadFee reads an amount that is only shown: decimals past the fen are cut off; exact reports that there were none.
func ReadFee(text string, unit Unit) (fee charge.Fen, exact bool, err error) {
	places := 2
	if unit == UnitFen {
		places = 0
	}
	cut, exact := charge.PlainNumber(text), true
	if whole, decimals, found := strings.Cut(cut, "."); found && len(decimals) > places &&
		strings.Trim(decimals, "0123456789") == "" {
		exact = strings.Trim(decimals[places:], "0") == ""
		cut = strings.TrimSuffix(whole+"."+decimals[:places], ".")
	}
	fee, err = ReadMoney(cut, unit)
	return fee, exact, err
}

// ReadEnergy reads an energy that is not negative.
func ReadEnergy(text string, unit Unit) (charge.Energy, error) {
	energy, err := charge.ParseEnergy(text)
	if err == nil && unit == UnitWh {
		energy /= 1000
	}
	switch {
	case err != nil:
		return 0, Wrong(charge.Say("value.no_energy", value(text)))
	case energy < 0:
		return 0, Wrong(charge.Say("value.negative", value(text)))
	case unit != UnitKWh && unit != UnitWh:
		return 0, fmt.Errorf("%s is not a unit of energy", unit)
	}
	return energy, nil
}

// ReadMinutes reads a span that is not negative, in whole minutes, a started one counted.
func ReadMinutes(text string, unit Unit) (int64, error) {
	n, err := charge.ParseMinutes(text) // a number rounded up, whatever its unit
	switch {
	case unit != UnitMinutes && unit != UnitSeconds:
		return 0, fmt.Errorf("%s is not a unit of time", unit)
	case err != nil && unit == UnitSeconds:
		return 0, Wrong(charge.Say("value.no_seconds", value(text)))
	case err != nil:
		return 0, Wrong(charge.Say("value.no_minutes", value(text)))
	case unit == UnitSeconds:
		n = (n + 59) / 60
	}
	if n < 0 || strings.HasPrefix(strings.TrimSpace(text), "-") {
		return 0, Wrong(charge.Say("value.negative", value(text)))
	}
	if n > maxMinutes {
		return 0, Wrong(charge.Say("value.over_a_year", value(text)))
	}
	return n, nil
}

// value is a text of a push in a note, cut short.
func value(text string) charge.Arg { return charge.Text("value", platform.Clip(text)) }

// fits reports whether a unit is in a list.
func (u Unit) fits(list []Unit) bool { return slices.Contains(list, u) }
