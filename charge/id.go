package charge

import (
	"sync"
	"time"
)

// An id is 41 bits of milliseconds since 2024, 10 bits of node and 12 bits of sequence: positive, ordered by
// time, and unique as long as nodes have different numbers.
const (
	idNodeBits = 10
	idSeqBits  = 12
	idEpoch    = 1_704_067_200_000 // 2024-01-01T00:00:00Z in epoch milliseconds

	// MaxNode is the greatest node number of an id.
	MaxNode = 1<<idNodeBits - 1
)

// IDs makes the ids of one node's rows. It is safe for concurrent use.
type IDs struct {
	node int64
	now  func() time.Time

	mu   sync.Mutex
	last int64 // milliseconds since idEpoch << idSeqBits | sequence
}

// NewIDs makes ids for a node numbered 0 to MaxNode; higher bits of the number are dropped.
func NewIDs(node uint16, now func() time.Time) *IDs {
	return &IDs{node: int64(node) & MaxNode, now: now}
}

// Pass makes every further id greater than one that is stored, which an earlier process may have made by a clock
// that has been set back since.
func (g *IDs) Pass(id int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last, id>>(idNodeBits+idSeqBits)<<idSeqBits|(1<<idSeqBits-1))
}

// Next returns an id greater than every one before it, whatever the clock does: while the clock stands or
// goes back, and past 4096 ids in one millisecond, it counts on ahead of the clock.
func (g *IDs) Next() int64 {
	ms := g.now().UnixMilli() - idEpoch
	g.mu.Lock()
	g.last = max(g.last+1, ms<<idSeqBits)
	n := g.last
	g.mu.Unlock()
	return n>>idSeqBits<<(idNodeBits+idSeqBits) | g.node<<idSeqBits | n&(1<<idSeqBits-1)
}

// FirstID is less than or equal to every id that is made at a time or later, and greater than every one made before.
func FirstID(t time.Time) int64 {
	return (t.UnixMilli() - idEpoch) << (idNodeBits + idSeqBits)
}

// IDTime is when an id was made, to the millisecond.
func IDTime(id int64) time.Time {
	return time.UnixMilli(id>>(idNodeBits+idSeqBits) + idEpoch)
}
