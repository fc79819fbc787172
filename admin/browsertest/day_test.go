package browsertest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store"
)

var (
	northLot  = charge.LotID{Union: "620001", Park: "2001"}
	closedLot = charge.LotID{Union: "620001", Park: "2002"}
)

// mostPaint is how long a page of the believable day may take from its request to its first text on the screen.
const mostPaint = 500 * time.Millisecond

// shifted is a clock that is set back, so that days pass in seconds.
type shifted struct{ back atomic.Int64 }

func (s *shifted) Now() time.Time        { return time.Now().Add(-time.Duration(s.back.Load())) }
func (s *shifted) set(ago time.Duration) { s.back.Store(int64(ago)) }

// day is a site with a week behind it and a working day: three lots, two platforms, something that is wrong.
type day struct {
	*tab
	clock   *shifted
	players []*play.Player
	north   *play.APILot
	cars    int
}

// TestDay takes the pictures of the docs, in both languages. Without -screenshots there is nothing to take.
func TestDay(t *testing.T) {
	if *screenshots == "" {
		return
	}
	clock := &shifted{}
	clock.set(7 * 24 * time.Hour)
	gw := gateway(t, func(cfg *app.Config) {
		cfg.Now, cfg.HTTP.URL = clock.Now, "https://gateway.example.com"
		sampled(t, cfg.Data)
	})
	d := &day{tab: open(t, browser(t), "http://"+gw.Addresses().Admin), clock: clock}
	if !d.drawsChinese() {
		t.Fatal("there is no font for Chinese, the pictures would show empty boxes: make deps installs one")
	}
	d.begin(gw)
	for ago := 6; ago > 0; ago-- {
		clock.set(time.Duration(ago) * 24 * time.Hour)
		d.hour(14 + 3*(ago*5%4))
	}
	for hour := 5; hour > 0; hour-- {
		clock.set(time.Duration(hour) * time.Hour)
		d.hour(4 + hour%3)
	}
	clock.set(0)
	car := d.now(gw)
	for _, lang := range []string{"zh", "en"} {
		d.take(car, lang)
	}
}

// sampled puts into a new data folder how the site stood in the last 24 hours: calm at night, busy from morning on, and
// half an hour in which no node ran.
func sampled(t *testing.T, data string) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DataDir: data, Node: "node-1"})
	if err != nil {
		t.Fatal(err)
	}
	const step = 5 * time.Minute
	luck := rand.New(rand.NewPCG(1, 2))
	end := time.Now().Truncate(step)
	for i := int64(288); i > 0; i-- {
		at := end.Add(-time.Duration(i) * step)
		clock := at.In(charge.Shanghai)
		busy := max(2, 12-int64(clock.Hour()-14)*int64(clock.Hour()-14)/6) // most at two in the afternoon
		if clock.Hour() == 3 && clock.Minute() < 30 {
			continue
		}
		answer := 3 + busy/3 + luck.Int64N(2)
		if luck.IntN(30) == 0 {
			answer += luck.Int64N(9)
		}
		sample := charge.Sample{At: at, Pending: luck.Int64N(busy/3 + 1), Answer: time.Duration(answer) * time.Millisecond,
			ToLot: time.Duration(5*answer+luck.Int64N(6)) * time.Millisecond}
		if err := s.PutSample(t.Context(), "node-1", sample); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// begin makes the first admin and imports what the site has.
func (d *day) begin(gw *app.App) {
	d.do(chromedp.Navigate(gw.SetupLink()))
	d.fill("name", "li", "password", phrase, "again", phrase)
	d.press("创建并登录")
	d.north = play.NewAPILot(play.APILotConfig{Lot: northLot, Ukey: "invented-ukey-5512345", Now: d.clock.Now,
		Server: "http://" + gw.Addresses().HTTP, Tariff: charge.Tariff{UnitMinutes: 60, UnitPrice: 500}})
	if err := d.north.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { d.north.Stop() })
	imports(d.tab, fmt.Sprintf(`version: 1
vendors: [{union_id: "620001", name: 示例停车, ukey: invented-ukey-5512345}]
lots:
  - {lot: %q, name: 人民广场地下车库, kind: sdk, ckey: %q}
  - {lot: %q, name: 会展中心北区, kind: api, callback: %q, allow_to: ["127.0.0.0/8"]}
  - {lot: %q, name: 科技园 2 号楼, kind: api, callback: "http://127.0.0.1:1/bolink", allow_to: ["127.0.0.0/8"], stays: none}
accounts:
  - {account: teld-main, platform: telaidian, keys: {operator_id: "123456789",
     operator_secret: invented-operator-secret, data_secret: invented16bytes1, data_secret_iv: invented16bytes2,
     sig_secret: invented-sig-secret}}
  - {account: xiaoju-city, platform: xiaoju, keys: {sign_key: invented-sign-key-of-xiaoju}}
bindings:
  - {account: teld-main, lot: %[1]q, mode: live, rule: {grant: as_pushed, cap_minutes: 120}}
  - {account: teld-main, lot: %[3]q, mode: live, rule: {grant: as_pushed, cap_minutes: 120}}
  - {account: xiaoju-city, lot: %[3]q, mode: live, rule: {grant: as_pushed, cap_minutes: 120}}
  - {account: xiaoju-city, lot: %[5]q, mode: live, rule: {grant: as_pushed, cap_minutes: 60}}
  - {account: xiaoju-city, lot: %[1]q, mode: shadow}
`, theLot, lotKey, northLot, d.north.Callback(), closedLot))
	d.press("应用更改")
	d.sees("更改已生效")
	for platform, keys := range map[string]play.Keys{
		"telaidian": {"operator_id": "123456789", "operator_secret": "invented-operator-secret",
			"data_secret": "invented16bytes1", "data_secret_iv": "invented16bytes2", "sig_secret": "invented-sig-secret"},
		"xiaoju": {"sign_key": "invented-sign-key-of-xiaoju"}} {
		d.players = append(d.players, &play.Player{BaseURL: "http://" + gw.Addresses().HTTP, Platform: platform, Keys: keys,
			Now: d.clock.Now})
	}
}

