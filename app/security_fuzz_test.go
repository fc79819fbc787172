package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/lot/coupon"
	"github.com/chargestamp/chargestamp/play"
	"github.com/chargestamp/chargestamp/seal"
)

// Settings of TestSecurityFuzz: CHARGESTAMP_FUZZ_FOR=30m tries the endpoints for half an hour, CHARGESTAMP_FUZZ_SEED
// plays the requests of an earlier run again.
const (
	fuzzFor  = "CHARGESTAMP_FUZZ_FOR"
	fuzzSeed = "CHARGESTAMP_FUZZ_SEED"
)

// fuzzTries is how often a request is sent that takes too long: a busy machine is slow once, a request that
// costs too much each time.
const fuzzTries = 3

// fuzzer sends mutated requests.
type fuzzer struct {
	t       *testing.T
	rand    *rand.Rand
	bodies  [][]byte // of pushes and messages that were seen
	client  *http.Client
	slowest time.Duration
	sent    int
	slow    int                       // answers that took too long
	classes map[string]map[string]int // of answers, by area
	tried   map[string]int            // targets
	known   map[string][]string       // values of paths' variables that are there
}

// newFuzzer makes one whose requests follow from a seed: the one that the environment names, or a new one.
func newFuzzer(t *testing.T) *fuzzer {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(fuzzSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	return &fuzzer{t: t, rand: rand.New(rand.NewPCG(seed, 1)), bodies: corpus(t), classes: map[string]map[string]int{},
		tried:  map[string]int{},
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// corpus are the pushes of the platforms' golden cases, and bodies of the other endpoints.
func corpus(t *testing.T) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../platform/*/testdata/*/*/push.http")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d golden pushes, %v", len(files), err)
	}
	all := [][]byte{[]byte(`{"reason":"x"}`), []byte(`{"order_id":"S1","plate":"x","reason":"x"}`),
		[]byte("version: 1\nlots: []\n"),
		[]byte(`{"platform":"xiaoju","push":"{}","at":"2026-01-31T08:00:00+08:00"}`), []byte(`{"lot_has":true,"reason":"x"}`),
		[]byte(`{"data":{"union_id":"620001","park_id":"3","order_id":"S1","car_number":"x","in_time":1,"total":"1.00"},` +
			`"sign":"x"}`),
		[]byte(`{"name":"x","role":"viewer","password":"an invented phrase"}`),
		[]byte(`{"binding":"xiaoju@620001/1","rule":"grant: free"}`)}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("\n\n"))
		all = append(all, bytes.Clone(body))
	}
	return all
}

// interesting are texts that break readers.
var interesting = []string{"", "\x00", "\xff\xfe", "null", "{}", "[]", `"`, "-1", "1e999", "99999999999999999999",
	"NaN", "true", "\u202e",
	"../../etc/passwd", "%00", "%zz", "' OR 1=1 --", "<script>", "{{.}}", "0001-01-01T00:00:00Z",
	"9999-12-31T23:59:59+14:00", "京A12345"}

// mutated is a body of the corpus with some changes.
func (f *fuzzer) mutated() []byte {
	b := bytes.Clone(f.bodies[f.rand.IntN(len(f.bodies))])
	for range f.rand.IntN(5) {
		if len(b) == 0 {
			b = []byte("{")
		}
		at := f.rand.IntN(len(b) + 1)
		switch f.rand.IntN(5) {
		case 0:
			if len(b) > 0 {
				b[at%len(b)] ^= byte(1 << f.rand.IntN(8))
			}
		case 1:
			b = append(b[:at:at], b[min(len(b), at+f.rand.IntN(20)):]...)
		case 2:
			b = append(b[:at:at], append([]byte(interesting[f.rand.IntN(len(interesting))]), b[at:]...)...)
		case 3:
			b = append(b[:at:at], append(bytes.Repeat([]byte{b[max(at-1, 0)%max(len(b), 1)]}, f.rand.IntN(2000)), b[at:]...)...)
		case 4:
			other := f.bodies[f.rand.IntN(len(f.bodies))]
			b = append(b[:at:at], other[f.rand.IntN(len(other)+1):]...)
		}
	}
	return b
}

// word is a value for a path or a query.
func (f *fuzzer) word() string {
	if f.rand.IntN(3) == 0 {
		return interesting[f.rand.IntN(len(interesting))]
	}
	return []string{"1", "620001", "x", "xiaoju", "held", "2026-01-31", "385300911720759296", strings.Repeat("a",
		300)}[f.rand.IntN(8)]
}

