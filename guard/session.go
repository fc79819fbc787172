package guard

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Login is what somebody signs in with.
type Login struct {
	Name     string
	Password charge.Secret
	Code     string // TOTP or recovery code; empty at first
	Remote   string // address, for throttling
	Agent    string // the browser's name for itself
}

// Sessions are the sign-ins that are not over.
type Sessions struct {
	shelf          shelf[Session] // by hash of the secret
	users          *Users
	csrf           []byte
	now            func() time.Time
	idle, absolute time.Duration
	log            *signIns

	mu   sync.Mutex
	seen map[string]time.Time // by hash, not stored yet
}

func newSessions(c Config, users *Users, audit *Audit) *Sessions {
	s := &Sessions{
		shelf: shelf[Session]{kind: "session", docs: c.Docs, now: c.Now},
		users: users,
		csrf:  c.Keys.Derive("csrf", 32),
		now:   c.Now,
		idle:  c.Idle, absolute: c.Absolute,
		seen: map[string]time.Time{},
		log:  &signIns{audit: audit, now: c.Now},
	}
	if s.idle == 0 {
		s.idle = 2 * time.Hour
	}
	if s.absolute == 0 {
		s.absolute = 24 * time.Hour
	}
	return s
}

// SignIn checks name, password and second factor and begins a session, whose secret goes into a cookie. It returns
// ErrLogin for anything wrong, ErrCode where only the code is missing, a *Throttled after too many wrong codes. After
// many failed tries it holds the answer back for up to 5 s. Sign-ins and refused ones are lines of the audit log.
func (s *Sessions) SignIn(ctx context.Context, l Login) (secret string, session Session, err error) {
	name, err := s.prove(ctx, l)
	if err != nil {
		return "", Session{}, err
	}
	secret, session, err = s.begin(ctx, Session{User: name, Kind: "user", Remote: l.Remote, Agent: l.Agent})
	if err != nil {
		return "", Session{}, err
	}
	one, _ := s.users.shelf.get(name)
	if err := s.users.change(ctx, name, func(one *user) error { one.SignedIn = session.Created; return nil }); err != nil {
		return "", Session{}, err
	}
	return secret, session, s.log.began(ctx, Identity{Name: name, Role: one.Role, Kind: "user"}, session)
}

// ProvePassword checks somebody's password again, for what an open session alone must not do. It returns what SignIn
// returns, but asks for no code.
func (s *Sessions) ProvePassword(ctx context.Context, l Login) error {
	l.Code = ""
	_, err := s.prove(ctx, l)
	if errors.Is(err, ErrCode) {
		return nil
	}
	return err
}

func (s *Sessions) prove(ctx context.Context, l Login) (name string, err error) {
	name = strings.ToLower(strings.TrimSpace(l.Name))
	if len(name) > 256 || len(l.Password) > 4*passwordMax || len(l.Code) > 64 {
		return "", ErrLogin
	}
	from := network(l.Remote)
	if err := s.users.throttle.begin(ctx, name, from); err != nil {
		return "", err
	}
	err = s.users.check(ctx, name, l.Password, l.Code)
	var throttled *Throttled
	switch {
	case err == nil:
		s.users.throttle.done(name, from)
	case errors.Is(err, ErrLogin):
		return "", errors.Join(err, s.log.refused(ctx, "user:"+name, l.Remote, charge.Say("signin.wrong")))
	case errors.As(err, &throttled):
		s.users.throttle.undo(name, from)
		return "", errors.Join(err, s.log.refused(ctx, "user:"+name, l.Remote, charge.Say("signin.codes")))
	default:
		s.users.throttle.undo(name, from) // right so far, or not the visitor's fault
	}
	return name, err
}

// check proves a name, a password and, where the user has one, a second factor.
func (u *Users) check(ctx context.Context, name string, password charge.Secret, code string) error {
	one, found, err := u.shelf.find(ctx, name)
	if err != nil {
		return err
	}
	hash := one.Hash
	if !found || !one.Revoked.IsZero() {
		found, hash = false, u.nobody // takes as long as a wrong password
	}
	if !u.matches(password, hash) || !found {
		return ErrLogin
	}
	if len(one.TOTP) == 0 {
		return nil
	}
	if code == "" {
		return ErrCode
	}
	if err := u.codes.try(name); err != nil {
		return err
	}
	if err := u.useCode(ctx, name, code); err != nil {
		return err
	}
	u.codes.right(name)
	return nil
}

// Continue begins a session in place of one that its own holder has ended by proving a second factor or a password.
func (s *Sessions) Continue(ctx context.Context, old Session) (secret string, session Session, err error) {
	return s.begin(ctx, Session{User: old.User, Kind: old.Kind, Role: old.Role, Remote: old.Remote, Agent: old.Agent})
}

// BeginOIDC begins a session for somebody whom an issuer vouches for.
func (s *Sessions) BeginOIDC(ctx context.Context, who Identity, remote, agent string) (secret string, session Session,
	err error) {
	secret, session, err = s.begin(ctx,
		Session{User: who.Name, Kind: "oidc", Role: who.Role, Remote: remote, Agent: agent})
	if err != nil {
		return "", Session{}, err
	}
	return secret, session, s.log.began(ctx, who, session)
}

