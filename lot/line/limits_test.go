package line

import (
	"crypto/md5"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/lot"
)

// uplinkLine signs as the book says, with the standard library alone.
func uplinkLine(service, token, data, key string) string {
	return fmt.Sprintf(`{"service_name":"%s","sign":"%X","token":"%s","data":%s}`,
		service, md5.Sum([]byte(data+"key="+key)), token, data)
}

func entryLine(token, order string) string {
	return uplinkLine("in_park", token, `{"car_number":"京GH0093","in_time":1490875218,"order_id":"`+order+`"}`, keyA)
}

func loginLine(localID string) string {
	data := `{"union_id":"200208","park_id":"21835","local_id":"` + localID + `"}`
	return fmt.Sprintf(`{"service_name":"login","sign":"%X","data":%s}`, md5.Sum([]byte(data+"key="+keyA)), data)
}

func entryTaken(order string) string {
	return `{"state":1,"order_id":"` + order + `","service_name":"in_park","errmsg":"send success!"}`
}

// An answer means that the rest of the gateway has stored what was reported.
func TestAnswerComesAfterStoring(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	gate := make(chan struct{})
	b.ears.mu.Lock()
	b.ears.gate = gate
	b.ears.mu.Unlock()
	f.say(entryLine(testToken(1), "g-1"))
	f.say("0x11")
	// Another line is served meanwhile; once it has had its answers, ours could have had them too.
	g := b.dial()
	g.login(loginB, 2)
	g.say("0x11")
	g.expect("0x12")
	if n := f.r.Buffered(); n > 0 || len(b.ears.all()) > 0 {
		t.Fatalf("%d bytes were answered before anything was stored", n)
	}
	close(gate)
	f.expect(entryTaken("g-1"))
	f.expect("0x12")
}

func TestFlood(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FloodPer10s = 5 })
	f, g := b.dial(), b.dial()
	f.login(loginA, 1)
	g.login(loginB, 2)
	entry := func(i int) { f.say(entryLine(testToken(1), fmt.Sprintf("f-%d", i))) }
	for i := range 5 {
		entry(i)
		f.expect(entryTaken(fmt.Sprintf("f-%d", i)))
	}
	// Heartbeats and acknowledgements of our own uuids do not count.
	for i := range 10 {
		f.say("0x11")
		f.expect("0x12")
		uuid := fmt.Sprintf("u-%d", i)
		b.deliver(lotA, uuid)
		f.expect(`{"uuid":"` + uuid + `"}`)
		f.say(uplinkLine("pay_notice", testToken(1), `{"uuid":"`+uuid+`","state":1}`, keyA))
		f.expect("")
		if r := b.result(); r.Result != charge.AttemptAcked {
			t.Fatalf("acknowledgement %d: %+v", i, r)
		}
	}
	entry(5)
	f.expect(`{"state":0,"errmsg":"request_over_times"}`)
	// No other lot is touched, and ten seconds later it is over.
	g.say(uplinkLine("in_park", testToken(2), `{"car_number":"京GH0093","in_time":1490875218,"order_id":"g"}`, keyB))
	g.expect(entryTaken("g"))
	b.pass(10 * time.Second)
	entry(5)
	f.expect(entryTaken("f-5"))
}

// A lot that acknowledges late, or twice, is no flood: those are answers to our own messages. One that says the
// same for ever is.
func TestFloodSparesLateAndRepeatedAnswers(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FloodPer10s = 1 })
	f := b.dial()
	f.login(loginA, 1)
	ack := func(uuid, want string) {
		t.Helper()
		f.say(uplinkLine("pay_notice", testToken(1), `{"uuid":"`+uuid+`","state":1}`, keyA))
		f.expect(want)
	}
	const flooded = `{"state":0,"errmsg":"request_over_times"}`
	for i := range 5 {
		b.deliver(lotA, fmt.Sprint("u-", i))
		b.pass(probeEvery)
		b.srv.sweep()
		f.expect(fmt.Sprintf(`{"uuid":"u-%d"}`, i))
		b.pass(DefaultAckWait)
		b.srv.sweep()
		if r := b.result(); r.Result != charge.AttemptTimeout {
			t.Fatalf("%+v", r)
		}
	}
	f.say(entryLine(testToken(1), "f-1"))
	f.expect(entryTaken("f-1"))
	for i := range 5 {
		ack(fmt.Sprint("u-", i), "")
		ack(fmt.Sprint("u-", i), "")
	}
	ack("never-sent", flooded)
	ack("u-0", "")
	ack("u-0", flooded)
}

