package guard

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyring is the site's secrets key, or several while one is being changed for another: the first seals,
// all of them open. It is what every stored secret is sealed with (AES-256-GCM).
type Keyring struct {
	aead    tink.AEAD
	primary []byte
	several bool
	made    string // the file that was just made; empty where the key was there
	shared  bool   // its file can be read by the group
}

// keyBytes is the length of a key.
const keyBytes = 32

// ErrWrongKey says that the site's secrets key does not open what is stored.
var ErrWrongKey = errors.New("the site's secrets key does not open what is stored")

// ParseKeyring reads keys as `openssl rand -base64 32` writes them, separated by spaces, commas or lines, the
// current one first. A line that begins with # is a comment.
func ParseKeyring(text string) (*Keyring, error) {
	var keys [][]byte
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.FieldsFunc(line,
			func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\r' }) {
			key, err := base64.StdEncoding.DecodeString(word)
			if err != nil || len(key) != keyBytes {
				return nil, fmt.Errorf("a secrets key must be %d bytes in base64; make one with: openssl rand -base64 %d", keyBytes,
					keyBytes)
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no secrets key found; make one with: openssl rand -base64 %d", keyBytes)
	}
	return newKeyring(keys)
}

func newKeyring(keys [][]byte) (*Keyring, error) {
	params, err := aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: keyBytes, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink,
	})
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManager()
	var first uint32
	for i, raw := range keys {
		// The number stands before every sealed text and says which key opens it.
		sum := sha256.Sum256(append([]byte("chargestamp secrets key number "), raw...))
		id := binary.BigEndian.Uint32(sum[:])
		key, err := aesgcm.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), id, params)
		if err != nil {
			return nil, err
		}
		if _, err := manager.AddKey(key); err != nil {
			return nil, fmt.Errorf("secrets key %d is given twice", i+1)
		}
		if i == 0 {
			first = id
		}
	}
	if err := manager.SetPrimary(first); err != nil {
		return nil, err
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, err
	}
	sealer, err := aead.New(handle)
	if err != nil {
		return nil, err
	}
	return &Keyring{aead: sealer, primary: keys[0], several: len(keys) > 1}, nil
}

// OpenKeyring takes the keys in env where that is not empty, else those in the file, which is made with a new
// key, mode 0600, where it is not there. A file that everybody can read is refused.
func OpenKeyring(env, file string) (*Keyring, error) {
	if strings.TrimSpace(env) != "" {
		k, err := ParseKeyring(env)
		if err != nil {
			return nil, fmt.Errorf("CHARGESTAMP_SECRETS_KEY: %w", err)
		}
		return k, nil
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeyring(file)
	}
	if err != nil {
		return nil, fmt.Errorf("secrets key: %w", err)
	}
	if info.Mode().Perm()&0o027 != 0 {
		return nil, fmt.Errorf("secrets key %s can be read by everybody or written by others (mode %04o); "+
			"change that with: chmod 600 %s, and think of the key as known", file, info.Mode().Perm(), file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("secrets key: %w", err)
	}
	k, err := ParseKeyring(string(text))
	if err != nil {
		return nil, fmt.Errorf("secrets key %s: %w", file, err)
	}
	k.shared = info.Mode().Perm()&0o040 != 0
	return k, nil
}

// Shared reports whether the key's file can be read by its group, as mounted secrets often are.
func (k *Keyring) Shared() bool { return k.shared }

func makeKeyring(file string) (*Keyring, error) {
	key := make([]byte, keyBytes)
	rand.Read(key)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("secrets key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("secrets key: %w", err)
	}
	_, err = fmt.Fprintf(f, "# The key that seals this site's secrets. Keep a copy in a safe place: "+
		"a backup without it cannot be opened.\n%s\n",
		base64.StdEncoding.EncodeToString(key))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("secrets key: %w", err)
	}
	k, err := newKeyring([][]byte{key})
	if err == nil {
		k.made = file
	}
	return k, err
}

// Changing reports whether there is more than one key: then what is stored is to be sealed anew.
func (k *Keyring) Changing() bool { return k.several }

// Made is the file that OpenKeyring has just made; empty where the key was there.
func (k *Keyring) Made() string { return k.made }

// Seal makes a secret unreadable. ad ties it to its place: it opens with the same ad only.
func (k *Keyring) Seal(plain []byte, ad string) ([]byte, error) {
	return k.aead.Encrypt(plain, []byte(ad))
}

// Open is the way back; ErrWrongKey where key or place is another.
func (k *Keyring) Open(sealed []byte, ad string) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, []byte(ad))
	if err != nil {
		return nil, ErrWrongKey
	}
	return plain, nil
}

// Derive returns n bytes of a key for another purpose, always the same for one label and one current key.
func (k *Keyring) Derive(label string, n int) []byte {
	key, err := hkdf.Key(sha256.New, k.primary, nil, "chargestamp "+label, n)
	if err != nil {
		panic(err) // n is beyond what HKDF can make: a mistake in the program
	}
	return key
}

const (
	checkKind = "guard"
	checkKey  = "secrets_key"
	checkText = "this site's secrets key"
)

// Check proves that the key is the one that the stored secrets were sealed with, and remembers it where
// nothing is stored yet. A key file that was made for nothing is taken away again.
func (k *Keyring) Check(ctx context.Context, docs Docs) error {
	for {
		rev, err := docs.DocsRev(ctx, checkKind)
		if err != nil {
			return fmt.Errorf("check the secrets key: %w", err)
		}
		stored, err := docs.Docs(ctx, checkKind)
		if err != nil {
			return fmt.Errorf("check the secrets key: %w", err)
		}
		if sealed := stored[checkKey]; sealed != nil {
			return k.prove(sealed)
		}
		sealed, err := k.Seal([]byte(checkText), checkKey)
		if err != nil {
			return err
		}
		if _, err = docs.PutDocs(ctx, checkKind, rev, map[string][]byte{checkKey: sealed}); err == nil {
			return nil
		}
		if now, revErr := docs.DocsRev(ctx, checkKind); revErr != nil || now == rev {
			return fmt.Errorf("check the secrets key: %w", err)
		}
	}
}

// renew seals the proof of the key anew with the current one.
func (k *Keyring) renew(ctx context.Context, docs Docs) error {
	rev, err := docs.DocsRev(ctx, checkKind)
	if err != nil {
		return fmt.Errorf("renew the proof of the secrets key: %w", err)
	}
	sealed, err := k.Seal([]byte(checkText), checkKey)
	if err != nil {
		return err
	}
	if _, err := docs.PutDocs(ctx, checkKind, rev, map[string][]byte{checkKey: sealed}); err != nil {
		return fmt.Errorf("renew the proof of the secrets key: %w", err)
	}
	return nil
}

func (k *Keyring) prove(sealed []byte) error {
	plain, err := k.Open(sealed, checkKey)
	if err == nil && bytes.Equal(plain, []byte(checkText)) {
		return nil
	}
	if k.made != "" {
		_ = os.Remove(k.made)
		return fmt.Errorf("%w: there was no key at %s; bring back the one of this site", ErrWrongKey, k.made)
	}
	return fmt.Errorf("%w: give the key of this site (CHARGESTAMP_SECRETS_KEY or the key file), "+
		"after a change the former one too, behind the new", ErrWrongKey)
}
