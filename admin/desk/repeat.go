package desk

import (
	"context"
	"time"
)

// Answered is what a write was answered that came with a key of its caller's, so that the same write is not done twice.
type Answered struct {
	Request string    `json:"request"` // a digest of the request that brought the key first
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
	mostAnswered = 64 << 10 // bytes of an answer that is kept
)

// Begin claims a key for a request. It returns what the same request was answered before, nil where it is the first.
func (d *Desk) Begin(ctx context.Context, key, request string) (*Answered, error) {
	var before *Answered
	err := changeDocs(ctx, d.cfg.Docs, answerKind, func(all map[string]Answered) (map[string]*Answered, error) {
		before = nil
		if found, is := all[key]; is && d.Now().Sub(found.At) < keepAnswers {
			before = &found
			return nil, nil
		}
		puts := map[string]*Answered{}
		oldest := ""
		for other, a := range all {
			if d.Now().Sub(a.At) >= keepAnswers {
				puts[other] = nil
			}
			if oldest == "" || a.At.Before(all[oldest].At) {
				oldest = other
			}
		}
		if len(all)-len(puts) >= mostAnswers {
			puts[oldest] = nil
		}
		puts[key] = &Answered{Request: request, At: d.Now()}
		return puts, nil
	})
	switch {
	case err != nil || before == nil:
		return nil, err
	case before.Request != request:
		return nil, Fail(Invalid, "this Idempotency-Key came with another request before; take a new one")
	case before.Status == 0:
		return nil, Fail(Conflict, "a request with this Idempotency-Key is under way, or was cut off: look what came of it")
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
		answer.Request, answer.At = all[key].Request, all[key].At
		if answer.Kept = answer.Kept && len(answer.Body) <= mostAnswered; !answer.Kept {
			answer.Body = nil
		}
		return map[string]*Answered{key: &answer}, nil
	})
}
