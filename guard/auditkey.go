package guard

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chargestamp/chargestamp/charge"
)

// The log's key and its head are documents beside the log. Who can write the database and has not the site's key can
// neither extend the chain nor make another one, and a log that ends before its head was cut.
const (
	auditKind     = "audit"
	auditKeyDoc   = "key"
	auditHeadDoc  = "head"
	auditKeyBytes = 32
)

// auditKey chains the rows from one number on; rows before are chained by SHA-256 alone, as earlier versions did.
type auditKey struct {
	key  []byte
	from int64
}

// AuditHead is how far the log has come.
type AuditHead struct {
	Rows int64  `json:"rows"`
	Hash string `json:"hash"` // of the last row, hex
}

type provenHead struct {
	AuditHead
	MAC []byte `json:"mac"`
}

// mac proves a head.
func (k auditKey) mac(h AuditHead) []byte {
	m := hmac.New(sha256.New, k.key)
	fmt.Fprintf(m, "head %d %s", h.Rows, h.Hash)
	return m.Sum(nil)
}

// chain is the hash of a row: of its number, the hash before it and the entry's bytes as stored.
func (k auditKey) chain(seq int64, prev, entry []byte) []byte {
	h := sha256.New()
	if len(k.key) > 0 && seq >= k.from {
		h = hmac.New(sha256.New, k.key)
	}
	var n [8]byte
	for _, part := range [][]byte{binary.BigEndian.AppendUint64(nil, uint64(seq)), prev, entry} {
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	return h.Sum(nil)
}

// KeyedFrom is the number of the first row that is chained with the log's key: 1 unless an earlier version began the
// log, 0 where it has no key yet.
func (a *Audit) KeyedFrom() int64 { return a.key.from }

// seal stores a key for the site's current secrets key.
func (k auditKey) seal(keys *Keyring) ([]byte, error) {
	return keys.Seal(binary.BigEndian.AppendUint64(bytes.Clone(k.key), uint64(k.from)), auditKind+"/"+auditKeyDoc)
}

func openAuditKey(keys *Keyring, sealed []byte) (auditKey, error) {
	plain, err := keys.Open(sealed, auditKind+"/"+auditKeyDoc)
	if err == nil && len(plain) != auditKeyBytes+8 {
		err = errors.New("the audit log's key is damaged")
	}
	if err != nil {
		return auditKey{}, fmt.Errorf("open the audit log's key: %w", err)
	}
	return auditKey{plain[:auditKeyBytes], int64(binary.BigEndian.Uint64(plain[auditKeyBytes:]))}, nil
}

// takeKey reads the log's key, or makes one. A log that an earlier version began is taken over as it is, and a row says
// where: it covers the hash of the last row before.
func (a *Audit) takeKey(ctx context.Context) error {
	for {
		rev, err := a.docs.DocsRev(ctx, auditKind)
		if err != nil {
			return fmt.Errorf("read the audit log's key: %w", err)
		}
		stored, err := a.docs.Docs(ctx, auditKind)
		if err != nil {
			return fmt.Errorf("read the audit log's key: %w", err)
		}
		if sealed := stored[auditKeyDoc]; sealed != nil {
			a.key, err = openAuditKey(a.keys, sealed)
			return err
		}
		var last AuditHead
		err = a.rows.AuditPage(ctx, 0, 1, func(seq int64, _, hash []byte) error {
			last = AuditHead{seq, hex.EncodeToString(hash)}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		key := auditKey{make([]byte, auditKeyBytes), last.Rows + 1}
		rand.Read(key.key) // never fails, by its documentation
		sealed, err := key.seal(a.keys)
		if err != nil {
			return err
		}
		if _, err = a.docs.PutDocs(ctx, auditKind, rev, map[string][]byte{auditKeyDoc: sealed}); err == nil {
			a.key = key
			return a.seam(ctx, last)
		}
		if now, revErr := a.docs.DocsRev(ctx, auditKind); revErr != nil || now == rev {
			return fmt.Errorf("store the audit log's key: %w", err)
		}
	}
}

// seam marks where the key begins in a log that is older than it.
func (a *Audit) seam(ctx context.Context, last AuditHead) error {
	if last.Rows == 0 {
		return nil
	}
	seam := Entry{Actor: "local:chargestamp", Action: "audit.seam", Object: fmt.Sprint(last.Rows)}
	return a.Record(ctx, seam.Saying(charge.Say("audit.seam", charge.Text("hash", last.Hash))))
}

// reseal seals the log's key with the site's current one.
func (a *Audit) reseal(ctx context.Context) error {
	rev, err := a.docs.DocsRev(ctx, auditKind)
	if err != nil {
		return fmt.Errorf("seal the audit log's key anew: %w", err)
	}
	sealed, err := a.key.seal(a.keys)
	if err == nil {
		_, err = a.docs.PutDocs(ctx, auditKind, rev, map[string][]byte{auditKeyDoc: sealed})
	}
	if err != nil {
		return fmt.Errorf("seal the audit log's key anew: %w", err)
	}
	return nil
}

// advance stores the head, unless another node has come further.
func (a *Audit) advance(ctx context.Context, head AuditHead) error {
	for {
		rev, err := a.docs.DocsRev(ctx, auditKind)
		if err != nil {
			return fmt.Errorf("write the audit log's head: %w", err)
		}
		stored, err := a.docs.Docs(ctx, auditKind)
		if err != nil {
			return fmt.Errorf("write the audit log's head: %w", err)
		}
		var known provenHead
		if json.Unmarshal(stored[auditHeadDoc], &known) == nil && known.Rows >= head.Rows {
			return nil
		}
		text, err := json.Marshal(provenHead{head, a.key.mac(head)})
		if err != nil {
			return err
		}
		if _, err = a.docs.PutDocs(ctx, auditKind, rev, map[string][]byte{auditHeadDoc: text}); err == nil {
			return nil
		}
		if now, revErr := a.docs.DocsRev(ctx, auditKind); revErr != nil || now == rev {
			return fmt.Errorf("write the audit log's head: %w", err)
		}
	}
}

// head reads the stored head; zero for a log of which none was written.
func (a *Audit) head(ctx context.Context) (AuditHead, error) {
	stored, err := a.docs.Docs(ctx, auditKind)
	if err != nil {
		return AuditHead{}, fmt.Errorf("read the audit log's head: %w", err)
	}
	text := stored[auditHeadDoc]
	if text == nil {
		return AuditHead{}, nil
	}
	var h provenHead
	if err := json.Unmarshal(text, &h); err != nil || !hmac.Equal(h.MAC, a.key.mac(h.AuditHead)) {
		return AuditHead{}, fmt.Errorf("%w: its head was not written with its key", ErrChain)
	}
	return h.AuditHead, nil
}

// Verify reads the whole log. It returns how far the log has come, or ErrChain with the first row that does not follow
// from the one before. Heads that were noted elsewhere must be on the chain, as must the one stored beside the log:
// what ends before them was cut.
func (a *Audit) Verify(ctx context.Context, noted ...AuditHead) (AuditHead, error) {
	stored, err := a.head(ctx)
	if err != nil {
		return AuditHead{}, err
	}
	if stored.Rows > 0 {
		noted = append(noted, stored)
	}
	var last AuditHead
	var prev []byte
	err = a.rows.WalkAudit(ctx, func(seq int64, entry, hash []byte) error {
		if seq != last.Rows+1 {
			return fmt.Errorf("%w: row %d is missing", ErrChain, last.Rows+1)
		}
		if !bytes.Equal(hash, a.key.chain(seq, prev, entry)) {
			return fmt.Errorf("%w: row %d does not fit the row before it", ErrChain, seq)
		}
		last, prev = AuditHead{seq, hex.EncodeToString(hash)}, bytes.Clone(hash)
		for _, n := range noted {
			if n.Rows == seq && n.Hash != last.Hash {
				return fmt.Errorf("%w: row %d is not the one that was noted", ErrChain, seq)
			}
		}
		return nil
	})
	if err != nil {
		return last, err
	}
	for _, n := range noted {
		if n.Rows > last.Rows {
			return last, fmt.Errorf("%w: it ends at row %d, and had come to row %d", ErrChain, last.Rows, n.Rows)
		}
	}
	if stored.Rows == 0 && last.Rows >= a.key.from && len(a.key.key) > 0 {
		return last, fmt.Errorf("%w: its head is missing", ErrChain)
	}
	return last, nil
}

// Head is the newest row's number and hash, and when it was written; zero for an empty log.
func (a *Audit) Head(ctx context.Context) (AuditHead, Entry, error) {
	page, _, err := a.Page(ctx, AuditFilter{Beginning: 1}, 0, 1)
	if err != nil || len(page) == 0 {
		return AuditHead{}, Entry{}, err
	}
	return AuditHead{page[0].Seq, page[0].Hash}, page[0], nil
}
