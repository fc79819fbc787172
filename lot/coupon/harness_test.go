package coupon

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	testLot  = charge.LotID{Union: "200461", Park: "1316"}
	noon     = time.Date(2026, 1, 1, 12, 0, 0, 0, charge.Shanghai)
	testUUID = "0193f5a0c0de4b6e8f00112233445566"
)

// testKeys are made up.
var testKeys = map[string]map[string]charge.Secret{
	"4pyun": {"app_id": "op-test", "app_secret": "secret-4p", "api_store_code": "store-1", "api_type": "charge",
		"minutes_key": "charge_minutes", "amount_key": "charge_fen"},
	"qcyuns":      {"org_id": "ORG01", "org_secret": "secret-qc"},
	"tdznyun":     {"pid": "P100", "sign_key": "secret-td"},
	"tingjiandan": {"partner": "PARTNER1", "secret": "secret-tjd"},
	"keytop":      {"app_id": "11538", "app_secret": "secret-kt"},
	"hongmen":     {"app_id": "HM1", "app_secret": "secret-hm", "park_name": "三号场"},
	"hikparking":  {"client_id": "cl-1", "client_secret": "secret-hk"},
	"jieshun":     {"app_id": "JS1", "cid": "M01", "project_code": "PR1", "ability_code": "AB1"},
}

// testAddress are those of targets that publish none.
var testAddress = map[string]string{
	"qcyuns": "https://qcyuns.example/park-data-api/data/centre/api/v1", "tdznyun": "https://tdznyun.example/server",
	"hikparking": "https://hik.example/artemis", "jieshun": "https://jsopen.example/api",
}

func testSlip(m charge.Method) slip {
	s := slip{Plate: "京AD06088", Order: "3000000001", Method: m, Started: noon.Add(-2 * time.Hour), Ended: noon,
		Granted: noon.Add(30 * time.Second),
		Detail: charge.Detail{StationID: "S1", StationName: "东站", ConnectorID: "C01", ConnectorName: "一号桩", Power: "25.50",
			ElecMoney: "12.75", SeviceMoney: "5.10", TotalMoney: "17.85"}}
	switch m {
	case charge.MethodTime:
		s.Minutes = 120
	case charge.MethodAmount:
		s.Amount = 1050
	}
	return s
}

func keysOf(t testing.TB, id string) map[string]charge.Secret {
	t.Helper()
	keys := testKeys[id]
	if id == "jieshun" {
		key, err := os.ReadFile("testdata/rsa.b64")
		if err != nil {
			t.Fatal(err)
		}
		keys = map[string]charge.Secret{"private_key": charge.Secret(key)}
		for name, k := range testKeys[id] {
			keys[name] = k
		}
	}
	return keys
}

// directory is one lot.
type directory struct{ lot charge.Lot }

func (d directory) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	return d.lot, charge.Vendor{UnionID: id.Union}, id == d.lot.ID
}

func (d directory) Vendor(string) (charge.Vendor, bool) { return charge.Vendor{}, false }

// client answers by a function.
type client func(outbound.Request) (outbound.Response, error)

func (c client) Post(_ context.Context, r outbound.Request) (outbound.Response, error) { return c(r) }

// channelFor makes a channel to one lot of a target.
func channelFor(t testing.TB, id string, c client) *Channel {
	t.Helper()
	l := charge.Lot{ID: testLot, Kind: charge.KindCoupon, Target: id, Keys: keysOf(t, id), Address: testAddress[id]}
	ch := NewChannel(ChannelConfig{Directory: directory{l}, Client: c, Targets: Builtin(),
		Now: func() time.Time { return noon.Add(31 * time.Second) }})
	t.Cleanup(ch.Stop)
	return ch
}

// printed is a request as testdata has it.
func printed(r outbound.Request) string {
	var b strings.Builder
	b.WriteString("POST " + r.URL + "\n")
	if r.Type != "" {
		b.WriteString("Content-Type: " + r.Type + "\n")
	}
	if r.Key != "" {
		b.WriteString("Idempotency-Key: " + r.Key + "\n")
	}
	for _, h := range r.Header {
		b.WriteString(h[0] + ": " + h[1] + "\n")
	}
	b.WriteString("\n" + string(r.Body))
	return b.String()
}

func answering(status int, body string) (outbound.Response, error) {
	return outbound.Response{Status: status, Body: []byte(body)}, nil
}

// before answers what is asked before a coupon is given: a token, a stay.
func before(r outbound.Request) (said string, asked bool) {
	switch {
	case strings.HasSuffix(r.URL, "/oauth/token"):
		return `{"access_token":"token-1"}`, true
	case strings.Contains(string(r.Body), "CarInfo"):
		return `{"retCode":0,"retMsg":null,"retData":{"plate":"京AD06088","carInfo":{"recordId":422571,` +
			`"localId":null,"amount":5.0,"totalFee":10.0}}}`, true
	case strings.Contains(string(r.Body), "infoForFreeMins"):
		return `{"returnCode":"T","isSuccess":"0","tradeId":"trade-7","accountId":"acc-9","totalAmount":"10.00",` +
			`"unPayAmount":"5.00"}`, true
	}
	return "{}", false
}
