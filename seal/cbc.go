package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
)

// ErrCipher is the one error of DecryptCBC: a caller who could distinguish a bad length from a bad padding could read
// messages by asking (Vaudenay's padding oracle).
var ErrCipher = errors.New("does not decrypt")

// ErrKey says that a key or IV of AES-128 is not 16 bytes long. It speaks of our own configuration, never of
// what came in.
var ErrKey = errors.New("an AES-128 key and its IV have 16 bytes each")

// EncryptCBC encrypts with AES-128-CBC and PKCS#7 padding. Key and IV are raw bytes, 16 each, never hex or
// base64. The error is ErrKey.
func EncryptCBC[K, P Text](key, iv K, plain P) ([]byte, error) {
	block, err := aes128(key, iv)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	sealed := make([]byte, len(plain)+pad)
	n := copy(sealed, plain)
	for ; n < len(sealed); n++ {
		sealed[n] = byte(pad)
	}
	cipher.NewCBCEncrypter(block, []byte(iv)).CryptBlocks(sealed, sealed)
	return sealed, nil
}

// DecryptCBC opens what EncryptCBC sealed; sealed itself is left as it is. The error is ErrKey, or ErrCipher
// for whatever else is wrong, with the padding looked at in constant time.
func DecryptCBC[K, S Text](key, iv K, sealed S) ([]byte, error) {
	block, err := aes128(key, iv)
	if err != nil {
		return nil, err
	}
	if len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, ErrCipher
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, []byte(iv)).CryptBlocks(plain, []byte(sealed))
	pad, ok := padding(plain)
	if !ok {
		return nil, ErrCipher
	}
	return plain[:len(plain)-pad], nil
}

// padding reads PKCS#7 padding. All sixteen bytes are looked at, whatever the last one says.
func padding(plain []byte) (n int, ok bool) {
	last := plain[len(plain)-aes.BlockSize:]
	n = int(last[aes.BlockSize-1])
	good := subtle.ConstantTimeLessOrEq(1, n) & subtle.ConstantTimeLessOrEq(n, aes.BlockSize)
	for i, c := range last {
		inside := subtle.ConstantTimeLessOrEq(aes.BlockSize-i, n)
		good &= 1 - inside + inside*subtle.ConstantTimeByteEq(c, byte(n))
	}
	return n, good == 1
}

func aes128[K Text](key, iv K) (cipher.Block, error) {
	if len(key) != 16 || len(iv) != aes.BlockSize {
		return nil, ErrKey
	}
	return aes.NewCipher([]byte(key))
}
