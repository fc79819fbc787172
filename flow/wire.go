package flow

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chargestamp/chargestamp/platform"
)

// maskedText stands where a secret stood.
const maskedText = "(masked)"

// secretHeaders hold what lets somebody in, or the address that a proxy was asked for with a path token in it. They are
// not stored. Of Authorization the mark of the access token is, for a replay.
var secretHeaders = []string{"Proxy-Authorization", "Cookie", "Referer", "Forwarded",
	"X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Uri", "X-Forwarded-Url", "X-Forwarded-Path",
	"X-Envoy-Original-Path", "X-Auth-Token", "X-Api-Key"}

// wire prints a request in the form that the doctor and replay read: headers by name, secrets masked, at most most
// bytes of the body.
func wire(p platform.Push, most int) []byte {
	b := make([]byte, 0, min(len(p.Body), most)+512)
	method := p.Method
	if method == "" {
		method = http.MethodPost
	}
	b = append(append(append(b, method...), ' '), p.Path...)
	if p.PathMark != "" {
		b = append(append(b, '/'), p.PathMark...)
	}
	if p.Query != "" {
		b = append(append(b, '?'), maskedQuery(p.Query)...)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		for _, v := range p.Header[name] {
			b = append(append(append(append(b, name...), ": "...), maskedHeader(name, v)...), "\r\n"...)
		}
	}
	b = append(b, "\r\n"...)
	return append(b, p.Body[:min(len(p.Body), most)]...)
}

func maskedHeader(name, value string) string {
	if http.CanonicalHeaderKey(name) == "Authorization" {
		if marked, is := platform.MarkedAuthorization(value); is {
			return marked
		}
		return maskedText
	}
	if slices.Contains(secretHeaders, http.CanonicalHeaderKey(name)) {
		return maskedText
	}
	return value
}

// maskedQuery masks the values of parameters whose names tell of a secret; all of a query that cannot be read.
func maskedQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		rawName, _, found := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return maskedText
		}
		low := strings.ToLower(name)
		for _, word := range []string{"token", "secret", "password", "auth", "key"} {
			if found && strings.Contains(low, word) {
				parts[i] = rawName + "=" + maskedText
			}
		}
	}
	return strings.Join(parts, "&")
}
