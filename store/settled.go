package store

import "sync/atomic"

// settled is how far charges are added up, here or by another node as far as is known, in epoch milliseconds.
// It keeps what is below noted whatever the clock says.
type settled struct{ upto atomic.Int64 }

func (s *settled) raise(to int64) {
	for {
		was := s.upto.Load()
		if was >= to || s.upto.CompareAndSwap(was, to) {
			return
		}
	}
}
