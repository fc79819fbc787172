package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// Config is all that can be set on a server. Its yaml names are the config file's keys, and with CHARGESTAMP_
// in front and underscores for dots the environment's.
type Config struct {
	Data           string          `yaml:"data"` // folder; default ./data
	Database       DatabaseConfig  `yaml:"database"`
	HTTP           PublicConfig    `yaml:"http"`
	Admin          Listener        `yaml:"admin"`
	Health         HealthConfig    `yaml:"health"`
	Line           LineConfig      `yaml:"line"`
	TLS            TLSConfig       `yaml:"tls"`
	TrustedProxies []string        `yaml:"trusted_proxies"` // prefixes or addresses
	Platforms      PlatformConfig  `yaml:"platforms"`
	Limits         LimitConfig     `yaml:"limits"`
	Retention      RetentionConfig `yaml:"retention"`
	Alerts         []AlertConfig   `yaml:"alerts"`
	Webhooks       []WebhookConfig `yaml:"webhooks"`
	OIDC           OIDCConfig      `yaml:"oidc"`
	Tracing        TracingConfig   `yaml:"tracing"`
	Log            LogConfig       `yaml:"log"`

	SecretsKeyFile string `yaml:"-"` // --secrets-key
	SecretsKey     string `yaml:"-"` // CHARGESTAMP_SECRETS_KEY
	AdminToken     string `yaml:"-"` // CHARGESTAMP_ADMIN_TOKEN
	Node           string `yaml:"-"` // this process; made up where empty

	// For tests, which cannot wait for what a site waits for.
	Now         func() time.Time `yaml:"-"` // the machine's clock
	LogTo       io.Writer        `yaml:"-"` // in place of stderr
	Lease, Poll time.Duration    `yaml:"-"` // of the outbox; a lease must outlast a try
}

func (a *App) checkConfig(context.Context) error { return a.cfg.check() }

// check refuses settings that could not work, or would work as another one. The error has a line for each.
func (c *Config) check() error {
	faults := append(c.belowZero(), c.badAddresses()...)
	if n := c.Line.FrameBytes; n > 0 && n < leastFrame {
		faults = append(faults,
			configError("line.frame_bytes %d is too short for the messages of lots; at least %d", n, leastFrame))
	}
	if (c.HTTP.ProxyProtocol || c.Line.ProxyProtocol) && len(c.TrustedProxies) == 0 {
		faults = append(faults, configError("proxy_protocol needs trusted_proxies: the addresses that may send it"))
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		faults = append(faults, configError("tls needs both cert and key"))
	}
	if c.AdminToken != "" && estate.WeakSecret(c.AdminToken) != "" {
		faults = append(faults, configError("CHARGESTAMP_ADMIN_TOKEN is shorter than %d characters or can be guessed; "+
			"make one with: openssl rand -hex 16", estate.LeastKey))
	}
	return errors.Join(faults...)
}

func (c *Config) belowZero() (faults []error) {
	for _, setting := range []struct {
		name  string
		below bool
	}{
		{"limits.account_per_s", c.Limits.AccountPerS < 0}, {"limits.address_per_s", c.Limits.AddressPerS < 0},
		{"limits.login_per_s", c.Limits.LoginPerS < 0}, {"limits.minutes", c.Limits.Minutes < 0},
		{"limits.amount", c.Limits.Amount < 0}, {"line.frame_bytes", c.Line.FrameBytes < 0},
		{"line.offline_after", c.Line.OfflineAfter < 0}, {"line.flood_per_10s", c.Line.FloodPer10s < 0},
		{"retention.pushes", c.Retention.Pushes < 0}, {"retention.refused", c.Retention.Refused < 0},
		{"retention.charges", c.Retention.Charges < 0},
	} {
		if setting.below {
			faults = append(faults, configError("%s is below 0: write 0 or more", setting.name))
		}
	}
	return faults
}

