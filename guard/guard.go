// Package guard knows who may come in and keeps what must not be read: staff, tokens and sessions, secrets
// sealed at rest, and the log of who changed what.
package guard

import (
	"context"
	"errors"
)

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
		keys:   c.Keys,
		docs:   c.Docs,
	}
	var err error
	if g.Audit, err = OpenAudit(ctx, c); err != nil {
		return nil, err
	}
	g.Sessions = newSessions(c, g.Users, g.Audit)
	g.Setup = &Setup{users: g.Users}
	g.Users.shelf.indexed = g.Setup.look
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
	return errors.Join(g.Users.reseal(ctx), g.Audit.reseal(ctx), g.keys.renew(ctx, g.docs))
}
