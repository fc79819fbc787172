package lotline

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/lotline/filestore"
)

func TestLogin(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		c.start(c.config())
		f := c.accept()
		// The book's own example, sign and all (sdk/596745).
		f.expect(
			`{"service_name":"login","sign":"CB649425CB5548A375099103AB04CC1E","data":{"union_id":"200208","park_id":"21835",` +
				`"local_id":"0071cc97102b_1001_qh321_quanhao-atest1"}}`)
	})
}

func TestLoginSettings(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.LocalID, cfg.NoDownlinks, cfg.NoPrices = "", true, true
		c.start(cfg)
		f := c.accept()
		if got := f.read(); !strings.HasSuffix(got,
			`"data":{"union_id":"200208","park_id":"21835","set_params":{"receive_cloud":"0","prepay_query":0}}}`) {
			t.Error(got)
		}
	})
}

func TestDialRefused(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		go func() {
			f := c.accept()
			f.read()
			f.say(`{"state":0,"errmsg":"error:签名错误","service_name":"login"}`)
			_ = f.nc.Close()
		}()
		_, err := Dial(t.Context(), c.config())
		if !errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), "签名错误") {
			t.Errorf("Dial: %v", err)
		}
		if strings.Contains(err.Error(), sampleKey) {
			t.Error("the error holds the key")
		}
	})
}

func TestDialInVain(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		c.down.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := Dial(ctx, c.config()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial: %v", err)
		}
	})
}

func TestUplinks(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		client := c.start(c.config())
		f := c.acceptLogin()
		synctest.Wait()
		half := Fen(150)
		out := exit("325101")
		out.Reduced = &half
		steps := []struct {
			tell   func() (Answer, error)
			want   string
			answer string
			a      Answer
		}{
			{
				func() (Answer, error) { return client.Entry(t.Context(), entry("325101")) },
				envelope("in_park",
					`{"car_number":"京GH0093","in_time":1490875218,"car_type":"","c_type":"","uid":"325101","order_id":"325101",`+
						`"empty_plot":20,"in_channel_id":"A1"}`),
				`{"state":1,"order_id":"325101","service_name":"in_park","errmsg":"send success!"}`,
				Answer{State: 1, ErrMsg: "send success!"},
			},
			{
				func() (Answer, error) { return client.Exit(t.Context(), out) },
				envelope("out_park",
					`{"car_number":"京GH0093","in_time":1490875218,"out_time":1490878818,"uid":"","out_uid":"","duration":60,`+
						`"car_type":"","c_type":"","pay_type":"cash","empty_plot":0,"total":"3.50","order_id":"325101",`+
						`"reduce_amount":"1.50","amount_receivable":"8.50"}`),
				`{"state":0,"order_id":"325101","service_name":"out_park","errmsg":"数据无效"}`,
				Answer{ErrMsg: "数据无效"},
			},
			{
				func() (Answer, error) {
					return client.Usage(t.Context(), Usage{
						OrderID: "A1_2C1597654143", CarNumber: "京A000008", ChargeSeq: "202008170000011120", Method: ByTime, Minutes: 3,
						Out: time.Unix(1597738834, 0),
					})
				},
				envelope("upload_duration_info",
					`{"service_name":"upload_duration_info","data_target":"cloud","order_id":"A1_2C1597654143",`+
						`"car_number":"京A000008","start_charge_seq":"202008170000011120","calculation_method":1,"duration":3,`+
						`"out_time":1597738834}`),
				`{"state":1,"service_name":"upload_duration_info","errmsg":"上传成功"}`,
				Answer{State: 1, ErrMsg: "上传成功"},
			},
			{
				func() (Answer, error) {
					return client.Usage(t.Context(), Usage{
						OrderID: "o", CarNumber: "京A000008", ChargeSeq: "s", Method: ByAmount, Amount: 125, Out: time.Unix(1597738834, 0),
					})
				},
				envelope("upload_duration_info",
					`{"service_name":"upload_duration_info","data_target":"cloud","order_id":"o","car_number":"京A000008",`+
						`"start_charge_seq":"s","calculation_method":2,"reduce_amount":"1.25","out_time":1597738834}`),
				`{"state":0,"errmsg":"数据已处理过...","service_name":"upload_duration_info"}`,
				Answer{ErrMsg: "数据已处理过..."},
			},
		}
		for _, s := range steps {
			heard := tell(s.tell)
			f.expect(s.want)
			f.say(s.answer)
			if got := <-heard; got.err != nil || got.a != s.a {
				t.Errorf("got %+v, want %+v", got, s.a)
			}
		}
		if n, err := client.Kept(); n != 0 || err != nil {
			t.Errorf("%d kept, %v", n, err)
		}
		if !(Answer{ErrMsg: "数据已处理过..."}).Taken() || (Answer{ErrMsg: "数据无效"}).Taken() {
			t.Error("Taken is wrong")
		}
	})
}

