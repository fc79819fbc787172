package desk

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp/guard"
)

// veil is an answer in which what looks like a plate is masked, once a viewer turns out to be asking. It works line by
// line: what stands on an unfinished line waits for its end, or for that of the answer.
type veil struct {
	http.ResponseWriter
	lowered bool
	masks   bool // set with the header: a text for a viewer
	begun   bool
	line    []byte
}

type veilKey struct{}

// Veil wraps every answer of a handler; see LowerVeil.
func Veil(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &veil{ResponseWriter: w}
		next.ServeHTTP(v, r.WithContext(context.WithValue(r.Context(), veilKey{}, v)))
		v.end()
	})
}

// LowerVeil masks plates in the answer to a request of somebody who may not see them.
func LowerVeil(ctx context.Context, who guard.Identity) {
	if v, ok := ctx.Value(veilKey{}).(*veil); ok {
		v.lowered = v.lowered || who.Role != "" && !Allows(who.Role, guard.RoleSupport)
	}
}

// WriteHeader decides by the answer's type whether it is looked through.
func (v *veil) WriteHeader(status int) {
	if !v.begun {
		kind := v.Header().Get("Content-Type")
		v.masks = v.lowered && (kind == "" || strings.HasPrefix(kind, "text/") || strings.Contains(kind, "json") ||
			strings.Contains(kind, "yaml"))
		if v.masks {
			v.Header().Del("Content-Length")
		}
	}
	v.begun = true
	v.ResponseWriter.WriteHeader(status)
}

// Write writes the lines that are whole.
func (v *veil) Write(b []byte) (int, error) {
	if !v.begun {
		v.WriteHeader(http.StatusOK)
	}
	if !v.masks {
		return v.ResponseWriter.Write(b)
	}
	v.line = append(v.line, b...)
	whole := bytes.LastIndexByte(v.line, '\n') + 1
	if whole == 0 {
		return len(b), nil
	}
	if _, err := v.ResponseWriter.Write(HidePlates(v.line[:whole])); err != nil {
		return 0, err
	}
	v.line = append(v.line[:0], v.line[whole:]...)
	return len(b), nil
}

// end writes what is left.
func (v *veil) end() {
	if len(v.line) > 0 {
		_, _ = v.ResponseWriter.Write(HidePlates(v.line)) // who asked may be gone
		v.line = nil
	}
}

// Unwrap lets http.ResponseController reach the connection: streams flush and set deadlines.
func (v *veil) Unwrap() http.ResponseWriter { return v.ResponseWriter }
