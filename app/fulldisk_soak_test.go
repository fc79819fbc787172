//go:build soak && linux

package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
)

// smallDisk puts a disk of 256 MiB, in memory, under a folder.
func smallDisk(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("small", folder, "tmpfs", 0, fmt.Sprint("size=", 256<<20)); err != nil {
		t.Fatalf("a small disk cannot be mounted; this needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
}

// ballastGoes waits until a server has noticed that the disk under its folder is full.
func ballastGoes(t *testing.T, folder string) {
	t.Helper()
	eventually(t, 10*time.Second, func() string {
		if _, err := os.Stat(filepath.Join(folder, ballastFile)); err == nil {
			return "the ballast is kept"
		}
		return ""
	})
}

// fill writes a file until nothing more fits.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.Copy(f, endless{}); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk is not full: %w", err)
	}
	return nil
}

// endless reads as zeros for ever.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// hearsOf is a webhook that sends the kinds of alerts that it receives to a channel.
func hearsOf(t *testing.T, kinds chan<- alert.Kind) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var said struct{ Kind alert.Kind }
		if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
			t.Error(err)
		}
		kinds <- said.Kind
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestFullDiskStopsNothingElse fills the disk under the data folder: pushes hear busy, while staff sign in and look,
// the alert is sent and the line stays up. With room again pushes are taken and delivered by themselves.
func TestFullDiskStopsNothingElse(t *testing.T) {
	heard := make(chan alert.Kind, 100)
	cfg := local(t)
	cfg.Alerts = []AlertConfig{{Name: "duty", URL: hearsOf(t, heard), AllowTo: []string{"127.0.0.1/32"},
		On: []string{string(alert.DiskLow)}}}
	smallDisk(t, cfg.Data)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("xiaoju", nil)
	s.apply(w.estate())
	support := s.hire(guard.RoleSupport)
	line, err := play.OpenLineSink(t.Context(),
		play.LineSinkConfig{Addr: s.Addresses().Line, Lines: []play.LineKey{{Lot: id, Ckey: w.ckey}}})
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	p := w.player("xiaoju", s.Addresses().HTTP)
	first := pushFor(id, "京F00001", "")
	accepted(t, p, first)
	s.office().settled(t, first.Order, charge.StateDelivered)

	filler := filepath.Join(cfg.Data, "filler")
	if err := fill(filler); err != nil {
		t.Fatal(err)
	}
	ballastGoes(t, cfg.Data)
	second := pushFor(id, "京F00002", "")
	for range 20 {
		if e, err := p.Send(t.Context(), second, play.Options{}); err != nil || e.Delivered() || e.Status != http.StatusOK {
			t.Fatalf("a push to a full disk: %v, %+v", err, e)
		}
	}
	if status, _ := support.post("/login", url.Values{"name": {"user-support"},
		"password": {"an invented phrase of the tests"}}); status != http.StatusSeeOther {
		t.Errorf("nobody can sign in: %d", status)
	}
	for _, path := range []string{"/", "/charges", "/pushes", "/lots"} {
		if status, _ := support.page(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	look(t, s)
	select {
	case kind := <-heard:
		if kind != alert.DiskLow {
			t.Errorf("the alert is %s", kind)
		}
	default:
		t.Error("no alert was sent")
	}
	if n := line.Lost(); n != 0 {
		t.Errorf("the line was lost %d times", n)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() string {
		if e, err := p.Send(t.Context(), second, play.Options{}); err != nil || !e.Delivered() {
			return fmt.Sprintf("with room again: %v, %+v", err, e)
		}
		return ""
	})
	s.office().settled(t, second.Order, charge.StateDelivered)
}