func TestRefusesNonsense(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		client := c.start(c.config())
		early := exit("1")
		early.Out = early.In.Add(-time.Second)
		for name, f := range map[string]func() (Answer, error){
			"entry without order": func() (Answer, error) { return client.Entry(t.Context(), entry("")) },
			"exit before entry":   func() (Answer, error) { return client.Exit(t.Context(), early) },
			"usage without charge": func() (Answer, error) {
				return client.Usage(t.Context(), Usage{OrderID: "1", CarNumber: "京A000008", Out: time.Now()})
			},
			"usage for free": func() (Answer, error) {
				return client.Usage(t.Context(),
					Usage{OrderID: "1", CarNumber: "京A000008", ChargeSeq: "1", Method: Free, Out: time.Now()})
			},
		} {
			if _, err := f(); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if n, _ := client.Kept(); n != 0 {
			t.Errorf("%d kept", n)
		}
	})
	if _, err := New(Config{Addr: "x:1"}); err == nil {
		t.Error("a client without lot and key")
	}
}

// What is reported while the line is down goes out one per second, oldest first, once it is up; what is new goes out
// at once, unless something about the same stay is still waiting.
func TestStoreAndForward(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		var answered []string
		cfg := c.config()
		cfg.OnAnswer = func(service, id string, a Answer) { answered = append(answered, service+" "+id+" "+a.ErrMsg) }
		client := c.start(cfg)
		f := c.acceptLogin()
		synctest.Wait()
		c.down.Store(true)
		_ = f.nc.Close()
		synctest.Wait()
		for _, id := range []string{"1", "2"} {
			if a, err := client.Entry(t.Context(), entry(id)); err != nil || !a.Kept {
				t.Fatalf("%+v, %v", a, err)
			}
		}
		time.Sleep(5 * time.Minute)
		c.down.Store(false)
		f = c.acceptLogin()
		synctest.Wait()
		begun := time.Now()
		// An exit of a stay whose entry waits goes behind it; another stay's entry goes at once.
		if a, err := client.Exit(t.Context(), exit("2")); err != nil || !a.Kept {
			t.Fatalf("%+v, %v", a, err)
		}
		fresh := tell(func() (Answer, error) { return client.Entry(t.Context(), entry("3")) })
		var got []string
		for range 4 {
			frame := f.read()
			got = append(got, time.Since(begun).String()+" "+order(t, frame))
			f.taken(frame)
		}
		want := []string{"0s in_park 3", "1s in_park 1", "2s in_park 2", "3s out_park 2"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if r := <-fresh; r.err != nil || r.a.State != 1 {
			t.Errorf("%+v", r)
		}
		synctest.Wait()
		if d := cmp.Diff([]string{"in_park 1 send success!", "in_park 2 send success!", "out_park 2 send success!"},
			answered); d != "" {
			t.Errorf("answers (-want +got)\n%s", d)
		}
		if n, _ := client.Kept(); n != 0 {
			t.Errorf("%d kept", n)
		}
	})
}

// A cloud that is busy, that has forgotten our token, or that does not answer has not taken what we reported.
func TestNotTaken(t *testing.T) {
	tests := map[string]struct {
		say   string
		again bool // on a new line
	}{
		"busy":      {`{"state":0,"order_id":"1","service_name":"in_park","errmsg":"系统繁忙,请稍后重试"}`, false},
		"flood":     {`{"state":0,"errmsg":"request_over_times"}`, false},
		"token":     {`{"state":0,"errmsg":"error:token无效"}`, true},
		"no answer": {"", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud) {
				client := c.start(c.config())
				f := c.acceptLogin()
				synctest.Wait()
				heard := tell(func() (Answer, error) { return client.Entry(t.Context(), entry("1")) })
				first := f.read()
				if tt.say != "" {
					f.say(tt.say)
				}
				if r := <-heard; r.err != nil || !r.a.Kept {
					t.Fatalf("%+v", r)
				}
				if tt.again {
					f = c.acceptLogin()
				}
				second := f.read()
				if order(t, first) != order(t, second) {
					t.Errorf("said %s again, not %s", order(t, second), order(t, first))
				}
				f.taken(second)
				synctest.Wait()
				if n, _ := client.Kept(); n != 0 {
					t.Errorf("%d kept", n)
				}
			})
		})
	}
}

