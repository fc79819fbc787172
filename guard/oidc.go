package guard

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/chargestamp/chargestamp/charge"
)

// OIDCConfig is how staff sign in at an issuer of the operator's.
type OIDCConfig struct {
	Issuer       string // base address of the issuer; its discovery document is below it
	ClientID     string
	ClientSecret charge.Secret
	RedirectURL  string   // this console's address for the way back
	Scopes       []string // beside openid; default profile and email
	NameClaim    string   // default preferred_username, else email, else sub
	RoleClaim    string   // default "role"; a text or a list of texts; dots walk into objects (realm_access.roles)
	// Roles says which role a value of the claim means; the highest that fits counts. Who has none is not
	// let in.
	Roles map[string]Role
}

// OIDC signs staff in at an issuer by the code flow, with PKCE and a nonce.
type OIDC struct {
	config OIDCConfig
	keys   *Keyring
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
}

// Check refuses settings by which no user could sign in. The error has a line for each.
func (c OIDCConfig) Check() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.Roles)) {
		if _, err := ParseRole(string(c.Roles[name])); err != nil {
			faults = append(faults, fmt.Errorf("oidc.roles.%s: %w", name, err))
		}
	}
	for _, need := range []struct{ name, value string }{
		{"oidc.issuer", c.Issuer}, {"oidc.client_id", c.ClientID}, {"oidc.redirect_url", c.RedirectURL},
	} {
		if need.value == "" {
			faults = append(faults, fmt.Errorf("%s is missing; add it", need.name))
		}
	}
	if len(c.Roles) == 0 {
		faults = append(faults,
			errors.New("oidc.roles is missing: nobody would be let in; say which value gives which role"))
	}
	return errors.Join(faults...)
}

// NewOIDC makes the sign-in. The issuer is asked for its addresses at the first use: it need not be up when
// we start. client carries our requests to it, with its own time limit.
func NewOIDC(c OIDCConfig, keys *Keyring, client *http.Client, now func() time.Time) (*OIDC, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Scopes == nil {
		c.Scopes = []string{"profile", "email"}
	}
	if c.RoleClaim == "" {
		c.RoleClaim = "role"
	}
	return &OIDC{config: c, keys: keys, client: client, now: now}, nil
}

// oidcWay is what must be the same on the way there and back; it travels sealed in a cookie.
type oidcWay struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

const (
	oidcWayPlace = "oidc way"
	oidcWayTime  = 10 * time.Minute
)

// Begin returns the address to send the browser to, and a cookie that it must bring back within ten minutes.
func (o *OIDC) Begin(ctx context.Context) (address, cookie string, err error) {
	flow, _, err := o.flow(ctx)
	if err != nil {
		return "", "", err
	}
	way := oidcWay{State: randomText(16), Nonce: randomText(16), Verifier: oauth2.GenerateVerifier(),
		Until: o.now().Add(oidcWayTime)}
	plain, err := json.Marshal(way)
	if err != nil {
		return "", "", err
	}
	sealed, err := o.keys.Seal(plain, oidcWayPlace)
	if err != nil {
		return "", "", err
	}
	address = flow.AuthCodeURL(way.State, oidc.Nonce(way.Nonce), oauth2.S256ChallengeOption(way.Verifier))
	return address, base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Finish takes the browser's way back and returns who it is. ErrDenied is wrapped where the issuer or we refuse.
func (o *OIDC) Finish(ctx context.Context, cookie string, query url.Values) (Identity, error) {
	way, err := o.way(cookie)
	if err != nil {
		return Identity{}, err
	}
	if query.Get("state") != way.State {
		return Identity{}, fmt.Errorf("%w: the answer belongs to another sign-in; begin again", ErrDenied)
	}
	if said := query.Get("error"); said != "" {
		return Identity{}, fmt.Errorf("%w: the issuer said %q", ErrDenied, clip(said))
	}
	flow, provider, err := o.flow(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := flow.Exchange(oidc.ClientContext(ctx, o.client), query.Get("code"), oauth2.VerifierOption(way.Verifier))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the issuer did not take the code", ErrDenied)
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), o.client),
		&oidc.Config{ClientID: o.config.ClientID, Now: o.now})
	id, err := verifier.Verify(oidc.ClientContext(ctx, o.client), raw)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the issuer's token does not hold", ErrDenied)
	}
	if id.Nonce != way.Nonce {
		return Identity{}, fmt.Errorf("%w: the issuer's token belongs to another sign-in", ErrDenied)
	}
	claims, err := o.claims(ctx, provider, id, token)
	if err != nil {
		return Identity{}, err
	}
	return o.identity(claims)
}

