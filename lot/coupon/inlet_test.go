package coupon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// heard keeps what an Inlet has understood.
type heard struct {
	lot.Events
	entries []lot.Entry
	exits   []lot.Exit
}

func (h *heard) Entered(_ context.Context, e lot.Entry) (lot.Answer, error) {
	h.entries = append(h.entries, e)
	return lot.Answer{State: 1}, nil
}

func (h *heard) Left(_ context.Context, e lot.Exit) (lot.Answer, error) {
	h.exits = append(h.exits, e)
	return lot.Answer{State: 1}, nil
}

const (
	entry = `"parkId":1316,"recordId":2641608,"plate":"冀A60M8C","inTime":"2023-09-11 10:09:16","inLaneName":"入口1",` +
		`"status":0`
	exit = `"parkId":1316,"recordId":2641608,"plate":"冀A60M8C","inTime":"2023-09-11 10:09:16","status":1,` +
		`"outTime":"2023-09-11 12:41:40","totalFee":20.0,"cashFee":0.0,"epayFee":7.5`
)

// hear posts one message to an Inlet with one lot and returns the answer.
func hear(t *testing.T, h *heard, path, data string) string {
	t.Helper()
	l := charge.Lot{ID: testLot, Kind: charge.KindCoupon, Target: "qcyuns",
		Keys: map[string]charge.Secret{"inout_token": "token-7"}}
	in := NewInlet(InletConfig{Directory: directory{l}, Targets: Builtin(), Events: h})
	w := httptest.NewRecorder()
	body := strings.NewReader(`{"service":"inout","version":"V1","msgId":"1","orgId":"1","data":{` + data + `}}`)
	in.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, body))
	return w.Body.String()
}

// What an exit says was taken off, in each of the forms that the paper has.
func TestInletExits(t *testing.T) {
	for discount, want := range map[string]lot.Reduced{
		`"discountType":1,"discountVal":"120"`:  {Minutes: 120, Told: "120"},
		`"discountType":1,"discountVal":"90分钟"`: {Minutes: 90, Told: "90分钟"},
		`"discountType":2,"discountVal":"5.0元"`: {Amount: 500, Told: "5.0元"},
		`"discountType":2,"discountVal":5.5`:    {Amount: 550, Told: "5.5"},
		`"discountType":3,"discountVal":"0.5"`:  {Amount: 1250, Told: "12.50"},
		`"discountType":4,"discountVal":""`:     {Amount: 1250, Told: "12.50"},
		`"discountType":0,"discountVal":"0.0"`:  {Told: "0.0"},
		`"discountType":null,"discountVal":"0"`: {Told: "0"},
	} {
		h := &heard{}
		answer := hear(t, h, "/coupon/inout/200461/1316/token-7", exit+","+discount)
		if len(h.exits) != 1 || h.exits[0].Reduced == nil || *h.exits[0].Reduced != want || h.exits[0].Total != 2000 ||
			h.exits[0].OrderID != "2641608" || !strings.HasPrefix(answer, `{"retCode":0`) {
			t.Errorf("%s: %+v, %s", discount, h.exits, answer)
		}
	}
}

func TestInletEntry(t *testing.T) {
	h := &heard{}
	hear(t, h, "/coupon/inout/200461/1316/token-7", entry)
	if len(h.entries) != 1 || h.entries[0].Plate != "冀A60M8C" || h.entries[0].Lot != testLot ||
		h.entries[0].OrderID != "2641608" {
		t.Errorf("%+v", h.entries)
	}
}

// Who does not know the token, and what cannot be read, changes nothing.
func TestInletRefuses(t *testing.T) {
	for name, c := range map[string][2]string{
		"another token": {"/coupon/inout/200461/1316/token-8", entry},
		"no token":      {"/coupon/inout/200461/1316/", entry},
		"another lot":   {"/coupon/inout/200461/1317/token-7", entry},
		"short path":    {"/coupon/inout/200461", entry},
		"another park":  {"/coupon/inout/200461/1316/token-7", strings.Replace(entry, "1316", "1317", 1)},
		"no plate":      {"/coupon/inout/200461/1316/token-7", strings.Replace(entry, "冀A60M8C", "", 1)},
		"no record":     {"/coupon/inout/200461/1316/token-7", strings.Replace(entry, `"recordId":2641608,`, "", 1)},
		"no time":       {"/coupon/inout/200461/1316/token-7", strings.Replace(entry, "2023-09-11 10:09:16", "soon", 1)},
		"out before in": {"/coupon/inout/200461/1316/token-7",
			strings.Replace(exit, "2023-09-11 12:41:40", "2023-09-10 12:41:40", 1)},
	} {
		h := &heard{}
		answer := hear(t, h, c[0], c[1])
		if len(h.entries)+len(h.exits) > 0 || !strings.HasPrefix(answer, `{"retCode":-1`) ||
			strings.Contains(answer, "token-7") {
			t.Errorf("%s: %s, %+v", name, answer, h)
		}
	}
}
