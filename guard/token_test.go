package guard_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

func TestTokens(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	token, secret, err := s.Tokens.Create(ctx, " 报表 ", guard.RoleViewer)
	if err != nil {
		t.Fatal(err)
	}
	// 32 random bytes in base64.
	if !regexp.MustCompile(`^cst_[A-Za-z0-9_-]{43}$`).MatchString(secret) {
		t.Errorf("the token is %q", secret)
	}
	assertHush(t, "the store", s.docs.all(), secret, secret[4:])
	who, err := s.Tokens.Authenticate(ctx, secret)
	if err != nil || who != (guard.Identity{Name: "报表", Role: guard.RoleViewer, Kind: "token"}) {
		t.Errorf("it is %+v, %v", who, err)
	}
	for _, bad := range []string{"", "cst_", secret[:46], secret + "A", "x" + secret, secret[4:]} {
		_, err := s.Tokens.Authenticate(ctx, bad)
		wantErr(t, "a wrong token", err, guard.ErrDenied)
		assertHush(t, "the error", err.Error(), secret)
	}
	who, err = s.Tokens.Authenticate(ctx, "hush-admin-token")
	if err != nil || who.Role != guard.RoleAdmin {
		t.Errorf("the admin's token is %+v, %v", who, err)
	}

	s.clock.pass(90 * time.Second)
	if _, err := s.Tokens.Authenticate(ctx, secret); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	other := s.node(t)
	if list := other.Tokens.List(); len(list) != 1 ||
		!list[0].LastUsed.Equal(time.Date(2026, 3, 1, 4, 1, 0, 0, time.UTC)) {
		t.Errorf("last used, as stored: %+v", list)
	}

	if err := s.Tokens.Revoke(ctx, token.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Tokens.Authenticate(ctx, secret)
	wantErr(t, "a revoked token", err, guard.ErrDenied)
	wantErr(t, "an unknown id", s.Tokens.Revoke(ctx, "nobody"), guard.ErrNotFound)
	if err := other.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = other.Tokens.Authenticate(ctx, secret)
	wantErr(t, "a token revoked on another node", err, guard.ErrDenied)

	_, _, err = s.Tokens.Create(ctx, "x", "boss")
	wantErr(t, "an unknown role", err, guard.ErrInput)
	_, _, err = s.Tokens.Create(ctx, "  ", guard.RoleAdmin)
	wantErr(t, "no name", err, guard.ErrInput)
}

func TestTokenOfAnotherNode(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	other := s.node(t)
	_, secret, err := s.Tokens.Create(ctx, "x", guard.RoleSupport)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Tokens.Authenticate(ctx, secret); err != nil {
		t.Errorf("a token made on another node: %v", err)
	}
	before := s.docs.reads
	for range 100 {
		other.Tokens.Authenticate(ctx, "cst_guess")
	}
	if n := s.docs.reads - before; n > 1 {
		t.Errorf("100 guesses in one second read the store %d times", n)
	}
}

func TestNoAdminToken(t *testing.T) {
	s := newSite(t)
	g, err := guard.Open(t.Context(),
		guard.Config{Docs: s.docs, Audits: s.rows, Keys: keyring(t, siteKey), Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Tokens.Authenticate(t.Context(), "")
	wantErr(t, "an empty token where none is set", err, guard.ErrDenied)
}

func BenchmarkAuthenticate(b *testing.B) {
	s := newSite(b)
	_, secret, err := s.Tokens.Create(b.Context(), "x", guard.RoleViewer)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.Tokens.Authenticate(b.Context(), secret)
	}
}
