package guard_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

const password = charge.Secret("hush-correct-horse")

func (s *site) user(t *testing.T, name string, role guard.Role) {
	t.Helper()
	if _, err := s.Users.Create(t.Context(), name, password, role); err != nil {
		t.Fatal(err)
	}
}

func (s *site) signIn(name string, p charge.Secret, code string) (string, error) {
	secret, _, err := s.Sessions.SignIn(context.Background(),
		guard.Login{Name: name, Password: p, Code: code, Remote: "192.0.2.7"})
	return secret, err
}

func TestSetup(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	token := s.Setup.Token()
	if !s.Setup.Open() || token == "" || s.Setup.Token() != token {
		t.Fatal("a new site has no set-up link")
	}
	_, err := s.Setup.Use(ctx, "guess", "li", password)
	wantErr(t, "a wrong token", err, guard.ErrDenied)
	_, err = s.Setup.Use(ctx, token, "li", "short")
	wantErr(t, "a bad password", err, guard.ErrInput)
	assertHush(t, "the error", err.Error(), "short\"", token)

	var wins, denied int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, err := s.Setup.Use(ctx, token, fmt.Sprintf("li%d", i), password)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				wins++
			} else if errors.Is(err, guard.ErrDenied) {
				denied++
			}
		})
	}
	all.Wait()
	if wins != 1 || denied != 3 {
		t.Errorf("four at once: %d made an admin, %d were denied", wins, denied)
	}
	if users := s.Users.List(); len(users) != 1 || users[0].Role != guard.RoleAdmin {
		t.Errorf("users: %+v", users)
	}
	if s.Setup.Open() || s.Setup.Token() != "" || s.Setup.Valid(token) {
		t.Error("the set-up is still open")
	}
	if other := s.node(t); other.Setup.Token() != "" {
		t.Error("a site with users has a set-up link after a start")
	}
}

