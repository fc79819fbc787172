package app

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/chargestamp/chargestamp/charge"
)

// md5Sign is the lots' signature, as the SDK book has it.
func md5Sign(data, key string) string {
	sum := md5.Sum([]byte(data + "key=" + key))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// aPlate is a whole plate; masked ones have stars.
var aPlate = regexp.MustCompile(`\p{Han}[A-Z][0-9A-Z]{5,6}`)

// silent wants a log without some secrets, and no plate.
func silent(t *testing.T, log string, secrets []string) {
	t.Helper()
	for _, line := range strings.Split(log, "\n") {
		for _, s := range secrets {
			if s != "" && strings.Contains(line, s) {
				t.Errorf("the log tells the secret %q: %s", s, line)
			}
		}
		if plate := aPlate.FindString(line); plate != "" {
			t.Errorf("the log tells the plate %s: %s", plate, line)
		}
	}
}

// secretsIn lists every key and token of an estate file.
func secretsIn(t *testing.T, estate []byte) []string {
	t.Helper()
	type holder struct {
		Ukey, Ckey string
		Keys       map[string]string
		OldKeys    map[string]string `yaml:"old_keys"`
		PathToken  string            `yaml:"path_token"`
	}
	var doc struct{ Vendors, Lots, Accounts []holder }
	if err := yaml.Unmarshal(estate, &doc); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, h := range slices.Concat(doc.Vendors, doc.Lots, doc.Accounts) {
		all = append(all, h.Ukey, h.Ckey, h.PathToken)
		for _, keys := range []map[string]string{h.Keys, h.OldKeys} {
			for name, key := range keys {
				if name != "operator_id" && name != "app_id" && name != "until" {
					all = append(all, key)
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// siteKey reads the key that seals the secrets of a server's folder.
func siteKey(t *testing.T, cfg Config) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(cfg.Data, secretsKeyName))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	t.Fatal("the key file holds no key")
	return ""
}

// slowLot is an API lot that answers 5.14 once it is let.
type slowLot struct {
	*httptest.Server
	heard  chan struct{} // closed at the first callback
	answer chan struct{} // to be closed

	mu sync.Mutex
	n  int
}

func newSlowLot() *slowLot {
	l := &slowLot{heard: make(chan struct{}), answer: make(chan struct{})}
	l.Server = httptest.NewServer(l)
	return l
}

func (l *slowLot) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	if l.n++; l.n == 1 {
		close(l.heard)
	}
	l.mu.Unlock()
	<-l.answer
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"state":1}`)
}

func (l *slowLot) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// uplink sends a message of a lot over HTTP and returns the answer.
func uplink(t *testing.T, addr string, message object) (status int, answer object) {
	t.Helper()
	body, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post("http://"+addr+"/bpd/upload.do", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(text, &answer) // refusals by the listener are no JSON
	return resp.StatusCode, answer
}

// login logs a lot in over HTTP and returns its token; none where it was refused.
func login(t *testing.T, addr string, id charge.LotID, ckey string) string {
	t.Helper()
	data := fmt.Sprintf(`{"union_id":%q,"park_id":%q,"local_id":"poll"}`, id.Union, id.Park)
	_, answer := uplink(t, addr, object{"service_name": "login", "data": json.RawMessage(data),
		"sign": md5Sign(data, ckey)})
	token, _ := answer["token"].(string)
	return token
}

// holdPoll logs a lot in over HTTP and opens its long poll; the channel receives the poll's status.
func holdPoll(t *testing.T, addr string, id charge.LotID, ckey string) <-chan int {
	t.Helper()
	token := login(t, addr, id, ckey)
	if token == "" {
		t.Fatal("the login was refused")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	t.Cleanup(cancel)
	status := make(chan int, 1)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/bpd/download.do",
			strings.NewReader(`{"token":"`+token+`"}`))
		if err != nil {
			status <- 0
			return
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			status <- -1
			return
		}
		resp.Body.Close()
		status <- resp.StatusCode
	}()
	return status
}
