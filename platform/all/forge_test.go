package all

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"slices"
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

// forgery is a push that a dialect forged, with the account whose keys it has.
type forgery struct {
	dialect platform.Dialect
	request platform.Request
	account platform.Account
}

var forgedAt = time.Date(2026, 3, 3, 12, 0, 0, 0, charge.Shanghai)

func forgedSample() platform.Sample {
	return platform.Sample{Order: "TEST20260303000001", Plate: "京AD12345",
		Lot:     charge.LotID{Union: "200461", Park: "1313"},
		Charger: "4402020030000009", Started: forgedAt.Add(-time.Hour), Ended: forgedAt.Add(-time.Minute), Energy: 12500,
		Total: 1500, Minutes: 60}
}

// forge has every dialect forge a push, an operator's own profile too.
func forge(t testing.TB) (all []forgery) {
	t.Helper()
	own, err := Load(strings.NewReader(ownProfile(t)), "fifteen.toml")
	if err != nil {
		t.Fatal(err)
	}
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
		q, err := forger.Forge(keys, forgedSample(), seal.SealToken(account.TokenKey, "a", forgedAt.Add(time.Hour)),
			forgedAt)
		if err != nil {
			t.Errorf("%s: %v", info.ID, err)
			continue
		}
		all = append(all, forgery{d, q, account})
	}
	return all
}

// admit takes the push in, with another body and header.
func (f forgery) admit(header http.Header, body []byte) platform.Admission {
	at := netip.MustParseAddr("192.0.2.1")
	p := platform.Push{Platform: f.dialect.Info().ID, Method: "POST", Path: f.request.Path, Header: header, Body: body,
		Remote: at, Received: forgedAt}
	for _, r := range f.dialect.Info().Routes {
		if r.Path == f.request.Path {
			p.Route = r
		}
	}
	return platform.Admit(f.dialect, alone{platform.Candidate{Account: f.account,
		AllowFrom: []netip.Prefix{netip.PrefixFrom(at, 32)}}}, p, forgedAt)
}

// What a dialect forges passes its own checks, in the lot, by the plate and at the times of the sample: a test push
// works for every platform, an operator's own included.
func TestForgedPushesPass(t *testing.T) {
	sample := forgedSample()
	for _, f := range forge(t) {
		info := f.dialect.Info()
		got := f.admit(f.request.Header, f.request.Body)
		if got.Refusal != nil || got.Message.Charge == nil {
			t.Errorf("%s: %v", info.ID, got.Refusal)
			continue
		}
		c := got.Message.Charge
		unnumbered, untimed := info.ID == "xiangqianchong", info.ID == "weilai" // what the platform has no words for
		if !unnumbered && c.Order != sample.Order || c.Plate != sample.Plate ||
			!untimed && c.Ended.Unix() != sample.Ended.Unix() || len(got.Message.Warnings) > 0 {
			t.Errorf("%s: read %+v, warning %q", info.ID, *c, got.Message.Warnings)
		}
		byCharger := info.LotField == "" || info.ByStation
		if found := c.Lot == sample.Lot || byCharger && c.Chargers[0] == sample.Charger; !found {
			t.Errorf("%s: lot %s, chargers %v", info.ID, c.Lot, c.Chargers)
		}
	}
}

// A byte order mark before a body says nothing: every platform's push is taken behind one, and so is what Base64 of
// open interface 13 holds.
func TestByteOrderMarksAreSkipped(t *testing.T) {
	const mark = "\uFEFF"
	for _, f := range forge(t) {
		info := f.dialect.Info()
		bodies := [][]byte{append([]byte(mark), f.request.Body...)}
		if info.Family == "open13" {
			bodies = append(bodies, []byte(base64.StdEncoding.EncodeToString(append([]byte(mark), f.request.Plain...))))
		}
		for i, body := range bodies {
			if got := f.admit(f.request.Header, body); got.Refusal != nil {
				t.Errorf("%s, form %d: %v", info.ID, i, got.Refusal)
			}
		}
	}
}

// Senders leave out the blank behind Bearer, or the scheme.
func TestAccessTokensInEveryForm(t *testing.T) {
	shown := 0
	for _, f := range forge(t) {
		asks := slices.ContainsFunc(f.dialect.Info().Routes,
			func(r platform.Route) bool { return r.Kind == platform.RouteToken })
		token, found := strings.CutPrefix(f.request.Header.Get("Authorization"), "Bearer ")
		if !found || !asks {
			continue
		}
		shown++
		for form, taken := range map[string]bool{"Bearer " + token: true, "Bearer" + token: true, token: true,
			"bearer  " + token: true, "": false, "Bearer": false, "Bearer " + token[1:]: false, "Basic " + token: false} {
			header := f.request.Header.Clone()
			header.Set("Authorization", form)
			got := f.admit(header, f.request.Body)
			if refused := got.Refusal != nil && got.Refusal.Outcome == charge.OutcomeBadToken; refused == taken {
				t.Errorf("%s: %q: %v", f.dialect.Info().ID, strings.ReplaceAll(form, token, "TOKEN"), got.Refusal)
			}
		}
	}
	if shown == 0 {
		t.Error("no platform shows an access token")
	}
}
