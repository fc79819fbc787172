package bench

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/admin/console"
	"github.com/chargestamp/chargestamp/charge"
)

// Bars of every page of the console.
const (
	pageWithin = 150 // milliseconds of server time, p99
	pageWeighs = 150 // KiB, packed, as it is sent
)

// pageView is an address of a page that is measured.
type pageView struct {
	label string // distinguishes it from other addresses of its page
	path  func(sample) string
	alone bool // looked at by somebody who has not signed in
}

// sample is what addresses name.
type sample struct {
	charge, stuck, push string // ids; stuck is of a charge that did not get through
	partner, incident   string // paths, see linked
	lot                 charge.LotID
	account             string
	now                 time.Time
}

// day is so many days ago.
func (s sample) day(ago int) string {
	return s.now.In(charge.Shanghai).AddDate(0, 0, -ago).Format(time.DateOnly)
}

func (s sample) binding() string { return s.account + "@" + s.lot.String() }

// at is an address that is always the same.
func at(path string) func(sample) string { return func(sample) string { return path } }

// measuredPages says by which addresses each page of the console is measured, by its pattern.
var measuredPages = map[string][]pageView{
	"/{$}": {
		{"today", at("/"), false},
		{"today, with charts of a week", at("/?span=week"), false},
	},
	"/today/figures": {{"today's figures", at("/today/figures"), false}},
	"/find":          {{"find, empty", at("/find"), false}},
	"/charges": {
		{"charges", at("/charges"), false},
		{"charges, the oldest first", at("/charges?sort=oldest"), false},
		{"charges of a state, the oldest first", at("/charges?state=gave_up&sort=oldest"), false},
		{"charges of a state", at("/charges?state=gave_up"), false},
		{"charges of two states", at("/charges?state=delivered&state=used"), false},
		{"charges of a reason", at("/charges?reason=no_stay"), false},
		{"charges of a lot", func(s sample) string { return "/charges?lot=" + url.QueryEscape(s.lot.String()) }, false},
		{"charges of a platform in a month", func(s sample) string {
			return "/charges?platform=" + saturatePlatform + "&from=" + s.day(31) + "&to=" + s.day(1)
		}, false},
		{"charges of a platform that has none", at("/charges?platform=yonglian"), false},
		{"charges, a state nothing is in", at("/charges?state=voided"), false},
	},
	"/charges/{id}": {{"charge timeline", func(s sample) string { return "/charges/" + s.charge }, false}},
	"/charges/{id}/{verb}": {
		{"redeliver a charge", func(s sample) string { return "/charges/" + s.stuck + "/redeliver" }, false},
		{"void a charge", func(s sample) string { return "/charges/" + s.charge + "/void" }, false},
		{"bind a charge", func(s sample) string { return "/charges/" + s.stuck + "/bind" }, false},
	},
	"/pushes": {
		{"pushes", at("/pushes"), false},
		{"refused pushes", at("/pushes?outcome=refused"), false},
		{"pushes of a platform", at("/pushes?platform=" + saturatePlatform), false},
		{"pushes of a platform that has none", at("/pushes?platform=yonglian"), false},
		{"pushes of a lot", func(s sample) string { return "/pushes?lot=" + url.QueryEscape(s.lot.String()) }, false},
	},
	"/pushes/{id}": {{"push", func(s sample) string { return "/pushes/" + s.push }, false}},
	"/lots": {
		{"lots", at("/lots"), false},
		{"lots with something pending", at("/lots?show=pending"), false},
		{"lots by a part of the name", at("/lots?find=12"), false},
	},
	"/lots/{union}/{park}": {{"lot", func(s sample) string { return "/lots/" + s.lot.String() }, false}},
	"/lots/{union}/{park}/price": {{"ask a lot's price",
		func(s sample) string { return "/lots/" + s.lot.String() + "/price" }, false}},
	"/lots/{union}/{park}/setup": {{"a lot's set-up",
		func(s sample) string { return "/lots/" + s.lot.String() + "/setup" }, false}},
	"/lots/{union}/{park}/sheet": {{"a lot's sheet",
		func(s sample) string { return "/lots/" + s.lot.String() + "/sheet" }, false}},
	"/incidents":      {{"incidents", at("/incidents"), false}},
	"/incidents/{id}": {{"an incident", func(s sample) string { return s.incident }, false}},
	"/p/{token}":      {{"a partner's link to a push", func(s sample) string { return s.partner }, true}},
	"/compensations":  {{"compensations", at("/compensations"), false}},
	"/work":           {{"work lists", at("/work"), false}},
	"/work/{list}": {
		{"work list held", at("/work/held"), false},
		{"work list left", at("/work/left"), false},
		{"work list unknown", at("/work/unknown"), false},
		{"work list gave up", at("/work/gave-up"), false},
		{"work list refused", at("/work/refused"), false},
		{"work list near-miss plates", at("/work/near"), false},
		{"work list stations", at("/work/stations"), false},
		{"work list unserved", at("/work/unserved"), false},
	},
	"/work/redeliver": {{"redeliver a list", at("/work/redeliver?state=gave_up"), false}},
	"/statements": {
		{"statement of this month", at("/statements"), false},
		{"statement of a month past", func(s sample) string { return "/statements?from=" + s.day(60) + "&to=" + s.day(30) },
			false},
		{"statement of today and yesterday",
			func(s sample) string { return "/statements?from=" + s.day(1) + "&to=" + s.day(0) }, false},
		{"statement of 400 days", func(s sample) string { return "/statements?from=" + s.day(399) + "&to=" + s.day(0) },
			false},
		{"statement of a vendor", at("/statements?vendor=" + union), false},
		{"statement of a platform", at("/statements?platform=" + saturatePlatform), false},
		{"statement of a lot in 400 days", func(s sample) string {
			return "/statements?lot=" + url.QueryEscape(s.lot.String()) + "&from=" + s.day(399) + "&to=" + s.day(0)
		}, false},
	},
	"/statements/print": {{"statement of this month to print", at("/statements/print"), false}},
	"/doctor":           {{"doctor", at("/doctor"), false}},
	"/alerts":           {{"alerts", at("/alerts"), false}},
	"/audit":            {{"audit", at("/audit"), false}},
	"/estate":           {{"estate", at("/estate"), false}},
	"/estate/file":      {{"estate file", at("/estate/file"), false}},
	"/estate/{kind}/{verb}": {
		{"new vendor", at("/estate/vendor/new"), false},
		{"new lot", at("/estate/lot/new"), false},
		{"choose an account's platform", at("/estate/account/new"), false},
		{"new account", at("/estate/account/new?platform=telaidian"), false},
		{"new binding", func(s sample) string { return "/estate/binding/new?lot=" + url.QueryEscape(s.lot.String()) }, false},
		{"vendor", at("/estate/vendor/edit?id=" + union), false},
		{"edit a lot", func(s sample) string { return "/estate/lot/edit?id=" + url.QueryEscape(s.lot.String()) }, false},
		{"edit an account", func(s sample) string { return "/estate/account/edit?id=" + s.account }, false},
		{"edit a binding", func(s sample) string { return "/estate/binding/edit?id=" + url.QueryEscape(s.binding()) }, false},
	},
	"/bindings/{account}/{union}/{park}": {{"binding",
		func(s sample) string { return "/bindings/" + s.account + "/" + s.lot.String() }, false}},
	"/bindings/{account}/{union}/{park}/mode": {{"a binding's mode", func(s sample) string {
		return "/bindings/" + s.account + "/" + s.lot.String() + "/mode?to=shadow"
	}, false}},
	"/access": {{"users and tokens", at("/access"), false}},
	"/me":     {{"me", at("/me"), false}},
	"/login":  {{"sign-in", at("/login"), true}},
}

