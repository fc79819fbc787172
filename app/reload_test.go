package app

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// TestReloadBoundsPushes has a reload take up the bound of what pushes ask for, and keep what was counted before.
func TestReloadBoundsPushes(t *testing.T) {
	cfg := local(t)
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("telaidian", nil)
	s.apply(w.estate())
	stray, err := http.Post("http://"+s.Addresses().HTTP+"/nowhere", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stray.Body)
	stray.Body.Close()
	granted := func(plate charge.Plate) int64 {
		t.Helper()
		push := pushFor(id, plate, "")
		push.Minutes = 120
		accepted(t, w.player("telaidian", s.Addresses().HTTP), push)
		return s.office().settled(t, push.Order, charge.StateSending).Reduction.Minutes
	}
	if got := granted("京AD06001"); got != 120 {
		t.Fatalf("%d minutes before the reload, want 120", got)
	}
	next := cfg
	next.Limits.Minutes = 30
	if taken, later, err := s.Reload(t.Context(), next); err != nil || len(later) != 0 ||
		fmt.Sprint(taken) != "[limits.minutes]" {
		t.Fatalf("Reload: %v, %v, %v", taken, later, err)
	}
	if got := granted("京AD06002"); got != 30 {
		t.Errorf("%d minutes after the reload, want 30", got)
	}
	if strays := s.Strays(); len(strays) != 1 {
		t.Errorf("requests that nothing served: %v, want the one from before the reload", strays)
	}
}

// TestReloadTakesUpACertificate has a reload say so where the certificate's files have changed.
func TestReloadTakesUpACertificate(t *testing.T) {
	cfg := local(t)
	dir := t.TempDir()
	cfg.TLS.Cert, cfg.TLS.Key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certify(t, cfg.TLS.Cert, cfg.TLS.Key, 1)
	s := serve(t, cfg)
	for _, tc := range []struct {
		serial int64
		want   string
	}{{1, "[]"}, {2, "[tls]"}, {2, "[]"}} {
		if tc.serial != serialAt(t, s.Addresses().HTTPS) {
			certify(t, cfg.TLS.Cert, cfg.TLS.Key, tc.serial)
		}
		taken, _, err := s.Reload(t.Context(), cfg)
		if err != nil || fmt.Sprint(taken) != tc.want {
			t.Errorf("certificate %d: taken up %v, %v, want %s", tc.serial, taken, err, tc.want)
		}
		if n := serialAt(t, s.Addresses().HTTPS); n != tc.serial {
			t.Errorf("certificate %d is shown, want %d", n, tc.serial)
		}
	}
}
