package admin

import (
	"bufio"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

const phrase = "a long pass phrase"

// browser is a person at the console.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
}

// answer is a page as it came.
type answer struct {
	*http.Response
	body string
}

func open(t *testing.T, f *fake) *browser {
	t.Helper()
	server := httptest.NewServer(serve(t, f))
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, server.URL}
}

// as opens the console and signs in as a new user of a role.
func as(t *testing.T, f *fake, role guard.Role) *browser {
	t.Helper()
	if _, err := f.guard.Users.Create(t.Context(), string(role), phrase, role); err != nil &&
		!errors.Is(err, guard.ErrTaken) {
		t.Fatal(err)
	}
	b := open(t, f)
	if a := b.post("/login", url.Values{"name": {string(role)},
		"password": {phrase}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign-in as %s: %d %s", role, a.StatusCode, a.body)
	}
	return b
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// post sends a form with the token of the page it stands on, or of the first page.
func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	page := b.get("/login")
	if page.StatusCode != http.StatusOK {
		page = b.get("/me")
	}
	if m := csrfField.FindStringSubmatch(page.body); m != nil && !form.Has("csrf") {
		form.Set("csrf", m[1])
	}
	r, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// follow returns the page that an answer leads to.
func (b *browser) follow(a answer) answer {
	b.t.Helper()
	if a.StatusCode != http.StatusSeeOther {
		b.t.Errorf("%s leads nowhere: %d", a.Request.URL, a.StatusCode)
		return a
	}
	path, _, _ := strings.Cut(a.Header.Get("Location"), "#")
	return b.get(path)
}

// consolePages are the addresses of every page, and who may see them.
var consolePages = []struct {
	path  string
	least guard.Role
}{
	{"/", guard.RoleViewer},
	{"/?span=week", guard.RoleViewer},
	{"/today/figures", guard.RoleViewer},
	{"/find", guard.RoleViewer},
	{"/find?q=" + url.QueryEscape("京AD06088"), guard.RoleViewer},
	{"/charges", guard.RoleViewer},
	{"/charges?state=held&lot=200461/1313&from=2026-01-01&to=2026-01-31", guard.RoleViewer},
	{"/charges/7001", guard.RoleViewer},
	{"/stays/88", guard.RoleViewer},
	{"/charges/7001/redeliver", guard.RoleSupport},
	{"/charges/7001/void", guard.RoleSupport},
	{"/charges/7001/bind", guard.RoleSupport},
	{"/charges/7001/bind?order=S-9", guard.RoleSupport},
	{"/pushes", guard.RoleViewer},
	{"/pushes?outcome=refused", guard.RoleViewer},
	{"/pushes/31", guard.RoleViewer},
	{"/lots", guard.RoleViewer},
	{"/lots?show=pending&find=one", guard.RoleViewer},
	{"/lots/200461/1313", guard.RoleViewer},
	{"/lots/200461/1313/price?order=S-9", guard.RoleSupport},
	{"/lots/200461/1313/setup", guard.RoleViewer},
	{"/lots/200461/1313/sheet", guard.RoleViewer},
	{"/work", guard.RoleViewer},
	{"/work/held", guard.RoleViewer},
	{"/work/left", guard.RoleViewer},
	{"/work/near", guard.RoleViewer},
	{"/work/redeliver?state=gave_up", guard.RoleSupport},
	{"/incidents", guard.RoleViewer},
	{"/incidents?show=resolved", guard.RoleViewer},
	{"/compensations", guard.RoleSupport},
	{"/statements", guard.RoleViewer},
	{"/statements/print", guard.RoleViewer},
	{"/estate", guard.RoleViewer},
	{"/estate/file", guard.RoleAdmin},
	{"/estate/vendor/new", guard.RoleAdmin},
	{"/estate/lot/new", guard.RoleAdmin},
	{"/estate/account/new", guard.RoleAdmin},
	{"/estate/account/new?platform=telaidian", guard.RoleAdmin},
	{"/estate/binding/new?lot=200461/1313", guard.RoleAdmin},
	{"/estate/lot/edit?id=200461/1313", guard.RoleAdmin},
	{"/estate/account/edit?id=teld-main", guard.RoleAdmin},
	{"/estate/binding/edit?id=teld-main@200461/1313", guard.RoleAdmin},
	{"/bindings/teld-main/200461/1313", guard.RoleViewer},
	{"/bindings/teld-main/200461/1313/mode?to=live", guard.RoleAdmin},
	{"/doctor", guard.RoleSupport},
	{"/alerts", guard.RoleAdmin},
	{"/access", guard.RoleAdmin},
	{"/audit", guard.RoleAdmin},
	{"/me", guard.RoleViewer},
}

// onPages has a push to look at, and a webhook to test.
func onPages() *fake {
	f := newFake()
	f.push = &charge.Push{ID: 31, Platform: "telaidian", Account: "teld-main", Received: now, Remote: "203.0.113.9",
		Outcome: charge.OutcomeAccepted,
		Request: []byte("POST /zld/telaidian/x HTTP/1.1\r\nAuthorization: Bearer tok3n\r\n\r\n{\"plate\":\"京AD06088\"}"),
		Reply:   []byte(`{"Ret":0}`), Charge: 7001}
	f.alerts = alert.New(alert.Config{Targets: []alert.Target{{Name: "duty", Format: alert.WeCom,
		URL: "https://hook.example/k3y"}}, Limits: alert.DefaultLimits(),
		Client: &http.Client{Transport: silent{}}, Now: func() time.Time { return now }})
	return f
}

// silent is a network without answers.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody answers")
}

// Every page for every role: the page, or 403, or the way to sign in; never a script or style in the page.
func TestPages(t *testing.T) {
	f := onPages()
	stranger := open(t, f)
	for _, role := range []guard.Role{guard.RoleViewer, guard.RoleSupport, guard.RoleAdmin} {
		b := as(t, f, role)
		for _, lang := range []string{"zh", "en"} {
			b.get("/?lang=" + lang)
			for _, p := range consolePages {
				a := b.get(p.path)
				want := http.StatusOK
				if !desk.Allows(role, p.least) {
					want = http.StatusForbidden
				}
				if a.StatusCode != want {
					t.Errorf("%s as %s: status %d, want %d", p.path, role, a.StatusCode, want)
				}
				checkPage(t, p.path, lang, a)
				if role == guard.RoleViewer && strings.Contains(a.body, "AD06088") && !strings.Contains(p.path, "/find") {
					t.Errorf("%s shows a viewer a whole plate", p.path)
				}
			}
		}
	}
	for _, p := range consolePages {
		if a := stranger.get(p.path); a.StatusCode != http.StatusSeeOther ||
			!strings.HasPrefix(a.Header.Get("Location"), "/login") {
			t.Errorf("%s for a stranger: status %d to %s", p.path, a.StatusCode, a.Header.Get("Location"))
		}
	}
}

var (
	inline   = regexp.MustCompile(`(?i)<script(?:>| (?:[^s>]|s[^r])[^>]*>)|\son[a-z]+=|\sstyle=|javascript:`)
	tagsGone = regexp.MustCompile(`(?s)<script.*?</script>|<[^>]*>`)
	textIn   = regexp.MustCompile(`(?:placeholder|title|aria-label|alt)="([^"]*)"`)
)

// checkPage holds what is true of every page: size, policy, language, no secret.
func checkPage(t *testing.T, path, lang string, a answer) {
	t.Helper()
	if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") ||
		strings.Contains(policy, "unsafe") {
		t.Errorf("%s: policy %q", path, policy)
	}
	if found := inline.FindString(a.body); found != "" {
		t.Errorf("%s has %q in the page", path, found)
	}
	if len(a.body) > 100<<10 {
		t.Errorf("%s is %d bytes of HTML", path, len(a.body))
	}
	for _, secret := range []string{"never-shown", "tok3n", "k3y", phrase} {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s shows %q", path, secret)
		}
	}
	if strings.Contains(path, "figures") {
		return
	}
	want := map[string]string{"zh": "zh-CN", "en": "en"}[lang]
	if !strings.Contains(a.body, `<html lang="`+want+`"`) {
		t.Errorf("%s is not in %s", path, want)
	}
	if lang == "zh" {
		if run := latinIn(a.body); run != "" {
			t.Errorf("%s has English in its Chinese page: %q", path, run)
		}
	}
	if lang == "en" {
		if han := hanIn(a.body); han != "" {
			t.Errorf("%s has Chinese in its English page: %q", path, han)
		}
	}
}

