package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func configFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "chargestamp.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigFile(t *testing.T) {
	cfg := Defaults()
	if err := cfg.ReadFile(configFile(t, `
data: /srv/chargestamp
http: {addr: ":80"}
line: {offline_after: 2m, flood_per_10s: 50}
retention: {pushes: 30d, charges: 720h}
trusted_proxies: ["10.0.0.0/8", "192.0.2.1"]
limits: {account_per_s: 12.5}
alerts:
  - {name: team, url: "https://hook.example/x", on: [lot_off_line]}
oidc: {issuer: "https://id.example", roles: {staff: support}}
`)); err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Data, want.HTTP.Addr = "/srv/chargestamp", ":80"
	want.Line.OfflineAfter, want.Line.FloodPer10s = Duration(2*time.Minute), 50
	want.Retention.Pushes, want.Retention.Charges = Duration(30*24*time.Hour), Duration(720*time.Hour)
	want.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1"}
	want.Limits.AccountPerS = 12.5
	want.Alerts = []AlertConfig{{Name: "team", URL: "https://hook.example/x", On: []string{"lot_off_line"}}}
	want.OIDC = OIDCConfig{Issuer: "https://id.example", Roles: map[string]string{"staff": "support"}}
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("what the file leaves out must stay as it was (-want +got):\n%s", diff)
	}
	if err := cfg.ReadFile(configFile(t, "")); err != nil {
		t.Errorf("an empty file: %v", err)
	}
}

func TestConfigFileErrors(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"dta: /srv", "[1:1] unknown field \"dta\""},
		{"data: /srv\nhttp: {adr: ':80'}", "[2:8] unknown field \"adr\""},
		{"data: /srv\ndata: /srv", "[2:1]"},
		{"line: {offline_after: soon}", "[1:23]"},
		{"line: {offline_after: soon}", "\"soon\" is not a length of time such as 90s, 2h or 30d"},
		{"line: {flood_per_10s: many}", "[1:23]"},
		{"alerts: {url: x}", "[1:9]"},
		{"http: [", "[1:7]"},
		{"secrets_key: abc", "unknown field"}, // never in a file
		{"now: 1", "unknown field"},
	} {
		cfg := Defaults()
		err := cfg.ReadFile(configFile(t, tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "chargestamp.yaml") {
			t.Errorf("%q: %v, want the file and %q", tc.text, err, tc.want)
		}
	}
	cfg := Defaults()
	if err := cfg.ReadFile(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{
		"CHARGESTAMP_DATA": "/env", "CHARGESTAMP_DATABASE_URL": "postgres://db/x", "CHARGESTAMP_HTTP_ADDR": ":81",
		"CHARGESTAMP_LINE_OFFLINE_AFTER": "90s", "CHARGESTAMP_LINE_TLS_ADDR": ":82", "CHARGESTAMP_RETENTION_REFUSED": "7d",
		"CHARGESTAMP_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1", "CHARGESTAMP_LIMITS_LOGIN_PER_S": "3",
		"CHARGESTAMP_LIMITS_ADDRESS_PER_S": "0.5",
		"CHARGESTAMP_TLS_CERT":             "c.pem", "CHARGESTAMP_OIDC_CLIENT_SECRET": "s", "CHARGESTAMP_LOG_LEVEL": "warn",
		"CHARGESTAMP_SECRETS_KEY": "k", "CHARGESTAMP_ADMIN_TOKEN": "a", "CHARGESTAMP_NODE": "not a setting",
		"HTTP_ADDR": "somebody else's",
	}
	lookup := func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
	cfg := Defaults()
	if err := cfg.ReadFile(configFile(t, "data: /file\nadmin: {addr: ':83'}\n")); err != nil {
		t.Fatal(err)
	}
	if err := cfg.ReadEnv(lookup); err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Data, want.Database.URL, want.HTTP.Addr, want.Admin.Addr = "/env", "postgres://db/x", ":81", ":83"
	want.Line.OfflineAfter, want.Line.TLSAddr = Duration(90*time.Second), ":82"
	want.Retention.Refused = Duration(7 * 24 * time.Hour)
	want.TrustedProxies = []string{"10.0.0.0/8", "192.0.2.1"}
	want.Limits.LoginPerS, want.Limits.AddressPerS = 3, 0.5
	want.TLS.Cert, want.OIDC.ClientSecret, want.Log.Level = "c.pem", "s", "warn"
	want.SecretsKey, want.AdminToken = "k", "a"
	if diff := cmp.Diff(want, cfg); diff != "" {
		t.Errorf("the environment beats the file, and what neither says stays (-want +got):\n%s", diff)
	}
	for name, value := range map[string]string{
		"CHARGESTAMP_LINE_FLOOD_PER_10S": "many", "CHARGESTAMP_LIMITS_ACCOUNT_PER_S": "fast",
		"CHARGESTAMP_RETENTION_PUSHES": "long",
		"CHARGESTAMP_ALERTS":           "[]",
	} {
		cfg := Defaults()
		err := cfg.ReadEnv(func(n string) (string, bool) { return value, n == name })
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v, want an error that names it", name, value, err)
		}
	}
}

