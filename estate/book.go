package estate

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/chargestamp/chargestamp/charge"
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

// Sealer keeps secrets unreadable at rest. ad ties a secret to its place.
type Sealer interface {
	Seal(plain []byte, ad string) ([]byte, error)
	Open(sealed []byte, ad string) ([]byte, error)
}

// docsKind is the kind under which an estate is kept: one revision over all of it.
const docsKind = "estate"

// Book holds the estate that counts now, and keeps it.
type Book struct {
	// Audit is called for every change that was made; it may be nil.
	Audit func(ctx context.Context, actor, file string, changes Changes) error

	catalog *Catalog
	docs    Docs
	sealer  Sealer

	mu    sync.Mutex // serialises changes of state and rev
	rev   int64
	state atomic.Pointer[State]
}

// NewBook makes a book with an empty estate; Load reads the kept one.
func NewBook(catalog *Catalog, docs Docs, sealer Sealer) *Book {
	b := &Book{catalog: catalog, docs: docs, sealer: sealer}
	b.state.Store(newState(tables{}, catalog))
	return b
}

// State is the estate that counts now.
func (b *Book) State() *State { return b.state.Load() }

// Catalog is what the estate is checked against.
func (b *Book) Catalog() *Catalog { return b.catalog }

// Load reads the kept estate. An error says what cannot be read; the state is as before then.
func (b *Book) Load(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.load(ctx)
}

// Refresh loads the kept estate where another node has changed it, and reports whether it did.
func (b *Book) Refresh(ctx context.Context) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refresh(ctx)
}

func (b *Book) refresh(ctx context.Context) (bool, error) {
	rev, err := b.docs.DocsRev(ctx, docsKind)
	if err != nil {
		return false, fmt.Errorf("read estate: %w", err)
	}
	if rev == b.rev {
		return false, nil
	}
	return true, b.load(ctx)
}

func (b *Book) load(ctx context.Context) error {
	for {
		rev, err := b.docs.DocsRev(ctx, docsKind)
		if err != nil {
			return fmt.Errorf("read estate: %w", err)
		}
		docs, err := b.docs.Docs(ctx, docsKind)
		if err != nil {
			return fmt.Errorf("read estate: %w", err)
		}
		again, err := b.docs.DocsRev(ctx, docsKind)
		if err != nil {
			return fmt.Errorf("read estate: %w", err)
		}
		if again != rev {
			continue // changed while we read
		}
		t, err := b.decode(docs)
		if err != nil {
			return fmt.Errorf("read estate: %w", err)
		}
		b.rev = rev
		b.state.Store(newState(t, b.catalog))
		return nil
	}
}

// Apply merges a document into the estate and keeps the result, or with dryRun only says what it would
// change. It returns Errors for a document that does not fit; nothing is changed by an error.
func (b *Book) Apply(ctx context.Context, doc *Document, actor string, dryRun bool) (Changes, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.refresh(ctx); err != nil {
		return nil, err
	}
	for {
		was := b.State()
		m, err := b.catalog.merge(was, doc)
		if err != nil {
			return nil, err
		}
		if dryRun || len(m.changes) == 0 {
			return m.changes, nil
		}
		next, changes := m.state(), m.changes
		puts, err := b.encode(was.tables, next.tables)
		if err != nil {
			return nil, fmt.Errorf("store estate: %w", err)
		}
		rev, err := b.docs.PutDocs(ctx, docsKind, b.rev, puts)
		if err == nil {
			b.rev = rev
			b.state.Store(next)
			return changes, b.audit(ctx, actor, doc.File, changes)
		}
		// Another node may have been first: then merge again into what it made.
		now, revErr := b.docs.DocsRev(ctx, docsKind)
		if revErr != nil || now == b.rev {
			return nil, fmt.Errorf("store estate: %w", err)
		}
		if err := b.load(ctx); err != nil {
			return nil, err
		}
	}
}

// Reseal seals all kept secrets anew with the site's current key; the former one may go then.
func (b *Book) Reseal(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.refresh(ctx); err != nil {
		return err
	}
	puts, err := b.encode(tables{}, b.State().tables)
	if err != nil {
		return fmt.Errorf("store estate: %w", err)
	}
	rev, err := b.docs.PutDocs(ctx, docsKind, b.rev, puts)
	if err != nil {
		return fmt.Errorf("store estate: %w", err)
	}
	b.rev = rev
	return nil
}

