package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGBKFilesAreRefused hands in files as an editor in a Chinese Windows saves them: each is named, and nothing is
// done with it.
func TestGBKFilesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, before, after string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(before+"\xd2\xbb\xba\xc5\xb3\xa1"+after), 0o600); err != nil { // 一号场
			t.Fatal(err)
		}
		return name
	}
	push := "push xiaoju --dry-run --lot 200461/1313 --key sign_key=k"
	for line, bad := range map[string]string{
		"validate --estate": file("estate.yaml", "version: 1\nvendors: [{union_id: \"1\", name: ", "}]\n"),
		"validate --config": file("config.yaml", "data: ", "\n"),
		push + " --keys":    file("keys.yaml", "sign_key: ", "\n"),
		push + " --file":    file("fields.json", `{"merchName":"`, `"}`),
		"rules backtest --server http://127.0.0.1:1 --binding a@1/2 --rule": file("rule.yaml", "grant: as_pushed # ", "\n"),
	} {
		out, err := exec.Command("chargestamp", append(strings.Fields(line), bad)...).CombinedOutput()
		if code := exitCode(err); code != 1 && code != 2 || !strings.Contains(string(out), filepath.Base(bad)) ||
			!strings.Contains(string(out), "not UTF-8, most likely GBK: save the file as UTF-8") {
			t.Errorf("%s: exit code %d\n%s", line, exitCode(err), out)
		}
	}
}
