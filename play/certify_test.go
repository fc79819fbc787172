package play

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

func verdicts(s Sheet) map[string]Verdict {
	m := map[string]Verdict{}
	for _, c := range s.Checks {
		m[c.Name] = c.Verdict
	}
	return m
}

func failures(s Sheet) []string {
	var names []string
	for _, c := range s.Checks {
		if c.Verdict == Failed {
			names = append(names, c.Name+": "+c.Detail)
		}
	}
	return names
}

// A server that takes everything passes the good pushes and fails every refusal.
func TestCertifyFindsAYesSayer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"code":10000,"msg":"成功","data":{}}`)
	}))
	defer s.Close()
	sheet, err := Certify(t.Context(), "xiaoju", CertifyConfig{HTTP: s.URL, Keys: vectorKeys, Lot: testLot})
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(sheet)
	for name, want := range map[string]Verdict{
		"a good push is taken":                         Passed,
		"the same push again is taken, answered alike": Passed,
		"twenty of the same at once are all taken":     Passed,
		"refused: broken sig":                          Failed,
		"refused: broken key":                          Failed,
		"refused: broken body":                         Failed,
		"refused: no plate":                            Failed,
		"refused: an end before the start":             Failed,
		"GET is refused with 405":                      Failed,
		"a body of 70,000 bytes is refused with 413":   Failed,
		"from push to usage, with a car inside":        Skipped,
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if sheet.OK() {
		t.Error("the sheet is passed")
	}
}

// xiaojuEnd judges 小桔 pushes by R1, its lot and its times.
func xiaojuEnd(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.Contains(r.URL.Path, "nowhere"):
		w.WriteHeader(http.StatusNotFound)
		return
	case len(body) > 64<<10:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var m map[string]any
	ok := d.Decode(&m) == nil
	var rec record
	for name, value := range m {
		rec = append(rec, Field{name, value})
	}
	text := func(name string) string { s, _ := m[name].(string); return s }
	ok = ok && text("sign") == md5Upper(rec.kv(false, "sign")+"&key="+md5Lower("demo-secret")) && text("merchId") == "200461&&1313" &&
		len(text("plateNo")) > 5 && text("startChargingTime") <= text("stopChargingTime")
	if !ok {
		io.WriteString(w, `{"code":90001,"msg":"no","data":null}`)
		return
	}
	io.WriteString(w, `{"code":10000,"msg":"成功","data":{}}`)
}

func TestCertifyPassesAGoodServer(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(xiaojuEnd))
	defer s.Close()
	sheet, err := Certify(t.Context(), "xiaoju", CertifyConfig{HTTP: s.URL, Keys: vectorKeys, Lot: testLot})
	if err != nil || !sheet.OK() {
		t.Errorf("%v %v", err, failures(sheet))
	}
	var text, page bytes.Buffer
	if err := sheet.Text(&text); err != nil || !strings.Contains(text.String(), "0 failed") {
		t.Errorf("%v\n%s", err, text.String())
	}
	if err := sheet.HTML(&page); err != nil || !strings.Contains(page.String(), "xiaoju: passed") || strings.Contains(page.String(), "ZgotmplZ") {
		t.Errorf("%v\n%s", err, page.String())
	}
}

func TestCertifySaysWhatItNeeds(t *testing.T) {
	for _, tc := range []struct {
		target, want string
		cfg          CertifyConfig
	}{
		{"nobody", "nothing to certify is called", CertifyConfig{}},
		{"telaidian", "needs a public address", CertifyConfig{}},
		{"telaidian", "needs a lot", CertifyConfig{HTTP: "x"}},
		{"sdk", "needs the lot's key", CertifyConfig{HTTP: "x", Lot: testLot}},
		{"api", "needs a platform", CertifyConfig{HTTP: "x", Lot: testLot, Ukey: "k"}},
		{"api", "partner's callback", CertifyConfig{Theirs: true}},
		{"sdk", "address to listen", CertifyConfig{Theirs: true}},
		{"gate", "no listener of its own", CertifyConfig{Theirs: true}},
	} {
		if _, err := Certify(t.Context(), tc.target, tc.cfg); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.target, err, tc.want)
		}
	}
}

func TestCertifyAPartnersCallback(t *testing.T) {
	for _, careless := range []bool{false, true} {
		l := apiLot(t, APILotConfig{Careless: careless})
		if _, err := l.Enter(t.Context(), "京A12345", noon.Add(-170*time.Minute)); err != nil {
			t.Fatal(err)
		}
		sheet, err := Certify(t.Context(), "api", CertifyConfig{Theirs: true, Against: l.Callback(), Lot: charge.LotID{Union: "10001", Park: "1001"},
			Ukey: v1Key, Plate: "京A12345"})
		if err != nil {
			t.Fatal(err)
		}
		if sheet.OK() == careless {
			t.Errorf("careless %v: passed %v, %v", careless, sheet.OK(), failures(sheet))
		}
		if want := map[bool]Verdict{false: Passed, true: Failed}[careless]; verdicts(sheet)["5.1 shows it, and shows it once"] != want {
			t.Errorf("careless %v: %v", careless, verdicts(sheet))
		}
	}
}

func TestCertifyAPartnersLine(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  SDKLotConfig
		bad  string
	}{
		{"good", SDKLotConfig{}, ""},
		{"refuses", SDKLotConfig{Lies: Lies{Ack: AckState0}}, "3.25 is acknowledged within 7 s"},
		{"wrong uuid", SDKLotConfig{Lies: Lies{Ack: AckWrongUUID}}, "3.25 is acknowledged within 7 s"},
		{"careless", SDKLotConfig{Careless: true}, "3.1 shows it once"},
		{"wrong key", SDKLotConfig{Ckey: "other"}, "login: S1 with the lot's key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr := freeAddr(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			cfg := tc.cfg
			cfg.Lot, cfg.Addr = testLot, addr
			if cfg.Ckey == "" {
				cfg.Ckey = cloudKey
			}
			partner := NewSDKLot(cfg)
			// The partner's people let the car in once the line is up, and out once the reduction was looked at.
			var people sync.WaitGroup
			people.Go(func() {
				if partner.Start(ctx) == nil {
					_, _ = partner.Enter(ctx, "京A12345", time.Now().Add(-170*time.Minute))
				}
			})
			sheet, err := Certify(ctx, "sdk", CertifyConfig{Theirs: true, Listen: addr, Lot: testLot, Ckey: cloudKey, Plate: "京A12345",
				Patience: 8 * time.Second, Progress: func(c Check) {
					if c.Name == "3.1 shows it once" {
						people.Go(func() { _, _ = partner.Exit(ctx, "京A12345", time.Now()) })
					}
				}})
			if err != nil {
				t.Fatal(err)
			}
			if sheet.OK() != (tc.bad == "") || tc.bad != "" && verdicts(sheet)[tc.bad] != Failed {
				t.Errorf("%v", sheet.Checks)
			}
			cancel()
			people.Wait()
			partner.Stop()
		})
	}
}

// freeAddr is an address that nobody listens at.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