// fuzzTarget is one path or operation.
type fuzzTarget struct {
	area     string // of the counts
	platform string // of a path for pushes
	method   string
	base     string
	path     string // with variables
	token    string // of the API
	form     string // the token of the console's forms
	web      http.CookieJar
	waits    bool // answers are held back from those who guess keys, or a lot is asked
	seldom   bool // one try in so many rounds: it is held back for long
}

// send sends one request and judges the answer.
func (f *fuzzer) send(to fuzzTarget, path string, body []byte) {
	f.t.Helper()
	kinds := []string{"application/json", "application/yaml", "application/x-www-form-urlencoded", "text/plain", ""}
	kind := kinds[f.rand.IntN(len(kinds))]
	if to.form != "" {
		kind = "application/x-www-form-urlencoded"
	}
	f.client.Jar = to.web
	for try := 1; ; try++ {
		r, err := http.NewRequestWithContext(f.t.Context(), to.method, to.base+escapedPath(path), bytes.NewReader(body))
		if err != nil {
			return // no request can be made of it
		}
		if to.token != "" {
			r.Header.Set("Authorization", "Bearer "+to.token)
		}
		r.Header.Set("Content-Type", kind)
		begun, queued := time.Now(), queuedForProcessor()
		status, answer, err := f.ask(r, to)
		took := time.Since(begun)
		alone := took - (queuedForProcessor() - queued)
		slow := !to.waits && alone > within(answer)
		if err != nil || status >= 500 || slow && try == fuzzTries {
			f.t.Errorf("%s %s: %d, %v after %v: %.300s\nbody %q", to.method, path, status, err, took, answer,
				body[:min(len(body), 2000)])
		}
		if took > within(answer) && !to.waits {
			f.t.Logf("%s %s: %d after %v, %v of it without a processor", to.method, path, status, took, took-alone)
		}
		if !slow || f.t.Failed() {
			return
		}
		f.slow++
	}
}

// count counts an answer by where it came from and its class.
func (f *fuzzer) count(to fuzzTarget, resp *http.Response) {
	if f.classes[to.area] == nil {
		f.classes[to.area] = map[string]int{}
	}
	class := fmt.Sprintf("%dxx", resp.StatusCode/100)
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden ||
		strings.HasPrefix(resp.Header.Get("Location"), "/login") {
		class = shutOut
	}
	f.classes[to.area][class]++
	f.tried[to.method+" "+to.path]++
}

// shutOut is the class of answers to who may not ask: of a run in which most are such, nothing is known.
const shutOut = "shut out"

// within is how long an answer may take: a second, and a long download another for each MiB.
func within(answer []byte) time.Duration {
	return time.Second + time.Duration(len(answer))*time.Second>>20
}

// queuedForProcessor is how long this process's threads were ready and other programs ran; 0 where it is not known.
func queuedForProcessor() (sum time.Duration) {
	threads, _ := filepath.Glob("/proc/self/task/*/schedstat")
	for _, file := range threads {
		text, _ := os.ReadFile(file) // the thread may have ended
		if fields := strings.Fields(string(text)); len(fields) > 1 {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			sum += time.Duration(n)
		}
	}
	return sum
}

// ask sends a request, reads the answer and counts it.
func (f *fuzzer) ask(r *http.Request, to fuzzTarget) (status int, answer []byte, err error) {
	begun := time.Now()
	resp, err := f.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	f.sent++
	f.count(to, resp)
	f.slowest = max(f.slowest, time.Since(begun))
	return resp.StatusCode, answer, err
}

// escapedPath is a path and query with each byte escaped that no request line may hold.
func escapedPath(path string) string {
	var escaped strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c > '~' || strings.IndexByte(`%#"<>\^{}|`+"`", c) >= 0 {
			fmt.Fprintf(&escaped, "%%%02X", c)
			continue
		}
		escaped.WriteByte(c)
	}
	return escaped.String()
}

