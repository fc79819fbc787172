package flow

import (
	"context"
	"net/netip"
	"testing"
)

// Of one network no more refused pushes wait than its share, and of all no more than there are places; another network
// finds a place while one floods.
func TestSecurityRecordingIsShared(t *testing.T) {
	r := newRecording()
	over, end := context.WithCancel(t.Context())
	end()
	began := func(network string, ctx context.Context) bool { return r.begin(ctx, netip.MustParseAddr(network)) }
	for i := range recordNetwork + 1 {
		if got, want := began("192.0.2.1", t.Context()), i < recordNetwork; got != want {
			t.Fatalf("push %d of a network: %v", i, got)
		}
	}
	if !began("198.51.100.1", t.Context()) {
		t.Error("another network finds no place")
	}
	for i := recordNetwork + 1; i < recordMost; i++ {
		if !began("203.0.113.1", t.Context()) {
			t.Fatalf("place %d is not taken", i)
		}
	}
	if began("203.0.113.2", over) {
		t.Error("there are more than the places")
	}
	r.end(netip.MustParseAddr("192.0.2.1"))
	if !began("203.0.113.2", over) {
		t.Error("a place that was given back is not taken")
	}
}
