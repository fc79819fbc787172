package app

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// issuer is a tiny OpenID Connect issuer that lets everybody in without asking.
type issuer struct {
	*httptest.Server
	key    *rsa.PrivateKey
	secret string
	claims object // beside what every token says
	nonce  string // of the last sign-in
	basic  string // the client's secret at the last exchange
	scope  string // what the last sign-in asked for
}

func newIssuer(t *testing.T, claims object) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	is := &issuer{key: key, secret: secret(16), claims: claims}
	is.Server = httptest.NewServer(is)
	t.Cleanup(is.Close)
	return is
}

func (is *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	var answer object
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = object{"issuer": is.URL, "authorization_endpoint": is.URL + "/auth", "token_endpoint": is.URL + "/token",
			"jwks_uri": is.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
	case "/keys":
		answer = object{"keys": []object{{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": b64(is.key.N.Bytes()),
			"e": b64(binary.BigEndian.AppendUint32(nil, uint32(is.key.E))[1:])}}}
	case "/auth":
		is.nonce, is.scope = r.FormValue("nonce"), r.FormValue("scope")
		back := url.Values{"code": {"the-code"}, "state": {r.FormValue("state")}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
		return
	case "/token":
		var id string
		if id, is.basic, _ = r.BasicAuth(); is.basic == "" {
			id, is.basic = r.FormValue("client_id"), r.FormValue("client_secret")
		}
		answer = object{"access_token": "x", "token_type": "Bearer", "id_token": is.token(id)}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// token is a JWT, signed by hand.
func (is *issuer) token(audience string) string {
	claims := object{"iss": is.URL, "aud": audience, "sub": "s-1", "nonce": is.nonce, "iat": time.Now().Unix(),
		"exp": time.Now().Add(time.Minute).Unix()}
	for name, v := range is.claims {
		claims[name] = v
	}
	body, _ := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	sig, _ := rsa.SignPKCS1v15(rand.Reader, is.key, crypto.SHA256, sum[:])
	return text + "." + b64(sig)
}

// console configures a sign-in at the issuer, whose redirects lead back to a fixed address of the admin listener.
func (is *issuer) console(cfg *Config, admin string) {
	cfg.Admin.Addr = admin
	cfg.OIDC = OIDCConfig{Issuer: is.URL, ClientID: "gateway", ClientSecret: is.secret, RedirectURL: "http://" + admin +
		"/oidc/return",
		NameClaim: "nick", RoleClaim: "groups", Roles: map[string]string{"bosses": "admin"}}
}

// browser signs in at a console and keeps its cookies.
func browser(t *testing.T, admin string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &http.Client{Jar: jar}
	resp, err := b.Get("http://" + admin + "/oidc/begin")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/" {
		t.Fatalf("the sign-in ended at %s with %d", resp.Request.URL.Path, resp.StatusCode)
	}
	return b
}
