package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

// TestHosts asks by names of ours, of others and of none, with and without admin.url.
func TestHosts(t *testing.T) {
	f := newFake()
	as(t, f, guard.RoleAdmin)
	for _, tc := range []struct {
		adminURL, host, path, bearer string
		want                         int
	}{
		{"", "127.0.0.1:8081", "/login", "", http.StatusOK},
		{"", "console.internal", "/login", "", http.StatusOK}, // only a warning
		{"https://console.example", "console.example", "/login", "", http.StatusOK},
		{"https://console.example", "CONSOLE.example.:443", "/login", "", http.StatusOK},
		{"https://console.example", "127.0.0.1:8081", "/login", "", http.StatusOK}, // a proxy's default Host
		{"https://console.example", "[::1]:8081", "/login", "", http.StatusOK},
		{"https://console.example", "localhost:8081", "/login", "", http.StatusOK},
		{"https://console.example", "evil.example", "/login", "", http.StatusMisdirectedRequest},
		{"https://console.example", "evil.example:8081", "/login", "", http.StatusMisdirectedRequest},
		{"https://console.example", "127.0.0.1.evil.example", "/login", "", http.StatusMisdirectedRequest},
		{"https://console.example", "evil.example", "/healthz", "", http.StatusOK},
		{"https://console.example", "evil.example", "/api/v1/lots", "Bearer " + f.tokens[guard.RoleAdmin], http.StatusOK},
		{"https://console.example", "evil.example", "/api/v1/lots", "", http.StatusMisdirectedRequest},
		{"https://console.example", "evil.example", "/login", "Bearer x", http.StatusMisdirectedRequest},
	} {
		f.adminURL = tc.adminURL
		r := httptest.NewRequest(http.MethodGet, tc.path, nil)
		r.Host = tc.host
		if tc.bearer != "" {
			r.Header.Set("Authorization", tc.bearer)
		}
		w := httptest.NewRecorder()
		serve(t, f).ServeHTTP(w, r)
		if w.Code != tc.want || w.Code == http.StatusMisdirectedRequest && !strings.Contains(w.Body.String(), "admin.url") {
			t.Errorf("%+v: %d %.100s", tc, w.Code, w.Body)
		}
	}
}

// TestCrossSite posts a form as another site's page would, and as our own behind a proxy does.
func TestCrossSite(t *testing.T) {
	f := newFake()
	as(t, f, guard.RoleAdmin)
	f.adminURL = "https://console.example"
	for _, tc := range []struct {
		site, origin string
		passes       bool
	}{
		{"", "", true}, // no browser
		{"same-origin", "https://console.example", true},
		{"none", "", true},
		{"", "https://console.example", true}, // an old browser behind a proxy
		{"cross-site", "https://evil.example", false},
		{"same-site", "https://other.console.example", false},
		{"", "https://evil.example", false},
		{"", "null", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader("name=a"))
		r.Host = "127.0.0.1:8081"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range map[string]string{"Sec-Fetch-Site": tc.site, "Origin": tc.origin} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		serve(t, f).ServeHTTP(w, r)
		if stopped := strings.Contains(w.Body.String(), "another site"); stopped == tc.passes {
			t.Errorf("%+v: %d %.100s", tc, w.Code, w.Body)
		}
	}
}
