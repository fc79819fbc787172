package bench

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// Site is an estate made up for a run: one vendor, some lots of each kind, an account for each platform that
// pushes, and the keys that both sides know.
type Site struct {
	Lots []Lot
	Ukey string

	platforms []string
	keys      map[string]play.Keys

	mu      sync.Mutex
	players map[playerKey]*play.Player
}

// Lot is one car park of a site.
type Lot struct {
	ID       charge.LotID
	Kind     charge.LotKind
	Ckey     string
	Callback string // where its 5.14 are heard; set once the far end listens
	Repeats  string // as in the estate file; empty is the default

	Target  string    // the parking system of a coupon lot
	Keys    play.Keys // its keys there
	Address string    // of its cloud; set once that listens
}

type playerKey struct {
	platform string
	lot      charge.LotID
}

const union = "610001"

// SiteSize is how many lots of each kind a site has.
type SiteSize struct{ SDK, API, Gate, Coupon int }

// NewSite makes a site whose platforms are bound to every lot.
func NewSite(size SiteSize, platforms ...string) *Site {
	s := &Site{Ukey: secret(8), platforms: platforms, keys: map[string]play.Keys{}, players: map[playerKey]*play.Player{}}
	park := 1000
	add := func(kind charge.LotKind, n int) {
		for range n {
			park++
			s.Lots = append(s.Lots, Lot{ID: charge.LotID{Union: union, Park: fmt.Sprint(park)}, Kind: kind, Ckey: secret(8)})
		}
	}
	add(charge.KindSDK, size.SDK)
	add(charge.KindAPI, size.API)
	add(charge.Kind4G, size.Gate)
	add(charge.KindCoupon, size.Coupon)
	for n, l := range s.Of(charge.KindCoupon) {
		l.Target, l.Keys = targetOf(n).id, targetOf(n).invented()
	}
	for _, p := range platforms {
		s.keys[p] = keysFor(p)
	}
	return s
}

// keysFor makes up the keys of a platform's account.
func keysFor(platform string) play.Keys {
	names, err := play.KeyNames(platform)
	if err != nil {
		panic(err) // a bench names its platforms itself
	}
	keys := play.Keys{}
	for _, name := range names {
		switch name {
		case "ukey", "ckey": // the vendor's and the lot's
		case "operator_id", "app_id":
			keys[name] = secret(5)[:9]
		case "data_secret", "data_secret_iv":
			keys[name] = secret(8)
		default:
			keys[name] = secret(16)
		}
	}
	return keys
}

// secret is n random bytes as hex.
func secret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// Of lists the lots of a kind.
func (s *Site) Of(kind charge.LotKind) []*Lot {
	var of []*Lot
	for i := range s.Lots {
		if s.Lots[i].Kind == kind {
			of = append(of, &s.Lots[i])
		}
	}
	return of
}

// granted is what every push of a bench is given in the end.
const granted = 30

// object is a JSON object, which is YAML too.
type object map[string]any

// Estate is the site's estate file.
func (s *Site) Estate() []byte {
	var lots, accounts, bindings []object
	loopback := []string{"127.0.0.0/8"}
	for _, l := range s.Lots {
		o := object{"lot": l.ID.String(), "name": "bench " + l.ID.Park, "kind": l.Kind, "ckey": l.Ckey}
		switch l.Kind {
		case charge.KindAPI:
			o["callback"], o["allow_to"] = l.Callback, loopback
		case charge.Kind4G:
			o["tariff"] = object{"unit_minutes": 60, "unit_price": "5.00"}
		case charge.KindCoupon:
			o["target"], o["keys"], o["address"], o["allow_to"] = l.Target, l.Keys, l.Address, loopback
		}
		if l.Repeats != "" {
			o["repeats"] = l.Repeats
		}
		lots = append(lots, o)
	}
	for _, p := range s.platforms {
		a := object{"account": "bench-" + p, "platform": p, "scope": "platform", "clock": "enforce"}
		if len(s.keys[p]) > 0 {
			a["keys"] = s.keys[p]
		}
		if p == "xingxing" || p == "wanchong" { // strangers of a flood come from other addresses of the loopback
			a["allow_from"] = []string{"127.0.0.1/32"}
		}
		accounts = append(accounts, a)
		for _, l := range s.Lots {
			rule := object{"grant": "as_pushed", "combine": "sum"}
			if p == "xingxing" || p == "dakeyun" || p == "echongwang" || l.Kind == charge.KindCoupon {
				rule = object{"grant": "fixed", "minutes": granted, "combine": "sum"}
			}
			bindings = append(bindings, object{"account": a["account"], "lot": l.ID.String(), "mode": "live", "rule": rule})
		}
	}
	text, err := json.Marshal(object{
		"version": 1,
		"vendors": []object{{"union_id": union, "name": "bench", "ukey": s.Ukey, "open_interface": true}},
		"lots":    lots, "accounts": accounts, "bindings": bindings,
	})
	if err != nil {
		panic(err) // strings and numbers only
	}
	return text
}

// Player returns who pushes for a platform about a lot.
func (s *Site) Player(server, platform string, lot *Lot, client *http.Client) *play.Player {
	key := playerKey{platform: platform}
	keys := s.keys[platform]
	if platform == "linghu" || platform == "xiaowei" { // sealed with the lot's or the vendor's key
		key.lot = lot.ID
		keys = play.Keys{"ckey": lot.Ckey, "ukey": s.Ukey}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.players[key]
	if p == nil {
		p = &play.Player{BaseURL: "http://" + server, Platform: platform, Keys: keys, Client: client}
		s.players[key] = p
	}
	return p
}

// push is the i-th charge of a run, about a lot. Plates repeat after a few million.
func push(run string, i int, lot charge.LotID, now time.Time) play.Push {
	p := play.DefaultPush(now)
	p.Lot, p.Plate, p.Minutes = lot, plate(i), granted
	p.Order = fmt.Sprintf("%s-%08d", run, i)
	return p
}

// plate is the i-th of 74 million plates of new-energy cars.
func plate(i int) charge.Plate {
	provinces := []rune("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")
	letters := "ABCDEFGHJKLMNPQRSTUVWXYZ"
	return charge.Plate(fmt.Sprintf("%c%cD%05d", provinces[i/100_000/len(letters)%len(provinces)],
		letters[i/100_000%len(letters)], i%100_000))
}
