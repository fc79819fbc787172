package app

import (
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// TestSampler wants what 99 of 100 answers of a minute did not pass, without those of the minutes before.
func TestSampler(t *testing.T) {
	a := serve(t, local(t))
	s := newSampler(a.metrics)
	read := func() time.Duration {
		t.Helper()
		p99, err := s.read()
		if err != nil {
			t.Fatal(err)
		}
		return p99[answerSeconds]
	}
	if got := read(); got != 0 {
		t.Errorf("before any push: %s, want 0", got)
	}
	for range 100 {
		a.metrics.Answered("xiaoju", charge.OutcomeAccepted, 40*time.Second)
	}
	if got := read(); got <= 30*time.Second || got > 60*time.Second {
		t.Errorf("after slow answers: %s, want one of the bucket from 30 to 60 seconds", got)
	}
	for range 98 {
		a.metrics.Answered("xiaoju", charge.OutcomeAccepted, 700*time.Microsecond)
	}
	for range 2 {
		a.metrics.Answered("telaidian", charge.OutcomeAccepted, 8*time.Millisecond)
	}
	if got := read(); got <= 5*time.Millisecond || got > 10*time.Millisecond {
		t.Errorf("with two slow ones of a hundred: %s, want one of the bucket from 5 to 10 ms", got)
	}
	if got := read(); got != 0 {
		t.Errorf("in a minute without a push: %s, want 0", got)
	}
}