var (
	// asSent are the parts of a page that show what was sent, stored or typed, as it is.
	asSent   = regexp.MustCompile(`(?s)<(pre|code|textarea|kbd|samp)\b.*?</(?:pre|code|textarea|kbd|samp)>`)
	latinRun = regexp.MustCompile(`[A-Za-z']{2,} [A-Za-z']{2,} [A-Za-z']{2,}`)
)

// latinIn returns three English words in a row of a Chinese page, which are no name and nothing that was sent.
func latinIn(body string) string {
	text := tagsGone.ReplaceAllString(asSent.ReplaceAllString(body, " | "), " | ")
	for _, m := range textIn.FindAllStringSubmatch(body, -1) {
		text += " | " + m[1]
	}
	return latinRun.FindString(html.UnescapeString(text))
}

// hanIn returns the Chinese of an English page that is no plate, name or the way to the Chinese page.
func hanIn(body string) string {
	text := tagsGone.ReplaceAllString(body, " ")
	for _, m := range textIn.FindAllStringSubmatch(body, -1) {
		text += " " + m[1]
	}
	text = strings.NewReplacer("中文", "", "京", "", "沪", "", "星星", "").Replace(html.UnescapeString(text))
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Han, r) {
			return r
		}
		return -1
	}, text)
}