// TestConfigThatCannotWork wants New to refuse as wrong use, and to leave nothing behind.
func TestConfigThatCannotWork(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"log.level":                  func(c *Config) { c.Log.Level = "loud" },
		"trusted_proxies":            func(c *Config) { c.TrustedProxies = []string{"10.0.0.0/8", "a proxy"} },
		"limits.account_per_s":       func(c *Config) { c.Limits.AccountPerS = -1 },
		"limits.address_per_s":       func(c *Config) { c.Limits.AddressPerS = -1 },
		"limits.login_per_s":         func(c *Config) { c.Limits.LoginPerS = -1 },
		"limits.minutes":             func(c *Config) { c.Limits.Minutes = -1 },
		"limits.amount":              func(c *Config) { c.Limits.Amount = -1 },
		"line.frame_bytes":           func(c *Config) { c.Line.FrameBytes = 10 },
		"line.offline_after":         func(c *Config) { c.Line.OfflineAfter = -1 },
		"line.flood_per_10s":         func(c *Config) { c.Line.FloodPer10s = -1 },
		"retention.charges":          func(c *Config) { c.Retention.Charges = -1 },
		"tls needs both":             func(c *Config) { c.TLS.Cert = "cert.pem" },
		"url is not an http address": func(c *Config) { c.Alerts = []AlertConfig{{URL: "hook.example"}} },
		"format \"pigeon\" is none": func(c *Config) {
			c.Alerts = []AlertConfig{
				{URL: "https://hook.example", Format: "pigeon"}}
		},
		"on: \"rain\" is none": func(c *Config) {
			c.Alerts = []AlertConfig{
				{URL: "https://hook.example", On: []string{"rain"}}}
		},
		"lang \"fr\" is neither": func(c *Config) { c.Alerts = []AlertConfig{{URL: "https://hook.example", Lang: "fr"}} },
		"alerts[1]: name \"generic\" is used twice": func(c *Config) {
			c.Alerts = []AlertConfig{{URL: "https://a.example"}, {URL: "https://b.example"}}
		},
		"alerts[1]: allow_to": func(c *Config) {
			c.Alerts = []AlertConfig{{URL: "https://a.example"}, {Name: "b", URL: "https://b.example", AllowTo: []string{"x"}}}
		},
		"oidc.roles": func(c *Config) {
			c.OIDC = OIDCConfig{Issuer: "https://id.example", ClientID: "c", RedirectURL: "https://x.example/oidc/return"}
		},
		"folder of profiles": func(c *Config) { c.Platforms.Dir = "/nowhere/at/all" },
	} {
		cfg := local(t)
		change(&cfg)
		a, err := New(t.Context(), cfg)
		if err == nil {
			a.Stop(time.Second)
			t.Errorf("%s: taken", want)
			continue
		}
		if wrong := (*ConfigError)(nil); !errors.As(err, &wrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %T %v", want, err, err)
		}
		if want != "trusted_proxies" { // the last of all to be looked at
			continue
		}
		again, err := New(t.Context(), Config{Data: cfg.Data, Log: LogConfig{Level: "error"}})
		if err != nil {
			t.Errorf("%s: the folder is still held: %v", want, err)
			continue
		}
		again.Stop(time.Second)
	}
	cfg := local(t)
	cfg.Database.URL = "mysql://db/x"
	if _, err := New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "postgres://") {
		t.Errorf("a database of another make: %v", err)
	}
}
