package sim

import (
	"container/heap"
	"time"
)

// agenda is what will happen, in the order of its time; what has the same time happens in the order in which it was
// put down.
type agenda struct {
	events events
	count  int
}

type event struct {
	at time.Time
	n  int
	do func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].n < e[j].n
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	(*e)[last] = event{}
	*e = (*e)[:last]
	return x
}

func (a *agenda) put(at time.Time, do func()) {
	a.count++
	heap.Push(&a.events, event{at, a.count, do})
}

func (a *agenda) empty() bool { return len(a.events) == 0 }

// next is when the next event is.
func (a *agenda) next() time.Time { return a.events[0].at }

func (a *agenda) pop() event { return heap.Pop(&a.events).(event) }
