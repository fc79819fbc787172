//go:build release

package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/play"
)

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// panels are the queries of the Grafana dashboard, each under its panel's title.
func panels(t *testing.T) (queries [][2]string) {
	t.Helper()
	text, err := os.ReadFile("../deploy/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			queries = append(queries, [2]string{p.Title, q.Expr})
		}
	}
	return queries
}

// watching starts a Prometheus with the rules of deploy/monitoring that watches a gateway, and returns its address.
func watching(t *testing.T, gateway string) string {
	t.Helper()
	rules, err := filepath.Abs("../deploy/monitoring/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder, address := t.TempDir(), freeAddress(t)
	config := filepath.Join(folder, "prometheus.yml")
	write(t, config, fmt.Sprintf(`global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs: [{job_name: chargestamp, static_configs: [{targets: [%q]}]}]
`, rules, gateway))
	launch(t, "Prometheus", nil, []string{"prometheus", "--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address})
	open(t, address)
	return address
}

// ask asks Prometheus and decodes the data of its answer.
func ask(t *testing.T, address, path string, data any) error {
	t.Helper()
	resp, err := http.Get("http://" + address + "/api/v1/" + path)
	if err != nil {
		return err
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal([]byte(readAll(t, resp)), &answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

// sample is one series of an answer: its time and its figure.
type sample struct{ Value [2]any }

// TestMonitoring has a Prometheus watch a gateway at work: every panel's query is answered with figures, and every
// alert's rule can be evaluated.
func TestMonitoring(t *testing.T) {
	s := serve(t, local(t))
	at := s.Addresses()
	x := cross(t, s, at.HTTP, at.Line)
	address := watching(t, at.Admin)
	queries := panels(t)
	if len(queries) < 15 {
		t.Fatalf("the dashboard asks only %d queries", len(queries))
	}
	player := x.player("telaidian", at.HTTP)
	eventually(t, 60*time.Second, func() string {
		push := pushFor(x.lot, testCar, "")
		push.Minutes = 1 // far from the stay's bound, so that there is something to deliver all the time
		accepted(t, player, push)
		if _, err := player.Send(t.Context(), pushFor(x.lot, testCar, ""), play.Options{Break: play.BreakSig}); err != nil {
			return err.Error()
		}
		fmt.Fprint(dialFrom(t, "127.0.0.8", at.Line), "no frame of a lot\r\n")
		var silent []string
		for _, q := range queries {
			var found struct{ Result []sample }
			if err := ask(t, address, "query?query="+url.QueryEscape(q[1]), &found); err != nil {
				return q[0] + ": " + err.Error()
			}
			if !slices.ContainsFunc(found.Result, func(r sample) bool { return fmt.Sprint(r.Value[1]) != "NaN" }) {
				silent = append(silent, q[0]+": "+q[1])
			}
		}
		return strings.Join(silent, "\n")
	})
	var rules struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	eventually(t, 30*time.Second, func() string {
		if err := ask(t, address, "rules", &rules); err != nil {
			return err.Error()
		}
		for _, g := range rules.Groups {
			for _, r := range g.Rules {
				if r.Health != "ok" {
					return fmt.Sprintf("%s: %s %s", r.Name, r.Health, r.LastError)
				}
			}
		}
		return ""
	})
	if len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 10 {
		t.Errorf("rules: %+v", rules)
	}
}
