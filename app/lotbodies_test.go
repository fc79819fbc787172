package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
)

// sent is a message of a lot, before its software wraps it in something.
type sent struct {
	head  url.Values // members beside data and sign: of the line and HTTP mode
	order string
	in    int64
	plate string
	id    charge.LotID
	key   string
}

// data is the message's data; number writes its numbers, more are members at its end.
func (m sent) data(number func(int64) string, more string) string {
	return fmt.Sprintf(`{"union_id":%s,"park_id":%q,"car_number":%q,"in_time":%s,"order_id":%q,"empty_plot":%s%s}`,
		`"`+m.id.Union+`"`, m.id.Park, m.plate, number(m.in), m.order, number(20), more)
}

func digitsOf(n int64) string { return strconv.FormatInt(n, 10) }

// double is a number as Java's Double prints it.
func double(n int64) string {
	digits := digitsOf(n)
	if len(digits) < 8 {
		return digits + ".0"
	}
	return digits[:1] + "." + digits[1:] + "E" + strconv.Itoa(len(digits)-1)
}

// around is the envelope around data as it goes over the wire, with a sign.
func (m sent) around(data, sign string) string {
	var b strings.Builder
	b.WriteByte('{')
	for name := range m.head {
		fmt.Fprintf(&b, "%q:%q,", name, m.head.Get(name))
	}
	return b.String() + `"data":` + data + `,"sign":"` + sign + `"}`
}

// plain is the message as the books have it.
func (m sent) plain() string {
	data := m.data(digitsOf, "")
	return m.around(data, md5Sign(data, m.key))
}

func inGBK(text string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return out
}

const (
	jsonType = "application/json;charset=utf-8"
	formType = "application/x-www-form-urlencoded"
	textType = "text/plain"
)

// bodies are the forms in which a lot's software may write a message; on the line the type is not sent.
var bodies = []struct {
	name, plate, contentType string
	write                    func(m sent) string
}{
	{"plain", "京AD06088", jsonType, sent.plain},
	{"a byte order mark", "京AD06088", jsonType, func(m sent) string { return "\ufeff" + m.plain() }},
	{"GBK, signed over GBK", "京AD06088", "application/json;charset=GBK", func(m sent) string {
		data := m.data(digitsOf, `,"car_type":"小车"`)
		return inGBK(m.around(data, md5Sign(inGBK(data), m.key)))
	}},
	{"GBK, signed over UTF-8", "京AD06088", "application/json;charset=gb2312", func(m sent) string {
		return inGBK(m.plain())
	}},
	{"GBK that is valid UTF-8", "鲁A12345", "application/json;charset=GBK", func(m sent) string {
		data := m.data(digitsOf, "")
		return inGBK(m.around(data, md5Sign(inGBK(data), m.key)))
	}},
	{"GBK that is valid UTF-8 and does not say so", "豫A12345", jsonType, func(m sent) string { return inGBK(m.plain()) }},
	{"doubles", "京AD06088", jsonType, func(m sent) string {
		data := m.data(double, `,"car_cost_type":1.0`)
		return m.around(data, md5Sign(data, m.key))
	}},
	{"data as a text", "京AD06088", jsonType, func(m sent) string {
		data := m.data(digitsOf, "")
		return m.around(quoted(data), md5Sign(data, m.key))
	}},
	{"data as a text, signed as it stands", "京AD06088", jsonType, func(m sent) string {
		data := quoted(m.data(digitsOf, ""))
		return m.around(data, md5Sign(data, m.key))
	}},
	{"blanks that are not signed", "京AD06088", jsonType, func(m sent) string {
		data := m.data(digitsOf, "")
		return m.around(strings.ReplaceAll(data, `":`, `" : `), md5Sign(data, m.key))
	}},
	{"empty values, signed", "京AD06088", jsonType, func(m sent) string {
		data := m.data(digitsOf, `,"remark":"","uid":""`)
		return m.around(data, md5Sign(data, m.key))
	}},
	{"empty values, left out of the sign", "京AD06088", jsonType, func(m sent) string {
		return m.around(m.data(digitsOf, `,"remark":"","uid":""`), md5Sign(m.data(digitsOf, ""), m.key))
	}},
	{"a form's name, nothing escaped", "京AD06088", formType, func(m sent) string { return m.plain() + "=" }},
	{"a form's value, nothing escaped", "京AD06088", formType, func(m sent) string { return "json=" + m.plain() }},
	{"Base64", "京AD06088", textType, func(m sent) string {
		return base64.StdEncoding.EncodeToString([]byte(m.plain()))
	}},
	{"URL-safe Base64", "京AD06088", textType, func(m sent) string {
		return base64.RawURLEncoding.EncodeToString([]byte(m.plain()))
	}},
	{"JSON as a form's key", "京AD06088", formType, func(m sent) string { return url.QueryEscape(m.plain()) + "=" }},
	{"JSON as a form's key without =", "京AD06088", formType, func(m sent) string { return url.QueryEscape(m.plain()) }},
	{"JSON as a form's value", "京AD06088", formType, func(m sent) string { return "data=" + url.QueryEscape(m.plain()) }},
	{"the members as a form's fields", "京AD06088", formType, func(m sent) string {
		data := m.data(digitsOf, "")
		form := url.Values{"data": {data}, "sign": {md5Sign(data, m.key)}}
		for name := range m.head {
			form.Set(name, m.head.Get(name))
		}
		return form.Encode()
	}},
	{"JSON twice", "京AD06088", jsonType, func(m sent) string { return quoted(m.plain()) }},
	{"an array of one", "京AD06088", jsonType, func(m sent) string { return "[" + m.plain() + "]" }},
	{"a text of C", "京AD06088", jsonType, func(m sent) string { return m.plain() + "\x00" }},
}

