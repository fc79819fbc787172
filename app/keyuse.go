package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/outbox"
	"github.com/chargestamp/chargestamp/platform"
)

// keyUses knows when each key set of an account last opened a push, so that support knows when a former set may
// go. It is kept in memory and stored about every minute: what a crash loses is a minute of it.
type keyUses struct {
	docs keyDocs

	mu    sync.Mutex
	used  map[string]desk.KeyUse // by account
	dirty map[string]bool
}

// keyDocs is where uses are kept, beside those of other nodes.
type keyDocs interface {
	Docs(ctx context.Context, kind string) (map[string][]byte, error)
	DocsRev(ctx context.Context, kind string) (int64, error)
	PutDocs(ctx context.Context, kind string, expectRev int64, puts map[string][]byte) (int64, error)
}

// keyUseKind is the kind of the documents, one an account.
const keyUseKind = "key_use"

func newKeyUses(docs keyDocs) *keyUses {
	return &keyUses{docs: docs, used: map[string]desk.KeyUse{}, dirty: map[string]bool{}}
}

// KeyUse reports when the current and the former keys of an account last opened a push.
func (k *keyUses) KeyUse(account string) desk.KeyUse {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.used[account]
}

func (k *keyUses) opened(account string, set int, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	use := k.used[account]
	if set == 0 {
		use.Current = later(use.Current, at)
	} else {
		use.Former = later(use.Former, at)
	}
	k.used[account], k.dirty[account] = use, true
}

// Flush stores what is new and takes up what other nodes have stored.
func (k *keyUses) Flush(ctx context.Context) error {
	rev, err := k.docs.DocsRev(ctx, keyUseKind)
	if err != nil {
		return err
	}
	stored, err := k.docs.Docs(ctx, keyUseKind)
	if err != nil {
		return err
	}
	puts, err := k.merge(stored)
	if err != nil || len(puts) == 0 {
		return err
	}
	if _, err = k.docs.PutDocs(ctx, keyUseKind, rev, puts); err == nil {
		return nil
	}
	k.mu.Lock()
	for account := range puts {
		k.dirty[account] = true
	}
	k.mu.Unlock()
	if errors.Is(err, outbox.ErrRepeated) {
		return nil // another node was first; the next time has both
	}
	return err
}

// merge takes up stored uses and returns the documents of what has been used since.
func (k *keyUses) merge(stored map[string][]byte) (puts map[string][]byte, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for account, doc := range stored {
		var theirs desk.KeyUse
		if err := json.Unmarshal(doc, &theirs); err != nil {
			return nil, err
		}
		ours := k.used[account]
		k.used[account] = desk.KeyUse{Current: later(ours.Current, theirs.Current), Former: later(ours.Former, theirs.Former)}
	}
	puts = map[string][]byte{}
	for account := range k.dirty {
		if puts[account], err = json.Marshal(k.used[account]); err != nil {
			return nil, err
		}
	}
	clear(k.dirty)
	return puts, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// formerKeys says which accounts' former keys have opened pushes, and when last: what stands still may go.
func formerKeys(ctx context.Context, docs keyDocs) (Checked, error) {
	uses := newKeyUses(docs)
	stored, err := docs.Docs(ctx, keyUseKind)
	if err == nil {
		_, err = uses.merge(stored)
	}
	if err != nil {
		return Checked{}, fmt.Errorf("read last uses of keys: %w", err)
	}
	var seen []string
	for account, use := range uses.used {
		if !use.Former.IsZero() {
			seen = append(seen, account+" last at "+use.Former.UTC().Format(time.RFC3339))
		}
	}
	if len(seen) == 0 {
		return Checked{"former keys", true, "none has opened a push"}, nil
	}
	slices.Sort(seen)
	return Checked{"former keys", true, "opened pushes: " + strings.Join(seen, ", ")}, nil
}

// keyTaker notes which keys opened a push before it is taken.
type keyTaker struct {
	platform.Taker
	uses *keyUses
}

// Take notes the keys and takes the push.
func (t keyTaker) Take(ctx context.Context, p platform.Push, a platform.Account, m platform.Message,
	reply func(platform.Verdict) platform.Reply) platform.Reply {
	t.uses.opened(a.ID, m.Keys, p.Received)
	return t.Taker.Take(ctx, p, a, m, reply)
}
