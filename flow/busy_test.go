package flow_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
)

// stuck is a storage whose disk hangs until the test lets it go.
type stuck struct {
	flow.Storage
	came chan struct{}
	free chan struct{}
}

func (s stuck) Write(context.Context, []charge.VisitKey, func(flow.Tx) error) error {
	s.came <- struct{}{}
	<-s.free
	return nil
}

// While as many pushes are being stored as there may be, the next one is answered "busy" at once; when they are
// done there is room again.
func TestBusyAtOnce(t *testing.T) {
	disk := stuck{came: make(chan struct{}, flow.MostTaking+1), free: make(chan struct{})}
	f := flow.New(flow.Config{Storage: disk, Observer: observer{}, IDs: charge.NewIDs(1, (&clock{now: start}).Now),
		Now:    (&clock{now: start}).Now,
		Logger: slog.New(slog.DiscardHandler)}, nil)
	take := func() (outcome charge.Outcome) {
		f.Take(t.Context(), platform.Push{Platform: "telaidian", Received: start}, platform.Account{}, platform.Message{},
			func(v platform.Verdict) platform.Reply {
				outcome = v.Outcome
				return platform.Reply{}
			})
		return outcome
	}
	var all sync.WaitGroup
	for range flow.MostTaking {
		all.Go(func() {
			if got := take(); got != charge.OutcomeAccepted {
				t.Errorf("a push that found room got %s", got)
			}
		})
	}
	for range flow.MostTaking {
		<-disk.came
	}
	if got := take(); got != charge.OutcomeBusy {
		t.Errorf("one push too many got %s, want busy", got)
	}
	close(disk.free)
	all.Wait()
	if got := take(); got != charge.OutcomeAccepted {
		t.Errorf("a push after the rush got %s", got)
	}
}