// What a lot reports and does not fit what is known is answered with state 0 in at most 48 characters, and counted.
func TestWhatFlowRefusesIsCounted(t *testing.T) {
	long := strings.Repeat("long ", 20)
	tests := map[string]struct{ service, data, answer, reason string }{
		"entry": {
			"in_park", `{"car_number":"京GH0093","in_time":1490875218,"order_id":"r-1"}`,
			`{"state":0,"order_id":"r-1","service_name":"in_park","errmsg":"数据无效: long long long long long long long long lo"}`,
			"entry_refused",
		},
		"exit": {
			"outpark", `{"car_number":"京GH0093","out_time":1490875218,"order_id":"r-1"}`,
			`{"state":0,"order_id":"r-1","service_name":"outpark","errmsg":"数据无效: long long long long long long long long lo",` +
				`"pay_type":"free"}`, "exit_refused",
		},
		"usage": {
			"upload_duration_info",
			`{"car_number":"京GH0093","out_time":1490875218,"order_id":"r-1","start_charge_seq":"s","calculation_method":1,` +
				`"duration":5}`,
			`{"state":0,"service_name":"upload_duration_info","errmsg":"long long long long long long long long long lon"}`,
			"usage_refused",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.ears.answers = []lot.Answer{{ErrMsg: long}}
			f := b.dial()
			f.login(loginA, 1)
			f.say(uplinkLine(tt.service, testToken(1), tt.data, keyA))
			f.expect(tt.answer)
			if n := b.counts.of(tt.reason); n != 1 {
				t.Errorf("%s was counted %d times", tt.reason, n)
			}
		})
	}
}

// An acknowledgement of another lot's message, or of none, is counted.
func TestAcknowledgementOfNothingIsCounted(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	ack := uplinkLine("pay_notice", testToken(1), `{"uuid":"another-lots","state":1}`, keyA)
	f.say(ack)
	f.expect("")
	if n := b.counts.of("answer_to_nothing"); n != 0 {
		t.Fatalf("a late acknowledgement was counted %d times", n)
	}
	b.ears.mu.Lock()
	b.ears.errs = []error{lot.ErrNeverSent}
	b.ears.mu.Unlock()
	f.say(ack)
	f.expect("")
	if n := b.counts.of("answer_to_nothing"); n != 1 {
		t.Errorf("counted %d times", n)
	}
}

// Connections without login share a bounded room for frames that have begun. Where it is full they are closed;
// other lots log in unharmed.
func TestStrangersShareRoom(t *testing.T) {
	b := newBench(t)
	known := b.dial()
	known.login(loginA, 1)
	b.srv.strangers.Store(strangersBytes - 5<<10)
	stranger, full := b.dial(), b.dial()
	const small, large = 4 << 10, 32 << 10
	stranger.write(strings.Repeat("x", small-1))
	full.write(strings.Repeat("x", large))
	full.gone()
	b.await("closed no_room_without_login")
	stranger.say("")
	stranger.say(loginB)
	stranger.expect(`{"state":1,"token":"` + testToken(2) + `","service_name":"login"}`)
	known.say(uplinkLine("in_park", testToken(1),
		`{"car_number":"京GH0093","in_time":1490875218,"order_id":"big","remark":"`+strings.Repeat("x", large)+`"}`, keyA))
	known.expect(entryTaken("big"))
	if held := b.srv.strangers.Load(); held != strangersBytes-5<<10 {
		t.Errorf("%d bytes are still counted", held-(strangersBytes-5<<10))
	}
}

// A stranger's unread answers are few.
func TestStrangerThatDoesNotRead(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.say("{}")
	f.expect(`{"state":0,"errmsg":"未识别到service_name标记"}`)
	c := b.srv.open()[0]
	c.mu.Lock()
	c.writing = true // as if a write hung
	c.mu.Unlock()
	most := 0
	for c.send(make([]byte, 100)) {
		c.mu.Lock()
		most = max(most, len(c.out))
		c.mu.Unlock()
	}
	if most > strangerUnread {
		t.Errorf("%d bytes waited", most)
	}
	b.await("closed slow_reader")
}

// Where lines are off after a few seconds already, who does not log in is still distinguished from a lot that falls
// silent.
func TestNoLoginWithAShortOfflineLimit(t *testing.T) {
	b := newBench(t, func(c *Config) { c.OfflineAfter = 4 * time.Second })
	f := b.dial()
	for b.srv.Stats().Waiting != 1 {
		runtime.Gosched() // the accept loop is a goroutine away
	}
	b.pass(4 * time.Second)
	b.srv.sweep()
	f.gone()
	b.await("closed no_login")
	if n := b.counts.of("no_login"); n != 1 {
		t.Errorf("counted %d times", n)
	}
}

