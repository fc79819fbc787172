package app

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store"
)

// unsigned are the platforms whose only proof may be a lock.
var unsigned = []string{"xingxing", "wanchong", "telaidian", "guowang-jinan"}

// replayed is what the API says of a replay.
type replayed struct{ Outcome, Detail, Charge string }

// last is the newest push.
func (s *site) last() pushed {
	s.t.Helper()
	return s.office().pushes(s.t)[0]
}

// replay takes a push again as somebody.
func (s *site) replay(id string, dry bool) (r replayed) {
	s.t.Helper()
	path := fmt.Sprintf("/api/v1/pushes/%s/replay?dry_run=%t", id, dry)
	s.office().must(s.t, http.MethodPost, path, asJSON(s.t, object{"reason": "the platform says that it sent it"}), &r)
	return r
}

// lockedTown has one account of each unsigned platform without a key that signs.
func lockedTown(fields object) (*town, charge.LotID) {
	w := newTown()
	sdk := w.lot("1", charge.KindSDK, nil)
	for _, id := range unsigned {
		w.account(id, fields)
		if keys, ok := w.accounts[len(w.accounts)-1]["keys"].(object); ok {
			delete(keys, "sig_secret")
		}
	}
	return w, sdk
}

// TestSecurityLocksAreAskedAgain: what a lock refused, by path or by address, no replay takes; neither does one that
// was refused before its lock was looked at. A right path is known again, until the account's token changes.
func TestSecurityLocksAreAskedAgain(t *testing.T) {
	token := secret(16)
	w, sdk := lockedTown(object{"path_token": token})
	s := serve(t, local(t))
	s.apply(w.estate())
	push := func(platform, token string) pushed {
		t.Helper()
		p := w.player(platform, s.Addresses().HTTP)
		p.PathToken = token
		if _, err := p.Send(t.Context(), pushFor(sdk, "京A00001", ""), play.Options{Token: "none"}); err != nil {
			t.Fatal(err)
		}
		return s.last()
	}
	refusedFor := func(name string, p pushed, first charge.Outcome) {
		t.Helper()
		if p.Outcome != string(first) {
			t.Errorf("%s: refused as %s (%s), want %s", name, p.Outcome, p.Reason, first)
		}
		for _, dry := range []bool{true, false} {
			if r := s.replay(p.ID, dry); r.Outcome != string(charge.OutcomeWrongLock) || r.Charge != "" || r.Detail == "" {
				t.Errorf("%s: a replay says %+v", name, r)
			}
		}
	}
	for _, id := range unsigned {
		refusedFor(id+" by the bare path", push(id, ""), charge.OutcomeWrongLock)
		refusedFor(id+" by another path", push(id, secret(16)), charge.OutcomeWrongLock)
	}

	// Refused before the lock was looked at: the accounts are switched off.
	state := func(to string) {
		t.Helper()
		for _, a := range w.accounts {
			a["state"] = to
		}
		s.apply(w.estate())
	}
	state("off")
	strange, right, old := push("xingxing", secret(16)), push("xingxing", token), push("wanchong", token)
	w.accounts[slices.Index(unsigned, "wanchong")]["path_token"] = secret(16)
	state("on")
	refusedFor("a stranger's push to an account that was off", strange, charge.OutcomeUnknownAccount)
	refusedFor("one by a token that is no more", old, charge.OutcomeUnknownAccount)
	if r := s.replay(right.ID, false); r.Outcome != string(charge.OutcomeAccepted) || r.Charge == "" {
		t.Errorf("the platform's own push: %+v", r)
	}
	support := s.hire(guard.RoleSupport)
	if _, page := support.page("/pushes/" + right.ID); containsAny(page, token) {
		t.Error("the push's page shows the path token")
	}
}

