package desk

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chargestamp/chargestamp/guard"
)

// written are the ways a plate is written in.
func written(plate string) []string {
	r := []rune(plate)
	head, letter, number := string(r[0]), string(r[1]), string(r[2:])
	wide := strings.Map(func(c rune) rune {
		if c < 0x80 {
			return c + 0xFEE0
		}
		return c
	}, plate)
	return []string{plate, strings.ToLower(plate), wide, head + letter + "·" + number, head + letter + " " + number,
		head + letter + "-" + number, head + "·" + letter + number, head + letter + "\u200b" + number,
		head + letter + "|" + number, head + letter + "/" + number, head + letter + "\ufe0f" + number,
		strings.Join(strings.Split(plate, ""), " "), url.QueryEscape(plate),
		fmt.Sprintf(`\u%04x%s`, r[0], string(r[1:])), fmt.Sprintf("&#%d;%s", r[0], string(r[1:]))}
}

// TestSecurityPlatesAreMaskedInEveryForm: none of fifteen ways to write forty plates passes, alone or in a sentence.
func TestSecurityPlatesAreMaskedInEveryForm(t *testing.T) {
	for i := range 40 {
		plate := string([]rune("京沪粤浙苏鲁新云川琼")[i%10]) + string(rune('A'+i%7)) + fmt.Sprintf("%05d", 10007+i*2011)
		if i%4 == 0 {
			plate = strings.Replace(plate, "1", "D", 1) + "8" // of an electric car
		}
		for n, form := range written(plate) {
			for _, text := range []string{form, "车辆" + form + "不在场", `{"errmsg":"` + form + `"}`, "<td>" + form + "</td>"} {
				if got := string(HidePlates([]byte(text))); strings.Contains(got, form) ||
					strings.Contains(html.UnescapeString(got), plate) {
					t.Errorf("%s, form %d: %s", plate, n, got)
				}
			}
		}
	}
}

// Plates that do not begin with a province and a letter are masked too.
func TestSecurityRarePlatesAreMasked(t *testing.T) {
	for _, plate := range []string{"使014578", "使 014578", "WJ京12345", "WJ 京12345", "W J 京12345",
		"wj01警1234", "ＷＪ01警1234", "民航12345",
		"民航·12345", "京A1234警", "粤Z1234港", "沪A1234学"} {
		if got := string(HidePlates([]byte("车辆" + plate + "不在场"))); strings.Contains(got, "1234") ||
			strings.Contains(got, "4578") {
			t.Errorf("%s is shown as %s", plate, got)
		}
	}
}

// What is no plate stays as it is.
func TestOtherTextsAreNotMasked(t *testing.T) {
	for _, text := range []string{"平台 telaidian", "上海 A区", "更新 v1.2.3", "京A***45", `"lot":"200461/1313"`, "车场 K8S00001x",
		"2026-01-31 08:00", "川流不息 ABC", `新建 "A12345"`, "https://example.test/a%2Fb?x=12345", "广告 SEQ", "订单 TEST20260101"} {
		if got := string(HidePlates([]byte(text))); got != text {
			t.Errorf("%s became %s", text, got)
		}
	}
}

// TestVeil: lines are masked for viewers as they are written, others see them whole.
func TestVeil(t *testing.T) {
	for role, want := range map[guard.Role]string{guard.RoleViewer: "data: 京A***\n\nend 京A***",
		guard.RoleSupport: "data: 京A12345\n\nend 京A12345"} {
		w := httptest.NewRecorder()
		Veil(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			LowerVeil(r.Context(), guard.Identity{Name: "x", Role: role, Kind: "user"})
			w.Header().Set("Content-Type", "text/event-stream")
			w.Header().Set("Content-Length", "27")
			for _, part := range []string{"data: 京A1", "2345\n\n", "end 京", "A12345"} {
				if _, err := w.Write([]byte(part)); err != nil {
					t.Error(err)
				}
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Body.String() != want || role == guard.RoleViewer && w.Header().Get("Content-Length") != "" {
			t.Errorf("%s: %q, %v", role, w.Body, w.Header())
		}
	}
}
