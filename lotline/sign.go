package lotline

import (
	"crypto/md5" // the SDK book says MD5
	"encoding/hex"
	"strings"
)

// Sign is the signature of an uplink: MD5 over the JSON text of data, "key=" and the key, in upper-case hex.
func Sign(data []byte, key string) string {
	text := append(append(append([]byte(nil), data...), "key="...), key...)
	sum := md5.Sum(text)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
