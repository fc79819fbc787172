package line

import (
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// What waits for a lot does not go to the line on which a certification run plays it, nor what the run makes to the
// lot's own.
func TestCertificationHasALineOfItsOwn(t *testing.T) {
	b := newBench(t)
	run := b.dial()
	run.login(uplinkLine("login", "", `{"union_id":"200461","park_id":"1313","local_id":"certify"}`, keyB), 1)
	b.awaitUp(lotB.Trial())
	if b.srv.Here(lotB) {
		t.Error("a certification run counts as the lot's line")
	}
	b.deliver(lotB, "real")
	if r := b.result(); r.Result != charge.AttemptOffLine {
		t.Errorf("a real reduction during a run: %+v", r)
	}
	real := b.dial()
	real.login(loginB, 2)
	b.awaitUp(lotB)
	b.deliver(lotB, "real")
	real.expect(`{"uuid":"real"}`)
	b.deliver(lotB.Trial(), "made")
	run.expect(`{"uuid":"made"}`)
	run.say(uplinkLine("pay_notice", testToken(1), `{"uuid":"made","state":1}`, keyB))
	run.expect("")
	if r := b.result(); r.Result != charge.AttemptAcked {
		t.Errorf("the run's own: %+v", r)
	}
	run.say(uplinkLine("in_park", testToken(1), `{"car_number":"测A12345","in_time":1490875218,"order_id":"t-1"}`, keyB))
	run.hear()
	if e, is := b.ears.all()[0].(lot.Entry); !is || e.Lot != lotB || !e.Plate.Trial() {
		t.Errorf("heard %+v", b.ears.all())
	}
}
