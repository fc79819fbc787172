package app

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestStartLine wants one line at level info that says what runs here.
func TestStartLine(t *testing.T) {
	cfg := local(t)
	cfg.Log.Level, cfg.Health.Addr, cfg.HTTP.Addr = "info", "127.0.0.1:0", ":0"
	s := serve(t, cfg)
	var found []map[string]any
	for text := range strings.Lines(s.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("not a line of JSON: %s", text)
		}
		if line["msg"] == "chargestamp serves" {
			found = append(found, line)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d start lines, want one", len(found))
	}
	for key, want := range map[string]string{"version": Version, "engine": "sqlite", "data": cfg.Data, "public": "[::]:",
		"line":  "127.0.0.1:",
		"admin": "127.0.0.1:", "health": "127.0.0.1:"} {
		if got, _ := found[0][key].(string); !strings.HasPrefix(got, want) {
			t.Errorf("%s is %q, want %s…", key, got, want)
		}
	}
	if schema, _ := found[0]["schema"].(float64); schema < 4 {
		t.Errorf("schema %v", found[0]["schema"])
	}
}
