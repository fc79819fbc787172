package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/play"
)

// effects shows for every key of the config file what it does.
var effects = []struct {
	keys []string
	test func(*testing.T)
}{
	{[]string{"data", "http.addr", "admin.addr", "line.addr"}, testPlaces},
	{[]string{"database.url"}, nil}, // TestOnPostgres
	{[]string{"tls.cert", "tls.key", "tls.addr", "line.tls_addr"}, TestTLS},
	{[]string{"trusted_proxies"}, testProxies},
	{[]string{"http.proxy_protocol", "line.proxy_protocol"}, nil}, // TestProxyProtocol
	{[]string{"limits.amount", "limits.minutes"}, testGrantLimits},
	{[]string{"health.addr"}, nil}, // TestHealthListener
	{[]string{"platforms.dir"}, testProfiles},
	{[]string{"limits.account_per_s"}, func(t *testing.T) { testRate(t, func(c *Config) { c.Limits.AccountPerS = 3 }) }},
	{[]string{"limits.address_per_s"}, func(t *testing.T) { testRate(t, func(c *Config) { c.Limits.AddressPerS = 3 }) }},
	{[]string{"limits.login_per_s", "line.frame_bytes", "line.flood_per_10s"}, testLineLimits},
	{[]string{"line.offline_after"}, testOffline},
	{[]string{"retention.pushes", "retention.refused", "retention.charges"}, testRetention},
	{[]string{"alerts.name", "alerts.url", "alerts.format", "alerts.secret", "alerts.lang", "alerts.allow_to", "alerts.on",
		"admin.url"}, testAlerts},
	{[]string{"oidc.issuer", "oidc.client_id", "oidc.client_secret", "oidc.redirect_url", "oidc.name_claim",
		"oidc.role_claim", "oidc.roles", "oidc.scopes", "http.url"}, testConsole},
	{[]string{"log.level"}, testLogLevel},
	{[]string{"webhooks.name", "webhooks.url", "webhooks.secret", "webhooks.on", "webhooks.plates", "webhooks.allow_to"},
		nil}, // TestOnSQLite/Webhooks, TestOnPostgres/Webhooks
	{[]string{"tracing.url", "tracing.allow_to", "tracing.share"}, nil}, // TestOnSQLite/Tracing, TestOnPostgres/Tracing
}

func TestEveryKey(t *testing.T) {
	var shown []string
	for _, e := range effects {
		shown = append(shown, e.keys...)
		if e.test != nil && e.keys[0] != "tls.cert" { // a test of its own
			t.Run(e.keys[0], e.test)
		}
	}
	all := keysOf(reflect.TypeFor[Config](), "")
	slices.Sort(all)
	slices.Sort(shown)
	if !slices.Equal(all, shown) {
		t.Errorf("keys of the config file:\n%v\nkeys that are shown to do something:\n%v", all, shown)
	}
}

// keysOf lists the config file's keys below a prefix.
func keysOf(typ reflect.Type, prefix string) (keys []string) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		key := f.Tag.Get("yaml")
		if key == "-" {
			continue
		}
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner, prefix+key+".")...)
		} else {
			keys = append(keys, prefix+key)
		}
	}
	return keys
}

func testPlaces(t *testing.T) {
	cfg := local(t)
	cfg.Data = filepath.Join(t.TempDir(), "elsewhere")
	cfg.HTTP.Addr, cfg.Admin.Addr, cfg.Line.Addr = "127.0.0.5:0", "127.0.0.6:0", "127.0.0.7:0"
	s := serve(t, cfg)
	at := s.Addresses()
	for addr, want := range map[string]string{at.HTTP: "127.0.0.5:", at.Admin: "127.0.0.6:", at.Line: "127.0.0.7:"} {
		if !strings.HasPrefix(addr, want) {
			t.Errorf("listens on %s, want %s", addr, want)
		}
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			continue
		}
		c.Close()
	}
	info, err := os.Stat(filepath.Join(cfg.Data, "chargestamp.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the database: %v, %v", info, err)
	}
}

