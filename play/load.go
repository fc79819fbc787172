package play

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"net/http"
	"slices"
	"sync"
	"time"
)

// LoadConfig describes a run of pushes.
type LoadConfig struct {
	// Next returns the i-th push and who sends it; it must be safe for concurrent use. Every request is built
	// and sealed at its own time.
	Next func(i int) (*Player, Push)

	Rate    float64       // pushes per second by a clock of its own (open loop); 0: as fast as answers come
	Workers int           // pushes in flight at most; 0 is 64
	Count   int           // pushes in all; 0: until For is over
	For     time.Duration // time in all; 0: until Count is reached

	// Done is called with every push, by many goroutines; may be nil.
	Done func(Shot)
}

// Shot is one push of a run.
type Shot struct {
	I        int
	Push     Push
	Exchange *Exchange // nil where there was no answer
	Err      error
	Accepted bool // the platform counts it as delivered
	Latency  time.Duration
}

// Result is what a run came to.
type Result struct {
	Sent     int
	Accepted int // answered with success
	Refused  int // answered otherwise
	Failed   int // not answered
	Took     time.Duration
	Latency  Histogram // of the accepted ones
}

// PerSecond is how many pushes were accepted a second.
func (r Result) PerSecond() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Accepted) / r.Took.Seconds()
}

// Load pushes by a clock or in a loop. With a Rate, latency counts from the moment a push was meant to
// leave, so that a server that stalls cannot hide it by holding back the next ones (coordinated omission).
// It ends early, without an error, when the context ends.
func Load(ctx context.Context, cfg LoadConfig) (Result, error) {
	if cfg.Next == nil || cfg.Count <= 0 && cfg.For <= 0 || cfg.Rate < 0 {
		return Result{}, errors.New("a load needs Next, and Count or For above zero")
	}
	cfg.Workers = cmp.Or(cfg.Workers, 64)
	start := time.Now()
	meant := cfg.schedule(ctx, start)
	results := make([]Result, cfg.Workers)
	var all sync.WaitGroup
	for w := range results {
		all.Go(func() {
			for due := range meant {
				results[w].count(cfg.shoot(ctx, due))
			}
		})
	}
	all.Wait()
	var sum Result
	for i := range results {
		sum.add(&results[i])
	}
	sum.Took = time.Since(start)
	return sum, nil
}

// due is one push and the time it is meant to leave; zero is now.
type due struct {
	i  int
	at time.Time
}

// schedule hands out pushes in order. The queue of an open loop is as long as it takes: it never holds the
// clock back.
func (cfg LoadConfig) schedule(ctx context.Context, start time.Time) <-chan due {
	room := 0
	if cfg.Rate > 0 {
		room = max(cfg.Count, int(cfg.Rate*cfg.For.Seconds())) + 1
	}
	out := make(chan due, room)
	go func() {
		defer close(out)
		clock := time.NewTimer(0)
		defer clock.Stop()
		for i := 0; cfg.Count == 0 || i < cfg.Count; i++ {
			d := due{i: i}
			since := time.Since(start)
			if cfg.Rate > 0 {
				since = time.Duration(float64(i) / cfg.Rate * float64(time.Second))
				d.at = start.Add(since)
			}
			if cfg.For > 0 && since >= cfg.For {
				return
			}
			if wait := time.Until(d.at); cfg.Rate > 0 && wait > 0 {
				clock.Reset(wait)
				select {
				case <-clock.C:
				case <-ctx.Done():
					return
				}
			}
			select {
			case out <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (cfg LoadConfig) shoot(ctx context.Context, d due) Shot {
	player, push := cfg.Next(d.i)
	from := d.at
	if from.IsZero() {
		from = time.Now()
	}
	e, err := player.Send(ctx, push, Options{})
	s := Shot{I: d.i, Push: push, Exchange: e, Err: err, Latency: time.Since(from)}
	s.Accepted = err == nil && e.Delivered()
	if cfg.Done != nil {
		cfg.Done(s)
	}
	return s
}

func (r *Result) count(s Shot) {
	r.Sent++
	switch {
	case s.Accepted:
		r.Accepted++
		r.Latency.Add(s.Latency)
	case s.Err != nil:
		r.Failed++
	default:
		r.Refused++
	}
}

func (r *Result) add(o *Result) {
	r.Sent += o.Sent
	r.Accepted += o.Accepted
	r.Refused += o.Refused
	r.Failed += o.Failed
	r.Latency.Merge(&o.Latency)
}

// LoadClient returns an HTTP client that keeps one connection for each worker and follows no redirects.
func LoadClient(workers int) *http.Client {
	c := *plainClient
	c.Transport = &http.Transport{MaxIdleConns: 2 * workers, MaxIdleConnsPerHost: workers, DisableCompression: true}
	return &c
}

// Histogram counts durations in buckets of less than one percent. The zero value is empty.
type Histogram struct {
	buckets map[int]int64
	n       int64
	most    time.Duration
	sum     time.Duration
}

// Each power of two above 128 ns is cut into 128 buckets; below, each nanosecond is its own.
const halfBuckets = 7

func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	if v < 1<<halfBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - halfBuckets - 1
	return (shift+1)<<halfBuckets + int(v>>shift) - 1<<halfBuckets
}

// floorOf is the lowest duration of a bucket.
func floorOf(bucket int) time.Duration {
	if bucket < 1<<halfBuckets {
		return time.Duration(bucket)
	}
	shift := bucket>>halfBuckets - 1
	return time.Duration((bucket&(1<<halfBuckets-1) + 1<<halfBuckets) << shift)
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	if h.buckets == nil {
		h.buckets = map[int]int64{}
	}
	h.buckets[bucketOf(d)]++
	h.n++
	h.sum += d
	h.most = max(h.most, d)
}

// Merge adds another histogram's counts.
func (h *Histogram) Merge(o *Histogram) {
	if h.buckets == nil {
		h.buckets = map[int]int64{}
	}
	for b, n := range o.buckets {
		h.buckets[b] += n
	}
	h.n += o.n
	h.sum += o.sum
	h.most = max(h.most, o.most)
}

// Count is how many durations were added.
func (h *Histogram) Count() int64 { return h.n }

// Max is the longest.
func (h *Histogram) Max() time.Duration { return h.most }

// Mean is the average, 0 of none.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Quantile is the duration that a part q (0 to 1) does not exceed, 0 of none.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(int64(q*float64(h.n)+0.999999), 1)
	seen := int64(0)
	for _, b := range slices.Sorted(maps.Keys(h.buckets)) {
		if seen += h.buckets[b]; seen >= rank {
			return min(floorOf(b+1)-1, h.most)
		}
	}
	return h.most
}

// String returns the usual quantiles.
func (h *Histogram) String() string {
	return fmt.Sprintf("n=%d p50=%s p90=%s p99=%s p99.9=%s max=%s", h.n, round(h.Quantile(.5)), round(h.Quantile(.9)),
		round(h.Quantile(.99)), round(h.Quantile(.999)), round(h.most))
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
