package app

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

// person is somebody of the staff with a role, who has an API token and has signed in at the console.
type person struct {
	t     *testing.T
	base  string
	token string
	web   *http.Client
	csrf  string
}

// hire makes somebody with a role.
func (s *site) hire(role guard.Role) *person {
	s.t.Helper()
	const phrase = "an invented phrase of the tests"
	var made struct{ Token string }
	s.office().must(s.t, http.MethodPost, "/api/v1/tokens", asJSON(s.t, object{"name": "token of " + role,
		"role": role}), &made)
	s.office().must(s.t, http.MethodPost, "/api/v1/users", asJSON(s.t, object{"name": "user-" + role, "role": role,
		"password": phrase}), nil)
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &person{t: s.t, base: "http://" + s.Addresses().Admin, token: made.Token,
		web: &http.Client{Jar: jar, CheckRedirect: func(*http.Request,
			[]*http.Request) error {
			return http.ErrUseLastResponse
		}}}
	_, page := p.page("/login")
	p.csrf = csrfOf(s.t, page)
	if status, _ := p.post("/login", url.Values{"name": {"user-" + string(role)},
		"password": {phrase}}); status != http.StatusSeeOther {
		s.t.Fatalf("%s cannot sign in: %d", role, status)
	}
	_, page = p.page("/me")
	p.csrf = csrfOf(s.t, page)
	return p
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func csrfOf(t *testing.T, page string) string {
	t.Helper()
	m := csrfField.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form's token on %s", page)
	}
	return m[1]
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// api asks the API with the person's token.
func (p *person) api(method, path string, body any) (int, string) {
	p.t.Helper()
	var text []byte
	if body != nil {
		text = asJSON(p.t, body)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	r.Header.Set("Content-Type", "application/json")
	return p.read(http.DefaultClient.Do(r))
}

// page looks at a page of the console.
func (p *person) page(path string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(p.web.Do(r))
}

// post sends a form of the console.
func (p *person) post(path string, form url.Values) (int, string) {
	p.t.Helper()
	form.Set("csrf", p.csrf)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.read(p.web.Do(r))
}

// read returns a status, and the head and body as text.
func (p *person) read(resp *http.Response, err error) (int, string) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var head bytes.Buffer
	if err := resp.Header.Write(&head); err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, head.String() + "\n" + string(body)
}

// post sends a body to the public listener and returns what comes back.
func (s *site) post(path string, header http.Header, body string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.Addresses().HTTP+path,
		strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

// containsAny reports whether a text holds one of some words.
func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}
