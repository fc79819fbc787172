package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// ErrToken says that an access token is not one of ours, is another account's, or is over.
var ErrToken = errors.New("no valid access token")

// A token is 8 bytes of expiry and 24 bytes of HMAC-SHA256, in hex: the 64 characters of the sample in the
// platforms' papers.
const (
	tokenHead  = 8
	tokenBytes = 32
)

// SealToken makes an access token of 64 hex digits for an account that holds until expiry, in whole seconds.
// Nothing is stored: the token carries its expiry, so a newer one does not kill an older one. key has 32 bytes
// and never leaves the site.
func SealToken(key []byte, account string, expiry time.Time) string {
	var room [tokenHead + sha256.Size]byte // the last bytes of the sum are left out
	binary.BigEndian.PutUint64(room[:], uint64(expiry.Unix()))
	h := hmac.New(sha256.New, key)
	h.Write(room[:tokenHead])
	h.Write([]byte(account))
	token := h.Sum(room[:tokenHead])[:tokenBytes]
	var text [2 * tokenBytes]byte
	hex.Encode(text[:], token)
	return string(text[:])
}

// tokenMark begins what is stored in place of a token.
const tokenMark = "token-mark-"

// MarkToken returns what may be stored in place of an access token: its expiry and a digest, which prove that it was
// right and let nothing in. Another text than a token has no mark, and false.
func MarkToken(token string) (string, bool) {
	if _, err := hex.DecodeString(token); err != nil || len(token) != 2*tokenBytes {
		return "", false
	}
	sum := sha256.Sum256([]byte(token))
	return tokenMark + token[:2*tokenHead] + hex.EncodeToString(sum[:]), true
}

// OpenMark is OpenToken for the mark of a token.
func OpenMark(key []byte, account, mark string, now time.Time) (expiry time.Time, err error) {
	rest, is := strings.CutPrefix(mark, tokenMark)
	var head [tokenHead]byte
	if !is || len(key) == 0 || len(rest) < 2*tokenHead {
		return time.Time{}, ErrToken
	}
	if _, err := hex.Decode(head[:], []byte(rest[:2*tokenHead])); err != nil {
		return time.Time{}, ErrToken
	}
	expiry = time.Unix(int64(binary.BigEndian.Uint64(head[:])), 0)
	token := SealToken(key, account, expiry)
	if want, _ := MarkToken(token); !Equal(want, mark) {
		return time.Time{}, ErrToken
	}
	return OpenToken(key, account, token, now)
}

// IsTokenMark reports whether a text is what MarkToken returns.
func IsTokenMark(text string) bool { return strings.HasPrefix(text, tokenMark) }

// OpenToken checks a token, digit by digit as it was given out, against the account and the time now, and returns
// its expiry. The error is ErrToken, also for an empty key: no token is sealed with nothing.
func OpenToken(key []byte, account, token string, now time.Time) (expiry time.Time, err error) {
	var head [tokenHead]byte
	if len(key) == 0 || len(token) != 2*tokenBytes {
		return time.Time{}, ErrToken
	}
	if _, err := hex.Decode(head[:], []byte(token[:2*tokenHead])); err != nil {
		return time.Time{}, ErrToken
	}
	expiry = time.Unix(int64(binary.BigEndian.Uint64(head[:])), 0)
	if !Equal(SealToken(key, account, expiry), token) || !now.Before(expiry) {
		return time.Time{}, ErrToken
	}
	return expiry, nil
}
