package app

import (
	"slices"
	"testing"
)

// TestMisspeltEnv finds names that are nearly settings, and leaves alone what others set: scripts, the command line,
// Kubernetes for a service of our name.
func TestMisspeltEnv(t *testing.T) {
	got := MisspeltEnv([]string{"CHARGESTAMP_HTPP_ADDR=:80", "CHARGESTAMP_HTTP_ADR=:80", "CHARGESTAMP_HTTP_ADDR=:80",
		"CHARGESTAMP_SECRET_KEY=x", "CHARGESTAMP_TOKEN=x", "CHARGESTAMP_UKEY=x", "CHARGESTAMP_PORT_8080_TCP_ADDR=10.0.0.1",
		"CHARGESTAMP_SERVICE_HOST=10.0.0.1", "CHARGESTAMP_VERSION=1", "HTTP_ADR=1", "CHARGESTAMP_LIMITS_ACOUNT_PER_S=1"})
	want := []Misspelt{{"CHARGESTAMP_HTPP_ADDR", "CHARGESTAMP_HTTP_ADDR"},
		{"CHARGESTAMP_HTTP_ADR", "CHARGESTAMP_HTTP_ADDR"},
		{"CHARGESTAMP_SECRET_KEY", "CHARGESTAMP_SECRETS_KEY"},
		{"CHARGESTAMP_LIMITS_ACOUNT_PER_S", "CHARGESTAMP_LIMITS_ACCOUNT_PER_S"}}
	if !slices.Equal(got, want) {
		t.Errorf("misspelt: %v, want %v", got, want)
	}
}
