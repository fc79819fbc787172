package app

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// A car with three plates has its charges listed by each of them, in the API and by the find box, whichever of them a
// platform knows: for support, and for viewers, who name whole plates.
func TestSearchByAnyPlateOfACar(t *testing.T) {
	s := serve(t, local(t))
	w := newTown()
	id := w.lot("1001", charge.KindSDK, nil)
	w.account("xiaoju", nil)
	s.apply(w.estate())
	line := dialLine(t, s.Addresses().Line)
	line.login(id, w.ckey)
	data := fmt.Sprintf(`{"car_number":"粤ZJ068澳|MX7742|ZM127","in_time":%d,"order_id":"o1"}`,
		time.Now().Add(-3*time.Hour).Unix())
	if a := line.ask("in_park", data, w.ckey); a["state"] != 1.0 {
		t.Fatalf("entry: %v", a)
	}
	for i, plate := range []charge.Plate{"粤ZJ068澳", "MX7742", "京AMX774"} {
		accepted(t, w.player("xiaoju", s.Addresses().HTTP), pushFor(id, plate, fmt.Sprint("names-", i)))
	}
	ids := map[string]string{}
	for _, c := range s.office().charges(t, "") {
		ids[c.Order] = c.ID
	}
	support, viewer := s.hire(guard.RoleSupport), s.hire(guard.RoleViewer)
	for _, plate := range []string{"粤ZJ068澳", "MX7742", "ZM127", "zm-127"} {
		q := url.QueryEscape(plate)
		for _, c := range s.office().charges(t, "plate="+q) {
			if c.Order == "names-2" {
				t.Errorf("%s finds another car", plate)
			}
		}
		for who, e := range map[string]*person{"support": support, "viewer": viewer} {
			_, list := e.api("GET", "/charges?plate="+q, nil)
			_, page := e.page("/find?q=" + q)
			for _, order := range []string{"names-0", "names-1"} {
				if api, box := strings.Contains(list, order), strings.Contains(page, ids[order]); !api || !box {
					t.Errorf("%s looks for %s by %s: in the API %t, in the find box %t", who, order, plate, api, box)
				}
			}
		}
	}
	if _, api := viewer.api("GET", "/charges?plate=MX774", nil); strings.Contains(api, "names-") {
		t.Errorf("a viewer finds by a part: %s", api)
	}
}
