package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// point is one moment of the live charts; what is not known of it is null.
type point struct {
	At        int64    `json:"at"` // epoch seconds
	Pushes    int64    `json:"pushes"`
	Delivered int64    `json:"delivered"`
	Pending   *int64   `json:"pending"`
	P99       *float64 `json:"p99_ms"`
}

// streamEvery is how often the live charts get a point, and what its counts span; streamPast is how many points
// they begin with.
const (
	streamEvery = 5 * time.Second
	streamPast  = 60
)

// stream sends a point every few seconds as server-sent events, until the browser goes.
func (c *Console) stream(w http.ResponseWriter, r *http.Request, _ *page) error {
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // it lasts; not every writer has a deadline to take away
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		c.hears.Do(func() { server.RegisterOnShutdown(func() { close(c.leaving) }) })
	}
	tick := time.NewTicker(streamEvery)
	defer tick.Stop()
	for past := streamPast; ; past = 0 {
		// An error ends the stream, be it the browser's or the store's: the browser comes again by itself.
		for ; past >= 0; past-- {
			if err := c.sendPoint(w, r, time.Duration(past)*streamEvery); err != nil {
				return nil
			}
		}
		if err := out.Flush(); err != nil {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-c.leaving:
			return nil
		case <-tick.C:
		}
		if _, _, err := c.cfg.Guard.Sessions.Get(r.Context(), sessionOf(r)); err != nil {
			return nil // signed out meanwhile
		}
	}
}

func sessionOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

func (c *Console) sendPoint(w http.ResponseWriter, r *http.Request, ago time.Duration) error {
	at := c.desk.Now().Add(-ago)
	count := c.desk.SpanCounts
	if ago == 0 {
		count = c.desk.Counts
	}
	counts, err := count(r.Context(), at.Add(-streamEvery), at)
	if err != nil {
		return err
	}
	f := figures{Counts: counts}
	pt := point{At: at.Unix(), Pushes: f.accepted(), Delivered: f.sum(charge.StateDelivered, charge.StateUsed)}
	if ago == 0 {
		pt.Pending = &counts.Pending
		if _, p99, ok := c.desk.Latency(); ok {
			ms := float64(p99.Microseconds()) / 1000
			pt.P99 = &ms
		}
	}
	data, err := json.Marshal(pt)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "data: %s\n\n", data)
	return err
}
