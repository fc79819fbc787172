package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/app"
)

// remote is the flags of commands that speak to a running server.
type remote struct {
	Server string `default:"http://127.0.0.1:8081" env:"CHARGESTAMP_SERVER" help:"Admin address of the server."`
	Token  string `env:"CHARGESTAMP_TOKEN" help:"API token; better in the environment than on the command line." hidden:""`
}

// callTimeout bounds one call of the admin API.
const callTimeout = time.Minute

// client calls the admin API.
type client struct {
	base  string
	token string
	http  *http.Client
}

func (r remote) client() *client {
	return &client{strings.TrimRight(r.Server, "/"), r.Token, &http.Client{Timeout: callTimeout}}
}

// local calls the server that holds a data folder, over its socket. It gives nil where no server does.
func local(data string) *client {
	c := app.LocalClient(data)
	if c == nil {
		return nil
	}
	c.Timeout = callTimeout
	return &client{base: "http://local", http: c}
}

// get fetches path with query and decodes JSON into v; *[]byte takes the body as it is.
func (c *client) get(ctx context.Context, path string, query url.Values, v any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, path, "", nil, v)
}

// post sends JSON, or bytes as they are with their type.
func (c *client) post(ctx context.Context, path string, body, v any) error {
	if raw, is := body.([]byte); is {
		return c.call(ctx, http.MethodPost, path, "application/yaml", raw, v)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, "application/json", raw, v)
}

func (c *client) call(ctx context.Context, method, path, kind string, body []byte, v any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return usageError{err}
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers at %s (is it running, and is --server right?): %w", c.base, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return problem(resp.StatusCode, answer)
	}
	switch p := v.(type) {
	case nil:
		return nil
	case *[]byte:
		*p = answer
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(answer))
	d.UseNumber() // a table prints numbers as they were told, not as 1.2e+06
	return d.Decode(v)
}

// problem puts a problem document (RFC 9457) into words.
func problem(status int, body []byte) error {
	var p struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Errors []struct {
			Message  string `json:"message"`
			Location string `json:"location"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || p.Title+p.Detail == "" {
		return fmt.Errorf("the server answered %d", status)
	}
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, e := range p.Errors {
		text += "\n" + strings.TrimSpace(e.Location+" "+e.Message)
	}
	if status == http.StatusUnauthorized {
		text += " (set CHARGESTAMP_TOKEN)"
	}
	return errors.New(text)
}

// readFile reads a file, or standard input for "-".
func (c *console) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(c.in)
	}
	return os.ReadFile(name)
}
