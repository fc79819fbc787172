package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/outbox"
)

// alertBook keeps in the store what webhooks have heard, one document each, and who of the nodes is telling them. A
// change is fenced by the documents' revision: a node that was taken over can change nothing any more.
type alertBook struct {
	docs keyDocs
	node string
	now  func() time.Time
	rev  int64 // as this node left it; 0 while it does not hold the book
}

const (
	alertKind   = "alert"
	alertTeller = "teller" // the document that says who holds the book; no alert's key is one word
)

// teller is the node that holds the book.
type teller struct {
	Node  string    `json:"node"`
	Until time.Time `json:"until"`
}

// Delivered implements alert.Book.
func (b *alertBook) Delivered(ctx context.Context) (map[string]alert.Delivered, error) {
	docs, err := b.docs.Docs(ctx, alertKind)
	if err != nil {
		return nil, err
	}
	delivered := make(map[string]alert.Delivered, len(docs))
	for key, doc := range docs {
		if key == alertTeller {
			continue
		}
		var t alert.Delivered
		if err := json.Unmarshal(doc, &t); err != nil {
			return nil, fmt.Errorf("alert %q: %w", key, err)
		}
		delivered[key] = t
	}
	return delivered, nil
}

// Hold implements alert.Book.
func (b *alertBook) Hold(ctx context.Context) (bool, error) {
	rev := b.rev
	if rev == 0 {
		var free bool
		var err error
		if rev, free, err = b.look(ctx); err != nil || !free {
			return false, err
		}
	}
	doc, err := json.Marshal(teller{b.node, b.now().Add(alert.HoldFor)})
	if err != nil {
		return false, err
	}
	rev, err = b.docs.PutDocs(ctx, alertKind, rev, map[string][]byte{alertTeller: doc})
	if errors.Is(err, outbox.ErrRepeated) {
		b.rev = 0
		return false, nil // another node was first, or has taken over
	}
	if err != nil {
		return false, err
	}
	b.rev = rev
	return true, nil
}

// look reads whether the book is free, and its revision.
func (b *alertBook) look(ctx context.Context) (rev int64, free bool, err error) {
	rev, err = b.docs.DocsRev(ctx, alertKind) // before the documents: a change in between must not go unseen
	if err != nil {
		return 0, false, err
	}
	docs, err := b.docs.Docs(ctx, alertKind)
	if err != nil {
		return 0, false, err
	}
	doc := docs[alertTeller]
	if doc == nil {
		return rev, true, nil
	}
	var held teller
	if err := json.Unmarshal(doc, &held); err != nil {
		return 0, false, fmt.Errorf("take the turn to send alerts: %w", err)
	}
	return rev, held.Node == b.node || !b.now().Before(held.Until), nil
}

// Note implements alert.Book.
func (b *alertBook) Note(ctx context.Context, key string, delivered *alert.Delivered) error {
	var doc []byte // nil deletes
	if delivered != nil {
		var err error
		if doc, err = json.Marshal(delivered); err != nil {
			return err
		}
	}
	return b.put(ctx, key, doc)
}

// Free implements alert.Book.
func (b *alertBook) Free(ctx context.Context) error {
	if b.rev == 0 {
		return nil // another node has it
	}
	err := b.put(ctx, alertTeller, nil)
	if err == nil || errors.Is(err, outbox.ErrRepeated) {
		b.rev, err = 0, nil
	}
	return err
}

func (b *alertBook) put(ctx context.Context, key string, doc []byte) error {
	rev, err := b.docs.PutDocs(ctx, alertKind, b.rev, map[string][]byte{key: doc})
	if err == nil {
		b.rev = rev
	}
	return err
}
