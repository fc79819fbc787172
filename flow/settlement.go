package flow

import (
	"encoding/json"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/lot/ledger"
)

// settlement is what a stay keeps so that an older message undoes nothing: its earlier plates and, in a 4G lot, the
// payments by their trade numbers and, once the car has left, the answer that its exit was given.
type settlement struct {
	// Was are the plates that it was corrected from, and Forced says that it began by force_update.
	Was    []formerPlate `json:"was,omitempty"`
	Forced bool          `json:"forced,omitempty"`

	Trades []string `json:"trades,omitempty"`
	// Sums has what each trade number paid; those of older versions are missing.
	Sums  map[string]charge.Fen `json:"sums,omitempty"`
	Final *ledger.Quote         `json:"final,omitempty"`
	Took  charge.Fen            `json:"took"` // what the gate says it took
}

// formerPlate is a plate that a stay had before its lot corrected it.
type formerPlate struct {
	Plate  charge.Plate `json:"plate"`
	Forced bool         `json:"forced,omitempty"`
}

// older reports whether an entry of a stay's in_time comes from before the plate was corrected: one that names a
// former plate, unless it is the first that asks for it by force_update.
func (st settlement) older(e lot.Entry) bool {
	return slices.ContainsFunc(st.Was,
		func(was formerPlate) bool { return was.Plate == e.Plate && (was.Forced || !e.Replace) })
}

func settlementOf(s *charge.Stay) (settlement, error) {
	var st settlement
	if len(s.Settlement) == 0 {
		return st, nil
	}
	err := json.Unmarshal(s.Settlement, &st)
	return st, err
}

func (st settlement) keep(s *charge.Stay) (err error) {
	s.Settlement, err = json.Marshal(st)
	return err
}
