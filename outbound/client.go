// Package outbound is the way out of the process over HTTP: callbacks to car parks, reports to platforms,
// alerts. It is guarded against being led to addresses inside the house, follows no redirects, bounds every
// answer, and says of each failure whether the request had left.
//
// It speaks HTTP/1.1 on connections of its own instead of through http.Transport, for two reasons. A callback
// may not be sent twice behind our back, and we must know whether it was sent at all: Transport resends on a
// kept connection that breaks when the request carries an Idempotency-Key. And a callback is one of the two
// great costs of a charge: one goroutine that writes and reads takes half of the time and a quarter of the
// allocations of Transport's three (BenchmarkPost, BenchmarkTransport).
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Options are the limits of a client; zero fields have the defaults named.
type Options struct {
	Timeout        time.Duration // for all of an exchange, from looking the name up to the last byte; 5 s
	MaxIdlePerHost int           // kept connections; 16
	// IdleFor is how long an unused connection is kept; 4 s. Car parks' servers hang up after 5 s and more,
	// and a request that crosses a hang-up on the wire has left and gets no answer.
	IdleFor   time.Duration
	MaxAnswer int64       // bytes of an answer's body; 64 KiB
	TLS       *tls.Config // for its roots; nil is the system's
}

// Client makes guarded requests. It is safe for use by many goroutines.
type Client struct {
	opt     Options
	targets targets
	pool    pool
}

// NewClient makes a client.
func NewClient(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxIdlePerHost <= 0 {
		o.MaxIdlePerHost = 16
	}
	if o.IdleFor <= 0 {
		o.IdleFor = 4 * time.Second
	}
	if o.MaxAnswer <= 0 {
		o.MaxAnswer = 64 << 10
	}
	c := &Client{opt: o}
	c.pool.perHost, c.pool.idleFor = o.MaxIdlePerHost, o.IdleFor
	return c
}

// Close closes the kept connections; requests under way end by themselves.
func (c *Client) Close() { c.pool.close() }

// Request is a POST.
type Request struct {
	URL  string
	Type string // Content-Type
	Key  string // Idempotency-Key; empty for none
	// Header are more lines of the head, name and value.
	Header [][2]string
	Body   []byte
	Allow  []netip.Prefix // addresses that may be dialled though they are not public
}

// Response is an answer, whatever its status; redirects are answers like others.
type Response struct {
	Status int
	Body   []byte
}

// Error says why there is no answer.
type Error struct {
	// Sent says that the whole request had left: the other side may have acted on it.
	Sent bool
	// NoAnswer says that the time ran out or the connection broke after the request had left. Without it and
	// with Sent the answer was no HTTP, or too long.
	NoAnswer bool
	// Begun is how the body of an answer begins that is too long, at most 1 KiB.
	Begun []byte
	Err   error
}

// Error returns the cause.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrTooLong says that an answer is longer than 64 KiB; it is not read.
var ErrTooLong = charge.NewFault(charge.Say("outbound.too_long"), "the answer is too long")

// Errors that have nothing to add.
var (
	errBroken  = charge.NewFault(charge.Say("outbound.broken"), "the connection broke before the answer")
	errTime    = charge.NewFault(charge.Say("outbound.no_answer"), "no answer in time")
	errNotHTTP = charge.NewFault(charge.Say("outbound.not_http"), "the answer is not HTTP")
)

// Post sends a request once and reads the answer. Every error is an *Error.
func (c *Client) Post(ctx context.Context, r Request) (Response, error) {
	t, err := c.targets.find(r.URL)
	if err == nil {
		err = checkHeader(r.Type, r.Key)
	}
	for _, h := range r.Header {
		if err == nil {
			err = checkHeader(h[0], h[1])
		}
	}
	if err != nil {
		return Response{}, &Error{Err: err}
	}
	//nolint:bodyclose // exchange has read the body, and the connection is the pool's
	head, body, err := c.exchange(ctx, t, r.Allow, func(b []byte) []byte { return t.appendPost(b, r) })
	if err != nil {
		return Response{}, err
	}
	return Response{Status: head.StatusCode, Body: body}, nil
}

// RoundTrip makes the client a transport for http.Client, with the allow list of the request's context. The
// answer's body has been read.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	var wire bytes.Buffer
	err := r.Write(&wire) // reads and closes the body
	if err != nil {
		return nil, err
	}
	t, err := c.targets.find(r.URL.String())
	if err != nil {
		return nil, err
	}
	head, body, err := c.exchange(r.Context(), t, allowed(r.Context()),
		func(b []byte) []byte { return append(b, wire.Bytes()...) })
	if err != nil {
		return nil, err
	}
	head.Request, head.Body = r, io.NopCloser(bytes.NewReader(body))
	return head, nil
}

