package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/play"
)

// couponEnd is what a charge has come to after an answer.
type couponEnd struct {
	state charge.State
	given int // coupons in the parking system's book
}

// answersOf are the answers that each played system is asked for, and what each comes to.
func answersOf(as string) map[string]couponEnd {
	open, no := couponEnd{charge.StateUnknown, 1}, couponEnd{charge.StateUnknown, 0}
	all := map[string]couponEnd{
		play.AnswerWell: {charge.StateDelivered, 1}, play.AnswerUnknown: open, play.AnswerHalf: open,
		play.AnswerOther: open, play.AnswerGarbage: open, play.AnswerRedirect: no, play.AnswerToken: no,
		play.AnswerRefused: {charge.StateRefused, 0}, play.AnswerBadSign: {charge.StateRefused, 0},
	}
	switch as {
	case "hikparking": // another token is fetched; its papers name no refusal
		all[play.AnswerToken] = couponEnd{charge.StateDelivered, 1}
		all[play.AnswerRefused], all[play.AnswerBadSign] = no, no
	case "hongmen", "jieshun":
		all[play.AnswerRefused], all[play.AnswerBadSign] = no, no
	case "qcyuns":
		all[play.AnswerRefused] = no
	}
	return all
}

// TestCouponAnswers has every parking system answer in every way, over real sockets: each charge is unknown or has a
// named reason, and no second coupon is given.
func TestCouponAnswers(t *testing.T) {
	s, w := serve(t, local(t)), newTown()
	clouds := map[string]*play.CouponLot{}
	ids := map[string]charge.LotID{}
	for i, as := range play.FarEnds() {
		ids[as] = charge.LotID{Union: union, Park: fmt.Sprint(9001 + i)}
		clouds[as] = s.openCloud(w, ids[as], as, play.CouponLotConfig{}, nil)
	}
	w.couponAccount()
	s.apply(w.estate())
	t.Run("targets", func(t *testing.T) {
		for _, as := range play.FarEnds() {
			t.Run(as, func(t *testing.T) {
				t.Parallel()
				c := &couponSite{site: &site{App: s.App, t: t}, town: w, id: ids[as], lot: clouds[as]}
				c.everyAnswer(as)
				c.everyCode(as)
			})
		}
	})
}

// everyAnswer pushes one charge for each answer. Good ones in between keep the lot from resting.
func (c *couponSite) everyAnswer(as string) {
	n := 0
	for answer, want := range answersOf(as) {
		n++
		plate := charge.Plate(fmt.Sprintf("京A%05d", n))
		c.lot.Misbehave(answer)
		c.push(plate, as+"-"+answer, want.state)
		if given := c.given(plate); given != want.given {
			c.t.Errorf("%s: %d coupons in the book", answer, given)
		}
		c.push(charge.Plate(fmt.Sprintf("京B%05d", n)), as+"-after-"+answer, charge.StateDelivered)
	}
}

// everyCode pushes one charge for each code of the system's paper that is no yes.
func (c *couponSite) everyCode(as string) {
	a := coupon.Builtin()[as].Give.Answer
	n := 100
	for _, code := range slices.Concat(slices.Sorted(maps.Keys(a.Refused)), a.Later, a.Again) {
		n++
		plate, order := charge.Plate(fmt.Sprintf("京A%05d", n)), as+"-code-"+strings.ReplaceAll(code, "/", "-")
		want := charge.StateRefused
		switch {
		case slices.Contains(a.Later, code):
			want = charge.StateSending
		case slices.Contains(a.Again, code):
			want = charge.StateUnknown
		}
		c.lot.Say(code)
		c.push(plate, order, want)
		if said := c.said(order); !strings.Contains(said, "code "+code+":") {
			c.t.Errorf("%s: the timeline says %q", code, said)
		}
		if given := c.given(plate); given != 0 {
			c.t.Errorf("%s: %d coupons in the book", code, given)
		}
	}
}

// said waits for a charge's first attempt and returns what came of it in words.
func (c *couponSite) said(order string) (detail string) {
	c.t.Helper()
	path := "/api/v1/charges/" + c.office().charges(c.t, "order="+order)[0].ID
	eventually(c.t, 5*time.Second, func() string {
		var got struct {
			Deliveries []struct{ Attempts []struct{ Detail string } }
		}
		c.office().must(c.t, http.MethodGet, path, nil, &got)
		if len(got.Deliveries) == 0 || len(got.Deliveries[0].Attempts) == 0 {
			return order + " was not tried"
		}
		detail = got.Deliveries[0].Attempts[0].Detail
		return ""
	})
	return detail
}

// given counts the coupons of a car in the system's book.
func (c *couponSite) given(plate charge.Plate) (n int) {
	for _, row := range c.lot.Book().Rows() {
		if row.Plate == plate.Full() {
			n += row.Applied
		}
	}
	return n
}
