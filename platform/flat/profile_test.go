package flat

import (
	"os"
	"strings"
	"testing"
)

// TestLoadRefuses: what a profile cannot say, each with file, line and key. The profile is xiaowei's, so that
// the rules about what the recipe leaves out are met too.
func TestLoadRefuses(t *testing.T) {
	text, err := os.ReadFile("profiles/xiaowei.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(text), "number   = 3\n", "", 1)
	if _, err := Load(strings.NewReader(own), "own.toml"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", `issuer  = "vendor"`, `issuer  = "vendor"` + "\n" + `verify = false`,
			"own.toml:35: seal.verify is not a key of a profile"},
		{"unknown table", "[grants]", "[checks]\nsign = \"off\"\n[grants]", "own.toml:37: checks is not a key of a profile"},
		{"wrong type", `form_id    = 3`, `form_id    = "three"`, "own.toml:29: lot.form_id: cannot decode"},
		{"other family", `family = "flat"`, `family = "plain"`, `own.toml:1: family: must be "flat" here`},
		{"bad id", `id     = "xiaowei"`, `id     = "Xiao Wei"`, "own.toml:2: id:"},
		{"a number", `evidence = "observed"`, `evidence = "observed"` + "\nnumber = 3",
			"about.number: only built-in platforms have one"},
		{"unknown evidence", `"observed"`, `"certain"`,
			"about.evidence: certain is none of documented, observed, inferred, assumed"},
		{"no evidence", `evidence = "observed"`, "", "about.evidence: is missing"},
		{"no path", `charge = ["/zld/api/wec/SyncChargePilePay"]`, "", "paths.charge: names no path"},
		{"path that is resolved", `"/zld/api/wec/SyncChargePilePay"`, `"/zld/api/../SyncChargePilePay"`,
			"own.toml:22: paths: \"/zld/api/../SyncChargePilePay\": clients resolve"},
		{"path of a dot", `"/zld/api/wec/SyncChargePilePay"`, `"/zld/./wec"`, "clients resolve . and .."},
		{"odd path", `/wec/SyncChargePilePay"`, `/wec/Sync?Charge"`, "paths:"},
		{"no lot", `field      = "appId"`, "", "lot.field: is missing"},
		{"unknown separator", `separators = ["&&"]`, `separators = ["--"]`, "lot.separators: -- is none of"},
		{"unknown lot kind", `"4g", "api"]`, `"5g", "api"]`, "lot.kinds: 5g is none of"},
		{"unpublished form id", `form_id    = 3`, `form_id    = 7`, "lot.form_id: 7 is none of"},
		{"no recipe", `recipe  = "kv-md5-secret"`, "", "seal.recipe: is missing: say which of"},
		{"unknown recipe", `"kv-md5-secret"`, `"none"`, "seal.recipe: none is none of kv-md5-md5key"},
		{"no issuer", `issuer  = "vendor"`, "", "seal.issuer: is missing"},
		{"key of the vendor's key", `confirm = "parkId"`, `confirm = "parkId"` + "\n" + `key = "ukey"`,
			"seal.key: the vendor's key is its ukey"},
		{"account without a key", `issuer  = "vendor"`, `issuer  = "account"`, "seal.key: is missing"},
		{"lot outside the signature", `confirm = "parkId"`, "", "lot.field: recipe kv-md5-secret does not sign appId"},
		{"confirm outside the signature", `confirm = "parkId"`, `confirm = "appId"`,
			"seal.confirm: recipe kv-md5-secret does not sign appId"},
		{"confirm for nothing", `field      = "appId"`, `field      = "lotId"`, "seal.confirm: lotId is signed already"},
		{"field outside the signature", `names = ["plateNo"]`, `names = ["plateNo", "appId"]`,
			"fields.plate.names: recipe kv-md5-secret does not sign appId"},
		{"the signature as a field", `names = ["spaceNo"]`, `names = ["key"]`,
			"fields.park_no.names: recipe kv-md5-secret does not sign key"},
		{"no grant", `kinds   = ["amount", "time"]`, "", "grants.kinds: is missing"},
		{"unknown grant", `["amount", "time"]`, `["amount", "discount"]`, "grants.kinds: discount is none of"},
		{"no default", `default = "as_pushed"`, "", "grants.default: is missing"},
		{"default that is no grant", `default = "as_pushed"`, `default = "lot_decides"`,
			"grants.default: lot_decides is not among grants.kinds"},
		{"lot decides in a 4g lot", `kinds   = ["amount", "time"]`, `kinds   = ["lot_decides"]`,
			"lot.kinds: a 4g lot cannot decide"},
		{"no plate", `plate          = {names = ["plateNo"], required = true, mark = "C"}`, "", "fields.plate: is missing"},
		{"unknown field", `park_no        =`, `colour         =`, "fields.colour: is no field that we know"},
		{"field without names", `{names = ["spaceNo"], mark = "C"}`, `{mark = "C"}`, "fields.park_no.names: is missing"},
		{"no unit of time", `names = ["startTime"], unit = "text_or_unix_ms"`, `names = ["startTime"]`,
			"fields.start.unit: is missing: say which of text, unix_s"},
		{"no unit of a span", `names = ["freeTime"], unit = "seconds"`, `names = ["freeTime"]`,
			"fields.minutes.unit: is missing: say which of minutes, seconds, unknown"},
		{"no unit of money", `names = ["freeMoney"], unit = "fen"`, `names = ["freeMoney"]`,
			"fields.amount.unit: is missing: say which of yuan, fen, unknown"},
		{"no unit of energy", `names = ["power"], unit = "kwh"`, `names = ["power"]`,
			"fields.energy.unit: is missing: say which of kwh, wh, unknown"},
		{"unit of another kind", `names = ["freeMoney"], unit = "fen"`, `names = ["freeMoney"], unit = "seconds"`,
			"fields.amount.unit: seconds is none of yuan, fen, unknown"},
		{"unit of a text", `names = ["spaceNo"]`, `names = ["spaceNo"], unit = "yuan"`,
			"fields.park_no.unit: a text has no unit"},
		{"unknown mark", `names = ["spaceNo"], mark = "C"`, `names = ["spaceNo"], mark = "sure"`, "fields.park_no.mark:"},
		{"reduction unsaid", `otherwise = "named"`, "", "reduction.otherwise: is missing"},
		{"unknown reduction", `1 = "rule"`, `1 = "half"`, "reduction.by.1: half is none of time, amount"},
		{"method without values", `by        = {0 = "named", 1 = "rule"}`, "", "reduction.by: and fields.method go together"},
		{"time without a field", "minutes        = {names = [\"freeTime\"], unit = \"seconds\", mark = \"C\"}\namount ",
			"amount ", ""},
		{"no repeat", `repeat = [["order"], ["lot", "plate", "start", "end"]]`, "", "repeat: is missing"},
		{"unknown member", `["order"]`, `["serial"]`, "repeat: serial is none of"},
		{"repeat by plate alone", `[["order"], ["lot", "plate", "start", "end"]]`, `[["plate"]]`,
			"repeat: plate does not tell two charges apart"},
		{"no reply code", `code    = "resCode"`, "", "reply.code: is missing"},
		{"success that is no code", `ok      = "0"`, `ok      = 0.5`,
			"reply.ok: is missing, or neither a text nor a whole number"},
		{"refusal like success", `refused = "1"`, `refused = "0"`, "reply.refused: 0 is what success is answered with"},
		{"unknown outcome", `bad_body = "1201"`, `bad_luck = "1201"`, "reply.codes.bad_luck: bad_luck is none of"},
		{"outcome like success", `bad_signature = "1101"`, `bad_signature = "0"`,
			"reply.codes.bad_signature: 0 is what success is answered with"},
		{"no TOML", `[lot]`, `[lot`, "own.toml:25:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(own, c.old, c.new, 1)
			if changed == own {
				t.Fatalf("%q is not in the profile", c.old)
			}
			_, err := Load(strings.NewReader(changed), "own.toml")
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && err == nil:
				t.Error("loaded")
			case c.want != "" && (!strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "own.toml:")):
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
	if _, err := Load(strings.NewReader(strings.Repeat("#", 1<<20)), "own.toml"); err == nil {
		t.Error("a megabyte is taken")
	}
}

// TestOperatorPairs: the operator's field and key come together, and never as the secret.
func TestOperatorPairs(t *testing.T) {
	text, err := os.ReadFile("profiles/echongwang.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(text), "number   = 14\n", "", 1)
	for _, c := range []struct{ old, new, want string }{
		{`operator_key = "app_id"`, "", "seal.operator: and seal.operator_key go together"},
		{`operator_key = "app_id"`, `operator_key = "app_secret"`, "seal.operator_key: is the secret key"},
		{"issuer       = \"account\"\nkey          = \"app_secret\"\n", "issuer = \"vendor\"\n",
			"seal.operator: only accounts that hold keys have one"},
	} {
		_, err := Load(strings.NewReader(strings.Replace(own, c.old, c.new, 1)), "own.toml")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}

// FuzzLoad: no file makes loading panic, and what loads has what a push is checked and found by.
func FuzzLoad(f *testing.F) {
	for _, d := range Builtin() {
		id := d.Info().ID
		text, err := os.ReadFile("profiles/" + id + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("family = \"flat\"\n[a.b]\nc = {d = {e = [{f = 1}]}}\n[[x]]\n[[x]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Load(strings.NewReader(text), "own.toml")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "own.toml:") {
				t.Errorf("error without a file: %v", err)
			}
			return
		}
		i := d.Info()
		if i.ID == "" || len(i.Routes) == 0 || i.LotField == "" || i.Number != 0 || !i.OwnProfile || i.Issuer == "" ||
			i.Issuer == "account" && len(i.Keys) == 0 {
			t.Errorf("loaded as %+v", i)
		}
	})
}
