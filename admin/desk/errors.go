package desk

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
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
)

// Error is a failure that the caller can act on.
type Error struct {
	Kind    Kind
	Detail  string // what is wrong and what to do; safe to show
	Chinese string // the same; empty where a page has words of its own for the kind or the fields
	Fields  []FieldError
}

// FieldError is what is wrong with one field, or one place of a document.
type FieldError struct {
	Where   string // "body.role", "line 12: lot 200461/1313: tariff"
	Field   string // of a thing in an estate document, "rule.grant"; empty elsewhere
	Detail  string
	Chinese string        // the same; empty where there is none
	Of      *estate.Error // of an estate document; nil elsewhere
}

// Error returns the detail.
func (e *Error) Error() string { return e.Detail }

// KindOf returns an error's kind; empty for internal ones.
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

// conflict makes an Error of what cannot be done now, in both languages.
func conflict(chinese, detail string) *Error {
	return &Error{Kind: Conflict, Detail: detail, Chinese: chinese}
}

// Wrap returns another package's error as one of the desk's kinds.
func Wrap(err error) error {
	var wrong estate.Errors
	switch {
	case errors.As(err, &wrong):
		return Fail(Invalid, "the estate document has errors; nothing was changed", places(wrong)...)
	case errors.Is(err, charge.ErrCursor):
		return Fail(Invalid, "the cursor is not one of this list",
			FieldError{Where: "query.cursor", Detail: "unknown cursor", Chinese: "翻页位置无效，请从第一页重新开始"})
	case errors.Is(err, flow.ErrNotFound), errors.Is(err, guard.ErrNotFound):
		return Fail(NotFound, "there is nothing with this id")
	case errors.Is(err, flow.ErrNoPrice):
		return conflict("车场现在不能报价。", err.Error())
	case errors.Is(err, guard.ErrDenied):
		return Fail(Unauthorized, "not let in")
	case errors.Is(err, guard.ErrInput), errors.Is(err, guard.ErrTaken), errors.Is(err, guard.ErrLogin):
		return Fail(Invalid, "the request cannot be used as it is", accessField(err))
	}
	return err
}

// accessField returns what guard refuses under the name of the field.
func accessField(err error) FieldError {
	f := FieldError{Where: "body.name", Detail: err.Error()}
	for _, w := range []struct{ says, where, chinese string }{
		{"a password has at most", "body.password", "密码最多 200 个字符"},
		{"a password has at least", "body.password", "密码至少 10 个字符"},
		{"too easy to guess", "body.password", "密码太容易被猜到，请换一个较长的短语"},
		{"name, password or code", "body.code", "验证码不正确"},
		{"a user name is made of", "body.name", "用户名只能用字母、数字和 . _ - @"},
		{"a user name has", "body.name", "用户名为 1 到 64 个字符"},
		{"a name has", "body.name", "名称为一行 1 到 64 个字符"},
		{"is taken", "body.name", "该名称已被使用"},
		{"the role must be", "body.role", "请选择角色"},
	} {
		if strings.Contains(f.Detail, w.says) {
			f.Where, f.Chinese = w.where, w.chinese
			break
		}
	}
	return f
}

// places lists the faults of an estate document by where they stand.
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
		fields = append(fields, FieldError{Where: strings.Join(where, ": "), Field: e.Field, Detail: e.In("en"),
			Chinese: e.In("zh"), Of: &e})
	}
	return fields
}

// Failed writes an internal failure to the log, and keeps it from the caller.
func (d *Desk) Failed(ctx context.Context, err error) {
	d.cfg.Log.ErrorContext(ctx, "admin request failed", "error", err)
}

// Warn logs something that an operator should know of.
func (d *Desk) Warn(ctx context.Context, message string, args ...any) {
	d.cfg.Log.WarnContext(ctx, message, args...)
}
