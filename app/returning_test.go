package app

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A lot's order number comes a third and a fourth time in one session: each visit is taken, and what is said again is
// not. Over the line and in HTTP mode.
func testReturningNumber(t *testing.T, cfg Config) {
	t.Parallel()
	s := serve(t, cfg)
	w := newTown()
	onLine, byHTTP := w.lot("1001", charge.KindSDK, nil), w.lot("1002", charge.KindSDK, nil)
	s.apply(w.estate())
	at := s.Addresses()
	line := dialLine(t, at.Line)
	line.login(onLine, w.ckey)
	token := login(t, at.HTTP, byHTTP, w.ckey)
	for id, tell := range map[charge.LotID]func(service, data string) object{
		onLine: func(service, data string) object { return line.ask(service, data, w.ckey) },
		byHTTP: func(service, data string) object {
			_, a := uplink(t, at.HTTP, object{"service_name": service, "token": token, "data": json.RawMessage(data),
				"sign": md5Sign(data, w.ckey)})
			return a
		},
	} {
		begin := time.Now().Add(-10 * time.Hour).Unix()
		for visit := range int64(4) {
			in := begin + visit*3600
			entry := fmt.Sprintf(`{"car_number":"京AD3000%d","in_time":%d,"order_id":"7"}`, visit, in)
			exit := fmt.Sprintf(
				`{"car_number":"京AD3000%d","in_time":%d,"out_time":%d,"order_id":"7","total":"5.00","pay_type":"cash"}`, visit,
				in, in+1800)
			for _, said := range [][2]string{{"in_park", entry}, {"out_park", exit}} {
				if a := tell(said[0], said[1]); a["state"] != 1.0 || a["order_id"] != "7" {
					t.Errorf("%s, visit %d, %s: %v", id, visit, said[0], a)
				}
				if a := tell(said[0], said[1]); a["state"] != 0.0 || a["order_id"] != "7" || a["service_name"] != said[0] {
					t.Errorf("%s, visit %d, %s again: %v", id, visit, said[0], a)
				}
			}
		}
		var page struct {
			Items []struct {
				Plate   string
				Entered time.Time `json:"entered_at"`
				Left    time.Time `json:"left_at"`
				State   string
			}
		}
		s.office().must(t, "GET", "/api/v1/stays?lot="+id.String(), nil, &page)
		if len(page.Items) != 4 {
			t.Fatalf("%s has %d stays, want a visit each time: %+v", id, len(page.Items), page.Items)
		}
		for i, stay := range page.Items { // newest first
			in := begin + int64(3-i)*3600
			if stay.Plate != fmt.Sprintf("京AD3000%d", 3-i) || stay.State != "closed" || stay.Entered.Unix() != in ||
				stay.Left.Unix() != in+1800 {
				t.Errorf("%s: stay %d is %+v", id, 3-i, stay)
			}
		}
	}
}

// rawLine is a line whose every byte the test writes.
type rawLine struct {
	t     *testing.T
	conn  net.Conn
	in    *bufio.Reader
	token string
}

func dialLine(t *testing.T, addr string) *rawLine {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawLine{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (l *rawLine) login(id charge.LotID, key string) {
	l.t.Helper()
	a := l.ask("login", fmt.Sprintf(`{"union_id":%q,"park_id":%q,"local_id":"raw"}`, id.Union, id.Park), key)
	if l.token, _ = a["token"].(string); l.token == "" {
		l.t.Fatalf("login: %v", a)
	}
}

// ask sends an uplink and returns the next frame.
func (l *rawLine) ask(service, data, key string) object {
	l.t.Helper()
	frame, err := json.Marshal(object{"service_name": service, "sign": md5Sign(data, key), "token": l.token,
		"data": json.RawMessage(data)})
	if err != nil {
		l.t.Fatal(err)
	}
	return l.say(string(frame))
}

// say sends a frame and returns the next one, which is JSON.
func (l *rawLine) say(frame string) (answer object) {
	l.t.Helper()
	l.tell(frame)
	text := l.next()
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		l.t.Fatalf("%s: %v", text, err)
	}
	return answer
}

// tell sends a frame.
func (l *rawLine) tell(frame string) {
	l.t.Helper()
	if err := l.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.conn.Write([]byte(frame + "\n")); err != nil {
		l.t.Fatal(err)
	}
}

// next is the next frame that is not empty.
func (l *rawLine) next() string {
	l.t.Helper()
	for {
		text, err := l.in.ReadString('\r')
		if err != nil {
			l.t.Fatal(err)
		}
		if text = strings.TrimSpace(text); text != "" {
			return text
		}
	}
}
