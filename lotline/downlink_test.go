package lotline

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	notice325 = `{"service_name":"pay_notice","comid":"21835","uuid":"u-325","order_id":"325101","car_number":"京GH0093",` +
		`"type":1,"duration":30,"start_charging_time":"2026-03-01 18:00:00","stop_charging_time":"2026-03-01 18:30:00",` +
		`"start_charge_seq":"202603010000000001","calculation_method":1}`
	// The book's own message and answer (sdk/1726765).
	notice336 = `{"service_name":"pay_notice","start_charging_time":"2020-04-16 14:00:40","car_number":"苏DDDLL03",` +
		`"comid":"20180427","stop_charging_time":"2020-04-27 14:50:59","reduce_amount":2.0,"order_id":"A1_2C1587980476",` +
		`"uuid":"4548fcd6bdd4491daf3fb32e57afd203"}`
	ack336 = `{"service_name":"pay_notice","sign":"1F94C85CF7BD56E33EDAA5DD9F87D394",` +
		`"token":"00000000000000000000000000000001","data":{"service_name":"pay_notice","data_target":"bolink",` +
		`"uuid":"4548fcd6bdd4491daf3fb32e57afd203","state":1}}`
)

func ack(uuid, rest string) string {
	return envelope("pay_notice", `{"service_name":"pay_notice","data_target":"cloud","uuid":"`+uuid+`"`+rest+`}`)
}

func TestReductions(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		var got []Reduction
		cfg := c.config()
		cfg.OnReduction = func(_ context.Context, r Reduction) error { got = append(got, r); return nil }
		c.start(cfg)
		f := c.acceptLogin()
		f.say(notice325)
		f.expect(ack("u-325", `,"state":1`))
		f.say(notice336)
		f.expect(ack336)
		f.say(`{"service_name":"pay_notice","uuid":"u-free","type":1,"car_number":"京GH0093","order_id":"",` +
			`"calculation_method":0}`)
		f.expect(ack("u-free", `,"state":1`))
		f.say(`{"service_name":"pay_notice","uuid":"u-yuan","type":"1","reduce_amount":"10.5","calculation_method":"2"}`)
		f.expect(ack("u-yuan", `,"state":1`))
		f.say(`{"service_name":"pay_notice","uuid":"u-lot","type":1,"calculation_method":3}`)
		f.expect(ack("u-lot", `,"state":1`))
		want := []Reduction{
			{
				Message: "3.25", UUID: "u-325", OrderID: "325101", CarNumber: "京GH0093", Method: ByTime, Minutes: 30,
				ChargeSeq: "202603010000000001", Started: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
				Ended: time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC),
			},
			{
				Message: "3.36", UUID: "4548fcd6bdd4491daf3fb32e57afd203", OrderID: "A1_2C1587980476", CarNumber: "苏DDDLL03",
				Method: ByAmount, Amount: 200, Started: time.Date(2020, 4, 16, 6, 0, 40, 0, time.UTC),
				Ended: time.Date(2020, 4, 27, 6, 50, 59, 0, time.UTC),
			},
			{Message: "3.25", UUID: "u-free", CarNumber: "京GH0093", Method: Free},
			{Message: "3.25", UUID: "u-yuan", Method: ByAmount, Amount: 1050},
			{Message: "3.25", UUID: "u-lot", Method: LotDecides},
		}
		if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Reduction{}, "Raw"), cmp.Comparer(time.Time.Equal)); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if string(got[0].Raw) != notice325 {
			t.Errorf("Raw is %s", got[0].Raw)
		}
	})
}

// A repeated message is acknowledged again, and taken once. One that was refused is asked about again.
func TestRepeatedReduction(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		calls := 0
		cfg := c.config()
		cfg.OnReduction = func(context.Context, Reduction) error {
			if calls++; calls == 1 {
				return errors.New("车辆不在场")
			}
			return nil
		}
		c.start(cfg)
		f := c.acceptLogin()
		f.say(notice325)
		f.expect(ack("u-325", `,"state":0,"errmsg":"车辆不在场"`))
		for range 3 {
			f.say(notice325)
			f.expect(ack("u-325", `,"state":1`))
		}
		if calls != 2 {
			t.Errorf("called %d times, want 2", calls)
		}
	})
}

// fullDisk is a store that can be read and not written.
type fullDisk struct{ Store }

func (fullDisk) Take(string, time.Time) error { return errors.New("no space left on device") }

