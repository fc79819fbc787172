package play

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestTheirPriceIsMoney fails a partner whose 5.1 says yes and names no amount.
func TestTheirPriceIsMoney(t *testing.T) {
	for answer, want := range map[string]string{
		`{"state":1,"price":"","total":""}`:                              "price: ",
		`{"state":1}`:                                                    "price: ",
		`{"state":1,"price":"soon","total":"10.00"}`:                     "price: ",
		`{"state":0,"errmsg":"no such car"}`:                             "no price: no such car",
		`{"state":1,"price":"7.5","total":"10","derate_duration":"-"}`:   "derate_duration: ",
		`{"state":1,"price":"7.50","total":"10.00","derate_duration":3}`: "",
		`{"state":1,"price":7.5,"total":10}`:                             "",
	} {
		partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(answer))
		}))
		x := &exam{cfg: CertifyConfig{Against: partner.URL, Lot: testLot, Ukey: "the-vendors", Plate: "京A12345"}}
		_, _, err := x.theirPrice(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
		partner.Close()
	}
}
