package play

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Requests sealed with openssl (commands in TestCECSeals), over the report
//
// {"StartChargeSeq":"202401010001","PlateNum":"京AD06088","LeavingTime":"2024-01-01
// 12:34:56","CalculationMethod":1,"FreeParkingTimes":30.00}
//
// The token request was made outside, with openssl and Python.
const (
	askToken = `{"OperatorID":"123456789",` +
		`"Data":"hkAwSV+Qj10USGrQWm2DztjTR2VeqfP7pn88FU0v7TBjs/ABLntz+OnQlBqIN7hxnXEpyf9G/XHmoHFiPWcbkOMrjTQZKe3KpVgTpXgYuJ` +
		`c=","TimeStamp":"20240101120000","Seq":"0001","Sig":"CCADDA8A60B213BA051A282734402985"}`
	consumed = `{"OperatorID":"123456789",` +
		`"Data":"pE9MOBLU9Gzo6C7oaddZX+q5eH/NiYXZD5hqz1kkaWt8R8SCFqvl8Vph2+p4vUslzAsMZQowZywLFpnKZTvW1t7VDFqYpcCshRGBLZkcAI` +
		`XQ+PWV33dAGGGQPeP8aW3+b/f/S95X2FQZZJNxv4yusgc7WX/iD7FtsYMD3aMUjhHnLvt/ANQAvkSeAiGCfXRV",` +
		`"TimeStamp":"20240101123500","Seq":"0001","Sig":"38D49635B177A553120A2AA6241DC80D"}`
)

func TestReceiver(t *testing.T) {
	r := &Receiver{Keys: vectorKeys, Busy: 1, Now: func() time.Time { return noon }}
	if err := r.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Stop() })
	send := func(path, token, body string) string {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, r.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := plainClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	answer := send("/query_token", "", askToken)
	token, valid, err := readToken(vectorKeys, []byte(answer))
	if err != nil || valid != 2*time.Hour {
		t.Fatalf("%s: %v %v", answer, valid, err)
	}
	for _, tc := range []struct{ name, path, token, body, want string }{
		{"no token", "/notification_park_order_consumed", "", consumed, `"Ret":4002`},
		{"forged", "/notification_park_order_consumed", token, strings.Replace(consumed, "0001", "0002", 1), `"Ret":4001`},
		{"not JSON", "/notification_park_order_consumed", token, "x", `"Ret":4001`},
		{"elsewhere", "/nowhere", token, consumed, `"Ret":4004`},
		{"not a report", "/notification_park_order_consumed", token, askToken, `"Ret":4004`},
		{"busy once", "/notification_park_order_consumed", token, consumed, `"Ret":-1`},
		{"taken", "/notification_park_order_consumed", token, consumed, `"Ret":0`},
		{"taken again", "/notification_park_order_consumed", token, consumed, `"Ret":0`},
	} {
		if got := send(tc.path, tc.token, tc.body); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	if got := len(r.Refused()); got != 6 {
		t.Errorf("%d refusals: %v", got, r.Refused())
	}
	reports := r.Reports()
	want := Report{Order: "202401010001", Plate: "京AD06088", Left: "2024-01-01 12:34:56", Method: 1, Minutes: "30.00",
		Heard: 2, At: noon}
	if len(reports) != 1 || reports[0] != want {
		t.Errorf("book %+v", reports)
	}
}