// A store that fails does not have a reduction taken twice while the process lives.
func TestRepeatedReductionOnAFullDisk(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		calls := 0
		cfg := c.config()
		cfg.OnReduction = func(context.Context, Reduction) error { calls++; return nil }
		client := c.start(cfg)
		client.keep = fullDisk{newMemory()}
		f := c.acceptLogin()
		for range 3 {
			f.say(notice325)
			f.expect(ack("u-325", `,"state":1`))
		}
		if calls != 1 {
			t.Errorf("called %d times, want 1", calls)
		}
	})
}

// An acknowledgement that is refused for its token says that we are not logged in any more.
func TestDeadTokenOfAnAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.OnReduction = func(context.Context, Reduction) error { return nil }
		c.start(cfg)
		f := c.acceptLogin()
		f.say(notice325)
		f.expect(ack("u-325", `,"state":1`))
		f.say(`{"state":0,"errmsg":"error:token无效"}`)
		begun := time.Now()
		c.acceptLogin()
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("logged in again after %s", d)
		}
	})
}

// A cloud that never ends its message does not fill the lot's memory.
func TestEndlessMessage(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		c.start(c.config())
		f := c.acceptLogin()
		piece := []byte(strings.Repeat("x", 64<<10))
		sent := 0
		for {
			n, err := f.nc.Write(piece)
			if sent += n; err != nil {
				break
			}
			if sent > 2*frameMost {
				t.Fatalf("took %d bytes without an end", sent)
			}
		}
		c.acceptLogin()
	})
}

func TestUnreadableReductions(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.OnReduction = func(_ context.Context, r Reduction) error { t.Errorf("took %+v", r); return nil }
		var other []string
		cfg.OnOther = func(service string, raw []byte) { other = append(other, service+" "+string(raw)) }
		c.start(cfg)
		f := c.acceptLogin()
		for _, m := range []string{
			`{"service_name":"pay_notice","uuid":"u","type":1,"calculation_method":9}`,
			`{"service_name":"pay_notice","uuid":"u","type":1,"calculation_method":2,"reduce_amount":"1.255"}`,
			`{"service_name":"pay_notice","uuid":"u","type":1,"calculation_method":1,"duration":-5}`,
		} {
			f.say(m)
			if got := f.read(); order(t, got) != "pay_notice " || got[:len(got)-1] == ack("u", `,"state":1`) {
				t.Errorf("%s: %s", m, got)
			}
		}
		// Points and hotels are not charging orders: the lot's software hears them and answers itself.
		hotel := `{"service_name":"pay_notice","uuid":"u","type":3,"car_number_type":1}`
		copied := `{"car_number":"京GH0093","order_id":"s-1","service_name":"in_park"}`
		for _, m := range []string{hotel, copied, `rubbish`, ``, `{"service_name":"month_card_sync","data":{}}`} {
			f.say(m)
		}
		synctest.Wait()
		want := []string{"pay_notice " + hotel, "in_park " + copied,
			`month_card_sync {"service_name":"month_card_sync","data":{}}`}
		if d := cmp.Diff(want, other); d != "" {
			t.Errorf("others (-want +got)\n%s", d)
		}
	})
}

func TestPrices(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.OnPrice = func(_ context.Context, q PriceQuery) (Price, error) {
			if q != (PriceQuery{OrderID: "325101", CarNumber: "京GH0093"}) {
				return Price{}, errors.New("没有在场订单")
			}
			return Price{
				Total: 850, Price: 350, DerateMoney: 500, DerateMinutes: 60, Minutes: 125, LeaveMinutes: 10,
				QueryTime: time.Unix(1490878818, 0),
			}, nil
		}
		c.start(cfg)
		f := c.acceptLogin()
		f.say(`{"service_name":"query_price","park_id":"21835","pay_scene":0,"car_number":"京GH0093","order_id":"325101"}`)
		f.expect(envelope("query_price",
			`{"service_name":"query_price","data_target":"bolink","state":1,"park_id":"21835","order_id":"325101",`+
				`"price":"3.50","total":"8.50","derate_money":"5.00","derate_duration":60,"duration":125,"free_out_time":10,`+
				`"query_time":1490878818}`))
		f.say(`{"service_name":"query_price","park_id":"21835","pay_scene":1,"out_channel_id":"A1","query_order_no":"q-1"}`)
		f.expect(envelope("query_price",
			`{"service_name":"query_price","data_target":"bolink","state":0,"errmsg":"没有在场订单","park_id":"21835","order_id":"",`+
				`"query_order_no":"q-1","price":"0.00","total":"0.00","derate_money":"0.00","derate_duration":0,"duration":0,`+
				`"free_out_time":0,"query_time":946684800}`))
	})
}

