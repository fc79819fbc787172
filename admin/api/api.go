// Package api serves the admin interface in JSON: docs/api.md, under /api/v1, described by
// /openapi.json. Every error is an RFC 9457 problem document.
package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/bounded"
	"github.com/chargestamp/chargestamp/guard"
)

type api struct {
	huma.API
	desk *desk.Desk
}

// hideValues keeps what was sent out of validation errors: it may be a password.
func hideValues(_ huma.Context, _ string, v any) (any, error) {
	if problem, ok := v.(*huma.ErrorModel); ok {
		for _, e := range problem.Errors {
			e.Value = nil
		}
	}
	return v, nil
}

// route is one operation: what it is for and who may.
type route struct {
	method, path string
	id, summary  string
	role         guard.Role
	maxBody      int64 // bytes; 0 is 64 KiB
	secret       bool  // the answer holds a secret, which is shown once and never kept
}

const (
	roleKey    = "role"
	smallBody  = 64 << 10
	estateBody = bounded.MostDocument

	// keyHeader names a write: a repetition with the same key is answered as the first one was, and not done again.
	keyHeader    = "Idempotency-Key"
	repeatHeader = "Idempotency-Replayed"
	mostKey      = 200 // bytes
	secretKey    = "secret"
)

// handle registers an operation. What fn fails with is put into a problem document.
func handle[I, O any](a *api, r route, fn func(context.Context, guard.Identity, *I) (*O, error)) {
	if r.maxBody == 0 {
		r.maxBody = smallBody
	}
	op := huma.Operation{
		Method: r.method, Path: "/api/v1" + r.path, OperationID: r.id, Summary: r.summary,
		Description:  "Role " + string(r.role) + " or higher.",
		Tags:         []string{strings.Split(r.path, "/")[1]},
		MaxBodyBytes: r.maxBody,
		Metadata:     map[string]any{roleKey: r.role, secretKey: r.secret},
		Errors:       failures(r.method),
	}
	if r.method != http.MethodGet {
		op.Parameters = []*huma.Param{keyParameter()}
	}
	huma.Register(a.API, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, identity(ctx), in)
		if err != nil {
			return nil, problem(ctx, a.desk, err)
		}
		return out, nil
	})
}

// keyParameter describes the header on each write.
func keyParameter() *huma.Param {
	least, most := 1, mostKey
	return &huma.Param{Name: keyHeader, In: "header",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most},
		Description: "Your own name of this write. Within 24 hours the same request with the same key is not done again: " +
			"it is answered as the first one was, with the header " + repeatHeader + ". A refused or failed one frees its key."}
}

type identityKey struct{}

// WithIdentity marks requests as coming from somebody who is known already: the local socket, whose file
// mode has let them in.
func WithIdentity(ctx context.Context, who guard.Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

func identity(ctx context.Context) guard.Identity {
	who, _ := ctx.Value(identityKey{}).(guard.Identity)
	return who
}

// authorize lets in the holder of a token of the operation's role or a higher one.
func (a *api) authorize(ctx huma.Context, next func(huma.Context)) {
	who := identity(ctx.Context())
	if who.Role == "" {
		bearer, ok := bearerToken(ctx.Header("Authorization"))
		if !ok {
			a.unauthorized(ctx, "send an API token in the header Authorization: Bearer …")
			return
		}
		var err error
		if who, err = a.desk.Authenticate(ctx.Context(), bearer); err != nil {
			if desk.KindOf(err) == "" {
				a.fail(ctx, problem(ctx.Context(), a.desk, err))
				return
			}
			a.unauthorized(ctx, "the API token is not known, or was revoked")
			return
		}
	}
	desk.LowerVeil(ctx.Context(), who)
	least, _ := ctx.Operation().Metadata[roleKey].(guard.Role)
	if !desk.Allows(who.Role, least) {
		a.fail(ctx, huma.Error403Forbidden("this needs the role "+string(least)+"; yours is "+string(who.Role)))
		return
	}
	next(huma.WithContext(ctx, WithIdentity(ctx.Context(), who)))
}

func bearerToken(header string) (string, bool) {
	scheme, token, found := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	return token, found && strings.EqualFold(scheme, "bearer") && token != ""
}

func (a *api) unauthorized(ctx huma.Context, detail string) {
	ctx.SetHeader("WWW-Authenticate", `Bearer realm="chargestamp"`)
	a.fail(ctx, huma.Error401Unauthorized(detail))
}

func (a *api) fail(ctx huma.Context, err huma.StatusError) {
	_ = huma.WriteErr(a, ctx, err.GetStatus(), err.Error())
}
