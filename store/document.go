package store

import (
	"context"
	"fmt"

	"github.com/chargestamp/chargestamp/outbox"
)

var (
	selectDocs = statementOf("SELECT key, body FROM doc WHERE kind = ? ORDER BY key", tableDoc)
	selectDoc  = statementOf("SELECT body FROM doc WHERE kind = ? AND key = ?", tableDoc)
	putDoc     = statementOf("INSERT INTO doc (kind, key, body) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE "+
		"SET body = excluded.body", tableDoc)
	deleteDoc = statementOf("DELETE FROM doc WHERE kind = ? AND key = ?", tableDoc)
	selectRev = statementOf("SELECT rev FROM doc_rev WHERE kind = ?", tableDocRev)
	putRev    = statementOf("INSERT INTO doc_rev (kind, rev) VALUES (?, ?) ON CONFLICT (kind) DO UPDATE "+
		"SET rev = excluded.rev", tableDocRev)
)

// Docs returns all documents of a kind by key.
func (s *Store) Docs(ctx context.Context, kind string) (docs map[string][]byte, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		docs = make(map[string][]byte)
		return t.each(selectDocs, func(c *cells) error {
			key := c.text()
			docs[key] = c.bytes()
			return c.failed()
		}, kind)
	})
	return docs, err
}

// Doc returns one document; nil where there is none.
func (s *Store) Doc(ctx context.Context, kind, key string) (body []byte, err error) {
	err = s.Read(ctx, func(t *Tx) error {
		_, err := t.get(selectDoc, func(c *cells) error {
			body = c.bytes()
			return c.failed()
		}, kind, key)
		return err
	})
	return body, err
}

// DocsRev counts the changes of a kind; 0 before the first.
func (s *Store) DocsRev(ctx context.Context, kind string) (rev int64, err error) {
	err = s.Read(ctx, func(t *Tx) (err error) {
		rev, err = t.docsRev(kind)
		return err
	})
	return rev, err
}

// PutDocs puts documents of a kind, all or none, and returns the kind's new revision; a nil body deletes. Where
// the kind is no longer at expectRev it changes nothing and returns outbox.ErrRepeated; a negative expectRev
// takes any.
func (s *Store) PutDocs(ctx context.Context, kind string, expectRev int64, puts map[string][]byte) (rev int64,
	err error) {
	err = s.write(ctx, []int64{lockOf("doc", kind)}, func(t *Tx) error {
		have, err := t.docsRev(kind)
		if err != nil {
			return err
		}
		if expectRev >= 0 && have != expectRev {
			return fmt.Errorf("store: %s are at revision %d, not %d: read them again: %w", kind, have, expectRev,
				outbox.ErrRepeated)
		}
		for key, body := range puts {
			if body == nil {
				err = t.link.put(deleteDoc, []any{kind, key}, -1)
			} else {
				err = t.link.put(putDoc, []any{kind, key, body}, 1)
			}
			if err != nil {
				return err
			}
		}
		rev = have + 1
		return t.link.put(putRev, []any{kind, rev}, 1)
	})
	if err != nil {
		return 0, err
	}
	return rev, nil
}

func (t *Tx) docsRev(kind string) (rev int64, err error) {
	_, err = t.get(selectRev, func(c *cells) error {
		rev = c.int()
		return c.failed()
	}, kind)
	return rev, err
}
