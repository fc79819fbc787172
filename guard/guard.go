// Package guard knows who may come in and keeps what must not be read: staff, tokens and sessions, secrets
// sealed at rest, and the log of who changed what.
package guard

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Role is what somebody may do.
type Role string

// Roles, each may do what the ones before it may.
const (
	RoleViewer  Role = "viewer"  // reads, plates masked
	RoleSupport Role = "support" // acts on charges and lots
	RoleAdmin   Role = "admin"   // changes the estate, tokens and users
)

// AtLeast reports whether a role may do what another may.
func (r Role) AtLeast(least Role) bool { return r.rank() >= least.rank() && r.rank() > 0 }

func (r Role) rank() int {
	switch r {
	case RoleViewer:
		return 1
	case RoleSupport:
		return 2
	case RoleAdmin:
		return 3
	}
	return 0
}

// ParseRole reads a role.
func ParseRole(text string) (Role, error) {
	switch r := Role(text); r {
	case RoleViewer, RoleSupport, RoleAdmin:
		return r, nil
	}
	return "", bad("role", "the role must be viewer, support or admin", "角色只能是 viewer、support 或 admin")
}

// Identity is somebody who was let in.
type Identity struct {
	Name string
	Role Role
	Kind string // "token", "user" or "oidc"
}

// ID names somebody in the audit log, "user:li" or "oidc:li": one name may be a user's, an issuer's and a token's.
func (i Identity) ID() string { return i.Kind + ":" + i.Name }

// Errors. What they are wrapped in says more; none of it tells a secret.
var (
	ErrDenied   = errors.New("not let in")                      // no such token or session, or it is over
	ErrLogin    = errors.New("name, password or code is wrong") // one answer for all of them
	ErrCode     = errors.New("a code is needed")                // name and password are right, TOTP is on
	ErrInput    = errors.New("cannot be taken")                 // what was entered does not do
	ErrTaken    = errors.New("is taken")                        // a name
	ErrNotFound = errors.New("is not there")                    // a user, token or session
)

// Throttled says that somebody has tried too often.
type Throttled struct{ Wait time.Duration }

// Error says how long to wait.
func (t *Throttled) Error() string {
	return fmt.Sprintf("too many failed sign-ins: try again in %s", t.Wait.Round(time.Second))
}

// InputError is something entered that does not do. It wraps ErrInput, or ErrTaken for a name in use.
type InputError struct {
	Field   string // "name", "password" or "role"
	English string // what is asked for
	Chinese string
	kind    error
}

// Error gives the reason in English.
func (e *InputError) Error() string { return e.kind.Error() + ": " + e.English }

// Unwrap gives ErrInput or ErrTaken.
func (e *InputError) Unwrap() error { return e.kind }

func bad(field, english, chinese string) error {
	return &InputError{Field: field, English: english, Chinese: chinese, kind: ErrInput}
}

// Config is what a Guard is made of. Docs, Audits, Keys and Now are required.
type Config struct {
	Docs   Docs
	Audits Audits
	Keys   *Keyring
	Now    func() time.Time
	// AdminToken is an admin's API token beside the stored ones; empty is none.
	AdminToken charge.Secret
	// Idle and Absolute limit sessions; zero is 2 hours and 24 hours.
	Idle, Absolute time.Duration
	// Wait holds back a sign-in after many failed ones, for at most 5 s; nil waits by the machine's clock.
	Wait func(context.Context, time.Duration) error
}

// Guard is all of it. It is safe for concurrent use.
type Guard struct {
	Tokens   *Tokens
	Users    *Users
	Sessions *Sessions
	Audit    *Audit
	Setup    *Setup

	keys *Keyring
	docs Docs
}

// Open proves that the site's key fits what is stored, and loads users, tokens and sessions.
func Open(ctx context.Context, c Config) (*Guard, error) {
	if err := c.Keys.Check(ctx, c.Docs); err != nil {
		return nil, err
	}
	g := &Guard{
		Tokens: newTokens(c.Docs, c.AdminToken, c.Now),
		Users:  newUsers(c),
		Audit:  NewAudit(c.Audits, c.Now),
		keys:   c.Keys,
		docs:   c.Docs,
	}
	g.Sessions = newSessions(c, g.Users, g.Audit)
	g.Setup = &Setup{users: g.Users}
	for _, load := range []func(context.Context) error{g.Tokens.shelf.load, g.Users.shelf.load, g.Sessions.shelf.load} {
		if err := load(ctx); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Refresh takes up what other nodes have changed. Call it every few seconds where there are several nodes.
func (g *Guard) Refresh(ctx context.Context) error {
	return errors.Join(g.Tokens.shelf.refresh(ctx), g.Users.shelf.refresh(ctx), g.Sessions.shelf.refresh(ctx))
}

// Flush stores when tokens and sessions were last used, and drops sessions that are over. Call it about
// every minute, and before stopping.
func (g *Guard) Flush(ctx context.Context) error {
	return errors.Join(g.Tokens.flush(ctx), g.Sessions.flush(ctx))
}

// Reseal seals all stored secrets anew with the current site key, its own proof included; the former one may go
// then.
func (g *Guard) Reseal(ctx context.Context) error {
	return errors.Join(g.Users.reseal(ctx), g.keys.renew(ctx, g.docs))
}
