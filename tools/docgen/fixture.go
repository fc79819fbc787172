package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

// fixture is the case "finished" of a platform's golden tests: one captured push that we take, and our answer.
type fixture struct {
	dir      string // platform/cec/testdata/telaidian
	at       time.Time
	account  platform.Account // whose keys open it
	request  string
	reply    string
	read     string // charge.json
	push     platform.Push
	message  platform.Message
	refusals map[charge.Outcome][]refusal // by the platform's other cases
}

// refusal is a golden case that is refused.
type refusal struct {
	name   string
	detail string // what the holder of the keys reads
}

// readFixture reads a platform's fixtures and holds them against the dialect once more: an example that does not pass
// is no example.
func readFixture(d platform.Dialect) (*fixture, error) {
	info := d.Info()
	f := &fixture{dir: filepath.Join("platform", info.Family, "testdata", info.ID)}
	accounts, err := f.readAccounts()
	if err != nil {
		return nil, err
	}
	for name, to := range map[string]*string{"push.http": &f.request, "reply.http": &f.reply, "charge.json": &f.read} {
		text, err := os.ReadFile(filepath.Join(f.dir, "finished", name))
		if err != nil {
			return nil, err
		}
		*to = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	if f.push, err = doctor.ReadCapture(info, []byte(f.request)); err != nil {
		return nil, fmt.Errorf("%s: %w", f.dir, err)
	}
	for _, f.account = range accounts {
		if f.message, err = d.Open(f.push, f.account, f.at); err == nil && f.message.Charge != nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s/finished does not open: %w", f.dir, err)
	}
	answer := d.Reply(f.push, &f.account, platform.Verdict{Outcome: charge.OutcomeAccepted, Message: &f.message})
	if !strings.HasSuffix(f.reply, "\n\n"+string(answer.Body)) {
		return nil, fmt.Errorf("%s/finished is answered %s", f.dir, answer.Body)
	}
	return f, f.readRefusals()
}

func (f *fixture) readAccounts() ([]platform.Account, error) {
	text, err := os.ReadFile(filepath.Join(f.dir, "account.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		At       time.Time `json:"at"`
		Accounts []struct {
			Account, Scope string
			Keys           []platform.Keys
			TokenKey       string `json:"token_key"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", f.dir, err)
	}
	f.at = file.At
	accounts := make([]platform.Account, len(file.Accounts))
	for i, a := range file.Accounts {
		accounts[i] = platform.Account{ID: a.Account, Keys: a.Keys, TokenKey: []byte(a.TokenKey), Clock: charge.ClockEnforce,
			Scope: scope(a.Scope)}
	}
	return accounts, nil
}

func scope(text string) charge.Scope {
	if text == "platform" {
		return charge.Scope{}
	}
	union, park, _ := strings.Cut(text, "/")
	return charge.Scope{Union: union, Park: park}
}

// readRefusals collects the cases that are refused, the telling ones of each outcome first.
func (f *fixture) readRefusals() error {
	files, err := filepath.Glob(filepath.Join(f.dir, "*", "error.txt"))
	if err != nil {
		return err
	}
	f.refusals = map[charge.Outcome][]refusal{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		head, detail, found := strings.Cut(strings.TrimSpace(string(text)), ": ")
		outcome, _, _ := strings.Cut(head, " ")
		if !found || !slices.Contains(charge.Outcomes, charge.Outcome(outcome)) {
			return fmt.Errorf("%s: no outcome in it", file)
		}
		o := charge.Outcome(outcome)
		f.refusals[o] = append(f.refusals[o], refusal{filepath.Base(filepath.Dir(file)), detail})
	}
	telling := []string{"forged", "missing-plate", "plate-missing", "not-json", "wrong-account", "wrong-address",
		"unknown-lot", "lot-unknown"}
	for _, list := range f.refusals {
		slices.SortStableFunc(list, func(a, b refusal) int { return rank(telling, a.name) - rank(telling, b.name) })
	}
	return nil
}

func rank(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// keys are those that a player of the platform holds.
func (f *fixture) keys() map[string]string {
	keys := map[string]string{}
	for name, secret := range f.account.Keys[0] {
		keys[name] = secret.Reveal()
	}
	return keys
}

// pretty indents JSON without touching its numbers and texts.
func pretty(text []byte) (string, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(text), "", "  "); err != nil {
		return "", errors.New("not JSON")
	}
	return b.String(), nil
}
