package flow_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/store"
)

// stored reads a push whole.
func stored(t *testing.T, w *world, id int64) (p *charge.Push, err error) {
	t.Helper()
	err = w.store.Read(t.Context(), func(tx *store.Tx) error {
		p, err = tx.Push(id)
		return err
	})
	return p, err
}

// TestRefusedIsKeptSmall keeps the head and 4 KiB of a refused push, without what lets its reader in.
func TestRefusedIsKeptSmall(t *testing.T) {
	w := newWorld(t)
	w.flow.Refuse(t.Context(), platform.Push{
		Platform: "xiaoju", Path: "/zld/xiaoju/reduce", Query: "a=1&token=hush-query", Received: w.clock.Now(),
		Remote: netip.MustParseAddr("192.0.2.1"),
		Header: http.Header{"X-Original-Uri": {"/zld/xiaoju/reduce/hush-path"}, "Cookie": {"hush-cookie"}, "B": {"2"},
			"A": {"1"}},
		Body: []byte(strings.Repeat("x", 60_000)),
	}, "main", platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature, charge.Say("push.sign_differs")),
		platform.Reply{})
	page, err := w.store.Pushes(t.Context(), charge.PushFilter{})
	if err != nil || len(page.Items) != 1 {
		t.Fatal(page, err)
	}
	p, err := stored(t, w, page.Items[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	text := string(p.Request)
	if len(text) > 5000 || strings.Contains(text, "hush") ||
		!strings.HasPrefix(text,
			"POST /zld/xiaoju/reduce?a=1&token=(masked) HTTP/1.1\r\nA: 1\r\nB: 2\r\nCookie: (masked)\r\n") {
		t.Errorf("%d bytes are kept: %.300s", len(text), text)
	}
	if len(p.Reason) != 2 || p.Reason[1].Code != "push.body_cut" {
		t.Errorf("the reason is %q", p.Reason)
	}
}

// TestRefusedAreBounded floods one account's name from one network: what another network sends is still recorded.
func TestRefusedAreBounded(t *testing.T) {
	w := newWorld(t)
	refuse := func(remote, order string) {
		w.flow.Refuse(t.Context(), platform.Push{Platform: "xiaoju", Path: "/zld/xiaoju/reduce", Received: w.clock.Now(),
			Remote: netip.MustParseAddr(remote),
			Body:   []byte(order)}, "main", platform.Refuse(platform.StepSeal, charge.OutcomeBadSignature,
			charge.Say("push.sign_differs")), platform.Reply{})
	}
	for i := range 5010 {
		refuse("192.0.2.1", fmt.Sprint(i))
	}
	refuse("198.51.100.1", "honest")
	page, err := w.store.Pushes(t.Context(), charge.PushFilter{})
	if err != nil || len(page.Items) == 0 {
		t.Fatal(err)
	}
	p, err := stored(t, w, page.Items[0].ID)
	if err != nil || !strings.HasSuffix(string(p.Request), "honest") {
		t.Errorf("the newest push is %s, %v", p.Request, err)
	}
}
