package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/app"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// The pages of the docs are followed word for word here: what they tell people to type is typed, in a folder that has
// what a built checkout has. Only addresses differ, every server taking free ports.

// site is a folder in which a page is followed.
type site struct {
	*testing.T
	dir     string
	env     []string
	server  *process
	outputs []string // of the commands that ended, in order
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir(), env: environment()}
	binary, err := exec.LookPath("chargestamp")
	if err != nil {
		t.Fatal(err)
	}
	s.link(binary, "bin/chargestamp")
	for _, name := range []string{"docs", "platform"} {
		s.link(filepath.Join(repository(t), name), name)
	}
	return s
}

func repository(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *site) link(from, to string) {
	s.Helper()
	to = filepath.Join(s.dir, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.Symlink(from, to); err != nil {
		s.Fatal(err)
	}
}

// runsOn lists commands that end only when they are asked to.
var runsOn = regexp.MustCompile(`bin/chargestamp (serve|lot (sdk|api|gate|coupon))\b`)

// follow types one command as a page prints it; it must succeed.
func (s *site) follow(line string) {
	s.Helper()
	switch {
	case strings.HasPrefix(line, "export "):
		s.env = append(s.env, strings.TrimPrefix(line, "export "))
	case runsOn.MatchString(line):
		s.launch(line)
	default:
		if code, text := s.run(line); code != 0 {
			s.Fatalf("%s\nexit code %d\n%s", line, code, text)
		}
	}
}

// launch starts what runs on, for as long as the test lasts.
func (s *site) launch(line string) {
	s.Helper()
	p, err := launch(s.shell(strings.Replace(line, "bin/chargestamp", "exec bin/chargestamp", 1)))
	if err != nil {
		s.Fatalf("%s: %v", line, err)
	}
	s.Cleanup(p.kill)
	if p.ready["admin"] != nil {
		s.server = p
		s.env = append(s.env, p.addresses()...)
		s.env = append(s.env, fmt.Sprintf("URL=http://%s/own/lvdian/charge", p.ready["http"]))
	}
}

// run types a command and returns its exit code and all that it printed.
func (s *site) run(line string) (int, string) {
	text, err := s.shell(line).CombinedOutput()
	s.outputs = append(s.outputs, string(text))
	return exitCode(err), string(text)
}

func (s *site) shell(line string) *exec.Cmd {
	if s.server != nil { // for what is no command of ours
		line = strings.ReplaceAll(line, "127.0.0.1:8081", fmt.Sprint(s.server.ready["admin"]))
	}
	cmd := exec.Command("bash", "-o", "pipefail", "-c", line)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// until types a command until what it prints matches.
func (s *site) until(line, pattern string) {
	s.Helper()
	re := regexp.MustCompile(pattern)
	for begun := time.Now(); time.Since(begun) < soon; {
		if code, text := s.run(line); code != 0 {
			s.Fatalf("%s\nexit code %d\n%s", line, code, text)
		} else if re.MatchString(text) {
			return
		}
	}
	s.Fatalf("%s never printed %s", line, pattern)
}

// last is what the last command printed.
func (s *site) last() string { return s.outputs[len(s.outputs)-1] }

// typed returns the commands of a page's sh blocks below a heading, up to the next of the same level.
func typed(t *testing.T, page, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), page))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut("\n"+string(text), "\n"+heading)
	if !found {
		t.Fatalf("%s has no %q", page, heading)
	}
	level, _, _ := strings.Cut(heading, " ")
	section, _, _ = strings.Cut(section, "\n"+level+" ")
	var lines []string
	for i, block := range strings.Split(section, "```") {
		code, isShell := strings.CutPrefix(block, "sh\n")
		if i%2 == 0 || !isShell {
			continue
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(code, "\\\n", " "), "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s, %q: no commands", page, heading)
	}
	return lines
}

// withoutRemark is a command without the remark behind it.
func withoutRemark(line string) string {
	line, _, _ = strings.Cut(line, " # ")
	return strings.TrimSpace(line)
}

// TestQuickStart follows the README, in English, and wants the Chinese one to type the same.
func TestQuickStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	commands := typed(t, "README.md", "## Quick start")
	for _, line := range commands {
		s.follow(line)
	}
	if chinese := typed(t, "README.zh.md", "## 快速开始"); !slices.EqualFunc(chinese, commands, func(a, b string) bool {
		return withoutRemark(a) == withoutRemark(b)
	}) {
		t.Errorf("README.zh.md types %q, README.md %q", chinese, commands)
	}
	if !strings.Contains(s.last(), `"Ret":0`) {
		t.Errorf("the push is answered %s", s.last())
	}
	s.until("bin/chargestamp charges", `telaidian +京AD06088 +200461/1313 +30 min +delivered +ok`)
	id := strings.Fields(strings.Split(s.last(), "\n")[1])[0]
	s.follow("bin/chargestamp charges show " + id)
	for _, want := range []string{"from 127.0.0.1 for account teld-main", "rule version 1; charged", "acked"} {
		if !strings.Contains(s.last(), want) {
			t.Errorf("charges show does not tell %q:\n%s", want, s.last())
		}
	}
}

// TestFirstLot follows the walk from an empty folder to a car that has got its minutes.
func TestFirstLot(t *testing.T) {
	t.Parallel()
	const page = "docs/first-lot.md"
	s := newSite(t)
	for _, heading := range []string{"## 1. ", "## 2. ", "## 3. ", "## 4. "} {
		for _, line := range typed(t, page, heading) {
			s.follow(line)
		}
	}
	s.until("bin/chargestamp charges", `telaidian +京AD06088 +200461/2001 +30 min +delivered +ok`)
}

