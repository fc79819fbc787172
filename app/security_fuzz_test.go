package app

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/guard"
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
	slow    int // answers that took too long
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
	return &fuzzer{t: t, rand: rand.New(rand.NewPCG(seed, 1)), bodies: corpus(t),
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

// send sends one request and judges the answer. waits are paths whose answers are held back from those who guess keys.
func (f *fuzzer) send(method, base, path, token string, waits bool) {
	f.t.Helper()
	body := f.mutated()
	kinds := []string{"application/json", "application/yaml", "application/x-www-form-urlencoded", "text/plain", ""}
	kind := kinds[f.rand.IntN(len(kinds))]
	for try := 1; ; try++ {
		r, err := http.NewRequestWithContext(f.t.Context(), method, base+escapedPath(path), bytes.NewReader(body))
		if err != nil {
			return // no request can be made of it
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		r.Header.Set("Content-Type", kind)
		begun, queued := time.Now(), queuedForProcessor()
		status, answer, err := f.ask(r)
		took := time.Since(begun) - (queuedForProcessor() - queued)
		slow := !waits && took > within(answer)
		if err != nil || status >= 500 || slow && try == fuzzTries {
			f.t.Errorf("%s %s: %d, %v after %v: %.300s\nbody %q", method, path, status, err, took, answer,
				body[:min(len(body), 2000)])
		}
		if !slow || f.t.Failed() {
			return
		}
		f.slow++
	}
}

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

// ask sends a request and reads the answer.
func (f *fuzzer) ask(r *http.Request) (status int, answer []byte, err error) {
	begun := time.Now()
	resp, err := f.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	f.sent++
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

// TestSecurityFuzz sends thousands of mutated requests to every public path and every operation of the API, and looks
// at every page with odd values, at least 300: no answer is a failure of ours, none takes longer than a second.
func TestSecurityFuzz(t *testing.T) {
	s, _, _ := whole(t)
	lasts := 3 * time.Second
	if text := os.Getenv(fuzzFor); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	f := newFuzzer(t)
	admin := s.hire(guard.RoleAdmin)
	var public []string
	for _, served := range s.intake.Load().Served() {
		public = append(public, served.Path)
	}
	lots := []string{"/gate/v1/entry", "/gate/v1/quote", "/gate/v1/paid", "/gate/v1/exit", "/unionapi/neworder/addorder",
		"/unionapi/neworder/updateorder", "/zld/openservice/uploaddurationinfo", "/bpd/upload.do"}
	operations := s.operations()
	outside, inside := "http://"+s.Addresses().HTTP, "http://"+s.Addresses().Admin
	for end := time.Now().Add(lasts); (f.sent < 300 || time.Now().Before(end)) && !t.Failed(); {
		path := public[f.rand.IntN(len(public))]
		f.send(http.MethodPost, outside, path+[]string{"", "/" + f.word(), "?a=" + f.word()}[f.rand.IntN(3)], "", false)
		if f.rand.IntN(50) == 0 { // what guesses keys is held back
			f.send(http.MethodPost, outside, lots[f.rand.IntN(len(lots))], "", true)
		}
		method, path, _ := strings.Cut(operations[f.rand.IntN(len(operations))], " ")
		if path == "/today/stream" || path == "/login" || path == "/logout" || strings.HasPrefix(path, "/oidc") {
			continue
		}
		path = variable.ReplaceAllStringFunc(strings.Replace(path, "{$}", "", 1), func(string) string { return f.word() })
		for range f.rand.IntN(3) {
			path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] +
				[]string{"plate", "lot", "state", "from", "to", "limit", "cursor", "q", "dry_run", "platform"}[f.rand.IntN(10)] +
				"=" + f.word()
		}
		if strings.HasPrefix(path, "/api/") {
			f.send(method, inside, path, admin.token, false)
		} else if method == http.MethodGet {
			f.client.Jar = admin.web.Jar
			f.send(method, inside, path, "", false)
			f.client.Jar = nil
		}
	}
	t.Logf("%d requests, the slowest answer after %v, %d too late", f.sent, f.slowest, f.slow)
}
