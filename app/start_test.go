package app

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
)

// TestSecretsKey starts again with the right key, with none, and with another one: what is sealed must open, or the
// server must not run.
func TestSecretsKey(t *testing.T) {
	cfg := local(t)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s := serve(t, cfg)
	s.apply(w.estate())
	s.Stop(15 * time.Second)

	again := serve(t, cfg)
	accepted(t, w.player("xiaoju", again.Addresses().HTTP), pushFor(id, "京G00001", ""))
	again.Stop(15 * time.Second)

	file := filepath.Join(cfg.Data, secretsKeyName)
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(when string, cfg Config) {
		t.Helper()
		a, err := New(t.Context(), cfg)
		if err == nil {
			a.Stop(time.Second)
		}
		if !errors.Is(err, guard.ErrWrongKey) {
			t.Errorf("%s: %v, want ErrWrongKey", when, err)
		}
	}
	other := cfg
	other.SecretsKey = secretsKey()
	refused("another key in the environment", other)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	refused("the key file is gone", cfg)
	if _, err := os.Stat(file); err == nil {
		t.Error("a new key was left in place of the site's")
	}
	write(t, file, string(right))
	// the former one behind the new
	other.SecretsKey += " " + strings.TrimSpace(string(right[strings.IndexByte(string(right), '\n')+1:]))
	s = serve(t, other)
	accepted(t, w.player("xiaoju", s.Addresses().HTTP), pushFor(id, "京G00002", ""))
}

// TestTwoServers wants the second server on one SQLite folder to refuse, and to leave the first one alone.
func TestTwoServers(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	if a, err := New(t.Context(), cfg); err == nil {
		a.Stop(time.Second)
		t.Error("two servers on one folder")
	} else if !strings.Contains(err.Error(), cfg.Data) {
		t.Errorf("%v does not name the folder", err)
	}
	s.office().must(t, http.MethodGet, "/api/v1/charges", nil, nil)
	s.Stop(15 * time.Second)
	serve(t, cfg)
}

// TestTakenAddress wants Start to open every listener or none.
func TestTakenAddress(t *testing.T) {
	first := serve(t, local(t))
	cfg := local(t)
	cfg.Line.Addr = first.Addresses().Line
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), first.Addresses().Line) {
		t.Errorf("Start: %v, want an error that names the address", err)
	}
	a.Stop(time.Second)
	cfg.Line.Addr = "127.0.0.1:0"
	serve(t, cfg)
}

// TestEstateAtStart applies a file before the server listens; one that is wrong changes nothing.
func TestEstateAtStart(t *testing.T) {
	cfg := local(t)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	dir := t.TempDir()
	key := w.keys["xiaoju"]["sign_key"]
	w.accounts[0]["keys"] = object{"sign_key": object{"file": "key.txt"}}
	write(t, filepath.Join(dir, "key.txt"), key+"\n")
	file := filepath.Join(dir, "estate.yaml")
	write(t, file, string(w.estate()))
	log := &logbook{}
	cfg.LogTo = log
	a, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop(15 * time.Second)
	if err := a.ApplyFile(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	w.lot("1002", "6g", nil)
	write(t, file, string(w.estate()))
	if err := a.ApplyFile(t.Context(), file); err == nil || !strings.Contains(err.Error(), "estate.yaml") {
		t.Errorf("an estate with a kind that does not exist: %v", err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	accepted(t, w.player("xiaoju", a.Addresses().HTTP), pushFor(id, "京G00003", ""))
	silent(t, log.String(), []string{key})
	if _, _, known := a.book.State().Lot(charge.LotID{Union: union, Park: "1002"}); known {
		t.Error("a wrong file changed something")
	}
}

// TestProfileTakenAway starts without a profile that an account still uses: the server serves everything else, and an
// estate may change everything else; what touches the account hears which profile is missing and what to do.
func TestProfileTakenAway(t *testing.T) {
	const example = "../docs/examples/lvdian/"
	profile, err := os.ReadFile(example + "lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	cfg := local(t)
	cfg.Platforms.Dir = t.TempDir()
	write(t, filepath.Join(cfg.Platforms.Dir, "lvdian.toml"), string(profile))
	s := serve(t, cfg)
	if err := s.ApplyFile(t.Context(), example+"estate.yaml"); err != nil {
		t.Fatal(err)
	}
	s.Stop(15 * time.Second)

	cfg.Platforms.Dir = ""
	s = serve(t, cfg)
	if log := s.log.String(); !strings.Contains(log, `"account":"lvdian-main","platform":"lvdian"`) {
		t.Error("the log does not say which account has lost its profile")
	}
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	accepted(t, w.player("xiaoju", s.Addresses().HTTP), pushFor(id, "京G00004", ""))
	err = s.ApplyFile(t.Context(), example+"estate.yaml")
	if err == nil {
		t.Fatal("an account of a platform without a profile was applied")
	}
	for _, says := range []string{"account lvdian-main: platform lvdian has no profile", "platforms.dir", "state: off"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q does not say %q", err, says)
		}
	}
	s.office().apply(t, []byte(`{"version":1,"accounts":[{"account":"lvdian-main","state":"off"}]}`))
}

// TestStoreThatCannotWrite ends a server whose disk takes no more: platforms must not hear yes, and the process must
// end with an error.
func TestStoreThatCannotWrite(t *testing.T) {
	// Room for ballast and records, and for less of SQLite's log than it has at its checkpoint.
	n := spawn(t, nodeSpec{FileBytes: 17 << 20})
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	n.office().apply(t, w.estate())
	p := w.player("xiaoju", n.spec.HTTP)
	var yes []string
	for i := 0; i < 5000; i++ {
		push := pushFor(id, charge.Plate(fmt.Sprintf("京H%05d", i)), "")
		e, err := p.Send(t.Context(), push, play.Options{})
		if err != nil || !e.Delivered() {
			break
		}
		yes = append(yes, push.Order)
	}
	if len(yes) < 100 || len(yes) == 5000 {
		t.Fatalf("%d pushes were taken before the disk took no more", len(yes))
	}
	select {
	case <-n.exited:
		if n.err == nil {
			t.Error("the process ended as if all were well")
		}
	case <-time.After(20 * time.Second):
		t.Error("the process goes on without a disk")
		n.cmd.Process.Signal(syscall.SIGQUIT)
		<-n.exited
	}
	if !strings.Contains(n.logged(), "can no longer write") {
		t.Error("the log does not say why")
	}

	again := spawn(t, nodeSpec{Data: n.spec.Data})
	for _, order := range yes {
		if got := again.office().charges(t, "order="+order); len(got) != 1 {
			t.Fatalf("order %s was answered with yes and is gone", order)
		}
	}
}

// TestNothingIsLeft runs a server with every kind of far end and wants no goroutine of it to outlive its stop.
func TestNothingIsLeft(t *testing.T) {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	already := goleak.IgnoreCurrent()
	cfg := local(t)
	s := serve(t, cfg)
	w := newTown()
	sdk := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	api := w.lot("2001", charge.KindAPI, object{"callback": "http://127.0.0.1:9/", "allow_to": []string{"127.0.0.1/32"}})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	sink, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Lines: []play.LineKey{{Lot: sdk, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	p := w.player("xiaoju", s.Addresses().HTTP)
	p.Client = play.LoadClient(1)
	for _, id := range []charge.LotID{sdk, api} {
		accepted(t, p, pushFor(id, "京M00001", ""))
	}
	s.Stop(15 * time.Second)
	sink.Close()
	p.Client.CloseIdleConnections()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goleak.VerifyNone(t, already)
}
