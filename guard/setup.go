package guard

import (
	"context"
	"crypto/subtle"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/chargestamp/chargestamp/charge"
)

// Setup lets the first admin in. Its token is part of a link that is shown once, to the operator who starts the server;
// it is kept in memory only, and a new start makes a new one.
type Setup struct {
	users *Users

	mu    sync.Mutex
	token string

	then atomic.Pointer[func()]
}

// Then has fn called once, when the first user exists. fn may ask nothing of the guard.
func (s *Setup) Then(fn func()) { s.then.Store(&fn) }

// look hears of the users that there are.
func (s *Setup) look(users map[string]user) {
	if len(users) == 0 {
		return
	}
	if then := s.then.Swap(nil); then != nil {
		(*then)()
	}
}

// Open reports whether the first user is still to be made.
func (s *Setup) Open() bool { return len(s.users.shelf.all()) == 0 }

// Token returns the set-up link's token, or nothing where a user exists.
func (s *Setup) Token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Open() {
		return ""
	}
	if s.token == "" {
		s.token = randomText(32)
	}
	return s.token
}

// Valid reports whether a token opens the set-up.
func (s *Setup) Valid(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token != "" && s.Open() && subtle.ConstantTimeCompare([]byte(s.token), []byte(token)) == 1
}

// Use makes the first admin. ErrDenied says that the token is wrong or was used, or that a user exists;
// ErrInput that name or password will not do, after which the token still works.
func (s *Setup) Use(ctx context.Context, token, name string, password charge.Secret) (User, error) {
	if !s.Valid(token) {
		return User{}, ErrDenied
	}
	made, err := s.users.create(ctx, name, password, RoleAdmin, func(items map[string]user) error {
		if len(items) > 0 {
			return fmt.Errorf("%w: the first admin has been made already", ErrDenied)
		}
		return nil
	})
	if err == nil {
		s.mu.Lock()
		s.token = ""
		s.mu.Unlock()
	}
	return made, err
}
