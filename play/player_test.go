package play

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// platformEnd is a tiny server that answers what a test sets and remembers what it heard.
type platformEnd struct {
	answer func(path string, r *http.Request, body string) string

	mu    sync.Mutex
	heard []string // "path body"
}

func (s *platformEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.heard = append(s.heard, r.RequestURI+" "+string(body))
	s.mu.Unlock()
	io.WriteString(w, s.answer(r.RequestURI, r, string(body)))
}

func (s *platformEnd) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for _, h := range s.heard {
		path, _, _ := strings.Cut(h, " ")
		paths = append(paths, path)
	}
	return paths
}

func playerAgainst(t *testing.T, platform string, answer func(string, *http.Request, string) string) (*Player,
	*platformEnd) {
	end := &platformEnd{answer: answer}
	s := httptest.NewServer(end)
	t.Cleanup(s.Close)
	return &Player{BaseURL: s.URL, Platform: platform, Keys: vectorKeys}, end
}

// Answers sealed with openssl, see TestCECSeals.
const (
	tokenAnswer = `{"Ret":0,"Msg":"成功",` +
		`"Data":"hkAwSV+Qj10USGrQWm2DziteszP9Bl/W45GIwP65Djc12b8QIc7Is26YKQ5rNZlHIXhiWv3RBSoHpYsYfJSalcTUS4qNsg5boB0AYiW3GD` +
		`q0Cv7jyX4GJnYu5MylIDzXETdsrjUKOd3cvsNmmblOgQ==","Sig":"1AC80DF50532468319EA957226B37E07"}`
	takenAnswer = `{"Ret":0,"Msg":"成功",` +
		`"Data":"pE9MOBLU9Gzo6C7oaddZX+q5eH/NiYXZD5hqz1kkaWsueq/a14CBIJwPYC9My0P41JLC3czX5ViRAOSNkGL5NuTSazf63Z/1R3AP5t5aq2` +
		`bV4g5sPmSzCjajSsbnGCFX","Sig":"AC9BA84823F59183A11660C88644A835"}`
	overAnswer = `{"Ret":4002,"Msg":"token失效","Data":"","Sig":"4A217F4E2B5E006BB6864DE35E93E1B1"}`
)

func TestPlayerKeepsItsToken(t *testing.T) {
	p, end := playerAgainst(t, "telaidian", func(path string, r *http.Request, _ string) string {
		if strings.HasSuffix(path, "query_token") {
			return tokenAnswer
		}
		if r.Header.Get("Authorization") != "Bearer tok-1" {
			return overAnswer
		}
		return takenAnswer
	})
	now := noon
	p.Now = func() time.Time { return now }
	for range 3 {
		e, err := p.Send(context.Background(), testPush(), Options{})
		if err != nil || !e.Delivered() {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	now = now.Add(7141 * time.Second) // the token holds 7200 s, its last minute is not used
	if _, err := p.Send(context.Background(), testPush(), Options{}); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(end.paths())
	want := "[/zld/telaidian/query_token " + strings.Repeat("/zld/telaidian/notification_charge_end_order_info ", 3) +
		"/zld/telaidian/query_token /zld/telaidian/notification_charge_end_order_info]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPlayerAsksAnewOn4002(t *testing.T) {
	pushes := 0
	p, end := playerAgainst(t, "dakeyun", func(path string, _ *http.Request, _ string) string {
		if strings.HasSuffix(path, "query_token") {
			return tokenAnswer
		}
		if pushes++; pushes == 1 {
			return overAnswer
		}
		return takenAnswer
	})
	e, err := p.Send(context.Background(), testPush(), Options{})
	if err != nil || !e.Delivered() {
		t.Fatalf("%+v, %v", e, err)
	}
	if got := len(end.paths()); got != 4 || end.paths()[0] != "/zld//hlht/v1/query_token" {
		t.Errorf("requests: %v", end.paths())
	}
}

func TestPlayerBreakToken(t *testing.T) {
	p, end := playerAgainst(t, "telaidian", func(path string, r *http.Request, _ string) string {
		if strings.HasSuffix(path, "query_token") {
			return tokenAnswer
		}
		if r.Header.Get("Authorization") == "Bearer tok-1" {
			return takenAnswer
		}
		return overAnswer
	})
	e, err := p.Send(context.Background(), testPush(), Options{Break: BreakToken})
	if err != nil || e.Answer.Code != "4002" || e.Delivered() {
		t.Fatalf("%+v, %v", e, err)
	}
	if n := len(end.paths()); n != 2 {
		t.Errorf("a broken token was tried again: %v", end.paths())
	}
}

func TestPlayerDuplicate(t *testing.T) {
	p, end := playerAgainst(t, "xiaoju", func(string, *http.Request, string) string {
		return `{"code":10000,"msg":"成功","data":{}}`
	})
	e, err := p.Send(context.Background(), testPush(), Options{Break: BreakDuplicate})
	if err != nil || !e.Delivered() || e.First == nil || !e.First.Delivered() {
		t.Fatalf("%+v, %v", e, err)
	}
	if len(end.heard) != 2 || end.heard[0] != end.heard[1] {
		t.Errorf("not the same bytes twice: %q", end.heard)
	}
}

func TestPlayerChecksLinghusSign(t *testing.T) {
	var sign string
	p, _ := playerAgainst(t, "linghu", func(_ string, _ *http.Request, body string) string {
		plain, _ := base64.StdEncoding.DecodeString(body)
		said := sign
		if said == "" {
			said = string(plain[len(plain)-34 : len(plain)-2])
		}
		return base64.StdEncoding.EncodeToString([]byte(`{"sign":"` + said + `","data":{"state":1,"message":"成功"}}`))
	})
	e, err := p.Send(context.Background(), testPush(), Options{})
	if err != nil || !e.Delivered() {
		t.Errorf("the request's own sign: %+v, %v", e, err)
	}
	sign = "0123456789ABCDEF0123456789ABCDEF"
	e, err = p.Send(context.Background(), testPush(), Options{})
	if err != nil || e.Delivered() || e.Bad == nil {
		t.Errorf("another sign: %+v, %v", e, err)
	}
}

func TestPlayerFollowsNoRedirect(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(s.Close)
	p := &Player{BaseURL: s.URL, Platform: "xiaoju", Keys: vectorKeys}
	e, err := p.Send(context.Background(), testPush(), Options{})
	if err != nil || e.Status != http.StatusTemporaryRedirect || e.Delivered() {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestPlayerStampsEachPush(t *testing.T) {
	p := &Player{Platform: "guowang-jinan", Keys: vectorKeys, Now: func() time.Time { return noon }}
	push := testPush()
	push.Method = charge.MethodLotDecides
	var seqs []string
	for range 2 {
		r, err := p.Prepare(context.Background(), push, Options{})
		if err != nil {
			t.Fatal(err)
		}
		seqs = append(seqs, members(t, r.Body)["Seq"].(string))
	}
	if fmt.Sprint(seqs) != "[0001 0002]" {
		t.Errorf("Seq %v", seqs)
	}
}
