package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// outcome is what became of the newest push.
func (s *site) outcome() charge.Outcome {
	s.Helper()
	req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://%s/api/v1/pushes?limit=1", s.server.ready["admin"]),
		nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct {
		Items []struct{ Outcome charge.Outcome }
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil || len(page.Items) == 0 {
		s.Fatalf("no push is stored (%v)", err)
	}
	return page.Items[0].Outcome
}

// pathToken is a lock by path, for platforms without an access token.
const pathToken = "0123456789abcdef0123456789abcdef"

// TestPlatformPages follows the last section of every platform's page, then breaks a push in each way that the
// platform's pushes can be broken.
func TestPlatformPages(t *testing.T) {
	t.Parallel()
	for _, id := range play.Platforms() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.follow("bin/chargestamp serve")
			push := ""
			for _, line := range typed(t, "docs/platforms/"+id+".md", "## 9. ") {
				if strings.Contains(line, " --break ") {
					if code, text := s.run(line); code != 1 {
						t.Errorf("%s\nexit code %d\n%s", line, code, text)
					}
					continue
				}
				s.follow(line)
				if strings.HasPrefix(line, "bin/chargestamp push") {
					push = line
				}
			}
			s.breaks(id, push)
		})
	}
}

// TestExamplesTogether applies the examples of all platforms to one gateway, then pushes as each page says.
func TestExamplesTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.follow("bin/chargestamp serve")
	var pushes []string
	for _, id := range play.Platforms() {
		for _, line := range typed(t, "docs/platforms/"+id+".md", "## 9. ") {
			switch {
			case strings.HasPrefix(line, "bin/chargestamp apply"):
				s.follow(line)
			case strings.HasPrefix(line, "bin/chargestamp push") && !strings.Contains(line, " --break "):
				pushes = append(pushes, line)
			}
		}
	}
	for _, line := range pushes {
		s.follow(line)
	}
	s.follow("bin/chargestamp charges --all -o json")
	if n := strings.Count(s.last(), `"platform"`); n != len(play.Platforms()) {
		t.Errorf("%d charges of %d platforms", n, len(play.Platforms()))
	}
}

// broken says what becomes of a push that is broken.
var broken = map[play.Break]charge.Outcome{
	play.BreakSig: charge.OutcomeBadSignature, play.BreakKey: charge.OutcomeBadSignature,
	play.BreakToken: charge.OutcomeBadToken,
	play.BreakClock: charge.OutcomeStale, play.BreakBody: charge.OutcomeBadBody,
	play.BreakDuplicate: charge.OutcomeDuplicate,
}

func (s *site) breaks(id, push string) {
	s.Helper()
	list, err := play.Breakable(id)
	if err != nil {
		s.Fatal(err)
	}
	keys, err := play.KeyNames(id)
	if err != nil {
		s.Fatal(err)
	}
	tokenBroken := charge.OutcomeBadToken
	change := fmt.Sprintf("version: 1\naccounts: [{account: %s-main, platform: %[1]s, clock: enforce", id)
	if !slices.Contains(keys, "operator_secret") { // no access token: the one in the path stands for it
		tokenBroken = charge.OutcomeWrongLock
		change += ", path_token: " + pathToken
		push += " --path-token " + pathToken
	}
	s.follow(fmt.Sprintf("echo '%s}]' | bin/chargestamp apply -f -", change))
	for _, b := range list {
		want, exit := broken[b], 1
		switch b {
		case play.BreakKey:
			if id == "xingxing" || id == "wanchong" { // unsigned: the operator's number is all the key there is
				want = charge.OutcomeUnknownAccount
			}
			// rightly signed, and not to be deciphered: one answer to whatever is wrong with Data
			if slices.Contains(keys, "data_secret") {
				want = charge.OutcomeBadField
			}
		case play.BreakToken:
			want = tokenBroken
		case play.BreakDuplicate:
			exit = 0
		}
		line := fmt.Sprintf("%s --order %s --break %s", push, b, b)
		code, text := s.run(line)
		if got := s.outcome(); code != exit || got != want {
			s.Errorf("%s\nexit code %d, want %d; outcome %s, want %s\n%s", line, code, exit, got, want, text)
		}
	}
}