// TestAddATarget follows docs/add-a-target.md from the profile of a parking system to a car that has got its coupon.
func TestAddATarget(t *testing.T) {
	t.Parallel()
	const page = "docs/add-a-target.md"
	profile, err := os.ReadFile(filepath.Join(repository(t), "docs/examples/tingnar/tingnar.toml"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(repository(t), page))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "```toml\n"+string(profile)+"```") {
		t.Error("the page prints another profile than the one in its folder")
	}
	s := newSite(t)
	for _, line := range typed(t, page, "## 3. Check it") {
		s.follow(line)
	}
	if !strings.Contains(s.last(), "the car is not inside") {
		t.Errorf("the doctor says %s", s.last())
	}
	for _, heading := range []string{"## 4. Switch it on", "## 5. Play the far end"} {
		for _, line := range typed(t, page, heading) {
			s.follow(line)
		}
	}
	push := typed(t, page, "## 6. Push")
	for _, line := range push[:len(push)-1] {
		s.follow(line)
	}
	s.until(push[len(push)-1], `xiaoju +京AD06088 +200461/1316 +30 min +delivered +ok`)
}

// TestAddAPlatform follows docs/add-a-platform.md from the profile to a car that has got its minutes.
func TestAddAPlatform(t *testing.T) {
	t.Parallel()
	const page = "docs/add-a-platform.md"
	s := newSite(t)
	for _, line := range typed(t, page, "## 4. Check it") {
		s.follow(line)
	}
	if !strings.Contains(s.last(), "seal, clock and fields would be accepted") {
		t.Errorf("the doctor says %s", s.last())
	}
	for _, line := range typed(t, page, "## 5. Switch it on") {
		s.follow(line)
	}
	push := typed(t, page, "## 6. Push")
	for _, line := range push[:len(push)-1] {
		s.follow(line)
	}
	if want := `{"status":0,"message":"ok"}` + "\n"; s.last() != want {
		t.Errorf("the push is answered %s", s.last())
	}
	s.until(push[len(push)-1], `lvdian +京AD06088 +200461/1313 +30 min +delivered +ok`)

	// "Push again with another key, plate or lot and read each refusal."
	for _, c := range []struct {
		line string
		want charge.Outcome
	}{
		{"LOT=200461-9999 docs/examples/lvdian/push.sh", charge.OutcomeUnknownLot},
		{"PLATE=x docs/examples/lvdian/push.sh", charge.OutcomeBadField},
		{"sed s/8c1f6a0d4b7e9352/other-key/ docs/examples/lvdian/push.sh | bash", charge.OutcomeBadSignature},
	} {
		s.follow(c.line)
		if got := s.outcome(); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestOperating follows what operators type: first start, users, backup and restore.
func TestOperating(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, heading := range []string{"## 2. First start", "## 6. Backup"} {
		for _, line := range typed(t, "docs/operating.md", heading) {
			s.follow(strings.ReplaceAll(line, "/backup/", s.dir+"/"))
		}
	}
	if strings.Contains(s.last(), "WRONG") || !strings.Contains(s.last(), "secrets key") {
		t.Errorf("what was restored: %s", s.last())
	}
}

// TestSupport follows what support types.
func TestSupport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.follow("bin/chargestamp serve")
	for _, heading := range []string{"## 1. Bring", "## 2. Why", "## 4. At the end"} {
		for _, line := range typed(t, "docs/support.md", heading) {
			s.follow(line)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "january.xlsx")); err != nil {
		t.Error(err)
	}
	for _, line := range typed(t, "docs/api.md", "## 例") {
		s.follow(line)
	}
	if !strings.Contains(s.last(), `{"items":[`) {
		t.Errorf("the example of docs/api.md is answered %s", s.last())
	}
}

// TestIntegrators follows doctor and players; the checklist has a test of its own in package play.
func TestIntegrators(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, line := range typed(t, "docs/integrators.md", "## 1. Signatures") {
		s.follow(line)
	}
	if !strings.Contains(s.last(), "seal, clock and fields would be accepted") {
		t.Errorf("the doctor says %s", s.last())
	}
	s.follow("bin/chargestamp serve --estate docs/examples/estate.yaml")
	for _, line := range typed(t, "docs/integrators.md", "## 2. The player") {
		s.follow(line)
	}
	s.until("bin/chargestamp charges", "delivered +ok")
}

// TestExamples reads the complete examples of docs/config.md and docs/estate.md.
func TestExamples(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.write("config.yaml", block(t, "docs/config.md", "yaml"))
	cfg := app.Defaults()
	if err := cfg.ReadFile(filepath.Join(s.dir, "config.yaml")); err != nil {
		t.Error(err)
	}
	s.write("estate.yaml", block(t, "docs/estate.md", "yaml"))
	for _, name := range []string{"DEMO_UKEY", "DEMO_CKEY", "TELD_OPERATOR_SECRET", "TELD_DATA_SECRET", "TELD_IV",
		"TELD_SIG_SECRET"} {
		s.follow("export " + name + "=0123456789abcdef")
	}
	s.follow("bin/chargestamp serve --estate estate.yaml")
	s.follow("bin/chargestamp apply -f estate.yaml")
	if !strings.Contains(s.last(), "nothing to change") {
		t.Errorf("applied again: %s", s.last())
	}
}

func (s *site) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// block is the last block of a page in a language.
func block(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), page))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "```"+language+"\n")
	code, _, found := strings.Cut(parts[len(parts)-1], "```")
	if len(parts) == 1 || !found {
		t.Fatalf("%s has no %s block", page, language)
	}
	return code
}

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
