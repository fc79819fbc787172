package demo

import (
	"crypto/rand"
	"encoding/hex"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// The estate of the tour: four vendors, one for each kind of lot, and an account for every platform, with
// keys invented at every start.

type estateFile struct {
	Version  int             `yaml:"version"`
	Vendors  []estateVendor  `yaml:"vendors"`
	Lots     []estateLot     `yaml:"lots"`
	Accounts []estateAccount `yaml:"accounts"`
	Bindings []estateBinding `yaml:"bindings"`
}

type estateVendor struct {
	UnionID       string `yaml:"union_id"`
	Name          string `yaml:"name"`
	Ukey          string `yaml:"ukey"`
	OpenInterface bool   `yaml:"open_interface"`
}

type estateLot struct {
	Lot      string        `yaml:"lot"`
	Name     string        `yaml:"name"`
	Kind     string        `yaml:"kind"`
	Ckey     string        `yaml:"ckey"`
	Message  string        `yaml:"message,omitempty"`
	Callback string        `yaml:"callback,omitempty"`
	AllowTo  []string      `yaml:"allow_to,omitempty"`
	Stays    string        `yaml:"stays,omitempty"`
	Tariff   *estateTariff `yaml:"tariff,omitempty"`

	Target  string            `yaml:"target,omitempty"`
	Keys    map[string]string `yaml:"keys,omitempty"`
	Address string            `yaml:"address,omitempty"`
}

type estateTariff struct {
	FreeMinutes  int64  `yaml:"free_minutes"`
	UnitMinutes  int64  `yaml:"unit_minutes"`
	UnitPrice    string `yaml:"unit_price"`
	LeaveMinutes int64  `yaml:"leave_minutes"`
}

type estateAccount struct {
	Account   string            `yaml:"account"`
	Platform  string            `yaml:"platform"`
	Scope     string            `yaml:"scope"`
	Keys      map[string]string `yaml:"keys,omitempty"`
	AllowFrom []string          `yaml:"allow_from,omitempty"`
	PathToken string            `yaml:"path_token,omitempty"`
	Report    *estateReport     `yaml:"report,omitempty"`
}

type estateReport struct {
	URL     string   `yaml:"url"`
	AllowTo []string `yaml:"allow_to"`
}

type estateBinding struct {
	Account  string     `yaml:"account"`
	Lot      string     `yaml:"lot"`
	Mode     string     `yaml:"mode"`
	Chargers []string   `yaml:"chargers,omitempty"`
	Stations []string   `yaml:"stations,omitempty"`
	Rule     estateRule `yaml:"rule"`
}

type estateRule struct {
	Grant       string `yaml:"grant"`
	Minutes     int64  `yaml:"minutes,omitempty"`
	Amount      string `yaml:"amount,omitempty"`
	Free        bool   `yaml:"free,omitempty"`
	PlusMinutes int64  `yaml:"plus_minutes,omitempty"`
	CapMinutes  int64  `yaml:"cap_minutes,omitempty"`
	Combine     string `yaml:"combine,omitempty"`
}

// estateKeys are the keys that the players and the estate share.
type estateKeys struct {
	ukey      string
	ckey      map[charge.LotID]string
	platform  map[string]play.Keys
	pathToken map[string]string
	target    map[charge.LotID]play.Keys // of the lots of other parking systems
}

// loopback is where all of the tour happens.
var loopback = []string{"127.0.0.1/32"}

// inventKeys makes up every key of a tour.
func inventKeys(lots []charge.LotID) estateKeys {
	k := estateKeys{
		ukey:      invent(8),
		ckey:      map[charge.LotID]string{},
		platform:  map[string]play.Keys{},
		pathToken: map[string]string{"wanchong": invent(16)},
		target: map[charge.LotID]play.Keys{
			couponLot: {"org_id": invent(4), "org_secret": invent(16), "inout_token": invent(16)},
			eventLot: {
				"app_id": invent(4), "app_secret": invent(16), "api_store_code": invent(4), "api_type": invent(4),
				"minutes_key": "m" + invent(3),
			},
		},
	}
	for _, lot := range lots {
		k.ckey[lot] = invent(8)
	}
	for _, platform := range play.Platforms() {
		keys := play.Keys{}
		names, _ := play.KeyNames(platform) // it is one of Platforms
		for _, name := range names {
			switch name {
			case "ukey":
				keys[name] = k.ukey
			case "ckey": // differs by lot, see tour.player
			case "data_secret", "data_secret_iv":
				keys[name] = invent(8)
			case "operator_id", "app_id":
				keys[name] = invent(5)[:9]
			default:
				keys[name] = invent(16)
			}
		}
		k.platform[platform] = keys
	}
	return k
}

// invent returns n random bytes as hex.
func invent(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// account is a platform's account, its lock where it has one.
func (k estateKeys) account(platform string) estateAccount {
	a := estateAccount{Account: "demo-" + platform, Platform: platform, Scope: "platform",
		PathToken: k.pathToken[platform]}
	for name, value := range k.platform[platform] {
		if name == "ukey" || name == "ckey" {
			continue
		}
		if a.Keys == nil {
			a.Keys = map[string]string{}
		}
		a.Keys[name] = value
	}
	if platform == "xingxing" || platform == "guowang-jinan" || platform == "xiangqianchong" {
		a.AllowFrom = loopback
	}
	return a
}

func (f estateFile) yaml() ([]byte, error) { return yaml.Marshal(f) }

// fixed are rules that give one thing whatever is pushed.
func fixedMinutes(n int64) estateRule     { return estateRule{Grant: "fixed", Minutes: n} }
func fixedAmount(f charge.Fen) estateRule { return estateRule{Grant: "fixed", Amount: f.String()} }
func fixedFree() estateRule               { return estateRule{Grant: "fixed", Free: true} }
func asPushed() estateRule                { return estateRule{Grant: "as_pushed"} }
func chargeTime(plus int64) estateRule    { return estateRule{Grant: "charge_time", PlusMinutes: plus} }
func lotDecides() estateRule              { return estateRule{Grant: "lot_decides"} }
func asksMinutes(n int64) charge.Reduction {
	return charge.Reduction{Method: charge.MethodTime, Minutes: n}
}
func asksAmount(f charge.Fen) charge.Reduction {
	return charge.Reduction{Method: charge.MethodAmount, Amount: f}
}

// plan is one row of the tour: a platform in a kind of lot, what its push asks for and what the binding's
// rule makes of it.
type plan struct {
	platform string
	kind     charge.LotKind
	message  charge.Message
	lot      charge.LotID
	rule     estateRule
	asks     charge.Reduction
}

// The lots of the tour. The first of the SDK lots and the API lot tell usage by messages of their own.
var (
	sdkTells  = charge.LotID{Union: "300101", Park: "1101"}
	sdkLot    = charge.LotID{Union: "300101", Park: "1102"}
	sdkOld    = charge.LotID{Union: "300101", Park: "1103"} // message 3.36
	sdkVendor = charge.LotID{Union: "300101", Park: "1104"} // its PC runs the vendor's own SDK; in a scene of its own
	apiLot    = charge.LotID{Union: "300202", Park: "2201"}
	gateLot   = charge.LotID{Union: "300303", Park: "3301"}
	couponLot = charge.LotID{Union: "300404", Park: "4401"} // 七彩云, which reports stays
	eventLot  = charge.LotID{Union: "300404", Park: "4402"} // 4P云, which reports none; in a scene of its own
)

func allLots() []charge.LotID {
	return []charge.LotID{sdkTells, sdkLot, sdkOld, sdkVendor, apiLot, gateLot, couponLot, eventLot}
}

// terms are a binding's rule and what a push to it asks for. An empty rule: the platform does not serve such lots.
type terms struct {
	rule estateRule
	asks charge.Reduction
}

// support is one platform: its terms in SDK, API and 4G lots, and in those of another parking system.
type support struct {
	platform             string
	sdk, api, fg, coupon terms
}

// supported is what each platform supports by docs/platforms/README.md, by kind of lot.
func supported() []support {
	half := terms{asPushed(), asksMinutes(30)}
	ten := terms{asPushed(), asksAmount(10_00)}
	return []support{
		{"xiaoju", half, half, half, half},
		{
			"xingxing", terms{rule: fixedAmount(10_00)}, terms{rule: fixedMinutes(60)},
			terms{rule: fixedFree()}, terms{rule: fixedAmount(10_00)},
		},
		{"xiaowei", ten, half, ten, half},
		{"telaidian", half, ten, half, terms{rule: fixedMinutes(60)}},
		{
			"wanchong", terms{rule: fixedFree()}, terms{rule: fixedMinutes(45)},
			terms{rule: fixedAmount(6_50)}, terms{rule: fixedFree()},
		},
		{"linghu", terms{asPushed(), charge.Reduction{Method: charge.MethodFree}},
			terms{asPushed(), charge.Reduction{Method: charge.MethodLotDecides}}, ten, terms{rule: fixedMinutes(90)}},
		{"zhongdianlian", half, half, half, half},
		{"yunkuaichong", terms{rule: lotDecides()}, terms{rule: lotDecides()}, terms{}, terms{}},
		{
			"zhichong", terms{rule: chargeTime(0)}, terms{rule: chargeTime(0)},
			terms{rule: chargeTime(0)}, terms{rule: chargeTime(0)},
		},
		{"aotexun", half, half, half, half},
		{
			"dakeyun", terms{rule: fixedMinutes(120)}, terms{rule: fixedAmount(10_00)},
			terms{rule: fixedFree()}, terms{rule: fixedAmount(10_00)},
		},
		{"yonglian", terms{rule: lotDecides()}, terms{rule: lotDecides()}, terms{}, terms{}},
		{
			"guowang-jinan", terms{rule: chargeTime(60)}, terms{rule: chargeTime(60)},
			terms{rule: chargeTime(60)}, terms{rule: chargeTime(60)},
		},
		{"echongwang", terms{}, terms{}, terms{rule: fixedAmount(5_00)}, terms{rule: fixedAmount(5_00)}},
		{
			"xindiantu", terms{rule: lotDecides()}, terms{rule: fixedAmount(7_00)},
			terms{rule: chargeTime(0)}, terms{rule: chargeTime(0)},
		},
		{"jingtai", half, half, half, half},
		{
			"weilai", terms{rule: fixedMinutes(90)}, terms{rule: fixedMinutes(60)},
			terms{rule: fixedFree()}, terms{rule: fixedAmount(9_00)},
		},
		{
			"xiangqianchong", terms{rule: chargeTime(30)}, terms{rule: lotDecides()},
			terms{rule: fixedMinutes(60)}, terms{rule: chargeTime(0)},
		},
	}
}

// plans are the 67 rows: each platform with each kind of lot that it serves, every kind of grant among them. 51 are of
// SDK, API and 4G lots, the rest of a lot of another parking system.
func plans() []plan {
	var all []plan
	for _, row := range supported() {
		sdk := sdkLot
		if row.platform == "telaidian" || row.platform == "aotexun" || row.platform == "dakeyun" {
			sdk = sdkTells
		}
		for _, p := range []struct {
			kind    charge.LotKind
			message charge.Message
			lot     charge.LotID
			terms
		}{
			{charge.KindSDK, charge.Message325, sdk, row.sdk},
			{charge.KindAPI, charge.Message514, apiLot, row.api},
			{charge.Kind4G, charge.MessageLedger, gateLot, row.fg},
			{charge.KindCoupon, charge.MessageCoupon, couponLot, row.coupon},
		} {
			if p.rule.Grant != "" {
				all = append(all, plan{row.platform, p.kind, p.message, p.lot, p.rule, p.asks})
			}
			if row.platform == "xingxing" && p.kind == charge.KindSDK {
				all = append(all, plan{row.platform, p.kind, charge.Message336, sdkOld, fixedAmount(8_00), p.asks})
			}
		}
	}
	return all
}

// file writes the estate: who is there, with which keys, and what counts where.
func (k estateKeys) file(rows []plan, callback, reports string, targets map[charge.LotID]string) estateFile {
	price := &estateTariff{FreeMinutes: 15, UnitMinutes: 60, UnitPrice: "5.00", LeaveMinutes: 15}
	lot := func(id charge.LotID, name, kind string) estateLot {
		return estateLot{Lot: id.String(), Name: name, Kind: kind, Ckey: k.ckey[id], Stays: "required"}
	}
	tells, plain, old := lot(sdkTells, "东门停车场", "sdk"), lot(sdkLot, "西门停车场", "sdk"), lot(sdkOld, "老城停车场", "sdk")
	old.Message = string(charge.Message336)
	vendors := lot(sdkVendor, "北门停车场", "sdk")
	api, gate := lot(apiLot, "云端停车场", "api"), lot(gateLot, "道闸停车场", "4g")
	api.Callback, api.AllowTo, gate.Tariff = callback, loopback, price
	coupon, event := lot(couponLot, "七彩云停车场", "coupon"), lot(eventLot, "4P云停车场", "coupon")
	coupon.Target, coupon.Keys, coupon.Stays = "qcyuns", k.target[couponLot], "told"
	coupon.Address, coupon.AllowTo = targets[couponLot], loopback
	event.Target, event.Keys, event.Stays = "4pyun", k.target[eventLot], ""
	event.Address, event.AllowTo = targets[eventLot], loopback
	f := estateFile{
		Version: 1,
		Vendors: []estateVendor{
			{sdkLot.Union, "示例长连接厂商", k.ukey, true},
			{apiLot.Union, "示例云端厂商", k.ukey, true},
			{gateLot.Union, "示例道闸厂商", k.ukey, true},
			{couponLot.Union, "示例停车平台", k.ukey, true},
		},
		Lots: []estateLot{tells, plain, old, vendors, api, gate, coupon, event},
	}
	for _, id := range play.Platforms() {
		a := k.account(id)
		if id == "telaidian" {
			a.Report = &estateReport{reports, loopback}
		}
		f.Accounts = append(f.Accounts, a)
	}
	for _, row := range append(slices.Clone(rows), vendorPlan(), eventPlan()) {
		b := estateBinding{Account: "demo-" + row.platform, Lot: row.lot.String(), Mode: "live", Rule: row.rule}
		switch row.platform {
		case "aotexun":
			b.Chargers = []string{chargerOf(row.lot)}
		case "weilai", "xiangqianchong":
			b.Stations = []string{chargerOf(row.lot)}
		}
		if row.platform == "xiaoju" && row.lot == sdkLot {
			b.Rule.CapMinutes, b.Rule.Combine = stayCap, "sum"
		}
		f.Bindings = append(f.Bindings, b)
	}
	return f
}

// vendorPlan is the push of the scene in the lot with the vendor's own SDK.
func vendorPlan() plan {
	return plan{"zhongdianlian", charge.KindSDK, charge.Message325, sdkVendor, asPushed(), asksMinutes(30)}
}

// eventPlan is the push of the scene in the lot of 4P云.
func eventPlan() plan {
	return plan{"xiaoju", charge.KindCoupon, charge.MessageCoupon, eventLot, asPushed(), asksMinutes(30)}
}

// stayCap is the most minutes a stay gets from 小桔 in the second SDK lot; see sceneCap.
const stayCap = 45

func chargerOf(lot charge.LotID) string { return "gun-" + lot.Park }
