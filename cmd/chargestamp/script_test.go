package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the command line as a shell would, real processes over real sockets: testdata/script. Beside
// testscript's own, the scripts have these commands:
//
//	start NAME chargestamp ARG…   starts a server or a played lot and waits until it is ready
//	stop NAME                     ends it by SIGTERM; exit 0 within 15 s is demanded
//	exits N chargestamp ARG…      runs a command that must exit with N; exec-with-token FILE before it takes another
//	                              token, exec-with-id puts the newest charge's id in place of ID
//	until REGEXP chargestamp ARG… runs a command again and again until its output matches
//	json PATH [VALUE]             the last output is JSON and has this at PATH, such as 0.platform
//	get PATH STATUS               asks the admin listener, with the token
//	newer DIR                     marks the data in DIR a schema of later days
func TestScripts(t *testing.T) {
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:      "testdata/script",
		Deadline: time.Now().Add(20 * soon),
		Setup: func(e *testscript.Env) error {
			running := map[string]*process{}
			e.Values["running"] = running
			e.Defer(func() {
				for _, p := range running {
					p.kill()
				}
			})
			e.Vars = append(e.Vars, environment()...)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("DOCS", docs)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start, "stop": stop, "exits": exits, "until": until, "json": hasJSON, "get": get, "newer": newer,
		},
	})
}

func running(ts *testscript.TestScript) map[string]*process {
	return ts.Value("running").(map[string]*process) //nolint:forcetypeassert // set in Setup
}

// passedOn are variables of a script that what it starts has too.
var passedOn = []string{"HTTP", "LINE", "SERVER", "DATA", "SECRETS_KEY", "PLATFORMS_DIR"}

func start(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment()
	for _, name := range passedOn {
		if v := ts.Getenv("CHARGESTAMP_" + name); v != "" {
			cmd.Env = append(cmd.Env, "CHARGESTAMP_"+name+"="+v)
		}
	}
	p, err := launch(cmd)
	ts.Check(err)
	running(ts)[args[0]] = p
	if p.ready["admin"] == nil {
		return
	}
	for _, v := range p.addresses() {
		name, value, _ := strings.Cut(v, "=")
		ts.Setenv(name, value)
	}
}

func stop(ts *testscript.TestScript, _ bool, args []string) {
	p := running(ts)[args[0]]
	code, err := p.stop()
	ts.Check(err)
	if code != 0 {
		ts.Fatalf("%s ended with exit code %d\n%s", args[0], code, p.stderr)
	}
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	args = args[1:]
	switch args[0] {
	case "exec-with-id":
		args = withID(ts, args[1:])
	case "exec-with-token":
		was := ts.Getenv("CHARGESTAMP_TOKEN")
		ts.Setenv("CHARGESTAMP_TOKEN", strings.TrimSpace(ts.ReadFile(args[1])))
		defer ts.Setenv("CHARGESTAMP_TOKEN", was)
		args = args[2:]
	}
	if got := exitCode(ts.Exec(args[0], args[1:]...)); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile(args[0])
	for begun := time.Now(); time.Since(begun) < soon; {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if re.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("no output matched %s within %s", re, soon)
}

func hasJSON(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	at := v
	for step := range strings.SplitSeq(args[0], ".") {
		switch node := at.(type) {
		case []any:
			i, err := strconv.Atoi(step)
			ts.Check(err)
			if at = nil; i < len(node) {
				at = node[i]
			}
		case map[string]any:
			at = node[step]
		default:
			at = nil
		}
	}
	if got := fmt.Sprint(at); len(args) > 1 && (got == args[1]) == neg {
		ts.Fatalf("%s is %q", args[0], got)
	} else if len(args) == 1 && (at != nil) == neg {
		ts.Fatalf("%s is %v", args[0], at)
	}
}

func get(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, ts.Getenv("CHARGESTAMP_SERVER")+args[0], nil)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if _, err := ts.Stdout().Write(body); err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(answer.StatusCode) != args[1] {
		ts.Fatalf("%s answers %d, want %s\n%s", args[0], answer.StatusCode, args[1], body)
	}
}

func newer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(filepath.Join(args[0], "chargestamp.db")))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (90001, TRUE)")
	ts.Check(err)
}

// withID puts the newest charge's id in place of ID.
func withID(ts *testscript.TestScript, args []string) []string {
	ts.Check(ts.Exec("chargestamp", "charges", "-o", "json"))
	var found []struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &found))
	if len(found) == 0 {
		ts.Fatalf("there is no charge")
	}
	args = slices.Clone(args)
	for i := range args {
		if args[i] == "ID" {
			args[i] = found[0].ID
		}
	}
	return args
}
