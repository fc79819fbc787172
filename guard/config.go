package guard

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Config is what a Guard is made of. Docs, Audits, Keys and Now are required.
type Config struct {
	Docs   Docs
	Audits Audits
	Keys   *Keyring
	Now    func() time.Time
	// AdminToken is an admin's API token beside the stored ones; empty is none.
	AdminToken charge.Secret
	// Idle and Absolute limit sessions; zero is 2 hours and 24 hours.
	Idle, Absolute time.Duration
	// Wait holds back a sign-in after many failed ones, for at most 5 s; nil waits by the machine's clock.
	Wait func(context.Context, time.Duration) error
}

// Audits keeps the audit log's rows.
type Audits interface {
	// AppendAudit adds a row: build gets its number, one more than the last row's, and the last row's hash,
	// nil for the first. No other row is appended in between.
	AppendAudit(ctx context.Context, build func(seq int64, prev []byte) (entry, hash []byte)) error
	// WalkAudit returns every row, oldest first; an error of fn ends it.
	WalkAudit(ctx context.Context, fn func(seq int64, entry, hash []byte) error) error
	// AuditPage returns up to limit rows numbered below before, newest first; before 0 begins at the newest.
	AuditPage(ctx context.Context, before int64, limit int, fn func(seq int64, entry, hash []byte) error) error
	// AuditBeginnings is AuditPage with no more than the first bytes of each entry.
	AuditBeginnings(ctx context.Context, before int64, limit, bytes int,
		fn func(seq int64, entry, hash []byte) error) error
}
