package app

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/charge"
)

// A plate in a text or an error of a log line is masked, however it is written; other values stay as they are.
func TestLogHidesPlates(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newHush(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: hidePlates})))
	for _, plate := range []string{"京A12345", "京A·12345", "京Ａ１２３４５", `\u4eacA12345`, "%E4%BA%ACA12345", "粤BD12345"} {
		out.Reset()
		log.With("of", plate).Info("for "+plate, "lot", "620001/"+plate, "error", fmt.Errorf("no: %w", errors.New(plate)),
			slog.Group("in", "plate", plate), "at", charge.LotID{Union: "620001", Park: plate}, "n", 12345, "why",
			"车场编号错误")
		if line := out.String(); strings.Contains(line, "2345\"") || strings.Contains(line, "２３４５") ||
			strings.Count(line, "***") != 6 || !strings.Contains(line, `"n":12345`) || !strings.Contains(line, "车场编号错误") {
			t.Errorf("%s: %s", plate, line)
		}
	}
}

// A car park that names a plate as its own number brings none into the log: serve looks for it at the end.
func TestSecurityLogHidesPlateOfALotNumber(t *testing.T) {
	s := serve(t, local(t))
	resp, err := http.Post("http://"+s.Addresses().HTTP+"/unionapi/neworder/addorder", "application/json",
		strings.NewReader(`{"data":{"union_id":"620001","park_id":"京A12345","order_id":"1"},"sign":"0"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !strings.Contains(s.log.String(), "message of a car park refused") {
		t.Errorf("the message was not refused as one of a car park: %d, %s", resp.StatusCode, s.log.String())
	}
}
