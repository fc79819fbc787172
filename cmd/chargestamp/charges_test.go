package main

import (
	"encoding/json"
	"testing"
)

// What a table has no column for must not be lost in JSON.
func TestListedChargesKeepWhatTheAPITells(t *testing.T) {
	const told = `[{"id":"7","state":"used","energy_kwh":"25.50","usage":{"minutes":3,"amount":"0.00"}}]`
	var items []chargeItem
	if err := json.Unmarshal([]byte(told), &items); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(items); err != nil || string(again) != told {
		t.Errorf("printed %s (%v), want %s", again, err, told)
	}
	if row := chargeTable(items).rows[0]; row[0] != "7" || row[6] != "used" {
		t.Errorf("row %q", row)
	}
}