func TestSignIn(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	s.user(t, "Li.Wei", guard.RoleSupport)
	secret, err := s.signIn(" li.wei ", password, "")
	if err != nil {
		t.Fatal(err)
	}
	assertHush(t, "the store", s.docs.all(), secret, password.Reveal())
	if !strings.Contains(s.docs.all(), "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Error("the password is not stored as Argon2id")
	}
	session, who, err := s.Sessions.Get(ctx, secret)
	if err != nil || who != (guard.Identity{Name: "li.wei", Role: guard.RoleSupport, Kind: "user"}) ||
		session.Remote != "192.0.2.7" {
		t.Errorf("session %+v of %+v, %v", session, who, err)
	}
	if u := s.Users.List()[0]; !u.SignedIn.Equal(session.Created) {
		t.Errorf("the last sign-in was %s, want %s", u.SignedIn, session.Created)
	}
	for _, c := range []struct{ name, password string }{{"li.wei", "hush-wrong-horse"}, {"nobody", password.Reveal()},
		{"", ""}, {"li.wei", ""}} {
		_, err := s.signIn(c.name, charge.Secret(c.password), "")
		wantErr(t, "a wrong sign-in", err, guard.ErrLogin)
		if err.Error() != guard.ErrLogin.Error() {
			t.Errorf("it says more than one thing: %v", err)
		}
	}
	for _, bad := range []string{"", "x", secret[:42] + "~", secret + "A"} {
		_, _, err := s.Sessions.Get(ctx, bad)
		wantErr(t, "a wrong session", err, guard.ErrDenied)
	}
	before := s.docs.reads
	for range 100 {
		s.Sessions.Get(ctx, strings.Repeat("x", 43))
	}
	if n := s.docs.reads - before; n > 1 {
		t.Errorf("100 guesses in one second read the store %d times", n)
	}
	if err := s.Users.SetRole(ctx, "li.wei", guard.RoleViewer); err != nil {
		t.Fatal(err)
	}
	if _, who, err := s.Sessions.Get(ctx, secret); err != nil || who.Role != guard.RoleViewer {
		t.Errorf("after a change of role: %+v, %v", who, err)
	}
	s.clock.pass(time.Second)
	if err := s.Users.SetPassword(ctx, "li.wei", "hush-another-horse"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Sessions.Get(ctx, secret)
	wantErr(t, "a session of the former password", err, guard.ErrDenied)
	if secret, err = s.signIn("li.wei", "hush-another-horse", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Users.Revoke(ctx, "li.wei"); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Sessions.Get(ctx, secret)
	wantErr(t, "a session of a revoked user", err, guard.ErrDenied)
	_, err = s.signIn("li.wei", "hush-another-horse", "")
	wantErr(t, "a revoked user", err, guard.ErrLogin)
	wantErr(t, "revoking nobody", s.Users.Revoke(ctx, "nobody"), guard.ErrNotFound)
}

// TestHashCost holds what people's passwords are hashed with: OWASP's first recommendation for Argon2id.
func TestHashCost(t *testing.T) {
	s := newSite(t)
	g, err := guard.Open(t.Context(),
		guard.Config{Docs: s.docs, Audits: s.rows, Keys: keyring(t, siteKey), Now: s.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Users.Create(t.Context(), "li", password, guard.RoleViewer); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.docs.all(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("passwords are hashed in another way")
	}
}

func TestUserRules(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	s.user(t, "li", guard.RoleViewer)
	_, err := s.Users.Create(ctx, "LI", password, guard.RoleViewer)
	wantErr(t, "a name that is taken", err, guard.ErrTaken)
	for _, name := range []string{"", "a b", "<script>", strings.Repeat("x", 65), "a\nb"} {
		_, err := s.Users.Create(ctx, name, password, guard.RoleViewer)
		wantErr(t, "a bad name", err, guard.ErrInput)
	}
	for _, bad := range []charge.Secret{"", "123456789", "1234567890", "password123", "Chargestamp2026!", "aaaaaaaaaaaaaa",
		"qwertyuiop", "wang-2026!!", charge.Secret(strings.Repeat("x1y2z", 41))} {
		_, err := s.Users.Create(ctx, "wang", bad, guard.RoleViewer)
		wantErr(t, fmt.Sprintf("the password of %d characters", len(bad)), err, guard.ErrInput)
	}
	for i, good := range []charge.Secret{"浪花淘尽英雄是非成败", "four brown horses", "kD93-xx.q1Lm"} {
		if _, err := s.Users.Create(ctx, fmt.Sprintf("wang%d", i), good, guard.RoleViewer); err != nil {
			t.Errorf("a good password: %v", err)
		}
	}
	_, err = s.Users.Create(ctx, "wang", password, "boss")
	wantErr(t, "an unknown role", err, guard.ErrInput)
	var wrong *guard.InputError
	if !errors.As(err, &wrong) || wrong.Field != "role" || wrong.Chinese != "角色只能是 viewer、support 或 admin" {
		t.Errorf("it says %+v", wrong)
	}
}

func TestSessionsEnd(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	sign := func() string {
		secret, err := s.signIn("li", password, "")
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	idle := sign()
	s.clock.pass(2*time.Hour + time.Second)
	_, _, err := s.Sessions.Get(ctx, idle)
	wantErr(t, "an idle session", err, guard.ErrDenied)

	busy := sign()
	for range 12 {
		s.clock.pass(119 * time.Minute)
		if _, _, err := s.Sessions.Get(ctx, busy); err != nil {
			t.Fatalf("a session in use: %v", err)
		}
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.node(t).Sessions.Get(ctx, busy); err != nil {
		t.Errorf("last use was not stored: %v", err)
	}
	s.clock.pass(13 * time.Minute)
	_, _, err = s.Sessions.Get(ctx, busy)
	wantErr(t, "a session of more than a day", err, guard.ErrDenied)
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if n := len(s.docs.kept["session"]); n != 0 {
		t.Errorf("%d sessions that are over are kept", n)
	}

	one, two := sign(), sign()
	if list := s.Sessions.List(guard.Identity{Name: "li", Kind: "user"}); len(list) != 2 ||
		len(s.Sessions.List(guard.Identity{Name: "wang", Kind: "user"})) != 0 {
		t.Errorf("sessions: %+v", list)
	}
	session, _, _ := s.Sessions.Get(ctx, one)
	if err := s.Sessions.Revoke(ctx, session.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Sessions.Get(ctx, one)
	wantErr(t, "a revoked session", err, guard.ErrDenied)
	wantErr(t, "revoking it again", s.Sessions.Revoke(ctx, session.ID), guard.ErrNotFound)
	if err := s.Sessions.SignOut(ctx, two); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Sessions.Get(ctx, two)
	wantErr(t, "after signing out", err, guard.ErrDenied)
}

// TestThrottle wants guesses to wait longer and longer, and the right password to be taken after 5 s at most,
// after any guesses from anywhere.
func TestThrottle(t *testing.T) {
	s := newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	try := func(name string, p charge.Secret, remote string) error {
		_, _, err := s.Sessions.SignIn(context.Background(), guard.Login{Name: name, Password: p, Remote: remote})
		return err
	}
	for i := range 5 {
		wantErr(t, fmt.Sprintf("guess %d", i), try("li", "hush-wrong-horse", "192.0.2.7"), guard.ErrLogin)
	}
	if waits := s.clock.waits(); len(waits) != 0 {
		t.Errorf("the first guesses wait %v", waits)
	}
	for range 60 {
		wantErr(t, "a guess", try("li", "hush-wrong-horse", "192.0.2.9"), guard.ErrLogin) // the same /24
	}
	waits := s.clock.waits()
	if len(waits) != 60 || waits[0] != 250*time.Millisecond || waits[1] != 500*time.Millisecond ||
		waits[59] != 5*time.Second {
		t.Errorf("guesses wait %v", waits)
	}
	for _, remote := range []string{"192.0.2.7", "198.51.100.1", "2001:db8::1"} {
		if err := try("li", password, remote); err != nil {
			t.Errorf("the right password from %s: %v", remote, err)
		}
	}
	for _, wait := range s.clock.waits() {
		if wait > 5*time.Second {
			t.Errorf("the right password waits %s", wait)
		}
	}
	for i := range 40 {
		wantErr(t, "a guess", try(fmt.Sprint("none", i), "hush-wrong-horse", fmt.Sprintf("2001:db8:1:2::%x", i)),
			guard.ErrLogin)
	}
	if waits := s.clock.waits(); len(waits) != 10 {
		t.Errorf("40 guesses out of one /64 wait %d times", len(waits))
	}
}

// TestThrottleIsBounded lets a few tries of a network wait, and refuses more unseen; other networks do not notice.
func TestThrottleIsBounded(t *testing.T) {
	s := newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	try := func(p charge.Secret, remote string) error {
		_, _, err := s.Sessions.SignIn(context.Background(), guard.Login{Name: "li", Password: p, Remote: remote})
		return err
	}
	for range 10 {
		wantErr(t, "a guess", try("hush-wrong-horse", "192.0.2.7"), guard.ErrLogin)
	}
	release := s.clock.hold()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() { wantErr(t, "a guess that waits", try("hush-wrong-horse", "192.0.2.7"), guard.ErrLogin) })
	}
	for range 64 {
		<-s.clock.asleep
	}
	var throttled *guard.Throttled
	if err := try("hush-wrong-horse", "192.0.2.8"); !errors.As(err, &throttled) {
		t.Errorf("one more of the network: %v", err)
	}
	release()
	all.Wait()
	if err := try(password, "198.51.100.1"); err != nil {
		t.Errorf("the right password from another network: %v", err)
	}
}

// TestSignInsAreAudited wants each sign-in, its end and refusals in the audit log, few lines a minute by strangers.
func TestSignInsAreAudited(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	secret, err := s.signIn("li", password, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sessions.SignOut(ctx, secret); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Sessions.BeginOIDC(ctx, guard.Identity{Name: "li", Role: guard.RoleViewer, Kind: "oidc"},
		"192.0.2.7", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Sessions.RefusedOIDC(ctx, "192.0.2.7", &guard.NoRole{Name: "wang", Claim: "groups"}); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		_, _, err := s.Sessions.SignIn(ctx,
			guard.Login{Name: fmt.Sprint("none", i), Password: "hush-wrong-horse", Remote: fmt.Sprintf("198.51.%d.1", i%256)})
		wantErr(t, "a guess", err, guard.ErrLogin)
	}
	list, _, err := s.Audit.Page(ctx, guard.AuditFilter{}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range list {
		count[e.Actor+" "+e.Action]++
	}
	for _, want := range []string{"user:li session.begin", "user:li session.end", "oidc:li session.begin",
		"oidc:wang session.refused", "user:none0 session.refused"} {
		if count[want] != 1 {
			t.Errorf("%q stands %d times: %v", want, count[want], count)
		}
	}
	if len(list) > 40 {
		t.Errorf("500 refused sign-ins in a moment are %d lines", len(list))
	}
	mine := s.Sessions.List(guard.Identity{Name: "li", Kind: "user"})
	if len(mine) != 0 || len(s.Sessions.List(guard.Identity{Name: "li", Kind: "oidc"})) != 1 {
		t.Errorf("the user li sees the sessions %v", mine)
	}
}

// enrol switches the second factor on and returns a maker of codes.
func (s *site) enrol(t *testing.T, name string) (code func() string, recovery []string) {
	t.Helper()
	address, err := s.Users.EnrolTOTP(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "otpauth" || !strings.Contains(u.Path, name) {
		t.Fatalf("the address is %q, %v", address, err)
	}
	secret := u.Query().Get("secret")
	code = func() string {
		c, err := totp.GenerateCode(secret, s.clock.now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	recovery, err = s.Users.ConfirmTOTP(t.Context(), name, code())
	if err != nil {
		t.Fatal(err)
	}
	assertHush(t, "the store", s.docs.all(), append(recovery, secret)...)
	return code, recovery
}

func TestTOTP(t *testing.T) {
	ctx, s := t.Context(), newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	if _, err := s.Users.EnrolTOTP(ctx, "li"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.signIn("li", password, ""); err != nil {
		t.Errorf("a second factor that was not confirmed is asked for: %v", err)
	}
	_, err := s.Users.ConfirmTOTP(ctx, "li", "000000")
	wantErr(t, "confirming with a wrong code", err, guard.ErrLogin)
	code, recovery := s.enrol(t, "li")
	if len(recovery) != 10 || !s.Users.List()[0].TOTP {
		t.Errorf("%d recovery codes, %+v", len(recovery), s.Users.List())
	}

	_, err = s.signIn("li", password, "")
	wantErr(t, "no code", err, guard.ErrCode)
	_, err = s.signIn("li", "hush-wrong-horse", "")
	wantErr(t, "a wrong password", err, guard.ErrLogin)
	_, err = s.signIn("li", password, code())
	wantErr(t, "the code that confirmed, again", err, guard.ErrLogin)
	s.clock.pass(30 * time.Second)
	good := code()
	if _, err := s.signIn("li", password, good[:3]+" "+good[3:]); err != nil {
		t.Errorf("a code: %v", err)
	}
	_, err = s.signIn("li", password, good)
	wantErr(t, "a code twice", err, guard.ErrLogin)
	s.clock.pass(30 * time.Second)
	late := code()
	s.clock.pass(30 * time.Second)
	if _, err := s.signIn("li", password, late); err != nil {
		t.Errorf("a code 30 seconds late: %v", err)
	}
	s.clock.pass(10 * time.Minute)
	_, err = s.signIn("li", password, late)
	wantErr(t, "an old code", err, guard.ErrLogin)

	if _, err := s.signIn("li", password, strings.ToUpper(strings.ReplaceAll(recovery[3], "-", ""))); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	_, err = s.signIn("li", password, recovery[3])
	wantErr(t, "a recovery code twice", err, guard.ErrLogin)

	if err := s.Reseal(ctx); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Minute)
	if _, err := s.signIn("li", password, code()); err != nil {
		t.Errorf("after sealing anew: %v", err)
	}
	if err := s.Users.DropTOTP(ctx, "li"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.signIn("li", password, ""); err != nil {
		t.Errorf("after switching it off: %v", err)
	}
}

// A right password without a code must not buy another guess at the code.
func TestThrottleOfCodes(t *testing.T) {
	s := newSite(t)
	s.user(t, "li", guard.RoleAdmin)
	s.enrol(t, "li")
	tries := 0
	var wait *guard.Throttled
	for ; tries < 50; tries++ {
		if _, err := s.signIn("li", password, ""); errors.As(err, &wait) {
			break
		}
		if _, err := s.signIn("li", password, "000000"); errors.As(err, &wait) {
			break
		}
	}
	if tries > 6 {
		t.Errorf("%d guesses at a code without a wait", tries)
	}
}

func TestCSRF(t *testing.T) {
	s := newSite(t)
	// HMAC-SHA-256 with the derived key, computed with Python.
	if got := s.Sessions.CSRF("secret-of-a-session"); got != csrfToken {
		t.Errorf("the token is %s, want %s", got, csrfToken)
	}
	if !s.Sessions.CheckCSRF("secret-of-a-session", csrfToken) {
		t.Error("its own token is refused")
	}
	for _, bad := range []string{"", csrfToken[1:], s.Sessions.CSRF("another")} {
		if s.Sessions.CheckCSRF("secret-of-a-session", bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	if s.Sessions.CheckCSRF("", s.Sessions.CSRF("")) {
		t.Error("no session has a token")
	}
}
