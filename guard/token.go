package guard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Token is an API token without its secret.
type Token struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Hash     string    `json:"hash"` // SHA-256 of the secret: 256 random bits need no slow hash
	Created  time.Time `json:"created"`
	LastUsed time.Time `json:"last_used,omitzero"` // to the minute
	Revoked  time.Time `json:"revoked,omitzero"`
}

// Tokens are the API's keys.
type Tokens struct {
	shelf    shelf[Token]
	admin    [sha256.Size]byte
	hasAdmin bool
	now      func() time.Time

	byHash map[string]Token // guarded by shelf.mu
	mu     sync.Mutex
	used   map[string]time.Time // by id, not stored yet
}

// tokenMark begins every token, so that a leaked one can be found.
const tokenMark = "cst_"

func newTokens(docs Docs, admin charge.Secret, now func() time.Time) *Tokens {
	t := &Tokens{now: now, used: map[string]time.Time{}}
	t.admin, t.hasAdmin = sha256.Sum256(admin.Bytes()), admin != ""
	t.shelf = shelf[Token]{kind: "token", docs: docs, now: now, indexed: func(items map[string]Token) {
		t.byHash = make(map[string]Token, len(items))
		for _, token := range items {
			t.byHash[token.Hash] = token
		}
	}}
	return t
}

// Authenticate finds whose token it is; ErrDenied where it belongs to no one.
func (t *Tokens) Authenticate(ctx context.Context, bearer string) (Identity, error) {
	sum := sha256.Sum256([]byte(bearer))
	if subtle.ConstantTimeCompare(sum[:], t.admin[:]) == 1 && t.hasAdmin {
		return Identity{Name: "CHARGESTAMP_ADMIN_TOKEN", Role: RoleAdmin, Kind: "token"}, nil
	}
	if !strings.HasPrefix(bearer, tokenMark) {
		return Identity{}, ErrDenied
	}
	token, found := t.find(sum)
	if !found && t.shelf.lookAgain() {
		// Another node may have made it a moment ago.
		if err := t.shelf.refresh(ctx); err != nil {
			return Identity{}, err
		}
		token, found = t.find(sum)
	}
	if !found || !token.Revoked.IsZero() {
		return Identity{}, ErrDenied
	}
	t.mu.Lock()
	t.used[token.ID] = t.now()
	t.mu.Unlock()
	return Identity{Name: token.Name, Role: token.Role, Kind: "token"}, nil
}

// find looks a token up by its hash. How long that takes says nothing about a secret of 256 random bits.
func (t *Tokens) find(sum [sha256.Size]byte) (Token, bool) {
	t.shelf.mu.RLock()
	defer t.shelf.mu.RUnlock()
	token, found := t.byHash[hex.EncodeToString(sum[:])]
	return token, found
}

// Create makes a token and returns its secret, which is never shown again.
func (t *Tokens) Create(ctx context.Context, name string, role Role) (Token, string, error) {
	if _, err := ParseRole(string(role)); err != nil {
		return Token{}, "", err
	}
	name, err := label(name)
	if err != nil {
		return Token{}, "", err
	}
	secret := tokenMark + randomText(32)
	sum := sha256.Sum256([]byte(secret))
	token := Token{ID: randomID(), Name: name, Role: role, Hash: hex.EncodeToString(sum[:]), Created: t.now().UTC()}
	err = t.shelf.change(ctx, func(map[string]Token) (map[string]*Token, error) {
		return map[string]*Token{token.ID: &token}, nil
	})
	if err != nil {
		return Token{}, "", err
	}
	return token, secret, nil
}

// Revoke ends a token; ErrNotFound where there is none of the id.
func (t *Tokens) Revoke(ctx context.Context, id string) error {
	return t.shelf.change(ctx, func(items map[string]Token) (map[string]*Token, error) {
		token, found := items[id]
		if !found {
			return nil, fmt.Errorf("token %s %w", clip(id), ErrNotFound)
		}
		if !token.Revoked.IsZero() {
			return nil, nil
		}
		token.Revoked = t.now().UTC()
		return map[string]*Token{id: &token}, nil
	})
}

// List returns all tokens, the newest first.
func (t *Tokens) List() []Token {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []Token
	for _, token := range t.shelf.all() {
		if used := t.used[token.ID]; used.After(token.LastUsed) {
			token.LastUsed = used.UTC()
		}
		list = append(list, token)
	}
	sort.Slice(list, func(i, j int) bool {
		if !list[i].Created.Equal(list[j].Created) {
			return list[i].Created.After(list[j].Created)
		}
		return list[i].ID < list[j].ID
	})
	return list
}

// flush stores when tokens were last used, to the minute.
func (t *Tokens) flush(ctx context.Context) error {
	t.mu.Lock()
	used := t.used
	t.used = map[string]time.Time{}
	t.mu.Unlock()
	return t.shelf.change(ctx, func(items map[string]Token) (map[string]*Token, error) {
		changes := map[string]*Token{}
		for id, at := range used {
			token, found := items[id]
			at = at.UTC().Truncate(time.Minute)
			if found && at.After(token.LastUsed) {
				token.LastUsed = at
				changes[id] = &token
			}
		}
		return changes, nil
	})
}
