package admin

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
)

func TestFirstStart(t *testing.T) {
	f := newFake()
	b := open(t, f)
	if a := b.get("/"); a.Header.Get("Location") != "/setup" {
		t.Errorf("the first page leads to %q", a.Header.Get("Location"))
	}
	key := f.guard.Setup.Token()
	if a := b.get("/setup?token=wrong"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a wrong link: %d", a.StatusCode)
	}
	a := b.get("/setup?token=" + key)
	if a.StatusCode != http.StatusOK || a.Header.Get("Referrer-Policy") == "" {
		t.Fatalf("the link: %d", a.StatusCode)
	}
	csrf := csrfField.FindStringSubmatch(a.body)[1]
	form := func(name, password, again string) url.Values {
		return url.Values{"csrf": {csrf}, "token": {key}, "name": {name}, "password": {password}, "again": {again}}
	}
	a = b.post("/setup", form("Li", phrase, "other"))
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "两次输入的密码不同") ||
		!strings.Contains(a.body, `value="Li"`) || strings.Contains(a.body, phrase) {
		t.Errorf("two passwords: %d %s", a.StatusCode, a.body)
	}
	a = b.post("/setup", form("Li", "short", "short"))
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "密码至少 10 个字符") {
		t.Errorf("a short password: %d", a.StatusCode)
	}
	a = b.post("/setup", form("Li", phrase, phrase))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/" {
		t.Fatalf("the first admin: %d %s", a.StatusCode, a.body)
	}
	if a := b.get("/access"); a.StatusCode != http.StatusOK {
		t.Errorf("the first admin is none: %d", a.StatusCode)
	}
	if a := open(t, f).get("/setup?token=" + key); a.Header.Get("Location") != "/login" {
		t.Errorf("the link works twice: %d", a.StatusCode)
	}
}

func TestSignIn(t *testing.T) {
	f := newFake()
	as(t, f, guard.RoleSupport)
	b := open(t, f)
	for _, form := range []url.Values{{"name": {"support"}, "password": {"wrong"}},
		{"name": {"nobody"}, "password": {phrase}}, {}} {
		a := b.post("/login", form)
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "用户名、密码或验证码不正确") {
			t.Errorf("%v: %d %s", form, a.StatusCode, a.body)
		}
	}
	if a := b.post("/login", url.Values{"name": {"support"}, "password": {phrase},
		"csrf": {"forged"}}); a.StatusCode != http.StatusForbidden {
		t.Errorf("a forged token: %d", a.StatusCode)
	}
	for next, want := range map[string]string{"/charges/7001": "/charges/7001", "https://evil.example": "/",
		"//evil.example": "/", "/\\evil.example": "/",
		"/\t/evil.example": "/", "/%09/evil.example": "/", "/%2F/evil.example": "/evil.example", "/\r\nSet-Cookie: a=b": "/",
		"http:/evil.example": "/", "/charges?state=held": "/charges?state=held",
		"javascript:alert(1)": "/", "/x@evil.example": "/x@evil.example", "///evil.example": "/evil.example"} {
		b := open(t, f)
		a := b.post("/login", url.Values{"name": {"support"}, "password": {phrase}, "next": {next}})
		if got := a.Header.Get("Location"); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
	for i := range 40 { // by names that there are and that there are not, as behind a proxy: all from one address
		if a := b.post("/login", url.Values{"name": {fmt.Sprint("none", i)},
			"password": {"guess"}}); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("guess %d: %d", i, a.StatusCode)
		}
	}
	if a := b.post("/login", url.Values{"name": {"support"}, "password": {phrase}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the right password after a stranger's 40 guesses: %d", a.StatusCode)
	}
}

func TestExpiredSession(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleSupport)
	if err := f.guard.Sessions.Revoke(t.Context(),
		f.guard.Sessions.List(guard.Identity{Name: "support", Kind: "user"})[0].ID); err != nil {
		t.Fatal(err)
	}
	a := b.get("/charges?state=held")
	if a.Header.Get("Location") != "/login?next="+url.QueryEscape("/charges?state=held") {
		t.Errorf("leads to %q", a.Header.Get("Location"))
	}
	if a := b.get("/login"); !strings.Contains(a.body, "登录已过期") {
		t.Errorf("nothing says that the session is over: %s", a.body)
	}
	if a := b.post("/charges/7001/void",
		url.Values{"reason": {"x"}, "step": {"do"}}); a.StatusCode != http.StatusSeeOther || len(f.done) != 0 {
		t.Errorf("a POST after the session: %d, did %v", a.StatusCode, f.done)
	}
}

