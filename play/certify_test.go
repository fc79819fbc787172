package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lotline/sdktest"
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
		"an end before the start":                      Passed,
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
	ok = ok && text("sign") == md5Upper(rec.kv(false, "sign")+"&key="+md5Lower("demo-secret")) &&
		text("merchId") == "200461&&1313" &&
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
	if err := sheet.HTML(&page); err != nil || !strings.Contains(page.String(), "xiaoju: passed") ||
		strings.Contains(page.String(), "ZgotmplZ") {
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
		{"gate", "address to listen", CertifyConfig{Theirs: true}},
		{"gate", "gateway's public address", CertifyConfig{Theirs: true, Listen: "x"}},
		{"telaidian", "address to listen", CertifyConfig{Theirs: true, HTTP: "x", Lot: testLot}},
	} {
		if _, err := Certify(t.Context(), tc.target, tc.cfg); !errors.Is(err, ErrWrongUse) ||
			!strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q as wrong use", tc.target, err, tc.want)
		}
	}
}

// teldEnd is a gateway to which 特来电 pushes by a path token: the lock is judged before the access token.
func teldEnd(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	answer := func(ret int64, msg string, data record) {
		sealed := ""
		if data != nil {
			sealed, _ = encrypt(vectorKeys["data_secret"], vectorKeys["data_secret_iv"], data.json())
		}
		code := whole(ret)
		answerJSON(w, record{{"Ret", code}, {"Msg", msg}, {"Data", sealed},
			{"Sig", hmacUpper(vectorKeys["sig_secret"], code.String()+msg+sealed)}})
	}
	plain, err := (&Receiver{Keys: vectorKeys}).open(body)
	switch {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case strings.Contains(r.URL.Path, "nowhere"):
		w.WriteHeader(http.StatusNotFound)
	case len(body) > 64<<10:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case !strings.HasSuffix(r.URL.Path, "/s3cret"):
		answer(4004, "业务参数不合法", nil)
	case err != nil && strings.Contains(err.Error(), "five fields"):
		answer(4003, "参数不合法", nil)
	case err != nil && strings.Contains(err.Error(), "签名"):
		answer(4001, "签名错误", nil)
	case strings.Contains(r.URL.Path, "query_token"):
		refused := int64(0)
		if !strings.Contains(string(plain), vectorKeys["operator_secret"]) {
			refused = 1
		}
		answer(0, "成功", record{{"SuccStat", whole(refused)}, {"AccessToken", "given-out"},
			{"TokenAvailableTime", whole(7200)}, {"FailReason", whole(refused)}})
	case bearer(r.Header) != "given-out":
		answer(4002, "Token错误", nil)
	case err != nil:
		answer(4004, "业务参数不合法", nil)
	default:
		var said struct{ PlateNum, StartTime, EndTime, ParkID string }
		if json.Unmarshal(plain, &said) != nil || len(said.PlateNum) < 5 || said.StartTime > said.EndTime ||
			said.ParkID != "200461&&1313" {
			answer(4004, "业务参数不合法", nil)
			return
		}
		answer(0, "成功", record{{"ConfirmResult", whole(0)}})
	}
}

