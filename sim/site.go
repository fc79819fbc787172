package sim

import (
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// union is the vendor of all lots.
const union = "200461"

// Keys of the lots and of their vendor.
const (
	keyOfLot    = "a-ckey-of-the-simulator"
	keyOfVendor = "a-key-of-the-simulator"
)

func lotOf(park string) charge.LotID { return charge.LotID{Union: union, Park: park} }

// The nested lots of every site.
var outerLot, innerLot = lotOf("outer"), lotOf("inner")

// accounts are the platforms' accounts. Two of one platform number their orders alike: they are two issuers.
var accounts = []charge.Account{
	{ID: "teld", Platform: "telaidian"}, {ID: "teld-2", Platform: "telaidian"}, {ID: "xj", Platform: "xiaoju"},
}

// site is the estate of one history: what its lots are like, and by which rules charges count in them. Faults change
// its bindings and switch lots off.
type site struct {
	lots     map[charge.LotID]charge.Lot
	bindings map[string]charge.Binding // by account and lot
	focus    []charge.LotID            // the lots that cars go to
	off      map[charge.LotID]bool
}

// newSite draws a site.
func newSite(w *world) *site {
	s := &site{lots: map[charge.LotID]charge.Lot{}, bindings: map[string]charge.Binding{}, off: map[charge.LotID]bool{}}
	tariff := &charge.Tariff{FreeMinutes: 15, UnitMinutes: 30, UnitPrice: 250, DailyCap: 3000, LeaveMinutes: 15}
	for _, l := range []charge.Lot{
		{ID: lotOf("sdk-1"), Kind: charge.KindSDK}, {ID: lotOf("sdk-2"), Kind: charge.KindSDK},
		{ID: lotOf("api-1"), Kind: charge.KindAPI}, {ID: lotOf("api-2"), Kind: charge.KindAPI},
		{ID: lotOf("coupon"), Kind: charge.KindCoupon, Target: "tingjiandan",
			Keys: map[string]charge.Secret{"partner": "p-1", "secret": "a-secret-of-the-simulator"}},
		{ID: lotOf("gate"), Kind: charge.Kind4G, Tariff: tariff},
		{ID: outerLot, Kind: charge.Kind4G, Tariff: tariff},
		{ID: innerLot, Kind: charge.Kind4G, Tariff: tariff, Parent: outerLot},
	} {
		l.Stays, l.Repeats = charge.StaysRequired, pick(w, charge.RepeatsAdd, charge.RepeatsReplace, charge.RepeatsUnsafe)
		if l.Kind != charge.Kind4G {
			l.Stays = pick(w, charge.StaysAuto, charge.StaysRequired, charge.StaysNone)
		}
		switch l.Kind {
		case charge.KindSDK:
			l.Message, l.Ckey = charge.Message325, keyOfLot
		case charge.KindAPI:
			l.Callback = addressOf(l.ID)
		case charge.KindCoupon:
			l.Stays, l.Address = charge.StaysNone, addressOf(l.ID)
		}
		s.lots[l.ID] = l
		if w.chance(60) || len(s.focus) == 0 {
			s.focus = append(s.focus, l.ID)
		}
	}
	limits := drawPlateLimits(w)
	combine := pick(w, charge.CombineBest, charge.CombineSum, charge.CombineFirst)
	for _, id := range s.all() {
		for _, a := range accounts {
			s.bindings[a.ID+"@"+id.String()] = charge.Binding{Account: a.ID, Lot: id, Mode: charge.ModeLive,
				Rules: []charge.Rule{limits.on(drawRule(w, combine))}}
		}
	}
	return s
}

// all lists the lots in one order.
func (s *site) all() []charge.LotID { return sortedKeys(s.lots, charge.LotID.String) }

// plateLimits are the same for all bindings of a site, so that what they hold can be checked whichever rule decided.
type plateLimits struct {
	perDay charge.PerDay
	lock   charge.Lock
}

func drawPlateLimits(w *world) plateLimits {
	if w.chance(50) {
		return plateLimits{}
	}
	reach := pick(w, charge.Reach(""), charge.ReachVendor)
	return plateLimits{
		perDay: charge.PerDay{Times: pick[int64](w, 0, 2), Minutes: pick[int64](w, 0, 70),
			Amount: pick[charge.Fen](w, 0, 900), Per: reach},
		lock: charge.Lock{Seconds: pick[int64](w, 0, 0, 3600), Per: reach},
	}
}

func (l plateLimits) on(r charge.Rule) charge.Rule {
	r.PerDay, r.Lock = l.perDay, l.lock
	if r.Grant == charge.GrantChargeTime {
		r.Takes = charge.TakesCharge // of meaning in 4G lots alone
	}
	if l.lock.Seconds > 0 {
		r.LeaveWithinSeconds = 1800
	}
	return r
}

func drawRule(w *world, combine charge.Combine) charge.Rule {
	r := charge.Rule{Version: 1, Grant: charge.GrantAsPushed, Combine: combine, Target: charge.TargetStay}
	if w.chance(25) {
		r.Combine = pick(w, charge.CombineBest, charge.CombineSum, charge.CombineFirst)
	}
	switch w.below(5) {
	case 0:
		r.Grant, r.Fixed = charge.GrantFixed, charge.Reduction{Method: charge.MethodTime, Minutes: 45}
	case 1:
		r.Grant, r.PlusMinutes = charge.GrantChargeTime, 10
	}
	if w.chance(50) {
		r.CapMinutes, r.CapAmount = 60, 800
	}
	r.HoldSeconds = pick[int64](w, 0, 7200, 7200, 7200)
	r.Target = pick(w, charge.TargetStay, charge.TargetOuter, charge.TargetAtCharge)
	return r
}

// Lot implements lot.Directory.
func (s *site) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	l, ok := s.lots[id]
	v, _ := s.Vendor(id.Union)
	return l, v, ok && !s.off[id]
}

