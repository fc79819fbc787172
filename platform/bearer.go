package platform

import (
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/seal"
)

// Bearer reads the access token of a push. The scheme's case is free (RFC 9110, 11.1); public clients leave out the
// blank behind it, or the scheme.
func Bearer(h http.Header) (token string, ok bool) {
	token = bearerOf(h.Get("Authorization"))
	return token, token != ""
}

func bearerOf(value string) string {
	const scheme = "Bearer"
	value = strings.TrimSpace(value)
	if len(value) >= len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		value = strings.TrimSpace(value[len(scheme):])
	}
	return value
}

// MarkedAuthorization returns what is stored in place of a header Authorization: the mark of its access token, which a
// replay judges, and nothing of any other text.
func MarkedAuthorization(value string) (string, bool) {
	mark, ok := seal.MarkToken(bearerOf(value))
	return "Bearer " + mark, ok
}
