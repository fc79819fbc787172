package line

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
	"github.com/chargestamp/chargestamp/words"
)

// The line and the HTTP interface read what lots send by the same limits. The five below were taken by line only.
func TestLineHasTheLimitsOfHTTP(t *testing.T) {
	const exit = `{"car_number":"京GH0093","in_time":1490875218,"out_time":1490878818,"order_id":"r-1",` +
		`"reduce_amount":"5.00","derate_duration":0}`
	tests := map[string][2]string{
		"a control character in order_id": {`"r-1"`, `"r\u00011"`},
		"an order_id of 200 bytes":        {`"r-1"`, `"` + strings.Repeat("r", 200) + `"`},
		"99,999,999 yuan":                 {`"5.00"`, `"99999999.00"`},
		"999,999,999 minutes":             {`"derate_duration":0`, `"derate_duration":999999999`},
		"the year 2099":                   {`"out_time":1490878818`, `"out_time":4070908800`},
		"400 days ahead":                  {`"out_time":1490878818`, `"out_time":1806926400`},
		"fifty plates":                    {`京GH0093`, strings.Repeat("粤ZJ068澳|", 50)},
		"a plate of 10 kB":                {`京GH0093`, strings.Repeat("京", 3400)},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			f := b.dial()
			f.login(loginA, 1)
			f.say(uplinkLine("out_park", testToken(1), strings.Replace(exit, change[0], change[1], 1), keyA))
			if said := f.hear(); !strings.Contains(said, `"state":0`) || !strings.Contains(said, sayInvalid) {
				t.Errorf("answered %s", said)
			}
			if heard := b.ears.all(); len(heard) != 0 {
				t.Errorf("flow heard %+v", heard)
			}
		})
	}
}

// What only describes refuses nothing: it is cut.
func TestDescriptionsAreCut(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	f.say(uplinkLine("in_park", testToken(1),
		`{"car_number":"京GH0093","in_time":1490875218,"order_id":"r-1","in_channel_id":"`+strings.Repeat("东", 30)+`\u0007"}`,
		keyA))
	f.expect(entryTaken("r-1"))
	heard := b.ears.all()
	if len(heard) != 1 {
		t.Fatalf("flow heard %+v", heard)
	}
	if e := heard[0].(lot.Entry); e.Channel != strings.Repeat("东", 21) {
		t.Errorf("the channel is %q", e.Channel)
	}
}

// A car without a plate is known by its order; a three-region plate by its mainland name; look-alikes are refused.
func TestPlatesOnTheLine(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	enter := func(plate, order string) {
		f.say(uplinkLine("in_park", testToken(1), `{"car_number":"`+plate+`","in_time":1490875218,"order_id":"`+order+`"}`,
			keyA))
	}
	for i, tt := range []struct {
		plate string
		want  charge.Plate
	}{
		{"无牌车", charge.UnplatedBy("p-0")}, {"_无_", charge.UnplatedBy("p-1")}, {"00000", charge.UnplatedBy("p-2")},
		{"粤ZJ068澳|MX7742|ZM127", "粤ZJ068澳"}, {"京A\u200b12345", "京A12345"}, {"京A●12345", "京A12345"}, {"蓝京A12345", "京A12345"},
	} {
		order := fmt.Sprintf("p-%d", i)
		enter(tt.plate, order)
		f.expect(entryTaken(order))
		heard := b.ears.all()
		if e := heard[len(heard)-1].(lot.Entry); e.Plate != tt.want {
			t.Errorf("%s is read as %s", tt.plate, e.Plate.Full())
		}
	}
	enter("京А12345", "cyrillic")
	f.expect(`{"state":0,"order_id":"cyrillic","service_name":"in_park","errmsg":"数据无效"}`)
}

// Frames in GBK or behind a byte order mark are read, and an acknowledgement counts however its state is written.
func TestAcknowledgementsAsLotsWriteThem(t *testing.T) {
	b := newBench(t)
	f := b.dial()
	f.login(loginA, 1)
	for i, tt := range []struct {
		state string
		want  charge.AttemptResult
	}{
		{`"state":1.0`, charge.AttemptAcked}, {`"state":true`, charge.AttemptAcked}, {`"State":"1"`, charge.AttemptAcked},
		{`"state":false`, charge.AttemptRefused}, {`"state":2`, charge.AttemptError},
		{`"data":{"state":1,"errmsg":"ok"}`, charge.AttemptAcked}, {`"result":{"State":"0"}`, charge.AttemptRefused},
		{`"state":2,"data":{"state":1}`, charge.AttemptError},
	} {
		uuid := fmt.Sprintf("w-%d", i)
		b.deliver(lotA, uuid)
		f.expect(`{"uuid":"` + uuid + `"}`)
		f.say(uplinkLine("pay_notice", testToken(1), `{"uuid":"`+uuid+`",`+tt.state+`}`, keyA))
		f.expect("")
		if r := b.result(); r.Result != tt.want {
			t.Errorf("%s: %+v", tt.state, r)
		}
	}
	b.deliver(lotA, "gbk")
	f.expect(`{"uuid":"gbk"}`)
	data := lot.ToGBK([]byte(`{"uuid":"gbk","state":1,"errmsg":"操作成功"}`))
	f.say(uplinkLine("pay_notice", testToken(1), string(data), keyA))
	f.expect("")
	if r := b.result(); r.Result != charge.AttemptAcked ||
		words.Note(words.English, r.Detail) != `the lot answered state 1: "操作成功"` {
		t.Errorf("%+v", r)
	}
	for i, wrap := range []func(string) string{strconv.Quote, func(frame string) string { return "[" + frame + "]" },
		func(frame string) string { return base64.StdEncoding.EncodeToString([]byte(frame)) }} {
		uuid := fmt.Sprint("wrapped-", i)
		b.deliver(lotA, uuid)
		f.expect(`{"uuid":"` + uuid + `"}`)
		f.say(wrap(uplinkLine("pay_notice", testToken(1), `{"data":{"uuid":"`+uuid+`","state":1}}`, keyA)))
		f.expect("")
		if r := b.result(); r.Result != charge.AttemptAcked {
			t.Errorf("wrapped %d: %+v", i, r)
		}
	}
	f.say("\ufeff" + entryLine(testToken(1), "bom"))
	f.expect(entryTaken("bom"))
}
