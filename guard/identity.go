package guard

import (
	"errors"
	"fmt"
	"time"
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

// Errors. What they are wrapped in says more; none of it holds a secret.
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

// Error returns the reason in English.
func (e *InputError) Error() string { return e.kind.Error() + ": " + e.English }

// Unwrap returns ErrInput or ErrTaken.
func (e *InputError) Unwrap() error { return e.kind }

func bad(field, english, chinese string) error {
	return &InputError{Field: field, English: english, Chinese: chinese, kind: ErrInput}
}

// Session is one sign-in. Its secret, which the browser holds, is stored nowhere.
type Session struct {
	ID      string    `json:"id"` // names it in lists; opens nothing
	User    string    `json:"user"`
	Kind    string    `json:"kind"`           // "user" or "oidc"
	Role    Role      `json:"role,omitempty"` // oidc: as the issuer said; a user's is looked up
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Remote  string    `json:"remote"`
	Agent   string    `json:"agent"`
}
