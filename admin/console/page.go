package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

const (
	sessionCookie = "cs_session"
	visitorCookie = "cs_visitor" // holds forms together before anybody has signed in
	langCookie    = "cs_lang"
	noticeCookie  = "cs_notice"
)

// page is what every page knows: who looks, in which language, and where.
type page struct {
	Lang    words.Lang
	Who     guard.Identity // no role: not signed in
	CSRF    string
	Path    string // of this page, for the menu
	Here    string // path and query, for the way back
	Now     time.Time
	Version string
	Query   string // what is in the search box
	Notice  string // said once at the top
	Waiting int    // incidents that wait
	Draft   string // the path of a form that was sent when the session was over
	HTMX    bool   // only the asked-for part is wanted

	secret  string // what the form token is tied to
	session guard.Session
	words   words.Catalogue
	names   map[string]words.Text // of platforms
	lots    func(charge.LotID) string
	failure error // the session could not be looked up
}

// page gathers what a request brings.
func (c *Console) page(r *http.Request) *page {
	p := &page{Lang: words.Chinese, Path: r.URL.Path, Here: r.URL.RequestURI(), Now: c.desk.Now(), Version: c.cfg.Version,
		words: c.words, names: c.names, lots: c.lotTitle, HTMX: r.Header.Get("HX-Request") == "true" &&
			r.Header.Get("HX-Boosted") != "true"}
	if cookie, err := r.Cookie(langCookie); err == nil {
		p.Lang = language(cookie.Value)
	}
	if cookie, err := r.Cookie(visitorCookie); err == nil {
		p.secret = cookie.Value
	}
	if cookie, err := r.Cookie(noticeCookie); err == nil {
		p.Notice = notice(p, cookie.Value)
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil && cookie.Value != "" {
		session, who, err := c.cfg.Guard.Sessions.Get(r.Context(), cookie.Value)
		switch {
		case err == nil:
			p.session, p.Who, p.secret = session, who, cookie.Value
			desk.LowerVeil(r.Context(), who)
		case !errors.Is(err, guard.ErrDenied):
			p.failure = err
		}
	}
	if d, waits := c.draftOf(r, p.Now); waits && p.Who.Role != "" {
		p.Draft = d.path
	}
	if p.secret != "" {
		p.CSRF = maskToken(c.cfg.Guard.Sessions.CSRF(p.secret))
	}
	return p
}

func language(s string) words.Lang {
	if s == string(words.English) {
		return words.English
	}
	return words.Chinese
}

// title is a page's name in the browser, with how many incidents wait.
func (p *page) title(name string) string {
	if p.Waiting > 0 {
		name = fmt.Sprintf("(%d) %s", p.Waiting, name)
	}
	return name + " · Chargestamp"
}

// T returns a text in the page's language.
func (p *page) T(zh, en string) string { return words.Text{ZH: zh, EN: en}.In(p.Lang) }

// Word explains a code of a closed list.
func (p *page) Word(list words.List, code string) words.Entry { return p.words.Find(list, code) }

// Say returns a text of the catalogue in the page's language.
func (p *page) Say(t words.Text) string { return t.In(p.Lang) }

// Note words a note in the page's language.
func (p *page) Note(n charge.Note) string { return words.Note(p.Lang, n) }

// Notes says several sentences in the page's language.
func (p *page) Notes(list charge.Notes) string { return words.Notes(p.Lang, list) }

// HTMLLang is the page's language for the html element.
func (p *page) HTMLLang() string { return p.T("zh-CN", "en") }

// otherLang is the language that the page is not in.
func (p *page) otherLang() words.Lang {
	if p.Lang == words.English {
		return words.Chinese
	}
	return words.English
}

// OtherLang is the address of this page in the other language.
func (p *page) OtherLang() string {
	u, err := url.Parse(p.Here)
	if err != nil {
		return "/?lang=" + p.T("en", "zh")
	}
	q := u.Query()
	q.Set("lang", p.T("en", "zh"))
	return u.Path + "?" + q.Encode()
}

// May reports whether who looks has a role.
func (p *page) May(least guard.Role) bool { return desk.Allows(p.Who.Role, least) }

// Support and Admin are May for templates.
func (p *page) Support() bool { return p.May(guard.RoleSupport) }

// Admin reports whether an admin looks.
func (p *page) Admin() bool { return p.May(guard.RoleAdmin) }

// Platform returns a platform's name.
func (p *page) Platform(id string) string {
	if name, ok := p.names[id]; ok {
		return name.In(p.Lang)
	}
	return id
}

// Lot names a lot.
func (p *page) Lot(id charge.LotID) string { return p.lots(id) }

// Ago says how long ago something of the last day was; empty for what is older or to come.
func (p *page) Ago(t time.Time) string {
	d := p.Now.Sub(t)
	if t.IsZero() || d < 0 || d > day {
		return ""
	}
	if d < time.Minute {
		return p.T("刚刚", "just now")
	}
	return p.T(p.Span(d)+"前", p.Span(d)+" ago")
}

// Plate shows a plate as who looks may see it.
func (p *page) Plate(plate charge.Plate) string { return desk.ShowPlate(p.Who, plate) }

// Clock returns a moment in Shanghai, short where it is of today.
func (p *page) Clock(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	local := t.In(charge.Shanghai)
	if local.Format(time.DateOnly) == p.Now.In(charge.Shanghai).Format(time.DateOnly) {
		return local.Format("15:04:05")
	}
	if local.Year() == p.Now.In(charge.Shanghai).Year() {
		return local.Format("01-02 15:04:05")
	}
	return local.Format("2006-01-02 15:04:05")
}

// Stamp is a moment for machines.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Age returns how long ago something was.
func (p *page) Age(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return p.Span(p.Now.Sub(t))
}

// Span returns a length of time in one unit or two.
func (p *page) Span(d time.Duration) string {
	switch {
	case d < 0:
		return p.T("0 秒", "0 s")
	case d < time.Second && d > 0:
		return fmt.Sprintf(p.T("%d 毫秒", "%d ms"), d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf(p.T("%d 秒", "%d s"), d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf(p.T("%d 分钟", "%d min"), d/time.Minute)
	case d < 2*day && d%time.Hour < time.Minute:
		return fmt.Sprintf(p.T("%d 小时", "%d h"), d/time.Hour)
	case d < 2*day:
		return fmt.Sprintf(p.T("%d 小时 %d 分钟", "%d h %d min"), d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf(p.T("%d 天", "%d days"), d/day)
}

// Reduction puts what is granted into words.
func (p *page) Reduction(r *charge.Reduction) string {
	if r == nil || r.IsZero() {
		return "–"
	}
	switch r.Method {
	case charge.MethodTime:
		return fmt.Sprintf(p.T("%d 分钟", "%d min"), r.Minutes)
	case charge.MethodAmount:
		return p.T(r.Amount.String()+" 元", "¥"+r.Amount.String())
	}
	return p.Say(p.Word(words.Method, string(r.Method)).Name)
}

// Yuan returns money.
func (p *page) Yuan(f charge.Fen) string { return p.T(f.String()+" 元", "¥"+f.String()) }

// ID returns an id as text.
func ID(id int64) string { return strconv.FormatInt(id, 10) }

// Count returns a number with its thousands apart.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// toneOf is the class of a verdict's tone.
func toneOf(v flow.Verdict) string {
	if v.Tone == flow.ToneWarn {
		return "wait"
	}
	return string(v.Tone)
}

// tone is how a code looks: good, wait, bad or calm.
func tone(list words.List, code string) string {
	switch list {
	case words.ChargeState:
		switch charge.State(code) {
		case charge.StateDelivered, charge.StateUsed:
			return "good"
		case charge.StateHeld, charge.StateSending, charge.StateUnknown, charge.StateShadow:
			return "wait"
		case charge.StateRefused, charge.StateGaveUp, charge.StateExpired:
			return "bad"
		}
	case words.PushOutcome:
		switch charge.Outcome(code) {
		case charge.OutcomeAccepted:
			return "good"
		case charge.OutcomeDuplicate, charge.OutcomeQuestion:
			return "calm"
		}
		return "bad"
	case words.DeliveryState:
		switch charge.DeliveryState(code) {
		case charge.DeliveryDelivered:
			return "good"
		case charge.DeliveryRefused, charge.DeliveryGaveUp:
			return "bad"
		case charge.DeliveryVoided:
			return "calm"
		}
		return "wait"
	case words.AttemptResult:
		switch charge.AttemptResult(code) {
		case charge.AttemptAcked, charge.AttemptPosted:
			return "good"
		}
		return "bad"
	case words.ReportState:
		switch charge.ReportState(code) {
		case charge.ReportDone:
			return "good"
		case charge.ReportGaveUp:
			return "bad"
		case charge.ReportOff:
			return "calm"
		}
		return "wait"
	}
	return "calm"
}

// notices are what a page can say about what was just done; the cookie holds the code alone.
func notice(p *page, code string) string {
	if stored, err := url.QueryUnescape(code); err == nil && strings.HasPrefix(stored, "#effect.") {
		return p.Note(charge.ParseNote(stored)) // what an action came to
	}
	switch code {
	case "done":
		return p.T("已完成。", "Done.")
	case "noted":
		return p.T("已记录。", "Noted.")
	case "applied":
		return p.T("更改已生效。", "The change is in force.")
	case "nothing":
		return p.T("没有需要更改的内容。", "There was nothing to change.")
	case "revoked":
		return p.T("已撤销。", "Revoked.")
	case "sent":
		return p.T("已发送。", "Sent.")
	case "signedout":
		return p.T("您已退出登录。", "You are signed out.")
	case "expired":
		return p.T("登录已过期，请重新登录。", "Your session is over; sign in again.")
	case "password":
		return p.T("密码已更改，请用新密码登录。", "The password is changed; sign in with the new one.")
	}
	return ""
}

// seeOther sends the browser to a page that shows a notice once.
func (c *Console) seeOther(w http.ResponseWriter, r *http.Request, path, code string) error {
	if code != "" {
		c.setCookie(w, r, noticeCookie, code, noticeAge)
	}
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}
