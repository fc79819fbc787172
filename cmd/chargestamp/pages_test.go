package main

import (
	"fmt"
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
var runsOn = regexp.MustCompile(`(bin/)?chargestamp (serve|lot (sdk|api|gate|coupon))\b`)

// follow types one command as a page prints it; it must succeed.
func (s *site) follow(line string) {
	s.Helper()
	switch {
	case strings.HasPrefix(line, "export "):
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		value, err := s.shell(line + `; printf %s "$` + name + `"`).Output()
		if err != nil {
			s.Fatalf("%s: %v", line, err)
		}
		s.env = append(s.env, name+"="+string(value))
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
	p, err := launch(s.shell(runsOn.ReplaceAllString(line, "exec $0")))
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

// printed returns the commands of a page's shell blocks below a heading, up to the next of the same level.
func printed(t *testing.T, page, heading string) []string {
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
	lines := shellLines(section)
	if len(lines) == 0 {
		t.Fatalf("%s, %q: no commands", page, heading)
	}
	return lines
}

// typed returns the same for a test that types them: the ledger has them then, and what runs elsewhere is left out.
func typed(t *testing.T, page, heading string) []string {
	t.Helper()
	lines := slices.DeleteFunc(printed(t, page, heading), func(line string) bool { return runsElsewhere(page, line) })
	ledger.note(page, lines)
	return lines
}

// withoutRemark is a command without the remark behind it.
func withoutRemark(line string) string {
	line, _, _ = strings.Cut(line, " # ")
	return strings.TrimSpace(line)
}

// mostCommands is how many commands may stand between a clone and the first reduction.
const mostCommands = 6

// TestQuickStart follows the README, in English, and wants the Chinese one to type the same. From the clone to the
// first reduction it takes six commands at most.
func TestQuickStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	commands := printed(t, "README.md", "## Quick start")
	first := slices.IndexFunc(commands, func(line string) bool { return strings.HasPrefix(line, "bin/chargestamp push ") })
	if first < 0 || first >= mostCommands {
		t.Errorf("the push is command %d of %q", first+1, commands)
	}
	chinese := printed(t, "README.zh.md", "## 快速开始")
	if !slices.EqualFunc(chinese, commands, func(a, b string) bool { return withoutRemark(a) == withoutRemark(b) }) {
		t.Errorf("README.zh.md types %q, README.md %q", chinese, commands)
	}
	ledger.note("README.zh.md", chinese)
	answer := ""
	for _, line := range typed(t, "README.md", "## Quick start") {
		if s.follow(line); strings.Contains(line, " push ") {
			answer = s.last()
		}
	}
	if !strings.Contains(answer, `"Ret":0`) {
		t.Errorf("the push is answered %s", answer)
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
