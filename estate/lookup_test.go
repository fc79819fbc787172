package estate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

func merged(t testing.TB, texts ...string) *estate.State {
	t.Helper()
	var s *estate.State
	for _, text := range texts {
		next, _, err := catalog().Merge(s, parse(t, text))
		if err != nil {
			t.Fatal(err)
		}
		s = next
	}
	return s
}

const operators = `
version: 1
vendors:
  - {union_id: "1", ukey: u1}
  - {union_id: "2", ukey: u2}
lots:
  - {lot: "1/1", kind: sdk}
  - {lot: "1/2", kind: sdk}
  - {lot: "2/1", kind: sdk}
accounts:
  - {account: star-all, platform: xingxing, keys: {operator_id: "313744932"}, allow_from: [192.0.2.1/32]}
  - {account: star-vendor, platform: xingxing, scope: "1", keys: {operator_id: "313744932"}, allow_from: [192.0.2.1/32]}
  - {account: star-lot, platform: xingxing, scope: "1/2", keys: {operator_id: "313744932"}, allow_from: [192.0.2.1/32]}
  - {account: star-off, platform: xingxing, scope: "1/1", keys: {operator_id: "313744932"}, state: off}
  - account: star-other
    platform: xingxing
    keys: {operator_id: "999999999"}
    old_keys: {operator_id: "888888888", until: "2030-01-01T00:00:00+08:00"}
    allow_from: [192.0.2.1/32]
  - {account: wan, platform: wanchong, allow_from: [192.0.2.1/32]}
  - {account: xj-lot, platform: xiaoju, scope: "1/1", keys: {sign_key: s1}}
  - {account: xj-all, platform: xiaoju, keys: {sign_key: s2}}
`