// testProxies believes the address that a trusted proxy sends, and no other sender's word.
func testProxies(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		cfg := local(t)
		if trusted {
			cfg.TrustedProxies = []string{"127.0.0.0/8"}
		}
		s := serve(t, cfg)
		w := newTown()
		id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
		w.account("wanchong", object{"allow_from": []string{"203.0.113.9/32"}})
		s.apply(w.estate())
		r, err := w.player("wanchong", s.Addresses().HTTP).Prepare(t.Context(), pushFor(id, "京J00001", ""), play.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for from, want := range map[string]bool{"203.0.113.9": trusted, "203.0.113.8": false,
			"203.0.113.9, 203.0.113.8": false} {
			r.Header.Set("X-Forwarded-For", from)
			e, err := w.player("wanchong", s.Addresses().HTTP).Do(t.Context(), r)
			if err != nil || e.Delivered() != want {
				t.Errorf("trusted %v, forwarded for %s: delivered %v, want %v: %v", trusted, from, e.Delivered(), want, err)
			}
		}
	}
}

// testProfiles serves a platform that an operator has described.
func testProfiles(t *testing.T) {
	cfg := local(t)
	cfg.Platforms.Dir = t.TempDir()
	profile, err := os.ReadFile("../docs/examples/lvdian/lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(cfg.Platforms.Dir, "lvdian.toml"), string(profile))
	for _, c := range []Config{cfg, local(t)} {
		s := serve(t, c)
		resp, err := http.Post("http://"+s.Addresses().HTTP+"/own/lvdian/charge", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: 200, false: 404}[c.Platforms.Dir != ""]; resp.StatusCode != want {
			t.Errorf("the operator's own path with platforms.dir %q: %d, want %d", c.Platforms.Dir, resp.StatusCode, want)
		}
	}
}

// testRate pushes ten times in well under a second.
func testRate(t *testing.T, limit func(*Config)) {
	cfg := local(t)
	limit(&cfg)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	p, taken := w.player("xiaoju", s.Addresses().HTTP), 0
	start := time.Now()
	for range 10 {
		e, err := p.Send(t.Context(), pushFor(id, "京J00002", ""), play.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e.Delivered() {
			taken++
		}
	}
	if most := 4 + int(3*time.Since(start).Seconds()); taken < 3 || taken > most {
		t.Errorf("%d of 10 pushes in %v were taken at 3 a second", taken, time.Since(start))
	}
	if !strings.Contains(metricsOf(t, s), `chargestamp_pushes_total{outcome="rate_limited",platform="xiaoju"}`) {
		t.Error("the metrics do not count what was refused")
	}
}

// testGrantLimits lets a push ask for more than the settings leave where its rule names no cap.
func testGrantLimits(t *testing.T) {
	cfg := local(t)
	cfg.Limits.Minutes, cfg.Limits.Amount = 20, 3_50
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaowei", nil)
	s.apply(w.estate())
	p := w.player("xiaowei", s.Addresses().HTTP)
	for order, ask := range map[string]charge.Reduction{
		"LIMIT-TIME":   {Method: charge.MethodTime, Minutes: 20},
		"LIMIT-AMOUNT": {Method: charge.MethodAmount, Amount: 3_50},
	} {
		push := pushFor(id, charge.Plate("京J"+secret(2)+"8"), order)
		push.Method, push.Minutes, push.Amount = ask.Method, 2*ask.Minutes, 2*ask.Amount
		accepted(t, p, push)
		c := s.office().settled(t, order, charge.StateSending)
		if c.Reduction == nil || c.Reduction.Method != ask.Method || c.Reduction.Minutes != ask.Minutes ||
			c.Reduction.Amount != ask.Amount {
			t.Errorf("%s, asking for twice the setting, was granted %+v", order, c.Reduction)
		}
	}
}

func metricsOf(t *testing.T, s *site) string {
	t.Helper()
	_, text, err := s.office().call(t.Context(), http.MethodGet, "/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testLineLimits holds a lot to its logins, its frames and its messages.
func testLineLimits(t *testing.T) {
	cfg := local(t)
	cfg.Limits.LoginPerS, cfg.Line.FrameBytes, cfg.Line.FloodPer10s = 1, 2048, 2
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	s.apply(w.estate())
	at := s.Addresses().HTTP
	var tokens []string
	for range 20 {
		if token := login(t, at, id, w.ckey); token != "" {
			tokens = append(tokens, token)
		}
	}
	if len(tokens) == 0 || len(tokens) > 10 {
		t.Fatalf("%d of 20 logins at once were taken at one a second", len(tokens))
	}
	token, taken := tokens[len(tokens)-1], 0
	for i := range 5 {
		data := fmt.Sprintf(`{"order_id":"p%d","car_number":"京J0000%d","in_time":%d}`, i, i, time.Now().Unix())
		_, answer := uplink(t, at, object{"service_name": "inpark", "token": token, "data": json.RawMessage(data),
			"sign": md5Sign(data, w.ckey)})
		if fmt.Sprint(answer["state"]) == "1" {
			taken++
		}
	}
	if taken != 2 {
		t.Errorf("%d of 5 messages were taken at 2 in ten seconds", taken)
	}
	if status, _ := uplink(t, at, object{"service_name": "login",
		"padding": strings.Repeat("x", 2048)}); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a message longer than line.frame_bytes: %d", status)
	}
	if status, _ := uplink(t, at, object{"service_name": "login",
		"padding": strings.Repeat("x", 1500)}); status != http.StatusOK {
		t.Errorf("a message shorter than line.frame_bytes: %d", status)
	}
}

// testOffline closes a line that has fallen silent.
func testOffline(t *testing.T) {
	cfg := local(t)
	cfg.Line.OfflineAfter = Duration(time.Second)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	s.apply(w.estate())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Beat: time.Hour, Lines: []play.LineKey{{Lot: id, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	eventually(t, 10*time.Second, func() string {
		if sink.Lost() == 0 {
			return "a silent line is still open"
		}
		return ""
	})
}

// testRetention lets days pass by the machine's clock.
func testRetention(t *testing.T) {
	var passed atomic.Int64
	cfg := local(t)
	cfg.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	cfg.Retention = RetentionConfig{Pushes: Duration(10 * 24 * time.Hour), Refused: Duration(2 * 24 * time.Hour),
		Charges: Duration(20 * 24 * time.Hour)}
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	w.bindings[0]["mode"] = "shadow"
	s.apply(w.estate())
	p := w.player("xiaoju", s.Addresses().HTTP)
	push := pushFor(id, "京J00003", "")
	accepted(t, p, push)
	if e, err := p.Send(t.Context(), pushFor(id, "京J00003", ""), play.Options{Break: play.BreakSig}); err != nil ||
		e.Delivered() {
		t.Fatalf("a wrong signature: %v %+v", err, e)
	}
	for _, tc := range []struct {
		days                       int
		accepted, refused, charges int
	}{{1, 1, 1, 1}, {3, 1, 0, 1}, {11, 0, 0, 1}, {22, 0, 0, 0}} {
		passed.Store(int64(tc.days) * int64(24*time.Hour))
		s.prune(t.Context())
		count := map[bool]int{}
		for _, p := range s.office().pushes(t) {
			count[p.Outcome == string(charge.OutcomeAccepted)]++
		}
		if charges := len(s.office().charges(t, "")); count[true] != tc.accepted || count[false] != tc.refused ||
			charges != tc.charges {
			t.Errorf("after %d days: %d accepted pushes, %d refused, %d charges; want %d, %d, %d", tc.days,
				count[true], count[false], charges, tc.accepted, tc.refused, tc.charges)
		}
	}
	accepted(t, p, push) // the platform asks again after years: known, and nothing new comes of it
	if charges := s.office().charges(t, ""); len(charges) != 0 {
		t.Errorf("a repeat of what retention took away made %+v", charges)
	}
}

// hook is a webhook that keeps what it receives.
func hook(t *testing.T) (address string, told <-chan string) {
	t.Helper()
	heard := make(chan string, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		heard <- string(text)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"errcode":0,"code":0}`)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, heard
}

// testAlerts notifies webhooks in their words that an account's signatures fail.
func testAlerts(t *testing.T) {
	loopback := []string{"127.0.0.1/32"}
	plain, plainTold := hook(t)
	robot, robotTold := hook(t)
	deaf, deafTold := hook(t)
	guarded, guardedTold := hook(t)
	key := secret(16)
	cfg := local(t)
	cfg.Admin.URL = "https://desk.example"
	cfg.Alerts = []AlertConfig{
		{Name: "night watch", URL: plain + "/hook-" + key, Lang: "en", AllowTo: loopback, On: []string{"bad_signatures"}},
		{URL: robot, Format: "feishu", Secret: key, Lang: "zh", AllowTo: loopback, On: []string{"bad_signatures"}},
		{Name: "other things", URL: deaf, AllowTo: loopback, On: []string{"gave_up_rate"}},
		{Name: "without allow_to", URL: guarded, On: []string{"bad_signatures"}},
	}
	s := serve(t, cfg)
	s.secrets = append(s.secrets, key)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	w.account("xiaoju", nil)
	s.apply(w.estate())
	p := w.player("xiaoju", s.Addresses().HTTP)
	for range 25 {
		if e, err := p.Send(t.Context(), pushFor(id, "京J00004", ""), play.Options{Break: play.BreakSig}); err != nil ||
			e.Delivered() {
			t.Fatalf("a wrong signature: %v %+v", err, e)
		}
	}
	err := s.alerts.Look(t.Context())
	if err == nil || !strings.Contains(err.Error(), "without allow_to") || strings.Contains(err.Error(), "night watch") {
		t.Errorf("telling the webhooks: %v, want only the one that may not be reached to fail", err)
	}
	for name, said := range map[string]struct {
		told <-chan string
		want []string
	}{
		"generic": {plainTold, []string{"bad_signatures", "https://desk.example/", "xiaoju"}},
		"feishu":  {robotTold, []string{`"sign"`, "签名", "https://desk.example/"}},
	} {
		select {
		case text := <-said.told:
			for _, want := range said.want {
				if !strings.Contains(text, want) {
					t.Errorf("the %s webhook was told %s, want %q in it", name, text, want)
				}
			}
			if strings.Contains(text, key) {
				t.Errorf("the %s webhook was told its own key", name)
			}
		default:
			t.Errorf("the %s webhook was told nothing", name)
		}
	}
	if n := len(deafTold) + len(guardedTold); n != 0 {
		t.Errorf("webhooks that did not ask or may not be reached were told %d times", n)
	}
	if n := len(s.cfg.Alerts); n != len(s.alerts.Targets()) || s.alerts.Targets()[0].Name != "night watch" {
		t.Errorf("targets %v", s.alerts.Targets())
	}
	if err := s.alerts.Look(t.Context()); err == nil || len(plainTold) != 0 {
		t.Errorf("the same thing was told twice, or forgotten for the one that failed: %v", err)
	}
}

// testConsole signs in at an issuer and looks at what the console reports of the public listener.
func testConsole(t *testing.T) {
	is := newIssuer(t, object{"nick": "li.si", "groups": []string{"bosses"}, "role": "viewer",
		"preferred_username": "somebody else"})
	cfg := local(t)
	is.console(&cfg, freeAddress(t))
	cfg.HTTP.URL, cfg.OIDC.Scopes = "https://push.example", []string{"staff", "mail"}
	s := serve(t, cfg)
	s.secrets = append(s.secrets, is.secret)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	w.account("xiaoju", nil)
	s.apply(w.estate())
	b := browser(t, s.Addresses().Admin)
	if is.basic != is.secret {
		t.Errorf("the issuer was shown the client secret %q", is.basic)
	}
	if is.scope != "openid staff mail" {
		t.Errorf("the issuer was asked for the scopes %q", is.scope)
	}
	page := func(path string) string {
		t.Helper()
		resp, err := b.Get("http://" + s.Addresses().Admin + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v", path, resp.StatusCode, err)
		}
		return string(text)
	}
	if !strings.Contains(page("/me"), "li.si") {
		t.Error("the console does not call me by oidc.name_claim")
	}
	page("/access") // for admins only
	if text := page("/bindings/xiaoju/" + id.String()); !strings.Contains(text, "https://push.example/zld/xiaoju/reduce") {
		t.Error("the handover page does not tell http.url")
	}
	is.claims["groups"] = []string{"others"}
	resp, err := http.DefaultClient.Get("http://" + s.Addresses().Admin + "/oidc/begin")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Request.URL.Path == "/" {
		t.Error("somebody without a role was let in")
	}
}

// freeAddress is an address without a listener at the moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// testLogLevel refuses a push at two levels.
func testLogLevel(t *testing.T) {
	for level, want := range map[string]bool{"debug": true, "info": false} {
		cfg := local(t)
		cfg.Log.Level = level
		s := serve(t, cfg)
		resp, err := http.Post("http://"+s.Addresses().HTTP+"/zld/xiaoju/reduce", "application/json",
			bytes.NewReader([]byte("{}")))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := strings.Contains(s.log.String(), "push refused"); got != want {
			t.Errorf("log.level %s tells of a refused push: %v", level, got)
		}
	}
}
