package guard_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

const otherKey = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

// TestSealIsAESGCM opens a sealed text with the standard library: one byte 1, the key's number, a nonce of 12
// bytes, then AES-256-GCM. The number is the first 4 bytes of SHA-256("chargestamp secrets key number " + key),
// computed with Python.
func TestSealIsAESGCM(t *testing.T) {
	sealed, err := keyring(t, siteKey).Seal([]byte("geheim"), "lot/1/1#ckey")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sealed[:5]); got != "01"+keyNumber {
		t.Errorf("begins with %s, want 01%s", got, keyNumber)
	}
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	block, _ := aes.NewCipher(key)
	gcm, _ := cipher.NewGCM(block)
	plain, err := gcm.Open(nil, sealed[5:17], sealed[17:], []byte("lot/1/1#ckey"))
	if err != nil || string(plain) != "geheim" {
		t.Errorf("opens to %q, %v", plain, err)
	}
}

func TestDerive(t *testing.T) {
	if got := hex.EncodeToString(keyring(t, siteKey).Derive("csrf", 32)); got != derivedCSRF {
		t.Errorf("HKDF gives %s, Python %s", got, derivedCSRF)
	}
}

func TestOpenRefuses(t *testing.T) {
	k := keyring(t, siteKey)
	sealed, _ := k.Seal([]byte("geheim"), "here")
	if _, err := k.Open(sealed, "there"); err == nil {
		t.Error("a secret opens in another place")
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := k.Open(bad, "here"); err == nil {
			t.Errorf("a secret opens with byte %d changed", i)
		}
	}
	_, err := keyring(t, otherKey).Open(sealed, "here")
	wantErr(t, "another key", err, guard.ErrWrongKey)
}

func TestRotation(t *testing.T) {
	sealed, _ := keyring(t, siteKey).Seal([]byte("geheim"), "here")
	both := keyring(t, "# the new one first\n"+otherKey+"\n"+siteKey+"\n")
	if plain, err := both.Open(sealed, "here"); err != nil || string(plain) != "geheim" {
		t.Errorf("the former key does not open: %q, %v", plain, err)
	}
	sealed, _ = both.Seal([]byte("geheim"), "here")
	if _, err := keyring(t, otherKey).Open(sealed, "here"); err != nil {
		t.Errorf("the new key does not seal: %v", err)
	}
}

func TestParseKeyringRefuses(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "short", siteKey[:40], siteKey + "," + siteKey, siteKey + " x"} {
		_, err := guard.ParseKeyring(text)
		if err == nil {
			t.Errorf("takes %q", text)
			continue
		}
		assertHush(t, "the error", err.Error(), siteKey, siteKey[:40])
	}
}

func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "data", "secrets.key")
	made, err := guard.OpenKeyring("", file)
	if err != nil || made.Made() != file {
		t.Fatalf("made %q: %v", made.Made(), err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file is %v, %v", info.Mode(), err)
	}
	again, err := guard.OpenKeyring("", file)
	if err != nil || again.Made() != "" {
		t.Fatalf("read again: %v", err)
	}
	sealed, _ := made.Seal([]byte("geheim"), "x")
	if _, err := again.Open(sealed, "x"); err != nil {
		t.Error("the key in the file is another one")
	}
	for mode, taken := range map[os.FileMode]bool{0o400: true, 0o640: true, 0o440: true, 0o644: false, 0o604: false,
		0o660: false, 0o620: false, 0o602: false, 0o601: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		k, err := guard.OpenKeyring("", file)
		if (err == nil) != taken || !taken && !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("a key of mode %04o: %v", mode, err)
		}
		if taken && k.Shared() != (mode&0o040 != 0) {
			t.Errorf("a key of mode %04o is warned of: %t", mode, k.Shared())
		}
	}
	if k, err := guard.OpenKeyring(siteKey, file); err != nil || k.Made() != "" {
		t.Errorf("the environment goes first: %v", err)
	}
	if _, err := guard.OpenKeyring("rubbish", file); err == nil ||
		!strings.Contains(err.Error(), "CHARGESTAMP_SECRETS_KEY") {
		t.Errorf("a bad key in the environment: %v", err)
	}
}

func TestKeyMustFitWhatIsStored(t *testing.T) {
	ctx, d := t.Context(), newDocs()
	for range 2 {
		if err := keyring(t, siteKey).Check(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, "another key", keyring(t, otherKey).Check(ctx, d), guard.ErrWrongKey)
	if err := keyring(t, otherKey+","+siteKey).Check(ctx, d); err != nil {
		t.Errorf("new and former key: %v", err)
	}
	file := filepath.Join(t.TempDir(), "secrets.key")
	made, err := guard.OpenKeyring("", file)
	if err != nil {
		t.Fatal(err)
	}
	wantErr(t, "a key made beside old data", made.Check(ctx, d), guard.ErrWrongKey)
	if _, err := os.Stat(file); err == nil {
		t.Error("the useless key file was left behind")
	}
}
