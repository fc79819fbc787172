package tracing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter posts spans as OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
// What a collector does not take is left out: traces are no record.
type exporter struct {
	url    string
	client *http.Client
	logger *slog.Logger
}

// The parts of an ExportTraceServiceRequest that we fill. 64-bit numbers are texts in OTLP's JSON, ids are hex.
type (
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   attributed   `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	attributed struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	span struct {
		TraceID string     `json:"traceId"`
		SpanID  string     `json:"spanId"`
		Parent  string     `json:"parentSpanId,omitempty"`
		Name    string     `json:"name"`
		Kind    int        `json:"kind"`
		Start   string     `json:"startTimeUnixNano"`
		End     string     `json:"endTimeUnixNano"`
		About   []keyValue `json:"attributes"`
		Status  status     `json:"status"`
	}
	status struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string    `json:"key"`
		Value textValue `json:"value"`
	}
	textValue struct {
		Text string `json:"stringValue"`
	}
)

// statusError is OTLP's number of a span that failed; the kinds of spans have the numbers that the SDK has.
const statusError = 2

// ExportSpans posts spans. All are of one resource, the process's.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	var all []span
	for _, s := range spans {
		all = append(all, spanOf(s))
	}
	body, err := json.Marshal(request{[]resourceSpans{{
		Resource:   attributed{keyValues(spans[0].Resource().Attributes())},
		ScopeSpans: []scopeSpans{{Scope: scope{spans[0].InstrumentationScope().Name}, Spans: all}},
	}}})
	if err == nil {
		err = e.post(ctx, body)
	}
	if err != nil {
		e.logger.WarnContext(ctx, "the collector did not accept traces; they are dropped", "spans", len(all), "error", err)
	}
	return nil // has been logged; the SDK would print it
}

func (e *exporter) post(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := e.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered HTTP %d", answer.StatusCode)
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error { return nil }

func spanOf(s sdktrace.ReadOnlySpan) span {
	nanos := func(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
	out := span{TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), Name: s.Name(),
		Kind: int(s.SpanKind()), Start: nanos(s.StartTime()), End: nanos(s.EndTime()), About: keyValues(s.Attributes())}
	if s.Parent().SpanID().IsValid() {
		out.Parent = s.Parent().SpanID().String()
	}
	if s.Status().Code == codes.Error {
		out.Status = status{statusError, s.Status().Description}
	}
	return out
}

func keyValues(list []attribute.KeyValue) []keyValue {
	out := make([]keyValue, len(list))
	for i, kv := range list {
		out[i] = keyValue{string(kv.Key), textValue{kv.Value.String()}}
	}
	return out
}
