package apitest

import (
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestCheck wants each way in which an answer can leave the description to be seen.
func TestCheck(t *testing.T) {
	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	const (
		asJSON = "application/json"
		made   = `{"id":"7","name":"ci","role":"viewer","created_at":"2026-01-31T00:00:00Z","last_used_at":null,`
		token  = made + `"revoked_at":null,"token":"cs_x"}`
	)
	for name, tc := range map[string]struct {
		method, path string
		status       int
		kind, body   string
		wrong        string // a part of the error; empty is none
	}{
		"right":            {"POST", "/api/v1/tokens", 200, asJSON, token, ""},
		"with a query":     {"GET", "/api/v1/tokens?limit=3", 200, asJSON, `{"items":[],"next":"","prev":""}`, ""},
		"another listener": {"GET", "/healthz", 200, "text/plain", "ok", ""},
		"unknown path":     {"GET", "/api/v1/nothing", 404, problemKind, `{"title":"Not Found","status":404}`, ""},
		"unknown, no document": {"GET", "/api/v1/nothing", 404, "text/plain", `not found`,
			"not a problem document"},
		"unknown method": {"PUT", "/api/v1/tokens", 200, asJSON, token, "no such operation"},
		"unknown status": {"POST", "/api/v1/tokens", 418, problemKind, `{}`, "status is not described"},
		"unknown kind":   {"POST", "/api/v1/tokens", 200, "text/html; charset=utf-8", `<p>`, "kind of content"},
		"a field more":   {"POST", "/api/v1/tokens", 200, asJSON, strings.Replace(token, "{", `{"more":1,`, 1), "more"},
		"a field less":   {"POST", "/api/v1/tokens", 200, asJSON, `{"id":"7"}`, "missing"},
		"not a time": {"GET", "/api/v1/tokens", 200, asJSON,
			strings.Replace(`{"items":[`+made+`"revoked_at":null}],"next":"","prev":""}`, "2026-01-31T00:00:00Z", "soon", 1),
			"date-time"},
		"cut": {"GET", "/api/v1/tokens", 200, asJSON, `{"items":[`, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			err := d.Check(Answer{Method: tc.method, Path: tc.path, Status: tc.status,
				Header: http.Header{"Content-Type": {tc.kind}}, Body: []byte(tc.body)})
			if tc.wrong == "" && err != nil || tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)) {
				t.Errorf("found %v, want %q", err, tc.wrong)
			}
		})
	}
}
