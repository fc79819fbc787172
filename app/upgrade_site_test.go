package app

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// keptFolder holds the data of a site that an older program served; its README says how they were made.
const keptFolder = "testdata/site-5e2f1d9"

// keptSite is such a site, unpacked for a test.
type keptSite struct {
	Place
	wrote []keptRow // what the old program's API said of it
	now   time.Time // shortly after its stop
}

// keptRow is one line of what the old program said: one of its members is there.
type keptRow struct {
	Charge, Stay, Push, Day map[string]any
}

// keptFile opens a packed file of the kept site.
func keptFile(t *testing.T, name string) io.Reader {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join(keptFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// newKept reads what the old program said of an engine's data.
func newKept(t *testing.T, engine string) *keptSite {
	t.Helper()
	k := &keptSite{Place: Place{Data: filepath.Join(t.TempDir(), "data")}}
	if err := os.Mkdir(k.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(keptFolder, engine+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var row keptRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		k.wrote = append(k.wrote, row)
	}
	for _, row := range k.wrote {
		if row.Push != nil {
			if made := charge.IDTime(atoi(t, fmt.Sprint(row.Push["id"]))); made.After(k.now) {
				k.now = made
			}
		}
	}
	k.now = k.now.Add(10 * time.Minute)
	return k
}

func atoi(t *testing.T, text string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

func keptSQLite(t *testing.T) *keptSite {
	t.Helper()
	k := newKept(t, "sqlite")
	for files := tar.NewReader(keptFile(t, "sqlite.tar.gz")); ; {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return k
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(k.Data, head.Name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func keptPostgres(t *testing.T, place storetest.Place) *keptSite {
	t.Helper()
	k := newKept(t, "postgres")
	k.Database = place(t).URL
	k.turnBack(t)
	key, err := os.ReadFile(filepath.Join(keptFolder, "postgres.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(k.Data, "secrets.key"), key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var dump strings.Builder
	for lines := bufio.NewScanner(keptFile(t, "postgres.sql.gz")); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), `\`) { // a command to psql
			dump.WriteString(lines.Text() + "\n")
		}
	}
	k.do(t, dump.String())
	return k
}

// do runs statements on the database of a kept site.
func (k *keptSite) do(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), k.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// turnBack sets the clock of the kept site's database to the time when the site was left. A site that is older each day
// would have its charges expire and its repeats be forgotten.
func (k *keptSite) turnBack(t *testing.T) {
	t.Helper()
	conf, err := pgx.ParseConfig(k.Database)
	if err != nil {
		t.Fatal(err)
	}
	k.do(t, fmt.Sprintf(`CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT pg_catalog.clock_timestamp() - interval '%d seconds' $$;
		ALTER DATABASE %s SET search_path = public, pg_catalog`,
		int64(time.Since(k.now).Seconds()), pgx.Identifier{conf.Database}.Sanitize()))
}

// config has the kept site served by today's program, at the time when it was left.
func (k *keptSite) config(t *testing.T) Config {
	cfg := local(t)
	cfg.Data, cfg.Database.URL, cfg.Retention = k.Data, k.Database, RetentionConfig{}
	began := time.Now()
	cfg.Now = func() time.Time { return k.now.Add(time.Since(began)) }
	return cfg
}

// TestUpgradeKeptSiteSQLite serves what an older program has left, and wants all of it there and nothing twice.
func TestUpgradeKeptSiteSQLite(t *testing.T) { testKept(t, keptSQLite(t)) }

// TestUpgradeKeptSitePostgres wants the same of a database, no start beside an older node, and a backup of the older
// program to be restored into a database.
func TestUpgradeKeptSitePostgres(t *testing.T) {
	place := storetest.SharedPostgres(t)
	k := keptPostgres(t, place)
	k.do(t, `INSERT INTO node (name, number, beat)
		VALUES ('old-node', 7, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`)
	if a, err := New(t.Context(), k.config(t)); err == nil {
		a.Stop(time.Second)
		t.Fatal("the schema was changed under a node of an older program")
	} else if !errors.Is(err, store.ErrOlderNode) || !strings.Contains(err.Error(), "old-node") {
		t.Fatalf("beside a node of an older program: %v, want a refusal that names it", err)
	}
	k.do(t, "DELETE FROM node WHERE name = 'old-node'")
	testKept(t, k)

	backup := keptSQLite(t)
	moved := &keptSite{Place: Place{Data: backup.Data, Database: place(t).URL}, wrote: backup.wrote, now: backup.now}
	moved.turnBack(t)
	if err := Restore(t.Context(), moved.Place, filepath.Join(backup.Data, "chargestamp.db")); err != nil {
		t.Fatal(err)
	}
	s := serve(t, moved.config(t))
	moved.allThere(t, s.office())
	s.Stop(15 * time.Second)
	moved.verified(t)
}

func testKept(t *testing.T, k *keptSite) {
	s := serve(t, k.config(t))
	k.allThere(t, s.office())
	k.pagesShow(t, s)
	k.pushedAgain(t, s)
	s.Stop(15 * time.Second)
	k.verified(t)
}

// rows are those of the old program's rows that what chooses.
func (k *keptSite) rows(what func(keptRow) map[string]any) (rows []map[string]any) {
	for _, row := range k.wrote {
		if r := what(row); r != nil {
			rows = append(rows, r)
		}
	}
	return rows
}

func chargeOf(r keptRow) map[string]any { return r.Charge }
func stayOf(r keptRow) map[string]any   { return r.Stay }
func pushOf(r keptRow) map[string]any   { return r.Push }
func dayOf(r keptRow) map[string]any    { return r.Day }

// list returns what today's API lists, by the member that names a row.
func list(t *testing.T, o office, path string, name func(map[string]any) string) map[string]map[string]any {
	t.Helper()
	var page struct {
		Items []map[string]any
		Next  string
	}
	o.must(t, http.MethodGet, "/api/v1/"+path, nil, &page)
	if page.Next != "" {
		t.Fatalf("%s goes on after %d rows", path, len(page.Items))
	}
	found := map[string]map[string]any{}
	for _, item := range page.Items {
		found[name(item)] = item
	}
	return found
}

func member(names ...string) func(map[string]any) string {
	return func(row map[string]any) string {
		parts := make([]string, len(names))
		for i, name := range names {
			parts[i] = fmt.Sprint(row[name])
		}
		return strings.Join(parts, " ")
	}
}

// allThere wants each row that the old program spoke of, as it was, and no other.
func (k *keptSite) allThere(t *testing.T, o office) {
	t.Helper()
	for _, of := range []struct {
		path string
		rows func(keptRow) map[string]any
		name func(map[string]any) string
	}{
		{"charges?limit=200", chargeOf, member("id")},
		{"stays?limit=200", stayOf, member("lot", "order_id")},
		{"pushes?limit=200", pushOf, member("id")},
		{"statements", dayOf, member("day", "platform", "lot")},
	} {
		want, got := k.rows(of.rows), list(t, o, of.path, of.name)
		if len(got) != len(want) || len(want) == 0 {
			t.Errorf("%d %s, the old program had %d", len(got), of.path, len(want))
		}
		for _, was := range want {
			is := got[of.name(was)]
			for name, value := range was {
				if name == "reason" && strings.HasPrefix(of.path, "pushes") {
					value, is[name] = value == nil, is[name] == nil // in words of today
				}
				if diff := cmp.Diff(value, part(value, is[name])); diff != "" {
					t.Errorf("%s %s: %s (-was +is):\n%s", of.path, of.name(was), name, diff)
				}
			}
		}
	}
}

// part is what of a value an older program knew the names of.
func part(was, is any) any {
	old, ok := was.(map[string]any)
	now, also := is.(map[string]any)
	if !ok || !also {
		return is
	}
	known := map[string]any{}
	for name := range old {
		known[name] = now[name]
	}
	return known
}

// pagesShow wants each charge's page in the console and its story in the API.
func (k *keptSite) pagesShow(t *testing.T, s *site) {
	t.Helper()
	boss := s.hire(guard.RoleAdmin)
	for _, path := range []string{"/", "/charges", "/pushes", "/lots", "/statements", "/incidents", "/estate", "/audit"} {
		if status, _ := boss.page(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, c := range k.rows(chargeOf) {
		status, page := boss.page("/charges/" + fmt.Sprint(c["id"]))
		if status != http.StatusOK || !strings.Contains(page, charge.Plate(fmt.Sprint(c["plate"])).Full()[len("京"):]) {
			t.Errorf("the page of charge %v (%v): %d, without its plate", c["order"], c["state"], status)
		}
		var story struct{ Timeline []struct{ Step string } }
		s.office().must(t, http.MethodGet, "/api/v1/charges/"+fmt.Sprint(c["id"]), nil, &story)
		if len(story.Timeline) == 0 {
			t.Errorf("charge %v has no timeline", c["order"])
		}
	}
}

// notFirst are the orders of the kept site that the old program took for repeats of another issuer's.
// Now they are those of who pushed them, and count once.
var notFirst = map[string]string{"linghu": "20261129001", "xiaowei": "1001", "zhongdianlian": "20261129000001"}

// pushedAgain pushes everything that the old program took once more, as it was sent, and wants nothing granted but to
// the issuers whose numbers the old program took for others'.
func (k *keptSite) pushedAgain(t *testing.T, s *site) {
	t.Helper()
	before := list(t, s.office(), "charges?limit=200", member("id"))
	players := k.players(t, s)
	kept, err := s.store.Pushes(t.Context(), charge.PushFilter{Bodies: true, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	first := 0
	for i := len(kept.Items) - 1; i >= 0; i-- {
		was := kept.Items[i]
		if was.Outcome != charge.OutcomeAccepted && was.Outcome != charge.OutcomeDuplicate {
			continue
		}
		s.pushOnce(t, was, players[was.Platform+" "+was.Account])
		now, err := s.store.Pushes(t.Context(), charge.PushFilter{Platform: was.Platform, Bodies: true, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		again := now.Items[0]
		order := fmt.Sprint(before[fmt.Sprint(was.Charge)]["order"])
		if was.Outcome == charge.OutcomeDuplicate && order == notFirst[was.Platform] {
			first++
			c := s.office().settled(t, order+"&lot=620002/1", charge.StateDelivered)
			if again.Outcome != charge.OutcomeAccepted || c.Reduction == nil || c.Reduction.Minutes != 60 {
				t.Errorf("%s order %v of the other issuer: %s, %+v; want a charge of its own", was.Platform, order,
					again.Outcome, c)
			}
			continue
		}
		if again.Outcome != charge.OutcomeDuplicate || again.Charge != was.Charge {
			t.Errorf("a push of %s (%s): %s (%s) of %d; want a duplicate of %d", was.Platform, was.Outcome, again.Outcome,
				again.Reason, again.Charge, was.Charge)
		}
	}
	after := list(t, s.office(), "charges?limit=200", member("id"))
	if first != len(notFirst) || len(after) != len(before)+first {
		t.Errorf("%d charges after all pushes again, want the %d there were and %d of second issuers", len(after),
			len(before), len(notFirst))
	}
	for id, was := range before {
		if diff := cmp.Diff(was["reduction"], after[id]["reduction"]); diff != "" {
			t.Errorf("charge %s was granted something by a repeat (-was +is):\n%s", was["order"], diff)
		}
	}
}

// players are the platforms of the kept estate, by platform and account.
func (k *keptSite) players(t *testing.T, s *site) map[string]*play.Player {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(keptFolder, "estate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var estate struct {
		Accounts []struct {
			Account, Platform string
			Keys              play.Keys
			PathToken         string `yaml:"path_token"`
		}
	}
	if err := yaml.Unmarshal(text, &estate); err != nil {
		t.Fatal(err)
	}
	players := map[string]*play.Player{}
	for _, a := range estate.Accounts {
		players[a.Platform+" "+a.Account] = &play.Player{BaseURL: "http://" + s.Addresses().HTTP, Platform: a.Platform,
			Keys: a.Keys, PathToken: a.PathToken}
	}
	return players
}

// pushOnce sends a stored push as it came, with the token that it needs today.
func (s *site) pushOnce(t *testing.T, p charge.Push, by *play.Player) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(p.Request)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	path := r.URL.EscapedPath()
	if by.PathToken != "" { // which is not stored
		path += "/" + by.PathToken
	}
	again, err := http.NewRequestWithContext(context.Background(), http.MethodPost, by.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	again.Header = r.Header
	if r.Header.Get("Authorization") != "" {
		token, err := by.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(again)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// verified wants the data to add up after the stop.
func (k *keptSite) verified(t *testing.T) {
	t.Helper()
	checks, err := Verify(t.Context(), k.Place, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if !c.OK {
			t.Errorf("verify: %s: %s", c.Name, c.Detail)
		}
	}
}
