package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/outbox"
)

// Kind is what sort of failure an Error is; outsides map it to a status.
type Kind string

// Kinds of failure. Anything that is no *Error is internal, and its text is for the log only.
const (
	NotFound     Kind = "not_found"
	Unauthorized Kind = "unauthorized"
	Forbidden    Kind = "forbidden"
	Invalid      Kind = "invalid"  // what was sent is wrong; Fields says where
	Conflict     Kind = "conflict" // it is right but cannot be done now
	Busy         Kind = "busy"     // try again later
)

// Error is a failure that whoever asked can do something about.
type Error struct {
	Kind   Kind
	Detail string // what is wrong and what to do; safe to show
	Fields []FieldError
}

// FieldError is what is wrong with one field, or one place of a document.
type FieldError struct {
	Where   string // "body.role", "line 12: lot 200461/1313: tariff"
	Detail  string
	Chinese string // the same; empty where there is none
}

// Error gives the detail.
func (e *Error) Error() string { return e.Detail }

// KindOf gives an error's kind; empty for internal ones.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// Fail makes an *Error.
func Fail(kind Kind, detail string, fields ...FieldError) *Error {
	return &Error{Kind: kind, Detail: detail, Fields: fields}
}

// wrap gives what other packages fail with the desk's kinds.
func wrap(err error) error {
	var wrong estate.Errors
	switch {
	case errors.As(err, &wrong):
		return Fail(Invalid, "the estate document has errors; nothing was changed", places(wrong)...)
	case errors.Is(err, outbox.ErrBusy):
		return Fail(Busy, "the gateway is too busy just now; try again")
	case errors.Is(err, flow.ErrNotFound):
		return Fail(NotFound, "there is nothing with this id")
	}
	return err
}

// places gives what is wrong in an estate document by where it stands.
func places(wrong estate.Errors) []FieldError {
	fields := make([]FieldError, 0, len(wrong))
	for _, e := range wrong {
		var where []string
		if e.Line > 0 {
			where = append(where, "line "+strconv.Itoa(e.Line))
		}
		for _, part := range []string{e.Thing, e.Field} {
			if part != "" {
				where = append(where, part)
			}
		}
		fields = append(fields, FieldError{Where: strings.Join(where, ": "), Detail: e.In("en"), Chinese: e.In("zh")})
	}
	return fields
}

// Failed writes an internal failure to the log, where whoever asked gets none of it.
func (d *Desk) Failed(ctx context.Context, err error) {
	d.cfg.Log.ErrorContext(ctx, "admin request failed", "err", err)
}
