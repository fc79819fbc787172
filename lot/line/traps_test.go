package line

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// The numbers that look alike but differ between interfaces (docs/lots/README.md), as far as they concern the line.

// trapNotice is composed and read back with every member as it stands on the wire.
func trapNotice(t *testing.T, m charge.Message, r charge.Reduction) map[string]json.RawMessage {
	t.Helper()
	at := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	body, err := (&Server{}).Compose(lot.Notice{Lot: charge.LotID{Union: "200461", Park: "1313"}, Message: m,
		UUID: "4548fcd6bdd4491daf3fb32e57afd203", StayOrder: "A1", Plate: "京A12345", Reduction: r, Order: "1",
		Started: at.Add(-time.Hour), Ended: at, Detail: charge.Detail{Power: "12", SeviceMoney: "1.25", TotalMoney: "10"}})
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func wantMember(t *testing.T, members map[string]json.RawMessage, name, want string) {
	t.Helper()
	if got := string(members[name]); got != want {
		t.Errorf("%s is %s on the wire, want %s", name, got, want)
	}
}

func TestTrapTypeIn325IsOne(t *testing.T) {
	wantMember(t, trapNotice(t, charge.Message325, charge.Reduction{Method: charge.MethodTime, Minutes: 30}), "type", "1")
}

func TestTrap336HasNoType(t *testing.T) {
	members := trapNotice(t, charge.Message336, charge.Reduction{Method: charge.MethodAmount, Amount: 200})
	if _, has := members["type"]; has {
		t.Error("3.36 carries a type: lots tell it from 3.25 by its absence")
	}
}

func TestTrapCalculationMethodOf325(t *testing.T) {
	for want, r := range map[string]charge.Reduction{
		"0": {Method: charge.MethodFree}, "1": {Method: charge.MethodTime, Minutes: 30},
		"2": {Method: charge.MethodAmount, Amount: 1000}, "3": {Method: charge.MethodLotDecides},
	} {
		wantMember(t, trapNotice(t, charge.Message325, r), "calculation_method", want)
	}
}

func TestTrapReduceAmountIsTextIn325AndADoubleIn336(t *testing.T) {
	r := charge.Reduction{Method: charge.MethodAmount, Amount: 200}
	wantMember(t, trapNotice(t, charge.Message325, r), "reduce_amount", `"2.00"`)
	var double float64
	if err := json.Unmarshal(trapNotice(t, charge.Message336, r)["reduce_amount"], &double); err != nil || double != 2 {
		t.Errorf("reduce_amount of 3.36 is %v (%v), want the number 2.0", double, err)
	}
}

func TestTrapComidIsThePark(t *testing.T) {
	members := trapNotice(t, charge.Message325, charge.Reduction{Method: charge.MethodTime, Minutes: 30})
	wantMember(t, members, "comid", `"1313"`)
	if _, has := members["park_id"]; has {
		t.Error("3.25 carries park_id, which is 5.14's word for comid")
	}
}

func TestTrapPowerMoneysAndTimesOf325AreTexts(t *testing.T) {
	members := trapNotice(t, charge.Message325, charge.Reduction{Method: charge.MethodTime, Minutes: 30})
	wantMember(t, members, "power", `"12"`)
	wantMember(t, members, "sevice_money", `"1.25"`) // misspelled everywhere, and so it stays
	wantMember(t, members, "total_money", `"10"`)
	wantMember(t, members, "start_charging_time", `"2024-01-01 11:00:00"`)
	wantMember(t, members, "duration", "30")
}

func TestTrapTicketTypeOf312IsNoReductionOfOurs(t *testing.T) {
	for _, m := range []charge.Message{charge.Message325, charge.Message336} {
		if _, has := trapNotice(t, m, charge.Reduction{Method: charge.MethodAmount, Amount: 200})["ticket_type"]; has {
			t.Errorf("%s carries ticket_type, a coupon's numbering", m)
		}
	}
}
