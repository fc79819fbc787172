package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chargestamp/chargestamp/admin/client"
)

// The checklist for partners that call the gateway: a charging platform, and a 4G lot's gate. They are given the
// relay's address in place of the gateway's; it passes everything on, byte for byte, and looks at what comes by.

// relay stands between a partner and the gateway. The gateway alone judges; the relay only watches, and loses
// one answer.
type relay struct {
	base   string // the gateway's public listener
	client *http.Client
	stall  stall

	mu      sync.Mutex
	seen    []passed
	changed chan struct{}
	lie     func(passed) bool // which answer is lost, once; asked of every answer until then
}

// passed is one request that came by, and the gateway's answer.
type passed struct {
	path, request string
	status        int
	answer        []byte
	lied          bool // the partner did not hear this answer
}

func newRelay(base string) *relay {
	return &relay{base: base, client: plainClient, changed: make(chan struct{})}
}

// ServeHTTP passes one request on.
func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := readBody(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	on, err := http.NewRequestWithContext(req.Context(), req.Method, r.base+req.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	on.Header = req.Header.Clone()
	resp, err := r.client.Do(on)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	p := passed{path: req.URL.Path, request: string(body), status: resp.StatusCode}
	if p.answer, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20)); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	r.mu.Lock()
	lie := r.lie
	r.mu.Unlock()
	if lie != nil && lie(p) {
		p.lied = true
		r.note(p, true)
		panic(http.ErrAbortHandler)
	}
	r.note(p, false)
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(p.answer) // a partner that is gone asks again
}

func (r *relay) note(p passed, told bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if told {
		r.lie = nil
	}
	r.seen = append(r.seen, p)
	close(r.changed)
	r.changed = make(chan struct{})
}

// count is how many requests have come by.
func (r *relay) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// wait returns the first request from a place in the row on that is wanted, and its place.
func (r *relay) wait(ctx context.Context, from int, wanted func(passed) bool) (passed, int, error) {
	for {
		r.mu.Lock()
		changed := r.changed
		i := slices.IndexFunc(r.seen[from:], wanted)
		var p passed
		if i >= 0 {
			p = r.seen[from+i]
		}
		r.mu.Unlock()
		if i >= 0 {
			return p, from + i, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return passed{}, 0, errors.New("nothing of the kind came in time")
		}
	}
}

// withRelay opens a relay for a checklist, which loses one answer of its own where lie is not nil.
func (x *exam) withRelay(ctx context.Context, lie func(passed) bool, do func(context.Context, *relay)) error {
	r := newRelay(client.BaseURL(x.cfg.Against))
	r.lie = lie
	if err := r.stall.open(x.cfg.Listen, r); err != nil {
		return err
	}
	x.sheet.Against = strings.TrimPrefix(r.stall.url, "http://")
	do(ctx, r)
	return r.stall.close()
}

// theirPlatform examines a charging platform that pushes to the relay.
func (x *exam) theirPlatform(ctx context.Context) error {
	v, err := voiceOf(x.cfg.Platform)
	if err != nil {
		return err
	}
	var taken atomic.Int32
	second := func(p passed) bool { return v.isPush(p.path) && x.isTaken(v, p) && taken.Add(1) == 2 }
	return x.withRelay(ctx, second, func(ctx context.Context, r *relay) {
		if v.token != "" {
			x.check(ctx, "query_token is asked for, with the right secret",
				func(ctx context.Context) (string, error) { return x.theirToken(ctx, r, v) })
		}
		var first passed
		at := 0
		if !x.check(ctx, "a push comes in and is taken (finish a charge now)",
			func(ctx context.Context) (text string, err error) {
				first, at, text, err = x.theirPush(ctx, r, v, 0)
				return text, err
			}) {
			return
		}
		lost := 0
		if !x.check(ctx, "the next push comes in, its answer is lost (finish another)",
			func(ctx context.Context) (string, error) {
				p, i, err := r.wait(ctx, at+1, func(p passed) bool { return p.lied })
				lost = i
				return p.path, err
			}) {
			return
		}
		x.check(ctx, "it is pushed again and taken as a repeat", func(ctx context.Context) (string, error) {
			_, _, text, err := x.theirPush(ctx, r, v, lost+1)
			return text, err
		})
		x.check(ctx, "a push that was taken is not pushed again", func(context.Context) (string, error) {
			again := 0
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, p := range r.seen[at+1:] {
				if p.request == first.request {
					again++
				}
			}
			if again > 0 {
				return "", fmt.Errorf("the first one came %d times more", again)
			}
			return "not in the time of this test", nil
		})
	})
}

