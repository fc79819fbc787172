// Package platformtest runs the golden cases of a dialect, and forges them.
//
// A dialect's test is one line, platformtest.Golden(t, dialect, "testdata/<id>"), over
//
//	testdata/<id>/account.json       invented accounts and keys, the lots that exist, the time of day
//	testdata/<id>/<case>/push.http   the request as on the wire; made by openssl, never by package seal
//	testdata/<id>/<case>/case.json   what differs from the usual, all of it optional: see Case
//	testdata/<id>/<case>/charge.json what we read, or
//	testdata/<id>/<case>/error.txt   why it was refused, for those who hold the keys
//	testdata/<id>/<case>/reply.http  what we answer
//	testdata/<id>/unsealed.txt       every byte that may change without the push being refused
//
// Every case goes through platform.Admit, as a push on the listener does. The cases finished and repeated are required
// of every platform, wrong-account of all but those that have neither key nor operator and name a station; forged and
// unsealed of one that signs, wrong-address and wrong-path-token of one that does not; stale of one that has a clock,
// in its place one of the two lock cases.
// A case whose name begins with "repeated" is answered as a duplicate, and "repeated" must have the repeat key of
// finished. Each accepted case of a signed account is then forged: all eight bits of every byte of the body, of
// the query and of every header are flipped in turn, and each key is changed and taken away. What passes
// nevertheless must be the case of a letter, must read the same, and must stand in unsealed.txt, so that a
// reviewer sees what the platform left open.
//
// With -update the files that are read here are written: charge.json, error.txt, reply.http, unsealed.txt. The
// push never is, nor does a case that is to be refused become one that is taken: its error.txt says so.
package platformtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
	"github.com/chargestamp/chargestamp/words"
)

var update = flag.Bool("update", false, "write the golden files of platform cases anew; never a push")

// Case is case.json: what a case has of its own. The zero value is the usual case.
type Case struct {
	At        time.Time      `json:"at,omitzero"`          // in place of account.json's
	Remote    string         `json:"remote,omitempty"`     // client address, 192.0.2.1 where empty
	PathToken string         `json:"path_token,omitempty"` // what stands behind the path
	Verdict   charge.Outcome `json:"verdict,omitempty"`    // what became of a push that was opened
	InPark    bool           `json:"in_park,omitempty"`    // answer to a plate query
	Entered   time.Time      `json:"entered,omitzero"`
}

// Golden runs every case below dir.
func Golden(t *testing.T, d platform.Dialect, dir string) {
	t.Helper()
	r := &runner{dialect: d, info: d.Info(), dir: dir, accounts: readAccounts(t, d.Info(), dir)}
	names := r.cases(t)
	r.required(t, names)
	read := map[string]platform.Admission{}
	for _, name := range names {
		t.Run(name, func(t *testing.T) { read[name] = r.run(t, name) })
	}
	if a, b := read["finished"].Message, read["repeated"].Message; a != nil && b != nil && a.Charge != nil &&
		b.Charge != nil &&
		a.Charge.RepeatKey != b.Charge.RepeatKey {
		t.Errorf("the repeat keys of finished and repeated differ: %q, %q", a.Charge.RepeatKey, b.Charge.RepeatKey)
	}
	t.Run("answers", func(t *testing.T) { r.answers(t, read["finished"]) })
	t.Run("forger", func(t *testing.T) { r.forge(t, names, read) })
}

type runner struct {
	dialect  platform.Dialect
	info     platform.Info
	dir      string
	accounts *Accounts
}

