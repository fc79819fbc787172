package estate_test

import (
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

const stationsDoc = `{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],
	"lots":[{"lot":"1/1","kind":"sdk"},{"lot":"1/2","kind":"sdk"}],
	"accounts":[{"account":"a","platform":"telaidian","keys":{"operator_id":"O","operator_secret":"s",
	"data_secret":"0123456789abcdef","data_secret_iv":"0123456789abcdef","sig_secret":"s"}}],
	"bindings":[{"account":"a","lot":"1/1","rule":{"grant":"as_pushed"},"stations":ONE},
	{"account":"a","lot":"1/2","rule":{"grant":"as_pushed"},"stations":TWO}]}`

// Any binding may list the platform's own stations, and finds its lot by one of them. A station of one issuer stands in
// one lot.
func TestStations(t *testing.T) {
	doc := strings.NewReplacer("ONE", `["70","SZ-1"]`, "TWO", `["71"]`).Replace(stationsDoc)
	s := merged(t, doc)
	for station, want := range map[string]string{"70": "1/1", "SZ-1": "1/1", "71": "1/2", "72": "", "7": ""} {
		b, _, found := s.BindingByCharger("a", []string{station})
		if found != (want != "") || found && b.Lot.String() != want {
			t.Errorf("station %s finds %v, want %q", station, b, want)
		}
	}
	if _, _, found := s.BindingByCharger("another", []string{"70"}); found {
		t.Error("another account finds the station")
	}
	if b, _ := s.Binding("a", charge.LotID{Union: "1", Park: "1"}); len(b.Stations) != 2 {
		t.Errorf("the binding lists %v", b.Stations)
	}
	taken := parse(t, strings.NewReplacer("ONE", `["70"]`, "TWO", `["70"]`).Replace(stationsDoc))
	if _, _, err := catalog().Merge(nil, taken); err == nil || !strings.Contains(err.Error(), "station") {
		t.Errorf("a station in two lots of one issuer: %v", err)
	}
}