func TestPostsAreGuarded(t *testing.T) {
	posts := []struct {
		path  string
		least guard.Role
	}{
		{"/charges/7001/void", guard.RoleSupport}, {"/charges/7001/redeliver", guard.RoleSupport},
		{"/charges/7001/bind", guard.RoleSupport},
		{"/pushes/31/replay", guard.RoleSupport}, {"/lots/200461/1313/pause", guard.RoleSupport},
		{"/work/redeliver?state=gave_up", guard.RoleSupport},
		{"/bindings/teld-main/200461/1313/test", guard.RoleSupport}, {"/doctor", guard.RoleSupport},
		{"/bindings/teld-main/200461/1313/mode", guard.RoleAdmin}, {"/estate/vendor/new", guard.RoleAdmin},
		{"/estate/import", guard.RoleAdmin},
		{"/access/users", guard.RoleAdmin}, {"/access/tokens", guard.RoleAdmin}, {"/alerts/test", guard.RoleAdmin},
		{"/access/users/support/revoke", guard.RoleAdmin}, {"/me/password", guard.RoleViewer}, {"/logout", guard.RoleViewer},
	}
	f := onPages()
	for _, role := range []guard.Role{guard.RoleViewer, guard.RoleSupport, guard.RoleAdmin} {
		b := as(t, f, role)
		rows := len(f.memory.rows)
		for _, p := range posts {
			a := b.post(p.path, url.Values{"csrf": {"forged"}, "reason": {"x"}, "step": {"do"}, "to": {"live"},
				"name": {"duty"}})
			if a.StatusCode != http.StatusForbidden {
				t.Errorf("%s as %s without the token: %d", p.path, role, a.StatusCode)
			}
			if desk.Allows(role, p.least) {
				continue
			}
			if a := b.post(p.path, url.Values{"reason": {"x"}, "step": {"do"}, "to": {"live"},
				"name": {"duty"}}); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s as %s: %d", p.path, role, a.StatusCode)
			}
		}
		if len(f.done) != 0 || len(f.memory.rows) != rows {
			t.Errorf("%s did %v, %d rows", role, f.done, len(f.memory.rows)-rows)
		}
	}
}

