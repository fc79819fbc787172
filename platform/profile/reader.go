package profile

import (
	"errors"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// Values holds the texts of a push by slot; blank ones are not there.
//
// Plate, order, lot and the members of the repeat key are essential: the first that cannot be read is the refusal.
// Everything else is read as well as it can be, cut or left out with a warning. What a rule may need of it is marked
// as unread on the charge, so that a rule that needs it can refuse (platform.Charge.Unusable).
type Values struct {
	table    *Table
	text     [slotExtra + maxExtra]string
	rank     [slotExtra + maxExtra]int
	err      *platform.Refusal // the first fault of something essential
	warnings charge.Notes
	unread   []platform.Unread
}

// stateEnded is the StartChargeSeqStat of a finished charge (T/CEC 102.3).
const stateEnded = "4"

// maxText bounds the texts that are handed on to car parks, whose longest field has 64 characters.
const maxText = 128

// Extra returns the text of a field that the family named, by its place in NewTable; empty where there is none.
func (v *Values) Extra(i int) string { return v.text[slotExtra+i] }

// Key returns an extra field that identifies something: a text that cannot be one is a fault.
func (v *Values) Key(i int) string { return v.essential(slotExtra + i) }

// Fail keeps the first fault.
func (v *Values) Fail(r *platform.Refusal) {
	if v.err == nil {
		v.err = r
	}
}

// Faulty reports that something essential but the plate could not be read.
func (v *Values) Faulty() bool { return v.err != nil }

// Warnings are everything that was cut or left out.
func (v *Values) Warnings() charge.Notes { return v.warnings }

// Order returns the order number.
func (v *Values) Order() (string, error) {
	order := v.essential(slotOrder)
	return order, v.fault()
}

// Finished reports whether a push is about a charge that is over. One without a state is.
func (v *Values) Finished() (bool, error) {
	state := v.text[slotState]
	if state == "" && v.table.Columns[RoleState].Required {
		return false, v.missing(slotState)
	}
	return state == "" || whole(state) == stateEnded, nil
}

// Plate reads the plate; the error is a *platform.Refusal and does not show it.
func (v *Values) Plate() (charge.Plate, error) {
	text := v.text[slotPlate]
	if text == "" {
		return "", v.missing(slotPlate)
	}
	plate, err := charge.ParsePlate(text)
	if err != nil {
		return "", platform.BadPlate(v.name(slotPlate), text, err)
	}
	return plate, nil
}

// Charge reads a finished charge in a lot, or at the first of some chargers. Errors are *platform.Refusal with outcome
// bad_field; the charge beside one holds what could be read, and no plate where that was the fault.
func (v *Values) Charge(lot charge.LotID, chargers ...string) (*platform.Charge, error) {
	c := &platform.Charge{Lot: lot, Chargers: chargers, Order: v.essential(slotOrder)}
	if c.Order == "" && v.table.Columns[RoleOrder].Required && v.err == nil {
		v.err = v.missing(slotOrder)
	}
	v.times(c)
	v.fees(c)
	v.place(&c.Detail)
	c.Ask = v.ask(v.table.Asking)
	c.Unread = v.unread
	plate, wrong := v.Plate()
	_, c.Names, _ = charge.ParseCar(v.text[slotPlate])
	if c.Plate = plate; v.text[slotPlate] == "" {
		v.Fail(v.missing(slotPlate))
	}
	if v.err == nil && wrong == nil && !v.table.repeat(c) {
		v.err = platform.BadField(v.noRepeat())
	}
	switch {
	case v.err != nil:
		return c, v.refuse(c, v.err)
	case wrong != nil:
		var r *platform.Refusal
		errors.As(wrong, &r)
		return c, v.refuse(c, r)
	}
	return c, nil
}

// refuse adds what could be read to a refusal.
func (v *Values) refuse(c *platform.Charge, r *platform.Refusal) *platform.Refusal {
	r.Read = platform.Reading{Plate: c.Plate, Order: cut(c.Order), Lot: c.Lot}
	return r
}

// Reading returns what can be read of a push that is refused for something else.
func (v *Values) Reading(lot charge.LotID) platform.Reading {
	plate, _ := charge.ParsePlate(v.text[slotPlate])
	return platform.Reading{Plate: plate, Order: cut(v.text[slotOrder]), Lot: lot}
}

// noRepeat says that no repeat key is full, and explains it by what was left out.
func (v *Values) noRepeat() charge.Note {
	keys := charge.Text("keys", orTuples(v.table.Repeat))
	for _, u := range v.unread {
		if u.Part == platform.PartTimes {
			return charge.Say("field.no_repeat_as", keys, charge.Because("cause", u.Why))
		}
	}
	return charge.Say("field.no_repeat", keys)
}

// Wrong is the error of what cannot be read.
func Wrong(why charge.Note) error { return charge.NewFault(why, why.String()) }

// Missing is the refusal of a push without a field.
func Missing(step platform.Step, field string) *platform.Refusal {
	return platform.Refuse(step, charge.OutcomeBadField, charge.Say("field.missing", charge.Text("field", field)))
}

// Unreadable is the refusal of a push with a field that cannot be read.
func Unreadable(step platform.Step, field string, err error) *platform.Refusal {
	return platform.Refuse(step, charge.OutcomeBadField,
		charge.Say("field.wrong", charge.Text("field", field), charge.Because("cause", charge.Cause(err))))
}

// fault is the first fault as an error.
func (v *Values) fault() error {
	if v.err != nil {
		return v.err
	}
	return nil
}

// name is what a slot's value is called in the push: the name that counted, else the first.
func (v *Values) name(slot int) string {
	if slot >= slotExtra {
		return v.table.extra[slot-slotExtra]
	}
	return v.table.Columns[roles[slot].role].Names[v.rank[slot]]
}

func (v *Values) unit(slot int) Unit { return v.table.Columns[roles[slot].role].Unit }

// known reports whether there is a value whose unit is known.
func (v *Values) known(slot int) bool { return v.text[slot] != "" && v.unit(slot) != UnitUnknown }

func (v *Values) missing(slot int) *platform.Refusal {
	names := v.table.Columns[roles[slot].role].Names
	if len(names) == 1 {
		return Missing(platform.StepFields, names[0])
	}
	return platform.BadField(charge.Say("field.none", charge.Text("fields", strings.Join(names, ", "))))
}

func (v *Values) warn(n charge.Note) { v.warnings = append(v.warnings, n) }

// field names a slot's value in a note.
func (v *Values) field(slot int) charge.Arg { return charge.Text("field", v.name(slot)) }

// leave leaves a value out that a rule may need.
func (v *Values) leave(slot int, part platform.Part, err error) {
	cause := charge.Because("cause", charge.Cause(err))
	v.unread = append(v.unread, platform.Unread{Part: part, Why: charge.Say("field.wrong", v.field(slot), cause)})
	v.warn(charge.Say("field.left_out", v.field(slot), cause))
}

func isControl(c rune) bool { return c < ' ' || c == 0x7F }

// essential reads a text that identifies something.
func (v *Values) essential(slot int) string {
	text := v.text[slot]
	switch {
	case len(text) > maxText && len([]rune(text)) > maxText:
		v.Fail(platform.BadField(charge.Say("field.too_long", v.field(slot), charge.Count("most", maxText))))
	case strings.ContainsFunc(text, isControl):
		v.Fail(platform.BadField(charge.Say("field.control", v.field(slot))))
	}
	return text
}

// words reads a text that only describes.
func (v *Values) words(slot int) string {
	text := v.text[slot]
	clean := cut(text)
	if clean != text {
		v.warn(charge.Say("field.text_cut", v.field(slot), charge.Count("most", maxText)))
	}
	return clean
}

// cut is a text of at most maxText characters, its control characters blanks.
func cut(text string) string {
	if strings.ContainsFunc(text, isControl) {
		text = strings.Map(func(c rune) rune {
			if isControl(c) {
				return ' '
			}
			return c
		}, text)
	}
	if len(text) > maxText {
		if r := []rune(text); len(r) > maxText {
			text = string(r[:maxText])
		}
	}
	return strings.TrimSpace(text)
}

// time reads a moment; zero where there is none that can be read.
func (v *Values) time(slot int) time.Time {
	if v.text[slot] == "" {
		if v.table.Columns[roles[slot].role].Required {
			why := v.missing(slot).Why
			v.unread = append(v.unread, platform.Unread{Part: platform.PartTimes, Why: why})
			v.warn(why)
		}
		return time.Time{}
	}
	at, err := ReadTime(v.text[slot], v.unit(slot))
	if err != nil {
		v.leave(slot, platform.PartTimes, err)
	}
	return at
}

// times reads start and end. One that is missing follows from the other and the length of the charge.
func (v *Values) times(c *platform.Charge) {
	started, ended := v.time(slotStart), v.time(slotEnd)
	if v.known(slotCharged) && started.IsZero() != ended.IsZero() {
		minutes, err := ReadMinutes(v.text[slotCharged], v.unit(slotCharged))
		took := time.Duration(minutes) * time.Minute
		switch {
		case err != nil:
			v.leave(slotCharged, platform.PartTimes, err)
		case took > 0 && started.IsZero():
			started = ended.Add(-took)
		case took > 0:
			ended = started.Add(took)
		}
	}
	if !started.IsZero() && !ended.IsZero() && ended.Before(started) {
		v.leave(slotEnd, platform.PartTimes, Wrong(charge.Say("value.ends_before", charge.When("end", ended),
			charge.When("start", started))))
		started, ended = time.Time{}, time.Time{}
	}
	c.Started, c.Ended = started, ended
}

// fees reads energy and money, for the rule and as texts for the lot.
func (v *Values) fees(c *platform.Charge) {
	if v.known(slotEnergy) {
		text := v.text[slotEnergy]
		energy, err := ReadEnergy(text, v.unit(slotEnergy))
		if err != nil {
			v.leave(slotEnergy, platform.PartEnergy, err)
		} else {
			c.Energy, c.HasEnergy, c.Detail.Power = energy, true, text
			if v.unit(slotEnergy) != UnitKWh || charge.PlainNumber(text) != text {
				c.Detail.Power = energy.String()
			}
		}
	}
	v.fee(slotElecMoney, &c.Detail.ElecMoney)
	v.fee(slotServiceMoney, &c.Detail.SeviceMoney)
	c.Total, c.HasTotal = v.fee(slotTotalMoney, &c.Detail.TotalMoney)
}

// fee reads money that was paid for the charge. Senders compute with floats: decimals past the fen are cut off, since
// this number is paid nowhere here. A reduction is never read so.
func (v *Values) fee(slot int, to *string) (fee charge.Fen, ok bool) {
	if !v.known(slot) {
		return 0, false
	}
	fee, exact, err := ReadFee(v.text[slot], v.unit(slot))
	if err != nil {
		v.leave(slot, platform.PartFee, err)
		return 0, false
	}
	if !exact {
		v.warn(charge.Say("field.fee_cut", v.field(slot), value(v.text[slot]), charge.Money("fee", fee)))
	}
	*to = fee.String()
	return fee, true
}

func (v *Values) place(d *charge.Detail) {
	d.StationID, d.StationName = v.words(slotStationID), v.words(slotStationName)
	d.ConnectorID, d.ConnectorName = v.words(slotConnectorID), v.words(slotConnectorName)
	d.ParkNo = v.words(slotParkNo)
}

// whole writes a code as a whole number where a sender printed it as a float: 4.0 is 4.
func whole(code string) string {
	plain := charge.PlainNumber(code)
	if digits, zeros, found := strings.Cut(plain, "."); found && strings.Trim(zeros, "0") == "" {
		return digits
	}
	return plain
}

// ask reads the reduction that the push names. One that cannot be read is marked: a rule that grants as pushed
// refuses the push for it.
func (v *Values) ask(a Asking) charge.Ask {
	kind := a.Otherwise
	if text := v.text[slotMethod]; text != "" && len(a.By) > 0 {
		said, known := a.By[whole(text)]
		if !known {
			v.leave(slotMethod, platform.PartReduction, Wrong(charge.Say("value.no_reduction", value(text))))
			return charge.Ask{}
		}
		kind = said
	}
	switch kind {
	case AskFree:
		return charge.Ask{Method: charge.MethodFree}
	case AskLotDecides:
		return charge.Ask{Method: charge.MethodLotDecides}
	case AskTime:
		return v.minutes()
	case AskAmount:
		return v.amount()
	case AskNamed:
		if ask := v.minutes(); ask.Method != "" {
			return ask
		}
		return v.amount()
	case AskThere:
		switch {
		case v.text[slotMinutes] != "":
			return v.minutes()
		case v.text[slotAmount] != "":
			return v.amount()
		}
		return charge.Ask{Method: charge.MethodLotDecides}
	}
	return charge.Ask{}
}

// minutes is an ask for time; nothing where it is zero or its unit is unknown.
func (v *Values) minutes() charge.Ask {
	if !v.known(slotMinutes) {
		return charge.Ask{}
	}
	minutes, err := ReadMinutes(v.text[slotMinutes], v.unit(slotMinutes))
	if err != nil {
		v.leave(slotMinutes, platform.PartReduction, err)
	}
	if err != nil || minutes == 0 {
		return charge.Ask{}
	}
	return charge.Ask{Method: charge.MethodTime, Minutes: minutes}
}

// amount is an ask for money; nothing where it is zero or its unit is unknown.
func (v *Values) amount() charge.Ask {
	if !v.known(slotAmount) {
		return charge.Ask{}
	}
	amount, err := ReadMoney(v.text[slotAmount], v.unit(slotAmount))
	if err != nil {
		v.leave(slotAmount, platform.PartReduction, err)
	}
	if err != nil || amount == 0 {
		return charge.Ask{}
	}
	return charge.Ask{Method: charge.MethodAmount, Amount: amount}
}
