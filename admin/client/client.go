// Package client is the one client of the admin API (docs/api.md): for the command line, the players, the demo and
// the benchmarks.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// callTimeout bounds one call.
const callTimeout = time.Minute

// SocketName is the file in a data folder over which a running server answers callers of its own machine, without a
// token.
const SocketName = "admin.sock"

// ErrAddress means that a client was made with something that is no address of a server.
var ErrAddress = errors.New("not an address of a server")

// Client calls one server. Safe for concurrent use.
type Client struct {
	Base  string // "http://127.0.0.1:8081"
	Token string // an API token; empty over the local socket
	HTTP  *http.Client
}

// New returns a client of a server at an address with or without "http://" before it.
func New(address, token string) *Client {
	return &Client{Base: BaseURL(address), Token: token, HTTP: &http.Client{Timeout: callTimeout}}
}

// BaseURL makes "http://127.0.0.1:8080" of an address that may lack the scheme or end in a slash.
func BaseURL(address string) string {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return strings.TrimRight(address, "/")
}

// Local returns a client of the server that holds a data folder, over its socket, or nil where no server does. It has
// no time limit: a backup may take minutes.
func Local(data string) *Client {
	socket := filepath.Join(data, SocketName)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil
	}
	conn.Close()
	return &Client{Base: "http://local", HTTP: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Get fetches path with a query into v; see Call.
func (c *Client) Get(ctx context.Context, path string, query url.Values, v any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.Call(ctx, http.MethodGet, path, nil, v)
}

// Post sends JSON, or an estate document where body is []byte, and reads the answer into v; see Call.
func (c *Client) Post(ctx context.Context, path string, body, v any) error {
	return c.Call(ctx, http.MethodPost, path, body, v)
}

// Call makes one request. A body of []byte is sent as YAML (JSON is YAML too), nil as none, anything else as JSON. The
// answer goes into v: nil drops it, *[]byte takes it as it is, a func(io.Reader) error reads it, anything else is
// decoded from JSON. An answer of 400 or above is a *Problem.
func (c *Client) Call(ctx context.Context, method, path string, body, v any) error {
	raw, kind, err := encode(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, unquoted(err))
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers at %s (is it running, and is --server right?): %w", c.address(),
			unquoted(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		return readProblem(resp)
	}
	return decode(resp.Body, v)
}

// address is where the server is, without a password that may stand in it.
func (c *Client) address() string {
	u, err := url.Parse(c.Base)
	if err != nil {
		return "its address"
	}
	u.User = nil
	return u.String()
}

// unquoted is an error without the address that it quotes, which may hold a password.
func unquoted(err error) error {
	if quoting := (*url.Error)(nil); errors.As(err, &quoting) {
		return quoting.Err
	}
	return err
}

func encode(body any) (raw []byte, kind string, err error) {
	switch b := body.(type) {
	case nil:
		return nil, "", nil
	case []byte:
		return b, "application/yaml", nil
	}
	raw, err = json.Marshal(body)
	return raw, "application/json", err
}

func decode(body io.Reader, v any) error {
	switch p := v.(type) {
	case nil:
		return nil
	case func(io.Reader) error:
		return p(body)
	case *[]byte:
		answer, err := io.ReadAll(body)
		*p = answer
		return err
	}
	d := json.NewDecoder(body)
	d.UseNumber() // a table prints numbers as they were sent, not as 1.2e+06
	return d.Decode(v)
}

// Problem is an answer that refuses: a problem document (RFC 9457) in words.
type Problem struct {
	Status int
	Text   string
}

// Error returns the document's text.
func (p *Problem) Error() string { return p.Text }

// mostProblem bounds what is read of a refusal.
const mostProblem = 1 << 20

func readProblem(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostProblem))
	if err != nil {
		return err
	}
	var p struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Message  string `json:"message"`
			Location string `json:"location"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || p.Title+p.Detail == "" {
		return &Problem{resp.StatusCode,
			strings.TrimSpace(fmt.Sprintf("the server answered %d: %.200s", resp.StatusCode, bytes.TrimSpace(body)))}
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		where := e.Location
		if where != "" && !strings.HasSuffix(where, ":") {
			where += ":"
		}
		text += "\n" + strings.TrimSpace(where+" "+e.Message)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		text += " (set CHARGESTAMP_TOKEN)"
	}
	return &Problem{resp.StatusCode, text}
}
