package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chargestamp/chargestamp/admin/desk"
)

// once lets a write with a key through once.
func (a *api) once(ctx huma.Context, next func(huma.Context)) {
	key := ctx.Header(keyHeader)
	if key == "" || ctx.Method() == http.MethodGet {
		next(ctx)
		return
	}
	if len(key) > mostKey {
		a.fail(ctx, huma.Error422UnprocessableEntity("an Idempotency-Key has 200 bytes at most"))
		return
	}
	body, err := io.ReadAll(io.LimitReader(ctx.BodyReader(), ctx.Operation().MaxBodyBytes+1))
	if err != nil {
		a.fail(ctx, huma.Error400BadRequest("the body cannot be read"))
		return
	}
	where := ctx.URL()
	by := digest(ctx.Header("Authorization"), identity(ctx.Context()).Name)
	key = digest(ctx.Header("Authorization"), identity(ctx.Context()).Name, key)
	before, err := a.desk.Begin(ctx.Context(), by, key, digest(ctx.Method(), where.RequestURI(), string(body)))
	switch {
	case err != nil:
		a.fail(ctx, problem(ctx.Context(), a.desk, err))
	case before != nil:
		if before.Kind != "" {
			ctx.SetHeader("Content-Type", before.Kind)
		}
		ctx.SetHeader(repeatHeader, "true")
		ctx.SetStatus(before.Status)
		_, _ = ctx.BodyWriter().Write(before.Body)
	default:
		a.first(ctx, next, key, body)
	}
}

// first does a write that has claimed a key, and keeps its answer.
func (a *api) first(ctx huma.Context, next func(huma.Context), key string, body []byte) {
	r := &recorder{humaContext: ctx, body: bytes.NewReader(body)}
	secret, _ := ctx.Operation().Metadata[secretKey].(bool)
	finished := false
	defer func() {
		answer := desk.Answered{Status: r.status, Kind: r.kind, Body: r.written.Bytes(), Kept: !secret}
		if !finished { // a panic: what it did is not known, the caller may try again
			answer.Status = http.StatusInternalServerError
		}
		if err := a.desk.Finish(context.WithoutCancel(ctx.Context()), key, answer); err != nil {
			a.desk.Failed(ctx.Context(), err)
		}
	}()
	next(r)
	finished = true
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

type humaContext huma.Context

// recorder passes an answer on and remembers it.
type recorder struct {
	humaContext
	body    io.Reader
	status  int
	kind    string
	written bytes.Buffer
}

func (r *recorder) BodyReader() io.Reader { return r.body }

func (r *recorder) SetStatus(code int) {
	r.status = code
	r.humaContext.SetStatus(code)
}

func (r *recorder) SetHeader(name, value string) {
	if name == "Content-Type" {
		r.kind = value
	}
	r.humaContext.SetHeader(name, value)
}

func (r *recorder) BodyWriter() io.Writer {
	return io.MultiWriter(&r.written, r.humaContext.BodyWriter())
}
