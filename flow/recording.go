package flow

import (
	"context"
	"net/netip"
	"sync"
	"time"
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

	mu sync.Mutex
	by map[netip.Addr]int // that wait or are written, by network
}

func newRecording() *recording {
	return &recording{places: make(chan struct{}, recordMost), by: map[netip.Addr]int{}}
}

// begin waits for a place until ctx is over, and reports whether there was one; it is given back by end.
func (r *recording) begin(ctx context.Context, network netip.Addr) bool {
	if !r.enter(network) {
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
		r.leave(network)
		return false
	}
}

func (r *recording) end(network netip.Addr) {
	<-r.places
	r.leave(network)
}

func (r *recording) enter(network netip.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by[network] >= recordNetwork {
		return false
	}
	r.by[network]++
	return true
}

func (r *recording) leave(network netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by[network]--; r.by[network] == 0 {
		delete(r.by, network)
	}
}