// targets are all that a server answers: every path of the public listener, every operation of the API, every page
// and form of the console, and what else the admin listener serves. What cannot be tried stands in fuzzLeftOut.
func (f *fuzzer) targets(s *site, admin *person) (all []fuzzTarget) {
	outside, inside := "http://"+s.Addresses().HTTP, "http://"+s.Addresses().Admin
	for _, served := range s.intake.Load().Served() {
		all = append(all, fuzzTarget{area: "platforms", method: http.MethodPost, base: outside, path: served.Path,
			platform: served.Platform})
	}
	for _, path := range []string{"/gate/v1/entry", "/gate/v1/quote", "/gate/v1/paid", "/gate/v1/exit",
		"/unionapi/neworder/addorder", "/unionapi/neworder/updateorder", "/zld/openservice/uploaddurationinfo",
		"/bpd/upload.do", "/bpd/download.do", coupon.InletPath + "{union}/{park}/{token}"} {
		all = append(all, fuzzTarget{area: "lots", method: http.MethodPost, base: outside, path: path, waits: true})
	}
	for _, op := range s.operations() {
		method, path, _ := strings.Cut(op, " ")
		to := fuzzTarget{area: "pages", method: method, base: inside, path: strings.Replace(path, "{$}", "", 1),
			web: admin.web.Jar, waits: strings.HasSuffix(path, "/price") || path == "/login" || strings.HasPrefix(path, "/me/")}
		switch {
		case slices.Contains(fuzzLeftOut, op):
			continue
		case strings.HasPrefix(path, "/api/"):
			to.area, to.token, to.web = "operations", admin.token, nil
		case method == http.MethodPost:
			to.area, to.form = "forms", admin.csrf
			to.seldom = path == "/login" || strings.HasPrefix(path, "/me/")
		}
		all = append(all, to)
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz", "/openapi.json", "/docs/en/", "/docs/zh/{page}",
		"/docs/en/search", "/assets/{file}", "/no/such/page"} {
		all = append(all, fuzzTarget{area: "others", method: http.MethodGet, base: inside, path: path})
	}
	return append(all, fuzzTarget{area: "others", method: http.MethodPost, base: outside, path: "/no/such/path"})
}

// fuzzLeftOut are a stream that does not end, and what ends the session that the others need.
var fuzzLeftOut = []string{"GET /today/stream", "POST /logout"}

// seldomEach is how many rounds go by between two tries of what is held back for seconds.
const seldomEach = 20

// try sends one mutated request to a target.
func (f *fuzzer) try(to fuzzTarget, w *town) {
	f.t.Helper()
	path := variable.ReplaceAllStringFunc(to.path, func(name string) string { return f.value(name) })
	body := f.mutated()
	switch {
	case to.area == "platforms" && f.rand.IntN(4) == 0:
		if r, err := f.sealed(to, w); err == nil {
			to.token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			path, body = r.Path, r.Body
		}
	case to.area == "platforms":
		path += []string{"", "/" + f.word(), "?a=" + f.word()}[f.rand.IntN(3)]
	case to.area == "lots":
		if f.rand.IntN(4) > 0 { // by the lot's key: what is behind the seal is tried too
			data := f.lotData()
			body = []byte(`{"data":` + data + `,"sign":"` + seal.S1(data, []string{w.ckey, w.ukey}[f.rand.IntN(2)]) + `"}`)
		}
	case to.form != "":
		body = f.formOf(to.form)
	case strings.HasSuffix(to.path, "/check"):
		body = f.check()
	}
	if to.area != "platforms" && to.area != "lots" {
		path += f.query()
	}
	f.send(to, path, body)
}

// sealed is a push with odd values that is sealed by its platform's keys: what is behind the seal is tried too. Its
// path may be another one of the platform.
func (f *fuzzer) sealed(to fuzzTarget, w *town) (*play.Request, error) {
	push := pushFor(charge.LotID{Union: union, Park: fmt.Sprint(1 + f.rand.IntN(3))}, "京A10001", f.word())
	if f.rand.IntN(2) == 0 {
		push.Plate = charge.Plate(f.word())
	}
	push.Minutes, push.Amount = f.rand.Int64N(1<<40)-1<<20, charge.Fen(f.rand.Int64N(1<<50)-1<<20)
	base, err := url.Parse(to.base)
	if err != nil {
		return nil, err
	}
	return w.player(to.platform, base.Host).Prepare(f.t.Context(), push, play.Options{})
}

// value is a value for a variable of a path, most often one that is there.
func (f *fuzzer) value(name string) string {
	if known := f.known[name]; len(known) > 0 && f.rand.IntN(3) > 0 {
		return known[f.rand.IntN(len(known))]
	}
	return f.word()
}

// query asks for odd pages of lists.
func (f *fuzzer) query() (query string) {
	for range f.rand.IntN(3) {
		query += map[bool]string{true: "&", false: "?"}[query != ""] +
			[]string{"plate", "lot", "state", "from", "to", "limit", "cursor", "q", "dry_run", "platform", "count", "sort",
				"show", "month", "format"}[f.rand.IntN(15)] + "=" + f.word()
	}
	return query
}

