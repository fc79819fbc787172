package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// tokenVault keeps parking systems' access tokens in the store, sealed, for this node's next start and for other nodes.
type tokenVault struct {
	docs    keyDocs
	keyring *guard.Keyring
}

// tokenKind is the kind of the documents, one for whom each token was given to.
const tokenKind = "target_token"

// keptToken is a document.
type keptToken struct {
	Sealed []byte    `json:"sealed"`
	Until  time.Time `json:"until"`
}

// Token finds a token; an empty one where there is none, or none that can be opened.
func (v tokenVault) Token(ctx context.Context, name string) (charge.Secret, time.Time, error) {
	docs, err := v.docs.Docs(ctx, tokenKind)
	if err != nil {
		return "", time.Time{}, err
	}
	var kept keptToken
	if json.Unmarshal(docs[name], &kept) != nil {
		return "", time.Time{}, nil
	}
	plain, err := v.keyring.Open(kept.Sealed, tokenKind+" "+name)
	return charge.Secret(plain), kept.Until, err
}

// KeepToken keeps a token in place of the one before. Where another node keeps one at the same moment, that one stays.
func (v tokenVault) KeepToken(ctx context.Context, name string, token charge.Secret, until time.Time) error {
	sealed, err := v.keyring.Seal(token.Bytes(), tokenKind+" "+name)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(keptToken{sealed, until})
	if err != nil {
		return err
	}
	rev, err := v.docs.DocsRev(ctx, tokenKind)
	if err != nil {
		return err
	}
	_, err = v.docs.PutDocs(ctx, tokenKind, rev, map[string][]byte{name: doc})
	return err
}
