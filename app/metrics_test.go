package app

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMetricsAreDocumented wants every metric of ours in the manual's table, and none there that is not served.
func TestMetricsAreDocumented(t *testing.T) {
	s := serve(t, local(t))
	families, err := s.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, f := range families {
		served[f.GetName()] = true
	}
	// A vector without a series is not gathered; its description is served all the same.
	for _, name := range []string{"charge_states_total", "delivery_seconds", "push_answer_seconds",
		"webhook_posts_total", "webhook_waiting", "webhook_oldest_seconds", "webhook_gave_up", "line_refused_total",
		"line_closed_total", "line_uplink_seconds", "line_ack_seconds"} {
		served["chargestamp_"+name] = true
	}
	manual, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := regexp.MustCompile(`chargestamp_[a-z_]+`).FindAllString(string(manual), -1)
	for name := range served {
		if strings.HasPrefix(name, "chargestamp_") && !slices.Contains(documented, name) {
			t.Errorf("docs/operating.md does not say when to look at %s", name)
		}
	}
	for _, name := range documented {
		if !served[name] {
			t.Errorf("docs/operating.md names %s, which is not served", name)
		}
	}
	_, text, err := s.office().call(t.Context(), http.MethodGet, "/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`chargestamp_backlog{kind="line"} 0`, `chargestamp_figures_readable 1`,
		`chargestamp_charges_held 0`, `chargestamp_pushes_total{outcome="busy",platform="telaidian"} 0`,
		`chargestamp_delivery_attempts_total{channel="line",result="timeout"} 0`,
		`chargestamp_build_info{engine="sqlite"`} {
		if !strings.Contains(string(text), line) {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if regexp.MustCompile(`chargestamp_database_bytes [1-9]`).Find(text) == nil {
		t.Error("the database's size is not known")
	}
}
