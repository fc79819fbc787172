package all

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// alone is one account that every claim fits, locked to the address that pushes come from.
type alone struct{ platform.Candidate }

func (a alone) Candidates(string, platform.Claim) []platform.Candidate {
	return []platform.Candidate{a.Candidate}
}
func (alone) KnowsLot(charge.LotID) bool { return true }

// What a dialect forges passes its own checks, in the lot, by the plate and at the times of the sample: a test push
// works for every platform, an operator's own included.
func TestForgedPushesPass(t *testing.T) {
	own, err := Load(strings.NewReader(ownProfile(t)), "fifteen.toml")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)
	sample := platform.Sample{Order: "TEST20260303000001", Plate: "京AD12345",
		Lot:     charge.LotID{Union: "200461", Park: "1313"},
		Charger: "4402020030000009", Started: now.Add(-time.Hour), Ended: now.Add(-time.Minute), Energy: 12500, Total: 1500,
		Minutes: 60}
	for _, d := range append(Builtin(), own) {
		info := d.Info()
		forger, ok := d.(platform.Forger)
		if !ok {
			t.Errorf("%s has no test push", info.ID)
			continue
		}
		keys := platform.Keys{"ukey": "ukey-of-the-vendor", "ckey": "ckey-of-the-lot"}
		for _, k := range info.Keys {
			keys[k.Name] = charge.Secret("0123456789abcdef")
		}
		account := platform.Account{ID: "a", Clock: charge.ClockEnforce, Keys: []platform.Keys{keys},
			TokenKey: make([]byte, 32)}
		at := netip.MustParseAddr("192.0.2.1")
		q, err := forger.Forge(keys, sample, seal.SealToken(account.TokenKey, "a", now.Add(time.Hour)), now)
		if err != nil {
			t.Errorf("%s: %v", info.ID, err)
			continue
		}
		p := platform.Push{Platform: info.ID, Method: "POST", Path: q.Path, Header: q.Header, Body: q.Body, Remote: at,
			Received: now}
		for _, r := range info.Routes {
			if r.Path == q.Path {
				p.Route = r
			}
		}
		got := platform.Admit(d, alone{platform.Candidate{Account: account,
			AllowFrom: []netip.Prefix{netip.PrefixFrom(at, 32)}}}, p, now)
		if got.Refusal != nil || got.Message.Charge == nil {
			t.Errorf("%s: %v", info.ID, got.Refusal)
			continue
		}
		c := got.Message.Charge
		unnumbered, untimed := info.ID == "xiangqianchong", info.ID == "weilai" // what the platform has no words for
		if !unnumbered && c.Order != sample.Order || c.Plate != sample.Plate ||
			!untimed && c.Ended.Unix() != sample.Ended.Unix() || got.Message.Warning != "" {
			t.Errorf("%s: read %+v, warning %q", info.ID, *c, got.Message.Warning)
		}
		byCharger := info.LotField == "" || info.ByStation
		if found := c.Lot == sample.Lot || byCharger && c.Chargers[0] == sample.Charger; !found {
			t.Errorf("%s: lot %s, chargers %v", info.ID, c.Lot, c.Chargers)
		}
	}
}