// Vendor implements lot.Directory.
func (s *site) Vendor(id string) (charge.Vendor, bool) {
	return charge.Vendor{UnionID: id, Ukey: keyOfVendor}, true
}

// Park implements line.Directory.
func (s *site) Park(park string) []charge.LotID {
	if _, ok := s.lots[lotOf(park)]; ok {
		return []charge.LotID{lotOf(park)}
	}
	return nil
}

// Account implements flow.Estate.
func (s *site) Account(id string) (charge.Account, bool) {
	for _, a := range accounts {
		if a.ID == id {
			a.Undated, a.Report = charge.UndatedOnceAStay, &charge.ReportTarget{URL: "https://report.example"}
			return a, true
		}
	}
	return charge.Account{}, false
}

// Binding implements flow.Estate.
func (s *site) Binding(account string, id charge.LotID) (charge.Binding, bool) {
	b, ok := s.bindings[account+"@"+id.String()]
	return b, ok
}

// Issuer implements flow.Estate.
func (s *site) Issuer(account string, id charge.LotID) charge.Issuer {
	return charge.IssuerOf(charge.IssuerAccount, account, charge.Scope{}, id)
}

// LotOff implements flow.Estate.
func (s *site) LotOff(id charge.LotID) bool { return s.off[id] }

// LotOfCharger implements flow.Estate.
func (s *site) LotOfCharger(string, []string) (charge.LotID, string, bool) {
	return charge.LotID{}, "", false
}

// Children implements flow.Estate.
func (s *site) Children(id charge.LotID) []charge.LotID {
	if id == outerLot {
		return []charge.LotID{innerLot}
	}
	return nil
}

// reporting is a dialect of which the story needs no more than that it reports.
type reporting struct {
	platform.Dialect
	platform.Reporter
}

// Info implements platform.Dialect.
func (reporting) Info() platform.Info { return platform.Info{ID: "telaidian", FormID: 4} }
