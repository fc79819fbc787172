package guard_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
)

// siteKey is the bytes 0 to 31.
const siteKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// docs is a store of documents in memory, shared by "nodes".
type docs struct {
	mu    sync.Mutex
	revs  map[string]int64
	kept  map[string]map[string][]byte
	reads int
}

func newDocs() *docs {
	return &docs{revs: map[string]int64{}, kept: map[string]map[string][]byte{}}
}

func (d *docs) Docs(_ context.Context, kind string) (map[string][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.kept[kind]), nil
}

func (d *docs) DocsRev(_ context.Context, kind string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	return d.revs[kind], nil
}

func (d *docs) PutDocs(_ context.Context, kind string, expect int64, puts map[string][]byte) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if expect != d.revs[kind] {
		return 0, errors.New("changed in between")
	}
	if d.kept[kind] == nil {
		d.kept[kind] = map[string][]byte{}
	}
	for key, doc := range puts {
		if doc == nil {
			delete(d.kept[kind], key)
		} else {
			d.kept[kind][key] = doc
		}
	}
	d.revs[kind]++
	return d.revs[kind], nil
}

// all is everything that is stored, to look for secrets in.
func (d *docs) all() string { return fmt.Sprintf("%s", d.kept) }

// rows is an audit log in memory.
type rows struct {
	mu   sync.Mutex
	list []row
}

type row struct {
	seq         int64
	entry, hash []byte
}

func (r *rows) AppendAudit(_ context.Context, build func(seq int64, prev []byte) (entry, hash []byte)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var prev []byte
	if n := len(r.list); n > 0 {
		prev = r.list[n-1].hash
	}
	seq := int64(len(r.list) + 1)
	entry, hash := build(seq, prev)
	r.list = append(r.list, row{seq, entry, hash})
	return nil
}

func (r *rows) WalkAudit(_ context.Context, fn func(seq int64, entry, hash []byte) error) error {
	for _, one := range r.list {
		if err := fn(one.seq, one.entry, one.hash); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) AuditBeginnings(ctx context.Context, before int64, limit, bytes int,
	fn func(seq int64, entry, hash []byte) error) error {
	return r.AuditPage(ctx, before, limit, func(seq int64, entry, hash []byte) error {
		return fn(seq, entry[:min(len(entry), bytes)], hash)
	})
}

func (r *rows) AuditPage(_ context.Context, before int64, limit int,
	fn func(seq int64, entry, hash []byte) error) error {
	for i := len(r.list) - 1; i >= 0 && limit > 0; i-- {
		if one := r.list[i]; before == 0 || one.seq < before {
			limit--
			if err := fn(one.seq, one.entry, one.hash); err != nil {
				return err
			}
		}
	}
	return nil
}

// clock is a time that tests move.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	slept  []time.Duration
	gate   chan struct{} // nil: sleepers do not wait
	asleep chan struct{} // gets one for each sleeper that waits
}

// waited is the sleep of a sign-in that is held back.
func (c *clock) waited(d time.Duration) {
	c.mu.Lock()
	c.slept = append(c.slept, d)
	gate := c.gate
	c.mu.Unlock()
	if gate != nil {
		c.asleep <- struct{}{}
		<-gate
	}
}

// waits returns how long sign-ins were held back since the last call.
func (c *clock) waits() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	slept := c.slept
	c.slept = nil
	return slept
}

// hold keeps sleepers asleep until release.
func (c *clock) hold() (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gate, c.asleep = make(chan struct{}), make(chan struct{})
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		close(c.gate)
		c.gate = nil
	})
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// site is one node with a store of its own, or of another node's.
type site struct {
	*guard.Guard
	docs  *docs
	rows  *rows
	clock *clock
}

func newSite(t testing.TB) *site {
	t.Helper()
	return (&site{docs: newDocs(), rows: &rows{}, clock: newClock()}).node(t)
}

// node is another node of the same site.
func (s *site) node(t testing.TB) *site {
	t.Helper()
	g, err := guard.Open(t.Context(), guard.Config{
		Docs: s.docs, Audits: s.rows, Keys: keyring(t, siteKey), Now: s.clock.now, AdminToken: "hush-admin-token",
		Wait: func(_ context.Context, d time.Duration) error { s.clock.waited(d); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	guard.CheapHashes(g)
	return &site{g, s.docs, s.rows, s.clock}
}

func keyring(t testing.TB, text string) *guard.Keyring {
	t.Helper()
	k, err := guard.ParseKeyring(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// assertHush fails where one of the secrets is shown.
func assertHush(t *testing.T, where, shown string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if secret != "" && strings.Contains(shown, secret) {
			t.Errorf("%s shows a secret", where)
		}
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s gives %v, want %v", what, got, want)
	}
}

// Computed with Python's hashlib and hmac from the bytes 0 to 31; see the tests that use them.
const (
	keyNumber   = "68f9557d"
	derivedCSRF = "b48f2c3d9f4b04b1ba7d6431daac6b42803093bc7f38e4257143d9ea665c9884"
	csrfToken   = "pEkPonOrpX8Fg6iACSl5dP0luR1LpdCNO0ueK2LbqtE"
)
