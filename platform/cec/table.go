package cec

import (
	"fmt"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// union is the table of names that all platforms of the family are read by. Of several
// names the first that is there counts; the misspelled "Sevice" is the standard's own.
func union() profile.Columns {
	return profile.Columns{
		profile.RoleOrder:         {Names: []string{"StartChargeSeq", "OrderNo"}, Mark: "D"},
		profile.RolePlate:         {Names: []string{"PlateNum", "Plate", "PlateNumber", "PlateNo", "CarNumber"}, Required: true, Mark: "D"},
		profile.RoleState:         {Names: []string{"StartChargeSeqStat"}, Mark: "C"},
		profile.RoleStart:         {Names: []string{"StartTime"}, Unit: profile.UnitText, Mark: "C"},
		profile.RoleEnd:           {Names: []string{"EndTime"}, Unit: profile.UnitText, Mark: "C"},
		profile.RoleMethod:        {Names: []string{"CalculationMethod"}, Mark: "D"},
		profile.RoleMinutes:       {Names: []string{"FreeParkingTimes"}, Unit: profile.UnitMinutes, Mark: "D"},
		profile.RoleAmount:        {Names: []string{"FreeParkingCost"}, Unit: profile.UnitYuan, Mark: "D"},
		profile.RoleEnergy:        {Names: []string{"Power", "TotalPower"}, Unit: profile.UnitKWh, Mark: "C"},
		profile.RoleElecMoney:     {Names: []string{"ElecMoney", "TotalElecMoney", "ElectMoney"}, Unit: profile.UnitYuan, Mark: "I"},
		profile.RoleServiceMoney:  {Names: []string{"SeviceMoney", "ServiceMoney", "TotalSeviceMoney", "TotalServiceMoney"}, Unit: profile.UnitYuan, Mark: "I"},
		profile.RoleTotalMoney:    {Names: []string{"TotalMoney"}, Unit: profile.UnitYuan, Mark: "C"},
		profile.RoleStationID:     {Names: []string{"StationID"}, Mark: "D"},
		profile.RoleStationName:   {Names: []string{"StationName"}, Mark: "D"},
		profile.RoleConnectorID:   {Names: []string{"ConnectorID", "EquipmentID"}, Mark: "D"},
		profile.RoleConnectorName: {Names: []string{"ConnectorName"}, Mark: "D"},
		profile.RoleParkNo:        {Names: []string{"ParkNo"}, Mark: "D"},
	}
}

// slotRoles are the roles of the union table in the order of their slots.
var slotRoles = [...]profile.Role{
	profile.RoleOrder, profile.RolePlate, profile.RoleState, profile.RoleStart, profile.RoleEnd, profile.RoleMethod,
	profile.RoleMinutes, profile.RoleAmount, profile.RoleEnergy, profile.RoleElecMoney, profile.RoleServiceMoney,
	profile.RoleTotalMoney, profile.RoleStationID, profile.RoleStationName, profile.RoleConnectorID,
	profile.RoleConnectorName, profile.RoleParkNo,
}

// Slots of values, in the order of slotRoles, and behind them what a profile names by itself.
const (
	slotOrder = iota
	slotPlate
	slotState
	slotStart
	slotEnd
	slotMethod
	slotMinutes
	slotAmount
	slotEnergy
	slotElec
	slotService
	slotTotal
	slotStationID
	slotStationName
	slotConnectorID
	slotConnectorName
	slotParkNo
	slotLot
	slotCharger // the first of the charger ids
	maxChargers = 4
	slots       = slotCharger + maxChargers
)

// table reads fields by name in one pass: a push is decoded some ten thousand times a second.
type table struct {
	columns  profile.Columns
	slots    map[string][]place // by name in lower case
	lot      LotPart
	asks     Asks
	required []int
}

// place is where the value of a name goes. rank is which of the names for a slot it is.
type place struct{ slot, rank int }

func newTable(p *Profile) table {
	t := table{columns: p.columns(), slots: map[string][]place{}, lot: p.Lot, asks: p.Asks}
	add := func(slot, rank int, name string) {
		key := strings.ToLower(name)
		t.slots[key] = append(t.slots[key], place{slot, rank})
	}
	for slot, role := range slotRoles {
		for rank, name := range t.columns[role].Names {
			add(slot, rank, name)
		}
		if t.columns[role].Required {
			t.required = append(t.required, slot)
		}
	}
	if p.Lot.Field != "" {
		add(slotLot, 0, p.Lot.Field)
	}
	for i, name := range p.Lot.Chargers {
		add(slotCharger+i, 0, name)
	}
	return t
}

// values holds the texts of a push by slot; blank ones are not there.
type values struct {
	table *table
	text  [slots]string
	rank  [slots]int
	err   *platform.Refusal // the first fault
}

// find sorts the fields into their slots. Null, bools, objects and arrays are nobody's value.
func (t *table) find(fields []seal.Field) values {
	v := values{table: t}
	var lower [64]byte
	for i := range fields {
		f := &fields[i]
		if len(f.Name) > len(lower) || f.Kind != seal.String && f.Kind != seal.Number {
			continue
		}
		for j := range len(f.Name) {
			c := f.Name[j]
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			lower[j] = c
		}
		for _, p := range t.slots[string(lower[:len(f.Name)])] {
			text := strings.TrimSpace(f.Text)
			if text != "" && (v.text[p.slot] == "" || p.rank < v.rank[p.slot]) {
				v.text[p.slot], v.rank[p.slot] = text, p.rank
			}
		}
	}
	return v
}

// read reads a charge into m; none of one that is not over. Beside a refusal m holds what the answer needs: nothing,
// or the order whose plate no lot could use.
func (t *table) read(fields []seal.Field, m *platform.Message) *platform.Refusal {
	v := t.find(fields)
	if state := v.text[slotState]; state != "" && state != stateEnded {
		if order := v.words(slotOrder); v.err == nil {
			m.Order = order
		}
		return nil
	}
	for _, slot := range t.required {
		if v.text[slot] == "" {
			return badField("%s is missing", t.columns[slotRoles[slot]].Names[0])
		}
	}
	c := &platform.Charge{Order: v.words(slotOrder)}
	v.place(c)
	v.times(c)
	v.fees(c)
	c.Ask = v.ask()
	if v.err != nil {
		return v.err
	}
	plate, err := charge.ParsePlate(v.text[slotPlate])
	if err != nil {
		m.Charge = c
		return badField("%s holds no number plate (%d characters)", v.name(slotPlate), len([]rune(v.text[slotPlate])))
	}
	c.Plate = plate
	if c.RepeatKey = repeatKey(c); c.RepeatKey == "" {
		return badField("a repeat of this push could not be told: it has neither %s nor both times", t.columns[profile.RoleOrder].Names[0])
	}
	m.Charge = c
	return nil
}

// stateEnded is the StartChargeSeqStat of a charge that is over (T/CEC 102.3).
const stateEnded = "4"

// repeatKey is the order, else lot or charger, plate and times.
func repeatKey(c *platform.Charge) string {
	if c.Order != "" {
		return c.Order
	}
	if c.Started.IsZero() || c.Ended.IsZero() {
		return ""
	}
	where := c.Lot.String()
	if c.Lot.IsZero() {
		where = c.Chargers[0]
	}
	return strings.Join([]string{where, c.Plate.Full(), c.Started.UTC().Format(time.RFC3339), c.Ended.UTC().Format(time.RFC3339)}, "|")
}

// name is what a slot is called in the docs: the first of its names.
func (v *values) name(slot int) string {
	switch {
	case slot == slotLot:
		return v.table.lot.Field
	case slot >= slotCharger:
		return v.table.lot.Chargers[slot-slotCharger]
	}
	return v.table.columns[slotRoles[slot]].Names[v.rank[slot]]
}

func (v *values) fail(slot int, err error) {
	if v.err == nil {
		v.err = badField("%s: %v", v.name(slot), err)
	}
}

// maxText bounds texts that are handed on to car parks.
const maxText = 128

// words reads a text that is handed on.
func (v *values) words(slot int) string {
	text := v.text[slot]
	if len(text) > maxText && len([]rune(text)) > maxText {
		v.fail(slot, fmt.Errorf("longer than %d characters", maxText))
	}
	if strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7F }) {
		v.fail(slot, fmt.Errorf("holds a control character"))
	}
	return text
}

