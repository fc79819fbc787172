package open13

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/profile"
)

// columns is the field table of kancloud.cn/bolink/apis/1998242.
func columns() profile.Columns {
	one := func(name string, unit profile.Unit) profile.Column {
		return profile.Column{Names: []string{name}, Unit: unit, Mark: "D"}
	}
	c := profile.Columns{
		profile.RoleOrder:         one("start_charge_seq", ""),
		profile.RoleStart:         one("start_charging_time", profile.UnitUnixS),
		profile.RoleEnd:           one("stop_charging_time", profile.UnitUnixS),
		profile.RoleMethod:        one("mitigate_type", ""),
		profile.RoleMinutes:       one("duration", profile.UnitMinutes),
		profile.RoleAmount:        one("free_money", profile.UnitYuan),
		profile.RoleEnergy:        one("power", profile.UnitKWh),
		profile.RoleElecMoney:     one("elec_money", profile.UnitYuan),
		profile.RoleServiceMoney:  one("sevice_money", profile.UnitYuan),
		profile.RoleTotalMoney:    one("total_money", profile.UnitYuan),
		profile.RoleStationName:   one("station_name", ""),
		profile.RoleConnectorID:   one("connector_id", ""),
		profile.RoleConnectorName: one("connector_name", ""),
	}
	c[profile.RolePlate] = profile.Column{Names: []string{"car_number"}, Required: true, Mark: "D"}
	return c
}

// asking reads mitigate_type. What one without it means is not published; leaving it to the lot grants nothing
// that was not asked for.
func asking() profile.Asking {
	return profile.Asking{
		By: map[string]profile.AskKind{"0": profile.AskFree, "1": profile.AskTime, "2": profile.AskAmount,
			"3": profile.AskLotDecides},
		Otherwise: profile.AskLotDecides,
	}
}

func repeat() [][]string {
	return [][]string{{"order"}, {"lot", "plate", "start", "end"}, {"lot", "plate", "visit"}}
}

func info() platform.Info {
	i := platform.Info{
		ID: "linghu", Number: 6, Title: "令狐充电", English: "Linghu (open interface 13)", Family: "open13",
		Routes:   []platform.Route{{Path: "/zld/chargingPile/syncChargePilePay", Kind: platform.RouteCharge}},
		LotField: stationField, Separators: []string{separator},
		Kinds: []charge.LotKind{charge.KindSDK, charge.Kind4G, charge.KindAPI},
		Grants: []platform.GrantKind{platform.GrantFree, platform.GrantTime, platform.GrantAmount,
			platform.GrantLotDecides},
		Default:       profile.DefaultRule(charge.GrantAsPushed),
		FormID:        profile.FormOther,
		Issuer:        platform.IssuerLot,
		OpenInterface: true,
		Evidence:      platform.EvidenceDocumented,
		Spec: []string{"https://www.kancloud.cn/bolink/apis/1998242", "https://www.kancloud.cn/bolink/apis/860377",
			"https://github.com/xcharge/phusion"},
		Notes: []string{
			"The key is the lot's ckey, also where station_id alone names the lot.",
			"The sign must be in upper-case hex, as with the original.",
			"duration is in minutes, though its label says hours.",
			"A push without mitigate_type leaves it to the lot.",
			"An unknown lot is answered as a wrong sign, as the original does.",
			"The answer repeats the sign of the request and is not signed.",
		},
	}
	asking().Describe(columns(), &i)
	i.Fields = []platform.FieldInfo{
		{Name: unionField, Meaning: "vendor; with comid, unless station_id is sent",
			Chinese: "厂商编号，与 comid 同传；或只传 station_id", Mark: "D"},
		{Name: parkField, Meaning: "car park; with union_id, unless station_id is sent",
			Chinese: "车场编号，与 union_id 同传；或只传 station_id", Mark: "D"},
		{Name: stationField, Meaning: "car park, vendor&&park; in place of the two", Chinese: "厂商编号&&车场编号，可代替前两项", Mark: "D"},
	}
	i.Fields = append(i.Fields, columns().FieldInfos()...)
	return i
}
