package estate_test

import (
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

const chargersDoc = `{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],"lots":[{"lot":"1/1","kind":"sdk"}],
	"accounts":[{"account":"a","platform":"aotexun","keys":{"operator_id":"1","operator_secret":"s",
	"data_secret":"0123456789abcdef","data_secret_iv":"0123456789abcdef","sig_secret":"s"}}],
	"bindings":[{"account":"a","lot":"1/1","chargers":CHARGERS}]}`

// A pushed gun finds the pile that is listed: as it is first, then without the one to three digits of a gun.
func TestGunFindsPile(t *testing.T) {
	s := merged(t, strings.Replace(chargersDoc, "CHARGERS", `["4402020030000009","440202003000001"]`, 1))
	for pushed, want := range map[string]string{
		"4402020030000009": "4402020030000009", "4402020030000009001": "4402020030000009",
		"44020200300000091": "4402020030000009",
		"440202003000001":   "440202003000001", "44020200300000090011": "", "4402020030000008001": "",
		"4402020030000009abc": "", "001": "", "": "",
	} {
		_, got, found := s.BindingByCharger("a", []string{pushed})
		if got != want || found != (want != "") {
			t.Errorf("%s finds %q", pushed, got)
		}
	}
	if _, got, _ := s.BindingByCharger("a", []string{"4402020030000009001", "440202003000001"}); got != "440202003000001" {
		t.Errorf("an id as it is listed comes first, got %q", got)
	}
	if _, _, found := s.BindingByCharger("b", []string{"4402020030000009"}); found {
		t.Error("another account's charger was found")
	}
}

// Of two ids of which one begins the other a pushed gun could mean either.
func TestChargersThatBeginEachOther(t *testing.T) {
	doc := strings.Replace(chargersDoc, "CHARGERS", `["4402020030000009001","4402020030000009"]`, 1)
	_, _, err := catalog().Merge(nil, parse(t, doc))
	if err == nil || !strings.Contains(err.Error(), "is listed as well") {
		t.Errorf("%v", err)
	}
}

// A lot that is switched off is distinguished from one that is not there.
func TestLotOff(t *testing.T) {
	s := merged(t,
		`{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],"lots":[{"lot":"1/1","kind":"sdk","state":"off"},`+
			`{"lot":"1/2","kind":"sdk"}]}`)
	for park, off := range map[string]bool{"1": true, "2": false, "3": false} {
		if got := s.LotOff(charge.LotID{Union: "1", Park: park}); got != off {
			t.Errorf("lot 1/%s: off %v", park, got)
		}
	}
}
