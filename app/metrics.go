package app

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
)

// metrics counts what happens. Labels come from closed lists only: no plate, no lot, no order.
type metrics struct {
	registry *prometheus.Registry
	pushes   *prometheus.CounterVec
	charges  *prometheus.CounterVec
	attempts *prometheus.CounterVec
	delivery *prometheus.HistogramVec
	stray    prometheus.Counter
	posts    *prometheus.CounterVec
	refused  *prometheus.CounterVec
	closed   *prometheus.CounterVec
	uplinks  *prometheus.HistogramVec
	acks     *prometheus.HistogramVec
	answers  *prometheus.HistogramVec
	pulse    *pulse
}

// buckets from a millisecond to a minute, finest where the budgets lie.
var buckets = []float64{.0005, .001, .002, .005, .01, .015, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func newMetrics(a *App) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "chargestamp", Name: name, Help: help}, labels)
	}
	timer := func(name, help string, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "chargestamp", Name: name, Help: help,
			Buckets: buckets}, labels)
	}
	m := &metrics{
		pulse:    newPulse(),
		registry: prometheus.NewRegistry(),
		pushes:   counter("pushes_total", "Pushes by platform and outcome.", "platform", "outcome"),
		charges:  counter("charge_states_total", "Charges that came into a state, by reason.", "state", "reason"),
		attempts: counter("delivery_attempts_total", "Tries of deliveries by channel and result.", "channel", "result"),
		delivery: timer("delivery_seconds", "From the receipt of a push to the lot's acknowledgement.", "channel"),
		stray: prometheus.NewCounter(prometheus.CounterOpts{Namespace: "chargestamp", Name: "stray_acks_total",
			Help: "Acknowledgements of an id that the lot was never sent."}),
		posts:   counter("webhook_posts_total", "Tries to post to webhooks, by webhook and result.", "webhook", "result"),
		refused: counter("line_refused_total", "Connections, frames, logins and uplinks refused, by reason.", "reason"),
		closed:  counter("line_closed_total", "Lines closed, by reason.", "reason"),
		uplinks: timer("line_uplink_seconds", "From an uplink's frame to its answer.", "service"),
		answers: timer("push_answer_seconds", "From a push's first byte to its answer.", "platform"),
		acks:    timer("line_ack_seconds", "From a downlink to its acknowledgement.", "result"),
	}
	m.registry.MustRegister(m.pushes, m.charges, m.attempts, m.delivery, m.stray, m.posts, m.refused, m.closed,
		m.uplinks, m.acks, m.answers,
		&gauges{app: a, now: a.clock.Now},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "chargestamp", Name: "deliveries_in_flight",
			Help: "Deliveries and reports in flight on this node."},
			func() float64 { return float64(a.flow.InFlight()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "chargestamp", Name: "line_sessions",
			Help: "Lines logged in on this node."},
			func() float64 { return float64(a.line.Stats().Sessions) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "chargestamp", Name: "line_connections",
			Help: "Open line connections."},
			func() float64 { return float64(a.line.Stats().Connections) }),
		unservedOf(a, "private"), unservedOf(a, "public"))
	m.begin(a.dialects)
	return m
}

// begin has the counters of closed lists stand at 0 from the start: a rate sees the first event too, and no alert rule
// looks at nothing.
func (m *metrics) begin(dialects []platform.Dialect) {
	for _, d := range dialects {
		for _, outcome := range charge.Outcomes {
			m.pushes.WithLabelValues(d.Info().ID, string(outcome))
		}
	}
	for _, channel := range []charge.DeliveryChannel{charge.ChannelLine, charge.ChannelCallback, charge.ChannelLedger} {
		for _, result := range charge.AttemptResults {
			m.attempts.WithLabelValues(string(channel), string(result))
		}
	}
}

// unservedOf counts the requests of a class of addresses that nothing serves.
func unservedOf(a *App, class string) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "chargestamp", Name: "unserved_total",
		Help:        "Requests of the public listener that nothing serves, by class of address.",
		ConstLabels: prometheus.Labels{"class": class}},
		func() float64 {
			if in := a.intake.Load(); in != nil {
				return float64(in.StrayCount(class))
			}
			return 0
		})
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Pushed counts a push.
func (m *metrics) Pushed(platform string, outcome charge.Outcome) {
	m.pushes.WithLabelValues(platform, string(outcome)).Inc()
}

// Answered times the way from a push's receipt to its answer.
func (m *metrics) Answered(platform string, _ charge.Outcome, took time.Duration) {
	m.answers.WithLabelValues(platform).Observe(took.Seconds())
}

// Moved counts a charge that entered a state.
func (m *metrics) Moved(state charge.State, reason charge.Reason) {
	m.charges.WithLabelValues(string(state), string(reason)).Inc()
}

// Tried counts a try of a delivery.
func (m *metrics) Tried(channel charge.DeliveryChannel, result charge.AttemptResult) {
	m.attempts.WithLabelValues(string(channel), string(result)).Inc()
}

// StrayAck counts an acknowledgement of nothing.
func (m *metrics) StrayAck(charge.LotID) { m.stray.Inc() }

// Posted counts a try to post a message to a webhook.
func (m *metrics) Posted(target string, taken bool) {
	result := "failed"
	if taken {
		result = "taken"
	}
	m.posts.WithLabelValues(target, result).Inc()
}

// Refused counts what a line refused.
func (m *metrics) Refused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// Closed counts a closed line.
func (m *metrics) Closed(reason string) { m.closed.WithLabelValues(reason).Inc() }

// Uplink times an uplink.
func (m *metrics) Uplink(service string, took time.Duration) {
	m.uplinks.WithLabelValues(service).Observe(took.Seconds())
}

// lineMetrics is metrics as lines count: package line and package flow both say Delivered and mean different times.
type lineMetrics struct{ *metrics }

// Delivered times a downlink and its acknowledgement.
func (m lineMetrics) Delivered(result charge.AttemptResult, took time.Duration) {
	m.acks.WithLabelValues(string(result)).Observe(took.Seconds())
}

// Delivered times the way from push to lot.
func (m *metrics) Delivered(id charge.LotID, channel charge.DeliveryChannel, since time.Duration) {
	m.pulse.delivered(id, since)
	m.delivery.WithLabelValues(string(channel)).Observe(since.Seconds())
}