// Every form wants its token and its role.
// An action says its effect, wants a reason, then is done and leads back.
// A form that is wrong keeps what was typed, says what is wrong beside the field, and never shows a secret; what
// was typed as one is still there when the form is sent again.
// Changing a key with an overlap keeps the former one valid; neither is shown.
// A script in every text that can be stored or sent back stays a text.
func TestScriptsStayText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	f := onPages()
	f.charge.Order, f.charge.Plate, f.charge.Account = evil, charge.Plate(evil), evil
	f.told.Stay.OrderID = evil
	f.told.Deliveries[0].Delivery.Payload, f.told.Deliveries[0].Attempts[0].Detail = []byte(evil), charge.ParseNote(evil)
	f.told.Pushes = []charge.Push{{ID: 31, Received: now, Remote: evil, Reason: charge.ParseNotes(evil),
		Outcome: charge.OutcomeBadField}}
	f.told.Events = []charge.Event{{At: now, Step: evil, Detail: charge.Say("act.voided", charge.Text("reason", evil)),
		Actor: evil}}
	f.push.Request, f.push.Reason, f.push.Remote, f.push.Reply = []byte(evil), charge.ParseNotes(evil), evil, []byte(evil)
	b := as(t, f, guard.RoleAdmin)
	q := url.QueryEscape(evil)
	pages := []string{"/find?q=" + q, "/charges?lot=" + q + "&plate=" + q + "&from=" + q, "/pushes?account=" + q,
		"/lots?find=" + q, "/statements?lot=" + q,
		"/audit?actor=" + q, "/estate/lot/new?name=" + q, "/lots/200461/1313/price?order=" + q, "/charges/7001/bind?order=" +
			q, "/doctor?push=" + q}
	for _, p := range consolePages {
		pages = append(pages, p.path)
	}
	for _, path := range pages {
		a := b.get(path)
		checkScripts(t, path, a)
	}
	for _, p := range []struct {
		path string
		form url.Values
	}{
		{"/charges/7001/bind", url.Values{"order": {evil}, "reason": {""}, "step": {"do"}}},
		{"/estate/vendor/new", url.Values{"union_id": {evil}, "name": {evil}, "allow_to": {evil}, "callback": {evil}}},
		{"/estate/import", url.Values{"text": {evil}}},
		{"/doctor", url.Values{"platform": {"telaidian"}, "push": {evil}}},
		{"/access/users", url.Values{"name": {evil}, "password": {"x"}, "role": {evil}}},
		{"/access/tokens", url.Values{"name": {evil}, "role": {"viewer"}}},
		{"/bindings/teld-main/200461/1313/test", url.Values{"plate": {evil}}},
		{"/lots/200461/1313/pause", url.Values{"reason": {evil}}},
		{"/login", url.Values{"name": {evil}, "next": {evil}}},
	} {
		checkScripts(t, p.path, b.post(p.path, p.form))
	}
	checkScripts(t, "/audit after all that", b.get("/audit"))
}

func checkScripts(t *testing.T, path string, a answer) {
	t.Helper()
	if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "<img src=x") {
		t.Errorf("%s lets a script through: %d", path, a.StatusCode)
	}
	if a.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s: %d", path, a.StatusCode)
	}
}