func TestPassThrough(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.OnPass = func(_ context.Context, data string) (string, error) { return "heard " + data, nil }
		c.start(cfg)
		f := c.acceptLogin()
		f.say(`{"service_name":"pass_through","park_id":"21835","uuid":"p-1","data":"open \"gate\""}`)
		f.expect(envelope("pass_through",
			`{"service_name":"pass_through","data_target":"cloud","uuid":"p-1","data":"heard open \"gate\""}`))
		f.say(`{"service_name":"pass_through","park_id":"21835","uuid":"p-2","data":{"a":1}}`)
		f.expect(envelope("pass_through",
			`{"service_name":"pass_through","data_target":"cloud","uuid":"p-2","data":"heard {\"a\":1}"}`))
	})
}

// A machine without callbacks says so.
func TestNobody(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		c.start(c.config())
		f := c.acceptLogin()
		f.say(notice325)
		f.expect(ack("u-325", `,"state":0,"errmsg":"this machine does not do that"`))
		f.say(`{"service_name":"pass_through","uuid":"p-1","data":"x"}`)
		f.expect(envelope("pass_through",
			`{"service_name":"pass_through","data_target":"cloud","uuid":"p-1","state":0,`+
				`"errmsg":"this machine does not do that","data":""}`))
	})
}

// The lies a simulator may tell.
func TestLies(t *testing.T) {
	one := func(change func(*Ack)) func(Reduction, Ack) []Ack {
		return func(_ Reduction, a Ack) []Ack { change(&a); return []Ack{a} }
	}
	tests := map[string]struct {
		acks func(Reduction, Ack) []Ack
		want []string
		at   time.Duration // of the first
	}{
		"never": {func(Reduction, Ack) []Ack { return nil }, nil, 0},
		"twice": {func(_ Reduction, a Ack) []Ack { return []Ack{a, a} },
			[]string{ack("u-325", `,"state":1`), ack("u-325", `,"state":1`)}, 0},
		"wrong uuid": {one(func(a *Ack) { a.UUID = "other" }), []string{ack("other", `,"state":1`)}, 0},
		"state 0":    {one(func(a *Ack) { a.State = 0 }), []string{ack("u-325", `,"state":0`)}, 0},
		"no state":   {one(func(a *Ack) { a.NoState = true }), []string{ack("u-325", ``)}, 0},
		"late": {one(func(a *Ack) { a.After = 9 * time.Second }), []string{ack("u-325", `,"state":1`)},
			9 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud) {
				cfg := c.config()
				cfg.OnReduction = func(context.Context, Reduction) error { return nil }
				cfg.Hooks = &Hooks{Acks: tt.acks}
				c.start(cfg)
				f := c.acceptLogin()
				begun := time.Now()
				f.say(notice325)
				for i, want := range tt.want {
					f.expect(want)
					if took := time.Since(begun); i == 0 && took != tt.at {
						t.Errorf("after %s, want %s", took, tt.at)
					}
				}
				f.silent(20 * time.Second)
			})
		})
	}
}

func TestDropAfterApply(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		taken := 0
		cfg := c.config()
		cfg.OnReduction = func(context.Context, Reduction) error { taken++; return nil }
		drops := 0
		cfg.Hooks = &Hooks{Applied: func(Reduction) bool { drops++; return drops == 1 }}
		c.start(cfg)
		f := c.acceptLogin()
		f.say(notice325)
		if s, err := f.r.ReadString('\n'); err == nil {
			t.Fatalf("heard %q before the drop", s)
		}
		f = c.acceptLogin()
		f.say(notice325)
		f.expect(ack("u-325", `,"state":1`))
		if taken != 1 {
			t.Errorf("taken %d times", taken)
		}
	})
}

func TestHalfOpen(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		cfg := c.config()
		cfg.OnReduction = func(context.Context, Reduction) error { return nil }
		client := c.start(cfg)
		f := c.acceptLogin()
		synctest.Wait()
		client.Freeze()
		f.say(notice325)
		f.silent(10 * time.Minute)
		client.Thaw()
		f.expect(ack("u-325", `,"state":1`))
		client.Freeze() // Close does not hang on it
	})
}

func TestAway(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud) {
		client := c.start(c.config())
		c.acceptLogin()
		synctest.Wait()
		begun := time.Now()
		client.Away(30 * time.Second)
		c.acceptLogin()
		if d := time.Since(begun); d < 30*time.Second || d > 35*time.Second {
			t.Errorf("back after %s", d)
		}
		begun = time.Now()
		synctest.Wait()
		client.Drop()
		c.acceptLogin()
		if d := time.Since(begun); d > 5*time.Second {
			t.Errorf("back after %s", d)
		}
	})
}
