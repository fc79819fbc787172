package line

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzUplinks throws data at every service of a lot that is logged in and signs rightly: whatever it says, the
// answer is nothing, an empty frame or JSON, and the next heartbeat is answered.
func FuzzUplinks(f *testing.F) {
	services := []string{
		"login", "in_park", "out_park", "inpark", "outpark", "upload_order", "upload_duration_info", "query_inpark",
		"pay_notice", "query_price", "pass_through", "upload_collector", "",
	}
	for i := range services {
		for _, data := range []string{
			`{"car_number":"京GH0093","in_time":1490875218,"out_time":1490878818,"order_id":"1","total":"5","reduce_amount":1.5}`,
			`{"uuid":"u","state":1}`, `{}`, `[]`, `null`, `"{}"`, `{"order_id":{"a":[1,2]}}`, `{"a":1,"a":2}`,
			`{"union_id":"200208","park_id":"21835","local_id":"x","set_params":{"receive_cloud":0}}`,
		} {
			f.Add(uint8(i), data)
		}
	}
	b := newBench(f, func(c *Config) { c.FloodPer10s, c.LoginPerS = 1<<40, 1<<40 })
	b.srv.login(nil, "", mustEnvelope(f, loginA))
	f.Fuzz(func(t *testing.T, service uint8, data string) {
		n := b.srv.sessions.all()[0]
		if utf8.ValidString(data) {
			line := uplinkLine(services[int(service)%len(services)], n.token, data, keyA)
			checkAnswer(t, b.srv.uplink(nil, "", []byte(line)))
		}
		checkAnswer(t, b.srv.uplink(nil, "", []byte(data)))
	})
}

func mustEnvelope(f *testing.F, line string) envelope {
	e, err := readEnvelope([]byte(line))
	if err != nil {
		f.Fatal(err)
	}
	return e
}

func checkAnswer(t *testing.T, a answer) {
	if len(a.body) > 0 && !json.Valid(a.body) {
		t.Fatalf("answered %q", a.body)
	}
	if a.after != nil {
		a.after()
	}
}
