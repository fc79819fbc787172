package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

// TokenView is a token without its secret. It is exported because the description leaves out embedded types that are
// not.
type TokenView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Role      string     `json:"role" enum:"viewer,support,admin"`
	CreatedAt *time.Time `json:"created_at"`
	LastUsed  *time.Time `json:"last_used_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func viewToken(t guard.Token) TokenView {
	return TokenView{t.ID, t.Name, string(t.Role), moment(t.Created), moment(t.LastUsed), moment(t.Revoked)}
}

type userView struct {
	Name      string     `json:"name"`
	Role      string     `json:"role" enum:"viewer,support,admin"`
	CreatedAt *time.Time `json:"created_at"`
	TOTP      bool       `json:"totp" doc:"signs in with a second factor"`
	RevokedAt *time.Time `json:"revoked_at"`
}

func viewUser(u guard.User) userView {
	return userView{u.Name, string(u.Role), moment(u.Created), u.TOTP, moment(u.Revoked)}
}

type auditView struct {
	ID     string     `json:"id"`
	At     *time.Time `json:"at"`
	Actor  string     `json:"actor"`
	Role   *string    `json:"role"`
	Action string     `json:"action"`
	Object *string    `json:"object"`
	Detail *string    `json:"detail"`
	Hash   string     `json:"hash" doc:"of this line and all before it"`
}

func viewAudit(e guard.Entry) auditView {
	detail := e.Detail
	if notes := e.Notes(); notes != nil {
		detail = strings.Join(words.Lines(words.English, notes), "\n")
	}
	return auditView{number(e.Seq), moment(e.At), e.Actor, text(e.Role), e.Action, text(e.Object), text(detail), e.Hash}
}

type tokenInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" doc:"what it is for"`
		Role string `json:"role" enum:"viewer,support,admin"`
	}
}

type newTokenOutput struct {
	Body struct {
		TokenView
		Token string `json:"token" doc:"the token itself; never shown again"`
	}
}

type userInput struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"100"`
		Role     string `json:"role" enum:"viewer,support,admin"`
		Password string `json:"password" maxLength:"1000"`
	}
}

type newUserOutput struct{ Body userView }

type nameInput struct {
	Name string `path:"name" maxLength:"100"`
}

type auditInput struct {
	Paging
	Actor  string `query:"actor" maxLength:"100"`
	Action string `query:"action" maxLength:"100"`
	From   string `query:"from" doc:"inclusive: RFC 3339, or a day in Asia/Shanghai"`
	To     string `query:"to" doc:"exclusive"`
}

func (a *api) access() {
	handle(a, route{method: http.MethodGet, path: "/tokens", id: "list-tokens", role: guard.RoleAdmin,
		summary: "List API tokens"},
		func(_ context.Context, who guard.Identity, _ *struct{}) (*list[TokenView], error) {
			tokens, err := a.desk.Tokens(who)
			return listOf(mapAll(tokens, viewToken)), err
		})
	handle(a, route{method: http.MethodPost, path: "/tokens", id: "create-token", role: guard.RoleAdmin,
		secret: true, summary: "Make an API token"},
		func(ctx context.Context, who guard.Identity, in *tokenInput) (*newTokenOutput, error) {
			t, secret, err := a.desk.CreateToken(ctx, who, in.Body.Name, guard.Role(in.Body.Role))
			if err != nil {
				return nil, err
			}
			out := new(newTokenOutput)
			out.Body.TokenView, out.Body.Token = viewToken(t), secret
			return out, nil
		})
	handle(a, route{method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", role: guard.RoleAdmin,
		summary: "End an API token"},
		func(ctx context.Context, who guard.Identity, in *ByID) (*struct{}, error) {
			return nil, a.desk.RevokeToken(ctx, who, in.ID)
		})
	handle(a, route{method: http.MethodGet, path: "/users", id: "list-users", role: guard.RoleAdmin,
		summary: "List the console's users"},
		func(_ context.Context, who guard.Identity, _ *struct{}) (*list[userView], error) {
			users, err := a.desk.Users(who)
			return listOf(mapAll(users, viewUser)), err
		})
	handle(a, route{method: http.MethodPost, path: "/users", id: "create-user", role: guard.RoleAdmin,
		summary: "Make a user of the console"},
		func(ctx context.Context, who guard.Identity, in *userInput) (*newUserOutput, error) {
			u, err := a.desk.CreateUser(ctx, who, in.Body.Name, charge.Secret(in.Body.Password), guard.Role(in.Body.Role))
			return &newUserOutput{viewUser(u)}, err
		})
	handle(a, route{method: http.MethodDelete, path: "/users/{name}", id: "revoke-user", role: guard.RoleAdmin,
		summary: "End a user's access and sessions"},
		func(ctx context.Context, who guard.Identity, in *nameInput) (*struct{}, error) {
			return nil, a.desk.RevokeUser(ctx, who, in.Name)
		})
	handle(a, route{method: http.MethodGet, path: "/audit", id: "list-audit", role: guard.RoleAdmin,
		summary: "List who changed what, newest first"},
		func(ctx context.Context, who guard.Identity, in *auditInput) (*list[auditView], error) {
			from, to, err := parseSpan(in.From, in.To)
			if err != nil {
				return nil, err
			}
			page, err := a.desk.Audit(ctx, who, guard.AuditFilter{Actor: in.Actor, Action: in.Action, From: from, To: to},
				in.Cursor, in.Limit)
			return pageOf(page, viewAudit), err
		})
}
