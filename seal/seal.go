// Package seal holds the seals of the platforms and car parks we talk to: digests, HMACs, AES-CBC, access
// tokens, the sign recipes that sort fields, and the reading of JSON that keeps every byte that was signed.
//
// Nothing here decides what must be sealed; the families and channels do. Every comparison of secrets is in
// constant time. The package imports only the standard library.
package seal

import (
	"crypto/hmac"
	"crypto/md5"  // the platforms' documents say MD5
	"crypto/sha1" // and SHA-1
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
)

// Text is a text or a key: a string, bytes, or a named type of either, such as charge.Secret.
type Text interface{ ~string | ~[]byte }

// MD5Upper is the MD5 of text in 32 upper-case hex digits.
func MD5Upper[T Text](text T) string {
	sum := md5.Sum([]byte(text))
	return upperHex(sum[:])
}

// MD5Lower is the MD5 of text in 32 lower-case hex digits.
func MD5Lower[T Text](text T) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// SHA1Lower is the SHA-1 of text in 40 lower-case hex digits.
func SHA1Lower[T Text](text T) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// SHA256Lower is the SHA-256 of text in 64 lower-case hex digits.
func SHA256Lower[T Text](text T) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// HMACMD5Upper is the HMAC-MD5 of text in 32 upper-case hex digits (T/CEC 102.4-2016, annex C).
func HMACMD5Upper[K, T Text](key K, text T) string {
	sum := hmacMD5([]byte(key), []byte(text))
	return upperHex(sum[:])
}

// HMACMD5Lower is the HMAC-MD5 of text in 32 lower-case hex digits.
func HMACMD5Lower[K, T Text](key K, text T) string {
	sum := hmacMD5([]byte(key), []byte(text))
	return hex.EncodeToString(sum[:])
}

// HMACSHA1Base64 is the HMAC-SHA1 of text in padded standard base64.
func HMACSHA1Base64[K, T Text](key K, text T) string {
	var sum [sha1.Size]byte
	return base64.StdEncoding.EncodeToString(mac(sha1.New, []byte(key), []byte(text), sum[:0]))
}

// S1 is the signature of a car park's HTTP interface: MD5 over the JSON text of "data", then "key=", then the
// secret, in upper-case hex. The text is hashed as it stands; see RawMember and CompactJSON.
func S1[D, K Text](data D, key K) string {
	text := make([]byte, 0, len(data)+len("key=")+len(key))
	text = append(text, data...)
	text = append(text, "key="...)
	text = append(text, key...)
	return MD5Upper(text)
}

// Equal compares in constant time. Only the lengths can leak.
func Equal[A, B Text](a A, b B) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// EqualFold compares in constant time, taking ASCII letters of either case as the same: for hex digits.
func EqualFold[A, B Text](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	var differ byte
	for i := range len(a) {
		differ |= foldASCII(a[i]) ^ foldASCII(b[i])
	}
	return subtle.ConstantTimeByteEq(differ, 0) == 1
}

// foldASCII lowers 'A' to 'Z' without a branch on the byte.
func foldASCII(c byte) byte {
	after := subtle.ConstantTimeLessOrEq('A', int(c))
	before := subtle.ConstantTimeLessOrEq(int(c), 'Z')
	return c | byte(after&before)<<5
}

// hmacMD5 is RFC 2104 over MD5. crypto/hmac keeps its state on the heap, seven allocations a push; this needs one.
func hmacMD5(key, text []byte) [md5.Size]byte {
	if len(key) > md5.BlockSize {
		sum := md5.Sum(key)
		key = sum[:]
	}
	inner := make([]byte, md5.BlockSize, md5.BlockSize+len(text))
	var outer [md5.BlockSize + md5.Size]byte
	copy(inner, key)
	copy(outer[:], key)
	for i := range md5.BlockSize {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	sum := md5.Sum(append(inner, text...))
	copy(outer[md5.BlockSize:], sum[:])
	return md5.Sum(outer[:])
}

func mac(digest func() hash.Hash, key, text, to []byte) []byte {
	h := hmac.New(digest, key)
	h.Write(text)
	return h.Sum(to)
}

func upperHex(b []byte) string {
	const digits = "0123456789ABCDEF"
	var text [2 * sha256.Size]byte
	for i, c := range b {
		text[2*i], text[2*i+1] = digits[c>>4], digits[c&15]
	}
	return string(text[:2*len(b)])
}