// isPush distinguishes a push from a platform's questions, by its path.
func (v voice) isPush(path string) bool {
	return !strings.Contains(path, "query_token") && (v.inquiry == "" || !strings.HasPrefix(path, v.inquiry))
}

// isTaken reports whether the platform hears by an answer that its push counts as delivered.
func (x *exam) isTaken(v voice, p passed) bool {
	return x.reads(v, p) == nil
}

// reads says why an answer is no success, in the gateway's words.
func (x *exam) reads(v voice, p passed) error {
	a, err := v.read(v, x.cfg.Keys, p.answer)
	switch {
	case err != nil:
		return err
	case p.status != http.StatusOK || !a.OK:
		return fmt.Errorf("refused: HTTP %d, %s %s; the doctor (chargestamp check) tells why", p.status, a.Code, a.Text)
	}
	return nil
}

func (x *exam) theirToken(ctx context.Context, r *relay, v voice) (string, error) {
	p, _, err := r.wait(ctx, 0, func(p passed) bool { return strings.Contains(p.path, "query_token") })
	if err != nil {
		return "", err
	}
	token, valid, err := readToken(x.cfg.Keys, p.answer)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %d characters, for %s", v.token, len(token), valid), nil
}

// theirPush waits for a push that is taken. What is refused on the way is listed where none is.
func (x *exam) theirPush(ctx context.Context, r *relay, v voice, from int) (p passed, at int, text string, err error) {
	isPush := func(p passed) bool { return v.isPush(p.path) }
	p, at, err = r.wait(ctx, from, func(p passed) bool { return isPush(p) && x.isTaken(v, p) })
	if err == nil {
		return p, at, fmt.Sprintf("%s, %d bytes", p.path, len(p.request)), nil
	}
	if refused, _, none := r.wait(ctx, min(from, r.count()), isPush); none == nil {
		return p, 0, "", x.reads(v, refused)
	}
	return p, 0, "", err
}

// theirGate examines a gate or camera box that calls the relay.
func (x *exam) theirGate(ctx context.Context) error {
	return x.withRelay(ctx, nil, func(ctx context.Context, r *relay) {
		at := -1
		for _, step := range []struct{ name, path string }{
			{"entry: S1 with the lot's key (let a car in now)", "/gate/v1/entry"},
			{"quote: the price is asked for at the exit (let it out now)", "/gate/v1/quote"},
			{"exit: told with what was taken", "/gate/v1/exit"},
		} {
			if !x.check(ctx, step.name, func(ctx context.Context) (text string, err error) {
				at, text, err = theirCall(ctx, r, at+1, step.path)
				return text, err
			}) {
				return
			}
		}
	})
}

// theirCall waits for a call of a path that is answered with state 1.
func theirCall(ctx context.Context, r *relay, from int, path string) (int, string, error) {
	var said struct {
		State  *int
		ErrMsg string
	}
	refused := ""
	p, at, err := r.wait(ctx, from, func(p passed) bool {
		if p.path != path {
			return false
		}
		if json.Unmarshal(p.answer, &said) == nil && said.State != nil && *said.State == 1 {
			return true
		}
		refused = string(p.answer)
		return false
	})
	if err != nil && refused != "" {
		return 0, "", fmt.Errorf("refused: %.200s", refused)
	}
	return at, strings.TrimSpace(string(p.answer)), err
}
