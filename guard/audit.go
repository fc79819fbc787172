package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

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

// Entry is one line of the audit log: who did what.
type Entry struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Role   Role      `json:"role,omitempty"`
	Action string    `json:"action"` // "estate.apply", "token.create", …
	Object string    `json:"object,omitempty"`
	Detail string    `json:"detail,omitempty"` // secrets masked
	Hash   string    `json:"-"`                // of this row and all before it
}

// Audit is the append-only log of changes. Each row's hash covers the row before, so that a row that is
// changed or taken out later shows. What it cannot show is that the last rows were cut off: note the last
// hash elsewhere to see that too.
type Audit struct {
	rows Audits
	now  func() time.Time
}

// NewAudit makes an audit log over its rows.
func NewAudit(rows Audits, now func() time.Time) *Audit { return &Audit{rows, now} }

// Record appends an entry; a zero time is now.
func (a *Audit) Record(ctx context.Context, e Entry) error {
	if e.At.IsZero() {
		e.At = a.now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	err := a.rows.AppendAudit(ctx, func(seq int64, prev []byte) (entry, hash []byte) {
		e.Seq = seq
		entry, _ = json.Marshal(e) // strings and times do not fail
		return entry, chain(seq, prev, entry)
	})
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

// chain is the hash of a row: of its number, the hash before it and the entry's bytes as stored.
func chain(seq int64, prev, entry []byte) []byte {
	h := sha256.New()
	var n [8]byte
	for _, part := range [][]byte{binary.BigEndian.AppendUint64(nil, uint64(seq)), prev, entry} {
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// AuditFilter narrows a page of the log; zero fields do not narrow. From is inclusive, To exclusive.
type AuditFilter struct {
	Actor, Action string
	From, To      time.Time
	// Beginning asks for no more than so many characters of a detail, and a few more; 0 returns all.
	Beginning int
}

func (f AuditFilter) narrows() bool { return f != AuditFilter{Beginning: f.Beginning} }

func (f AuditFilter) fits(e Entry) bool {
	return (f.Actor == "" || f.Actor == e.Actor) && (f.Action == "" || f.Action == e.Action) &&
		(f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To))
}

// auditScan is how many rows are read at once.
const auditScan = 500

// Page returns up to limit entries numbered below before, newest first; before 0 begins at the newest. next is
// the before of what follows, 0 at the end.
func (a *Audit) Page(ctx context.Context, f AuditFilter, before int64, limit int) (list []Entry, next int64,
	err error) {
	scan := auditScan
	if !f.narrows() {
		scan = min(scan, limit)
	}
	for {
		read := 0
		err := a.page(ctx, f, before, scan, func(seq int64, e Entry, hash []byte) error {
			read++
			before = seq
			if len(list) == limit {
				return nil
			}
			e.Seq, e.Hash = seq, hex.EncodeToString(hash)
			if f.fits(e) {
				list = append(list, e)
			}
			return nil
		})
		if err != nil {
			return nil, 0, fmt.Errorf("read the audit log: %w", err)
		}
		switch {
		case len(list) == limit && list[limit-1].Seq > 1:
			return list, list[limit-1].Seq, nil
		case len(list) == limit, read < scan:
			return list, 0, nil
		}
	}
}

// page reads entries, or their beginnings: an import of thousands of lots is one entry of megabytes.
func (a *Audit) page(ctx context.Context, f AuditFilter, before int64, limit int,
	fn func(seq int64, e Entry, hash []byte) error) error {
	whole := func(seq int64, entry, hash []byte) error { return fn(seq, readable(entry), hash) }
	if f.Beginning <= 0 {
		return a.rows.AuditPage(ctx, before, limit, whole)
	}
	most := f.Beginning*longestEscape + auditHead
	return a.rows.AuditBeginnings(ctx, before, limit, most, func(seq int64, entry, hash []byte) error {
		if len(entry) < most {
			return whole(seq, entry, hash)
		}
		if e, ok := beginning(entry); ok && utf8.RuneCountInString(e.Detail) >= f.Beginning {
			return fn(seq, e, hash)
		}
		return a.rows.AuditPage(ctx, seq+1, 1, whole)
	})
}

// readable reads an entry. Of one that cannot be read verify says so; a list goes on.
func readable(entry []byte) (e Entry) {
	if err := json.Unmarshal(entry, &e); err != nil {
		return Entry{Action: "unreadable"}
	}
	return e
}

const (
	longestEscape = len(`\u003c`) // of one character in JSON
	auditHead     = 4096          // more than stands before a detail
)

// beginning reads an entry that was cut off in its last member, the detail.
func beginning(cut []byte) (e Entry, ok bool) {
	for range longestEscape {
		if r, n := utf8.DecodeLastRune(cut); r != utf8.RuneError || n != 1 {
			e = Entry{}
			if json.Unmarshal(append(slices.Clip(cut), `"}`...), &e) == nil {
				return e, true
			}
		}
		cut = cut[:len(cut)-1]
	}
	return e, false
}

// ErrChain says that the audit log was tampered with, or damaged.
var ErrChain = errors.New("the audit log is not as it was written")

// Verify reads the whole log. It returns how many rows there are and the hash of the last, or ErrChain with the
// first row that does not follow from the one before.
func (a *Audit) Verify(ctx context.Context) (rows int64, last string, err error) {
	var prev []byte
	err = a.rows.WalkAudit(ctx, func(seq int64, entry, hash []byte) error {
		if seq != rows+1 {
			return fmt.Errorf("%w: row %d is missing", ErrChain, rows+1)
		}
		if !bytes.Equal(hash, chain(seq, prev, entry)) {
			return fmt.Errorf("%w: row %d does not fit the row before it", ErrChain, seq)
		}
		rows, prev = seq, bytes.Clone(hash)
		return nil
	})
	return rows, hex.EncodeToString(prev), err
}
