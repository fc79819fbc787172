//go:build soak

package app

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// handEdits are all that a new kind of car park needs outside its own folder, each a line behind one that is there.
var handEdits = []struct{ file, behind, line string }{
	{"../lot/kind.go", "var kinds = []Kind{", `	{
		ID: "coin", Channel: "coin", Messages: []charge.Message{"coin"}, AtOnce: 100, CanDecide: true,
		EveryPlatform: true, Key: KeyOfOwn,
		Chinese: "投币", English: "coin", BadgeChinese: "投币", BadgeEnglish: "coin",
		FieldChinese: "coin 投币", FieldEnglish: "coin = made up",
	},`},
	{"channels.go", "import (", `	"github.com/chargestamp/chargestamp/lot/coin"`},
	{"channels.go", "		charge.ChannelCallback: called{a.callback, a.coupon},",
		"		coin.Way:               coin.Channel{},"},
}

// TestNewKindIsAFolderAndARow builds the gateway with a made-up kind of car park laid over it, and sees a reduction
// arrive there.
func TestNewKindIsAFolderAndARow(t *testing.T) {
	folder := t.TempDir()
	replace := map[string]string{}
	overlay := func(file, text string) {
		t.Helper()
		of, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		by := filepath.Join(folder, strings.ReplaceAll(of, "/", "_"))
		if err := os.WriteFile(by, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		replace[of] = by
	}
	read := func(file string) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	overlay("../lot/coin/coin.go", read("testdata/newkind/coin.go.txt"))
	overlay("coin_test.go", read("testdata/newkind/coin_test.go.txt"))
	edited := map[string]string{}
	for _, e := range handEdits {
		if edited[e.file] == "" {
			edited[e.file] = read(e.file)
		}
		with := strings.Replace(edited[e.file], e.behind+"\n", e.behind+"\n"+e.line+"\n", 1)
		if with == edited[e.file] {
			t.Fatalf("%s has no line %q", e.file, e.behind)
		}
		edited[e.file] = with
	}
	for file, text := range edited {
		overlay(file, text)
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(at, list, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", at, "-run", "^TestCoin$",
		".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ok") {
		t.Fatalf("%v\n%s", err, out)
	}
}
