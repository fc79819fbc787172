// Package tracing sends one trace a charge to a collector of OpenTelemetry: the push, the commit that it shared with
// others, each try to deliver, and the lot's acknowledgement. Spans hold no plate and no order number.
package tracing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
)

// Config is what a Tracer is made of.
type Config struct {
	URL           string  // of the collector, "https://collector.example.com/v1/traces"
	Share         float64 // of the charges that are traced; every node picks the same ones
	Node, Version string
	Client        *http.Client // guards where it may go
	Logger        *slog.Logger
}

// Tracer makes one trace a charge. The trace's id is worked out from the charge's, so that spans of other nodes, and of
// tries after a restart, belong to it without anything being stored. It is safe for concurrent use.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New makes a Tracer. It sends in the background; what the collector does not take in time is left out.
func New(cfg Config) *Tracer {
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&exporter{url: cfg.URL, client: cfg.Client, logger: cfg.Logger}),
		sdktrace.WithIDGenerator(ids{}), sdktrace.WithSampler(sdktrace.TraceIDRatioBased(cfg.Share)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "chargestamp"),
			attribute.String("service.version", cfg.Version), attribute.String("service.instance.id", cfg.Node))))
	return &Tracer{provider, provider.Tracer("github.com/chargestamp/chargestamp")}
}

// Stop sends what is left, until ctx ends.
func (t *Tracer) Stop(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// Stored sends the push, and within it the commit.
func (t *Tracer) Stored(c *charge.Charge, begun, committed time.Time) {
	ctx := context.WithValue(context.Background(), rootKey{}, rootOf(c.ID))
	ctx, push := t.tracer.Start(ctx, "push", trace.WithTimestamp(c.Received), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(about(c.ID, c.Lot, c.Reason)...), trace.WithAttributes(
			attribute.String("chargestamp.platform", c.Platform), attribute.String("chargestamp.account", c.Account),
			attribute.String("chargestamp.state", string(c.State))))
	_, batch := t.tracer.Start(ctx, "batch", trace.WithTimestamp(begun))
	batch.End(trace.WithTimestamp(committed))
	push.End(trace.WithTimestamp(committed))
}

// Tried sends a try to deliver, and within it the time until the lot acknowledged it.
func (t *Tracer) Tried(try flow.TriedDelivery) {
	root := rootOf(try.Charge)
	ctx := trace.ContextWithRemoteSpanContext(context.Background(),
		trace.NewSpanContext(trace.SpanContextConfig{TraceID: root.trace, SpanID: root.span, Remote: true}))
	attributes := trace.WithAttributes(append(about(try.Charge, try.Lot, try.Reason),
		attribute.String("chargestamp.channel", string(try.Channel)),
		attribute.String("chargestamp.result", string(try.Result)))...)
	acked, sent := try.Result == charge.AttemptAcked, try.Sent
	if !try.Begun.IsZero() {
		var delivery trace.Span
		ctx, delivery = t.tracer.Start(ctx, "delivery", trace.WithTimestamp(try.Begun),
			trace.WithSpanKind(trace.SpanKindClient), attributes)
		if !acked {
			delivery.SetStatus(codes.Error, string(try.Reason))
		}
		defer delivery.End(trace.WithTimestamp(try.Ended))
		if sent.IsZero() {
			sent = try.Begun
		}
	}
	if !acked {
		return
	}
	if sent.IsZero() {
		sent = try.Ended
	}
	_, acknowledgement := t.tracer.Start(ctx, "acknowledgement", trace.WithTimestamp(sent), attributes)
	acknowledgement.End(trace.WithTimestamp(try.Ended))
}

// about is what every span says of its charge.
func about(id int64, lot charge.LotID, reason charge.Reason) []attribute.KeyValue {
	return []attribute.KeyValue{attribute.String("chargestamp.charge", strconv.FormatInt(id, 10)),
		attribute.String("chargestamp.lot", lot.String()), attribute.String("chargestamp.reason", string(reason))}
}

// root is the ids of the span that a charge's trace begins with.
type root struct {
	trace trace.TraceID
	span  trace.SpanID
}

// rootKey is where a context holds the root that is about to begin.
type rootKey struct{}

// rootOf works out the root of a charge's trace.
func rootOf(id int64) (r root) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("chargestamp trace "), uint64(id)))
	copy(r.trace[:], sum[:])
	copy(r.span[:], sum[len(r.trace):])
	return r
}

// ids makes the ids of spans: those of a root as they were worked out, others at random.
type ids struct{}

// NewIDs implements sdktrace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	r, _ := ctx.Value(rootKey{}).(root)
	return r.trace, r.span
}

// NewSpanID implements sdktrace.IDGenerator.
func (ids) NewSpanID(context.Context, trace.TraceID) (id trace.SpanID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}
