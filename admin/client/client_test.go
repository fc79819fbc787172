package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// officeEnd is an admin API with one charge that comes to its end at the third look.
func officeEnd(t *testing.T) *Client {
	var looks atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer tok" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.URL.Path == "/api/v1/charges" {
			io.WriteString(w, `{"items":[{"id":"7","state":"delivered"}],"next":""}`)
			return
		}
		state := "delivered"
		if looks.Add(1) > 2 {
			state = "used"
		}
		fmt.Fprintf(w,
			`{"id":"7","state":"%s","reason":"ok","reduction":{"method":"time","minutes":30,"amount":"0.00"},"usage":null}`,
			state)
	}))
	t.Cleanup(s.Close)
	return New(s.URL, "tok")
}

func TestWait(t *testing.T) {
	o := officeEnd(t)
	said, err := o.Wait(t.Context(), "xiaoju", "o1", InState(charge.StateUsed))
	if err != nil || said.State != charge.StateUsed || said.Reduction.Minutes != 30 {
		t.Errorf("%+v, %v", said, err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Wait(over, "xiaoju", "o1", InState(charge.StateVoided)); err == nil {
		t.Error("waiting for ever has come to an end without an error")
	}
	o.Token = "wrong"
	over, cancel = context.WithTimeout(t.Context(), 2*lookEvery)
	defer cancel()
	if _, err := o.Wait(over, "xiaoju", "o1", InState(charge.StateUsed)); err == nil ||
		!strings.Contains(err.Error(), "401") {
		t.Errorf("a refused token: %v", err)
	}
}

// TestCall sends each kind of body, and reads each kind of answer.
func TestCall(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/refused" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			io.WriteString(w,
				`{"title":"Unprocessable","detail":"2 errors","errors":[{"message":"unknown key","location":"line 3"}]}`)
			return
		}
		fmt.Fprintf(w, `{"method":%q,"kind":%q,"body":%q,"n":12345678}`, r.Method, r.Header.Get("Content-Type"), body)
	}))
	t.Cleanup(s.Close)
	c := New(strings.TrimPrefix(s.URL, "http://")+"/", "")
	for _, tc := range []struct {
		body       any
		kind, sent string
	}{{nil, "", ""}, {[]byte("version: 1"), "application/yaml", "version: 1"},
		{map[string]int{"a": 1}, "application/json", `{"a":1}`}} {
		var v map[string]any
		if err := c.Post(t.Context(), "/x", tc.body, &v); err != nil {
			t.Fatal(err)
		}
		if v["kind"] != tc.kind || v["body"] != tc.sent || fmt.Sprint(v["n"]) != "12345678" {
			t.Errorf("%v: the server heard %v", tc.body, v)
		}
	}
	var raw []byte
	if err := c.Get(t.Context(), "/x", url.Values{"a": {"b"}}, &raw); err != nil ||
		!strings.Contains(string(raw), `"GET"`) {
		t.Errorf("%s, %v", raw, err)
	}
	var problem *Problem
	if err := c.Get(t.Context(), "/refused", nil, nil); !errors.As(err, &problem) ||
		problem.Status != http.StatusUnprocessableEntity || problem.Text != "2 errors\nline 3: unknown key" {
		t.Errorf("a refusal is %v", err)
	}
	if err := New("http://[", "").Get(t.Context(), "/x", nil, nil); !errors.Is(err, ErrAddress) {
		t.Errorf("a broken address is %v", err)
	}
}

// A password in the address of a server is in no error.
func TestErrorsHoldNoPassword(t *testing.T) {
	for _, address := range []string{"http://ops:hidden@127.0.0.1:1", "http://ops:hidden%zz@127.0.0.1:1"} {
		err := New(address, "").Get(t.Context(), "/x", nil, nil)
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