func TestSecondFactor(t *testing.T) {
	f := newFake()
	b := as(t, f, guard.RoleSupport)
	a := b.post("/me/totp", url.Values{})
	secret := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(a.body)
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "data:image/png;base64,") || secret == nil {
		t.Fatalf("enrolling: %d %s", a.StatusCode, a.body)
	}
	address := html.UnescapeString(regexp.MustCompile(`name="address" value="([^"]+)"`).FindStringSubmatch(a.body)[1])
	if a = b.post("/me/totp/confirm",
		url.Values{"code": {"000000"}, "address": {address}}); a.StatusCode != http.StatusUnprocessableEntity ||
		!strings.Contains(a.body, "验证码不正确") {
		t.Errorf("a wrong code: %d", a.StatusCode)
	}
	code, err := totp.GenerateCode(secret[1], now)
	if err != nil {
		t.Fatal(err)
	}
	if a = b.follow(b.post("/me/totp/confirm",
		url.Values{"code": {code}, "address": {address}})); a.StatusCode != http.StatusOK ||
		!strings.Contains(a.body, "恢复码") {
		t.Fatalf("confirming: %d %s", a.StatusCode, a.body)
	}
	recovery := regexp.MustCompile(`<pre class="secret"[^>]*>([^\n<]+)`).FindStringSubmatch(a.body)[1]
	if a := b.get("/me"); a.StatusCode != http.StatusOK {
		t.Errorf("who has just proven the second factor is thrown out: %d", a.StatusCode)
	}
	once := open(t, f)
	a = once.post("/login", url.Values{"name": {"support"}, "password": {phrase}})
	if !strings.Contains(a.body, `inputmode="numeric"`) || strings.Contains(a.body, `type="password"`) {
		t.Errorf("the password is asked for twice: %s", a.body)
	}
	next, err := totp.GenerateCode(secret[1], now.Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if a = once.post("/login", url.Values{"name": {"support"}, "proven": {hidden(a.body, "proven")},
		"code": {next}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the code alone: %d %s", a.StatusCode, a.body)
	}
	other := open(t, f)
	if a = other.post("/login", url.Values{"name": {"support"}, "password": {phrase}}); a.StatusCode != http.StatusOK ||
		!strings.Contains(a.body, `name="code"`) || strings.Contains(a.body, phrase) {
		t.Fatalf("no code is asked for: %d %s", a.StatusCode, a.body)
	}
	if a = other.post("/login", url.Values{"name": {"support"}, "password": {phrase},
		"code": {recovery}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a recovery code: %d %s", a.StatusCode, a.body)
	}
	if a = open(t, f).post("/login",
		url.Values{"name": {"support"}, "password": {phrase}, "code": {recovery}}); a.StatusCode == http.StatusSeeOther {
		t.Error("a recovery code works twice")
	}
	if a = other.post("/me/totp/drop", url.Values{}); a.StatusCode != http.StatusUnprocessableEntity ||
		!f.guard.Users.List()[0].TOTP {
		t.Errorf("an open session alone switches the second factor off: %d", a.StatusCode)
	}
	if a = other.post("/me/totp/drop", url.Values{"off": {phrase}}); a.StatusCode != http.StatusSeeOther ||
		f.guard.Users.List()[0].TOTP {
		t.Errorf("with the password: %d %s", a.StatusCode, a.body)
	}
}

func TestSignInAtAnIssuer(t *testing.T) {
	f := newFake()
	as(t, f, guard.RoleAdmin) // a user exists, so that no one is sent to the set-up
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	var nonce string
	claims := map[string]any{"role": "duty"}
	info := map[string]any{}
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			fmt.Fprintf(w,
				`{"issuer":%[1]q,"authorization_endpoint":"%[2]s/go","token_endpoint":"%[2]s/token","jwks_uri":"%[2]s/keys",`+
					`"userinfo_endpoint":"%[2]s/info"}`, issuer.URL, issuer.URL)
		case "/keys":
			fmt.Fprintf(w, `{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","n":%q,"e":"AQAB"}]}`,
				base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
		case "/info":
			all := map[string]any{"sub": "77"}
			maps.Copy(all, info)
			if err := json.NewEncoder(w).Encode(all); err != nil {
				t.Error(err)
			}
		case "/token":
			all := map[string]any{"iss": issuer.URL, "aud": "chargestamp", "sub": "77", "preferred_username": "wang",
				"nonce": nonce, "exp": now.Add(time.Hour).Unix(), "iat": now.Unix()}
			maps.Copy(all, claims)
			signed := part(map[string]string{"alg": "RS256"}) + "." + part(all)
			sum := sha256.Sum256([]byte(signed))
			sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintf(w, `{"access_token":"x","token_type":"Bearer","id_token":%q}`,
				signed+"."+base64.RawURLEncoding.EncodeToString(sig))
		}
	}))
	defer issuer.Close()
	f.oidc, err = guard.NewOIDC(guard.OIDCConfig{Issuer: issuer.URL, ClientID: "chargestamp",
		RedirectURL: "http://console/oidc/return",
		Roles:       map[string]guard.Role{"duty": guard.RoleSupport}}, f.keys, issuer.Client(),
		func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, f)
	if a := b.get("/login"); !strings.Contains(a.body, "/oidc/begin") {
		t.Error("the sign-in page does not offer the issuer")
	}
	there, err := url.Parse(b.get("/oidc/begin").Header.Get("Location"))
	if err != nil || !strings.HasPrefix(there.String(), issuer.URL+"/go?") {
		t.Fatalf("begins at %s: %v", there, err)
	}
	nonce = there.Query().Get("nonce")
	if a := b.get("/oidc/return?state=wrong&code=c"); a.StatusCode != http.StatusForbidden ||
		!strings.Contains(a.body, "单点登录未通过") {
		t.Errorf("a wrong state: %d", a.StatusCode)
	}
	there, err = url.Parse(b.get("/oidc/begin").Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	nonce = there.Query().Get("nonce")
	if a := b.get("/oidc/return?code=c&state=" +
		url.QueryEscape(there.Query().Get("state"))); a.Header.Get("Location") != "/" {
		t.Fatalf("back: %d %s", a.StatusCode, a.body)
	}
	if a := b.get("/me"); !strings.Contains(a.body, "wang") || !strings.Contains(a.body, "客服") ||
		strings.Contains(a.body, "更改密码") {
		t.Errorf("who has come is %s", a.body)
	}
	for _, tc := range []struct {
		name         string
		claims, info map[string]any
		let          bool
	}{
		{"the role by UserInfo", map[string]any{}, map[string]any{"role": []string{"x", "duty"}}, true},
		{"the name by UserInfo", map[string]any{"role": "duty", "preferred_username": ""},
			map[string]any{"preferred_username": "zhao"}, true},
		{"no role at all", map[string]any{}, map[string]any{}, false},
		{"another role", map[string]any{"role": []string{"guest"}}, map[string]any{"role": "duty"}, false},
		{"UserInfo about somebody else", map[string]any{}, map[string]any{"sub": "78", "role": "duty"}, false},
		{"two audiences, issued to us",
			map[string]any{"role": "duty", "aud": []string{"chargestamp", "other"}, "azp": "chargestamp"}, nil, true},
		{"two audiences, issued to another",
			map[string]any{"role": "duty", "aud": []string{"chargestamp", "other"}, "azp": "other"}, nil, false},
	} {
		claims, info = tc.claims, tc.info
		b := open(t, f)
		there, err := url.Parse(b.get("/oidc/begin").Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		nonce = there.Query().Get("nonce")
		a := b.get("/oidc/return?code=c&state=" + url.QueryEscape(there.Query().Get("state")))
		if let := a.Header.Get("Location") == "/"; let != tc.let {
			t.Errorf("%s: %d %s", tc.name, a.StatusCode, a.body)
		}
		if me := b.get("/me").body; tc.name == "the name by UserInfo" && !strings.Contains(me, "zhao") {
			t.Error("who is named by UserInfo only is not called so")
		}
		if tc.name == "no role at all" && !strings.Contains(a.body, "身份为 wang，但在这里没有角色") {
			t.Errorf("the page does not say who has no role: %s", a.body)
		}
	}
	list, _, err := f.guard.Audit.Page(t.Context(), guard.AuditFilter{Action: "session.refused"}, 0, 10)
	if err != nil || len(list) == 0 {
		t.Errorf("the audit log has no refused sign-on: %v, %v", list, err)
	}
}

// TestCookiesAreSecure wants each cookie that the console sets over HTTPS to go back over HTTPS only.
func TestCookiesAreSecure(t *testing.T) {
	f := newFake()
	as(t, f, guard.RoleSupport)
	server := httptest.NewTLSServer(serve(t, f))
	t.Cleanup(server.Close)
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b := &browser{t, client, server.URL}
	set := map[string]bool{}
	for _, a := range []answer{
		b.get("/login"),
		b.post("/login", url.Values{"name": {string(guard.RoleSupport)}, "password": {phrase}}),
		b.get("/?lang=en"),
		b.post("/logout", url.Values{}),
		b.get("/login"),
	} {
		for _, c := range a.Cookies() {
			set[c.Name] = true
			if !c.Secure || !c.HttpOnly {
				t.Errorf("%s of %s: secure %v, http only %v", c.Name, a.Request.URL.Path, c.Secure, c.HttpOnly)
			}
		}
	}
	for _, name := range []string{"cs_session", "cs_notice", "cs_lang"} {
		if !set[name] {
			t.Errorf("%s was not seen; set were %v", name, set)
		}
	}
}

// TestSecurityTestPushesIntoLiveBindingsAreAdmins: one takes money off the bill of whatever plate is typed.
func TestSecurityTestPushesIntoLiveBindingsAreAdmins(t *testing.T) {
	for role, want := range map[guard.Role]int{guard.RoleViewer: http.StatusForbidden,
		guard.RoleSupport: http.StatusForbidden, guard.RoleAdmin: http.StatusSeeOther} {
		f := newFake()
		live := url.Values{"to": {"live"}}
		if a := as(t, f, guard.RoleAdmin).post("/bindings/teld-main/200461/1313/mode",
			live); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("going live: %d", a.StatusCode)
		}
		f.done = nil
		a := as(t, f, role).post("/bindings/teld-main/200461/1313/test", url.Values{"plate": {"京A12345"}})
		if a.StatusCode != want || (len(f.done) > 0) != (want == http.StatusSeeOther) {
			t.Errorf("as %s: %d, did %v", role, a.StatusCode, f.done)
		}
	}
}
