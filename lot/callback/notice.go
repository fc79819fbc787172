package callback

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// notice514 is the data of 5.14 with its charge block, in the order of the published table,
// https://www.kancloud.cn/bolink/newapi/2479828 as far as that can be read; its end follows the same block of 3.25,
// https://www.kancloud.cn/bolink/sdk/992397 . Numbers and strings are as the tables have them.
type notice514 struct {
	ServiceName       string `json:"service_name"`
	ParkID            string `json:"park_id"`
	CarNumber         string `json:"car_number"`
	Type              int    `json:"type"`
	PlatFormID        int    `json:"plat_form_id"`
	ReduceAmount      string `json:"reduce_amount,omitempty"` // yuan
	Duration          int64  `json:"duration,omitempty"`      // minutes
	StartChargingTime string `json:"start_charging_time,omitempty"`
	StopChargingTime  string `json:"stop_charging_time,omitempty"`
	StartChargeSeq    string `json:"start_charge_seq"`
	StationID         string `json:"station_id,omitempty"`
	StationName       string `json:"station_name,omitempty"`
	ConnectorID       string `json:"connector_id,omitempty"`
	ConnectorName     string `json:"connector_name,omitempty"`
	ParkNo            string `json:"park_no,omitempty"`
	Power             string `json:"power,omitempty"`        // kWh
	ElecMoney         string `json:"elec_money,omitempty"`   // yuan
	SeviceMoney       string `json:"sevice_money,omitempty"` // yuan; the spelling of the book
	TotalMoney        string `json:"total_money,omitempty"`  // yuan
	CalculationMethod int    `json:"calculation_method"`
}

// typeCharge is a charge order in 5.14's numbering: 1 is points and 2 a hotel. 3.25 counts differently.
const typeCharge = 3

// formOther is plat_form_id "other", for platforms that have no number of their own.
const formOther = 14

// calculation_method, as in 3.25. Free parking names neither minutes nor an amount.
const (
	methodFree   = 0
	methodTime   = 1
	methodAmount = 2
	methodLot    = 3
)

// Compose writes the signed body of a 5.14. It needs the lot's vendor and its ukey.
func (c *Channel) Compose(n lot.Notice) ([]byte, error) {
	if n.Message != charge.Message514 {
		return nil, lot.NotComposed(charge.Say("delivery.not_by", charge.Text("message", string(n.Message))))
	}
	_, vendor, known := c.cfg.Directory.Lot(n.Lot)
	if !known || vendor.Ukey == "" {
		return nil, lot.NotComposed(charge.Say("delivery.no_ukey", charge.AtLot("lot", n.Lot)))
	}
	if n.Order == "" {
		return nil, lot.NotComposed(charge.Say("delivery.no_seq"))
	}
	m := notice514{
		ServiceName: "pay_notice", ParkID: n.Lot.Park, CarNumber: n.Plate.Wire(), Type: typeCharge, PlatFormID: n.FormID,
		StartChargingTime: local(n.Started), StopChargingTime: local(n.Ended), StartChargeSeq: n.Order,
		StationID: n.Detail.StationID, StationName: n.Detail.StationName, ConnectorID: n.Detail.ConnectorID,
		ConnectorName: n.Detail.ConnectorName, ParkNo: n.Detail.ParkNo, Power: n.Detail.Power,
		ElecMoney: n.Detail.ElecMoney, SeviceMoney: n.Detail.SeviceMoney, TotalMoney: n.Detail.TotalMoney,
	}
	if m.PlatFormID == 0 {
		m.PlatFormID = formOther
	}
	switch n.Reduction.Method {
	case charge.MethodFree:
		m.CalculationMethod = methodFree
	case charge.MethodTime:
		m.CalculationMethod, m.Duration = methodTime, n.Reduction.Minutes
	case charge.MethodAmount:
		m.CalculationMethod, m.ReduceAmount = methodAmount, n.Reduction.Amount.String()
	case charge.MethodLotDecides:
		m.CalculationMethod = methodLot
	default:
		return nil, lot.NotComposed(charge.Say("delivery.no_method", charge.Text("message", string(n.Message)),
			charge.Word("method", "method", n.Reduction.Method)))
	}
	return envelope(seal.PrintJSON(m), vendor.Ukey), nil
}
