package seal

import (
	"bytes"
	"encoding/json"
)

// PrintJSON is compact JSON without the escapes that are only for HTML: who prints it again before it checks a
// signature gets the same. It is for values that always encode, and panics where one does not.
func PrintJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
