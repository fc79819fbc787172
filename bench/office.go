package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
)

// Office asks a server what it thinks, through its admin API.
type Office struct{ *client.Client }

// Pending counts the deliveries of all lots that are not done with.
func (o Office) Pending(ctx context.Context) (int, error) {
	var page struct {
		Items []struct{ Pending int }
	}
	if err := o.Get(ctx, "/api/v1/lots", nil, &page); err != nil {
		return 0, err
	}
	n := 0
	for _, l := range page.Items {
		n += l.Pending
	}
	return n, nil
}

// goingOn is Pending without the deliveries that only a person can end: those of unknown charges that are excused.
func (o Office) goingOn(ctx context.Context, excused func(client.Charge, bool) bool) (int, error) {
	n, err := o.Pending(ctx)
	if n == 0 || err != nil {
		return n, err
	}
	unknown, err := o.Charges(ctx, url.Values{"state": {string(charge.StateUnknown)}})
	for _, c := range unknown {
		if excused(c, false) {
			n--
		}
	}
	return n, err
}

// Settled waits until nothing is pending or in flight but what is excused, and returns how long that took.
func (o Office) Settled(ctx context.Context, within time.Duration,
	excused func(client.Charge, bool) bool) (time.Duration, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		pending, err := o.goingOn(ctx, excused)
		var m Metrics
		if err == nil {
			m, err = o.Metrics(ctx)
		}
		if err == nil && pending == 0 && m.Sum("chargestamp_deliveries_in_flight") == 0 {
			return time.Since(begin), nil
		}
		select {
		case <-ctx.Done():
			if err != nil {
				return 0, fmt.Errorf("waiting until nothing is pending: %w", err)
			}
			return 0, fmt.Errorf("%d deliveries are pending after %s", pending, within)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Metrics are the server's figures by series, "name" or `name{label="…"}`.
type Metrics map[string]float64

// Metrics reads /metrics.
func (o Office) Metrics(ctx context.Context) (Metrics, error) {
	m := Metrics{}
	err := o.Get(ctx, "/metrics", nil, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			series, value, ok := cutLast(lines.Text(), ' ')
			if !ok || strings.HasPrefix(series, "#") {
				continue
			}
			if v, err := strconv.ParseFloat(value, 64); err == nil {
				m[series] = v
			}
		}
		return lines.Err()
	})
	return m, err
}

// Sum adds up the series of a name whose labels hold all of some texts (`channel="line"`).
func (m Metrics) Sum(name string, labels ...string) float64 {
	total := 0.0
next:
	for series, v := range m {
		base, rest, _ := strings.Cut(series, "{")
		if base != name {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(rest, l) {
				continue next
			}
		}
		total += v
	}
	return total
}

// CPU is the processor time the server has used.
func (m Metrics) CPU() time.Duration {
	return time.Duration(m["process_cpu_seconds_total"] * float64(time.Second))
}

// RSS is the server's resident memory in bytes.
func (m Metrics) RSS() float64 { return m["process_resident_memory_bytes"] }

// delivered counts the acknowledgements that are durable.
func (m Metrics) delivered() int { return int(m.Sum("chargestamp_delivery_seconds_count")) }

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// timed is Get, and how long it took until the last byte was read.
func (o Office) timed(ctx context.Context, path string, v any) (took time.Duration, err error) {
	begin := time.Now()
	err = o.Get(ctx, path, nil, func(r io.Reader) error {
		text, err := io.ReadAll(r)
		if took = time.Since(begin); err != nil {
			return err
		}
		return json.Unmarshal(text, v)
	})
	return took, err
}
