package app

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/play"
)

// whole is a town with a lot of each kind and every platform.
func whole(t *testing.T) (*site, *town, map[string]charge.LotID) {
	t.Helper()
	w := newTown()
	lots := map[string]charge.LotID{"sdk": w.lot("1", charge.KindSDK, nil), "api": w.lot("2", charge.KindAPI,
		object{"callback": "http://127.0.0.1:9/", "allow_to": []string{"127.0.0.1/32"}}),
		"4g": w.lot("3", charge.Kind4G, nil)}
	for _, id := range play.Platforms() {
		fields := object{}
		switch id {
		case "xingxing", "wanchong", "xiangqianchong":
			fields["path_token"] = secret(16)
		}
		w.account(id, fields)
		if id == "guowang-jinan" {
			key := secret(16)
			w.keys[id]["sig_secret"] = key
			w.accounts[len(w.accounts)-1]["keys"].(object)["sig_secret"] = key
		}
	}
	s := serve(t, local(t))
	s.apply(w.estate())
	return s, w, lots
}

// lotFor is a lot that a platform is bound to.
func lotFor(platform string, lots map[string]charge.LotID) charge.LotID {
	if platform == "echongwang" {
		return lots["4g"]
	}
	return lots["sdk"]
}

// sealedText is a push's body where its signature can be seen: 令狐 wraps it into Base64.
func sealedText(t *testing.T, platform string, body []byte) string {
	t.Helper()
	if platform != "linghu" {
		return string(body)
	}
	text, err := base64.StdEncoding.DecodeString(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func wrapped(platform, text string) string {
	if platform != "linghu" {
		return text
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

var signature = regexp.MustCompile(`"(?:sign|key|Sig)":"([0-9A-Fa-f]{32})"`)

// likeSignatures are the parts of a text that could be a signature, a token or a ciphertext.
var likeSignatures = regexp.MustCompile(`[0-9A-Za-z+/=_-]{16,}`)

// asked is all that support gets out of a push by asking the doctor and looking at its page.
func (p *person) asked(s *site, platform, path string, header http.Header, body string) []string {
	p.t.Helper()
	var answers []string
	raw := "POST " + path + " HTTP/1.1\r\n"
	for name := range header {
		raw += name + ": " + header.Get(name) + "\r\n"
	}
	raw += "\r\n" + body
	for _, capture := range []string{body, raw} {
		status, answer := p.api(http.MethodPost, "/check", object{"platform": platform, "push": capture})
		if status != http.StatusOK {
			p.t.Fatalf("the doctor: %d %s", status, answer)
		}
		answers = append(answers, answer)
		_, page := p.post("/doctor", url.Values{"platform": {platform}, "push": {capture}})
		answers = append(answers, page)
	}
	answers = append(answers, s.post(path, header, body))
	var list struct{ Items []struct{ ID string } }
	s.office().must(p.t, http.MethodGet, "/api/v1/pushes?limit=1&platform="+platform, nil, &list)
	if len(list.Items) == 0 {
		p.t.Fatal("the push is not on the list")
	}
	_, page := p.page("/pushes/" + list.Items[0].ID)
	_, replayed := p.api(http.MethodPost, "/pushes/"+list.Items[0].ID+"/replay?dry_run=true", object{"reason": "x"})
	return append(answers, page, replayed)
}

// TestSecurityDoctorSignsNothing: with nothing that a page or endpoint shows can support push a charge: not the
// right signature, not a part of it, not any other text that was shown.
func TestSecurityDoctorSignsNothing(t *testing.T) {
	s, w, lots := whole(t)
	support := s.hire(guard.RoleSupport)
	for _, id := range play.Platforms() {
		t.Run(id, func(t *testing.T) {
			r, err := w.player(id, s.Addresses().HTTP).Prepare(t.Context(), pushFor(lotFor(id, lots), "京A00001", ""),
				play.Options{})
			if err != nil {
				t.Fatal(err)
			}
			text := sealedText(t, id, r.Body)
			found := signature.FindStringSubmatch(text)
			if found == nil {
				if token, ok := w.accounts[slices.Index(play.Platforms(), id)]["path_token"]; !ok || !strings.HasSuffix(r.Path,
					token.(string)) {
					t.Fatalf("neither signature nor lock in %s", text)
				}
				return // its lock is its seal: TestSecurityLocksAreAskedAgain
			}
			right := found[1]
			with := func(sign string) string { return wrapped(id, strings.Replace(text, right, sign, 1)) }
			answers := support.asked(s, id, r.Path, r.Header, with(strings.Repeat("0", 32)))
			flipped := func(at int) string {
				b := []byte(right)
				b[at] = map[bool]byte{true: '1', false: '0'}[b[at] == '0']
				return string(b)
			}
			first, last := flipped(0), flipped(31)
			a, b := support.asked(s, id, r.Path, r.Header, with(first)), support.asked(s, id, r.Path, r.Header, with(last))
			if x, y := judged(t, a[0]), judged(t, b[0]); x != y {
				t.Errorf("the doctor tells a first wrong digit from a last one:\n%s\n%s", x, y)
			}
			answers = append(append(answers, a...), b...)
			tried := map[string]bool{first: true, last: true}
			for _, answer := range answers {
				if strings.Contains(strings.ToUpper(answer), strings.ToUpper(right)) {
					t.Fatalf("the right signature is shown:\n%s", answer)
				}
				for _, like := range likeSignatures.FindAllString(answer, -1) {
					if !tried[like] && len(tried) < 400 {
						tried[like] = true
						s.post(r.Path, r.Header, with(like))
					}
				}
			}
			if made := s.office().charges(t, "platform="+id); len(made) != 0 {
				t.Errorf("%d charges were made of %d guesses: %+v", len(made), len(tried), made[0])
			}
		})
	}
	used := 0
	var log struct {
		Items []struct{ Action, Actor string }
	}
	s.office().must(t, http.MethodGet, "/api/v1/audit?limit=200&action=doctor.check", nil, &log)
	for _, e := range log.Items {
		if strings.HasPrefix(e.Actor, "token:") || strings.HasPrefix(e.Actor, "user:") {
			used++
		}
	}
	if want := 12 * 5 * 3; used < want { // twelve platforms sign; five uses of each of three forgeries
		t.Errorf("%d uses of the doctor are in the audit log, want %d or more", used, want)
	}
}

// judged is what the doctor says but for the signature that he was shown.
func judged(t *testing.T, answer string) string {
	t.Helper()
	_, body, _ := strings.Cut(answer, "\n\n")
	if body == "" {
		_, body, _ = strings.Cut(answer, "\r\n\n")
	}
	var f map[string]any
	if err := json.Unmarshal([]byte(body), &f); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	delete(f, "found")
	delete(f, "answer") // 令狐 is answered with the sign that it sent
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSecurityDoctorSignsNoMessage: interface 13 signs by the scheme and the key of the lots' own messages. The doctor
// signs no gate's payment, no line's login and no entry, exit or usage of a lot.
func TestSecurityDoctorSignsNoMessage(t *testing.T) {
	s, w, lots := whole(t)
	support := s.hire(guard.RoleSupport)
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for _, key := range []string{w.ckey, w.ukey} {
		for name, lot := range map[string]charge.LotID{"gate": lots["4g"], "line": lots["sdk"], "api": lots["api"]} {
			data := `{"comid":"` + lot.Park + `","union_id":"` + lot.Union + `","park_id":"` + lot.Park +
				`","local_id":"booth","order_id":"S1","car_number":"京A00001",` +
				`"in_time":` + now + `,"amount":"10.00","trade_no":"T1","pay_time":` + now + `,"service_name":"login"}`
			sum := md5.Sum([]byte(data + "key=" + key))
			right := strings.ToUpper(hex.EncodeToString(sum[:]))
			body := base64.StdEncoding.EncodeToString([]byte(`{"data":` + data + `,"sign":"` + strings.Repeat("0", 32) + `"}`))
			for _, answer := range support.asked(s, "linghu", "/zld/chargingPile/syncChargePilePay", nil, body) {
				if strings.Contains(strings.ToUpper(answer), right) {
					t.Errorf("%s: the right signature is shown:\n%s", name, answer)
				}
			}
		}
	}
}

// TestSecurityDoctorMintsNoToken: what the doctor shows as the answer to query_token holds no access token and no
// ciphertext, for whatever time he is asked to judge by.
func TestSecurityDoctorMintsNoToken(t *testing.T) {
	s, w, _ := whole(t)
	support := s.hire(guard.RoleSupport)
	asked := 0
	for _, d := range s.dialects {
		asker, ok := d.(platform.TokenAsker)
		info := d.Info()
		at := slices.IndexFunc(info.Routes, func(r platform.Route) bool { return r.Kind == platform.RouteToken })
		if !ok || at < 0 {
			continue
		}
		asked++
		keys := platform.Keys{}
		for name, key := range w.keys[info.ID] {
			keys[name] = charge.Secret(key)
		}
		judge := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
		q := asker.TokenRequest(keys, judge, 1)
		raw := "POST " + info.Routes[at].Path + " HTTP/1.1\r\n\r\n" + string(q.Body)
		status, text := support.api(http.MethodPost, "/check", object{"platform": info.ID, "push": raw,
			"at": judge.Format(time.RFC3339)})
		_, body, _ := strings.Cut(text, "\n\n")
		if body == "" {
			_, body, _ = strings.Cut(text, "\r\n\n")
		}
		var found struct{ Outcome, Answer string }
		if err := json.Unmarshal([]byte(body), &found); err != nil || status != http.StatusOK || found.Outcome != "question" {
			t.Fatalf("%s: %d %v %s", info.ID, status, err, text)
		}
		if !strings.Contains(found.Answer, `"Ret":0`) || likeSignatures.MatchString(found.Answer) {
			t.Errorf("%s: the answer shown is %s", info.ID, found.Answer)
		}
	}
	if asked == 0 {
		t.Error("no platform asks for tokens")
	}
}
