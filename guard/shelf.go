package guard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"
)

// Docs keeps documents by kind and key. A kind has one revision, which every put raises.
type Docs interface {
	// Docs returns all documents of a kind.
	Docs(ctx context.Context, kind string) (map[string][]byte, error)
	// PutDocs stores documents, a nil one deletes, all or none, and returns the new revision. It fails where
	// the kind's revision is not expectRev any more.
	PutDocs(ctx context.Context, kind string, expectRev int64, puts map[string][]byte) (int64, error)
	// DocsRev returns a kind's revision, 0 before the first put.
	DocsRev(ctx context.Context, kind string) (int64, error)
}

// shelf keeps all documents of one kind in memory. The values are never changed in place.
type shelf[T any] struct {
	kind string
	docs Docs
	// indexed is called with mu held after every change.
	indexed func(items map[string]T)
	now     func() time.Time

	writing sync.Mutex // one change of this node at a time
	mu      sync.RWMutex
	rev     int64
	items   map[string]T
	missed  time.Time // when find last looked for what other nodes have made
}

// get finds an item.
func (s *shelf[T]) get(key string) (T, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, found := s.items[key]
	return t, found
}

// find is get, but looks for what another node may have made a moment ago. It looks once a second at most:
// guessing must not cost us.
func (s *shelf[T]) find(ctx context.Context, key string) (T, bool, error) {
	t, found := s.get(key)
	if found || !s.lookAgain() {
		return t, found, nil
	}
	err := s.refresh(ctx)
	t, found = s.get(key)
	return t, found, err
}

func (s *shelf[T]) lookAgain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if since := now.Sub(s.missed); since >= 0 && since < time.Second {
		return false
	}
	s.missed = now
	return true
}

// all returns the items; the map is not to be changed.
func (s *shelf[T]) all() map[string]T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.items
}

// refresh loads where another node has changed something.
func (s *shelf[T]) refresh(ctx context.Context) error {
	rev, err := s.docs.DocsRev(ctx, s.kind)
	if err != nil {
		return fmt.Errorf("read %ss: %w", s.kind, err)
	}
	s.mu.RLock()
	known := s.rev
	s.mu.RUnlock()
	if rev == known {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.read(ctx)
}

func (s *shelf[T]) load(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.read(ctx)
}

// read takes the revision first: a change in between is then read again at the next refresh.
func (s *shelf[T]) read(ctx context.Context) error {
	rev, err := s.docs.DocsRev(ctx, s.kind)
	if err != nil {
		return fmt.Errorf("read %ss: %w", s.kind, err)
	}
	docs, err := s.docs.Docs(ctx, s.kind)
	if err != nil {
		return fmt.Errorf("read %ss: %w", s.kind, err)
	}
	items := make(map[string]T, len(docs))
	for key, doc := range docs {
		var t T
		if err := json.Unmarshal(doc, &t); err != nil {
			return fmt.Errorf("stored %s %s is damaged", s.kind, key)
		}
		items[key] = t
	}
	s.put(rev, items)
	return nil
}

func (s *shelf[T]) put(rev int64, items map[string]T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rev, s.items = rev, items
	if s.indexed != nil {
		s.indexed(items)
	}
}

// change stores what fn makes of the items: changed and new ones; a nil one is taken away. Where another
// node was first, fn is asked again with what it left.
func (s *shelf[T]) change(ctx context.Context, fn func(items map[string]T) (map[string]*T, error)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		items := s.all()
		changes, err := fn(items)
		if err != nil || len(changes) == 0 {
			return err
		}
		next, puts := maps.Clone(items), make(map[string][]byte, len(changes))
		if next == nil {
			next = map[string]T{}
		}
		for key, t := range changes {
			if t == nil {
				delete(next, key)
				puts[key] = nil
				continue
			}
			next[key] = *t
			if puts[key], err = json.Marshal(t); err != nil {
				return err
			}
		}
		rev, err := s.docs.PutDocs(ctx, s.kind, s.rev, puts)
		if err == nil {
			s.put(rev, next)
			return nil
		}
		now, revErr := s.docs.DocsRev(ctx, s.kind)
		if revErr != nil || now == s.rev {
			return fmt.Errorf("store %ss: %w", s.kind, err)
		}
		if err := s.read(ctx); err != nil {
			return err
		}
	}
}
