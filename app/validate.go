package app

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/platform/all"
)

// Validate reports everything in a configuration that would stop a server from starting with it, without starting
// one: settings that cannot work, files that are not there, profiles that cannot be read.
func (c *Config) Validate() error {
	_, levelErr := logLevel(c.Log.Level)
	_, proxiesErr := prefixes(c.TrustedProxies)
	_, alertsErr := alertTargets(c.Alerts)
	_, webhooksErr := webhookTargets(c.Webhooks)
	_, platformsErr := all.WithFolder(c.Platforms.Dir)
	_, targetsErr := coupon.WithFolder(c.Platforms.Dir)
	var filesErr error
	for _, file := range []string{c.TLS.Cert, c.TLS.Key} {
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			filesErr = errors.Join(filesErr, configError("tls: %w", err))
		}
	}
	return errors.Join(Faults(errors.Join(c.check(), levelErr, faultsUnder("trusted_proxies", proxiesErr), alertsErr,
		webhooksErr, c.OIDC.check(), c.Tracing.check(), faultsUnder("platforms.dir", platformsErr),
		faultsUnder("platforms.dir", targetsErr), filesErr))...)
}

// ValidateEstate reports everything that is wrong with an estate file, each with its line, as if it were applied to an
// empty site whose own profiles lie in a folder ("" for none), and the keys in it that are weak. Secrets must be there,
// as for apply.
func ValidateEstate(file string, src []byte, profiles string) ([]WeakKey, error) {
	dialects, err := all.WithFolder(profiles)
	if err != nil {
		return nil, err
	}
	targets, err := coupon.WithFolder(profiles)
	if err != nil {
		return nil, err
	}
	doc, err := estate.Parse(file, src, os.LookupEnv, besideFile(file))
	if err != nil {
		return nil, err
	}
	state, _, err := catalogOf(dialects, targets).Merge(nil, doc)
	return state.Weak(), err
}

// hidden stands for a secret in what is shown.
const hidden = "••••"

// Shown returns a configuration that may be shown: secrets, and passwords within addresses, are masked.
func (c Config) Shown() Config {
	mask := func(s *string) {
		if *s != "" {
			*s = hidden
		}
	}
	mask(&c.OIDC.ClientSecret)
	c.Database.URL = withoutPassword(c.Database.URL)
	shown := make([]AlertConfig, len(c.Alerts))
	for i, a := range c.Alerts {
		mask(&a.Secret)
		a.URL = withoutPath(a.URL)
		shown[i] = a
	}
	c.Alerts = shown
	hooks := make([]WebhookConfig, len(c.Webhooks))
	for i, w := range c.Webhooks {
		mask(&w.Secret)
		w.URL = withoutPath(w.URL)
		hooks[i] = w
	}
	c.Webhooks = hooks
	return c
}

// withoutPath masks path and query of an address: keys of robots stand there.
func withoutPath(address string) string {
	if u, err := url.Parse(address); err == nil && (u.RawQuery != "" || len(u.Path) > 1) {
		return fmt.Sprintf("%s://%s/%s", u.Scheme, u.Host, hidden)
	}
	return address
}

// withoutPassword masks the password of an address. What cannot be read is masked whole.
func withoutPassword(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return hidden
	}
	q := u.Query()
	if q.Has("password") {
		q.Set("password", "xxxxx")
		u.RawQuery = q.Encode()
	}
	return u.Redacted()
}

// MarshalYAML writes a length of time as UnmarshalYAML reads it.
func (d Duration) MarshalYAML() ([]byte, error) {
	const day = 24 * time.Hour
	if t := time.Duration(d); t >= day && t%day == 0 {
		return fmt.Appendf(nil, "%dd", t/day), nil
	}
	return []byte(time.Duration(d).String()), nil
}
