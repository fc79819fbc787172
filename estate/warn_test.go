package estate_test

import (
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// TestUndatedIsWarnedOf wants apply to warn where pushes that prove no time are granted, and to name the lock.
func TestUndatedIsWarnedOf(t *testing.T) {
	const token = "0f0c0de4a7b24f6b9d3e8a60c2b71d95"
	c := catalog()
	state, _, err := c.Merge(nil, parse(t, `version: 1
vendors:
  - {union_id: "1", name: one, ukey: "a-ukey-of-sixteen"}
accounts:
  - {account: xj, platform: xiaoju, keys: {sign_key: "a-key-of-sixteen"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ why, account, lock string }{
		{"it is switched on", `{account: xj, platform: xiaoju, undated: once_a_stay, allow_from: ["192.0.2.0/24"]}`,
			"allow_from 192.0.2.0/24"},
		{"nothing changes", `{account: xj, platform: xiaoju, undated: once_a_stay}`, ""},
		{"its lock changes", `{account: xj, platform: xiaoju, allow_from: [], path_token: "` + token + `"}`, "path_token"},
		{"a new account has it", `{account: xj2, platform: xiaoju, scope: "1", keys: {sign_key: "another-of-sixteen"}, ` +
			`undated: once_a_stay, path_token: "` + token[1:] + `a"}`, "path_token"},
		{"another field changes", `{account: xj, platform: xiaoju, clock: off}`, ""},
		{"it is switched off", `{account: xj, platform: xiaoju, undated: refuse}`, ""},
	} {
		next, changes, err := c.Merge(state, parse(t, "version: 1\naccounts:\n  - "+step.account+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", step.why, err)
		}
		state = next
		said := changes.Notes().String()
		if warned := strings.Contains(said, "#estate.once_a_stay"); warned != (step.lock != "") ||
			step.lock != "" && !strings.Contains(said, charge.Say("estate.lock", charge.Text("lock", step.lock)).String()) {
			t.Errorf("%s: %q; want the lock %q named", step.why, said, step.lock)
		}
		if strings.Contains(said, token[1:]) {
			t.Errorf("%s: the warning shows the path token", step.why)
		}
	}
}