// RefusedOIDC writes into the audit log why somebody who came from the issuer was not let in.
func (s *Sessions) RefusedOIDC(ctx context.Context, remote string, why error) error {
	name := "unknown"
	if denied := (*NoRole)(nil); errors.As(why, &denied) {
		name = denied.Name
	}
	return s.log.refused(ctx, "oidc:"+name, remote, charge.Say("signin.issuer", charge.Text("why", clipText(why.Error()))))
}

func (s *Sessions) begin(ctx context.Context, session Session) (string, Session, error) {
	secret := randomText(32)
	session.ID = randomID()
	session.Agent = clip(strings.ToValidUTF8(session.Agent, ""))
	session.Created = s.now().UTC()
	session.Seen = session.Created
	err := s.shelf.change(ctx, func(map[string]Session) (map[string]*Session, error) {
		return map[string]*Session{hashText(secret): &session}, nil
	})
	return secret, session, err
}

// Get finds who a session's secret belongs to; ErrDenied where it is over.
func (s *Sessions) Get(ctx context.Context, secret string) (Session, Identity, error) {
	if len(secret) != 43 {
		return Session{}, Identity{}, ErrDenied
	}
	key := hashText(secret)
	session, found, err := s.shelf.find(ctx, key)
	if err != nil {
		return Session{}, Identity{}, err
	}
	if !found {
		return Session{}, Identity{}, ErrDenied
	}
	who, alive := s.alive(key, session)
	if !alive {
		return Session{}, Identity{}, ErrDenied
	}
	now := s.now()
	s.mu.Lock()
	s.seen[key] = now
	s.mu.Unlock()
	session.Seen = now.UTC()
	return session, who, nil
}

// alive reports whether a session is not over, and who it is.
func (s *Sessions) alive(key string, session Session) (Identity, bool) {
	s.mu.Lock()
	seen := s.seen[key]
	s.mu.Unlock()
	if seen.Before(session.Seen) {
		seen = session.Seen
	}
	now := s.now()
	if now.Sub(seen) > s.idle || now.Sub(session.Created) > s.absolute {
		return Identity{}, false
	}
	if session.Kind == "oidc" {
		return Identity{Name: session.User, Role: session.Role, Kind: "oidc"}, true
	}
	one, found := s.users.shelf.get(session.User)
	if !found || !one.Revoked.IsZero() || session.Created.Before(one.Changed) {
		return Identity{}, false
	}
	return Identity{Name: one.Name, Role: one.Role, Kind: "user"}, true
}

// List returns somebody's sessions that are not over, or everybody's for a zero Identity, the newest first. Users and
// those whom an issuer vouches for are distinguished, whatever their names are.
func (s *Sessions) List(who Identity) []Session {
	var list []Session
	for key, session := range s.shelf.all() {
		if _, alive := s.alive(key, session); !alive || who != (Identity{}) &&
			(session.User != who.Name || session.Kind != who.Kind) {
			continue
		}
		s.mu.Lock()
		if seen := s.seen[key]; seen.After(session.Seen) {
			session.Seen = seen.UTC()
		}
		s.mu.Unlock()
		list = append(list, session)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Created.After(list[j].Created) })
	return list
}

// SignOut ends the session of a secret; one that is over already is no error.
func (s *Sessions) SignOut(ctx context.Context, secret string) error {
	var ended *Session
	err := s.end(ctx, func(key string, session Session) bool {
		if key != hashText(secret) {
			return false
		}
		ended = &session
		return true
	})
	if err != nil || ended == nil {
		return err
	}
	return s.log.ended(ctx, *ended)
}

// Revoke ends a session by its id; ErrNotFound where there is none.
func (s *Sessions) Revoke(ctx context.Context, id string) error {
	found := false
	err := s.end(ctx, func(_ string, session Session) bool {
		found = found || session.ID == id
		return session.ID == id
	})
	if err == nil && !found {
		return fmt.Errorf("session %s %w", clip(id), ErrNotFound)
	}
	return err
}

func (s *Sessions) end(ctx context.Context, which func(key string, session Session) bool) error {
	return s.shelf.change(ctx, func(items map[string]Session) (map[string]*Session, error) {
		gone := map[string]*Session{}
		for key, session := range items {
			if which(key, session) {
				gone[key] = nil
			}
		}
		return gone, nil
	})
}

// seenStep is how exactly a session's last use is stored: writes for every click would be waste.
const seenStep = 5 * time.Minute

// flush stores when sessions were last used and takes those away that are over.
func (s *Sessions) flush(ctx context.Context) error {
	err := s.shelf.change(ctx, func(items map[string]Session) (map[string]*Session, error) {
		changes := map[string]*Session{}
		for key, session := range items {
			if _, alive := s.alive(key, session); !alive {
				changes[key] = nil
				continue
			}
			s.mu.Lock()
			seen := s.seen[key]
			s.mu.Unlock()
			if seen.Sub(session.Seen) >= seenStep {
				session.Seen = seen.UTC()
				changes[key] = &session
			}
		}
		return changes, nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.seen {
		if _, found := s.shelf.get(key); !found {
			delete(s.seen, key)
		}
	}
	return err
}

// CSRF returns the token that a session's forms carry. Before sign-in the secret of a cookie of its own does
// for secret.
func (s *Sessions) CSRF(secret string) string {
	mac := hmac.New(sha256.New, s.csrf)
	mac.Write([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckCSRF reports whether a form's token is the session's.
func (s *Sessions) CheckCSRF(secret, token string) bool {
	return secret != "" && hmac.Equal([]byte(s.CSRF(secret)), []byte(token))
}

func hashText(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
