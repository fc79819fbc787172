package cec

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// V1 is the annex sample of T/CEC 102.4-2016. R1, R5 and R8 were made with openssl and Python, with key, IV and
// signature key apart, so that a mix-up fails: R1 is a token request, R5 an error answer, R8 a whole block.
func TestVectors(t *testing.T) {
	apart := platform.Keys{keyData: "1234567890abcdef", keyIV: "fedcba0987654321",
		keySig: "0123456789ABCDEF0123456789ABCDEF"}
	same := platform.Keys{keyData: "1234567890abcdef", keyIV: "1234567890abcdef", keySig: "1234567890abcdef"}
	for name, c := range map[string]struct {
		keys              platform.Keys
		stamp, seq, plain string
		data, sig         string
	}{
		"V1": {same, "20160729142400", "0001",
			`{"total":1,"stationStatusInfo":{"operationID":"123456789","stationID":"111111111111111",` +
				`"connectorStatusInfos":{"connectorID":1,"equipmentID":"10000000000000000000001","status":4,"currentA":0,` +
				`"currentB":0,"currentC":0,"voltageA":0,"voltageB":0,"voltageC":0,"soc":10,}}}`,
			"il7B0BSEjFdzpyKzfOFpvg/Se1CP802RItKYFPfSLRxJ3jf0bVl9hvYOEktPAYW2nd7S8MBcyHYyacHKbISq5iTmDzG+ivnR+SZJv3USNTYVMz9rC" +
				"QVSxd0cLlqsJauko79NnwQJbzDTyLooYoIwz75qBOH2/xOMirpeEqRJrF/EQjWekJmGk9RtboXePu2rka+Xm51syBPhiXJAq0GfbfaFu9tNqs/e2" +
				"Vjja/ltE1M0lqvxfXQ6da6HrThsm5id4ClZFIi0acRfrsPLRixS/IQYtksxghvJwbqOsbIsITail9Ayy4tKcogeEZiOO+4Ed264NSKmk7l3wKwJL" +
				"AFjCFogBx8GE3OBz4pqcAn/ydA=", "745166E8C43C84D37FFEC0F529C4136F"},
		"R1": {apart, "20240101120000", "0001",
			`{"OperatorID":"123456789","OperatorSecret":"ABCDEF0123456789ABCDEF0123456789"}`,
			"hkAwSV+Qj10USGrQWm2DztjTR2VeqfP7pn88FU0v7TBjs/ABLntz+OnQlBqIN7hxnXEpyf9G/XHmoHFiPWcbkOMrjTQZKe3KpVgTpXgYuJc=",
			"CCADDA8A60B213BA051A282734402985"},
		"R8": {apart, "20240101120000", "0003", `{"A":"12345678"}`, "Vg8tvadoNbhmQqpuGhvUiHyMdLJnL2JE2uqLesUQKGc=",
			"208F462BBFF8215529E1B2D6748F3583"},
	} {
		body, err := json.Marshal(map[string]string{"OperatorID": "123456789", "Data": c.data, "TimeStamp": c.stamp,
			"Seq": c.seq, "Sig": c.sig})
		if err != nil {
			t.Fatal(err)
		}
		e, err := base(Builtin()[0]).envelope(platform.Push{Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if sig := seal.HMACMD5Upper(c.keys[keySig], e.canonical()); sig != c.sig {
			t.Errorf("%s: Sig %s, want %s", name, sig, c.sig)
		}
		if plain, err := e.open(c.keys); string(plain) != c.plain || err != nil {
			t.Errorf("%s: opened %q, %v", name, plain, err)
		}
	}
	if body := string(sealAnswer(apart, wordsSignature,
		"")); body != `{"Ret":4001,"Msg":"签名错误","Data":"","Sig":"3B87057166A66B9E0AD9B4EA788F2F82"}` {
		t.Errorf("R5: %s", body)
	}
}

// R1 is a whole query_token.
func TestVectorToken(t *testing.T) {
	d := builtinDialect(t, "zhongdianlian")
	body := []byte(
		`{"OperatorID":"123456789",` +
			`"Data":"hkAwSV+Qj10USGrQWm2DztjTR2VeqfP7pn88FU0v7TBjs/ABLntz+OnQlBqIN7hxnXEpyf9G/XHmoHFiPWcbkOMrjTQZKe3KpVgTpXgYu` +
			`Jc=","TimeStamp":"20240101120000","Seq":"0001","Sig":"CCADDA8A60B213BA051A282734402985"}`)
	a := platform.Account{ID: "vector", TokenKey: []byte("k"), Clock: charge.ClockWarn,
		Keys: []platform.Keys{{keyOperator: "123456789",
			keyOperatorSecret: "ABCDEF0123456789ABCDEF0123456789", keyData: "1234567890abcdef", keyIV: "fedcba0987654321",
			keySig: "0123456789ABCDEF0123456789ABCDEF"}}}
	now := time.Date(2024, 1, 1, 11, 59, 0, 0, charge.Shanghai)
	m, err := d.Open(platform.Push{Route: platform.Route{Kind: platform.RouteToken}, Body: body}, a, now)
	if err != nil || m.Question == nil || m.Question.Token.Refused != 0 || m.Question.Token.Valid != 2*time.Hour ||
		len(m.Warnings) > 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	if until, err := seal.OpenToken(a.TokenKey, a.ID, m.Question.Token.Token, now); err != nil ||
		!until.Equal(now.Add(2*time.Hour)) {
		t.Errorf("token until %v, %v", until, err)
	}
	m, err = d.Open(platform.Push{Route: platform.Route{Kind: platform.RouteToken}, Body: body}, a, now.Add(time.Hour))
	if err != nil || len(m.Warnings) == 0 {
		t.Errorf("an hour late under warn: %q, %v", m.Warnings, err)
	}
	a.Clock = charge.ClockOff
	if m, err = d.Open(platform.Push{Route: platform.Route{Kind: platform.RouteToken}, Body: body}, a,
		now.Add(time.Hour)); err != nil || len(m.Warnings) > 0 {
		t.Errorf("an hour late with the clock off: %q, %v", m.Warnings, err)
	}
	a.TokenKey = nil
	if _, err = d.Open(platform.Push{Route: platform.Route{Kind: platform.RouteToken}, Body: body}, a, now); err == nil {
		t.Error("a site without a token key grants a token")
	}
}

// The three forms of TimeStamp name one moment.
func TestTimeStamp(t *testing.T) {
	want := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	for _, text := range []string{"20240101120000", "1704081600", "1704081600000"} {
		if at, err := readTimeStamp(text); err != nil || !at.Equal(want) {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
	for _, text := range []string{"", "2024-01-01 12:00:00", "20241301120000", "170408160000", "abc"} {
		if at, err := readTimeStamp(text); err == nil {
			t.Errorf("%q: %v", text, at)
		}
	}
}
