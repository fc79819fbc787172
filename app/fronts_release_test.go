//go:build release

package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

// consoleName is the name by which browsers ask for the console.
const consoleName = "console.example"

// front is a program in front of the console that knows no more of it than where it listens.
type front struct {
	name    string
	program []string // CONFIG stands for its file, FOLDER for a folder of its own
	config  string   // LISTEN and ADMIN stand for addresses
	host    string   // the Host header that the console sees for consoleName; ADMIN: the address of its listener
}

var fronts = []front{
	{"nginx", []string{"nginx", "-p", "FOLDER", "-e", "FOLDER/error.log", "-c", "CONFIG"}, `
		daemon off; master_process off; pid FOLDER/pid; events {}
		http { access_log off; client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/f;
			uwsgi_temp_path FOLDER/u; scgi_temp_path FOLDER/s;
			server { listen LISTEN; location / { proxy_pass http://ADMIN; } } }`, "ADMIN"},
	{"nginx with an upstream", []string{"nginx", "-p", "FOLDER", "-e", "FOLDER/error.log", "-c", "CONFIG"}, `
		daemon off; master_process off; pid FOLDER/pid; events {}
		http { access_log off; client_body_temp_path FOLDER/body; proxy_temp_path FOLDER/proxy; fastcgi_temp_path FOLDER/f;
			uwsgi_temp_path FOLDER/u; scgi_temp_path FOLDER/s; upstream gateway { server ADMIN; }
			server { listen LISTEN; location / { proxy_pass http://gateway; } } }`, "gateway"},
	{"HAProxy", []string{"haproxy", "-db", "-f", "CONFIG"}, `
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
	option forwardfor
frontend console
	bind LISTEN
	default_backend gateway
backend gateway
	server one ADMIN
`, consoleName},
}

// start runs the front before an admin listener and returns its address.
func (f front) start(t *testing.T, admin string) string {
	t.Helper()
	listen, folder := freeAddress(t), t.TempDir()
	config := filepath.Join(folder, "config")
	say := strings.NewReplacer("LISTEN", listen, "ADMIN", admin, "FOLDER", folder, "CONFIG", config)
	if err := os.WriteFile(config, []byte(say.Replace(f.config)), 0o600); err != nil {
		t.Fatal(err)
	}
	var args []string
	for _, arg := range f.program[1:] {
		args = append(args, say.Replace(arg))
	}
	launch(t, f.name, nil, append(f.program[:1:1], args...))
	open(t, listen)
	return listen
}

// launch runs a program of the machine until the test ends, and shows what it said where the test failed.
func launch(t *testing.T, name string, env, command []string) {
	t.Helper()
	program := exec.CommandContext(t.Context(), command[0], command[1:]...)
	var said strings.Builder
	program.Stdout, program.Stderr, program.Env = &said, &said, append(os.Environ(), env...)
	if err := program.Start(); err != nil {
		t.Fatalf("%s: %v; apt-get install nginx libnginx-mod-stream haproxy prometheus", name, err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill() // it may have ended by itself
		_ = program.Wait()
		if t.Failed() {
			t.Logf("%s says: %s", name, said.String())
		}
	})
}

// open waits until an address takes connections.
func open(t *testing.T, address string) {
	t.Helper()
	eventually(t, 10*time.Second, func() string {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err.Error()
		}
		c.Close()
		return ""
	})
}

// behind is a browser that reaches names through a front. Its header fields are those that a browser sends by itself.
type behind struct {
	way  *http.Transport
	sent http.Header
}

func (b behind) RoundTrip(r *http.Request) (*http.Response, error) {
	for name, values := range b.sent {
		r.Header[name] = values
	}
	return b.way.RoundTrip(r)
}

// visitor is somebody who asks for a name through a front.
func visitorOf(t *testing.T, front, name string, sent http.Header) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	way := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, front)
	}}
	t.Cleanup(way.CloseIdleConnections)
	return &person{t: t, base: "http://" + name, web: &http.Client{Jar: jar, Transport: behind{way, sent},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signIn returns the status of the sign-in page, and of the form that it holds where it was shown.
func (p *person) signIn() (page, form int, text string) {
	p.t.Helper()
	page, text = p.page("/login")
	if page != http.StatusOK {
		return page, 0, text
	}
	p.csrf = csrfOf(p.t, text)
	form, text = p.post("/login", url.Values{"name": {"user-support"}, "password": {"an invented phrase of the tests"}})
	return page, form, text
}

// TestConsoleBehindFronts signs in through nginx with the Host header that it sends by itself and through HAProxy, with
// and without admin.url. Forms of other sites are stopped by either, and so is a name that is not admin.url's.
func TestConsoleBehindFronts(t *testing.T) {
	browser := http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://" + consoleName}}
	old := http.Header{"Origin": {"http://" + consoleName}} // a browser without Sec-Fetch-Site
	evil := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"http://evil.example"}}
	for _, f := range fronts {
		for _, adminURL := range []string{"", "http://" + consoleName} {
			t.Run(fmt.Sprintf("%s, admin.url %q", f.name, adminURL), func(t *testing.T) {
				cfg := local(t)
				cfg.Admin.URL, cfg.TrustedProxies = adminURL, []string{"127.0.0.1/32"}
				s := serve(t, cfg)
				s.hire(guard.RoleSupport)
				to := f.start(t, s.Addresses().Admin)
				strange := f.host != "ADMIN" && (adminURL == "" || f.host != consoleName)
				refused := strange && adminURL != ""
				for _, tc := range []struct {
					who    string
					name   string
					sends  http.Header
					passes bool
				}{
					{"a browser", consoleName, browser, true},
					// It shows by Origin alone where it comes from; that is ours by admin.url, or by an equal Host.
					{"an old browser", consoleName, old, adminURL != "" || f.host == consoleName},
					{"another site's page", consoleName, evil, false},
				} {
					page, form, text := visitorOf(t, to, tc.name, tc.sends).signIn()
					if refused {
						if page != http.StatusMisdirectedRequest || !strings.Contains(text, "admin.url") {
							t.Errorf("%s: %d %s", tc.who, page, text)
						}
						continue
					}
					if let := form == http.StatusSeeOther; page != http.StatusOK || let != tc.passes ||
						!let && form != http.StatusForbidden {
						t.Errorf("%s: %d, then %d %s", tc.who, page, form, text)
					}
				}
				if warned := strings.Contains(s.log.String(), "set admin.url"); warned != (strange && !refused) {
					t.Errorf("warned of the name: %v", warned)
				}
				// nginx replaces the name by its own; what HAProxy hands on is judged.
				page, _, text := visitorOf(t, to, "evil.example", evil).signIn()
				if wrong := page == http.StatusMisdirectedRequest; wrong != (refused || f.host == consoleName && adminURL != "") {
					t.Errorf("by another name: %d %s", page, text)
				}
			})
		}
	}
}
