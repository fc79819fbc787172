package app

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/admin/apitest"
	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/store/storetest"
)

// TestMain is a node of a site where the environment asks for one, see nodeProcess; else it runs the tests.
func TestMain(m *testing.M) {
	if spec := os.Getenv(nodeSpecEnv); spec != "" {
		os.Exit(beNode(spec))
	}
	os.Exit(storetest.Main(m))
}

// adminToken is the admin's of every server of the tests.
const adminToken = "invented-admin-token-9b1f"

// logbook keeps what a server logs.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// site is one running server.
type site struct {
	*App
	t       *testing.T
	log     *logbook
	secrets []string // that it was given
}

// local is a configuration on free ports with a folder of the test's.
func local(t *testing.T) Config {
	cfg := Defaults()
	cfg.Data, cfg.AdminToken, cfg.Log.Level = filepath.Join(t.TempDir(), "data"), adminToken, "debug"
	for _, addr := range []*string{&cfg.HTTP.Addr, &cfg.Admin.Addr, &cfg.Line.Addr, &cfg.Line.TLSAddr, &cfg.TLS.Addr} {
		*addr = "127.0.0.1:0"
	}
	return cfg
}

// serve starts a server that is stopped with the test. Whatever it does, its log holds no secret and no plate.
func serve(t *testing.T, cfg Config) *site {
	t.Helper()
	s := &site{t: t, log: &logbook{}, secrets: []string{adminToken, cfg.SecretsKey}}
	cfg.LogTo = s.log
	var err error
	if s.App, err = New(t.Context(), cfg); err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		s.Stop(15 * time.Second)
		silent(t, s.log.String(), s.secrets)
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", tailOf(s.log.String()))
		}
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return s
}

// apply sends an estate and remembers what of it must stay secret.
func (s *site) apply(estate []byte) {
	s.t.Helper()
	s.secrets = append(s.secrets, secretsIn(s.t, estate)...)
	s.office().apply(s.t, estate)
}

func tailOf(text string) string { return text[max(0, len(text)-6000):] }

// object is a JSON object, which is YAML too.
type object = map[string]any

