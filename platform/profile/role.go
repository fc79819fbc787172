package profile

import (
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Role is what a field of a push is about.
type Role string

// Roles.
const (
	RolePlate         Role = "plate"
	RoleOrder         Role = "order"
	RoleStart         Role = "start"
	RoleEnd           Role = "end"
	RoleCharged       Role = "charged" // how long the charge took; never what is taken off
	RoleState         Role = "state"   // of the charge; 4 is ended (T/CEC 102, StartChargeSeqStat)
	RoleSent          Role = "sent"    // when the push was sent; a profile that names it has its clock checked
	RoleMethod        Role = "method"  // which kind of reduction
	RoleMinutes       Role = "minutes" // time to take off
	RoleAmount        Role = "amount"  // money to take off
	RoleEnergy        Role = "energy"
	RoleElecMoney     Role = "elec_money"
	RoleServiceMoney  Role = "service_money"
	RoleTotalMoney    Role = "total_money"
	RoleStationID     Role = "station_id"
	RoleStationName   Role = "station_name"
	RoleConnectorID   Role = "connector_id"
	RoleConnectorName Role = "connector_name"
	RoleParkNo        Role = "park_no"
)

// Slots of a push's values, one a role, in the order a reader of the docs wants them.
const (
	slotPlate = iota
	slotOrder
	slotState
	slotStart
	slotEnd
	slotCharged
	slotSent
	slotMethod
	slotMinutes
	slotAmount
	slotEnergy
	slotElecMoney
	slotServiceMoney
	slotTotalMoney
	slotStationID
	slotStationName
	slotConnectorID
	slotConnectorName
	slotParkNo
	slotExtra // the first of the fields that a family names by itself
)

// roleInfo is what every platform's field of a role has in common.
type roleInfo struct {
	role    Role
	english string
	chinese string
	units   []Unit // that fit; none for plain text
}

// roles lists every role by its slot.
var roles = [slotExtra]roleInfo{
	slotPlate: {role: RolePlate, english: "number plate", chinese: "车牌号"},
	slotOrder: {role: RoleOrder, english: "charging order number", chinese: "充电订单号"},
	slotState: {role: RoleState, english: "state of the charge; 4 is ended", chinese: "充电状态，4 为已结束"},
	slotStart: {role: RoleStart, english: "start of the charge", chinese: "充电开始时间", units: timeUnits},
	slotEnd:   {role: RoleEnd, english: "end of the charge", chinese: "充电结束时间", units: timeUnits},
	slotCharged: {role: RoleCharged, english: "length of the charge; not what is taken off", chinese: "充电时长（不是减免时长）",
		units: spanUnits},
	slotSent:          {role: RoleSent, english: "when the push was sent", chinese: "推送时间戳", units: timeUnits},
	slotMethod:        {role: RoleMethod, english: "kind of reduction", chinese: "减免类型"},
	slotMinutes:       {role: RoleMinutes, english: "time to take off", chinese: "减免时长", units: spanUnits},
	slotAmount:        {role: RoleAmount, english: "money to take off", chinese: "减免金额", units: moneyUnits},
	slotEnergy:        {role: RoleEnergy, english: "energy charged", chinese: "充电电量", units: energyUnits},
	slotElecMoney:     {role: RoleElecMoney, english: "fee for the energy", chinese: "电费", units: moneyUnits},
	slotServiceMoney:  {role: RoleServiceMoney, english: "service fee", chinese: "服务费", units: moneyUnits},
	slotTotalMoney:    {role: RoleTotalMoney, english: "total fee", chinese: "总金额", units: moneyUnits},
	slotStationID:     {role: RoleStationID, english: "station", chinese: "电站编号"},
	slotStationName:   {role: RoleStationName, english: "station's name", chinese: "电站名称"},
	slotConnectorID:   {role: RoleConnectorID, english: "device or connector", chinese: "设备编号"},
	slotConnectorName: {role: RoleConnectorName, english: "device's or connector's name", chinese: "设备名称"},
	slotParkNo:        {role: RoleParkNo, english: "bay", chinese: "车位号"},
}

// Column is how a platform calls and writes a role. Of several names the first that is there and not blank
// counts; names are compared without case.
type Column struct {
	Names    []string `toml:"names"`
	Unit     Unit     `toml:"unit"`
	Required bool     `toml:"required"`
	Mark     string   `toml:"mark"` // confidence, a letter that docs/platforms/README.md explains
}

// Columns is a platform's table of fields.
type Columns map[Role]Column

// Value returns the text of a role: of the first name that the push holds with something in it. Objects and
// arrays are no text.
func (c Columns) Value(fields []seal.Field, r Role) (text, name string, ok bool) {
	for _, name := range c[r].Names {
		if text, ok := Lookup(fields, name); ok {
			return text, name, true
		}
	}
	return "", "", false
}

// Lookup returns the text of a field by its name, compared without case. Blank ones, null, objects and arrays
// are not there.
func Lookup(fields []seal.Field, name string) (text string, ok bool) {
	for _, f := range fields {
		if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) && (f.Kind == seal.String || f.Kind == seal.Number) {
			if text := strings.TrimSpace(f.Text); text != "" {
				return text, true
			}
		}
	}
	return "", false
}

// FieldInfos describes the table for docs and the doctor, in a reader's order.
func (c Columns) FieldInfos() []platform.FieldInfo {
	var infos []platform.FieldInfo
	for _, r := range roles {
		col, ok := c[r.role]
		if !ok {
			continue
		}
		infos = append(infos, platform.FieldInfo{Name: col.Names[0], Aliases: slices.Clone(col.Names[1:]), Meaning: r.english,
			Chinese: r.chinese, Unit: string(col.Unit), Required: col.Required, Mark: col.Mark})
	}
	return infos
}
