package guard_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

// issuer is a tiny OpenID Connect issuer. claims are what its tokens say, beside what every token says.
type issuer struct {
	*httptest.Server
	key       *rsa.PrivateKey
	clock     *clock
	claims    map[string]any
	challenge string // of the sign-in that was begun
	nonce     string
	audience  string
	forge     bool // sign with another key
}

func newIssuer(t *testing.T, c *clock) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	is := &issuer{key: key, clock: c, audience: "chargestamp", claims: map[string]any{}}
	is.Server = httptest.NewServer(http.HandlerFunc(is.serve))
	t.Cleanup(is.Close)
	return is
}

func (is *issuer) serve(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{}
	b64 := base64.RawURLEncoding.EncodeToString
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{"issuer": is.URL, "authorization_endpoint": is.URL + "/auth", "token_endpoint": is.URL +
			"/token",
			"jwks_uri": is.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
	case "/keys":
		answer["keys"] = []map[string]any{{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(is.key.N.Bytes()),
			"e": b64(binary.BigEndian.AppendUint32(nil, uint32(is.key.E))[1:])}}
	case "/token":
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		_, secret, basic := r.BasicAuth()
		if r.FormValue("code") != "good-code" || b64(sum[:]) != is.challenge || basic && secret != "hush-client" {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		answer = map[string]any{"access_token": "hush-access", "token_type": "Bearer", "id_token": is.token()}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// token is a JWT, signed by hand.
func (is *issuer) token() string {
	claims := map[string]any{"iss": is.URL, "aud": is.audience, "sub": "s-1", "nonce": is.nonce,
		"iat": is.clock.now().Unix(), "exp": is.clock.now().Add(time.Minute).Unix()}
	for name, v := range is.claims {
		claims[name] = v
	}
	body, _ := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	key := is.key
	if is.forge {
		key, _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	sig, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return text + "." + b64(sig)
}

func TestOIDC(t *testing.T) {
	for _, c := range []struct {
		name   string
		claims map[string]any
		break_ func(is *issuer, back url.Values, cookie *string, c *clock)
		want   guard.Identity // zero: denied
	}{
		{name: "a text", claims: map[string]any{"groups": "staff", "preferred_username": "li"},
			want: guard.Identity{Name: "li", Role: guard.RoleSupport, Kind: "oidc"}},
		{name: "the highest of a list",
			claims: map[string]any{"groups": []string{"staff", "bosses", "other"}, "email": "li@example.com"},
			want:   guard.Identity{Name: "li@example.com", Role: guard.RoleAdmin, Kind: "oidc"}},
		{name: "no name", claims: map[string]any{"groups": "staff"},
			want: guard.Identity{Name: "s-1", Role: guard.RoleSupport, Kind: "oidc"}},
		{name: "no role", claims: map[string]any{"groups": "other"}},
		{name: "no claim"},
		{name: "another state", claims: map[string]any{"groups": "staff"},
			break_: func(_ *issuer, back url.Values, _ *string, _ *clock) { back.Set("state", "x") }},
		{name: "the issuer refuses", claims: map[string]any{"groups": "staff"},
			break_: func(_ *issuer, back url.Values, _ *string, _ *clock) { back.Set("error", "access_denied") }},
		{name: "a wrong code", claims: map[string]any{"groups": "staff"},
			break_: func(_ *issuer, back url.Values, _ *string, _ *clock) { back.Set("code", "bad") }},
		{name: "another nonce", claims: map[string]any{"groups": "staff"},
			break_: func(is *issuer, _ url.Values, _ *string, _ *clock) { is.nonce = "x" }},
		{name: "another audience", claims: map[string]any{"groups": "staff"},
			break_: func(is *issuer, _ url.Values, _ *string, _ *clock) { is.audience = "another" }},
		{name: "a forged token", claims: map[string]any{"groups": "staff"},
			break_: func(is *issuer, _ url.Values, _ *string, _ *clock) { is.forge = true }},
		{name: "an old token", claims: map[string]any{"groups": "staff", "exp": 1}},
		{name: "no cookie", claims: map[string]any{"groups": "staff"},
			break_: func(_ *issuer, _ url.Values, cookie *string, _ *clock) { *cookie = "" }},
		{name: "a cookie of ten minutes ago", claims: map[string]any{"groups": "staff"},
			break_: func(_ *issuer, _ url.Values, _ *string, c *clock) { c.pass(11 * time.Minute) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, clock := t.Context(), newClock()
			is := newIssuer(t, clock)
			o, err := guard.NewOIDC(guard.OIDCConfig{
				Issuer: is.URL, ClientID: "chargestamp", ClientSecret: "hush-client", RedirectURL: "https://console.example/oidc",
				RoleClaim: "groups", Roles: map[string]guard.Role{"staff": guard.RoleSupport, "bosses": guard.RoleAdmin},
			}, keyring(t, siteKey), is.Client(), clock.now)
			if err != nil {
				t.Fatal(err)
			}
			address, cookie, err := o.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			assertHush(t, "the address", address, "hush-client")
			u, _ := url.Parse(address)
			q := u.Query()
			if q.Get("code_challenge_method") != "S256" || q.Get("scope") != "openid profile email" ||
				!strings.HasPrefix(address, is.URL+"/auth?") {
				t.Errorf("the browser is sent to %s", address)
			}
			is.claims, is.challenge, is.nonce = c.claims, q.Get("code_challenge"), q.Get("nonce")
			back := url.Values{"code": {"good-code"}, "state": {q.Get("state")}}
			if c.break_ != nil {
				c.break_(is, back, &cookie, clock)
			}
			who, err := o.Finish(ctx, cookie, back)
			if who != c.want {
				t.Errorf("it is %+v, want %+v (%v)", who, c.want, err)
			}
			if c.want == (guard.Identity{}) {
				wantErr(t, "it", err, guard.ErrDenied)
				assertHush(t, "the error", err.Error(), "hush-client", "hush-access")
			}
		})
	}
}

func TestOIDCSession(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	secret, _, err := s.Sessions.BeginOIDC(ctx, guard.Identity{Name: "li", Role: guard.RoleSupport, Kind: "oidc"},
		"192.0.2.7", "browser")
	if err != nil {
		t.Fatal(err)
	}
	if _, who, err := s.node(t).Sessions.Get(ctx, secret); err != nil ||
		who != (guard.Identity{Name: "li", Role: guard.RoleSupport, Kind: "oidc"}) {
		t.Errorf("it is %+v, %v", who, err)
	}
}

func TestOIDCConfig(t *testing.T) {
	good := guard.OIDCConfig{Issuer: "https://id.example", ClientID: "c", RedirectURL: "https://console.example/oidc",
		Roles: map[string]guard.Role{"a": guard.RoleAdmin}}
	for name, c := range map[string]func(c *guard.OIDCConfig){
		"oidc.issuer":       func(c *guard.OIDCConfig) { c.Issuer = "" },
		"oidc.client_id":    func(c *guard.OIDCConfig) { c.ClientID = "" },
		"oidc.redirect_url": func(c *guard.OIDCConfig) { c.RedirectURL = "" },
		"oidc.roles":        func(c *guard.OIDCConfig) { c.Roles = nil },
		"oidc.roles.a":      func(c *guard.OIDCConfig) { c.Roles = map[string]guard.Role{"a": "boss"} },
	} {
		bad := good
		c(&bad)
		if _, err := guard.NewOIDC(bad, keyring(t, siteKey), http.DefaultClient, time.Now); err == nil ||
			!strings.HasPrefix(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	// An issuer that is down does not keep the server from starting; the sign-in says so.
	o, err := guard.NewOIDC(good, keyring(t, siteKey), &http.Client{Transport: down{}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), "https://id.example") {
		t.Errorf("an issuer that is down: %v", err)
	}
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("down") }

// TestClaimAt finds claims by name before it walks into objects.
func TestClaimAt(t *testing.T) {
	claims := map[string]any{"a": "1", "a.b": "2",
		"realm_access": map[string]any{"roles": []any{"staff"}, "deep": map[string]any{"er": "3"}}}
	for path, want := range map[string]string{"a": "1", "a.b": "2", "realm_access.roles": "[staff]",
		"realm_access.deep.er": "3",
		"realm_access.none":    "<nil>", "a.c": "<nil>", "none.x": "<nil>", "": "<nil>"} {
		if got := fmt.Sprint(guard.ClaimAt(claims, path)); got != want {
			t.Errorf("%q is %s, want %s", path, got, want)
		}
	}
}
