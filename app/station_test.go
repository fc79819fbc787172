package app

import (
	"crypto/md5" //nolint:gosec // the platform signs with it
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/play"
)

// unboundStation is a row of the list of stations.
type unboundStation struct {
	Platform, Account, Field string
	IDs, Lots                []string
	Count                    int
}

func (s *site) unbound(t *testing.T) []unboundStation {
	t.Helper()
	var page struct{ Items []unboundStation }
	s.office().must(t, http.MethodGet, "/api/v1/stations", nil, &page)
	return page.Items
}

// A charging point that no binding lists waits to be bound, by the ids that were pushed.
func TestChargersWaitToBeBound(t *testing.T) {
	s := serve(t, local(t))
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	w.account("aotexun", nil)
	w.bindings[0]["chargers"] = []string{"4402020030000009"}
	s.apply(w.estate())
	p := w.player("aotexun", s.Addresses().HTTP)
	push := pushFor(id, "京G00006", "")
	push.Charger = "4402020030000017001"
	if e, err := p.Send(t.Context(), push, play.Options{}); err != nil || e.Delivered() {
		t.Fatalf("an unknown gun: %v, %+v", err, e)
	}
	got := s.unbound(t)
	if len(got) != 1 || got[0].Field != "chargers" || !slices.Contains(got[0].IDs, push.Charger) {
		t.Fatalf("the charging points that no binding lists: %+v", got)
	}
	for range 3 { // a stranger's push says nothing of stations
		push.Order += "0"
		if e, err := p.Send(t.Context(), push, play.Options{Break: play.BreakSig}); err != nil || e.Delivered() {
			t.Fatalf("a wrong signature: %v, %+v", err, e)
		}
	}
	if again := s.unbound(t); again[0].Count != got[0].Count {
		t.Errorf("forged pushes count: %+v", again)
	}
}

// A platform that knows no lot key pushes its own station id: the binding that lists it is the charge's lot, and a
// station that none lists is refused in words that name it.
func TestStationFindsItsLot(t *testing.T) {
	profile, err := os.ReadFile("../docs/examples/lvdian/lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	cfg := local(t)
	cfg.Platforms.Dir = t.TempDir()
	write(t, filepath.Join(cfg.Platforms.Dir, "lvdian.toml"),
		strings.NewReplacer(`field      = "parkCode"`, `field = "stationNo"`,
			`separators = ["-"]`, `from = "station"`).Replace(string(profile)))
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	key := secret(16)
	w.accounts = append(w.accounts,
		object{"account": "lvdian", "platform": "lvdian", "scope": "platform", "keys": object{"sign_key": key}})
	w.bindings = append(w.bindings, object{"account": "lvdian", "lot": id.String(), "stations": []string{"SZ-0070"}})
	s.apply(w.estate())
	push := func(order, station string) string {
		now := time.Now().In(charge.Shanghai)
		fields := fmt.Sprintf("beginAt=%s&carPlate=京G00005&chargeNo=%s&endAt=%s&freeMinutes=60&sendTime=%d&stationNo=%s",
			now.Add(-time.Hour).Format(time.DateTime), order, now.Add(-time.Minute).Format(time.DateTime),
			now.UnixMilli(), station)
		sum := md5.Sum([]byte(fields + "&key=" + key)) //nolint:gosec // as above
		body := `{"` + strings.NewReplacer("=", `":"`, "&", `","`).Replace(fields) + `","sign":"` +
			strings.ToUpper(hex.EncodeToString(sum[:])) + `"}`
		resp, err := http.Post("http://"+s.Addresses().HTTP+"/own/lvdian/charge", "application/json", strings.NewReader(body))
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
	if answer := push("S1", "SZ-0070"); !strings.Contains(answer, `"status":0`) {
		t.Fatalf("answered %s", answer)
	}
	if c := s.office().settled(t, "S1", charge.StateSending); c.Lot != id.String() {
		t.Errorf("the charge counts in %s", c.Lot)
	}
	if answer := push("S2", "SZ-0071"); !strings.Contains(answer, `"status":1`) {
		t.Errorf("an unknown station was answered %s", answer)
	}
	if p := s.office().pushes(t)[0]; p.Outcome != string(charge.OutcomeUnknownLot) ||
		!strings.Contains(p.Reason, "SZ-0071") {
		t.Errorf("the push of the unknown station: %+v", p)
	}
	push("S3", "SZ-0071")
	if got := s.unbound(t); len(got) != 1 || got[0].IDs[0] != "SZ-0071" || got[0].Count != 2 ||
		got[0].Field != "stations" || got[0].Account != "lvdian" || got[0].Lots[0] != id.String() {
		t.Fatalf("the stations that no binding lists: %+v", got)
	}
	boss := s.hire(guard.RoleAdmin)
	_, list := boss.page("/work/stations")
	const click = "/estate/binding/edit?add-stations=SZ-0071&amp;id=lvdian%40"
	if !strings.Contains(list, click) {
		t.Fatalf("the list of stations has no way to bind one:\n%s", list)
	}
	_, form := boss.page("/estate/binding/edit?add-stations=SZ-0071&id=lvdian%40" + url.QueryEscape(id.String()))
	if !strings.Contains(form, "SZ-0070\nSZ-0071") {
		t.Errorf("the binding's form does not hold both stations")
	}
	w.bindings[0]["stations"] = []string{"SZ-0070", "SZ-0071"}
	s.apply(w.estate())
	if got := s.unbound(t); len(got) != 0 {
		t.Errorf("once it is bound the list holds %+v", got)
	}
	if answer := push("S3", "SZ-0071"); !strings.Contains(answer, `"status":0`) {
		t.Errorf("a bound station was answered %s", answer)
	}
}
