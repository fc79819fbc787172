package app

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/chargestamp/chargestamp/charge"
)

// reloaded are the settings that a running server takes up. A key stands for what lies below it as well.
var reloaded = []string{"log.level", "limits", "alerts", "webhooks", "trusted_proxies"}

// Reload takes up a new configuration as far as a running server can: the log level, the limits, the alerts, the
// webhooks, the trusted proxies, and the certificate's files. It returns the keys that were taken up, and those that
// changed but need a restart. On an error nothing has changed. The names of settings are logged, their values are not.
func (a *App) Reload(ctx context.Context, next Config) (taken, later []string, err error) {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	for _, key := range changedKeys(reflect.ValueOf(a.running), reflect.ValueOf(next), "") {
		if slices.ContainsFunc(reloaded, func(r string) bool { return key == r || strings.HasPrefix(key, r+".") }) {
			taken = append(taken, key)
		} else {
			later = append(later, key)
		}
	}
	if err := a.takeUp(next); err != nil {
		return nil, nil, err
	}
	r := &a.running
	r.Log, r.Limits, r.Alerts, r.TrustedProxies = next.Log, next.Limits, next.Alerts, next.TrustedProxies
	r.Webhooks = next.Webhooks
	if a.cert != nil && a.cert.again() {
		taken = append(taken, "tls")
	}
	a.logger.InfoContext(ctx, "configuration reloaded", "taken_up", taken, "need_a_restart", later)
	return taken, later, nil
}

// takeUp makes everything that may fail before it changes anything.
func (a *App) takeUp(next Config) error {
	if err := next.check(); err != nil {
		return err
	}
	level, err := logLevel(next.Log.Level)
	if err != nil {
		return err
	}
	proxies, err := prefixes(next.TrustedProxies)
	if err != nil {
		return faultsUnder("trusted_proxies", err)
	}
	targets, err := alertTargets(next.Alerts)
	if err != nil {
		return err
	}
	hooks, err := webhookTargets(next.Webhooks)
	if err != nil {
		return err
	}
	public, err := a.makePublic(next.Limits, proxies)
	if err != nil {
		return err
	}
	a.level.Set(level)
	a.limits.Store(&next.Limits)
	a.proxies.Store(&proxies)
	a.alerts.SetTargets(targets)
	a.webhooks.SetTargets(hooks)
	a.public.set(public)
	a.line.LimitLogins(next.Limits.LoginPerS)
	return nil
}

// pushBounds are the limits of what a push may ask for, as they stand now.
func (a *App) pushBounds() charge.Bounds { return a.limits.Load().Bounds() }

// changedKeys lists the keys of the config file whose values differ.
func changedKeys(old, next reflect.Value, prefix string) (keys []string) {
	for i := range old.NumField() {
		key := old.Type().Field(i).Tag.Get("yaml")
		if key == "-" {
			continue
		}
		was, is := old.Field(i), next.Field(i)
		switch {
		case was.Kind() == reflect.Struct:
			keys = append(keys, changedKeys(was, is, prefix+key+".")...)
		case !reflect.DeepEqual(was.Interface(), is.Interface()):
			keys = append(keys, prefix+key)
		}
	}
	return keys
}

// handler is a handler that can be replaced while it serves. Requests that began with the former one end with it.
type handler struct{ current atomic.Pointer[http.Handler] }

func (h *handler) set(next http.Handler) { h.current.Store(&next) }

// ServeHTTP passes a request to the current handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*h.current.Load()).ServeHTTP(w, r)
}
