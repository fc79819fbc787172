package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/chargestamp/chargestamp/charge"
)

// sampleEvery is how often a node keeps how it stands, for the charts of the console's first page.
const sampleEvery = time.Minute

// sampler works out how long answers and lots took in the last minute. It reads the histograms that Prometheus
// scrapes, so that no push pays for it.
type sampler struct {
	timers *prometheus.Registry
	seen   map[string]observed // by the name of a histogram, as of the last reading
}

// observed counts what a histogram has observed: up to each bound of buckets, and in all.
type observed struct {
	upTo map[float64]uint64
	all  uint64
}

func newSampler(m *metrics) *sampler {
	s := &sampler{timers: prometheus.NewRegistry(), seen: map[string]observed{}}
	s.timers.MustRegister(m.answers, m.delivery)
	return s
}

// The names of the histograms that are read.
const (
	answerSeconds   = "chargestamp_push_answer_seconds"
	deliverySeconds = "chargestamp_delivery_seconds"
)

// read returns what 99 of 100 observations since the last reading did not pass.
func (s *sampler) read() (p99 map[string]time.Duration, err error) {
	families, err := s.timers.Gather()
	if err != nil {
		return nil, err
	}
	p99 = map[string]time.Duration{}
	for _, family := range families {
		now := observed{upTo: map[float64]uint64{}}
		for _, metric := range family.GetMetric() {
			now.all += metric.GetHistogram().GetSampleCount()
			for _, b := range metric.GetHistogram().GetBucket() {
				now.upTo[b.GetUpperBound()] += b.GetCumulativeCount()
			}
		}
		name := family.GetName()
		p99[name] = now.since(s.seen[name])
		s.seen[name] = now
	}
	return p99, nil
}

// since returns what 99 of 100 observations after an earlier reading did not pass, as exactly as the buckets say; 0
// where there were none.
func (o observed) since(before observed) time.Duration {
	all := o.all - before.all
	if all == 0 {
		return 0
	}
	want, below, from := float64(all)*.99, float64(0), float64(0)
	for _, bound := range buckets {
		count := float64(o.upTo[bound] - before.upTo[bound])
		if count >= want {
			part := (want - below) / (count - below)
			return time.Duration((from + (bound-from)*part) * float64(time.Second))
		}
		below, from = count, bound
	}
	return time.Duration(from * float64(time.Second))
}

// sample keeps how this node stands.
func (a *App) sample(ctx context.Context) {
	now := a.clock.Now()
	p99, err := a.sampler.read()
	if err != nil {
		a.warn("reading the times of the last minute", err)
		return
	}
	counts, err := a.store.Counts(ctx, now, now)
	if err == nil {
		err = a.store.PutSample(ctx, a.cfg.Node, charge.Sample{At: now.UTC().Truncate(sampleEvery),
			Pending: counts.Pending, Answer: p99[answerSeconds], ToLot: p99[deliverySeconds]})
	}
	if ctx.Err() == nil {
		a.warn("keeping how this node stands", err)
	}
}
