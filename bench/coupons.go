package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// target is another parking system whose lots a site has.
type target struct {
	id   string
	keys []string
	safe bool // a coupon that is sent again is known by its number
}

// targets are one whose coupons are known by a number, one whose stay is looked up first, and one whose coupons have
// no number: a lost answer of it stays unknown.
var targets = []target{
	{"4pyun", []string{"app_id", "app_secret", "api_store_code", "api_type", "minutes_key"}, true},
	{"qcyuns", []string{"org_id", "org_secret"}, true},
	{"tdznyun", []string{"pid", "sign_key"}, false},
}

// targetOf is the parking system of the nth coupon lot.
func targetOf(n int) target { return targets[n%len(targets)] }

// invented makes up the keys of a lot in the system.
func (t target) invented() play.Keys {
	keys := play.Keys{}
	for _, name := range t.keys {
		keys[name] = secret(8)
	}
	return keys
}

// CouponLies says how the cloud of the nth coupon lot answers, and how often before it behaves.
type CouponLies func(n int) (answer string, times int)

// OpenCoupons lets the cloud of every coupon lot listen; the site's estate can be written then. A cloud books at once
// and answers some time later; lies may be nil.
func (e *Ends) OpenCoupons(lots []*Lot, slow time.Duration, lies CouponLies) error {
	e.coupons = map[charge.LotID]*play.CouponLot{}
	for n, l := range lots {
		cfg := play.CouponLotConfig{Lot: l.ID, As: l.Target, Keys: l.Keys, Delay: slow}
		if lies != nil {
			cfg.Answer, cfg.Lies = lies(n)
		}
		cloud, err := play.NewCouponLot(cfg)
		if err != nil {
			return fmt.Errorf("lot %s: %w", l.ID, err)
		}
		if err := cloud.Start(); err != nil {
			return errors.Join(err, cloud.Stop())
		}
		e.coupons[l.ID], l.Address = cloud, cloud.Address()
	}
	return nil
}

// couponBooks reads the clouds' books. Coupons name no charge: it is the one that the plate was pushed for.
func (e *Ends) couponBooks(books Books, want map[string]string) {
	for id, cloud := range e.coupons {
		for _, row := range cloud.Book().Rows() {
			row.Charge = want[row.Plate]
			books[id] = append(books[id], row)
		}
	}
}

// given counts the coupons that stand in the clouds' books.
func (e *Ends) given() int {
	n := 0
	for _, cloud := range e.coupons {
		for _, row := range cloud.Book().Rows() {
			n += row.Applied
		}
	}
	return n
}

// noNumber excuses a charge of a lot whose coupons have no number: after a lost answer it stays unknown, and is never
// sent again.
func (s *Site) noNumber(c client.Charge, _ bool) bool {
	if c.State != charge.StateUnknown {
		return false
	}
	for n, l := range s.Of(charge.KindCoupon) {
		if l.ID.String() == c.Lot {
			return !targetOf(n).safe
		}
	}
	return false
}

// couponCars is the traffic of the nth coupon lot: its platform pushes, and the cloud lets cars in by itself.
func (l *lotsRun) couponCars(ctx context.Context, n int, client *http.Client) {
	lot := l.site.Of(charge.KindCoupon)[n]
	player := l.site.Player(l.server.HTTP, saturatePlatform, lot, client)
	for i := 0; ; i++ {
		l.pause(ctx)
		if ctx.Err() != nil {
			return
		}
		p := push("c"+lot.ID.Park, i, lot.ID, time.Now())
		p.Plate = plate(50_000_000 + n*100_000 + i)
		l.push(ctx, player, p)
	}
}

// cloudLies are what clouds are known to do wrong; the first of each six is honest, the others behave after a while.
func cloudLies(n int) (answer string, times int) {
	return []string{
		play.AnswerWell, play.AnswerDrop, play.AnswerHalf, play.AnswerGarbage, play.AnswerUnknown, play.AnswerRedirect,
	}[n%6], 5
}