func TestFrameBomb(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	f.write(strings.Repeat("x", 1<<20) + "\n0x11\n")
	f.expect("0x12")
	if n := b.counts.of("frame_too_long"); n != 1 {
		t.Errorf("counted %d bombs", n)
	}
}

// The limit of the server of 2018 can be had.
func TestFrameBytes1024(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FrameBytes = 1024 })
	f := b.dial()
	f.login(loginA, 1)
	data := `{"car_number":"京GH0093","in_time":1490875218,"order_id":"k","remark":"%s"}`
	fits := uplinkLine("in_park", testToken(1), fmt.Sprintf(data, ""), keyA)
	fits = uplinkLine("in_park", testToken(1), fmt.Sprintf(data, strings.Repeat("x", 1024-len(fits))), keyA)
	if len(fits) != 1024 {
		t.Fatalf("made %d bytes", len(fits))
	}
	f.say(fits + " ") // the blank does not count
	f.expect(entryTaken("k"))
	f.say(fits + "x")
	f.say("0x11")
	f.expect("0x12")
}

func TestLoginWait(t *testing.T) {
	b := newBench(t)
	healthy, idle, loris := b.dial(), b.dial(), b.dial()
	healthy.login(loginA, 1)
	idle.write("")
	loris.write(`{"service_name":"log`)
	for b.srv.Stats().Waiting != 2 {
		runtime.Gosched() // the accept loop is a goroutine away
	}
	b.pass(9 * time.Second)
	b.srv.sweep()
	loris.write(`in"`)
	b.pass(time.Second)
	b.srv.sweep()
	idle.gone()
	loris.gone()
	healthy.say("0x11")
	healthy.expect("0x12")
	if n := b.counts.of("no_login"); n != 2 {
		t.Errorf("counted %d connections without login, want 2", n)
	}
}

// A line that says nothing whole for long enough is off: the next delivery says so instead of waiting.
func TestOffline(t *testing.T) {
	b := newBench(t)
	quiet, dribbling, alive := b.dial(), b.dial(), b.dial()
	quiet.login(loginLine("quiet"), 1)
	dribbling.login(loginLine("dribbling"), 2)
	alive.login(loginB, 3)
	b.pass(2 * time.Minute)
	b.srv.sweep()
	dribbling.write("0x1")
	alive.say("0x11")
	alive.expect("0x12")
	if !b.srv.Here(lotA) {
		t.Fatal("off too early")
	}
	b.pass(time.Minute)
	b.srv.sweep()
	quiet.gone()
	dribbling.gone()
	b.await("closed silent")
	b.await("closed silent")
	if b.srv.Here(lotA) || !b.srv.Here(lotB) {
		t.Errorf("lot A here: %v, lot B here: %v", b.srv.Here(lotA), b.srv.Here(lotB))
	}
	b.deliver(lotA, "u")
	if r := b.result(); r.Result != charge.AttemptOffLine || r.Reason != charge.ReasonLineOff {
		t.Errorf("%+v", r)
	}
}

// A far end that does not read is closed once its queue is full; no other line waits for it.
func TestSlowReader(t *testing.T) {
	b := newBench(t, func(c *Config) { c.FrameBytes = 1024 })
	slow, alive := b.dial(), b.dial()
	slow.login(loginA, 1)
	alive.login(loginB, 2)
	const waiting = 50
	for i := range waiting {
		b.deliver(lotA, fmt.Sprint("u-", i))
	}
	beats := []byte(strings.Repeat("0x11\n", 10_000))
	for err := error(nil); err == nil; { // each is answered; it ends where the line is closed
		_, err = slow.nc.Write(beats)
	}
	b.await("closed slow_reader")
	alive.say("0x11")
	alive.expect("0x12")
	for range waiting {
		if r := b.result(); r.Result != charge.AttemptTimeout && r.Result != charge.AttemptOffLine {
			t.Fatalf("%+v", r)
		}
	}
}

// A write that hangs is given ten seconds.
func TestHangingWrite(t *testing.T) {
	b := newBench(t)
	slow := b.dial()
	slow.login(loginA, 1)
	b.written()
	c := b.srv.open()[0]
	c.mu.Lock()
	c.writeFrom = b.clock.Now()
	c.mu.Unlock()
	b.pass(writeWait - 1)
	b.srv.sweep()
	if b.srv.Stats().Connections != 1 {
		t.Fatal("closed too early")
	}
	b.pass(1)
	b.srv.sweep()
	b.await("closed slow_reader")
}

