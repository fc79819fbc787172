package cec

import (
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/seal"
)

// A byte order mark before the message inside of Data is skipped, as one before the envelope is.
func TestMarkInsideData(t *testing.T) {
	d, err := Load(strings.NewReader(own), "xinchong.toml")
	if err != nil {
		t.Fatal(err)
	}
	const plain = `{"StartChargeSeq":"1","ParkID":"200461-1313","LicensePlate":"京AD06088","FreeParkingTimes":1800}`
	now := time.Date(2024, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	a := platform.Account{ID: "own", TokenKey: []byte("k"),
		Keys: []platform.Keys{{keyOperator: "TELD00001", keyData: testKey, keyIV: testIV, keySig: testSig}}}
	token := seal.SealToken(a.TokenKey, "own", now.Add(time.Hour))
	q := request(a.Keys[0], d.Info().Routes[1].Path, token, []byte("\uFEFF"+plain), now, 1)
	m, err := d.Open(platform.Push{Route: d.Info().Routes[1], Body: q.Body, Header: q.Header}, a, now)
	if err != nil {
		t.Fatal(err)
	}
	if m.Charge.Plate.Full() != "京AD06088" {
		t.Errorf("read %+v", m.Charge)
	}
}
