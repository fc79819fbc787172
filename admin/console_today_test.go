package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

// The first page draws how the site stood, from what the store keeps: with units, the peak and its time, and a gap
// where no node ran.
func TestChartsOfTheLastDay(t *testing.T) {
	f := onPages()
	b := as(t, f, guard.RoleViewer)
	if a := b.get("/"); !strings.Contains(a.body, "还没有记录") || strings.Contains(a.body, `class="trace"`) {
		t.Errorf("before the first sample: %s", a.body)
	}
	at := func(ago time.Duration) time.Time { return now.Add(-ago) }
	f.samples = []charge.Sample{
		{At: at(3 * time.Hour), Pending: 4, Answer: 1500 * time.Microsecond, ToLot: 40 * time.Millisecond},
		{At: at(3*time.Hour - 5*time.Minute), Pending: 12, Answer: 2 * time.Second},
		{At: at(time.Hour), Pending: 1},
		{At: at(0)},
	}
	for lang, want := range map[string][]string{
		"zh": {"近 24 小时", "待下发（条） 最高 12（03-01 09:05） 阴影：网关未运行",
			"推送应答 p99 最高 2 秒（03-01 09:05）", "推送到车场 p99 最高 40 毫秒（03-01 09:00）"},
		"en": {"Operation: the last 24 hours", "Deliveries pending at most 12 (03-01 09:05) shaded: the gateway did not run",
			"Push answered, p99 at most 2 s (03-01 09:05)", "Push to lot, p99 at most 40 ms (03-01 09:00)"},
	} {
		a := b.get("/?lang=" + lang)
		if a.StatusCode == 303 {
			a = b.get("/")
		}
		for _, text := range append(want, `href="/?span=week#trends"`) {
			if !strings.Contains(a.body, text) {
				t.Errorf("%s: the page lacks %q", lang, text)
			}
		}
		if n := strings.Count(a.body, `class="trace"`); n != 3 {
			t.Errorf("%d charts, want 3", n)
		}
		// Steps of five minutes; now is the last of 288. Away were those between 9:05 and 11:00, and 11:00 and 12:00.
		for _, part := range []string{`<rect class="gone" x="253" y="4" width="22" height="102">`,
			`<rect class="gone" x="276" y="4" width="11" height="102">`,
			`d="M251 72H252V4H253M275 98H276M287 106H288"`, `d="M251 106H252V4H253"`, `d="M251 4H252"`} {
			if !strings.Contains(a.body, part) {
				t.Errorf("the charts lack %s: %s", part, a.body[strings.Index(a.body, `id="trends"`):])
			}
		}
	}
	b.get("/?lang=en")
	if a := b.get("/?span=week"); !strings.Contains(a.body, "Operation: the last 7 days") ||
		!strings.Contains(a.body, `viewBox="0 0 336 108"`) {
		t.Errorf("the charts of a week: %d", a.StatusCode)
	}
}