// notPages are patterns of the console at which there is no page to measure, and why.
var notPages = map[string]string{
	"/today/stream":                    "it never ends",
	"/statements/{file}":               "a file of all rows, as long as they are many",
	"/charges/charges.csv":             "a file of what a list shows",
	"/pushes/pushes.csv":               "a file of what a list shows",
	"/audit/audit.csv":                 "a file of what a list shows",
	"/compensations/compensations.csv": "a file of what a list shows",
	"/stays/{id}":                      "the page of the stay's charge, which is measured by the charge's address",
	"/estate/export":                   "a file of the whole estate",
	"/audit/{seq}/detail.txt":          "a file of one detail that is too long for the page",
	"/setup":                           "closed once there is an admin",
	"/oidc/begin":                      "leads to the issuer",
	"/oidc/return":                     "leads from the issuer",
}

// pageViews lists what is measured, in the order of the console's own routes. A page that the list does not know
// here is an error, so that none is forgotten.
func pageViews() ([]pageView, error) {
	var views []pageView
	for _, pattern := range console.Pages() {
		list, known := measuredPages[pattern]
		if _, none := notPages[pattern]; !known && !none {
			return nil, fmt.Errorf("the console has a page %s, which the bench does not measure; "+
				"measuredPages says by which address", pattern)
		}
		views = append(views, list...)
	}
	return views, nil
}

