package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// otlpSpan is a span as a collector reads it out of OTLP's JSON.
type otlpSpan struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	StartTimeUnixNano, EndTimeUnixNano  string
	Attributes                          []otlpAttribute
	Status                              struct{ Code int }
}

type otlpAttribute struct {
	Key   string
	Value struct{ StringValue string }
}

func (s otlpSpan) attribute(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.StringValue
		}
	}
	return ""
}

// collector receives OTLP over HTTP.
type collector struct {
	*httptest.Server
	mu    sync.Mutex
	spans []otlpSpan
	text  strings.Builder
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var export struct {
			ResourceSpans []struct {
				Resource   struct{ Attributes []otlpAttribute }
				ScopeSpans []struct{ Spans []otlpSpan }
			}
		}
		if err == nil {
			err = json.Unmarshal(body, &export)
		}
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s of %s: %v", r.Method, r.URL, r.Header.Get("Content-Type"), err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text.Write(body)
		for _, rs := range export.ResourceSpans {
			if (otlpSpan{Attributes: rs.Resource.Attributes}).attribute("service.name") != "chargestamp" {
				t.Errorf("resource: %+v", rs.Resource)
			}
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(c.Close)
	return c
}

// testTracing follows a charge through push, batch, delivery and acknowledgement, the latter two after a restart.
func testTracing(t *testing.T, cfg Config) {
	c := newCollector(t)
	cfg.Tracing = TracingConfig{URL: c.URL + "/v1/traces", AllowTo: []string{"127.0.0.1/32"}, Share: 1}
	s := serve(t, cfg)
	key := siteKey(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	s.apply(w.estate())
	push := pushFor(id, "京T54321", "")
	accepted(t, w.player("telaidian", s.Addresses().HTTP), push)
	made := s.office().settled(t, push.Order, charge.StateSending)
	s.Stop(15 * time.Second)

	cfg.SecretsKey = key
	s = serve(t, cfg)
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Lines: []play.LineKey{{Lot: id, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	s.office().settled(t, push.Order, charge.StateDelivered)
	s.Stop(15 * time.Second)

	c.mu.Lock()
	defer c.mu.Unlock()
	byName := map[string]otlpSpan{}
	for _, span := range c.spans {
		if span.attribute("chargestamp.charge") == made.ID || span.Name == "batch" {
			byName[span.Name] = span
		}
	}
	parents := map[string]string{"push": "", "batch": "push", "delivery": "push", "acknowledgement": "delivery"}
	for name, parent := range parents {
		span, found := byName[name]
		if !found {
			t.Fatalf("there is no span %s among %+v", name, c.spans)
		}
		if span.ParentSpanID != byName[parent].SpanID || span.TraceID != byName["push"].TraceID ||
			len(span.TraceID) != 32 || len(span.SpanID) != 16 {
			t.Errorf("%s: %+v, want it below %q", name, span, parent)
		}
		from, err1 := strconv.ParseInt(span.StartTimeUnixNano, 10, 64)
		to, err2 := strconv.ParseInt(span.EndTimeUnixNano, 10, 64)
		if err1 != nil || err2 != nil || from > to || time.Since(time.Unix(0, from)) > time.Hour {
			t.Errorf("%s lasts from %s to %s", name, span.StartTimeUnixNano, span.EndTimeUnixNano)
		}
	}
	if kinds := []int{byName["push"].Kind, byName["batch"].Kind, byName["delivery"].Kind}; !slices.Equal(kinds,
		[]int{2, 1, 3}) {
		t.Errorf("kinds %v, want server, internal, client", kinds)
	}
	if got := byName["acknowledgement"].attribute("chargestamp.result"); got != "acked" {
		t.Errorf("the acknowledgement says %q", got)
	}
	if text := c.text.String(); strings.Contains(text, "54321") || strings.Contains(text, push.Order) {
		t.Error("a span holds a plate or an order number")
	}
}
