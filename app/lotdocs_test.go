package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The scripts of the pages for car-park makers run as they stand, in the estate that the page prints.
func TestLotPagesRun(t *testing.T) {
	for page, want := range map[string][]string{
		"../docs/lots/gate.md": {
			`{"state":1,"order_id":"g-`, `"total":"10.00","price":"10.00"`, `{"state":1,"order_id":"g-`,
			`"total":"10.00","price":"0.00"`,
		},
		"../docs/lots/api.md": {`{"state":1,"order_id":"a-`, `{"state":1,"order_id":"a-`},
	} {
		t.Run(page, func(t *testing.T) {
			s := serve(t, local(t))
			s.apply([]byte(block(t, page, "yaml")))
			script := exec.CommandContext(t.Context(), "bash", "-euc", block(t, page, "bash"))
			script.Env = append(os.Environ(), "SERVER=http://"+s.Addresses().HTTP)
			out, err := script.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) != len(want) {
				t.Fatalf("answered\n%s", out)
			}
			for i, line := range lines {
				if !json.Valid([]byte(line)) || !strings.Contains(line, want[i]) {
					t.Errorf("answer %d is %s, want %s", i+1, line, want[i])
				}
			}
		})
	}
}

// block is the first code block of a kind on a page.
func block(t *testing.T, page, kind string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```" + kind + "\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s holds no %s", page, kind)
	}
	return string(found[1])
}
