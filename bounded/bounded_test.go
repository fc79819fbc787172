package bounded

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml/parser"
)

func TestYAML(t *testing.T) {
	deep := strings.Repeat("[", 200)
	for _, tc := range []struct {
		name, text string
		line       int // of the error; 0: none
	}{
		{"an estate", "version: 1\nlots:\n  - {lot: \"1/2\", allow_to: [\"127.0.0.1/32\"]}\n", 0},
		{"brackets in quotes", "a: \"" + deep + "\"\nb: ['" + deep + "', \"" + deep + "\"]\n", 0},
		{"many lists", strings.Repeat("- [a, {b: c}]\n", 10_000), 0},
		{"names that open one bracket", strings.Repeat("- name: \"停车场[A\"\n", 5_000), 0},
		{"a flow bomb", "a: 1\nb: " + deep, 2},
		{"a bomb over lines", strings.Repeat("[\n", 40), 17},
		{"names of plain text that open one", strings.Repeat("- name: 停车场[A\n", 5_000), 0},
		{"anchors", strings.Repeat("&a[", 40), 1},
		{"maps", strings.Repeat("{a: ", 40), 1},
		{"a bomb behind an apostrophe", "a: it's " + deep + " it's", 1},
		{"a bomb behind a quote over lines", "a: \"x\n  y\" \n" + deep + "\"", 3},
		{"a bomb behind an escape", `a: ["\"", ` + deep + `"]`, 1},
		{"a bomb between quotes at the start of a line", "[a,\n\"" + deep + "\"", 2},
		{"list indicators", strings.Repeat("- ", 40) + "x", 1},
		{"key indicators", strings.Repeat("? ", 40) + "x", 1},
		{"indentation", strings.Repeat(" ", 300) + "a: 1", 1},
		{"aliases", strings.Repeat("a: *b\n", 2000), mostMarks + 1},
		{"a run of anchors", "a: 1\nb: " + strings.Repeat("&", 2000), 2},
		{"banners", strings.Repeat("# "+strings.Repeat("*", 70)+"\n", 50), 0},
		{"addresses of plain text", strings.Repeat("- http://a.test/?b=1&c=2\n", 5_000), 0},
		{"a large one", strings.Repeat("#", MostDocument+1), 1},
	} {
		err := YAML([]byte(tc.text))
		if tc.line == 0 && err != nil || tc.line != 0 && (err == nil || LineOf(err) != tc.line) {
			t.Errorf("%s: %v, want line %d", tc.name, err, tc.line)
		}
	}
}

// TestWorstYAML parses the deepest documents that YAML lets through: what the parser allocates grows with the size of
// the text, not with the square of its nesting.
func TestWorstYAML(t *testing.T) {
	const size = 64 << 10
	for name, text := range map[string]string{
		"lists": "[" + strings.Repeat(strings.Repeat("[", mostNesting-1)+strings.Repeat("]", mostNesting-1)+",",
			size/2/mostNesting) + "]",
		"indicators": strings.Repeat(strings.Repeat("- ", mostNesting-1)+"x\n", size/2/mostNesting),
		"anchors":    strings.Repeat("- "+strings.Repeat("&a ", 20)+"x\n", mostMarks/20),
		"tags":       strings.Repeat("- "+strings.Repeat("!!a ", 15)+"x\n", mostMarks/30),
		"maps":       strings.Repeat("a:\n  b: {c: [d]}\n", size/18),
	} {
		if err := YAML([]byte(text)); err != nil {
			t.Fatal(name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parser.ParseBytes([]byte(text), 0)
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / uint64(len(text)); each > 2000 {
			t.Errorf("%s: %d bytes are allocated for each of the text (%v)", name, each, err)
		} else {
			t.Logf("%s: %d bytes for each of the text, %v", name, each, err)
		}
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	file, pipe := filepath.Join(dir, "secret"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(file, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := File(file, 10); err != nil || string(text) != "0123456789" {
		t.Errorf("%q, %v", text, err)
	}
	for _, name := range []string{file, pipe, dir, "/dev/zero", filepath.Join(dir, "none")} {
		if _, err := File(name, 9); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// TestDecodeYAML wants errors that quote nothing of a document with secrets.
func TestDecodeYAML(t *testing.T) {
	for text, line := range map[string]int{
		"a: x\nb: \"TOPSECRET\n": 2, "a: b\n- TOPSECRET\n": 1, "a: {b: TOPSECRET}\n": 1, "TOPSECRET": 1, "a: [TOPSECRET\n": 1,
	} {
		keys := map[string]string{}
		err := DecodeYAML([]byte(text), &keys)
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", text, err)
		}
		t.Log(line, err)
	}
	keys := map[string]string{}
	if err := DecodeYAML([]byte("a: b\n"), &keys); err != nil || keys["a"] != "b" {
		t.Errorf("%v, %v", keys, err)
	}
}
