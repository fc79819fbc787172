package coupon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
	"github.com/chargestamp/chargestamp/words"
)

// hik is 海康云 that issues tokens and takes those that it still knows.
type hik struct {
	given, coupons int
	good           string
	never          bool // refuses every token
}

func (h *hik) serve(r outbound.Request) (outbound.Response, error) {
	if strings.HasSuffix(r.URL, "/oauth/token") {
		h.given++
		h.good = fmt.Sprintf("token-%d", h.given)
		return answering(200, `{"access_token":"`+h.good+`"}`)
	}
	if h.never || r.Header[len(r.Header)-1] != [2]string{"access_token", h.good} {
		return answering(401, `{"error":"invalid_token"}`)
	}
	h.coupons++
	return answering(200, `{"code":"200"}`)
}

// A token is fetched once, used again, and fetched anew when it is refused in the middle: the coupon is given once.
func TestToken(t *testing.T) {
	h := &hik{}
	ch := channelFor(t, "hikparking", h.serve)
	for range 3 {
		if r := deliver(t, ch, charge.MethodTime); r.Result != charge.AttemptAcked {
			t.Fatalf("%+v", r)
		}
	}
	if h.given != 1 || h.coupons != 3 {
		t.Errorf("%d tokens, %d coupons", h.given, h.coupons)
	}
	h.good = "another" // the target has forgotten ours
	if r := deliver(t, ch, charge.MethodTime); r.Result != charge.AttemptAcked || h.given != 2 || h.coupons != 4 {
		t.Errorf("%d tokens, %d coupons, %+v", h.given, h.coupons, r)
	}
}

// A token that is refused again has given nothing, so that the coupon may be tried later.
func TestTokenRefusedTwice(t *testing.T) {
	h := &hik{never: true}
	r := deliver(t, channelFor(t, "hikparking", h.serve), charge.MethodTime)
	if r.Result != charge.AttemptError || r.Sent || h.given != 2 {
		t.Errorf("%d tokens, %+v", h.given, r)
	}
}

// A target that returns no token gets no coupon.
func TestNoToken(t *testing.T) {
	for name, answer := range map[string]string{"none": `{}`, "html": "<html>", "blanks": `{"access_token":"a b"}`,
		"lost": ""} {
		coupons := 0
		ch := channelFor(t, "hikparking", func(r outbound.Request) (outbound.Response, error) {
			if !strings.HasSuffix(r.URL, "/oauth/token") {
				coupons++
			}
			if answer == "" {
				return outbound.Response{}, &outbound.Error{Sent: true, NoAnswer: true, Err: errors.New("late")}
			}
			return answering(200, answer)
		})
		r := deliver(t, ch, charge.MethodTime)
		said := words.Note(words.English, r.Detail)
		if r.Result != charge.AttemptError || r.Sent || coupons != 0 || strings.Contains(said, "was given") {
			t.Errorf("%s: %d coupons, %s, %+v", name, coupons, said, r)
		}
	}
}

// vault is a Vault in memory.
type vault map[string]charge.Secret

func (v vault) Token(_ context.Context, name string) (charge.Secret, time.Time, error) {
	return v[name], noon.Add(time.Hour), nil
}

func (v vault) KeepToken(_ context.Context, name string, token charge.Secret, _ time.Time) error {
	v[name] = token
	return nil
}

// What one node has fetched another one uses.
func TestTokenIsShared(t *testing.T) {
	h, kept := &hik{}, vault{}
	for range 2 {
		ch := channelFor(t, "hikparking", h.serve)
		ch.cfg.Vault = kept
		if r := deliver(t, ch, charge.MethodTime); r.Result != charge.AttemptAcked {
			t.Fatalf("%+v", r)
		}
	}
	if h.given != 1 || len(kept) != 1 {
		t.Errorf("%d tokens given, %d kept", h.given, len(kept))
	}
	for name := range kept {
		if strings.Contains(name, "secret") {
			t.Errorf("the name %q holds a key", name)
		}
	}
}
