package coupon

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

// Every request of every target is what testdata/make.sh, which signs with openssl, has written.
func TestRequests(t *testing.T) {
	seen := map[string]bool{}
	for _, target := range Builtin().List() {
		for m := range target.Methods {
			t.Run(target.ID+"/"+string(m), func(t *testing.T) { compareRequests(t, target, m, seen) })
		}
	}
	files, err := os.ReadDir("testdata/requests")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[f.Name()] {
			t.Errorf("%s was not compared with anything", f.Name())
		}
	}
}

func compareRequests(t *testing.T, target *Target, m charge.Method, seen map[string]bool) {
	var sent []string
	ch := channelFor(t, target.ID, func(r outbound.Request) (outbound.Response, error) {
		sent = append(sent, printed(r))
		switch {
		case strings.HasSuffix(r.URL, "/oauth/token"):
			return answering(200, `{"access_token":"token-1"}`)
		case strings.Contains(string(r.Body), "CarInfo"):
			return answering(200, `{"retCode":0,"retMsg":null,"retData":{"parkId":1316,"plate":"京AD06088","carInfo":{"recordId":422571,"localId":null,"amount":5.0,"totalFee":10.0}}}`)
		case strings.Contains(string(r.Body), "infoForFreeMins"):
			return answering(200, `{"returnCode":"T","isSuccess":"0","tradeId":"trade-7","accountId":"acc-9","totalAmount":"10.00","unPayAmount":"5.00"}`)
		}
		return answering(200, "{}")
	})
	payload, err := json.Marshal(testSlip(m))
	if err != nil {
		t.Fatal(err)
	}
	s := session1(t, ch, payload)
	if _, _, ready := s.prepare(t.Context()); !ready {
		t.Fatal("not ready")
	}
	s.give()
	names := []string{string(m)}
	if target.Lookup != nil {
		names = []string{"lookup", string(m)}
	}
	if target.Token != nil {
		names = []string{"token", string(m)}
	}
	if target.Revoke != nil {
		s.post(t.Context(), target.Revoke)
		names = append(names, "revoke")
	}
	if target.Price != nil {
		s.post(t.Context(), &target.Price.Call)
		names = append(names, "price")
	}
	if target.Trial != nil {
		s.post(t.Context(), &target.Trial.Call)
		names = append(names, "trial-"+string(m))
	}
	if len(sent) != len(names) {
		t.Fatalf("%d requests, want %v", len(sent), names)
	}
	for i, name := range names {
		file := target.ID + "-" + name + ".http"
		seen[file] = true
		want, err := os.ReadFile("testdata/requests/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if sent[i] != string(want) {
			t.Errorf("%s:\ngot  %s\nwant %s", file, sent[i], want)
		}
	}
}

// session1 is a session whose request number stands still.
func session1(t *testing.T, ch *Channel, payload []byte) *session {
	t.Helper()
	s, err := ch.session(testLot, testUUID, payload)
	if err != nil {
		t.Fatal(err)
	}
	s.request = "req-0001"
	return s
}

// A car without a plate has no dashed one either.
func TestDashedPlate(t *testing.T) {
	for plate, want := range map[charge.Plate]string{"京AD06088": "京-AD06088", "": ""} {
		if got, ok := dashed(plate); ok != (want != "") || ok && got != want {
			t.Errorf("%q is %q, %t", plate, got, ok)
		}
	}
}
