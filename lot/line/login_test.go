package line

import (
	"fmt"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// twins is an estate in which lots of several vendors have one park_id.
type twins struct {
	directory
	lots map[charge.LotID]charge.Lot
}

func (d twins) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	l, ok := d.lots[id]
	v, _ := d.Vendor(id.Union)
	return l, v, ok
}

func (d twins) Park(park string) (ids []charge.LotID) {
	for id := range d.lots {
		if id.Park == park {
			ids = append(ids, id)
		}
	}
	return ids
}

func newTwins(lots ...charge.Lot) twins {
	d := twins{lots: map[charge.LotID]charge.Lot{}}
	for _, l := range lots {
		d.lots[l.ID] = l
	}
	return d
}

func sdkLot(union, park, ckey string) charge.Lot {
	return charge.Lot{ID: charge.LotID{Union: union, Park: park}, Kind: charge.KindSDK, Ckey: charge.Secret(ckey)}
}

// cloudLogin is the login of the SDK's cloud link, which names no vendor.
func cloudLogin(park, key string) string {
	return uplinkLine("login", "", `{"park_id":"`+park+`","local_id":"02fc00000001_2000_pc"}`, key)
}

const (
	wrongSign  = `{"state":0,"errmsg":"error:签名错误","service_name":"login"}`
	loginFails = `{"state":0,"errmsg":"error:登录失败","service_name":"login"}`
	noSuchLot  = `{"state":0,"errmsg":"error:云平台车场不存在","service_name":"login"}`
)

// A login without union_id is that of the one lot of its park_id whose ckey signs.
func TestLoginByKey(t *testing.T) {
	api := sdkLot("300", "1313", "key-of-an-api-lot")
	api.Kind = charge.KindAPI
	old := sdkLot("400", "1313", "key-of-400")
	old.OldCkey = charge.OldKey{Key: "old-key-of-400", Until: testStart.Add(time.Hour)}
	d := newTwins(sdkLot("100", "1313", "key-of-100"), sdkLot("200", "1313", "key-of-200"), api, old,
		sdkLot("100", "77", "one-key"), sdkLot("200", "77", "one-key"))
	for name, c := range map[string]struct {
		park, key, answer, lot string
	}{
		"the first":          {"1313", "key-of-100", "", "100/1313"},
		"the second":         {"1313", "key-of-200", "", "200/1313"},
		"the key before":     {"1313", "old-key-of-400", "", "400/1313"},
		"the vendor's key":   {"1313", "test-ukey-of-100", wrongSign, ""},
		"another key":        {"1313", "nobody's", wrongSign, ""},
		"not an SDK lot":     {"1313", "key-of-an-api-lot", wrongSign, ""},
		"two with one key":   {"77", "one-key", wrongSign, ""},
		"no lot":             {"99", "key-of-100", noSuchLot, ""},
		"no lot, not digits": {"unheard-of", "key-of-100", `{"state":0,"errmsg":"车场不存在"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(cfg *Config) { cfg.Directory = d })
			f := b.dial()
			if c.answer == "" {
				f.login(cloudLogin(c.park, c.key), 1)
				if lines := b.srv.Lines(lotID(c.lot)); len(lines) != 1 || lines[0].Link != charge.LinkCloud {
					t.Errorf("%+v", lines)
				}
				return
			}
			f.say(cloudLogin(c.park, c.key))
			f.expect(c.answer)
		})
	}
}

// The key that signs decides the link; where lot and vendor have one key, union_id means the bolink link.
func TestKeyDecidesTheLink(t *testing.T) {
	d := newTwins(sdkLot("100", "1", "key-of-1"), sdkLot("100", "2", "test-ukey-of-100"))
	named := func(park, key string) string {
		return uplinkLine("login", "", `{"union_id":"100","park_id":"`+park+`","local_id":"02fc00000001_2000_pc"}`, key)
	}
	for name, c := range map[string]struct {
		login, lot string
		link       charge.Link
	}{
		"ckey":               {named("1", "key-of-1"), "100/1", charge.LinkCloud},
		"ukey":               {named("1", "test-ukey-of-100"), "100/1", charge.LinkBolink},
		"one key, named":     {named("2", "test-ukey-of-100"), "100/2", charge.LinkBolink},
		"one key, not named": {cloudLogin("2", "test-ukey-of-100"), "100/2", charge.LinkCloud},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(cfg *Config) { cfg.Directory = d })
			b.dial().login(c.login, 1)
			if lines := b.srv.Lines(lotID(c.lot)); len(lines) != 1 || lines[0].Link != c.link {
				t.Errorf("%+v", lines)
			}
		})
	}
	b := newBench(t, func(cfg *Config) { cfg.Directory = d })
	b.dial().login(named("1", "test-ukey-of-100"), 1)
	b.dial().login(cloudLogin("1", "key-of-1"), 2)
	b.dial().login(cloudLogin("1", "key-of-1"), 3) // a third takes the place of its own link only
	if lines := b.srv.Lines(lotID("100/1")); len(lines) != 2 {
		t.Errorf("%d sessions of a PC with two links", len(lines))
	}
}

// TestSecurityNamedGuessesAreSlowed: a third wrong key within a second for one lot is answered late, and no other lot
// waits for that.
func TestSecurityNamedGuessesAreSlowed(t *testing.T) {
	b := newBench(t)
	guess := uplinkLine("login", "", `{"union_id":"200208","park_id":"21835","local_id":"x"}`, "a guess")
	for range 2 {
		f := b.dial()
		f.say(guess)
		f.expect(wrongSign)
	}
	begin, f := time.Now(), b.dial()
	f.say(guess)
	b.dial().login(loginA, 1)
	f.expect(wrongSign)
	if took := time.Since(begin); took < 800*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

// Who guesses keys without a vendor's name is stopped, for one address and park_id, and no other login is harmed.
func TestGuessingIsLimited(t *testing.T) {
	b := newBench(t)
	for n := range guessesPerMinute {
		f := b.dial()
		f.say(cloudLogin("1313", fmt.Sprint("guess-", n)))
		f.expect(wrongSign)
	}
	f := b.dial()
	f.say(cloudLogin("1313", keyB))
	f.expect(loginFails)
	if n := b.counts.of("too_many_logins"); n != 1 {
		t.Errorf("counted %d times", n)
	}
	b.dial().login(cloudLogin("21835", keyA), 1)
	b.dial().login(loginB, 2)
	b.pass(time.Minute)
	b.dial().login(cloudLogin("1313", keyB), 3)
}