// badAddresses finds listeners that cannot be opened anywhere, and addresses for links that are none.
func (c *Config) badAddresses() (faults []error) {
	for _, at := range []struct{ name, addr string }{{"http.addr", c.HTTP.Addr}, {"admin.addr", c.Admin.Addr},
		{"health.addr", c.Health.Addr}, {"line.addr", c.Line.Addr}, {"line.tls_addr", c.Line.TLSAddr},
		{"tls.addr", c.TLS.Addr}} {
		_, port, err := net.SplitHostPort(at.addr)
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if err != nil && at.addr != "" {
			faults = append(faults, configError("%s %q is no address to listen at: write one such as :8080 or 127.0.0.1:8080",
				at.name, at.addr))
		}
	}
	for _, link := range []struct{ name, url string }{{"http.url", c.HTTP.URL}, {"admin.url", c.Admin.URL}} {
		if link.url != "" && !isWebAddress(link.url) {
			faults = append(faults, configError("%s is not an http address: write one such as https://gate.example", link.name))
		}
	}
	if u := c.Database.URL; u != "" && !strings.HasPrefix(u, "postgres://") && !strings.HasPrefix(u, "postgresql://") {
		faults = append(faults, configError("database.url must begin with postgres://, or be empty for SQLite"))
	}
	return faults
}

func isWebAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// faultsUnder makes a ConfigError of each fault in err, with the path of its setting in front.
func faultsUnder(path string, err error) error {
	var faults []error
	for _, fault := range Faults(err) {
		faults = append(faults, configError("%s: %w", path, fault))
	}
	return errors.Join(faults...)
}