// HTTP is an http.Client on top of this client. It follows no redirects: they are answers.
func (c *Client) HTTP() *http.Client {
	return &http.Client{
		Transport:     c,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// exchange sends what write appends and reads the answer. A kept connection that did not take the whole
// request is replaced by a new one; a request that has left is never sent again.
func (c *Client) exchange(ctx context.Context, t *target, allow []netip.Prefix,
	write func([]byte) []byte) (*http.Response, []byte, error) {
	if err := ctx.Err(); err != nil { // a kept connection may be quicker than a context that is over
		return nil, nil, &Error{Err: dialError(err)}
	}
	deadline := time.Now().Add(c.opt.Timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if kept := c.pool.get(t.key, allow, deadline); kept != nil {
		head, body, err := c.try(ctx, kept, t, write)
		if failed := (*Error)(nil); !errors.As(err, &failed) || failed.Sent || ctx.Err() != nil {
			return head, body, err
		}
	}
	fresh, err := c.dial(ctx, t, allow, deadline)
	if err != nil {
		return nil, nil, &Error{Err: err}
	}
	return c.try(ctx, fresh, t, write)
}

// try makes one exchange and keeps the connection if it may serve again.
func (c *Client) try(ctx context.Context, conn *conn, t *target, write func([]byte) []byte) (*http.Response, []byte,
	error) {
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	}
	head, body, err := conn.exchange(write, c.opt.MaxAnswer)
	if undisturbed := stop(); err == nil && undisturbed && conn.reusable(head) {
		c.pool.put(t.key, conn)
	} else {
		conn.Close()
	}
	return head, body, err
}

// dial opens a connection whose address the allow list lets through.
func (c *Client) dial(ctx context.Context, t *target, allow []netip.Prefix, deadline time.Time) (*conn, error) {
	dialer := net.Dialer{
		Deadline: deadline,
		Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return Check(at.Addr(), allow)
		},
	}
	plain, err := dialer.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, dialError(err)
	}
	_ = plain.SetDeadline(deadline)
	wrapped, err := c.secure(ctx, t, plain)
	if err != nil {
		plain.Close()
		return nil, err
	}
	return newConn(plain, wrapped)
}

// dialError keeps a refusal apart from everything that may pass.
func dialError(err error) error {
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		return refused
	}
	return &failure{dialNote(err), err}
}

// failure is an error of Go's own, in words for people.
type failure struct {
	note charge.Note
	error
}

// Note returns the words for people.
func (f *failure) Note() charge.Note { return f.note }

// Unwrap returns the error.
func (f *failure) Unwrap() error { return f.error }

// dialNote says why a connection could not be made.
func dialNote(err error) charge.Note {
	var name *net.DNSError
	var timed net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return charge.Say("outbound.refused")
	case errors.As(err, &name):
		return charge.Say("outbound.no_name", charge.Text("host", name.Name))
	case errors.As(err, &timed) && timed.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return charge.Say("outbound.no_connection")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return charge.Say("outbound.unreachable")
	}
	var system syscall.Errno
	switch {
	case errors.Is(err, context.Canceled):
		return charge.Say("outbound.given_up")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return charge.Say("outbound.broken")
	case errors.As(err, &system):
		return charge.Say("outbound.system", charge.Count("number", int(system)))
	}
	return charge.Say("outbound.failed")
}

// tlsNote says why a TLS handshake failed.
func tlsNote(err error) charge.Note {
	var stranger x509.UnknownAuthorityError
	var other x509.HostnameError
	var bad x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	var timed net.Error
	var alert tls.AlertError
	switch {
	case errors.As(err, &stranger):
		return charge.Say("outbound.tls_authority")
	case errors.As(err, &other):
		return charge.Say("outbound.tls_name", charge.Text("host", other.Host))
	case errors.As(err, &bad) && bad.Reason == x509.Expired:
		return charge.Say("outbound.tls_expired")
	case errors.As(err, &bad):
		return charge.Say("outbound.tls_certificate")
	case errors.As(err, &plain):
		return charge.Say("outbound.tls_plain")
	case errors.As(err, &timed) && timed.Timeout():
		return charge.Say("outbound.no_answer")
	case errors.As(err, &alert):
		return charge.Say("outbound.tls_alert", charge.Count("number", int(alert)))
	}
	return charge.Say("outbound.tls")
}

// secure does the TLS handshake where the target wants one.
func (c *Client) secure(ctx context.Context, t *target, plain net.Conn) (net.Conn, error) {
	if !t.tls {
		return plain, nil
	}
	config := &tls.Config{}
	if c.opt.TLS != nil {
		config = c.opt.TLS.Clone()
	}
	config.ServerName, config.NextProtos = t.host, []string{"http/1.1"}
	secured := tls.Client(plain, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, &failure{tlsNote(err), err}
	}
	return secured, nil
}
