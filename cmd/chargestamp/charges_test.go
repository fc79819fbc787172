package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// What a table has no column for must not be lost in JSON.
func TestListedChargesKeepWhatTheAPISends(t *testing.T) {
	const sent = `[{"id":"7","state":"used","energy_kwh":"25.50","usage":{"minutes":3,"amount":"0.00"}}]`
	var items []item
	if err := json.Unmarshal([]byte(sent), &items); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(items); err != nil || string(again) != sent {
		t.Errorf("printed %s (%v), want %s", again, err, sent)
	}
	for head, want := range map[string]string{"id": "7", "state": "used", "used_minutes": "3", "granted_minutes": "-"} {
		for _, col := range chargeAll {
			if col.head == head && col.show(items[0]) != want {
				t.Errorf("%s is %q, want %q", head, col.show(items[0]), want)
			}
		}
	}
}

// A Chinese name takes two places a character: what stands behind it must not shift.
func TestTablesAlignByDisplayWidth(t *testing.T) {
	var out strings.Builder
	if err := (table{[]string{"NAME", "KIND"}, [][]string{{"一号场", "sdk"}, {"lot", "api"}}}).write(&out); err != nil {
		t.Fatal(err)
	}
	const want = "NAME    KIND\n一号场  sdk\nlot     api\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}