// secret is n random bytes as hex.
func secret(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// town is an estate of the tests: one vendor with a lot of each kind, or more of them, and accounts.
type town struct {
	ukey     string
	ckey     string // of every lot
	keys     map[string]play.Keys
	lots     []object
	accounts []object
	bindings []object
}

const union = "620001"

func newTown() *town {
	return &town{ukey: secret(8), ckey: secret(8), keys: map[string]play.Keys{}}
}

// lot adds a lot; fields go over the usual ones.
func (w *town) lot(park string, kind charge.LotKind, fields object) charge.LotID {
	id := charge.LotID{Union: union, Park: park}
	o := object{"lot": id.String(), "name": "lot " + park, "kind": kind, "ckey": w.ckey}
	if kind == charge.Kind4G {
		o["tariff"] = object{"free_minutes": 15, "unit_minutes": 60, "unit_price": "5.00", "leave_minutes": 15}
	}
	for k, v := range fields {
		o[k] = v
	}
	w.lots = append(w.lots, o)
	return id
}

// account adds a platform's account with keys made up, bound to every lot there is of a kind that it takes.
func (w *town) account(platform string, fields object) {
	names, err := play.KeyNames(platform)
	if err != nil {
		panic(err)
	}
	keys := play.Keys{}
	for _, name := range names {
		switch name {
		case "ukey":
			keys[name] = w.ukey
		case "ckey": // each lot's
		case "operator_id", "app_id":
			keys[name] = strings.ToUpper(secret(5)[:9])
		case "data_secret", "data_secret_iv":
			keys[name] = secret(8)
		default:
			keys[name] = secret(16)
		}
	}
	w.keys[platform] = keys
	a := object{"account": platform, "platform": platform, "scope": "platform"}
	if own := accountKeys(keys); len(own) > 0 {
		a["keys"] = own
	}
	for k, v := range fields {
		a[k] = v
	}
	w.accounts = append(w.accounts, a)
	for _, l := range w.lots {
		if (platform == "echongwang") != (l["kind"] == charge.Kind4G) {
			continue
		}
		b := object{"account": platform, "lot": l["lot"], "mode": "live", "rule": ruleOf(platform)}
		switch platform {
		case "aotexun":
			b["chargers"] = []string{"gun-" + fmt.Sprint(l["lot"])}
		case "weilai", "xiangqianchong":
			b["stations"] = []string{"gun-" + fmt.Sprint(l["lot"])}
		}
		w.bindings = append(w.bindings, b)
	}
}

// ruleOf is a rule that a platform can carry out.
func ruleOf(platform string) object {
	switch platform {
	case "xingxing", "dakeyun", "echongwang", "wanchong", "weilai":
		return object{"grant": "fixed", "minutes": 30, "combine": "sum"}
	case "yunkuaichong", "yonglian":
		return object{"grant": "lot_decides", "combine": "sum"}
	case "zhichong", "guowang-jinan", "xindiantu", "xiangqianchong":
		return object{"grant": "charge_time", "combine": "sum"}
	}
	return object{"grant": "as_pushed", "combine": "sum"}
}

func accountKeys(keys play.Keys) object {
	own := object{}
	for name, v := range keys {
		if name != "ukey" && name != "ckey" {
			own[name] = v
		}
	}
	return own
}

// estate is the town as an estate file.
func (w *town) estate() []byte {
	text, err := json.Marshal(object{
		"version": 1, "vendors": []object{{"union_id": union, "name": "vendor", "ukey": w.ukey, "open_interface": true}},
		"lots": w.lots, "accounts": w.accounts, "bindings": w.bindings,
	})
	if err != nil {
		panic(err)
	}
	return text
}

// player plays a platform of the town against a server's public listener.
func (w *town) player(platform, addr string) *play.Player {
	p := &play.Player{BaseURL: "http://" + addr, Platform: platform, Keys: w.keys[platform]}
	for _, a := range w.accounts {
		if a["platform"] == platform && a["path_token"] != nil {
			p.PathToken = fmt.Sprint(a["path_token"])
		}
	}
	if platform == "linghu" { // it signs with the lot's key, and the lots of a test share one
		p.Keys = play.Keys{"ckey": w.ckey}
	}
	return p
}

// office is a server's admin API.
type office struct{ addr string }

func (s *site) office() office { return office{s.Addresses().Admin} }

// call asks the API as an admin and returns status and body.
func (o office) call(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+o.addr+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/yaml")
		if path != "/api/v1/estate" {
			r.Header.Set("Content-Type", "application/json")
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, text, err
	}
	return resp.StatusCode, text, o.described(r, resp, text)
}

// document is the description that the servers here serve, once it was read.
var document atomic.Pointer[apitest.Document]

// described wants an answer to be one that the API's own description allows.
func (o office) described(r *http.Request, resp *http.Response, body []byte) error {
	d := document.Load()
	if d == nil {
		served, err := http.Get("http://" + o.addr + "/openapi.json")
		if err != nil {
			return err
		}
		defer served.Body.Close()
		text, err := io.ReadAll(served.Body)
		if err != nil {
			return err
		}
		if d, err = apitest.Read(text); err != nil {
			return err
		}
		document.Store(d)
	}
	return d.Check(apitest.Answer{Method: r.Method, Path: r.URL.Path, Status: resp.StatusCode, Header: resp.Header,
		Body: body})
}

// must asks the API, wants a 200 and decodes the answer into v where there is one.
func (o office) must(t *testing.T, method, path string, body []byte, v any) {
	t.Helper()
	status, text, err := o.call(t.Context(), method, path, body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s %s: %d %v\n%s", method, path, status, err, text)
	}
	if v != nil {
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

func (o office) apply(t *testing.T, estate []byte) {
	t.Helper()
	o.must(t, http.MethodPost, "/api/v1/estate", estate, nil)
}

// charges lists charges by a query.
func (o office) charges(t *testing.T, query string) []client.Charge {
	t.Helper()
	var page struct{ Items []client.Charge }
	o.must(t, http.MethodGet, "/api/v1/charges?limit=200&"+query, nil, &page)
	return page.Items
}

// pushed is a push as the API reports it.
type pushed struct {
	ID, Platform, Outcome, Reason, Charge string
}

func (o office) pushes(t *testing.T) []pushed {
	t.Helper()
	var page struct{ Items []pushed }
	o.must(t, http.MethodGet, "/api/v1/pushes?limit=200", nil, &page)
	return page.Items
}

// eventually asks again and again until an answer is "" or time is up. What it waits for happens in another
// process or behind a socket, where no signal of ours reaches.
func eventually(t *testing.T, within time.Duration, wrong func() string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); ; {
		say := wrong()
		if say == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %v: %s", within, say)
		}
		<-tick.C
	}
}

// settled waits until a charge is in one of some states and returns it.
func (o office) settled(t *testing.T, order string, states ...charge.State) client.Charge {
	t.Helper()
	var said client.Charge
	eventually(t, 20*time.Second, func() string {
		found := o.charges(t, "order="+order)
		if len(found) != 1 {
			return fmt.Sprintf("order %s: %d charges", order, len(found))
		}
		said = found[0]
		for _, s := range states {
			if said.State == s {
				return ""
			}
		}
		return fmt.Sprintf("order %s is %s, %s; want %v", order, said.State, said.Reason, states)
	})
	return said
}

// pushFor is a believable push.
func pushFor(id charge.LotID, plate charge.Plate, order string) play.Push {
	p := play.DefaultPush(time.Now())
	p.Lot, p.Plate, p.Order = id, plate, cmp.Or(order, "O"+secret(6))
	p.Charger = "gun-" + id.String()
	return p
}

// accepted sends a push and wants success.
func accepted(t *testing.T, p *play.Player, push play.Push) *play.Exchange {
	t.Helper()
	e, err := p.Send(t.Context(), push, play.Options{})
	if err != nil || !e.Delivered() {
		t.Fatalf("push of %s to %s: %v, %+v", p.Platform, push.Lot, err, e)
	}
	return e
}
