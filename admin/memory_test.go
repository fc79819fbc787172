package admin

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/estate"
	"github.com/chargestamp/chargestamp/guard"
)

// memory keeps a guard's documents and audit rows.
type memory struct {
	docs map[string]map[string][]byte
	rev  map[string]int64
	rows [][2][]byte
	fail error
}

func (m *memory) Docs(_ context.Context, kind string) (map[string][]byte, error) {
	return maps.Clone(m.docs[kind]), m.fail
}

func (m *memory) Doc(_ context.Context, kind, key string) ([]byte, error) {
	return m.docs[kind][key], m.fail
}

func (m *memory) PutDocs(_ context.Context, kind string, expect int64, puts map[string][]byte) (int64, error) {
	if m.fail != nil || m.rev[kind] != expect {
		return 0, errors.Join(errors.New("not stored"), m.fail)
	}
	if m.docs[kind] == nil {
		m.docs[kind] = make(map[string][]byte)
	}
	for k, v := range puts {
		if v == nil {
			delete(m.docs[kind], k)
		} else {
			m.docs[kind][k] = v
		}
	}
	m.rev[kind]++
	return m.rev[kind], nil
}

func (m *memory) DocsRev(_ context.Context, kind string) (int64, error) { return m.rev[kind], m.fail }

func (m *memory) AppendAudit(_ context.Context, build func(int64, []byte) ([]byte, []byte)) error {
	var prev []byte
	if n := len(m.rows); n > 0 {
		prev = m.rows[n-1][1]
	}
	entry, hash := build(int64(len(m.rows)+1), prev)
	m.rows = append(m.rows, [2][]byte{entry, hash})
	return m.fail
}

func (m *memory) WalkAudit(context.Context, func(int64, []byte, []byte) error) error { return nil }

func (m *memory) AuditBeginnings(ctx context.Context, before int64, limit, bytes int,
	fn func(seq int64, entry, hash []byte) error) error {
	return m.AuditPage(ctx, before, limit, func(seq int64, entry, hash []byte) error {
		return fn(seq, entry[:min(len(entry), bytes)], hash)
	})
}

func (m *memory) AuditPage(_ context.Context, before int64, limit int, fn func(int64, []byte, []byte) error) error {
	if before <= 0 {
		before = int64(len(m.rows) + 1)
	}
	for seq := min(before-1, int64(len(m.rows))); seq > 0 && limit > 0; seq, limit = seq-1, limit-1 {
		if err := fn(seq, m.rows[seq-1][0], m.rows[seq-1][1]); err != nil {
			return err
		}
	}
	return m.fail
}

// newGuard makes a guard with one token of each role; their secrets are by role.
func newGuard(m *memory) (*guard.Guard, *guard.Keyring, map[guard.Role]string) {
	keys, err := guard.ParseKeyring(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		panic(err)
	}
	m.docs, m.rev = make(map[string]map[string][]byte), make(map[string]int64)
	ctx := context.Background()
	g, err := guard.Open(ctx, guard.Config{Docs: m, Audits: m, Keys: keys, Now: func() time.Time { return now },
		Wait: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		panic(err)
	}
	secrets := make(map[guard.Role]string)
	for _, role := range []guard.Role{guard.RoleViewer, guard.RoleSupport, guard.RoleAdmin} {
		if _, secrets[role], err = g.Tokens.Create(ctx, string(role), role); err != nil {
			panic(err)
		}
	}
	return g, keys, secrets
}

// newBook has one SDK lot and one account bound to it.
func newBook(m *memory, keys *guard.Keyring) *estate.Book {
	doc, err := estate.Parse("test.yaml", []byte(`
version: 1
vendors: [{union_id: "200461", name: Vendor One, ukey: never-shown-ukey}]
lots: [{lot: "200461/1313", name: Lot One, kind: sdk, ckey: never-shown-ckey}]
accounts: [{account: teld-main, platform: telaidian, scope: platform,
  keys: {operator_id: OP, sig_secret: never-shown-sig}}]
bindings: [{account: teld-main, lot: "200461/1313", mode: shadow, rule: {grant: as_pushed}}]
`), nil, nil)
	if err != nil {
		panic(err)
	}
	book := estate.NewBook(&estate.Catalog{Platforms: map[string]estate.Platform{"telaidian": {
		ID: "telaidian", Title: "特来电", Kinds: []charge.LotKind{charge.KindSDK, charge.Kind4G}, Issuer: "account",
		Operator: "operator_id",
		Grants:   []string{"time", "amount"}, Keys: []estate.Key{{Name: "operator_id", Public: true}, {Name: "sig_secret"}},
	}}, Targets: map[string]estate.Target{"cloud": {ID: "cloud", Keys: []estate.Key{{Name: "secret"}}}},
	}, m, keys)
	if _, err := book.Apply(context.Background(), doc, "test", false); err != nil {
		panic(err)
	}
	return book
}
