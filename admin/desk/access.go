package desk

import (
	"context"
	"strconv"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// Authenticate finds who holds an API token, and returns Unauthorized for a token that is not known.
func (d *Desk) Authenticate(ctx context.Context, bearer string) (guard.Identity, error) {
	who, err := d.cfg.Guard.Tokens.Authenticate(ctx, bearer)
	return who, Wrap(err)
}

// Tokens lists API tokens, the newest first, without their secrets.
func (d *Desk) Tokens(who guard.Identity) ([]guard.Token, error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return nil, err
	}
	return d.cfg.Guard.Tokens.List(), nil
}

// CreateToken makes an API token and returns its secret, which is never shown again.
func (d *Desk) CreateToken(ctx context.Context, who guard.Identity, name string, role guard.Role) (guard.Token, string,
	error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return guard.Token{}, "", err
	}
	t, secret, err := d.cfg.Guard.Tokens.Create(ctx, name, role)
	if err != nil {
		return guard.Token{}, "", Wrap(err)
	}
	return t, secret, d.Record(ctx, who, "token.create", t.ID, t.Name+", "+string(role))
}

// RevokeToken ends an API token.
func (d *Desk) RevokeToken(ctx context.Context, who guard.Identity, id string) error {
	return d.change(ctx, guard.RoleAdmin, deed{who, "token.revoke", id, ""}, func() error {
		return d.cfg.Guard.Tokens.Revoke(ctx, id)
	})
}

// Users lists the console's users by name.
func (d *Desk) Users(who guard.Identity) ([]guard.User, error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return nil, err
	}
	return d.cfg.Guard.Users.List(), nil
}

// CreateUser makes a user of the console.
func (d *Desk) CreateUser(ctx context.Context, who guard.Identity, name string, password charge.Secret,
	role guard.Role) (guard.User, error) {
	if err := allow(who, guard.RoleAdmin); err != nil {
		return guard.User{}, err
	}
	u, err := d.cfg.Guard.Users.Create(ctx, name, password, role)
	if err != nil {
		return guard.User{}, Wrap(err)
	}
	return u, d.Record(ctx, who, "user.create", u.Name, string(role))
}

// RevokeUser ends a user's access and sessions.
func (d *Desk) RevokeUser(ctx context.Context, who guard.Identity, name string) error {
	return d.change(ctx, guard.RoleAdmin, deed{who, "user.revoke", name, ""}, func() error {
		return d.cfg.Guard.Users.Revoke(ctx, name)
	})
}

// SetRole changes what a user may do.
func (d *Desk) SetRole(ctx context.Context, who guard.Identity, name string, role guard.Role) error {
	return d.change(ctx, guard.RoleAdmin, deed{who, "user.role", name, string(role)}, func() error {
		return d.cfg.Guard.Users.SetRole(ctx, name, role)
	})
}

// DropTOTP switches a user's second factor off: one's own, or as an admin anybody's.
func (d *Desk) DropTOTP(ctx context.Context, who guard.Identity, name string) error {
	least := guard.RoleAdmin
	if who.Kind == "user" && who.Name == name {
		least = guard.RoleViewer
	}
	return d.change(ctx, least, deed{who, "user.totp_off", name, ""}, func() error {
		return d.cfg.Guard.Users.DropTOTP(ctx, name)
	})
}

// ConfirmTOTP switches one's own second factor on and returns the recovery codes.
func (d *Desk) ConfirmTOTP(ctx context.Context, who guard.Identity, code string) ([]string, error) {
	codes, err := d.cfg.Guard.Users.ConfirmTOTP(ctx, who.Name, code)
	if err != nil {
		return nil, Wrap(err)
	}
	return codes, d.Record(ctx, who, "user.totp_on", who.Name, "")
}

// SetPassword sets one's own password, which ends all sessions.
func (d *Desk) SetPassword(ctx context.Context, who guard.Identity, password charge.Secret) error {
	return d.change(ctx, guard.RoleViewer, deed{who, "user.password", who.Name, ""}, func() error {
		return d.cfg.Guard.Users.SetPassword(ctx, who.Name, password)
	})
}

// ResetPassword sets a new password for another user, which ends all of their sessions.
func (d *Desk) ResetPassword(ctx context.Context, who guard.Identity, name string, password charge.Secret) error {
	return d.change(ctx, guard.RoleAdmin, deed{who, "user.password_reset", name, ""}, func() error {
		return d.cfg.Guard.Users.SetPassword(ctx, name, password)
	})
}

// Sessions lists one's own sign-ins, for an admin everybody's, the newest first.
func (d *Desk) Sessions(who guard.Identity) []guard.Session {
	if Allows(who.Role, guard.RoleAdmin) {
		who = guard.Identity{}
	}
	return d.cfg.Guard.Sessions.List(who)
}

// RevokeSession ends a sign-in: one's own, or as an admin anybody's.
func (d *Desk) RevokeSession(ctx context.Context, who guard.Identity, id string) error {
	for _, s := range d.Sessions(who) {
		if s.ID == id {
			return d.change(ctx, guard.RoleViewer, deed{who, "session.revoke", id, s.Kind + ":" + s.User}, func() error {
				return d.cfg.Guard.Sessions.Revoke(ctx, id)
			})
		}
	}
	return Fail(NotFound, "there is no such session")
}

// Audit lists who changed what, newest first, cursor and next being those of charge.Page.
func (d *Desk) Audit(ctx context.Context, who guard.Identity, f guard.AuditFilter, cursor string,
	limit int) (charge.Page[guard.Entry], error) {
	var page charge.Page[guard.Entry]
	if err := allow(who, guard.RoleAdmin); err != nil {
		return page, err
	}
	var at int64 // below 0: back to what is newer
	var err error
	if cursor != "" {
		if at, err = strconv.ParseInt(cursor, 10, 64); err != nil || at == 0 {
			return page, Wrap(charge.ErrCursor)
		}
	}
	number := func(seq int64) string { return strconv.FormatInt(seq, 10) }
	if at < 0 {
		var more bool
		page.Items, more, err = d.cfg.Guard.Audit.Newer(ctx, f, -at, limit)
		page.Next = number(1 - at)
		if n := len(page.Items); n > 0 {
			page.Next = number(page.Items[n-1].Seq)
		}
		if more && len(page.Items) > 0 {
			page.Prev = number(-page.Items[0].Seq)
		}
		return page, Wrap(err)
	}
	var next int64
	page.Items, next, err = d.cfg.Guard.Audit.Page(ctx, f, at, limit)
	if next > 0 {
		page.Next = number(next)
	}
	if at > 1 { // nothing but the first entry stands below 2
		page.Prev = number(1 - at)
		if len(page.Items) > 0 {
			page.Prev = number(-page.Items[0].Seq)
		}
	}
	return page, Wrap(err)
}
