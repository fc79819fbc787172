package desk

import (
	"context"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
)

// Estate is the estate as it is; secrets in it print masked.
func (d *Desk) Estate() *estate.State { return d.cfg.Estate.State() }

// Apply validates an estate document and applies it, or with dryRun says what it would change. The estate
// writes its own line into the audit log.
func (d *Desk) Apply(ctx context.Context, who Identity, doc []byte, dryRun bool) (estate.Changes, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return nil, err
	}
	parsed, err := estate.Parse("estate", doc, d.cfg.Getenv, d.cfg.ReadFile)
	if err != nil {
		return nil, wrap(err)
	}
	changes, err := d.cfg.Estate.Apply(ctx, parsed, who.Name, dryRun)
	return changes, wrap(err)
}

// Export gives the estate as a document, secrets as placeholders.
func (d *Desk) Export(who Identity) ([]byte, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return nil, err
	}
	return estate.Export(d.cfg.Estate.State()), nil
}

// Check has the doctor judge a pasted push.
func (d *Desk) Check(ctx context.Context, who Identity, q Question) (Finding, error) {
	if err := allow(who, RoleSupport); err != nil {
		return Finding{}, err
	}
	if _, ok := d.Platform(q.Platform); !ok {
		return Finding{}, Fail(Invalid, "there is no platform "+q.Platform, FieldError{Where: "body.platform", Detail: "unknown platform", Chinese: "没有这个平台"})
	}
	found, err := d.cfg.Doctor.Check(ctx, q)
	return found, wrap(err)
}

// Tokens lists API tokens, without their secrets.
func (d *Desk) Tokens(ctx context.Context, who Identity) ([]Token, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return nil, err
	}
	tokens, err := d.cfg.Guard.Tokens(ctx)
	return tokens, wrap(err)
}

// CreateToken makes an API token and gives its secret, which is never shown again.
func (d *Desk) CreateToken(ctx context.Context, who Identity, name string, role Role) (Token, string, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return Token{}, "", err
	}
	t, secret, err := d.cfg.Guard.CreateToken(ctx, name, role)
	if err != nil {
		return Token{}, "", wrap(err)
	}
	return t, secret, d.record(ctx, who, "token.create", t.ID, name+", "+string(role))
}

// RevokeToken ends an API token.
func (d *Desk) RevokeToken(ctx context.Context, who Identity, id string) error {
	if err := allow(who, RoleAdmin); err != nil {
		return err
	}
	if err := d.cfg.Guard.RevokeToken(ctx, id); err != nil {
		return wrap(err)
	}
	return d.record(ctx, who, "token.revoke", id, "")
}

// Users lists the console's users.
func (d *Desk) Users(ctx context.Context, who Identity) ([]User, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return nil, err
	}
	users, err := d.cfg.Guard.Users(ctx)
	return users, wrap(err)
}

// CreateUser makes a user of the console.
func (d *Desk) CreateUser(ctx context.Context, who Identity, name, password string, role Role) (User, error) {
	if err := allow(who, RoleAdmin); err != nil {
		return User{}, err
	}
	u, err := d.cfg.Guard.CreateUser(ctx, name, password, role)
	if err != nil {
		return User{}, wrap(err)
	}
	return u, d.record(ctx, who, "user.create", name, string(role))
}

// RevokeUser ends a user's access and sessions.
func (d *Desk) RevokeUser(ctx context.Context, who Identity, name string) error {
	if err := allow(who, RoleAdmin); err != nil {
		return err
	}
	if err := d.cfg.Guard.RevokeUser(ctx, name); err != nil {
		return wrap(err)
	}
	return d.record(ctx, who, "user.revoke", name, "")
}

// Audit lists who changed what.
func (d *Desk) Audit(ctx context.Context, who Identity, f AuditFilter) (charge.Page[Audit], error) {
	if err := allow(who, RoleAdmin); err != nil {
		return charge.Page[Audit]{}, err
	}
	page, err := d.cfg.Guard.AuditPage(ctx, f)
	return page, wrap(err)
}
