package profile

import (
	"errors"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

var lenient = NewTable(Columns{
	RolePlate: {Names: []string{"plate"}, Required: true}, RoleOrder: {Names: []string{"order"}},
	RoleStart: {Names: []string{"start"}, Unit: UnitText}, RoleEnd: {Names: []string{"end"}, Unit: UnitText},
	RoleMinutes: {Names: []string{"minutes"}, Unit: UnitMinutes}, RoleEnergy: {Names: []string{"energy"}, Unit: UnitKWh},
	RoleTotalMoney: {Names: []string{"total"}, Unit: UnitYuan}, RoleStationName: {Names: []string{"name"}},
}, Asking{Otherwise: AskTime}, [][]string{{"order"}, {"lot", "plate", "start", "end"}})

func read(t *testing.T, pairs ...string) (*platform.Charge, charge.Notes, error) {
	t.Helper()
	fields := []seal.Field{{Name: "plate", Text: "京A12345", Kind: seal.String},
		{Name: "order", Text: "1", Kind: seal.String}}
	for i := 0; i < len(pairs); i += 2 {
		fields = Put(fields, pairs[i], pairs[i+1])
	}
	v := lenient.Find(fields)
	c, err := v.Charge(charge.LotID{Union: "1", Park: "2"})
	return c, v.Warnings(), err
}

// What only describes never refuses a push: it is cut or left out, with a warning.
func TestDescriptionsRefuseNothing(t *testing.T) {
	for _, pair := range [][2]string{
		{"total", "15.0012"}, {"total", "35.800000000000004"}, {"total", "15.00元"}, {"total", "-1"}, {"total", "1e99"},
		{"energy", "-0.01"}, {"energy", "much"}, {"name", "a\tb"}, {"name", strings.Repeat("站", 200)},
		{"start", "yesterday"}, {"end", "0001-01-01 00:00:00"},
	} {
		c, warning, err := read(t, pair[0], pair[1])
		if err != nil || len(warning) == 0 {
			t.Errorf("%s %q: %v, warning %q", pair[0], pair[1], err, warning)
			continue
		}
		if strings.ContainsFunc(c.Detail.StationName, isControl) || len([]rune(c.Detail.StationName)) > maxText {
			t.Errorf("the lot would get %q", c.Detail.StationName)
		}
	}
	for text, want := range map[string]charge.Fen{"0E-8": 0, "1.5E+1": 1500, "15.0012": 1500, "35.800000000000004": 3580} {
		if c, _, err := read(t, "total", text); err != nil || !c.HasTotal || c.Total != want {
			t.Errorf("total %q is %v, %v", text, c.Total, err)
		}
	}
	if c, warning, err := read(t, "minutes", "3E+1"); err != nil || len(warning) > 0 || c.Ask.Minutes != 30 {
		t.Errorf("minutes 3E+1: %+v, %q, %v", c.Ask, warning, err)
	}
}

// What identifies a charge stays strict, and the refusal keeps what could be read.
func TestWhatIdentifiesIsStrict(t *testing.T) {
	for _, pairs := range [][]string{
		{"plate", "<script>"}, {"order", strings.Repeat("9", 200)}, {"order", "1\n2"},
		{"order", "", "start", "yesterday", "end", "2024-01-01 10:00:00"},
		{"order", "", "start", "2024-01-01 10:00:00", "end", "2024-01-01 09:00:00"},
	} {
		_, _, err := read(t, pairs...)
		var r *platform.Refusal
		if !errors.As(err, &r) || r.Outcome != charge.OutcomeBadField || r.Read.Lot.IsZero() {
			t.Errorf("%q: %v", pairs, err)
		}
	}
}

// A reduction that cannot be read refuses the push of a rule that grants as pushed, and of no other rule.
func TestUnreadPartsRefuseByRule(t *testing.T) {
	asPushed, fixed := &charge.Rule{Grant: charge.GrantAsPushed}, &charge.Rule{Grant: charge.GrantFixed}
	byTime, byEnergy := &charge.Rule{Grant: charge.GrantChargeTime}, &charge.Rule{Grant: charge.GrantFixed, MinEnergy: 1}
	for _, c := range []struct {
		name, text string
		rule       *charge.Rule
		refused    bool
	}{
		{"minutes", "many", asPushed, true}, {"minutes", "many", fixed, false}, {"minutes", "-5", asPushed, true},
		{"start", "yesterday", byTime, true}, {"start", "yesterday", asPushed, false},
		{"energy", "much", byEnergy, true}, {"energy", "much", byTime, false}, {"total", "much", byEnergy, false},
	} {
		got, _, err := read(t, c.name, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if r := got.Unusable(c.rule); (r != nil) != c.refused {
			t.Errorf("%s %q by %s: %v", c.name, c.text, c.rule.Grant, r)
		}
	}
}
