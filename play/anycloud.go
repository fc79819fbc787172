package play

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// AnyCloud plays whatever parking system: it prints what it hears and returns one answer to everything.
type AnyCloud struct {
	Say   string    // the answer's body
	Print io.Writer // where requests are printed

	mu    sync.Mutex
	stall stall
}

// Start listens at an address.
func (c *AnyCloud) Start(addr string) error { return c.stall.open(addr, c) }

// Stop closes the listener.
func (c *AnyCloud) Stop() error { return c.stall.close() }

// URL is the base address.
func (c *AnyCloud) URL() string { return c.stall.url }

// ServeHTTP prints a request and answers it.
func (c *AnyCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var head strings.Builder
	for _, name := range []string{"Content-Type", "Idempotency-Key", "Authorization"} {
		if v := r.Header.Get(name); v != "" {
			fmt.Fprintf(&head, "%s: %s\n", name, v)
		}
	}
	c.mu.Lock()
	fmt.Fprintf(c.Print, "%s %s\n%s\n%s\n\n", r.Method, r.URL.RequestURI(), head.String(), body)
	c.mu.Unlock()
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	io.WriteString(w, c.Say)
}

// AnyFarEnd is the name of AnyCloud beside those of FarEnds.
const AnyFarEnd = "any"

// IsFarEnd reports whether a parking system can be played.
func IsFarEnd(name string) bool { return name == AnyFarEnd || slices.Contains(FarEnds(), name) }