// lotData is the data of a lot's message with some members changed.
func (f *fuzzer) lotData() string {
	members := map[string]any{"union_id": union, "park_id": fmt.Sprint(1 + f.rand.IntN(3)), "order_id": f.word(),
		"car_number": "京A" + fmt.Sprint(10000+f.rand.IntN(90000)), "in_time": time.Now().Unix() - 3600,
		"out_time": time.Now().Unix(), "total": "1.00", "amount": "1.00", "trade_no": f.word(), "in_channel_id": "1",
		"pay_time": time.Now().Unix()}
	for name := range members {
		switch f.rand.IntN(12) {
		case 0:
			delete(members, name)
		case 1:
			members[name] = f.word()
		case 2:
			members[name] = f.rand.Int64() - f.rand.Int64()
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// formOf is a form of the console with fields of ours and odd values.
func (f *fuzzer) formOf(token string) []byte {
	form := url.Values{"csrf": {token}}
	for range f.rand.IntN(8) {
		name := []string{"reason", "name", "role", "text", "csv", "lot", "union_id", "kind", "ckey", "step", "verb", "amount",
			"how", "owner", "note", "days", "hours", "platform", "push", "at", "to", "order_id", "plate", "keys.sign_key",
			"password", "seen", "id", "grant", "minutes", "packed", "file"}[f.rand.IntN(31)]
		value := f.word()
		if f.rand.IntN(3) == 0 {
			value = string(f.mutated())
		}
		form.Add(name, value)
	}
	return []byte(form.Encode())
}

// check asks the doctor about a mutated push.
func (f *fuzzer) check() []byte {
	platforms := play.Platforms()
	return asJSON(f.t, object{"platform": platforms[f.rand.IntN(len(platforms))],
		"push": strings.ToValidUTF8(string(f.mutated()), "?"), "at": time.Now().Format(time.RFC3339)})
}

// know looks up what there is, so that requests are about it.
func (f *fuzzer) know(s *site, w *town, lots map[string]charge.LotID) {
	for i := range 6 {
		accepted(f.t, w.player("xiaoju", s.Addresses().HTTP),
			pushFor(lots["sdk"], charge.Plate(fmt.Sprint("京A1000", i)), fmt.Sprint("FUZZ", i)))
	}
	ids := func(path string) (all []string) {
		var list struct{ Items []struct{ ID string } }
		s.office().must(f.t, http.MethodGet, path, nil, &list)
		for _, item := range list.Items {
			all = append(all, item.ID)
		}
		if len(all) == 0 {
			f.t.Fatalf("nothing at %s", path)
		}
		return all
	}
	f.known = map[string][]string{"{union}": {union}, "{union_id}": {union}, "{park}": {"1", "2", "3"},
		"{park_id}": {"1", "2", "3"}, "{account}": {"xiaoju", "telaidian"}, "{page}": {"security", "operating", "api"},
		"{id}":   append(ids("/api/v1/charges"), ids("/api/v1/pushes")...),
		"{file}": {"statement.csv", "console.css"},
		"{kind}": {"vendor", "lot", "account", "binding"}, "{list}": {"held", "unknown"},
		"{verb}": {"new", "edit", "void", "redeliver", "bind", "pause", "resume", "resolve"}}
}

// TestSecurityFuzz sends mutated requests to every public path, every operation of the API and every page and form of
// the console, round after round, at least two: no answer is a failure of ours, none takes longer than a second. A run
// in which a target was left out, or in which most doors were shut, proves nothing and fails.
func TestSecurityFuzz(t *testing.T) {
	s, w, lots := whole(t)
	lasts := time.Second
	if text := os.Getenv(fuzzFor); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	f := newFuzzer(t)
	f.know(s, w, lots)
	all := f.targets(s, s.hire(guard.RoleAdmin))
	rounds, end := 0, time.Now().Add(lasts)
	for ; (rounds < 2 || time.Now().Before(end)) && !t.Failed(); rounds++ {
		f.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, to := range all {
			if !to.seldom || rounds%seldomEach == 0 {
				f.try(to, w)
			}
		}
	}
	for _, to := range all {
		if f.tried[to.method+" "+to.path] == 0 && !t.Failed() {
			t.Errorf("%s %s was never tried", to.method, to.path)
		}
	}
	for _, area := range []string{"platforms", "lots", "operations", "pages", "forms", "others"} {
		of := f.classes[area]
		t.Logf("%s: %v", area, of)
		if of["2xx"]+of["3xx"] == 0 || of[shutOut] > (of["2xx"]+of["3xx"]+of["4xx"])/4 {
			t.Errorf("%s: the answers prove nothing: %v", area, of)
		}
	}
	t.Logf("%d targets, %d rounds, %d requests, the slowest answer after %v, %d too late", len(all), rounds, f.sent,
		f.slowest, f.slow)
}
