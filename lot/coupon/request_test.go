package coupon

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

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
		for _, name := range variants(target) {
			t.Run(target.ID+"/"+name, func(t *testing.T) { variant(t, target, name, seen) })
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
		said, _ := before(r)
		return answering(200, said)
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
		compare(t, target.ID+"-"+name+".http", sent[i], seen)
	}
}

func compare(t *testing.T, file, sent string, seen map[string]bool) {
	t.Helper()
	seen[file] = true
	want, err := os.ReadFile("testdata/requests/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if sent != string(want) {
		t.Errorf("%s:\ngot  %s\nwant %s", file, sent, want)
	}
}

// ownKeys are those that a lot may have and usually has not.
var ownKeys = map[string]charge.Secret{"park_id": "20251", "store_name": "一号店", "channel": "2202",
	"coupon_source": "89002"}

// variant compares the request of a coupon to a lot with its own keys, or for a charge of which nothing is known beside
// what a coupon needs.
func variant(t *testing.T, target *Target, name string, seen map[string]bool) {
	m, sent := charge.MethodTime, ""
	if _, can := target.Methods[m]; !can {
		m = charge.MethodLotDecides
	}
	ch := channelFor(t, target.ID, func(r outbound.Request) (outbound.Response, error) {
		sent = printed(r)
		said, _ := before(r)
		return answering(200, said)
	})
	l := ch.cfg.Directory.(directory).lot
	slip := testSlip(m)
	switch name {
	case "keys":
		l.Keys = maps.Clone(l.Keys)
		maps.Copy(l.Keys, ownKeys)
		ch.cfg.Directory = directory{l}
	case "bare":
		slip.Started, slip.Ended, slip.Detail = time.Time{}, time.Time{}, charge.Detail{}
	}
	payload, err := json.Marshal(slip)
	if err != nil {
		t.Fatal(err)
	}
	s := session1(t, ch, payload)
	if _, _, ready := s.prepare(t.Context()); !ready {
		t.Fatal("not ready")
	}
	s.give()
	compare(t, target.ID+"-"+name+".http", sent, seen)
}

// variants are those of a target that differ from the usual request.
func variants(target *Target) (names []string) {
	if slices.ContainsFunc(target.Keys, func(k Key) bool { return ownKeys[k.Name] != "" }) {
		names = append(names, "keys")
	}
	if slices.ContainsFunc(target.Give.Fields, func(r Row) bool { return r.Optional || r.Otherwise != "" }) {
		names = append(names, "bare")
	}
	return names
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
