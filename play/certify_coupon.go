package play

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// CouponDesk calls a partner's parking system as the gateway does, for one car park.
type CouponDesk interface {
	// Can says what the system's profile promises.
	Can() CouponCan
	// Give asks for a coupon of some minutes, or of what the car park decides where minutes cannot be given. id is the
	// coupon's number; wrongKey signs with keys that are not those of the car park.
	Give(ctx context.Context, plate charge.Plate, id string, minutes int64, wrongKey bool) CouponSaid
	// Revoke takes the coupon with a number back.
	Revoke(ctx context.Context, plate charge.Plate, id string) CouponSaid
	// Due asks what the car would pay now.
	Due(ctx context.Context, plate charge.Plate) (charge.Fen, error)
}

// CouponCan is what a parking system can do beside giving coupons.
type CouponCan struct {
	Title     string // of the system
	OtherKey  bool   // wrong keys can be tried
	Repeat    bool   // a coupon that is sent again is known by its number
	Revoke    bool
	Price     bool
	NotInside bool // it says so where a car is not inside
}

// CouponSaid is what a parking system answered.
type CouponSaid struct {
	Stands  bool   // a yes
	Refused bool   // a clear no
	Text    string // in words
}

// theirCoupon examines a partner's parking system: its answers to a coupon, to the same one again, to a wrong key and
// about a car that is not inside, and whether a price and the taking back agree with them.
func (x *exam) theirCoupon(ctx context.Context) error {
	desk := x.cfg.Desk
	can, id := desk.Can(), "certify"+time.Now().In(charge.Shanghai).Format("20060102150405")
	x.check(ctx, "another key gets no coupon", func(ctx context.Context) (string, error) {
		if !can.OtherKey {
			return "", skip("its key is no text that could be another one")
		}
		said := desk.Give(ctx, x.cfg.Plate, id+"k", certifyMinutes, true)
		if said.Stands {
			return "", fmt.Errorf("a coupon was given: %s", said.Text)
		}
		return said.Text, nil
	})
	x.check(ctx, "a car that is not inside gets no coupon", func(ctx context.Context) (string, error) {
		if !can.NotInside {
			return "", skip(can.Title + " says nothing of that")
		}
		return wantNo(desk.Give(ctx, "京ZZ9999", id+"a", certifyMinutes, false))
	})
	before, priced := x.due(ctx, can, "a price is told")
	if !x.check(ctx, fmt.Sprintf("a coupon for the car %s is given", x.cfg.Plate),
		func(ctx context.Context) (string, error) {
			return wantYes(desk.Give(ctx, x.cfg.Plate, id, certifyMinutes, false))
		}) {
		return nil
	}
	after, _ := x.due(ctx, can, "the price shows it")
	x.check(ctx, "the same coupon again is known by its number", func(ctx context.Context) (string, error) {
		if !can.Repeat {
			return "", skip("coupons have no number there: a second one would be given")
		}
		text, err := wantYes(desk.Give(ctx, x.cfg.Plate, id, certifyMinutes, false))
		if err != nil || !priced {
			return text, err
		}
		again, err := desk.Due(ctx, x.cfg.Plate)
		if err == nil && again < after {
			err = fmt.Errorf("%s yuan were due after the first and %s after the second: it was taken off twice", after, again)
		}
		return fmt.Sprintf("%s; due before %s, after %s, after the repeat %s yuan", text, before, after, again), err
	})
	x.check(ctx, "the coupon is taken back", func(ctx context.Context) (string, error) {
		if !can.Revoke {
			return "", skip(can.Title + " takes none back: cancel the coupon of this test there")
		}
		return wantYes(desk.Revoke(ctx, x.cfg.Plate, id))
	})
	if x.cfg.Cloud != nil {
		for i, lie := range couponLies {
			x.check(ctx, lie.name, func(ctx context.Context) (string, error) { return x.lied(ctx, lie, fmt.Sprint(id, "l", i)) })
		}
	}
	return nil
}

// couponLie is an answer that is no yes.
type couponLie struct {
	name, answer string
	may          bool // the coupon may stand, so it is no refusal either
}

var couponLies = []couponLie{
	{"a lost answer leaves open whether the coupon stands", AnswerDrop, true},
	{"a page in place of an answer leaves it open", AnswerGarbage, true},
	{"half an answer leaves it open", AnswerHalf, true},
	{"a code of no paper leaves it open", AnswerUnknown, true},
	{"a redirect is not followed and leaves it open", AnswerRedirect, true},
	{"a refusal is no coupon", AnswerRefused, false},
	{"a wrong signature is no coupon", AnswerBadSign, false},
}

// lied has the played system answer one coupon by a lie.
func (x *exam) lied(ctx context.Context, lie couponLie, id string) (string, error) {
	plate := RandomPlate(x.rand)
	x.cfg.Cloud.Admit(plate, time.Now().Add(-StayLength))
	x.cfg.Cloud.Misbehave(lie.answer)
	switch said := x.cfg.Desk.Give(ctx, plate, id, certifyMinutes, false); {
	case said.Stands:
		return "", fmt.Errorf("it is taken for a yes: %s", said.Text)
	case lie.may && said.Refused:
		return "", fmt.Errorf("it is taken for a no: %s", said.Text)
	default:
		return said.Text, nil
	}
}

// due asks for a price; ok is false where there is none.
func (x *exam) due(ctx context.Context, can CouponCan, name string) (due charge.Fen, ok bool) {
	ok = x.check(ctx, name, func(ctx context.Context) (text string, err error) {
		if !can.Price {
			return "", skip(can.Title + " cannot be asked for one")
		}
		due, err = x.cfg.Desk.Due(ctx, x.cfg.Plate)
		return fmt.Sprintf("%s yuan due", due), err
	})
	return due, ok
}

func wantYes(said CouponSaid) (string, error) {
	if !said.Stands {
		return "", errors.New(said.Text)
	}
	return said.Text, nil
}

func wantNo(said CouponSaid) (string, error) {
	if !said.Refused {
		return "", fmt.Errorf("want a refusal: %s", said.Text)
	}
	return said.Text, nil
}
