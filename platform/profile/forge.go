package profile

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// Forge writes the fields of a push by the table, each by its first name and in its unit. Fields that a sample says
// nothing of are left out.
func (t *Table) Forge(s platform.Sample, now time.Time) []seal.Field {
	var fields []seal.Field
	put := func(role Role, text string) {
		column, known := t.Columns[role]
		taken := func(f seal.Field) bool { return f.Name == column.Names[0] }
		if known && text != "" && !containsField(fields, taken) {
			fields = append(fields, seal.Field{Name: column.Names[0], Text: text, Kind: seal.String})
		}
	}
	put(RoleOrder, s.Order)
	put(RolePlate, s.Plate.Full())
	put(RoleState, stateEnded)
	put(RoleStart, t.moment(RoleStart, s.Started))
	put(RoleEnd, t.moment(RoleEnd, s.Ended))
	put(RoleSent, t.moment(RoleSent, now))
	put(RoleCharged, t.span(RoleCharged, int64(s.Ended.Sub(s.Started).Minutes())))
	if method := t.method(); method != "" {
		put(RoleMethod, method)
	}
	put(RoleMinutes, t.span(RoleMinutes, s.Minutes))
	put(RoleEnergy, t.energy(s.Energy))
	put(RoleTotalMoney, t.money(RoleTotalMoney, s.Total))
	put(RoleStationName, "test push")
	put(RoleConnectorID, s.Charger)
	return fields
}

// Forge writes the fields of a push by the table, with the one that names the lot.
func (h *Head) Forge(t *Table, s platform.Sample, now time.Time) ([]seal.Field, error) {
	lot, err := h.Lot.LotKey(s)
	if err != nil {
		return nil, err
	}
	return Put(t.Forge(s, now), h.Lot.Field, lot), nil
}

// Request is a push of fields, a JSON object of texts.
func (h *Head) Request(fields []seal.Field) platform.Request {
	return platform.Request{Path: h.Paths.Charge[0],
		Header: http.Header{"Content-Type": {"application/json;charset=utf-8"}}, Body: Print(fields)}
}

func containsField(fields []seal.Field, is func(seal.Field) bool) bool {
	for _, f := range fields {
		if is(f) {
			return true
		}
	}
	return false
}

// method is the value of the method field that means time; empty where the table has none.
func (t *Table) method() string {
	for value, kind := range t.Asking.By {
		if kind == AskTime {
			return value
		}
	}
	return ""
}

func (t *Table) moment(role Role, at time.Time) string {
	switch t.Columns[role].Unit {
	case UnitUnixS:
		return strconv.FormatInt(at.Unix(), 10)
	case UnitUnixMS:
		return strconv.FormatInt(at.UnixMilli(), 10)
	}
	return at.In(charge.Shanghai).Format(platform.TimeLayout)
}

func (t *Table) span(role Role, minutes int64) string {
	switch t.Columns[role].Unit {
	case UnitMinutes:
		return strconv.FormatInt(minutes, 10)
	case UnitSeconds:
		return strconv.FormatInt(60*minutes, 10)
	}
	return ""
}

func (t *Table) energy(e charge.Energy) string {
	switch t.Columns[RoleEnergy].Unit {
	case UnitKWh:
		return e.String()
	case UnitWh:
		return strconv.FormatInt(int64(e), 10)
	}
	return ""
}

func (t *Table) money(role Role, amount charge.Fen) string {
	switch t.Columns[role].Unit {
	case UnitYuan:
		return amount.String()
	case UnitFen:
		return strconv.FormatInt(int64(amount), 10)
	}
	return ""
}

// Put sets a field, whatever was there under its name.
func Put(fields []seal.Field, name, text string) []seal.Field {
	for i := range fields {
		if strings.EqualFold(fields[i].Name, name) {
			fields[i].Text = text
			return fields
		}
	}
	return append(fields, seal.Field{Name: name, Text: text, Kind: seal.String})
}

// Print writes fields as a JSON object.
func Print(fields []seal.Field) []byte {
	members := make([]Member, len(fields))
	for i, f := range fields {
		members[i] = Member{Name: f.Name, Value: f.Text}
	}
	return Object(members...)
}

// LotKey writes a push's lot as a platform names it.
func (p LotPart) LotKey(s platform.Sample) (string, error) {
	switch {
	case p.From == FromStation && s.Charger == "":
		return "", fmt.Errorf("the platform finds its lots by station, and the binding lists none")
	case p.From == FromStation:
		return s.Charger, nil
	case len(p.Separators) == 0:
		return "", fmt.Errorf("the platform names no lot")
	}
	return s.Lot.Union + p.Separators[0] + s.Lot.Park, nil
}

// FieldInfo describes the field that names the lot.
func (p LotPart) FieldInfo() platform.FieldInfo {
	info := platform.FieldInfo{Name: p.Field, Meaning: "the platform's own station id, which bindings list",
		Chinese:  "平台的站点编号，登记在对接里",
		Required: true, Mark: p.Mark}
	if p.From != FromStation {
		info.Meaning, info.Chinese = "car park, vendor"+p.Separators[0]+"park", "车场：厂商编号"+p.Separators[0]+"车场编号"
	}
	return info
}
