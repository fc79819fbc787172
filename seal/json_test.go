package seal

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestReadObject(t *testing.T) {
	got, err := ReadObject(
		[]byte("\n{ \"n\":12.50,\"s\":\"a\\u4eac\\/\\ud83d\\ude00\",\"z\":null,\"t\":true ,\"o\":{\"x\": [1, " +
			"2]},\"e\":\"\",\"big\":-1.0e+3}\t"))
	want := []Field{{"n", "12.50", Number}, {"s", "a京/😀", String}, {"z", "", Null}, {"t", "true", Bool},
		{"o", `{"x": [1, 2]}`, Composite}, {"e", "", String}, {"big", "-1.0e+3", Number}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadObjectRefuses(t *testing.T) {
	many := make([]string, 40)
	for i := range many {
		many[i] = `"` + strings.Repeat("x", i) + `":1`
	}
	for _, text := range []string{``, `[]`, `"a"`, `{`, `{}}`, `{"a":1,}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{"a":01}`,
		`{"a":.5}`, `{"a":1.}`, `{"a":+1}`, `{"a":1e}`, `{"a":tru}`, `{"a":nul}`, `{"a":NaN}`, `{"a":"` + "\x01" + `"}`,
		`{"a":"\x"}`,
		`{"a":"\u12"}`, `{"a":"\ud800"}`, `{"a":"\ud800\u0041"}`, `{"a":"\udc00"}`, `{"a":"` + "\xff" + `"}`, `{"a":"\n` +
			"\xff" + `"}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"a":{"b":1,"b":1}}`, `{"a":"`, `{"a":"\`, `{"a":"\n`, `{"a":[1,]}`,
		`{"a":[1 2]}`,
		`{"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "{" + strings.Join(append(many, many[35]), ",") +
			"}", "\ufeff{}",
	} {
		if got, err := ReadObject([]byte(text)); !errors.Is(err, ErrJSON) || got != nil {
			t.Errorf("%.60q: %v, %v", text, got, err)
		}
	}
	if got, err := ReadObject([]byte("{" + strings.Join(many, ",") + "}")); err != nil || len(got) != 40 {
		t.Errorf("forty members: %d, %v", len(got), err)
	}
}

func TestRawMember(t *testing.T) {
	body := []byte(`{"sign":"x", "data" : {"a": 1, "b":"京"} , "z":[ ]}`)
	if raw, err := RawMember(body, "data"); string(raw) != `{"a": 1, "b":"京"}` || err != nil {
		t.Errorf("%q, %v", raw, err)
	}
	if raw, err := RawMember(body, "z"); string(raw) != `[ ]` || err != nil {
		t.Errorf("%q, %v", raw, err)
	}
	for _, text := range []string{`{"sign":"x"}`, `{"data":1,"data":2}`, `{"data":}`, `{"data":1} x`, `[{"data":1}]`, ``} {
		if raw, err := RawMember([]byte(text), "data"); !errors.Is(err, ErrJSON) || raw != nil {
			t.Errorf("%q: %q, %v", text, raw, err)
		}
	}
}

// The rules of CompactJSON, and V3 (https://www.kancloud.cn/bolink/apis/860377) sent with blanks and escapes: it
// verifies over the text printed again.
func TestCompactJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, `{}`},
		{` { "b" : 1 , "a" : [ 1 , null , { "x" : null } ] } `, `{"b":1,"a":[1,null,{}]}`},
		{`{"n":null,"a":1,"m":null}`, `{"a":1}`},
		{`{"p":1.20,"q":-0,"r":1E2}`, `{"p":1.20,"q":-0,"r":1E2}`},
		{`{"s":"\u664bQQ\/1234\t\u0001\"\\"}`, `{"s":"晋QQ/1234\t\u0001\"\\"}`},
		{`"a\b\f\n\r"`, `"a\b\f\n\r"`},
		{`{"a":true,"b":false}`, `{"a":true,"b":false}`},
		{`{"a":"","b":1}`, `{"a":"","b":1}`},
		{`{ "s" : "\u664b a b " }`, `{"s":"晋 a b "}`},
	} {
		got, err := CompactJSON([]byte(c.in))
		if string(got) != c.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", c.in, got, err, c.want)
		}
	}
	for _, text := range []string{``, `{`, `[`, `{"a":1,"a":1}`, `{"a":nulL}`, `[1,]`, `{"a":"\ud800"}`, `1 2`} {
		if got, err := CompactJSON([]byte(text)); !errors.Is(err, ErrJSON) || got != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	sent := "{\r\n\t\"comid\" : \"kytest2020032501\",\r\n\t\"union_id\" : \"200279\",\r\n\t\"none\" " +
		": null,\r\n\t\"car_number\" : \"\\u664bQQ1234\",\r\n\t\"lock_status\" : 1\r\n}"
	compact, err := CompactJSON([]byte(sent))
	if sign := S1(compact, "MAVXUU3C2545G9K1"); sign != "4973765089F20FCFE45868796F81278A" || err != nil {
		t.Errorf("V3 sent with blanks: %s, %v", sign, err)
	}
}

// FuzzJSON holds the reader against encoding/json: what it takes is JSON of the same meaning, and printing it
// again changes nothing the second time.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":"\u4eac","b":[1,{"c":null}]}`, ` {"data":{"x":"1"},"sign":"A"}`,
		`{"a":1,"a":2}`,
		`{"n":-0.0e-1}`, `{"s":"\ud83d\ude00\/"}`, `[[[[]]]]`, `null`, `{"a":"` + "\xff" + `"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fields, err := ReadObject(text)
		if err == nil {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(text, &members); err != nil || len(members) != len(fields) {
				t.Fatalf("read %d fields of %q, encoding/json %d, %v", len(fields), text, len(members), err)
			}
			for _, field := range fields {
				raw, err := RawMember(text, field.Name)
				if err != nil || string(raw) != string(members[field.Name]) {
					t.Fatalf("%q: %q, %v, want %q", field.Name, raw, err, members[field.Name])
				}
				var s string
				if field.Kind == String && (json.Unmarshal(raw, &s) != nil || s != field.Text) {
					t.Fatalf("%q: %q, want %q", field.Name, field.Text, s)
				}
			}
		}
		compact, err := CompactJSON(text)
		if err != nil {
			return
		}
		again, err := CompactJSON(compact)
		if err != nil || string(again) != string(compact) {
			t.Fatalf("%q printed twice: %q, %v", compact, again, err)
		}
		if !json.Valid(text) || !json.Valid(compact) {
			t.Fatalf("%q printed as %q", text, compact)
		}
	})
}

// What is printed to be signed has no escapes for HTML, and no line end.
func TestPrintJSON(t *testing.T) {
	got := string(PrintJSON(map[string]any{"b": "<京&A>", "a": 1}))
	if want := `{"a":1,"b":"<京&A>"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
