package line

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

const guide = "../../docs/lots/sdk.md"

// blocks returns the code blocks of a kind in the guide for car-park makers.
func blocks(t *testing.T, kind string) []string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	if len(found) == 0 {
		t.Fatalf("no %s in %s", kind, guide)
	}
	return found
}

// Every example of the guide is a line of a transcript that passes.
func TestGuideExamples(t *testing.T) {
	passing := map[string]bool{}
	files, _ := filepath.Glob("testdata/*.transcript")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			passing[line] = true
		}
	}
	for _, block := range blocks(t, "line") {
		for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
			if !passing[strings.ReplaceAll(line, "TOKEN", testToken(1))] {
				t.Errorf("no transcript says %s", line)
			}
		}
	}
}

// What the guide has people type by hand works word for word, with the token that they are given.
func TestGuideByHand(t *testing.T) {
	b := newBench(t)
	b.srv.newToken = randomToken
	f := b.dial()
	token := ""
	for _, line := range strings.Split(strings.TrimSpace(blocks(t, "line")[0]), "\n") {
		if said, found := strings.CutPrefix(line, "> "); found {
			f.say(strings.ReplaceAll(said, "TOKEN", token))
			continue
		}
		heard := f.hear()
		if token == "" {
			token = regexp.MustCompile(`[0-9a-f]{32}`).FindString(heard)
		}
		if want := strings.ReplaceAll(strings.TrimPrefix(line, "< "), "TOKEN", token); heard != want {
			t.Fatalf("heard %s, the guide says %s", heard, want)
		}
	}
}

// Every reason why a line refuses is explained to the operator, and none that there is not.
func TestReasonsAreExplained(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(
			`(?:refuse|refusal|loginFails|noLogin|drop)\(.*?"([a-z0-9]+(?:_[a-z0-9]+)*)"`).FindAllSubmatch(text, -1) {
			given[string(m[1])] = true
		}
	}
	for _, reason := range []string{"entry_refused", "exit_refused", "usage_refused", "no_login", "slow_reader",
		"refused", "not_utf8", "not_json"} {
		given[reason] = true // computed, not written where they are given
	}
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "Reasons of `chargestamp_line_refused_total`")
	table, _, _ = strings.Cut(table, "Alerts go to")
	explained := map[string]bool{}
	for _, row := range strings.Split(table, "\n") {
		if names := strings.Split(row, "|"); len(names) > 1 {
			for _, m := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(names[1], -1) {
				explained[m[1]] = true
			}
		}
	}
	if d := cmp.Diff(given, explained); d != "" {
		t.Errorf("(-given +explained)\n%s", d)
	}
}

// The guide's session of HTTP mode passes word for word.
func TestGuideHTTP(t *testing.T) {
	b := newBench(t)
	w := b.web()
	lines := strings.Split(strings.TrimSpace(blocks(t, "http")[0]), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		path, body, _ := strings.Cut(strings.TrimPrefix(lines[i], "> "), " ")
		want := strings.ReplaceAll(strings.TrimPrefix(lines[i+1], "< "), "TOKEN", testToken(1))
		if path == "/bpd/download.do" { // what it brings must have been sent
			o, err := b.srv.Compose(lot.Notice{
				Lot: lotB, Message: charge.Message325, UUID: "0f8c6a52d1b74e0c9a3e5b7d2c4f6a81", StayOrder: "s-20260301-2",
				Plate:     "京AD06088",
				Reduction: charge.Reduction{Method: charge.MethodTime, Minutes: 30}, Order: "202603010000001121",
			})
			if err != nil {
				t.Fatal(err)
			}
			b.srv.Deliver(lot.Order{Lot: lotB, UUID: "0f8c6a52d1b74e0c9a3e5b7d2c4f6a81", Payload: o},
				func(r lot.Result) { b.results <- r })
		}
		if got := w.post(path, strings.ReplaceAll(body, "TOKEN", testToken(1))); got != want {
			t.Fatalf("%s: heard\n%s\nthe guide says\n%s", lines[i], got, want)
		}
	}
	if r := b.result(); r.Result != charge.AttemptAcked {
		t.Errorf("%+v", r)
	}
}

// The guide's script runs as it stands; only the address is another.
func TestGuideScript(t *testing.T) {
	b := newBench(t)
	host, port, _ := net.SplitHostPort(b.addr)
	script := strings.ReplaceAll(blocks(t, "bash")[0], "/dev/tcp/127.0.0.1/6789", "/dev/tcp/"+host+"/"+port)
	var errs bytes.Buffer
	cmd := exec.Command("bash", "-c", script)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	want := `{"state":1,"token":"00000000000000000000000000000001","service_name":"login"}
0x12
{"state":1,"order_id":"s-20260301-1","service_name":"in_park","errmsg":"send success!"}
{"state":1,"order_id":"s-20260301-1","service_name":"out_park","errmsg":"send success!"}
`
	if d := cmp.Diff(want, string(out)); d != "" {
		t.Errorf("the script prints (-want +got)\n%s%s", d, errs.String())
	}
}