func (r *runner) cases(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// mustBe are the outcomes that cases of these names must have; nil is any refusal.
var mustBe = map[string][]charge.Outcome{
	"forged":   {charge.OutcomeBadSignature},
	"stale":    {charge.OutcomeStale},
	"unsealed": nil,
	"wrong-account": {charge.OutcomeUnknownAccount, charge.OutcomeUnknownLot, charge.OutcomeNotBound,
		charge.OutcomeBadSignature},
	"wrong-address":    {charge.OutcomeWrongLock},
	"wrong-path-token": {charge.OutcomeWrongLock},
}

// required fails where a case is missing that would show a platform's lock.
func (r *runner) required(t *testing.T, names []string) {
	t.Helper()
	need := []string{"finished", "repeated"}
	if !r.info.NeedsLock || !r.info.ByStation || r.info.Operator != "" { // else the station's binding says whose it is
		need = append(need, "wrong-account")
	}
	if r.info.NeedsLock {
		need = append(need, "wrong-address", "wrong-path-token")
	} else {
		need = append(need, "forged", "unsealed")
	}
	for _, name := range need {
		if !slices.Contains(names, name) {
			t.Errorf("%s: the case %s is missing", r.dir, name)
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool {
		return n == "stale" || n == "wrong-address" ||
			n == "wrong-path-token"
	}) {
		t.Errorf("%s: one of the cases stale, wrong-address and wrong-path-token is required", r.dir)
	}
}

// run runs one case and returns what was read.
func (r *runner) run(t *testing.T, name string) platform.Admission {
	t.Helper()
	p, c := r.push(t, name)
	got := platform.Admit(r.dialect, r.accounts, p, r.at(c))
	verdict := platform.Verdict{Message: got.Message, InPark: c.InPark, Entered: c.Entered}
	if got.Refusal == nil {
		if _, refused := mustBe[name]; refused || r.exists(name, "error.txt") {
			t.Fatalf("taken, and it must not be: %s", printed(got.Message))
		}
		r.compare(t, name, "charge.json", printed(got.Message))
		verdict.Outcome = opened(name, c, got.Message)
	} else {
		if want, refused := mustBe[name]; len(want) > 0 && !slices.Contains(want, got.Refusal.Outcome) {
			t.Errorf("refused as %s, want %v", got.Refusal.Outcome, want)
		} else if !refused && r.exists(name, "charge.json") {
			t.Fatalf("refused: %v", got.Refusal)
		}
		verdict.Outcome = got.Refusal.Outcome
		text := fmt.Sprintf("%s %s: %s\n", got.Refusal.Outcome, got.Refusal.Step, words.Note(words.English, got.Refusal.Why))
		r.leaks(t, "error.txt", text)
		if wholePlate.MatchString(text) {
			t.Error("error.txt shows a whole plate")
		}
		r.compare(t, name, "error.txt", text)
	}
	reply := r.dialect.Reply(p, got.Account, verdict)
	r.leaks(t, "reply.http", string(reply.Body))
	r.compare(t, name, "reply.http", fmt.Sprintf("HTTP/1.1 %d\nContent-Type: %s\n\n%s", reply.Status, reply.Type,
		reply.Body))
	return got
}

// opened is the outcome of a push that was opened.
func opened(name string, c Case, m *platform.Message) charge.Outcome {
	switch {
	case c.Verdict != "":
		return c.Verdict
	case m.Question != nil:
		return charge.OutcomeQuestion
	case strings.HasPrefix(name, "repeated"):
		return charge.OutcomeDuplicate
	}
	return charge.OutcomeAccepted
}

func (r *runner) at(c Case) time.Time {
	if c.At.IsZero() {
		return r.accounts.at
	}
	return c.At
}

// push reads a case.
func (r *runner) push(t testing.TB, name string) (platform.Push, Case) {
	t.Helper()
	var c Case
	if err := readJSON(filepath.Join(r.dir, name, "case.json"), &c); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	captured, err := os.ReadFile(filepath.Join(r.dir, name, "push.http"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := doctor.ReadCapture(r.info, captured)
	if err != nil {
		t.Fatal(err)
	}
	if c.Remote == "" {
		c.Remote = "192.0.2.1"
	}
	p.Remote, p.Received, p.PathToken = netip.MustParseAddr(c.Remote), r.at(c), charge.Secret(c.PathToken)
	return p, c
}

// wholePlate finds a number plate that is not masked.
var wholePlate = regexp.MustCompile(`\p{Han}[A-Z][0-9A-Z]{5,6}`)

// leaks fails where a text shows a secret key.
func (r *runner) leaks(t *testing.T, file, text string) {
	t.Helper()
	for _, account := range r.accounts.list {
		for _, keys := range account.Keys {
			for _, k := range r.info.Keys {
				if secret := keys[k.Name].Reveal(); k.Secret && len(secret) > 5 && strings.Contains(text, secret) {
					t.Errorf("%s shows the key %s", file, k.Name)
				}
			}
		}
	}
}

// answers asks for an answer to everything that can become of a push, with and without an account.
func (r *runner) answers(t *testing.T, finished platform.Admission) {
	t.Helper()
	p, _ := r.push(t, "finished")
	for _, o := range append([]charge.Outcome{""}, charge.Outcomes...) {
		for _, a := range []*platform.Account{nil, {ID: "keyless"}, finished.Account} {
			for _, m := range []*platform.Message{nil, {}, finished.Message} {
				reply := r.dialect.Reply(p, a, platform.Verdict{Outcome: o, Message: m})
				if reply.Status != 200 && o != charge.OutcomeTooLarge || reply.Type == "" || len(reply.Body) == 0 {
					t.Errorf("outcome %q, account %v, message %v: %d %q %q", o, a != nil, m != nil, reply.Status, reply.Type,
						reply.Body)
				}
			}
		}
	}
}

func (r *runner) exists(parts ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{r.dir}, parts...)...))
	return err == nil
}

// compare holds a golden file against what was found, or writes it.
func (r *runner) compare(t *testing.T, name, file, got string) {
	t.Helper()
	path := filepath.Join(r.dir, name, file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Errorf("%v; found:\n%s", err, got)
		return
	}
	if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Pushes returns the captured request of every case below dir, as a corpus for fuzz targets.
func Pushes(f *testing.F, d platform.Dialect, dir string) []platform.Push {
	f.Helper()
	r := &runner{dialect: d, info: d.Info(), dir: dir, accounts: readAccounts(f, d.Info(), dir)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.Fatal(err)
	}
	var pushes []platform.Push
	for _, e := range entries {
		if e.IsDir() {
			p, _ := r.push(f, e.Name())
			pushes = append(pushes, p)
		}
	}
	return pushes
}