// TestSecurityAddressesAreAskedAgain: replay and bind go by today's allow_from, either way it was changed.
func TestSecurityAddressesAreAskedAgain(t *testing.T) {
	w, sdk := lockedTown(object{"allow_from": []string{"203.0.113.0/24"}})
	s := serve(t, local(t))
	s.apply(w.estate())
	send := func(lot charge.LotID) pushed {
		t.Helper()
		p := w.player("xingxing", s.Addresses().HTTP)
		if _, err := p.Send(t.Context(), pushFor(lot, "京A00001", ""), play.Options{}); err != nil {
			t.Fatal(err)
		}
		return s.last()
	}
	first := send(sdk)
	if r := s.replay(first.ID, false); first.Outcome != string(charge.OutcomeWrongLock) || r.Outcome != first.Outcome {
		t.Errorf("from elsewhere: %+v, replayed %+v", first, r)
	}
	allow := func(prefix string) {
		t.Helper()
		for _, a := range w.accounts {
			a["allow_from"] = []string{prefix}
		}
		s.apply(w.estate())
	}
	allow("127.0.0.0/8")
	if r := s.replay(first.ID, false); r.Outcome != string(charge.OutcomeAccepted) || r.Charge == "" {
		t.Errorf("its address was added: %+v", r)
	}

	gate := w.lot("2", charge.Kind4G, nil) // a charge that finds no stay
	rule := ruleOf("xingxing")
	rule["hold"] = "0"
	w.bindings = append(w.bindings, object{"account": "xingxing", "lot": gate.String(), "mode": "live", "rule": rule})
	s.apply(w.estate())
	if p := send(gate); p.Charge == "" {
		t.Fatalf("no charge: %+v", p)
	} else {
		allow("203.0.113.0/24")
		for _, dry := range []bool{true, false} {
			path := fmt.Sprintf("/api/v1/charges/%s/bind?dry_run=%t", p.Charge, dry)
			status, body, err := s.office().call(t.Context(), http.MethodPost, path, asJSON(t, object{"order_id": "S1",
				"reason": "x"}))
			if err != nil || status == http.StatusOK && !containsAny(string(body), "allow_from") {
				t.Errorf("bind from an address that is no more allowed: %d %v %s", status, err, body)
			}
			if !containsAny(string(body), "allow_from") {
				t.Errorf("bind does not say why: %d %s", status, body)
			}
		}
	}
}

// TestSecurityAccessTokensAreNotStored: what stands in a stored push for its access token lets a replay judge it, and
// lets no one in.
func TestSecurityAccessTokensAreNotStored(t *testing.T) {
	w := newTown()
	sdk := w.lot("1", charge.KindSDK, nil)
	w.account("telaidian", nil)
	bound := w.bindings
	w.bindings = nil
	cfg := local(t)
	s := serve(t, cfg)
	s.apply(w.estate())
	sent, err := w.player("telaidian", s.Addresses().HTTP).Send(t.Context(), pushFor(sdk, "京A00001", ""), play.Options{})
	if err != nil {
		t.Fatal(err)
	}
	refused := s.last()
	if refused.Outcome != string(charge.OutcomeNotBound) {
		t.Fatalf("a push without a binding is %s: %s", refused.Outcome, refused.Reason)
	}
	id, err := strconv.ParseInt(refused.ID, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	var stored *charge.Push
	if err := s.store.Read(t.Context(), func(tx *store.Tx) (err error) {
		stored, err = tx.Push(id)
		return err
	}); err != nil || stored == nil {
		t.Fatalf("the stored push: %v", err)
	}
	token := regexp.MustCompile(`^Bearer ([0-9a-f]{64})$`).FindStringSubmatch(sent.Request.Header.Get("Authorization"))
	mark := regexp.MustCompile(`Authorization: (Bearer token-mark-[0-9a-f]+)\r\n`).FindSubmatch(stored.Request)
	if token == nil || mark == nil || bytes.Contains(stored.Request, []byte(token[1])) {
		t.Fatalf("sent %q, stored:\n%s", token, stored.Request)
	}
	_, body, _ := bytes.Cut(stored.Request, []byte("\r\n\r\n"))
	s.post("/zld/telaidian/notification_charge_end_order_info", http.Header{"Authorization": {string(mark[1])},
		"Content-Type": {"application/json"}}, string(body))
	if p := s.last(); p.Outcome != string(charge.OutcomeBadToken) {
		t.Errorf("the mark in place of a token is %s", p.Outcome)
	}
	w.bindings = bound
	s.apply(w.estate())
	if r := s.replay(refused.ID, false); r.Outcome != string(charge.OutcomeAccepted) || r.Charge == "" {
		t.Errorf("the platform's own push, replayed: %+v", r)
	}
}