// With a path token the lock is wrong before the access token is: the two are broken apart.
func TestCertifyBreaksPathTokenAndAccessTokenApart(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(teldEnd))
	defer s.Close()
	sheet, err := Certify(t.Context(), "telaidian",
		CertifyConfig{HTTP: s.URL, Keys: vectorKeys, Lot: testLot, PathToken: "s3cret"})
	if err != nil || !sheet.OK() {
		t.Errorf("%v %v", err, failures(sheet))
	}
	for _, name := range []string{"refused: broken token", "refused: a wrong path token",
		"refused: the path without its token"} {
		if got := verdicts(sheet)[name]; got != Passed {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Where no answer comes nothing passes, and no error shows the path token.
func TestCertifyNobody(t *testing.T) {
	sheet, err := Certify(t.Context(), "telaidian",
		CertifyConfig{HTTP: freeAddr(t), Keys: vectorKeys, Lot: testLot, PathToken: "s3cret-in-the-path"})
	if err != nil || sheet.OK() || len(sheet.Checks) == 0 {
		t.Errorf("%v %v", err, sheet.Checks)
	}
	for _, c := range sheet.Checks {
		if c.Verdict != Failed || strings.Contains(c.Detail, "s3cret") {
			t.Errorf("%s: %s %s", c.Name, c.Verdict, c.Detail)
		}
	}
}

// A sheet lists what cannot be tested as well, and says why.
func TestCertifyAGateSaysWhatDoesNotApply(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/gate/") {
			answerJSON(w, record{{"state", whole(0)}, {"errmsg", "no"}})
			return
		}
		xiaojuEnd(w, r)
	}))
	defer s.Close()
	sheet, err := Certify(t.Context(), "gate",
		CertifyConfig{HTTP: s.URL, Platform: "xiaoju", Keys: vectorKeys, Lot: testLot, Ckey: "k"})
	if err != nil {
		t.Fatal(err)
	}
	got := verdicts(sheet)
	for name, want := range map[string]Verdict{
		"a good push is taken":                                             Passed,
		"the same push again is taken, answered alike":                     Passed,
		"a push six hours late is taken":                                   Passed,
		"a car that is not in the lot":                                     Passed,
		"refused: broken sig":                                              Passed,
		"refused: a wrong path token":                                      Skipped,
		"the lot is off line: told later":                                  Skipped,
		"a lost acknowledgement: repeated under the same id, applied once": Skipped,
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

// partner is a platform whose pushes go to the relay. Where an answer is lost it pushes again, or does not.
func partner(ctx context.Context, t *testing.T, addr string, again bool) {
	p := &Player{BaseURL: "http://" + addr, Platform: "xiaoju", Keys: vectorKeys}
	for n := range 2 {
		push := testPush()
		push.Order += strings.Repeat("x", n)
		for ctx.Err() == nil {
			e, err := p.Send(ctx, push, Options{})
			if err == nil && !e.Delivered() {
				t.Errorf("refused: %s", e.Body)
			}
			if err == nil || n == 1 && !again {
				break
			}
		}
	}
}

func TestCertifyAPartnersPushes(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(xiaojuEnd))
	defer gateway.Close()
	for name, tc := range map[string]struct {
		keys  Keys
		again bool
		bad   string
	}{
		"good":               {vectorKeys, true, ""},
		"never pushes twice": {vectorKeys, false, "it is pushed again and taken as a repeat"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := freeAddr(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var people sync.WaitGroup
			people.Go(func() { partner(ctx, t, addr, tc.again) })
			patience := 10 * time.Second
			if !tc.again {
				patience = 3 * time.Second // is waited for in vain
			}
			sheet, err := Certify(ctx, "xiaoju",
				CertifyConfig{Theirs: true, Against: gateway.URL, Listen: addr, Keys: tc.keys, Patience: patience})
			if err != nil || sheet.OK() != (tc.bad == "") || tc.bad != "" && verdicts(sheet)[tc.bad] != Failed {
				t.Errorf("%v %v", err, sheet.Checks)
			}
			cancel()
			people.Wait()
		})
	}
}

// A refusal on the way is shown in the gateway's words: the partner's people look at the sheet, not at our log.
func TestCertifyAPartnersForgedPush(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(xiaojuEnd))
	defer gateway.Close()
	addr := freeAddr(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var people sync.WaitGroup
	people.Go(func() {
		p := &Player{BaseURL: "http://" + addr, Platform: "xiaoju", Keys: Keys{"sign_key": "another"}}
		for ctx.Err() == nil {
			if _, err := p.Send(ctx, testPush(), Options{}); err == nil {
				return
			}
		}
	})
	sheet, err := Certify(ctx, "xiaoju",
		CertifyConfig{Theirs: true, Against: gateway.URL, Listen: addr, Keys: vectorKeys, Patience: time.Second})
	if err != nil || len(sheet.Checks) != 1 || sheet.Checks[0].Verdict != Failed ||
		!strings.Contains(sheet.Checks[0].Detail, "90001") {
		t.Errorf("%v %v", err, sheet.Checks)
	}
	cancel()
	people.Wait()
}

