package line

import (
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/seal"
)

// notice325 is 3.25 with its charging block, in the order of the book's table (sdk/992397). It is flat and
// unsigned. The book leaves open which of duration and reduce_amount may stand together; we send the one that
// counts.
type notice325 struct {
	ServiceName       string `json:"service_name"`
	ComID             string `json:"comid"`
	UUID              string `json:"uuid"`
	OrderID           string `json:"order_id"`
	CarNumber         string `json:"car_number"`
	Type              int    `json:"type"`
	ReduceAmount      string `json:"reduce_amount,omitempty"` // yuan
	Duration          *int64 `json:"duration,omitempty"`      // minutes
	StartChargingTime string `json:"start_charging_time,omitempty"`
	StopChargingTime  string `json:"stop_charging_time,omitempty"`
	StartChargeSeq    string `json:"start_charge_seq,omitempty"`
	StationID         string `json:"station_id,omitempty"`
	StationName       string `json:"station_name,omitempty"`
	ConnectorID       string `json:"connector_id,omitempty"`
	ConnectorName     string `json:"connector_name,omitempty"`
	ParkNo            string `json:"park_no,omitempty"`
	Power             string `json:"power,omitempty"` // kWh
	ElecMoney         string `json:"elec_money,omitempty"`
	SeviceMoney       string `json:"sevice_money,omitempty"`
	TotalMoney        string `json:"total_money,omitempty"`
	CalculationMethod int    `json:"calculation_method"`
}

// typeCharging is a charging order in 3.25's own numbering; 5.14 has another.
const typeCharging = 1

// calculation_method of 3.25. Its 4, a discount, is not used: the book has no field for the rate.
const (
	methodFree   = 0
	methodTime   = 1
	methodAmount = 2
	methodLot    = 3
)

// notice336 is 3.36 in the order of the book's example (sdk/1726765). reduce_amount is a Double here.
type notice336 struct {
	ServiceName       string `json:"service_name"`
	StartChargingTime string `json:"start_charging_time"`
	CarNumber         string `json:"car_number"`
	ComID             string `json:"comid"`
	StopChargingTime  string `json:"stop_charging_time"`
	ReduceAmount      double `json:"reduce_amount"`
	OrderID           string `json:"order_id"`
	UUID              string `json:"uuid"`
}

// double is yuan as Java prints a Double: at least one decimal, none to spare ("2.0", "1.25").
type double charge.Fen

func (d double) MarshalJSON() ([]byte, error) {
	yuan := charge.Fen(d).String()
	return []byte(strings.TrimSuffix(yuan, "0")), nil
}

// Compose implements lot.Channel.
func (s *Server) Compose(n lot.Notice) ([]byte, error) { return Compose(n) }

// Compose writes the exact 3.25 or 3.36 message, as the notice's Message says. 3.36 knows amounts only.
func Compose(n lot.Notice) ([]byte, error) {
	switch n.Message {
	case charge.Message325:
		return compose325(n)
	case charge.Message336:
		return compose336(n)
	}
	return nil, lot.NotComposed(charge.Say("delivery.not_by", charge.Text("message", string(n.Message))))
}

func compose325(n lot.Notice) ([]byte, error) {
	m := notice325{
		ServiceName: serviceNotice, ComID: n.Lot.Park, UUID: n.UUID, OrderID: n.StayOrder, CarNumber: n.Plate.Wire(),
		Type: typeCharging, StartChargingTime: local(n.Started), StopChargingTime: local(n.Ended),
		StartChargeSeq: n.Order, StationID: n.Detail.StationID, StationName: n.Detail.StationName,
		ConnectorID: n.Detail.ConnectorID, ConnectorName: n.Detail.ConnectorName, ParkNo: n.Detail.ParkNo,
		Power: n.Detail.Power, ElecMoney: n.Detail.ElecMoney, SeviceMoney: n.Detail.SeviceMoney,
		TotalMoney: n.Detail.TotalMoney,
	}
	switch n.Reduction.Method {
	case charge.MethodTime:
		m.CalculationMethod, m.Duration = methodTime, &n.Reduction.Minutes
	case charge.MethodAmount:
		m.CalculationMethod, m.ReduceAmount = methodAmount, n.Reduction.Amount.String()
	case charge.MethodFree:
		m.CalculationMethod = methodFree
	case charge.MethodLotDecides:
		m.CalculationMethod = methodLot
	default:
		return nil, lot.NotComposed(charge.Say("delivery.no_method", charge.Text("message", string(n.Message)),
			charge.Word("method", "method", n.Reduction.Method)))
	}
	return seal.PrintJSON(m), nil
}

func compose336(n lot.Notice) ([]byte, error) {
	if n.Reduction.Method != charge.MethodAmount {
		return nil, lot.NotComposed(charge.Say("delivery.only_amounts",
			charge.Word("method", "method", n.Reduction.Method)))
	}
	return seal.PrintJSON(notice336{
		ServiceName: serviceNotice, StartChargingTime: local(n.Started), CarNumber: n.Plate.Wire(),
		ComID: n.Lot.Park, StopChargingTime: local(n.Ended), ReduceAmount: double(n.Reduction.Amount),
		OrderID: n.StayOrder, UUID: n.UUID,
	}), nil
}

// local writes a time as lots read it, nothing for none.
func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(charge.Shanghai).Format(time.DateTime)
}