// place reads the lot, or the ids that may find it, and the station.
func (v *values) place(c *platform.Charge) {
	if v.table.lot.Field != "" {
		lot, err := charge.SplitLot(v.text[slotLot], v.table.lot.Separators...)
		switch {
		case v.text[slotLot] == "":
			v.fail(slotLot, fmt.Errorf("is missing"))
		case err != nil:
			v.fail(slotLot, err)
		}
		c.Lot = lot
	}
	for i := range v.table.lot.Chargers {
		if id := v.words(slotCharger + i); id != "" {
			c.Chargers = append(c.Chargers, id)
		}
	}
	if len(v.table.lot.Chargers) > 0 && len(c.Chargers) == 0 {
		v.fail(slotCharger, fmt.Errorf("is missing, and so are the other charger ids (%s)", strings.Join(v.table.lot.Chargers, ", ")))
	}
	c.Detail.StationID, c.Detail.StationName = v.words(slotStationID), v.words(slotStationName)
	c.Detail.ConnectorID, c.Detail.ConnectorName = v.words(slotConnectorID), v.words(slotConnectorName)
	c.Detail.ParkNo = v.words(slotParkNo)
}

func (v *values) times(c *platform.Charge) {
	c.Started, c.Ended = v.time(slotStart), v.time(slotEnd)
	if !c.Started.IsZero() && !c.Ended.IsZero() && c.Ended.Before(c.Started) {
		v.fail(slotEnd, fmt.Errorf("the charge ends before its start"))
	}
}