// visitor looks at the console as a person does.
type visitor struct {
	base   string
	client *http.Client
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func newVisitor(base string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	return &visitor{base, &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, err
}

// get loads a page, packed as browsers ask for it, and the time from the request to the last byte.
func (v *visitor) get(ctx context.Context, path string) (packed []byte, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	begin := time.Now()
	resp, err := v.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	packed, err = io.ReadAll(resp.Body)
	took = time.Since(begin)
	switch {
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("GET %s: %s", path, resp.Status)
	case resp.Header.Get("Content-Encoding") != "gzip":
		err = fmt.Errorf("GET %s: the page is not packed", path)
	}
	return packed, took, err
}

// text loads a page, unpacked.
func (v *visitor) text(ctx context.Context, path string) ([]byte, error) {
	packed, _, err := v.get(ctx, path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// send fills in the form of a page, and returns the address that it leads to.
func (v *visitor) send(ctx context.Context, page, path string, form url.Values) (next string, err error) {
	text, err := v.text(ctx, page)
	if err != nil {
		return "", err
	}
	field := csrfField.FindSubmatch(text)
	if field == nil {
		return "", fmt.Errorf("%s has no form", page)
	}
	form.Set("csrf", string(field[1]))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := v.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("POST %s: %s", path, resp.Status)
	}
	next, _, _ = strings.Cut(resp.Header.Get("Location"), "#")
	return next, nil
}

// signIn signs in by the form of the sign-in page.
func (v *visitor) signIn(ctx context.Context, name, password string) error {
	_, err := v.send(ctx, "/login", "/login", url.Values{"name": {name}, "password": {password}})
	return err
}

// Addresses that only pages lead to.
var (
	partnerLink  = regexp.MustCompile(`/p/[A-Z2-7]{26}`)
	incidentLink = regexp.MustCompile(`/incidents/[0-9a-f]{16}`)
)

// linked adds to a sample the addresses that only pages lead to: a link for a platform's engineers, which it makes, and
// the first incident; where there is none, their list.
func (v *visitor) linked(ctx context.Context, s *sample) error {
	page := "/pushes/" + s.push
	next, err := v.send(ctx, page, page+"/share", url.Values{"days": {"1"}})
	if err != nil {
		return err
	}
	text, err := v.text(ctx, next)
	if err != nil {
		return err
	}
	if s.partner = string(partnerLink.Find(text)); s.partner == "" {
		return fmt.Errorf("%s shows no link to a push", next)
	}
	text, err = v.text(ctx, "/incidents")
	s.incident = cmp.Or(string(incidentLink.Find(text)), "/incidents")
	return err
}

// admin makes an admin of the console who is gone again after leave, and signs in.
func (st *stand) admin(ctx context.Context) (v *visitor, leave func() error, err error) {
	name, password := "bench-"+strings.ToLower(rand.Text()[:8]), rand.Text()
	if err := st.server.Post(ctx, "/api/v1/users", object{"name": name, "role": "admin", "password": password},
		nil); err != nil {
		return nil, nil, err
	}
	leave = func() error {
		return st.server.Call(context.WithoutCancel(ctx), http.MethodDelete, "/api/v1/users/"+name, nil, nil)
	}
	if v, err = newVisitor("http://" + st.server.Admin); err == nil {
		err = v.signIn(ctx, name, password)
	}
	if err != nil {
		return nil, nil, errors.Join(err, leave())
	}
	return v, leave, nil
}

// sample picks what addresses name from what the server lists.
func (st *stand) sample(ctx context.Context) (s sample, err error) {
	s = sample{lot: st.site.Lots[0].ID, account: "bench-" + saturatePlatform, now: time.Now()}
	for _, pick := range []struct {
		to    *string
		paths []string // the first that lists anything
	}{
		{&s.charge, []string{"/api/v1/charges?state=used&limit=1"}},
		{&s.stuck, []string{"/api/v1/charges?state=gave_up&limit=1", "/api/v1/charges?limit=1"}},
		{&s.push, []string{"/api/v1/pushes?outcome=accepted&limit=1"}},
	} {
		for _, path := range pick.paths {
			var list struct{ Items []client.Charge }
			if err := st.server.Get(ctx, path, nil, &list); err != nil {
				return s, err
			}
			if len(list.Items) > 0 && *pick.to == "" {
				*pick.to = list.Items[0].ID
			}
		}
		if *pick.to == "" {
			return s, fmt.Errorf("%s lists nothing: there is no page to look at", pick.paths[0])
		}
	}
	return s, nil
}

// partnerRest is between two looks at a partner's link, which one network gets five times a second.
const partnerRest = 250 * time.Millisecond

// pages looks at every page of the console again and again, one look after the other. Each page has a row, and
// the largest one. The time is from the request to the last byte, at the browser's end of the loopback.
func (st *stand) pages(ctx context.Context, looks int, with string) (rows []figure, err error) {
	views, err := pageViews()
	if err != nil {
		return nil, err
	}
	admin, leave, err := st.admin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, leave()) }()
	stranger, err := newVisitor("http://" + st.server.Admin)
	if err != nil {
		return nil, err
	}
	s, err := st.sample(ctx)
	if err == nil {
		err = admin.linked(ctx, &s)
	}
	if err != nil {
		return nil, err
	}
	largest, weight := "", 0
	for _, view := range views {
		who := admin
		if view.alone {
			who = stranger
		}
		before, err := st.server.Metrics(ctx)
		if err != nil {
			return rows, err
		}
		var took []float64
		size := 0
		for range looks {
			if view.path(s) == s.partner {
				wait(ctx, partnerRest)
			}
			page, each, err := who.get(ctx, view.path(s))
			if err != nil {
				return rows, fmt.Errorf("%s: %w", view.label, err)
			}
			took, size = append(took, ms(each)), max(size, len(page))
		}
		after, err := st.server.Metrics(ctx)
		if err != nil {
			return rows, err
		}
		cpu := ms(after.CPU()-before.CPU()) / float64(looks) // the server's alone, whatever else the machine does
		if size > weight {
			largest, weight = view.label, size
		}
		rows = append(rows, figure{name: "console page, " + view.label + ", p99" + with, engine: st.engine.Name,
			value: quantile(took, .99), unit: "ms",
			bar: AtMost(pageWithin), note: fmt.Sprintf("of %d looks, p50 %.3g ms, slowest %.3g, %.3g ms of CPU, %d KiB", looks,
				quantile(took, .5), slices.Max(took), cpu, (size+1023)/1024)})
	}
	return append(rows, figure{name: "console page, the largest" + with, engine: st.engine.Name,
		value: float64(weight) / 1024, unit: "KiB",
		bar: AtMost(pageWeighs), note: largest}), nil
}

// quantile of some values: the smallest that a share q of them do not pass.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}
