package admin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/api"
	"github.com/chargestamp/chargestamp/limit"
)

// doorkeeper keeps other sites' pages out of the admin listener: their forms (cross-site requests), and names of
// theirs that lead to our address (DNS rebinding).
type doorkeeper struct {
	name   string // the host of admin.url; empty where it is not set
	origin *http.CrossOriginProtection
	warn   func(ctx context.Context, message string, args ...any)
	noise  limit.Noise
}

// newDoorkeeper makes one; adminURL is how browsers reach the console, empty where that is not configured.
func newDoorkeeper(adminURL string, warn func(context.Context, string, ...any)) (*doorkeeper, error) {
	d := &doorkeeper{origin: http.NewCrossOriginProtection(), warn: warn}
	if adminURL == "" {
		return d, nil
	}
	u, err := url.Parse(adminURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("admin.url %q is not an address such as https://console.example", adminURL)
	}
	d.name = strings.ToLower(u.Hostname())
	return d, d.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host)
}

// admits reports whether a request came by a name of ours. Where it did not it answers 421, if admin.url says what our
// name is; else it only warns.
func (d *doorkeeper) admits(w http.ResponseWriter, r *http.Request, now time.Time) bool {
	host := hostName(r.Host)
	if d.ours(host) || withToken(r) || forScrapers(r.URL.Path) {
		return true
	}
	if d.name == "" {
		if d.noise.Allow("", now) > 0 {
			d.warn(r.Context(), "the console was asked for by a name that is not known to be its own; "+
				"set admin.url, so that other names are refused", "host", clipHost(host))
		}
		return true
	}
	api.WriteProblem(w, http.StatusMisdirectedRequest,
		"this is not the console of the name that was asked for; admin.url says its name")
	return false
}

// ours reports whether a host can be no name of another site's: an address, a loopback name, or admin.url's.
func (d *doorkeeper) ours(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == d.name
}

// withToken reports a request of a program to the API, which looks at the token alone. A page of another site's can
// send such a header too, and learns nothing of the console by it.
func withToken(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") &&
		strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "bearer ")
}

// forScrapers reports paths that are for balancers and scrapers, which ask by any name and learn no secret.
func forScrapers(path string) bool {
	return path == "/metrics" || path == "/healthz" || path == "/readyz"
}

// hostName is a Host header without its port, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func clipHost(host string) string { return host[:min(len(host), 100)] }