func TestHugeAndEmptyLists(t *testing.T) {
	f := onPages()
	f.many = 500
	b := as(t, f, guard.RoleAdmin)
	for _, path := range []string{"/charges", "/work/held", "/find?q=AD06088", "/lots/200461/1313",
		"/bindings/teld-main/200461/1313"} {
		if a := b.get(path); a.StatusCode != http.StatusOK || len(a.body) > 1<<20 {
			t.Errorf("%s with 500 rows: %d, %d bytes", path, a.StatusCode, len(a.body))
		}
	}
}

func TestEmptyLists(t *testing.T) {
	f := newFake()
	f.many = -1
	b := as(t, f, guard.RoleAdmin)
	for path, want := range map[string]string{"/charges": "没有符合条件的充电订单", "/pushes": "没有符合条件的推送",
		"/find?q=AD06088": "没有找到充电订单",
		"/work/held":      "没有待办", "/work/near": "没有相近的车牌", "/statements": "没有充电订单", "/lots?find=none": "没有符合条件的车场",
		"/alerts": "还没有配置告警"} {
		if a := b.get(path); a.StatusCode != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d, does not say %q", path, a.StatusCode, want)
		}
	}
}

// A database that is down shows a page that says so and nothing else.
func TestDatabaseDown(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleAdmin)
	f.fail = errors.New("sqlite: disk I/O error in /var/lib/secret-place, store.go:77")
	for _, path := range []string{"/", "/charges", "/charges/7001", "/pushes", "/pushes/31", "/lots", "/lots/200461/1313",
		"/work", "/work/held", "/work/near",
		"/statements", "/statements/statement.csv", "/find?q=AD06088", "/bindings/teld-main/200461/1313"} {
		a := b.get(path)
		if a.StatusCode != http.StatusInternalServerError || strings.Contains(a.body, "sqlite") ||
			strings.Contains(a.body, "secret-place") || !strings.Contains(a.body, "网关内部出错") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
}

func TestMissingPages(t *testing.T) {
	b := as(t, onPages(), guard.RoleAdmin)
	for _, path := range []string{"/nothing", "/charges/1", "/charges/abc", "/charges/7001/eat", "/lots/1/9",
		"/estate/thing/new", "/estate/lot/edit?id=1/9",
		"/bindings/x/200461/1313", "/work/nothing", "/assets/", "/assets/none.js", "/assets/%FF", "/statements/other.csv"} {
		if a := b.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

// Signing in at an issuer: there and back, with the role that it names; guard tests what may go wrong on the way.
// A server that stops does not wait for the browsers that draw live charts.
func TestLiveChartsEndWithTheServer(t *testing.T) {
	f := newFake()
	if _, err := f.guard.Users.Create(t.Context(), "li", phrase, guard.RoleViewer); err != nil {
		t.Fatal(err)
	}
	secret, _, err := f.guard.Sessions.SignIn(t.Context(), guard.Login{Name: "li", Password: phrase})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(serve(t, f))
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/today/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "cs_session", Value: secret})
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if ct := resp.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("the stream is %q, status %d", ct, resp.StatusCode)
	}
	points := bufio.NewScanner(resp.Body)
	if !points.Scan() || !strings.HasPrefix(points.Text(), `data: {"at":`) {
		t.Errorf("the first point is %q", points.Text())
	}
	if err := server.Config.Shutdown(t.Context()); err != nil {
		t.Errorf("the server waits for the stream: %v", err)
	}
}

// The words of flow are known to the timeline.
func TestTimelineReads(t *testing.T) {
	f := newFake()
	f.told.Pushes = []charge.Push{{ID: 31, Received: f.charge.Received, Remote: "203.0.113.9", Account: "teld-main",
		Outcome: charge.OutcomeAccepted}}
	f.charge.State, f.charge.Reason, f.charge.Usage = charge.StateGaveUp, charge.ReasonLineOff, nil
	f.told.Deliveries[0].Attempts = append(f.told.Deliveries[0].Attempts,
		charge.Attempt{N: 3, At: f.charge.Received, Result: charge.AttemptOffLine, Detail: charge.Say("delivery.line_gone")})
	b := as(t, f, guard.RoleSupport)
	a := b.get("/charges/7001")
	for _, want := range []string{"放弃下发", "没有长连接", "排除原因后重新下发", "203.0.113.9", "与账号密钥相符", "规则版本", "充电多久，减多少分钟", "此前已减免",
		"没有长连接", "/charges/7001/redeliver"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the timeline does not say %q", want)
		}
	}
}
