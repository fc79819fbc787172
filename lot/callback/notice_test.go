package callback

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

const testUkey = "cs-test-ukey-514" // testdata/sign.sh signs with it

var apiLot = charge.LotID{Union: "200461", Park: "1314"}

// directory is an estate of one vendor with lots of three kinds.
type directory struct {
	vendor charge.Vendor
	lots   map[charge.LotID]charge.Lot
}

func (d directory) Lot(id charge.LotID) (charge.Lot, charge.Vendor, bool) {
	l, known := d.lots[id]
	return l, d.vendor, known
}

func (d directory) Vendor(union string) (charge.Vendor, bool) {
	return d.vendor, union == d.vendor.UnionID
}

func testDirectory(callback string) directory {
	d := directory{
		vendor: charge.Vendor{UnionID: "200461", Ukey: testUkey, Callback: callback},
		lots:   map[charge.LotID]charge.Lot{},
	}
	for park, kind := range map[string]charge.LotKind{"1313": charge.KindSDK, "1314": charge.KindAPI,
		"1315": charge.Kind4G} {
		id := charge.LotID{Union: "200461", Park: park}
		d.lots[id] = charge.Lot{ID: id, Kind: kind}
	}
	return d
}

func newChannel(t testing.TB, cfg ChannelConfig) *Channel {
	if cfg.Directory == nil {
		cfg.Directory = testDirectory("http://lot.example/bolink")
	}
	c := NewChannel(cfg)
	t.Cleanup(c.Stop)
	return c
}

// notice is a 5.14 to the test lot with as little as possible.
func notice(order string, form int, r charge.Reduction) lot.Notice {
	return lot.Notice{Lot: apiLot, Message: charge.Message514, Plate: "京AD06088", Order: order, FormID: form, Reduction: r}
}

func localTime(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateTime, text, charge.Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func TestCompose(t *testing.T) {
	whole := notice("MA5DA0053202603010001", 4, charge.Reduction{Method: charge.MethodTime, Minutes: 30})
	whole.StayOrder, whole.UUID = "s-1", "u-1" // 5.14 has no field for either
	whole.Started, whole.Ended = localTime(t, "2026-03-01 10:00:00"), localTime(t, "2026-03-01 11:00:00")
	whole.Detail = charge.Detail{StationID: "1101020200A", StationName: `示例站<1>&"二"`, ConnectorID: "1101020190A301",
		ConnectorName: "301号交流",
		ParkNo:        "abc-1", Power: "25.50", ElecMoney: "5.25", SeviceMoney: "6.00", TotalMoney: "11.25",
		Charger: "not told"}
	ended := notice("x-5", 0, charge.Reduction{Method: charge.MethodTime, Minutes: 60})
	ended.Ended = localTime(t, "2026-03-02 00:30:00")
	for name, n := range map[string]lot.Notice{
		"time":   whole,
		"amount": notice("x-2", 2, charge.Reduction{Method: charge.MethodAmount, Amount: 1000}),
		"free":   notice("x-3", 5, charge.Reduction{Method: charge.MethodFree}),
		"lot":    notice("x-4", 9, charge.Reduction{Method: charge.MethodLotDecides}),
		"other":  ended,
	} {
		want, err := os.ReadFile("testdata/5.14/" + name + ".body")
		if err != nil {
			t.Fatal(err)
		}
		got, err := newChannel(t, ChannelConfig{}).Compose(n)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A vector of our own under the sample key of https://www.kancloud.cn/bolink/newapi/524034, recomputed with Python.
func TestEnvelopeVector(t *testing.T) {
	const data = `{"service_name":"pay_notice","park_id":"1001","car_number":"京A12345","type":3,"plat_form_id":1,` +
		`"duration":120,"start_charging_time":"2019-12-26 20:51:46","stop_charging_time":"2019-12-26 21:51:46",` +
		`"start_charge_seq":"202008170000011121"}`
	want := `{"data":` + data + `,"sign":"6713B814F9DBCD684EE46948B6F98482"}`
	if got := string(envelope([]byte(data), "NQ0eSXs720170114")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestComposeRefuses(t *testing.T) {
	keyless := testDirectory("http://lot.example/")
	keyless.vendor.Ukey = ""
	good := notice("x", 1, charge.Reduction{Method: charge.MethodFree})
	cases := []struct {
		name      string
		directory lot.Directory
		change    func(*lot.Notice)
		want      string
	}{
		{"another message", nil, func(n *lot.Notice) { n.Message = charge.Message325 }, "delivery.not_by"},
		{"an unknown lot", nil, func(n *lot.Notice) { n.Lot.Park = "9" }, "delivery.no_ukey"},
		{"no key", keyless, func(*lot.Notice) {}, "delivery.no_ukey"},
		{"no start_charge_seq", nil, func(n *lot.Notice) { n.Order = "" }, "delivery.no_seq"},
		{"no method", nil, func(n *lot.Notice) { n.Reduction = charge.Reduction{} }, "delivery.no_method"},
	}
	for _, c := range cases {
		n := good
		c.change(&n)
		body, err := newChannel(t, ChannelConfig{Directory: c.directory}).Compose(n)
		if err == nil || body != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q %v", c.name, body, err)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	c := newChannel(b, ChannelConfig{})
	n := notice("MA5DA0053202603010001", 4, charge.Reduction{Method: charge.MethodTime, Minutes: 30})
	n.Started, n.Ended = localTime(b, "2026-03-01 10:00:00"), localTime(b, "2026-03-01 11:00:00")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Compose(n); err != nil {
			b.Fatal(err)
		}
	}
}
