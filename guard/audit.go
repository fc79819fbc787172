package guard

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/chargestamp/chargestamp/charge"
)

// Entry is one line of the audit log: who did what.
type Entry struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Role   Role      `json:"role,omitempty"`
	Action string    `json:"action"` // "estate.apply", "token.create", …
	Object string    `json:"object,omitempty"`
	Coded  bool      `json:"coded,omitempty"`  // Detail is notes, see Saying, and no text that somebody typed
	Detail string    `json:"detail,omitempty"` // secrets masked
	Hash   string    `json:"-"`                // of this row and all before it
}

// Saying returns the entry with what it says by code, which pages put into words.
func (e Entry) Saying(notes ...charge.Note) Entry {
	e.Coded, e.Detail = true, charge.Notes(notes).String()
	return e
}

// Notes returns what the entry says by code; nil where its detail is a text: a reason that somebody typed, or what an
// older release has stored.
func (e Entry) Notes() charge.Notes {
	if !e.Coded {
		return nil
	}
	return charge.ParseNotes(e.Detail)
}

// Audit is the append-only log of changes. Each row's hash covers the row before and is made with the log's own key, so
// that a row that is changed, taken out or put in later shows; see auditkey.go.
type Audit struct {
	rows Audits
	docs Docs
	keys *Keyring
	key  auditKey
	now  func() time.Time
}

// OpenAudit opens the log with its key, which it makes where there is none.
func OpenAudit(ctx context.Context, c Config) (*Audit, error) {
	a := &Audit{rows: c.Audits, docs: c.Docs, keys: c.Keys, now: c.Now}
	return a, a.takeKey(ctx)
}

// ReadAudit opens the log for reading, and changes nothing.
func ReadAudit(ctx context.Context, c Config) (*Audit, error) {
	a := &Audit{rows: c.Audits, docs: c.Docs, keys: c.Keys, now: c.Now}
	stored, err := c.Docs.Docs(ctx, auditKind)
	if err != nil {
		return nil, fmt.Errorf("read the audit log's key: %w", err)
	}
	if sealed := stored[auditKeyDoc]; sealed != nil {
		a.key, err = openAuditKey(c.Keys, sealed)
	}
	return a, err
}

// Record appends an entry; a zero time is now.
func (a *Audit) Record(ctx context.Context, e Entry) error {
	if e.At.IsZero() {
		e.At = a.now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	var head AuditHead
	err := a.rows.AppendAudit(ctx, func(seq int64, prev []byte) (entry, hash []byte) {
		e.Seq = seq
		entry, _ = json.Marshal(e) // strings and times do not fail
		hash = a.key.chain(seq, prev, entry)
		head = AuditHead{seq, hex.EncodeToString(hash)}
		return entry, hash
	})
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return a.advance(ctx, head)
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

// Newer returns up to limit entries numbered above after, those next to it, newest first. more reports whether there
// may be others still newer.
func (a *Audit) Newer(ctx context.Context, f AuditFilter, after int64, limit int) (list []Entry, more bool, err error) {
	for {
		top, last := after+auditScan, after
		var found []Entry // numbers have no gaps: all up to top are read at once
		err := a.page(ctx, f, top+1, auditScan, func(seq int64, e Entry, hash []byte) error {
			last = max(last, seq)
			e.Seq, e.Hash = seq, hex.EncodeToString(hash)
			if seq > after && f.fits(e) {
				found = append(found, e)
			}
			return nil
		})
		if err != nil {
			return nil, false, fmt.Errorf("read the audit log: %w", err)
		}
		room := min(limit-len(list), len(found))
		more = room < len(found)
		list = append(found[len(found)-room:], list...)
		if last < top || len(list) == limit {
			return list, more || last == top, nil
		}
		after = top
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
