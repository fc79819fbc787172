package flow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/flow"
)

func TestPriceOfA4GLotIsItsQuote(t *testing.T) {
	w := newWorld(t)
	w.enter(gateLot, "s1", 130*time.Minute)
	w.must(w.finished("o1", gateLot))
	p, err := w.flow.Price(t.Context(), gateLot, "s1", "")
	if err != nil || p.Total != 1500 || p.Price != 1000 || p.DerateDuration != 30 || p.Duration != 130 {
		t.Errorf("price %+v, %v; want 15.00 before and 10.00 after 30 minutes", p, err)
	}
}

// A lot that tells no price is no failure of the gateway: whoever asked is told so.
func TestNoPriceIsAnErrorOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.enter(sdkLot, "s1", time.Hour)
	if _, err := w.flow.Price(t.Context(), sdkLot, "s1", ""); !errors.Is(err, flow.ErrNoPrice) {
		t.Errorf("error %v, want ErrNoPrice", err)
	}
	if _, err := w.flow.Price(t.Context(), sdkLot, "s2", ""); !errors.Is(err, flow.ErrNotFound) {
		t.Errorf("error %v, want ErrNotFound", err)
	}
}