func (b *Book) audit(ctx context.Context, actor, file string, changes Changes) error {
	if b.Audit == nil {
		return nil
	}
	if err := b.Audit(ctx, actor, file, changes); err != nil {
		return fmt.Errorf("the estate was changed, but the audit log could not be written: %w", err)
	}
	return nil
}

// encode returns the documents of what differs; unchanged things are the same pointers.
func (b *Book) encode(was, next tables) (map[string][]byte, error) {
	puts := map[string][]byte{}
	for _, err := range []error{
		encode(b.sealer, puts, "vendor/", was.vendors, next.vendors, vendorColumns),
		encode(b.sealer, puts, "lot/", was.lots, next.lots, lotColumns),
		encode(b.sealer, puts, "account/", was.accounts, next.accounts, accountColumns),
		encode(b.sealer, puts, "binding/", was.bindings, next.bindings, bindingColumns),
	} {
		if err != nil {
			return nil, err
		}
	}
	return puts, nil
}

func encode[T any](sealer Sealer, puts map[string][]byte, prefix string, was, next map[string]*T,
	columns []column[T]) error {
	for id, t := range next {
		if was[id] == t {
			continue
		}
		key := prefix + id
		w := jsonWriter{seal: func(path, secret string) (string, error) {
			sealed, err := sealer.Seal([]byte(secret), key+"#"+path)
			return base64.StdEncoding.EncodeToString(sealed), err
		}}
		w.write("", show(columns, t))
		if w.err != nil {
			return w.err
		}
		puts[key] = w.buf.Bytes()
	}
	return nil
}

// decode is the way back. Documents of kinds that it does not know are left alone: a newer build's.
func (b *Book) decode(docs map[string][]byte) (tables, error) {
	t := tables{map[string]*charge.Vendor{}, map[string]*charge.Lot{}, map[string]*charge.Account{},
		map[string]*charge.Binding{}}
	for key, doc := range docs {
		kind, id, _ := strings.Cut(key, "/")
		n, err := readJSON(doc)
		if err != nil {
			return t, fmt.Errorf("%s: %w", key, err)
		}
		if err := b.unseal(key, "", n); err != nil {
			return t, err
		}
		switch kind {
		case "vendor":
			t.vendors[id], err = decode(vendorColumns, n, key)
		case "lot":
			t.lots[id], err = decode(lotColumns, n, key)
		case "account":
			t.accounts[id], err = decode(accountColumns, n, key)
		case "binding":
			t.bindings[id], err = decode(bindingColumns, n, key)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func decode[T any](columns []column[T], n *node, key string) (*T, error) {
	if at := unsealed("", fieldsOf(columns), n); at != "" {
		return nil, fmt.Errorf("%s: %s is not sealed: the database was changed from outside; bring back a backup", key, at)
	}
	t := new(T)
	setAll(columns, t, n)
	return t, nil
}

// unsealed finds a secret that stands in a document without having been sealed; empty for none.
func unsealed(path string, fields []Field, n *node) (at string) {
	for _, p := range n.pairs {
		here := join(path, p.name)
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == p.name })
		switch {
		case i < 0:
		case fields[i].Type == TypeSecret && !p.value.secret:
			return here
		case fields[i].Type == TypeKeys:
			for _, k := range p.value.pairs {
				beside := slices.ContainsFunc(fields[i].Fields, func(f Field) bool { return f.Name == k.name })
				if !beside && !k.value.secret {
					return join(here, k.name)
				}
			}
		default:
			if at := unsealed(here, fields[i].Fields, p.value); at != "" {
				return at
			}
		}
	}
	return ""
}

// unseal puts secrets in the places of their sealed forms. Each was sealed for its place, and opens nowhere else.
func (b *Book) unseal(key, path string, n *node) error {
	for _, p := range n.pairs {
		at := join(path, p.name)
		sealed := p.value.get(sealedMark)
		if sealed == nil || sealed.kind != kindText {
			if err := b.unseal(key, at, p.value); err != nil {
				return err
			}
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(sealed.text)
		if err != nil {
			return fmt.Errorf("%s: %s is damaged", key, at)
		}
		secret, err := b.sealer.Open(raw, key+"#"+at)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", key, at, err)
		}
		*p.value = node{text: string(secret), secret: true}
	}
	return nil
}
