package app

import (
	"context"
	"errors"
	"log/slog"

	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/outbox"
)

// hush holds back what everything in the process says while the database is away: one line for each cause in ten
// seconds, with how many there were.
type hush struct {
	slog.Handler
	noise *limit.Noise
}

func newHush(h slog.Handler) hush { return hush{h, &limit.Noise{}} }

// Handle implements slog.Handler.
func (h hush) Handle(ctx context.Context, r slog.Record) error {
	cause := causeOf(r)
	if cause == nil || !errors.Is(cause, outbox.ErrBusy) {
		return h.Handler.Handle(ctx, r)
	}
	n := h.noise.Allow(root(cause).Error(), r.Time)
	if n == 0 {
		return nil
	}
	r = r.Clone()
	r.AddAttrs(slog.Int("count", n))
	return h.Handler.Handle(ctx, r)
}

// causeOf is the error that a line is about, under whatever name; nil where there is none.
func causeOf(r slog.Record) (cause error) {
	r.Attrs(func(a slog.Attr) bool {
		cause, _ = a.Value.Any().(error)
		return cause == nil
	})
	return cause
}

// root is the innermost cause: what wraps it names a connection, of which there are several.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if several, is := err.(interface{ Unwrap() []error }); is {
			if all := several.Unwrap(); len(all) > 0 {
				inner = all[len(all)-1]
			}
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}

// WithAttrs implements slog.Handler.
func (h hush) WithAttrs(attrs []slog.Attr) slog.Handler {
	return hush{h.Handler.WithAttrs(attrs), h.noise}
}

// WithGroup implements slog.Handler.
func (h hush) WithGroup(name string) slog.Handler { return hush{h.Handler.WithGroup(name), h.noise} }
