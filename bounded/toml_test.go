package bounded

import (
	"strings"
	"testing"
)

func TestTOML(t *testing.T) {
	deep := strings.Repeat("[", 200)
	for name, tc := range map[string]struct {
		text string
		line int // of the error; 0: none
	}{
		"a profile": {
			"id = \"own\"\n[seal]\nrecipe = \"r1\"\nnames = [[\"a\", \"b\"], [\"c\"]]\n[[case]]\n", 0},
		"brackets in strings":         {"a = \"" + deep + "\\\"" + deep + "\"\nb = '" + deep + "'\n", 0},
		"brackets in long strings":    {"a = \"\"\"\n" + deep + "\n\"\"\"\nb = '''\n" + deep + "'\n'''\n", 0},
		"brackets in comments":        {"# " + deep + "\na = 1 # " + deep, 0},
		"many tables":                 {strings.Repeat("[[case]]\nx = {y = [1]}\n", 2000), 0},
		"a bomb":                      {"a = 1\nb = " + strings.Repeat("[", 30_000), 2},
		"a bomb of tables":            {"b = " + strings.Repeat("{a=", 20_000), 1},
		"a bomb behind a lone quote":  {"a = it's\nb = " + deep, 2},
		"a bomb behind a long string": {"a = \"\"\"x\\\"\"\"\"\nb = " + deep, 2},
		"a bomb over lines":           {"a = " + strings.Repeat("[\n", 40), 17},
		"too long":                    {strings.Repeat("#", MostProfile+1), 1},
	} {
		err := TOML([]byte(tc.text))
		if tc.line == 0 && err != nil || tc.line != 0 && (err == nil || LineOf(err) != tc.line) {
			t.Errorf("%s: %v, want an error of line %d", name, err, tc.line)
		}
	}
}
