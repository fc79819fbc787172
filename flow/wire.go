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
// not stored. Authorization is: its access token is short-lived, and a replay judges it.
var secretHeaders = []string{"Proxy-Authorization", "Cookie", "Referer", "Forwarded",
	"X-Original-Uri", "X-Original-Url", "X-Rewrite-Url", "X-Forwarded-Uri", "X-Forwarded-Url", "X-Forwarded-Path",
	"X-Envoy-Original-Path", "X-Auth-Token", "X-Api-Key"}

// wire prints a request in the form that the doctor and replay read: headers by name, secrets masked, at most most
// bytes of the body.
func wire(p platform.Push, most int) []byte {
	var b strings.Builder
	b.Grow(min(len(p.Body), most) + 512)
	method := p.Method
	if method == "" {
		method = http.MethodPost
	}
	b.WriteString(method + " " + p.Path)
	if p.PathMark != "" {
		b.WriteString("/" + p.PathMark)
	}
	if p.Query != "" {
		b.WriteString("?" + maskedQuery(p.Query))
	}
	b.WriteString(" HTTP/1.1\r\n")
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		for _, v := range p.Header[name] {
			b.WriteString(name + ": " + maskedHeader(name, v) + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(p.Body[:min(len(p.Body), most)])
	return []byte(b.String())
}

func maskedHeader(name, value string) string {
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