// What waits survives a restart, and so does what reductions were taken.
func TestRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?.db")
	bubble(t, func(t *testing.T, c *cloud) {
		taken := 0
		cfg := c.config()
		cfg.Store = openFile(t, path)
		cfg.OnReduction = func(context.Context, Reduction) error { taken++; return nil }
		client, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		f := c.acceptLogin()
		f.say(`{"service_name":"pay_notice","uuid":"u","type":1,"calculation_method":0}`)
		f.expect(envelope("pay_notice", `{"service_name":"pay_notice","data_target":"cloud","uuid":"u","state":1}`))
		c.down.Store(true)
		_ = f.nc.Close()
		synctest.Wait()
		if a, err := client.Entry(t.Context(), entry("1")); err != nil || !a.Kept {
			t.Fatalf("%+v, %v", a, err)
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		c.down.Store(false)
		cfg.Store = openFile(t, path)
		client = c.start(cfg)
		f = c.acceptLogin()
		f.say(`{"service_name":"pay_notice","uuid":"u","type":1,"calculation_method":0}`)
		f.expect(envelope("pay_notice", `{"service_name":"pay_notice","data_target":"cloud","uuid":"u","state":1}`))
		if taken != 1 {
			t.Errorf("taken %d times", taken)
		}
		frame := f.read()
		if got := order(t, frame); got != "in_park 1" {
			t.Errorf("said %s", got)
		}
		f.taken(frame)
		synctest.Wait()
		if n, err := client.Kept(); n != 0 || err != nil {
			t.Errorf("%d kept, %v", n, err)
		}
		_ = client.Close()
	})
}

func openFile(t *testing.T, path string) Store {
	t.Helper()
	f, err := filestore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBadStore(t *testing.T) {
	if _, err := filestore.Open("/nowhere/at/all.db"); err == nil {
		t.Error("a store that cannot be opened is no error")
	}
}

// TestNoDatabaseInside wants a program with a store of its own to have no SQLite inside.
func TestNoDatabaseInside(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for pkg := range strings.Lines(string(out)) {
		if root, _, _ := strings.Cut(pkg, "/"); strings.Contains(root, ".") && !strings.Contains(pkg, "/lotline") {
			t.Errorf("lotline needs %s", strings.TrimSpace(pkg))
		}
	}
}

// Two heartbeats without answer break the line.
func TestHeartbeat(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.Beat = 20 * time.Second
		c.start(cfg)
		f := c.acceptLogin()
		begun := time.Now()
		var beats []time.Duration
		for {
			s, err := f.r.ReadString('\n')
			if err != nil {
				break
			}
			if s != "0x11\n" {
				t.Fatalf("heard %q", s)
			}
			if beats = append(beats, time.Since(begun)); len(beats) == 1 {
				f.say("0x12")
			}
		}
		if d := cmp.Diff([]time.Duration{20 * time.Second, 40 * time.Second, 60 * time.Second}, beats); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if down := time.Since(begun); down != 80*time.Second {
			t.Errorf("broken after %s", down)
		}
		c.acceptLogin()
	})
}

// Waits between attempts double, half of each by chance, up to a minute.
func TestBackoff(t *testing.T) {
	c := &Client{cfg: Config{}.withDefaults()}
	for failures, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		most *= time.Second
		seen := map[time.Duration]bool{}
		for range 50 {
			d := c.backoff(failures)
			if d < most/2 || d > most {
				t.Fatalf("after %d failures: %s, want %s to %s", failures, d, most/2, most)
			}
			seen[d] = true
		}
		if len(seen) < 10 {
			t.Errorf("after %d failures: no chance in it", failures)
		}
	}
	if d := c.backoff(1000); d > time.Minute {
		t.Errorf("after 1000 failures: %s", d)
	}
}

func TestUpload(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		client := c.start(c.config())
		f := c.accept()
		if _, err := client.Upload(t.Context(), "query_inpark", []byte(`{}`)); err == nil {
			t.Error("uploaded before the login")
		}
		f.read()
		f.say(`{"state":1,"token":"00000000000000000000000000000001","service_name":"login"}`)
		synctest.Wait()
		heard := make(chan string, 1)
		go func() {
			raw, err := client.Upload(t.Context(), "query_inpark", []byte(`{"car_number":"京GH0093"}`))
			if err != nil {
				t.Error(err)
			}
			heard <- string(raw)
		}()
		f.expect(envelope("query_inpark", `{"car_number":"京GH0093"}`))
		f.say(`{"state":1,"service_name":"query_inpark","data":[]}`)
		if got := <-heard; got != `{"state":1,"service_name":"query_inpark","data":[]}` {
			t.Error(got)
		}
	})
}