func TestCertifyAPartnersGate(t *testing.T) {
	for name, state := range map[string]int64{"good": 1, "refused": 0} {
		t.Run(name, func(t *testing.T) {
			gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				answerJSON(w, record{{"state", whole(state)}, {"errmsg", "签名错误"}, {"order_id", "1"}, {"total", "0.00"},
					{"price", "0.00"}, {"derate_money", "0.00"}})
			}))
			defer gateway.Close()
			addr := freeAddr(t)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var people sync.WaitGroup
			people.Go(func() {
				for ctx.Err() == nil { // until the relay listens
					if c, err := net.Dial("tcp", addr); err == nil {
						c.Close()
						break
					}
				}
				l := NewGateLot(GateConfig{Lot: testLot, Ckey: "k", Server: "http://" + addr})
				visit, _ := l.Enter(ctx, "京A12345", time.Now())
				_, _ = l.Quote(ctx, "京A12345", time.Now())
				_, _ = l.Leave(ctx, visit, time.Now(), 0)
			})
			sheet, err := Certify(ctx, "gate",
				CertifyConfig{Theirs: true, Against: gateway.URL, Listen: addr, Patience: time.Second})
			if err != nil || sheet.OK() != (state == 1) || state == 1 && len(sheet.Checks) != 3 || state == 0 &&
				!strings.Contains(sheet.Checks[0].Detail, "签名错误") {
				t.Errorf("%v %v", err, sheet.Checks)
			}
			cancel()
			people.Wait()
		})
	}
}

func TestCertifyAPartnersCallback(t *testing.T) {
	for _, careless := range []bool{false, true} {
		l := apiLot(t, APILotConfig{Careless: careless})
		if _, err := l.Enter(t.Context(), "京A12345", noon.Add(-170*time.Minute)); err != nil {
			t.Fatal(err)
		}
		sheet, err := Certify(t.Context(), "api",
			CertifyConfig{Theirs: true, Against: l.Callback(), Lot: charge.LotID{Union: "10001", Park: "1001"},
				Ukey: v1Key, Plate: "京A12345"})
		if err != nil {
			t.Fatal(err)
		}
		if sheet.OK() == careless {
			t.Errorf("careless %v: passed %v, %v", careless, sheet.OK(), failures(sheet))
		}
		if want := map[bool]Verdict{false: Passed,
			true: Failed}[careless]; verdicts(sheet)["5.1 shows it, and shows it once"] != want {
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
			sheet, err := Certify(ctx, "sdk",
				CertifyConfig{Theirs: true, Listen: addr, Lot: testLot, Ckey: cloudKey, Plate: "京A12345",
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

// The vendor's own SDK is examined on both its links: the bolink link signs with the vendor's key, and each entry and
// exit comes twice.
func TestCertifyTheVendorsSDK(t *testing.T) {
	addr := freeAddr(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	partner := NewVendorLot(VendorLotConfig{Lot: testLot, Ukey: "the-vendors", Ckey: cloudKey, Addr: addr,
		Times: sdktest.Times{FirstBeat: 20 * time.Millisecond, Beat: 20 * time.Millisecond}})
	var people sync.WaitGroup
	people.Go(func() {
		for ctx.Err() == nil { // until somebody listens
			if conn, err := net.Dial("tcp", addr); err == nil {
				conn.Close()
				break
			}
		}
		if err := partner.Start(ctx); err != nil {
			t.Errorf("the SDK logs in: %v", err)
			return
		}
		if _, err := partner.Enter(ctx, "京A12345", time.Now().Add(-170*time.Minute)); err != nil {
			t.Errorf("its entry: %v", err)
		}
	})
	sheet, err := Certify(ctx, "sdk",
		CertifyConfig{Theirs: true, Listen: addr, Lot: testLot, Ckey: cloudKey, Ukey: "the-vendors", Plate: "京A12345",
			Patience: 8 * time.Second, Progress: func(c Check) {
				if c.Name == "3.1 shows it once" {
					people.Go(func() {
						if _, err := partner.Exit(ctx, "京A12345", time.Now()); err != nil {
							t.Errorf("its exit: %v", err)
						}
					})
				}
			}})
	people.Wait()
	if err != nil || !sheet.OK() || len(sheet.Checks) != 6 {
		t.Errorf("%v, %v", err, sheet.Checks)
	}
	if c := partner.Counts(); c.Torn != 0 || c.Rounds != 0 {
		t.Errorf("%+v", c)
	}
	cancel()
	partner.Stop()
}

// freeAddr is an address without a listener.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
