package console

import (
	"cmp"
	"sync"
)

// together does all, each beside the others, and returns the first error of the list. A panic is the caller's, whose
// request it ends: left to itself it would end the gateway.
func together(all ...func() error) error {
	faults, panics := make([]error, len(all)), make([]any, len(all))
	var done sync.WaitGroup
	for i, do := range all {
		done.Go(func() {
			defer func() { panics[i] = recover() }()
			faults[i] = do()
		})
	}
	done.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return cmp.Or(faults...)
}
