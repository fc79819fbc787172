package limit

import (
	"sync"
	"time"
)

const (
	noiseSpan = 10 * time.Second
	noiseKeys = 1024

	noiseSweep  = time.Second // a flood of keys must not walk over all of them for each
	noiseForget = time.Minute // a key that was silent for so long takes its count along
)

// Noise holds back repeated log lines: one in ten seconds for each key. Keys beyond noiseKeys within ten seconds share
// one line. The zero Noise is ready; safe for concurrent use.
type Noise struct {
	mu    sync.Mutex
	lines map[string]*lines
	swept time.Time // when silent keys were last looked for
}

type lines struct {
	last  time.Time
	count int // since the last line
}

// Allow returns how many events there have been since the last line, this one included, or 0 for no line now.
func (o *Noise) Allow(key string, now time.Time) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	of := o.lines[key]
	if of == nil {
		of = o.add(key, now)
	}
	of.count++
	if !of.last.IsZero() && now.Sub(of.last) < noiseSpan {
		return 0
	}
	n := of.count
	of.last, of.count = now, 0
	return n
}

// add makes room for a key where old ones are silent, else it returns the one that all others share.
func (o *Noise) add(key string, now time.Time) *lines {
	if o.lines == nil {
		o.lines = map[string]*lines{}
	}
	if len(o.lines) >= noiseKeys && now.Sub(o.swept) >= noiseSweep {
		o.swept = now
		for k, of := range o.lines {
			if silent := now.Sub(of.last); silent >= noiseForget || silent >= noiseSpan && of.count == 0 {
				delete(o.lines, k)
			}
		}
	}
	if len(o.lines) >= noiseKeys {
		key = ""
		if of := o.lines[key]; of != nil {
			return of
		}
	}
	of := &lines{}
	o.lines[key] = of
	return of
}

// Window counts events in spans of time. The zero Window is ready; safe for concurrent use.
type Window struct {
	mu    sync.Mutex
	from  time.Time
	count int
}

// Over counts an event, and reports whether there are more than most in the span of time that now lies in.
func (w *Window) Over(now time.Time, span time.Duration, most int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.from) >= span {
		w.from, w.count = now, 0
	}
	w.count++
	return w.count > most
}