// Where too many do not log in, the oldest of them makes room: those that are logged in, and those that log in,
// are unharmed.
func TestManyWithoutLogin(t *testing.T) {
	tests := map[string]func(*Config){
		"over all":    func(c *Config) { c.MaxWaiting = 20 },
		"one address": func(c *Config) { c.MaxWaitingPerAddress = 20 },
	}
	for name, limit := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, limit)
			healthy := b.dial()
			healthy.login(loginA, 1)
			var idle []*far
			for range 50 {
				idle = append(idle, b.dial())
			}
			late := b.dial()
			late.login(loginB, 2)
			for _, f := range idle[:31] { // 50 idle and one honest newcomer: 31 over the limit
				f.end()
			}
			healthy.say("0x11")
			healthy.expect("0x12")
			if s := b.srv.Stats(); s.Sessions != 2 {
				t.Errorf("%+v", s)
			}
			if n := b.counts.of("too_many_without_login"); n != 31 {
				t.Errorf("closed %d, want 31", n)
			}
		})
	}
}

// Strangers, from however many addresses, get so many connections at once and no more: a car park whose network has
// logged in before gets in beside them, and after a second anybody does.
func TestStrangersAreTurnedAway(t *testing.T) {
	b := newBench(t, func(c *Config) { c.LoginPerS = 1000 })
	known := b.dial()
	known.login(loginA, 1)
	const atOnce = 100
	b.srv.mu.Lock()
	b.srv.newcomers.rate = limit.NewBurst[netip.Addr](newcomersPerS, atOnce)
	b.srv.mu.Unlock()
	var strangers []*far
	for i := range atOnce + 30 {
		strangers = append(strangers, b.dialFrom(fmt.Sprintf("127.0.1.%d", 1+i%20)))
	}
	for _, f := range strangers[atOnce:] {
		f.end()
	}
	if s := b.srv.Stats(); s.Waiting != atOnce {
		t.Errorf("%+v, want %d waiting", s, atOnce)
	}
	if n := b.counts.of("too_many_without_login"); n != 30 {
		t.Errorf("turned away %d, want 30", n)
	}
	for i := range atOnce + 10 { // a login is not counted, however often its car park comes again
		f := b.dial()
		f.login(loginB, i+2)
		f.close()
		b.await("closed far_end")
	}
	b.dialFrom("127.0.0.9").end()
	b.pass(time.Second)
	b.dialFrom("127.0.0.9").login(loginB, atOnce+12)
}

// Who sends nothing but rubbish is closed, logged in or not.
func TestRubbish(t *testing.T) {
	for name, login := range map[string]bool{"before login": false, "after login": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			f, healthy := b.dial(), b.dial()
			healthy.login(loginB, 1)
			if login {
				f.login(loginA, 2)
			}
			for range badFrames - 1 {
				f.say("{}")
				f.expect(`{"state":0,"errmsg":"未识别到service_name标记"}`)
			}
			b.pass(floodSpan - 1) // still the same ten seconds
			f.say("rubbish")
			f.say("more rubbish")
			f.gone()
			b.await("closed too_many_refused")
			healthy.say("0x11")
			healthy.expect("0x12")
		})
	}
}

func TestLoginRate(t *testing.T) {
	b := newBench(t, func(c *Config) { c.LoginPerS = 2 })
	for i := range 2 {
		b.dial().login(loginLine("pc"), i+1)
	}
	f := b.dial()
	f.say(loginLine("pc"))
	f.expect(`{"state":0,"errmsg":"error:登录失败","service_name":"login"}`)
	f.end()
	b.dial().login(loginB, 3)
	b.pass(time.Second)
	b.dial().login(loginLine("pc"), 4)
}

// A lot's key does not buy any number of sessions.
func TestSessionsPerLot(t *testing.T) {
	b := newBench(t, func(c *Config) { c.LoginPerS = 1000 })
	for i := range sessionsPerLot {
		b.dial().login(loginLine(fmt.Sprint("pc", i)), i+1)
	}
	f := b.dial()
	f.say(loginLine("one more"))
	f.expect(`{"state":0,"errmsg":"error:登录失败","service_name":"login"}`)
	b.dial().login(loginLine("pc7"), sessionsPerLot+2) // a known machine comes back any time
}
