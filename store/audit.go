package store

import (
	"context"
	"math"
)

var (
	lastAudit = statementOf("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", tableAudit)
	auditPage = tableAudit.selectWhere("seq < ? ORDER BY seq DESC LIMIT ?")
	auditCut  = statementOf("SELECT seq, substr(entry, 1, ?), hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
		tableAudit)
	walkAudit = tableAudit.selectWhere("seq > ? ORDER BY seq LIMIT 1000")
)

// AuditRow is one row of the audit log, which can be neither changed nor deleted.
type AuditRow struct {
	Seq         int64 // 1, 2, 3, …
	Entry, Hash []byte
}

// AppendAudit appends a row that build makes from its number and the hash of the row before it (nil for the
// first). Appends come one after the other; build may be called more than once.
func (s *Store) AppendAudit(ctx context.Context, build func(seq int64, prev []byte) (entry, hash []byte)) error {
	return s.write(ctx, []int64{lockOf("audit")}, func(t *Tx) error {
		seq, prev := int64(1), []byte(nil)
		_, err := t.get(lastAudit, func(c *cells) error {
			seq, prev = c.int()+1, c.bytes()
			return c.failed()
		})
		if err != nil {
			return err
		}
		entry, hash := build(seq, prev)
		return t.add(tableAudit, seq, entry, hash)
	})
}

// AuditPage returns up to limit rows before a number, newest first; before 0 begins at the newest.
func (s *Store) AuditPage(ctx context.Context, before int64, limit int) ([]AuditRow, error) {
	return s.auditPage(ctx, auditPage, newest(before), limit)
}

// AuditBeginnings is AuditPage with no more than the first bytes of each entry.
func (s *Store) AuditBeginnings(ctx context.Context, before int64, limit, bytes int) ([]AuditRow, error) {
	return s.auditPage(ctx, auditCut, bytes, newest(before), limit)
}

func newest(before int64) int64 {
	if before <= 0 {
		return math.MaxInt64
	}
	return before
}

func (s *Store) auditPage(ctx context.Context, q *statement, args ...any) (page []AuditRow, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		page, err = list(t, q, scanAudit, args...)
		return err
	})
	return page, err
}

// WalkAudit passes every row to fn, oldest first, until fn returns an error.
func (s *Store) WalkAudit(ctx context.Context, fn func(seq int64, entry, hash []byte) error) error {
	return s.Read(ctx, func(t *Tx) error {
		for seq := int64(0); ; {
			page, err := list(t, walkAudit, scanAudit, seq)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, r := range page {
				if err := fn(r.Seq, r.Entry, r.Hash); err != nil {
					return err
				}
				seq = r.Seq
			}
		}
	})
}

func scanAudit(c *cells) (AuditRow, error) {
	return AuditRow{Seq: c.int(), Entry: c.bytes(), Hash: c.bytes()}, c.failed()
}
