package console

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// packed sends what is text in fewer bytes to those who take that. What is not text, and streams, go as they are.
func packed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") || r.Header.Get("Range") != "" {
			next.ServeHTTP(w, r)
			return
		}
		p := &packer{ResponseWriter: w, head: r.Method == http.MethodHead}
		defer p.close()
		next.ServeHTTP(p, r)
	})
}

var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed+2) // a level that there is
	return z
}}

// packer is a ResponseWriter that packs from its first byte on, once it knows what it is about.
type packer struct {
	http.ResponseWriter
	head    bool
	started bool
	zip     *gzip.Writer // nil: as it is
}

func (p *packer) WriteHeader(status int) {
	if !p.started {
		p.started = true
		h := p.Header()
		kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
		text := strings.HasPrefix(kind, "text/") && kind != "text/event-stream" || kind == "application/javascript" ||
			kind == "image/svg+xml" || kind == "application/yaml"
		if text && !p.head && h.Get("Content-Encoding") == "" && status != http.StatusNoContent &&
			status != http.StatusNotModified {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			p.zip = packers.Get().(*gzip.Writer)
			p.zip.Reset(p.ResponseWriter)
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *packer) Write(b []byte) (int, error) {
	if !p.started {
		if p.Header().Get("Content-Type") == "" {
			p.Header().Set("Content-Type", http.DetectContentType(b))
		}
		p.WriteHeader(http.StatusOK)
	}
	if p.zip != nil {
		return p.zip.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets a stream reach the connection below.
func (p *packer) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *packer) close() {
	if p.zip != nil {
		_ = p.zip.Close() // the browser has gone
		packers.Put(p.zip)
		p.zip = nil
	}
}

// A form's token is different on every page, so that what a packed page's length shows is no part of it: it is joined
// with as many random bytes.

// maskToken makes a token for one page.
func maskToken(token string) string {
	if token == "" {
		return ""
	}
	pad := make([]byte, len(token))
	rand.Read(pad) // never fails, by its documentation
	return hex.EncodeToString(append(pad, joined(pad, []byte(token))...))
}

// unmaskToken undoes it; empty where that cannot be.
func unmaskToken(masked string) string {
	both, err := hex.DecodeString(masked)
	if err != nil || len(both)%2 != 0 {
		return ""
	}
	half := len(both) / 2
	return string(joined(both[:half], both[half:]))
}

func joined(pad, text []byte) []byte {
	out := make([]byte, len(text))
	for i := range text {
		out[i] = text[i] ^ pad[i]
	}
	return out
}
