package line

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

func at(s string) time.Time {
	t, err := time.ParseInLocation(time.DateTime, s, charge.Shanghai)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestCompose(t *testing.T) {
	full := lot.Notice{
		Lot: charge.LotID{Union: "200208", Park: "20170511810"}, Message: charge.Message325, UUID: "asdaskhfaskfhaskfhak",
		StayOrder: "ssss", Plate: "京A12345", Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 10},
		Order: "202008170000011121", Started: at("2019-12-26 20:51:46"), Ended: at("2019-12-26 21:51:46"),
		Detail: charge.Detail{
			StationID: "1101020200A", StationName: "北京测试<充电桩>A", ConnectorID: "1101020190A301",
			ConnectorName: "301号交流", ParkNo: "abc-1", Power: "12", ElecMoney: "5", SeviceMoney: "1.25", TotalMoney: "10",
		},
	}
	with := func(change func(*lot.Notice)) lot.Notice {
		n := full
		n.Detail, n.Started, n.Ended, n.Order = charge.Detail{}, time.Time{}, time.Time{}, "7"
		change(&n)
		return n
	}
	book336 := lot.Notice{
		Lot: charge.LotID{Union: "200208", Park: "20180427"}, Message: charge.Message336,
		UUID: "4548fcd6bdd4491daf3fb32e57afd203", StayOrder: "A1_2C1587980476", Plate: "苏DDDLL03",
		Reduction: charge.Reduction{Method: charge.MethodAmount, Amount: 200},
		Started:   at("2020-04-16 14:00:40"), Ended: at("2020-04-27 14:50:59"), Order: "not told by 3.36",
	}
	yuan := func(f charge.Fen) lot.Notice {
		n := book336
		n.Reduction.Amount = f
		return n
	}
	tests := map[string]struct {
		n    lot.Notice
		want string
	}{
		// The book's example values (sdk/992397) in the order of its table.
		"3.25 by time": {full,
			`{"service_name":"pay_notice","comid":"20170511810","uuid":"asdaskhfaskfhaskfhak","order_id":"ssss",` +
				`"car_number":"京A12345","type":1,"duration":10,"start_charging_time":"2019-12-26 20:51:46",` +
				`"stop_charging_time":"2019-12-26 21:51:46","start_charge_seq":"202008170000011121","station_id":"1101020200A",` +
				`"station_name":"北京测试<充电桩>A","connector_id":"1101020190A301","connector_name":"301号交流","park_no":"abc-1",` +
				`"power":"12","elec_money":"5","sevice_money":"1.25","total_money":"10","calculation_method":1}`},
		"3.25 by amount": {
			with(func(n *lot.Notice) { n.Reduction = charge.Reduction{Method: charge.MethodAmount, Amount: 1000} }),
			`{"service_name":"pay_notice","comid":"20170511810","uuid":"asdaskhfaskfhaskfhak","order_id":"ssss",` +
				`"car_number":"京A12345","type":1,"reduce_amount":"10.00","start_charge_seq":"7","calculation_method":2}`,
		},
		"3.25 free": {
			with(func(n *lot.Notice) { n.Reduction = charge.Reduction{Method: charge.MethodFree} }),
			`{"service_name":"pay_notice","comid":"20170511810","uuid":"asdaskhfaskfhaskfhak","order_id":"ssss",` +
				`"car_number":"京A12345","type":1,"start_charge_seq":"7","calculation_method":0}`,
		},
		"3.25 lot decides, no stay known": {
			with(func(n *lot.Notice) {
				n.Reduction, n.StayOrder = charge.Reduction{Method: charge.MethodLotDecides}, ""
			}),
			`{"service_name":"pay_notice","comid":"20170511810","uuid":"asdaskhfaskfhaskfhak","order_id":"",` +
				`"car_number":"京A12345","type":1,"start_charge_seq":"7","calculation_method":3}`,
		},
		// The book's own message (sdk/1726765).
		"3.36": {book336,
			`{"service_name":"pay_notice","start_charging_time":"2020-04-16 14:00:40","car_number":"苏DDDLL03",` +
				`"comid":"20180427","stop_charging_time":"2020-04-27 14:50:59","reduce_amount":2.0,"order_id":"A1_2C1587980476",` +
				`"uuid":"4548fcd6bdd4491daf3fb32e57afd203"}`},
		"3.36 tenths": {yuan(250),
			`{"service_name":"pay_notice","start_charging_time":"2020-04-16 14:00:40","car_number":"苏DDDLL03",` +
				`"comid":"20180427","stop_charging_time":"2020-04-27 14:50:59","reduce_amount":2.5,"order_id":"A1_2C1587980476",` +
				`"uuid":"4548fcd6bdd4491daf3fb32e57afd203"}`},
		"3.36 hundredths": {yuan(1005),
			`{"service_name":"pay_notice","start_charging_time":"2020-04-16 14:00:40","car_number":"苏DDDLL03",` +
				`"comid":"20180427","stop_charging_time":"2020-04-27 14:50:59","reduce_amount":10.05,` +
				`"order_id":"A1_2C1587980476","uuid":"4548fcd6bdd4491daf3fb32e57afd203"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := new(Server).Compose(tt.n)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestComposeRefuses(t *testing.T) {
	tests := map[string]lot.Notice{
		"3.36 by time":      {Message: charge.Message336, Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 5}},
		"3.36 free":         {Message: charge.Message336, Reduction: charge.Reduction{Method: charge.MethodFree}},
		"3.25 nothing":      {Message: charge.Message325},
		"5.14 is no line's": {Message: charge.Message514, Reduction: charge.Reduction{Method: charge.MethodFree}},
	}
	for name, n := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := new(Server).Compose(n); err == nil {
				t.Errorf("composed %s", got)
			}
		})
	}
}

func TestChannels(t *testing.T) {
	for id, want := range map[string]int{"": 0, "aaa001": 0, "aaa001_channels_A1_A2_A3": 3,
		"1_liu_channels_东A13_2054": 2} {
		if got := Channels(id); len(got) != want {
			t.Errorf("%q manages %q, want %d channels", id, got, want)
		}
	}
}