func (v *values) time(slot int) time.Time {
	if v.text[slot] == "" {
		return time.Time{}
	}
	at, err := profile.ReadTime(v.text[slot], v.unit(slot))
	if err != nil {
		v.fail(slot, err)
	}
	return at
}

func (v *values) unit(slot int) profile.Unit { return v.table.columns[slotRoles[slot]].Unit }

// fees reads energy and money. The texts go on to the lot as they came.
func (v *values) fees(c *platform.Charge) {
	if text := v.text[slotEnergy]; text != "" && v.unit(slotEnergy) != profile.UnitUnknown {
		energy, err := profile.ReadEnergy(text, v.unit(slotEnergy))
		if err != nil {
			v.fail(slotEnergy, err)
		}
		c.Energy, c.HasEnergy, c.Detail.Power = energy, true, text
		if v.unit(slotEnergy) != profile.UnitKWh {
			c.Detail.Power = energy.String()
		}
	}
	v.fee(slotElec, &c.Detail.ElecMoney)
	v.fee(slotService, &c.Detail.SeviceMoney)
	c.Total, c.HasTotal = v.fee(slotTotal, &c.Detail.TotalMoney)
}

// fee reads money that was paid for the charge. Senders compute with floats: decimals past the fen are cut off,
// for nobody pays by this number here. A reduction is never read so.
func (v *values) fee(slot int, to *string) (fee charge.Fen, ok bool) {
	text := v.text[slot]
	if text == "" || v.unit(slot) == profile.UnitUnknown {
		return 0, false
	}
	exact := text
	if whole, decimals, found := strings.Cut(text, "."); found && len(decimals) > 2 && strings.Trim(decimals, "0123456789") == "" {
		exact = whole + "." + decimals[:2]
	}
	fee, err := profile.ReadMoney(exact, v.unit(slot))
	if err != nil {
		v.fail(slot, err)
		return 0, false
	}
	*to = text
	if v.unit(slot) != profile.UnitYuan {
		*to = fee.String()
	}
	return fee, true
}

// ask reads the reduction that the push names.
func (v *values) ask() charge.Ask {
	switch v.table.asks {
	case AsksTime:
		return v.askTime()
	case AsksPushed:
		return v.askPushed()
	}
	return charge.Ask{}
}

// askPushed goes by CalculationMethod; where it is absent by what is there: minutes, else yuan, else the lot
// decides.
func (v *values) askPushed() charge.Ask {
	method := v.text[slotMethod]
	switch {
	case method == "1", method == "" && v.text[slotMinutes] != "":
		return v.askTime()
	case method == "2", method == "" && v.text[slotAmount] != "":
		return v.askAmount()
	case method == "3", method == "":
		return charge.Ask{Method: charge.MethodLotDecides}
	}
	v.fail(slotMethod, fmt.Errorf("%q is none of 1 (time), 2 (amount) and 3 (the lot decides)", platform.Clip(method)))
	return charge.Ask{}
}

func (v *values) askTime() charge.Ask {
	if v.text[slotMinutes] == "" || v.unit(slotMinutes) == profile.UnitUnknown {
		return charge.Ask{}
	}
	minutes, err := profile.ReadMinutes(v.text[slotMinutes], v.unit(slotMinutes))
	if err != nil {
		v.fail(slotMinutes, err)
	}
	if minutes == 0 || err != nil {
		return charge.Ask{}
	}
	return charge.Ask{Method: charge.MethodTime, Minutes: minutes}
}

func (v *values) askAmount() charge.Ask {
	if v.text[slotAmount] == "" || v.unit(slotAmount) == profile.UnitUnknown {
		return charge.Ask{}
	}
	amount, err := profile.ReadMoney(v.text[slotAmount], v.unit(slotAmount))
	if err != nil {
		v.fail(slotAmount, err)
	}
	if amount == 0 || err != nil {
		return charge.Ask{}
	}
	return charge.Ask{Method: charge.MethodAmount, Amount: amount}
}

func badField(format string, args ...any) *platform.Refusal {
	return platform.Refuse(platform.StepFields, charge.OutcomeBadField, fmt.Sprintf(format, args...))
}
