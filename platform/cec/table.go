package cec

import (
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
	"github.com/chargestamp/chargestamp/seal"
)

// union is the table of names that all platforms of the family are read by. Of several
// names the first that is there counts; the misspelled "Sevice" is the standard's own.
func union() profile.Columns {
	return profile.Columns{
		profile.RoleOrder: {Names: []string{"StartChargeSeq", "OrderNo"}, Mark: "D"},
		profile.RolePlate: {Names: []string{"PlateNum", "Plate", "PlateNumber", "PlateNo", "CarNumber"},
			Required: true, Mark: "D"},
		profile.RoleState:   {Names: []string{"StartChargeSeqStat"}, Mark: "C"},
		profile.RoleStart:   {Names: []string{"StartTime"}, Unit: profile.UnitText, Mark: "C"},
		profile.RoleEnd:     {Names: []string{"EndTime"}, Unit: profile.UnitText, Mark: "C"},
		profile.RoleMethod:  {Names: []string{"CalculationMethod"}, Mark: "D"},
		profile.RoleMinutes: {Names: []string{"FreeParkingTimes"}, Unit: profile.UnitMinutes, Mark: "D"},
		profile.RoleAmount:  {Names: []string{"FreeParkingCost"}, Unit: profile.UnitYuan, Mark: "D"},
		profile.RoleEnergy:  {Names: []string{"Power", "TotalPower"}, Unit: profile.UnitKWh, Mark: "C"},
		profile.RoleElecMoney: {Names: []string{"ElecMoney", "TotalElecMoney", "ElectMoney"}, Unit: profile.UnitYuan,
			Mark: "I"},
		profile.RoleServiceMoney: {Names: []string{"SeviceMoney", "ServiceMoney", "TotalSeviceMoney", "TotalServiceMoney"},
			Unit: profile.UnitYuan, Mark: "I"},
		profile.RoleTotalMoney:    {Names: []string{"TotalMoney"}, Unit: profile.UnitYuan, Mark: "C"},
		profile.RoleStationID:     {Names: []string{"StationID"}, Mark: "D"},
		profile.RoleStationName:   {Names: []string{"StationName"}, Mark: "D"},
		profile.RoleConnectorID:   {Names: []string{"ConnectorID", "EquipmentID"}, Mark: "D"},
		profile.RoleConnectorName: {Names: []string{"ConnectorName"}, Mark: "D"},
		profile.RoleParkNo:        {Names: []string{"ParkNo"}, Mark: "D"},
	}
}

// maxChargers is how many fields may hold a charger's id.
const maxChargers = 4

// Fields beside the roles, by their place in the table: the lot, then the chargers.
const (
	extraLot = iota
	extraCharger
)

// repeat is how a repeated push is known: by the order, else by lot or charger, plate and times.
var repeat = [][]string{{"order"}, {"lot", "plate", "start", "end"}}

// askings are what Asks comes to. Where CalculationMethod is absent, what is there counts: minutes, else yuan, else the
// lot decides.
var askings = map[Asks]profile.Asking{
	AsksPushed: {By: map[string]profile.AskKind{"1": profile.AskTime, "2": profile.AskAmount, "3": profile.AskLotDecides},
		Otherwise: profile.AskThere},
	AsksTime: {Otherwise: profile.AskTime},
	AsksNone: {Otherwise: profile.AskRule},
}

func newTable(p *Profile) profile.Table {
	return profile.NewTable(p.columns(), askings[p.Asks], repeat, append([]string{p.Lot.Field}, p.Lot.Chargers...)...)
}

// read reads a charge into m; none of one that is not over. Beside a refusal m holds what the answer needs: nothing,
// or the charge whose plate no lot could use.
func (d *dialect) read(fields []seal.Field, m *platform.Message) error {
	v := d.table.Find(fields)
	if done, err := v.Finished(); err != nil || !done {
		if order, wrong := v.Order(); wrong == nil {
			m.Order = order
		}
		return err
	}
	lot := d.lot(&v)
	c, err := v.Charge(lot, d.chargers(&v)...)
	m.Warnings = m.Warnings.And(v.Warnings()...)
	if err != nil && (c.Plate != "" || v.Faulty()) {
		return err
	}
	m.Charge = c
	return err
}

// lot reads the field that names the lot, where the profile has one.
func (d *dialect) lot(v *profile.Values) charge.LotID {
	part := d.profile.Lot
	if part.Field == "" || part.From == profile.FromStation {
		return charge.LotID{}
	}
	text := v.Extra(extraLot)
	lot, err := charge.SplitLot(text, part.Separators...)
	switch {
	case text == "":
		v.Fail(profile.Missing(platform.StepFields, part.Field))
	case err != nil:
		v.Fail(profile.Unreadable(platform.StepFields, part.Field, err))
	}
	return lot
}

// chargers are the ids that may find the lot, where the profile has such fields.
func (d *dialect) chargers(v *profile.Values) []string {
	if d.profile.Lot.From == profile.FromStation {
		text := v.Extra(extraLot)
		if text == "" {
			v.Fail(profile.Missing(platform.StepFields, d.profile.Lot.Field))
		}
		return []string{text}
	}
	var ids []string
	for i := range d.profile.Lot.Chargers {
		if id := v.Key(extraCharger + i); id != "" {
			ids = append(ids, id)
		}
	}
	if names := d.profile.Lot.Chargers; len(names) > 0 && len(ids) == 0 {
		v.Fail(platform.BadField(charge.Say("field.no_chargers", charge.Text("field", names[0]),
			charge.Text("fields", strings.Join(names, ", ")))))
	}
	return ids
}
