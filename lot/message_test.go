package lot

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// TestExitByOrder: an exit is found by its order; without a plate, or with an entry time that cannot be, it is one all
// the same.
func TestExitByOrder(t *testing.T) {
	now := time.Unix(1795899048, 0).UTC()
	for data, want := range map[string]Exit{
		`{"order_id":"r-1","car_number":"京A12345","in_time":1795890000,"out_time":1795899000}`: {Plate: "京A12345",
			Entered: time.Unix(1795890000, 0).UTC()},
		`{"order_id":"r-1","car_number":"","out_time":1795899000}`: {
			Plate: charge.UnplatedBy("r-1")},
		`{"order_id":"r-1","out_time":1795899000}`: {
			Plate: charge.UnplatedBy("r-1")},
		`{"order_id":"r-1","car_number":"无牌车","in_time":1795890000000,"out_time":"1795899000"}`: {
			Plate: charge.UnplatedBy("r-1")},
		`{"order_id":"r-1","car_number":"京A12345","in_time":"2026-11-29","out_time":1.795899E9}`: {Plate: "京A12345"},
		`{"order_id":"r-1","car_number":"京A12345","in_time":946684800,"out_time":1795899000.0}`:  {Plate: "京A12345"},
	} {
		f, err := ReadFields([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		got := f.Exit(charge.LotID{Union: "1", Park: "2"}, now)
		if f.Err() != nil || got.Plate != want.Plate || !got.Entered.Equal(want.Entered) || got.Left.Unix() != 1795899000 ||
			got.OrderID != "r-1" {
			t.Errorf("%s: %+v, %v", data, got, f.Err())
		}
	}
}
