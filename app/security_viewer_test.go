package app

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
)

// written are ways in which platforms, lots and pages write a plate.
func written(plate string) []string {
	r := []rune(plate)
	head, number := string(r[:2]), string(r[2:])
	wide := strings.Map(func(c rune) rune {
		if c < 0x80 {
			return c + 0xFEE0
		}
		return c
	}, plate)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(plate)
	if err != nil {
		panic(err)
	}
	return []string{plate, strings.ToLower(plate), wide, head + "·" + number, head + " " + number, head + "-" + number,
		head + "\u200b" + number, url.QueryEscape(plate), url.QueryEscape(gbk), fmt.Sprintf(`\u%04x%s`, r[0], string(r[1:])),
		fmt.Sprintf("&#%d;%s", r[0], string(r[1:])), base64.StdEncoding.EncodeToString([]byte(plate)), gbk, string(r[1:])}
}

// shows names the first form of a plate that stands in a text.
func shows(text string, plates []string) string {
	for _, plate := range plates {
		for _, form := range written(plate) {
			if strings.Contains(text, form) {
				return form + " of " + plate
			}
		}
	}
	return ""
}

// TestSecurityViewersSeeNoPlates walks every page and every operation as a viewer, in a town whose cars were pushed,
// reported and named in errors of a lot in every form, and finds no plate.
func TestSecurityViewersSeeNoPlates(t *testing.T) {
	var plates []string
	for i := range 40 {
		plates = append(plates, string([]rune("京沪粤浙苏鲁新云川琼")[i%10])+string(rune('A'+i%7))+fmt.Sprintf("%05d", 10007+i*2011))
	}
	var told atomic.Int64
	lotServer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, plate := range plates { // a lot that names the car in its own way
			if strings.Contains(string(body), plate) {
				forms := written(plate)
				says := forms[int(told.Add(1))%len(forms)] + " 不在场"
				answer, _ := json.Marshal(object{"state": 0, "errmsg": says})
				w.Write(answer)
				return
			}
		}
	}))
	defer lotServer.Close()
	w := newTown()
	w.lot("1", charge.KindSDK, nil)
	api := w.lot("2", charge.KindAPI, object{"callback": lotServer.URL, "allow_to": []string{"127.0.0.1/32"},
		"stays": "none"})
	gate := w.lot("3", charge.Kind4G, nil)
	for _, id := range []string{"xiaoju", "linghu", "telaidian", "yunkuaichong"} {
		w.account(id, nil)
	}
	s := serve(t, local(t))
	s.apply(w.estate())
	now := time.Now()
	for i, plate := range plates {
		forms := written(plate)
		form := forms[i%7] // as a plate may be pushed
		id := []string{"xiaoju", "linghu", "yunkuaichong"}[i%3]
		push := pushFor(api, charge.Plate(form), fmt.Sprintf("ORDER%d", i))
		if _, err := w.player(id, s.Addresses().HTTP).Send(t.Context(), push, play.Options{}); err != nil {
			t.Fatal(err)
		}
		s.post("/zld/xiaoju/reduce?plate="+url.QueryEscape(plate), http.Header{"X-Car": {forms[i%3]}},
			`{"merchId":"`+api.Union+`&&`+api.Park+`","plateNo":"`+form+`","sign":"`+strings.Repeat("0", 32)+`"}`) // refused
		s.post("/zld/nothing/"+url.QueryEscape(plate), nil, "{}")
		data := fmt.Sprintf(`{"union_id":%q,"park_id":%q,"order_id":"S%d","car_number":%q,"in_time":%d,"in_channel_id":"1"}`,
			gate.Union, gate.Park, i, form, now.Add(-time.Hour).Unix())
		sum := md5.Sum([]byte(data + "key=" + w.ckey))
		s.post("/gate/v1/entry", nil, `{"data":`+data+`,"sign":"`+strings.ToUpper(hex.EncodeToString(sum[:]))+`"}`)
	}
	eventually(t, 20*time.Second, func() string {
		if n := told.Load(); n < 30 {
			return fmt.Sprintf("the lot was told %d charges", n)
		}
		return ""
	})
	charges := s.office().charges(t, "")
	pushes := s.office().pushes(t)
	if len(charges) < 30 || len(pushes) < 60 {
		t.Fatalf("%d charges, %d pushes: there is nothing to see", len(charges), len(pushes))
	}
	viewer := s.hire(guard.RoleViewer)
	ids := map[string][]string{"/charges/{id}": {}, "/pushes/{id}": {}, "/stays/{id}": {}}
	for _, c := range charges {
		ids["/charges/{id}"] = append(ids["/charges/{id}"], c.ID)
	}
	for _, p := range pushes {
		ids["/pushes/{id}"] = append(ids["/pushes/{id}"], p.ID)
	}
	looked := 0
	for _, op := range s.operations() {
		method, path, _ := strings.Cut(op, " ")
		if method != http.MethodGet || path == "/today/stream" { // TestVeil reads a stream
			continue
		}
		for _, at := range filled(path, ids, gate) {
			for _, query := range []string{"", "?lang=en", "?limit=100&plate=" + url.QueryEscape(plates[3][:6]), "?q=" +
				plates[5][5:], "?open=true"} {
				_, text := viewer.page(at + query)
				if api, is := strings.CutPrefix(at, "/api/v1"); is {
					_, text = viewer.api(method, api+query, nil)
				}
				looked++
				if form := shows(text, plates); form != "" {
					i := max(strings.Index(text, strings.Split(form, " of ")[0]), 0)
					t.Errorf("%s%s shows %s: …%s…", at, query, form, text[max(0, i-120):min(len(text), i+60)])
				}
			}
		}
	}
	if looked < 500 {
		t.Errorf("%d looks only", looked)
	}
	whole, err := charge.ParsePlate(plates[0])
	if err != nil {
		t.Fatal(err)
	}
	// A search by the beginning of a plate finds nothing, by list or by cursor.
	for n := 3; n < len([]rune(whole.Full())); n++ {
		part := url.QueryEscape(string([]rune(whole.Full())[:n]))
		for _, list := range []string{"/charges", "/stays"} {
			_, right := viewer.api(http.MethodGet, list+"?limit=1&plate="+part, nil)
			_, wrong := viewer.api(http.MethodGet, list+"?limit=1&plate="+part[:len(part)-1]+"Z", nil)
			if bodyOf(right) != bodyOf(wrong) {
				t.Errorf("%s by %d characters of a plate: %s, of none: %s", list, n, bodyOf(right), bodyOf(wrong))
			}
		}
	}
}

// bodyOf is the body of what person.read returned.
func bodyOf(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// filled puts values of a town into a pattern.
func filled(path string, ids map[string][]string, lot charge.LotID) []string {
	for pattern, known := range ids {
		if strings.HasSuffix(path, pattern) && len(known) > 0 {
			var all []string
			for _, id := range known {
				all = append(all, strings.Replace(path, "{id}", id, 1))
			}
			return all
		}
	}
	path = strings.NewReplacer("{union}", lot.Union, "{park}", lot.Park, "{union_id}", lot.Union, "{park_id}", lot.Park,
		"{account}", "xiaoju", "{file}", "statements.csv", "{$}", "").Replace(path)
	if before, after, ok := strings.Cut(path, "{list}"); ok {
		var all []string
		for _, list := range []string{"waiting", "unknown", "refused", "gave_up", "gaps", "left", "near", "held", "expired"} {
			all = append(all, before+list+after)
		}
		return slices.Clip(all)
	}
	return []string{variable.ReplaceAllString(path, strconv.Itoa(1))}
}
