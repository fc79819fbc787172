package app

import (
	"crypto/md5" //nolint:gosec // the platform signs with it
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// A platform that knows no lot key pushes its own station id: the binding that lists it is the charge's lot, and a
// station that none lists is refused in words that name it.
func TestStationFindsItsLot(t *testing.T) {
	profile, err := os.ReadFile("../docs/examples/lvdian/lvdian.toml")
	if err != nil {
		t.Fatal(err)
	}
	cfg := local(t)
	cfg.Platforms.Dir = t.TempDir()
	write(t, filepath.Join(cfg.Platforms.Dir, "lvdian.toml"), strings.NewReplacer(`field      = "parkCode"`, `field = "stationNo"`,
		`separators = ["-"]`, `from = "station"`).Replace(string(profile)))
	s := serve(t, cfg)
	w := newTown()
	id := w.lot("1001", charge.KindSDK, object{"stays": "none"})
	key := secret(16)
	w.accounts = append(w.accounts, object{"account": "lvdian", "platform": "lvdian", "scope": "platform", "keys": object{"sign_key": key}})
	w.bindings = append(w.bindings, object{"account": "lvdian", "lot": id.String(), "stations": []string{"SZ-0070"}})
	s.apply(w.estate())
	push := func(order, station string) string {
		now := time.Now().In(charge.Shanghai)
		fields := fmt.Sprintf("beginAt=%s&carPlate=京G00005&chargeNo=%s&endAt=%s&freeMinutes=60&sendTime=%d&stationNo=%s",
			now.Add(-time.Hour).Format(time.DateTime), order, now.Add(-time.Minute).Format(time.DateTime), now.UnixMilli(), station)
		sum := md5.Sum([]byte(fields + "&key=" + key)) //nolint:gosec // as above
		body := `{"` + strings.NewReplacer("=", `":"`, "&", `","`).Replace(fields) + `","sign":"` + strings.ToUpper(hex.EncodeToString(sum[:])) + `"}`
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
	if p := s.office().pushes(t)[0]; p.Outcome != string(charge.OutcomeUnknownLot) || !strings.Contains(p.Reason, "SZ-0071") {
		t.Errorf("the push of the unknown station: %+v", p)
	}
}
