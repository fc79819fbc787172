package flow

import (
	"context"
	"net/netip"
	"time"

	"github.com/chargestamp/chargestamp/limit"
)

// So many refused pushes wait for the store at a time, over all and of one network; one that has no place among them
// after recordWithin is counted and not recorded.
const (
	recordMost    = 32
	recordNetwork = 16
	recordWithin  = 250 * time.Millisecond
)

// recording keeps honest pushes from standing behind thousands of refused ones before the store.
type recording struct {
	places chan struct{}
	by     limit.Places[netip.Addr] // that wait or are written, by network
}

func newRecording() *recording {
	return &recording{places: make(chan struct{}, recordMost)}
}

// begin waits for a place until ctx is over, and reports whether there was one; it is given back by end.
func (r *recording) begin(ctx context.Context, network netip.Addr) bool {
	if _, ok := r.by.Take(network, recordNetwork); !ok {
		return false
	}
	select {
	case r.places <- struct{}{}:
		return true
	default:
	}
	select {
	case r.places <- struct{}{}:
		return true
	case <-ctx.Done():
		r.by.Give(network)
		return false
	}
}

func (r *recording) end(network netip.Addr) {
	<-r.places
	r.by.Give(network)
}
