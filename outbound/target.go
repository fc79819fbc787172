package outbound

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/chargestamp/chargestamp/charge"
)

// target is where a URL leads, worked out once.
type target struct {
	key     string // scheme, host and port: connections are shared by it
	tls     bool
	host    string // for the certificate
	address string // for the dialler
	post    string // the first lines of a POST
}

// targets remembers what was worked out.
type targets struct {
	mu    sync.RWMutex
	known map[string]*target
}

// mostTargets bounds the memory; estates have fewer callbacks.
const mostTargets = 4096

func (t *targets) find(text string) (*target, error) {
	t.mu.RLock()
	known := t.known[text]
	t.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	made, err := newTarget(text)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil || len(t.known) >= mostTargets {
		t.known = map[string]*target{}
	}
	t.known[text] = made
	return made, nil
}

// newTarget reads a URL. Its errors do not quote it: a URL may hold a token.
func newTarget(text string) (*target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, charge.NewFault(charge.Say("outbound.not_url"), "the address is not a URL")
	}
	t := &target{tls: u.Scheme == "https", host: u.Hostname()}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, charge.NewFault(charge.Say("outbound.scheme", charge.Text("scheme", clip(u.Scheme))),
			fmt.Sprintf("the address begins with %q; write http:// or https://", clip(u.Scheme)))
	case t.host == "":
		return nil, charge.NewFault(charge.Say("outbound.no_host"), "the address names no host")
	case u.User != nil:
		return nil, charge.NewFault(charge.Say("outbound.user_name"),
			"the address holds a user name; name and password are not sent this way")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r >= 0x7F }):
		return nil, charge.NewFault(charge.Say("outbound.not_ascii"),
			"the host of the address has letters beyond ASCII; write its xn-- form")
	case port == "" && t.tls:
		port = "443"
	case port == "":
		port = "80"
	}
	t.address = net.JoinHostPort(t.host, port)
	t.key = u.Scheme + " " + t.address
	t.post = "POST " + strings.ReplaceAll(u.RequestURI(), " ", "%20") + " HTTP/1.1\r\nHost: " + u.Host +
		"\r\nUser-Agent: chargestamp\r\n"
	return t, nil
}

// appendPost appends a whole request.
func (t *target) appendPost(b []byte, r Request) []byte {
	b = append(b, t.post...)
	if r.Type != "" {
		b = append(append(append(b, "Content-Type: "...), r.Type...), "\r\n"...)
	}
	if r.Key != "" {
		b = append(append(append(b, "Idempotency-Key: "...), r.Key...), "\r\n"...)
	}
	for _, h := range r.Header {
		b = append(append(append(append(b, h[0]...), ": "...), h[1]...), "\r\n"...)
	}
	b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(r.Body)), 10)
	return append(append(b, "\r\n\r\n"...), r.Body...)
}

// checkHeader refuses what would break out of a header line.
func checkHeader(values ...string) error {
	for _, v := range values {
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7F }) {
			return charge.NewFault(charge.Say("outbound.control"), "a header of the request holds a control character")
		}
	}
	return nil
}

func clip(s string) string {
	const most = 20
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