func TestAccountsFor(t *testing.T) {
	s := merged(t, operators)
	lot := func(text string) charge.LotID { id, _ := charge.ParseLotID(text); return id }
	for _, c := range []struct {
		name, platform, operator, lot string
		want                          []string
	}{
		{"a lot, narrowest first", "xingxing", "313744932", "1/2", []string{"star-lot", "star-vendor", "star-all"}},
		{"an account that is off does not count", "xingxing", "313744932", "1/1", []string{"star-vendor", "star-all"}},
		{"another vendor", "xingxing", "313744932", "2/1", []string{"star-all"}},
		{"a lot nobody knows is covered by the platform", "xingxing", "313744932", "9/9", []string{"star-all"}},
		{"no lot named: all of the operator", "xingxing", "313744932", "", []string{"star-lot", "star-vendor", "star-all"}},
		{"operator before its change", "xingxing", "888888888", "1/1", []string{"star-other"}},
		{"unknown operator", "xingxing", "000000000", "1/1", nil},
		{"no operator where one is needed", "xingxing", "", "1/1", nil},
		{"first nine characters", "wanchong", "MA59J8YL8", "1/1", []string{"wan"}},
		{"ten characters", "wanchong", "MA59J8YL8Q", "", []string{"wan"}},
		{"eight characters", "wanchong", "MA59J8YL", "", nil},
		{"a platform that names no operator", "xiaoju", "", "1/1", []string{"xj-lot", "xj-all"}},
		{"a name that such a platform sends anyway", "xiaoju", "xj", "1/2", []string{"xj-all"}},
		{"unknown platform", "teleport", "", "1/1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, a := range s.AccountsFor(c.platform, c.operator, lot(c.lot)) {
				got = append(got, a.ID)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n := len(s.AccountsOf("xingxing")); n != 4 {
		t.Errorf("xingxing has %d accounts that are on, want 4", n)
	}
	for range 2 { // a found list must not be a place for the next one to write into
		if a := s.AccountsFor("xingxing", "313744932", lot("1/2")); a[0].ID != "star-lot" || len(a) != 3 {
			t.Errorf("asked again: %v", a)
		}
	}
}

func TestLookups(t *testing.T) {
	s, _, err := catalog().Merge(nil, load(t, "testdata/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	id := charge.LotID{Union: "200461", Park: "1314"}
	lot, vendor, found := s.Lot(id)
	if !found || lot.Name != "二号场" || vendor.Name != "示例停车" || lot.Repeats != charge.RepeatsAdd ||
		lot.Stays != charge.StaysAuto || lot.Message != "" {
		t.Errorf("lot: %+v of %+v, %v", lot, vendor, found)
	}
	if lot, _, _ := s.Lot(charge.LotID{Union: "200461", Park: "1300"}); lot.Stays != charge.StaysRequired ||
		len(lot.Tariff.Periods) != 2 {
		t.Errorf("4g lot: %+v", lot)
	}
	b, charger, found := s.BindingByCharger("atx", []string{"X", "A-0002"})
	if !found || charger != "A-0002" || b.Lot != id {
		t.Errorf("by charger: %+v, %q, %v", b, charger, found)
	}
	if _, _, found := s.BindingByCharger("teld-main", []string{"A-0002"}); found {
		t.Error("a charger was found for another account")
	}
	b, found = s.Binding("teld-main", id)
	if !found || b.Mode != charge.ModeShadow || b.Rules[0].Version != 1 || b.Rules[0].HoldSeconds != 7200 {
		t.Errorf("binding: %+v, %v", b, found)
	}
	if a, found := s.Account("teld-main"); !found || a.Clock != charge.ClockWarn ||
		a.OldKeys["operator_secret"].Reveal() != "hush-teld-old" {
		t.Errorf("account: %+v, %v", a, found)
	}

	off := merged(t,
		`{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],"lots":[{"lot":"1/1","kind":"sdk"},{"lot":"1/2",`+
			`"kind":"sdk"}]}`,
		`{"version":1,"lots":[{"lot":"1/1","state":"off"}]}`)
	if off.KnowsLot(charge.LotID{Union: "1", Park: "1"}) || !off.KnowsLot(charge.LotID{Union: "1", Park: "2"}) {
		t.Error("only lot 1/1 is off")
	}
	off = merged(t, `{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],"lots":[{"lot":"1/1","kind":"sdk"}]}`,
		`{"version":1,"vendors":[{"union_id":"1","state":"off"}]}`)
	if _, found := off.Vendor("1"); found || off.KnowsLot(charge.LotID{Union: "1", Park: "1"}) {
		t.Error("the lots of a vendor that is off are off")
	}
	var none *estate.State
	if none.KnowsLot(id) || none.AccountsFor("xiaoju", "", id) != nil || none.Lots() != nil {
		t.Error("the nil estate knows something")
	}
}

func TestLookupsAllocateNothing(t *testing.T) {
	s, _, err := catalog().Merge(nil, load(t, "testdata/example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	id, chargers := charge.LotID{Union: "200461", Park: "1313"}, []string{"A-0001"}
	allocs := testing.AllocsPerRun(100, func() {
		s.Lot(id)
		s.Binding("teld-main", id)
		s.BindingByCharger("atx", chargers)
		s.AccountsFor("telaidian", "395815801", charge.LotID{})
		s.AccountsFor("xiaoju", "", id)
	})
	if allocs > 0 {
		t.Errorf("the lookups of a push allocate %.0f times", allocs)
	}
}

func TestRuleVersions(t *testing.T) {
	const base = `{"version":1,"vendors":[{"union_id":"1","ukey":"u"}],"lots":[{"lot":"1/1","kind":"sdk"}],
		"accounts":[{"account":"x","platform":"xiaoju","keys":{"sign_key":"k"}}],"bindings":[{"account":"x","lot":"1/1"}]}`
	rule := func(text string) string {
		return `{"version":1,"bindings":[{"account":"x","lot":"1/1","rule":` + text + `}]}`
	}
	const a, b = `{"grant":"fixed","minutes":30}`, `{"grant":"fixed","minutes":60,"effective":"2026-03-01T00:00:00+08:00"}`
	for _, c := range []struct {
		name  string
		texts []string
		want  []int64 // fixed minutes of the versions; 0 is the platform's own rule
	}{
		{"the platform's own", nil, []int64{0}},
		{"a change is a version", []string{rule(a)}, []int64{0, 30}},
		{"the same again is none", []string{rule(a), rule(a), rule(b), rule(b)}, []int64{0, 30, 60}},
		{"the way back is a change", []string{rule(a), rule(b), rule(a)}, []int64{0, 30, 60, 30}},
		{"a list of what there is", []string{rule(a), rule(b), rule("[" + a + "," + b + "]")}, []int64{0, 30, 60}},
		{"a list that goes on", []string{rule(a), rule("[" + a + "," + b + "]")}, []int64{0, 30, 60}},
		{"left out", []string{rule(a), `{"version":1,"bindings":[{"account":"x","lot":"1/1","mode":"shadow"}]}`},
			[]int64{0, 30}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := merged(t, append([]string{base}, c.texts...)...)
			bound, _ := s.Binding("x", charge.LotID{Union: "1", Park: "1"})
			var got []int64
			for i, r := range bound.Rules {
				got = append(got, r.Fixed.Minutes)
				if r.Version != i+1 {
					t.Errorf("version %d stands at %d", r.Version, i)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatAFileLeavesOutStays(t *testing.T) {
	s := merged(t, operators)
	next, changes, err := catalog().Merge(s, parse(t, `
version: 1
lots: [{lot: "1/1", name: 一号场}]
accounts: [{account: star-other, old_keys: {}}, {account: xj-all, keys: {sign_key: hush}},
  {account: star-lot, state: off}]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := `lot 1/1: name set to 一号场
account star-other: old_keys.operator_id 888888888 cleared
account star-other: old_keys.until 2030-01-01T00:00:00+08:00 cleared
account xj-all: keys.sign_key changed
account star-lot: state set to off`
	if diff := cmp.Diff(want, changes.String()); diff != "" {
		t.Error(diff)
	}
	if lot, _, _ := next.Lot(charge.LotID{Union: "1", Park: "1"}); lot.Kind != charge.KindSDK || lot.Name != "一号场" {
		t.Errorf("lot: %+v", lot)
	}
	if lot, _, _ := s.Lot(charge.LotID{Union: "1", Park: "1"}); lot.Name != "" {
		t.Error("the old estate was changed")
	}
	_, changes, err = catalog().Merge(next, parse(t, `{"version":1,"lots":[{"lot":"1/1","name":"二号场"}]}`))
	if err != nil || changes.String() != "lot 1/1: name 一号场 → 二号场" {
		t.Errorf("%v, %s", err, changes)
	}
}
