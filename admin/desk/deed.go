package desk

import (
	"context"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// deed is a change that somebody asks for, as the audit log names it.
type deed struct {
	who    guard.Identity
	action string // "lot.pause"
	object string // what is changed
	detail string
}

// change does one thing for somebody who may, and writes it down.
func (d *Desk) change(ctx context.Context, least guard.Role, of deed, do func() error) error {
	if err := allow(of.who, least); err != nil {
		return err
	}
	if err := do(); err != nil {
		return Wrap(err)
	}
	return d.Record(ctx, of.who, of.action, of.object, of.detail)
}

// act does what support may do and has a reason for, or says what that would do. The log's detail is the reason.
func (d *Desk) act(ctx context.Context, of deed, a flow.Action,
	do func(flow.Action) (flow.Effect, error)) (flow.Effect, error) {
	if err := allow(of.who, guard.RoleSupport); err != nil {
		return flow.Effect{}, err
	}
	if err := checkReason(a); err != nil {
		return flow.Effect{}, err
	}
	return d.acted(ctx, of, a, do)
}

// acted is act where role and reason were checked.
func (d *Desk) acted(ctx context.Context, of deed, a flow.Action,
	do func(flow.Action) (flow.Effect, error)) (flow.Effect, error) {
	a.Actor = of.who.ID()
	effect, err := do(a)
	if err != nil {
		return flow.Effect{}, Wrap(err)
	}
	if !effect.Done {
		return effect, nil
	}
	return effect, d.Record(ctx, of.who, of.action, of.object, a.Reason)
}

// Record writes a change to the audit log. The change has been made by then, so a failure is reported to the
// caller as one: who cannot be written down should not go on.
func (d *Desk) Record(ctx context.Context, who guard.Identity, action, object, detail string) error {
	return d.cfg.Guard.Audit.Record(ctx, guard.Entry{At: d.cfg.Now(), Actor: who.ID(), Role: who.Role,
		Action: action, Object: object, Detail: detail})
}

// RecordNotes is Record of what the product itself says, in the reader's language.
func (d *Desk) RecordNotes(ctx context.Context, who guard.Identity, action, object string,
	notes ...charge.Note) error {
	e := guard.Entry{At: d.cfg.Now(), Actor: who.ID(), Role: who.Role, Action: action, Object: object}
	return d.cfg.Guard.Audit.Record(ctx, e.Saying(notes...))
}

// MostReason is how many characters a reason may have.
const MostReason = 500

// checkReason wants a reason for what is not a dry run, of a length that a log can hold.
func checkReason(a flow.Action) error {
	switch {
	case a.Reason == "" && !a.DryRun:
		return needsReason()
	case utf8.RuneCountInString(a.Reason) > MostReason:
		return Fail(Invalid, "the reason is too long",
			FieldError{Where: "body.reason", Detail: "500 characters at most", Chinese: "最多 500 个字符"})
	}
	return nil
}

func needsReason() error {
	return Fail(Invalid, "say why: the reason is kept in the audit log and the timeline",
		FieldError{Where: "body.reason", Detail: "must not be empty", Chinese: "请填写原因"})
}
