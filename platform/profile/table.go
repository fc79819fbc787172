package profile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
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

// roleInfo is what every platform's field of a role has in common.
type roleInfo struct {
	role     Role
	english  string
	chinese  string
	units    []Unit // that fit; none for plain text
	required bool   // by every profile
}

// roles lists every role, in the order a reader of the docs wants them.
var roles = []roleInfo{
	{role: RolePlate, english: "number plate", chinese: "车牌号", required: true},
	{role: RoleOrder, english: "charging order number", chinese: "充电订单号"},
	{role: RoleState, english: "state of the charge; 4 is ended", chinese: "充电状态，4 为已结束"},
	{role: RoleStart, english: "start of the charge", chinese: "充电开始时间", units: timeUnits},
	{role: RoleEnd, english: "end of the charge", chinese: "充电结束时间", units: timeUnits},
	{role: RoleCharged, english: "length of the charge; not what is taken off", chinese: "充电时长（不是减免时长）", units: spanUnits},
	{role: RoleSent, english: "when the push was sent", chinese: "推送时间戳", units: timeUnits},
	{role: RoleMethod, english: "kind of reduction", chinese: "减免类型"},
	{role: RoleMinutes, english: "time to take off", chinese: "减免时长", units: spanUnits},
	{role: RoleAmount, english: "money to take off", chinese: "减免金额", units: moneyUnits},
	{role: RoleEnergy, english: "energy charged", chinese: "充电电量", units: energyUnits},
	{role: RoleElecMoney, english: "fee for the energy", chinese: "电费", units: moneyUnits},
	{role: RoleServiceMoney, english: "service fee", chinese: "服务费", units: moneyUnits},
	{role: RoleTotalMoney, english: "total fee", chinese: "总金额", units: moneyUnits},
	{role: RoleStationID, english: "station", chinese: "电站编号"},
	{role: RoleStationName, english: "station's name", chinese: "电站名称"},
	{role: RoleConnectorID, english: "device or connector", chinese: "设备编号"},
	{role: RoleConnectorName, english: "device's or connector's name", chinese: "设备名称"},
	{role: RoleParkNo, english: "bay", chinese: "车位号"},
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

// Asking is how a push names a reduction.
type Asking struct {
	// By reads the method field; Otherwise counts where there is none, or the push leaves it out.
	By        map[string]AskKind `toml:"by"`
	Otherwise AskKind            `toml:"otherwise"`
}

// AskKind is what a value of the method field means.
type AskKind string

// Ask kinds. AskNamed is time if that is above zero, else the amount; AskRule leaves it to the binding.
const (
	AskTime       AskKind = "time"
	AskAmount     AskKind = "amount"
	AskFree       AskKind = "free"
	AskLotDecides AskKind = "lot_decides"
	AskNamed      AskKind = "named"
	AskRule       AskKind = "rule"
)

var askKinds = []AskKind{AskTime, AskAmount, AskFree, AskLotDecides, AskNamed, AskRule}

// Members of repeat tuples that are not roles.
const (
	memberLot   = "lot"
	memberAsked = "asked" // the minutes asked for, else the yuan
	memberVisit = "visit" // pseudo member: by stay, else within 10 minutes
)

// Table reads the fields of a push whose seal has been checked.
type Table struct {
	Columns Columns
	Asking  Asking
	Repeat  [][]string // ordered; the first tuple that is full is the repeat key
}

// Undated reports that some tuple of the repeat keys proves no time.
func (t *Table) Undated() bool {
	return slices.ContainsFunc(t.Repeat, func(tuple []string) bool { return slices.Contains(tuple, memberVisit) })
}

// stateEnded is the StartChargeSeqStat of a finished charge (T/CEC 102.3).
const stateEnded = "4"

// Value gives the text of a role: of the first name that the push holds with something in it. Objects and
// arrays are nobody's text.
func (c Columns) Value(fields []seal.Field, r Role) (text, name string, ok bool) {
	for _, name := range c[r].Names {
		if text, ok := Lookup(fields, name); ok {
			return text, name, true
		}
	}
	return "", "", false
}

// Lookup gives the text of a field by its name, compared without case. Blank ones, null, objects and arrays
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

// Finished reports whether a push is about a charge that is over. One without a state is.
func (t *Table) Finished(fields []seal.Field) (bool, error) {
	if len(t.Columns[RoleState].Names) == 0 {
		return true, nil
	}
	state, _, ok := t.Columns.Value(fields, RoleState)
	if !ok && t.Columns[RoleState].Required {
		return false, t.Columns.missing(RoleState)
	}
	return !ok || state == stateEnded, nil
}

// Plate reads the plate; the error is a *Refusal and does not show it.
func (t *Table) Plate(fields []seal.Field) (charge.Plate, error) {
	text, name, ok := t.Columns.Value(fields, RolePlate)
	if !ok {
		return "", t.Columns.missing(RolePlate)
	}
	plate, err := charge.ParsePlate(text)
	if err != nil {
		return "", platform.BadField("%s holds no number plate (%d characters)", name, len([]rune(text)))
	}
	return plate, nil
}

// Charge reads a finished charge in a lot. Errors are *Refusal with outcome bad_field.
func (t *Table) Charge(fields []seal.Field, lot charge.LotID) (*platform.Charge, error) {
	for _, r := range roles {
		if t.Columns[r.role].Required {
			if _, _, ok := t.Columns.Value(fields, r.role); !ok {
				return nil, t.Columns.missing(r.role)
			}
		}
	}
	c := &platform.Charge{Lot: lot}
	var err error
	if c.Plate, err = t.Plate(fields); err != nil {
		return nil, err
	}
	r := reader{columns: t.Columns, fields: fields}
	c.Order = r.text(RoleOrder)
	c.Started, c.Ended = r.times()
	r.fees(c)
	r.place(&c.Detail)
	c.Ask = r.ask(t.Asking, !c.Started.IsZero() || !c.Ended.IsZero())
	if r.err == nil {
		r.err = t.repeat(c)
	}
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// repeat finds the repeat key.
func (t *Table) repeat(c *platform.Charge) error {
	for _, tuple := range t.Repeat {
		var parts []string
		c.Repeat = platform.RepeatOrder
		for _, member := range tuple {
			if member == memberVisit {
				c.Repeat = platform.RepeatVisit
				continue
			}
			if v := memberText(c, member); v != "" {
				parts = append(parts, v)
			}
		}
		if full := len(tuple); len(parts) == full || c.Repeat == platform.RepeatVisit && len(parts) == full-1 {
			c.RepeatKey = strings.Join(parts, "|")
			return nil
		}
	}
	return platform.BadField("a repeat of this push could not be told: it has neither %s", orTuples(t.Repeat))
}

func orTuples(tuples [][]string) string {
	words := make([]string, len(tuples))
	for i, t := range tuples {
		words[i] = strings.Join(t, " and ")
	}
	return strings.Join(words, ", nor ")
}

// memberText is the text of one member of a repeat tuple.
func memberText(c *platform.Charge, name string) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	switch name {
	case string(RoleOrder):
		return c.Order
	case memberLot:
		return c.Lot.String()
	case string(RolePlate):
		return c.Plate.Full()
	case string(RoleStart):
		return at(c.Started)
	case string(RoleEnd):
		return at(c.Ended)
	case memberAsked:
		if c.Ask.Method == charge.MethodAmount {
			return c.Ask.Amount.String()
		}
		return fmt.Sprint(c.Ask.Minutes)
	}
	return ""
}

func (c Columns) missing(r Role) error {
	names := c[r].Names
	if len(names) == 1 {
		return platform.BadField("%s is missing", names[0])
	}
	return platform.BadField("none of %s is there", strings.Join(names, ", "))
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