// plate is that of the next car.
func (d *day) plate() charge.Plate {
	d.cars++
	city := []rune("京沪粤苏浙")[d.cars%5]
	return charge.Plate(fmt.Sprintf("%c%c%05d", city, 'A'+rune(d.cars*7%8), (d.cars*7919+12345)%100000))
}

// pushed has a platform push a charge of a car.
func (d *day) pushed(platform int, lot charge.LotID, plate charge.Plate, minutes int64, wrong play.Break) {
	d.t.Helper()
	p := play.DefaultPush(d.clock.Now())
	d.cars++
	p.Lot, p.Plate, p.Minutes, p.Order = lot, plate, minutes, fmt.Sprintf("%s%04d", p.Order[:13], d.cars)
	p.Energy += charge.Energy(d.cars % 17 * 900)
	if _, err := d.players[platform].Send(d.t.Context(), p, play.Options{Break: wrong}); err != nil {
		d.t.Fatal(err)
	}
}

// hour lets cars come into the northern lot, charge and leave.
func (d *day) hour(cars int) {
	d.t.Helper()
	for i := range cars {
		plate, minutes := d.plate(), int64(30+15*(i%5))
		if _, err := d.north.Enter(d.t.Context(), plate, d.clock.Now().Add(-2*time.Hour)); err != nil {
			d.t.Fatal(err)
		}
		d.pushed(i%2, northLot, plate, minutes, play.BreakNothing)
		arrived := func(a play.Applied) bool { return a.Plate == string(plate) }
		if _, err := d.north.Book().Wait(d.t.Context(), arrived); err != nil {
			d.t.Fatal(err)
		}
		if _, err := d.north.Exit(d.t.Context(), plate, d.clock.Now()); err != nil {
			d.t.Fatal(err)
		}
	}
}

// now is what the site has at the moment of the pictures; it returns the page of the car that is shown.
func (d *day) now(gw *app.App) (car string) {
	const hero = charge.Plate("京AD06088")
	lot := park(d.t, gw)
	for i, plate := range []charge.Plate{hero, "沪C88002", "京D99003", "粤B77001"} {
		if _, err := lot.Enter(d.t.Context(), plate, time.Now().Add(-time.Duration(95+20*i)*time.Minute)); err != nil {
			d.t.Fatal(err)
		}
	}
	telaidian := 0
	if d.players[0].Platform != "telaidian" {
		telaidian = 1
	}
	d.pushed(telaidian, theLot, hero, 45, play.BreakNothing)
	d.pushed(telaidian, theLot, hero, 90, play.BreakNothing)
	d.pushed(telaidian, theLot, "粤B77001", 60, play.BreakNothing)
	d.pushed(telaidian, theLot, "沪C88003", 60, play.BreakNothing) // misread by one character
	for _, plate := range []charge.Plate{"苏E10234", "浙A55120", "京N20871"} {
		d.pushed(1-telaidian, closedLot, plate, 60, play.BreakNothing)
	}
	d.pushed(telaidian, northLot, d.plate(), 30, play.BreakSig)
	d.pushed(telaidian, charge.LotID{Union: "620001", Park: "2009"}, d.plate(), 30, play.BreakNothing)
	d.visit("/login") // the session has not outlasted the days
	d.fill("name", "li", "password", phrase)
	d.press("登录")
	d.visit("/find?q=" + string(hero))
	d.comesTo("车场已确认收到")
	return eval[string](d.tab, `document.querySelector("main tbody a[href^='/charges/']").getAttribute("href")`)
}

// take takes the pictures in one language.
func (d *day) take(car, lang string) {
	d.visit("/?lang=" + lang)
	for name, path := range map[string]string{"charge": car, "incidents": "/incidents", "lot-setup": "/lots/" +
		theLot.String() + "/setup", "today": "/"} {
		d.visit(path)
		if after := d.painted(); after > mostPaint {
			d.t.Errorf("%s, %s: first painted after %v, want %v at most", path, lang, after, mostPaint)
		} else {
			d.t.Logf("%s, %s: first painted after %v", path, lang, after)
		}
		if name == "today" {
			d.do(chromedp.WaitReady(chromedp.CSS(`[data-points]`))) // the stream has begun to draw
		}
		if wrong := d.text(); strings.Contains(wrong, "{") {
			d.t.Errorf("%s holds a text that is not filled in", path)
		}
		d.picture("docs/" + name + "-" + lang)
	}
	d.do(chromedp.EmulateViewport(390, 740, chromedp.EmulateMobile))
	d.visit(car)
	d.picture("docs/phone-" + lang)
	d.do(chromedp.EmulateViewport(1280, 900))
}