// Faults lists what a joined error consists of, each once.
func Faults(err error) (faults []error) {
	if err == nil {
		return nil
	}
	many, is := err.(interface{ Unwrap() []error })
	if !is {
		return []error{err}
	}
	for _, inner := range many.Unwrap() {
		for _, fault := range Faults(inner) {
			if !slices.ContainsFunc(faults, func(e error) bool { return e.Error() == fault.Error() }) {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

// leastFrame is what the cloud of 2018 took.
const leastFrame = 1024

// DatabaseConfig chooses the engine.
type DatabaseConfig struct {
	URL string `yaml:"url"` // postgres://…; empty is SQLite in the data folder
}

// Listener is where something listens; port 0 takes a free one.
type Listener struct {
	Addr string `yaml:"addr"`
	URL  string `yaml:"url"` // as others reach it, behind a proxy: for links in alerts
}

// PublicConfig is the listener of platforms and car parks.
type PublicConfig struct {
	Addr          string `yaml:"addr"`
	URL           string `yaml:"url"`            // as others reach it, behind a proxy: for what is handed to platforms
	ProxyProtocol bool   `yaml:"proxy_protocol"` // trusted_proxies send PROXY protocol v1 or v2 on HTTP and HTTPS
}

// HealthConfig is the listener of load balancers: /healthz and /readyz, nothing else.
type HealthConfig struct {
	Addr string `yaml:"addr"` // empty is off
}

// LineConfig is the SDK car parks' line.
type LineConfig struct {
	Addr          string `yaml:"addr"`
	TLSAddr       string `yaml:"tls_addr"`
	ProxyProtocol bool   `yaml:"proxy_protocol"` // trusted_proxies send PROXY protocol v1 or v2 on the line, plain and TLS

	FrameBytes   int      `yaml:"frame_bytes"`   // default 64 KiB; the old cloud took 1,024
	OfflineAfter Duration `yaml:"offline_after"` // without a heartbeat; default 3m
	FloodPer10s  int      `yaml:"flood_per_10s"` // requests of one token; default 100
}

// TLSConfig is a certificate; both files are read again when they change.
type TLSConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	Addr string `yaml:"addr"` // HTTPS; default :8443
}

// PlatformConfig is where an operator's own profiles lie.
type PlatformConfig struct {
	Dir string `yaml:"dir"`
}

// LimitConfig are rates per second.
type LimitConfig struct {
	AccountPerS float64 `yaml:"account_per_s"`
	AddressPerS float64 `yaml:"address_per_s"`
	LoginPerS   int     `yaml:"login_per_s"`

	// What one stay gets at most of what pushes ask for, where its rule names no cap. 0 is no bound.
	Minutes int        `yaml:"minutes"`
	Amount  charge.Fen `yaml:"amount"` // yuan
}

// Bounds are the limits of what a push may ask for.
func (l LimitConfig) Bounds() charge.Bounds {
	return charge.Bounds{Minutes: int64(l.Minutes), Amount: l.Amount}
}

// RetentionConfig is how long rows are kept; 0 keeps them for ever. Repeat keys are always kept.
type RetentionConfig struct {
	Pushes  Duration `yaml:"pushes"`  // accepted ones, as received; default 180 days
	Refused Duration `yaml:"refused"` // default 30 days
	Charges Duration `yaml:"charges"` // with stays, deliveries and timeline; default for ever
}

// AlertConfig is a webhook that hears when something is wrong.
type AlertConfig struct {
	Name    string   `yaml:"name"`
	URL     string   `yaml:"url"`
	Format  string   `yaml:"format"` // generic, wecom, dingtalk or feishu
	Secret  string   `yaml:"secret"` // signs messages of 钉钉 and 飞书
	Lang    string   `yaml:"lang"`   // zh or en
	AllowTo []string `yaml:"allow_to"`
	On      []string `yaml:"on"` // conditions; empty is all
}

// WebhookConfig is an address that gets a message of each change of a charge's state.
type WebhookConfig struct {
	Name    string   `yaml:"name"`     // small letters, digits, - and _; what waits is kept by it
	URL     string   `yaml:"url"`      // https; http only to an IP address that allow_to names
	Secret  string   `yaml:"secret"`   // signs; 16 bytes or more, or whsec_ and Base64
	AllowTo []string `yaml:"allow_to"` // prefixes of private addresses that may be dialled
	On      []string `yaml:"on"`       // states; empty is all
	Plates  string   `yaml:"plates"`   // masked (the default) or full
}

// OIDCConfig lets users of an identity provider in; empty is off.
type OIDCConfig struct {
	Issuer       string `yaml:"issuer"`
	ClientID     string `yaml:"client_id"`
	ClientSecret string `yaml:"client_secret"`
	// the console's address with /oidc/return behind it, as registered at the issuer
	RedirectURL string `yaml:"redirect_url"`
	NameClaim   string `yaml:"name_claim"` // default preferred_username, else email, else sub
	RoleClaim   string `yaml:"role_claim"` // default role; dots walk into objects (realm_access.roles)
	// beside openid; default profile and email. Add groups where the issuer sends them by scope
	Scopes []string `yaml:"scopes"`
	// claim value to viewer, support or admin; who has none is not let in
	Roles map[string]string `yaml:"roles"`
}

// TracingConfig sends one trace a charge to a collector of OpenTelemetry.
type TracingConfig struct {
	URL     string   `yaml:"url"`      // takes OTLP over HTTP as JSON: https://…/v1/traces; empty is off
	AllowTo []string `yaml:"allow_to"` // prefixes of private addresses that may be dialled
	Share   float64  `yaml:"share"`    // of the charges that are traced; default 1
}

// LogConfig is what is logged.
type LogConfig struct {
	Level string `yaml:"level"` // debug, info, warn or error
}

// Duration is a time.Duration that also takes days ("30d").
type Duration time.Duration

// UnmarshalYAML reads what UnmarshalText does; its error knows the line.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	if err := d.UnmarshalText([]byte(n.GetToken().Value)); err != nil {
		return &yaml.SyntaxError{Message: err.Error(), Token: n.GetToken()}
	}
	return nil
}

// UnmarshalText reads "90s", "2h" or "30d".
func (d *Duration) UnmarshalText(b []byte) error {
	text := string(b)
	if days, is := strings.CutSuffix(text, "d"); is {
		n, err := strconv.Atoi(days)
		if err != nil {
			return fmt.Errorf("%q is not a length of time such as 90s, 2h or 30d", text)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a length of time such as 90s, 2h or 30d", text)
	}
	*d = Duration(v)
	return nil
}

// Defaults is the configuration without a file.
func Defaults() Config {
	const dayLong = 24 * time.Hour
	return Config{
		Data: "./data", HTTP: PublicConfig{Addr: ":8080"}, Admin: Listener{Addr: "127.0.0.1:8081"},
		Line: LineConfig{Addr: ":6789", TLSAddr: ":6790", FrameBytes: 64 << 10, OfflineAfter: Duration(3 * time.Minute),
			FloodPer10s: 100},
		TLS:       TLSConfig{Addr: ":8443"},
		Limits:    LimitConfig{AccountPerS: 1000, AddressPerS: 2000, LoginPerS: 20, Minutes: 1440, Amount: 100_000},
		Retention: RetentionConfig{Pushes: Duration(180 * dayLong), Refused: Duration(30 * dayLong)},
		Tracing:   TracingConfig{Share: 1},
		Log:       LogConfig{Level: "info"},
	}
}

// ReadEnv puts the environment over c: CHARGESTAMP_HTTP_ADDR, CHARGESTAMP_LINE_OFFLINE_AFTER and so on.
// Lists are comma-separated; alerts and webhooks are for the file only.
func (c *Config) ReadEnv(lookup func(string) (string, bool)) error {
	c.SecretsKey, _ = lookup("CHARGESTAMP_SECRETS_KEY")
	c.AdminToken, _ = lookup("CHARGESTAMP_ADMIN_TOKEN")
	return readEnv(reflect.ValueOf(c).Elem(), "CHARGESTAMP", lookup)
}

func readEnv(v reflect.Value, prefix string, lookup func(string) (string, bool)) error {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		if key == "-" {
			continue
		}
		field, name := v.Field(i), prefix+"_"+strings.ToUpper(key)
		if field.Kind() == reflect.Struct {
			if err := readEnv(field, name, lookup); err != nil {
				return err
			}
			continue
		}
		text, set := lookup(name)
		if !set {
			continue
		}
		if err := setField(field, text); err != nil {
			return fmt.Errorf("environment %s: %w", name, err)
		}
	}
	return nil
}

func setField(field reflect.Value, text string) error {
	switch p := field.Addr().Interface().(type) {
	case *string:
		*p = text
	case *Duration:
		return p.UnmarshalText([]byte(text))
	case *charge.Fen:
		return p.UnmarshalText([]byte(text))
	case *[]string:
		*p = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	case *bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*p = on
	case *int:
		n, err := strconv.Atoi(text)
		*p = n
		return err
	case *float64:
		n, err := strconv.ParseFloat(text, 64)
		*p = n
		return err
	default:
		return errors.New("can be set in the config file only")
	}
	return nil
}

// prefixes reads addresses and prefixes. The error has a line for each that is neither.
func prefixes(texts []string) (list []netip.Prefix, err error) {
	for _, t := range texts {
		if p, err := netip.ParsePrefix(t); err == nil {
			if p.Addr().Is4In6() && p.Bits() >= 96 { // callers are known by their IPv4 addresses
				p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
			}
			list = append(list, p.Masked())
			continue
		}
		a, wrong := netip.ParseAddr(t)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("%q is neither an address nor a prefix such as 10.0.0.0/8", t))
			continue
		}
		a = a.Unmap()
		list = append(list, netip.PrefixFrom(a, a.BitLen()))
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// linePort is the port that car parks reach their lines at.
func (c Config) linePort() string {
	_, port, _ := net.SplitHostPort(c.Line.Addr) // checked where the configuration is read
	return port
}