// claims are the token's. Where it has no role or no name, those of UserInfo are added, if the issuer has it: many put
// names and groups there only.
func (o *OIDC) claims(ctx context.Context, provider *oidc.Provider, id *oidc.IDToken,
	token *oauth2.Token) (map[string]any, error) {
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return nil, fmt.Errorf("%w: the issuer's token cannot be read", ErrDenied)
	}
	if len(id.Audience) > 1 {
		if party, _ := claims["azp"].(string); party != o.config.ClientID {
			return nil, fmt.Errorf("%w: the issuer's token was issued to another client", ErrDenied)
		}
	}
	hasRole := claimAt(claims, o.config.RoleClaim) != nil
	if hasRole && o.named(claims) || provider.UserInfoEndpoint() == "" {
		return claims, nil
	}
	info, err := provider.UserInfo(oidc.ClientContext(ctx, o.client), oauth2.StaticTokenSource(token))
	switch {
	case err != nil && hasRole:
		return claims, nil // the subject is name enough
	case err != nil:
		return nil, fmt.Errorf("%w: the token has no claim %q, and the issuer's UserInfo does not answer: %s", ErrDenied,
			o.config.RoleClaim, clip(err.Error()))
	}
	more := map[string]any{}
	if info.Subject != id.Subject || info.Claims(&more) != nil {
		return nil, fmt.Errorf("%w: the issuer's UserInfo is about somebody else or cannot be read", ErrDenied)
	}
	for name, value := range more {
		if had := claims[name]; had == nil || had == "" {
			claims[name] = value
		}
	}
	return claims, nil
}

// named reports whether claims name somebody by more than the subject.
func (o *OIDC) named(claims map[string]any) bool {
	if o.config.NameClaim != "" {
		return textAt(claims, o.config.NameClaim) != ""
	}
	return textAt(claims, "preferred_username", "email") != ""
}

// textAt is the first text that stands at one of some paths of claimAt; empty where there is none.
func textAt(claims map[string]any, paths ...string) string {
	for _, path := range paths {
		if text, _ := claimAt(claims, path).(string); text != "" {
			return text
		}
	}
	return ""
}

// claimAt finds a claim by its name, or by a path with dots into objects, such as realm_access.roles.
func claimAt(claims map[string]any, path string) any {
	if value, has := claims[path]; has {
		return value
	}
	name, rest, dotted := strings.Cut(path, ".")
	inner, _ := claims[name].(map[string]any)
	if !dotted || inner == nil {
		return nil
	}
	return claimAt(inner, rest)
}

// NoRole reports somebody whom the issuer knows and who has no role here. It wraps ErrDenied.
type NoRole struct {
	Name  string
	Claim string   // what was looked at
	Found []string // its values, none where the claim is missing
}

// Error says whom, where was looked and what was found.
func (n *NoRole) Error() string {
	if n.Found == nil {
		return fmt.Sprintf("%s: %q has no role here: neither the token nor UserInfo holds the claim %q; "+
			"see oidc.role_claim and oidc.scopes", ErrDenied, n.Name, n.Claim)
	}
	return fmt.Sprintf("%s: %q has no role here: none of %q in the claim %q stands in oidc.roles", ErrDenied, n.Name,
		n.Found, n.Claim)
}

// Unwrap returns ErrDenied.
func (n *NoRole) Unwrap() error { return ErrDenied }

func (o *OIDC) way(cookie string) (oidcWay, error) {
	var way oidcWay
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err == nil {
		var plain []byte
		if plain, err = o.keys.Open(sealed, oidcWayPlace); err == nil {
			err = json.Unmarshal(plain, &way)
		}
	}
	if err != nil || way.State == "" || o.now().After(way.Until) {
		return way, fmt.Errorf("%w: the sign-in has taken too long; begin again", ErrDenied)
	}
	return way, nil
}

// flow finds the issuer's addresses once.
func (o *OIDC) flow(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		// The provider keeps the context for fetching keys later: it must outlive the request.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.client), o.config.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("ask the issuer %s: %w", o.config.Issuer, err)
		}
		o.provider = p
	}
	return &oauth2.Config{
		ClientID:     o.config.ClientID,
		ClientSecret: o.config.ClientSecret.Reveal(),
		Endpoint:     o.provider.Endpoint(),
		RedirectURL:  o.config.RedirectURL,
		Scopes:       append([]string{oidc.ScopeOpenID}, o.config.Scopes...),
	}, o.provider, nil
}

// mostFound is how many values of the role claim are named where none of them fits.
const mostFound = 10

// identity reads name and role out of proved claims.
func (o *OIDC) identity(claims map[string]any) (Identity, error) {
	who := Identity{Kind: "oidc", Name: clip(textAt(claims, o.config.NameClaim, "preferred_username", "email", "sub"))}
	claim := claimAt(claims, o.config.RoleClaim)
	values, _ := claim.([]any)
	if one, ok := claim.(string); ok {
		values = []any{one}
	}
	var found []string
	for _, v := range values {
		name, _ := v.(string)
		if len(found) < mostFound {
			found = append(found, clip(name))
		}
		if role := o.config.Roles[name]; role.rank() > who.Role.rank() {
			who.Role = role
		}
	}
	if who.Role == "" {
		return Identity{}, &NoRole{Name: who.Name, Claim: o.config.RoleClaim, Found: found}
	}
	return who, nil
}
