//go:build release

package app

import (
	"bufio"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// provider is the certified issuer of testdata/issuer, installed with npm into a folder of the test's.
type provider struct {
	t      *testing.T
	folder string
	secret string
}

func installProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, folder: t.TempDir(), secret: secret(16)}
	if err := os.CopyFS(p.folder, os.DirFS("testdata/issuer")); err != nil {
		t.Fatal(err)
	}
	install := exec.CommandContext(t.Context(), "npm", "install", "--silent", "--no-audit", "--no-fund")
	install.Dir = p.folder
	if said, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, said)
	}
	return p
}

// start runs the provider for people, by what they type as their login, and returns its address. Where conform is set,
// its default, claims of scopes are left out of the token.
func (p *provider) start(t *testing.T, redirect string, conform bool, people object) (address string) {
	t.Helper()
	address = freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", filepath.Join(p.folder, "provider.mjs"), string(asJSON(t, object{
		"port": number, "redirect": redirect, "secret": p.secret, "conform": conform, "people": people})))
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = node.Process.Kill() // it may have ended by itself
		_ = node.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return "http://" + address
		}
	}
	t.Fatal("the provider did not start")
	return ""
}

var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
	formPrompt = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
	abortLink  = regexp.MustCompile(`href="([^"]+/abort)"`)
)

// signsIn walks a browser from the console over the provider's own pages back to the console, and returns where it
// ends. With cancels set the person goes back instead of signing in.
func signsIn(t *testing.T, admin, login string, cancels bool) (p *person, status int, page string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p = &person{t: t, base: "http://" + admin, web: &http.Client{Jar: jar}}
	resp, err := p.web.Get(p.base + "/oidc/begin")
	for range 5 {
		if err != nil {
			t.Fatal(err)
		}
		at := resp.Request.URL
		status, page = p.read(resp, nil)
		if at.Host == admin {
			return p, status, page
		}
		action, prompt := formAction.FindStringSubmatch(page), formPrompt.FindStringSubmatch(page)
		if cancels {
			action = abortLink.FindStringSubmatch(page)
		}
		if action == nil || prompt == nil {
			t.Fatalf("the provider's page %s has no form: %d %s", at, status, page)
		}
		to, parseErr := at.Parse(html.UnescapeString(action[1]))
		if parseErr != nil {
			t.Fatal(parseErr)
		}
		if cancels {
			resp, err = p.web.Get(to.String())
			continue
		}
		resp, err = p.web.PostForm(to.String(), url.Values{"prompt": {prompt[1]}, "login": {login}, "password": {"any"}})
	}
	t.Fatalf("no way back to the console: %s", page)
	return nil, 0, ""
}

// TestCertifiedIssuer signs staff in at a certified provider at its defaults, where a scope's claims come by UserInfo,
// and in its other settings. Who is not let in reads why on a page, and the admin in the audit log.
func TestCertifiedIssuer(t *testing.T) {
	installed := installProvider(t)
	people := object{
		"boss":   object{"preferred_username": "陈经理", "role": "boss", "email": "chen@example.com"},
		"desk":   object{"preferred_username": "li.si", "role": []string{"guest", "desk"}},
		"nobody": object{"preferred_username": "wang"},
		"group":  object{"email": "group@example.com", "groups": []string{"desk"}},
		"realm":  object{"realm_access": object{"roles": []string{"desk"}}},
	}
	for _, tc := range []struct {
		name, login, claim string
		scopes             []string
		inToken, cancels   bool
		in                 string // who has come in; empty: not let in
		says               string // by page and audit log
	}{
		{"defaults, a text", "boss", "role", []string{"profile", "roles"}, false, false, "陈经理", ""},
		{"defaults, a list", "desk", "role", []string{"profile", "roles"}, false, false, "li.si", ""},
		{"in the token", "desk", "role", []string{"profile", "roles"}, true, false, "li.si", ""},
		{"groups by scope", "group", "groups", []string{"email", "groups"}, false, false, "group@example.com", ""},
		{"the scope is not asked for", "group", "groups", nil, false, false, "", "group@example.com"},
		{"nested", "realm", "realm_access.roles", []string{"realm"}, false, false, "realm", ""},
		{"no role", "nobody", "role", []string{"profile", "roles"}, false, false, "", "wang"},
		{"goes back", "", "role", nil, false, true, "", "access_denied"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := local(t)
			admin := freeAddress(t)
			cfg.Admin.Addr = admin
			redirect := "http://" + admin + "/oidc/return"
			cfg.OIDC = OIDCConfig{Issuer: installed.start(t, redirect, !tc.inToken, people), ClientID: "gateway",
				ClientSecret: installed.secret, RedirectURL: redirect, RoleClaim: tc.claim, Scopes: tc.scopes,
				Roles: map[string]string{"boss": "admin", "desk": "support"}}
			s := serve(t, cfg)
			s.secrets = append(s.secrets, installed.secret)
			p, status, page := signsIn(t, admin, tc.login, tc.cancels)
			if tc.in != "" {
				if _, me := p.page("/me"); status != http.StatusOK || !strings.Contains(me, tc.in) {
					t.Errorf("%d; the console does not call %s by the name %s", status, tc.login, tc.in)
				}
				return
			}
			var log struct {
				Items []struct{ Actor, Detail string }
			}
			s.office().must(t, http.MethodGet, "/api/v1/audit?action=session.refused", nil, &log)
			if status != http.StatusForbidden || len(log.Items) != 1 ||
				!strings.Contains(log.Items[0].Actor+" "+log.Items[0].Detail, tc.says) ||
				!strings.Contains(s.log.String(), "a single sign-on was refused") {
				t.Errorf("%d, audit log %+v, page %s", status, log.Items, page)
			}
			if !tc.cancels && !strings.Contains(page, tc.says) {
				t.Errorf("the page does not say who has no role: %s", page)
			}
		})
	}
}