// notOne are bodies that hold no message, or none that is clear.
var notOne = []struct {
	name  string
	write func(m sent) string
}{
	{"an array of two", func(m sent) string { return "[" + m.plain() + "," + m.plain() + "]" }},
	{"an empty array", func(sent) string { return "[]" }},
	{"wrapped too often", func(m sent) string { return "[[[[" + m.plain() + "]]]]" }},
	{"a form with two datas", func(m sent) string { return "data=" + url.QueryEscape(m.plain()) + "&data=%7B%7D" }},
	{"a form without a sign", func(m sent) string { return "data=%7B%7D&park_id=1" }},
	{"two members of one name", func(m sent) string { return strings.Replace(m.plain(), `{`, `{"data":{},`, 1) }},
	{"an empty value that is signed away", func(m sent) string {
		return m.around(m.data(digitsOf, `,"remark":"x"`), md5Sign(m.data(digitsOf, ""), m.key))
	}},
}

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// A message of a lot is taken in whatever its software wraps it in, as long as it is clear: on the line, in HTTP mode,
// by 3.1 and at a gate.
func TestBodiesOfLots(t *testing.T) {
	s := serve(t, local(t))
	w := newTown()
	onLine, byHTTP := w.lot("1001", charge.KindSDK, nil), w.lot("1002", charge.KindSDK, nil)
	api := w.lot("1003", charge.KindAPI, object{"callback": "https://lot.example/"})
	gate := w.lot("1004", charge.Kind4G, nil)
	s.apply(w.estate())
	at := s.Addresses()
	line := dialLine(t, at.Line)
	line.login(onLine, w.ckey)
	post := func(path string) func(string, string) object {
		return func(contentType, body string) object { return posted(t, "http://"+at.HTTP+path, contentType, body) }
	}
	head := func(token string) url.Values { return url.Values{"service_name": {"in_park"}, "token": {token}} }
	for _, door := range []struct {
		name string
		sent
		send func(contentType, body string) object
	}{
		{"line", sent{id: onLine, key: w.ckey, head: head(line.token)},
			func(_, body string) object { return line.say(body) }},
		{"HTTP mode", sent{id: byHTTP, key: w.ckey, head: head(login(t, at.HTTP, byHTTP, w.ckey))},
			post("/bpd/upload.do")},
		{"3.1", sent{id: api, key: w.ukey}, post("/unionapi/neworder/addorder")},
		{"gate", sent{id: gate, key: w.ckey}, post("/gate/v1/entry")},
	} {
		begin := time.Now().Add(-20 * time.Hour).Unix()
		want := map[string]string{}
		for i, b := range bodies {
			m := door.sent
			m.order, m.plate, m.in = fmt.Sprint(door.id.Park, "-", i), b.plate, begin+int64(i)*900
			if a := door.send(b.contentType, b.write(m)); a["state"] != 1.0 || a["order_id"] != m.order {
				t.Errorf("%s, %s: %v", door.name, b.name, a)
			}
			want[m.order] = fmt.Sprint(m.plate, " ", m.in)
		}
		for i, b := range notOne {
			m := door.sent
			m.order, m.plate, m.in = fmt.Sprint("not-", i), "京AD06089", begin
			if door.name == "line" {
				line.tell(b.write(m)) // most are met with silence, as the published server does
				continue
			}
			if a := door.send(jsonType, b.write(m)); a["state"] != 0.0 {
				t.Errorf("%s, %s: %v", door.name, b.name, a)
			}
		}
		if door.name == "line" { // what is answered comes before this
			line.tell("0x11")
			for said := line.next(); said != "0x12"; said = line.next() {
				if !strings.Contains(said, `"state":0`) {
					t.Errorf("the line answers %s", said)
				}
			}
		}
		got := map[string]string{}
		var page struct {
			Items []struct {
				Order   string `json:"order_id"`
				Plate   string
				Entered time.Time `json:"entered_at"`
			}
		}
		s.office().must(t, "GET", "/api/v1/stays?limit=200&lot="+door.id.String(), nil, &page)
		for _, stay := range page.Items {
			got[stay.Order] = fmt.Sprint(stay.Plate, " ", stay.Entered.Unix())
		}
		for order, stay := range want {
			if got[order] != stay {
				t.Errorf("%s: stay %s is %q, want %q", door.name, order, got[order], stay)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d stays, want %d: %v", door.name, len(got), len(want), got)
		}
	}
}

// posted posts a body and reads the answer's JSON.
func posted(t *testing.T, address, contentType, body string) (answer object) {
	t.Helper()
	resp, err := http.Post(address, contentType, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(text, &answer) // what is no JSON has no state
	return answer
}
