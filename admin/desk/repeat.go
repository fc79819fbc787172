package desk

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Answered is what a write was answered that came with a key of its caller's, so that the same write is not done twice.
type Answered struct {
	Request string    `json:"request"`      // a digest of the request that brought the key first
	By      string    `json:"by,omitempty"` // a digest of who sent it
	At      time.Time `json:"at"`
	Status  int       `json:"status"` // 0 while the first one is under way
	Kind    string    `json:"kind"`   // Content-Type
	Body    []byte    `json:"body"`
	Kept    bool      `json:"kept"` // Body is what was answered; false of secrets and of very long answers
}

const (
	answerKind   = "answer"
	keepAnswers  = 24 * time.Hour
	mostAnswers  = 1000
	mostOfCaller = 250       // of them one caller's: he cannot push out those of all others
	mostAnswered = 64 << 10  // bytes of an answer that is kept
	mostBodies   = 512 << 10 // bytes of all of them: each write with a key looks through them
)

// Begin claims a key for a caller's request. It returns what the same request was answered before, nil where it is the
// first.
func (d *Desk) Begin(ctx context.Context, by, key, request string) (*Answered, error) {
	var before *Answered
	err := changeDocs(ctx, d.cfg.Docs, answerKind, func(all map[string]Answered) (map[string]*Answered, error) {
		before = nil
		if found, is := all[key]; is && d.Now().Sub(found.At) < keepAnswers {
			before = &found
			return nil, nil
		}
		puts := map[string]*Answered{}
		count, oldest, own := 0, "", ""
		for other, a := range all {
			if d.Now().Sub(a.At) >= keepAnswers {
				puts[other] = nil
				continue
			}
			if oldest == "" || a.At.Before(all[oldest].At) {
				oldest = other
			}
			if a.By != by {
				continue
			}
			if count++; own == "" || a.At.Before(all[own].At) {
				own = other
			}
		}
		switch {
		case count >= mostOfCaller:
			puts[own] = nil
		case len(all)-len(puts) >= mostAnswers:
			puts[oldest] = nil
		}
		puts[key] = &Answered{Request: request, By: by, At: d.Now()}
		return puts, nil
	})
	switch {
	case err != nil || before == nil:
		return nil, err
	case before.Request != request:
		return nil, Fail(Invalid, "this Idempotency-Key came with another request before; take a new one")
	case before.Status == 0:
		return nil, Fail(Conflict, "a request with this Idempotency-Key is under way, or was cut off: "+
			"check whether it was done")
	case !before.Kept:
		return nil, Fail(Conflict, "this was done already; its answer is not kept")
	}
	return before, nil
}

// Finish keeps what a request was answered; where that was a failure its key is free again.
func (d *Desk) Finish(ctx context.Context, key string, answer Answered) error {
	return changeDocs(ctx, d.cfg.Docs, answerKind, func(all map[string]Answered) (map[string]*Answered, error) {
		if answer.Status < 200 || answer.Status > 299 {
			return map[string]*Answered{key: nil}, nil
		}
		answer.Request, answer.By, answer.At = all[key].Request, all[key].By, all[key].At
		if answer.Kept = answer.Kept && len(answer.Body) <= mostAnswered; !answer.Kept {
			answer.Body = nil
		}
		puts := map[string]*Answered{key: &answer}
		dropBodies(all, len(answer.Body), puts)
		return puts, nil
	})
}

// dropBodies makes room for more bytes of answers: the oldest are not kept any more, that they were given is.
func dropBodies(all map[string]Answered, more int, puts map[string]*Answered) {
	sum := more
	for _, a := range all {
		sum += len(a.Body)
	}
	for _, key := range slices.SortedFunc(maps.Keys(all), func(a, b string) int { return all[a].At.Compare(all[b].At) }) {
		if sum <= mostBodies {
			return
		}
		if a := all[key]; len(a.Body) > 0 {
			sum -= len(a.Body)
			a.Body, a.Kept = nil, false
			puts[key] = &a
		}
	}
}
