package coupon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

// Vault keeps access tokens, sealed, where a restart and other nodes find them.
type Vault interface {
	// Token finds a token by name; an empty one where there is none.
	Token(ctx context.Context, name string) (charge.Secret, time.Time, error)
	KeepToken(ctx context.Context, name string, token charge.Secret, until time.Time) error
}

// tokens are the access tokens that this node uses, by whom they were given to.
type tokens struct {
	mu   sync.Mutex
	held map[string]*held
}

// held is one token. Its lock is held while it is fetched, so that it is fetched once.
type held struct {
	mu    sync.Mutex
	token charge.Secret
	until time.Time
}

func (t *tokens) of(name string) *held {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = map[string]*held{}
	}
	if t.held[name] == nil {
		t.held[name] = &held{}
	}
	return t.held[name]
}

// fetchToken puts a token into the session: the one that is kept, or a new one where that is over or, with fresh, was
// refused.
func (s *session) fetchToken(ctx context.Context, fresh bool) error {
	name := s.tokenName()
	h := s.channel.tokens.of(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	refused := ""
	if fresh {
		refused = s.token
	}
	if h.token == "" || h.token.Reveal() == refused || !s.now.Before(h.until) {
		h.take(ctx, s.channel.cfg.Vault, name)
	}
	if h.token == "" || h.token.Reveal() == refused || !s.now.Before(h.until) {
		if err := s.renew(ctx, h, name); err != nil {
			return err
		}
	}
	s.token = h.token.Reveal()
	return nil
}

// take looks for what another node, or this one before it was started, has kept.
func (h *held) take(ctx context.Context, v Vault, name string) {
	if v == nil {
		return
	}
	if token, until, err := v.Token(ctx, name); err == nil && token != "" {
		h.token, h.until = token, until
	}
}

// renew fetches a new token and keeps it.
func (s *session) renew(ctx context.Context, h *held, name string) error {
	call := s.target.Token
	s.token = ""
	r, err := s.post(ctx, &call.Call)
	if err != nil {
		return err
	}
	answer := call.Answer.read(r, nil)
	token := answer.body.at(call.Path)
	switch {
	case answer.outcome != outcomeTaken:
		return charge.NewFault(answer.note(r, ""), "the target returned no token")
	case token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }):
		return charge.NewFault(charge.Say("coupon.token_missing", charge.Text("path", call.Path)),
			"the answer holds no token")
	}
	h.token, h.until = charge.Secret(token), s.now.Add(time.Duration(call.Minutes)*time.Minute)
	if v := s.channel.cfg.Vault; v != nil {
		_ = v.KeepToken(ctx, name, h.token, h.until) // the token is good all the same
	}
	return nil
}

// tokenName names a token by whom it was given to: lots with the same keys share it, other keys need another. The keys
// cannot be distinguished from it.
func (s *session) tokenName() string {
	h := sha256.New()
	for _, k := range s.target.Keys {
		if slices.ContainsFunc(s.target.Token.Fields, func(r Row) bool { return r.From == Source("key:"+k.Name) }) {
			h.Write([]byte(k.Name + "\x00" + s.target.key(s.keys, k.Name) + "\x00"))
		}
	}
	h.Write([]byte(s.address))
	return s.target.ID + " " + hex.EncodeToString(h.Sum(nil)[:16])
}

// tokenRefused reports whether an answer says that the token is not good.
func (s *session) tokenRefused(r outbound.Response, a said) bool {
	t := s.target.Token
	return t != nil && (r.Status == 401 || a.code != "" && slices.Contains(t.Refused, a.code))
}
