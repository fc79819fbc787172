package console

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/words"
)

func (c *Console) accountRoutes() {
	c.open("GET /setup", c.setup)
	c.open("POST /setup", c.setup)
	c.open("GET /login", c.login)
	c.open("POST /login", c.login)
	c.open("GET /oidc/begin", c.oidcBegin)
	c.open("GET /oidc/return", c.oidcReturn)
	c.open("POST /logout", c.logout)
	c.signed(guard.RoleViewer, "POST /draft", c.sendDraft)
}

// form is what was typed, so that nothing is lost, and what is wrong with it, by field.
type form struct {
	Values url.Values
	Errors map[string]string
	Wrong  string // with the whole of it
}

func newForm(r *http.Request) form {
	f := form{Values: url.Values{}, Errors: make(map[string]string)}
	if r.Method == http.MethodPost {
		f.Values = r.PostForm
	}
	return f
}

// Get is what was typed into a field.
func (f form) Get(name string) string { return f.Values.Get(name) }

// bad says what is wrong with a field.
func (f form) bad(name, text string) { f.Errors[name] = text }

// ok reports whether nothing is wrong.
func (f form) ok() bool { return len(f.Errors) == 0 && f.Wrong == "" }

// status is what a form is shown with.
func (f form) status() int {
	if f.ok() {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}

// visitor makes sure that a form shown before sign-in is tied to this browser.
func (c *Console) visitor(w http.ResponseWriter, r *http.Request, p *page) {
	if p.secret != "" {
		return
	}
	p.secret = rand.Text()
	p.CSRF = maskToken(c.cfg.Guard.Sessions.CSRF(p.secret))
	c.setCookie(w, r, visitorCookie, p.secret, browserCookie)
}

// Ages of cookies, in seconds.
const (
	forgetCookie  = -1
	browserCookie = 0 // until the browser is closed
	noticeAge     = 20
	languageAge   = 365 * 24 * 3600
)

// setCookie is the one place that sets a cookie, so that none lacks Secure where the console is reached by HTTPS.
func (c *Console) setCookie(w http.ResponseWriter, r *http.Request, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: c.secure(r)})
}

// sendToLogin asks for a sign-in and remembers the way back.
func (c *Console) sendToLogin(w http.ResponseWriter, r *http.Request, p *page) {
	if p.failure != nil {
		c.fail(w, r, p, p.failure)
		return
	}
	target := "/login"
	if c.cfg.Guard.Setup.Open() {
		target = "/setup"
	} else if back := wayBack(r, p); back != "/" {
		target += "?next=" + url.QueryEscape(back)
	}
	code := ""
	if _, err := r.Cookie(sessionCookie); err == nil {
		code = "expired"
		c.setCookie(w, r, sessionCookie, "", forgetCookie)
	}
	_ = c.seeOther(w, r, target, code)
}

// wayBack is the page to show after signing in: the one that was asked for, or the one that the form stood on.
func wayBack(r *http.Request, p *page) string {
	if r.Method == http.MethodGet && !p.HTMX {
		return localPath(p.Here)
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host || from.Path == "" {
		return "/"
	}
	return localPath(from.RequestURI())
}

// setup makes the first admin, for those who hold the link that the start has printed.
func (c *Console) setup(w http.ResponseWriter, r *http.Request, p *page) error {
	c.setupLanguage(w, r, p)
	if !c.cfg.Guard.Setup.Open() && r.Method != http.MethodPost {
		return c.seeOther(w, r, "/login", "")
	}
	f := newForm(r)
	token := r.FormValue("token")
	if !c.cfg.Guard.Setup.Valid(token) {
		return render(w, r, http.StatusForbidden, setupClosed(p))
	}
	if r.Method == http.MethodPost {
		err := c.firstAdmin(r, p, f, token)
		if errors.Is(err, guard.ErrDenied) { // another one was first
			return render(w, r, http.StatusForbidden, setupClosed(p))
		}
		if err != nil {
			return err
		}
		if f.ok() {
			return c.signIn(w, r, p, f, "/")
		}
	}
	c.visitor(w, r, p)
	return render(w, r, f.status(), setupPage(p, f, token))
}

// setupLanguage chooses the language of the first page that anybody sees: the browser's, until a button of the page
// says another one, which the console then keeps to.
func (c *Console) setupLanguage(w http.ResponseWriter, r *http.Request, p *page) {
	if chosen := r.PostForm.Get("lang"); chosen != "" {
		p.Lang = language(chosen)
		c.setCookie(w, r, langCookie, string(p.Lang), languageAge)
		return
	}
	if _, err := r.Cookie(langCookie); err != nil &&
		strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "en") {
		p.Lang = words.English
	}
}

func (c *Console) firstAdmin(r *http.Request, p *page, f form, token string) error {
	if f.Get("password") != f.Get("again") {
		f.bad("again", p.T("两次输入的密码不同", "the two passwords differ"))
		return nil
	}
	u, err := c.cfg.Guard.Setup.Use(r.Context(), token, f.Get("name"), charge.Secret(f.Get("password")))
	if err != nil {
		return c.accessError(p, f, err)
	}
	return c.desk.Record(r.Context(), guard.Identity{Name: u.Name, Role: u.Role, Kind: "user"}, "user.first_admin",
		u.Name, "")
}

// login signs in by name, password and, where the user has one, a code.
func (c *Console) login(w http.ResponseWriter, r *http.Request, p *page) error {
	next := localPath(r.FormValue("next"))
	if p.Who.Role != "" {
		return c.seeOther(w, r, next, "")
	}
	f := newForm(r)
	if r.Method == http.MethodPost {
		return c.signIn(w, r, p, f, next)
	}
	c.visitor(w, r, p)
	return render(w, r, http.StatusOK, loginPage(p, f, next, false, c.cfg.OIDC != nil))
}

// signIn begins a session, or shows the form again with what is wrong.
func (c *Console) signIn(w http.ResponseWriter, r *http.Request, p *page, f form, next string) error {
	given := guard.Login{Name: f.Get("name"), Password: charge.Secret(f.Get("password")),
		Code: cmp.Or(f.Get("code"), f.Get("recovery")), Remote: c.cfg.Remote(r), Agent: r.UserAgent()}
	if proven, found := recall[guard.Login](&c.memory, p.secret, f.Get("proven"), p.Now); found && given.Password == "" {
		given.Name, given.Password = proven.Name, proven.Password
	}
	secret, _, err := c.cfg.Guard.Sessions.SignIn(r.Context(), given)
	var throttled *guard.Throttled
	status, askCode := http.StatusUnprocessableEntity, f.Values.Has("code")
	switch {
	case err == nil:
		c.setCookie(w, r, sessionCookie, secret, browserCookie)
		c.setCookie(w, r, visitorCookie, "", forgetCookie)
		return c.seeOther(w, r, next, "")
	case errors.As(err, &throttled):
		status, f.Wrong = http.StatusTooManyRequests, p.T("尝试次数过多，请等待 ", "Too many tries; wait ")+p.Span(throttled.Wait)
	case errors.Is(err, guard.ErrCode):
		status, askCode = http.StatusOK, true
	case errors.Is(err, guard.ErrLogin) && askCode:
		f.Wrong = p.T("用户名、密码或验证码不正确；刚用过的验证码不能再用，请等下一个",
			"Name, password or code is wrong. A code works once: where it was just used, wait for the next one")
	case errors.Is(err, guard.ErrLogin):
		f.Wrong = p.T("用户名、密码或验证码不正确", "Name, password or code is wrong")
	default:
		return err
	}
	c.visitor(w, r, p)
	if askCode && given.Password != "" { // a wrong one does not come so far as to be asked for a code
		f.Values.Set("proven", c.memory.put(p.secret, given, p.Now))
	}
	return render(w, r, status, loginPage(p, f, next, askCode, c.cfg.OIDC != nil))
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request, p *page) error {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		if err := c.cfg.Guard.Sessions.SignOut(r.Context(), cookie.Value); err != nil {
			return err
		}
	}
	for _, name := range []string{sessionCookie, findsCookie, draftCookie} {
		c.setCookie(w, r, name, "", forgetCookie)
	}
	return c.seeOther(w, r, "/login", "signedout")
}

const oidcCookie = "cs_oidc"

func (c *Console) oidcBegin(w http.ResponseWriter, r *http.Request, _ *page) error {
	if c.cfg.OIDC == nil {
		return c.seeOther(w, r, "/login", "")
	}
	address, way, err := c.cfg.OIDC.Begin(r.Context())
	if err != nil {
		return err
	}
	c.setCookie(w, r, oidcCookie, way, browserCookie)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// refusedOIDC logs why somebody who came from the issuer was not let in. The page says so much that he knows whom to
// ask: the claims are the admin's affair.
func (c *Console) refusedOIDC(w http.ResponseWriter, r *http.Request, p *page, why error) error {
	c.desk.Warn(r.Context(), "a single sign-on was refused", "remote", c.cfg.Remote(r), "reason", why)
	if err := c.cfg.Guard.Sessions.RefusedOIDC(r.Context(), c.cfg.Remote(r), why); err != nil {
		return err
	}
	f := newForm(r)
	f.Wrong = p.T("单点登录未通过，请重新登录；若再次失败，请联系管理员（原因见审计日志）。",
		"The single sign-on did not succeed. "+
			"Sign in again; if it fails again, ask an admin: the reason stands in the audit log.")
	if none := (*guard.NoRole)(nil); errors.As(why, &none) {
		f.Wrong = p.T("您已通过单点登录，身份为 "+none.Name+"，但在这里没有角色。请管理员为您分配角色（原因见审计日志）。",
			"You are signed in at your organisation as "+none.Name+", but you have no role here. "+
				"Ask an admin to assign you one; the reason stands in the audit log.")
	}
	c.visitor(w, r, p)
	return render(w, r, http.StatusForbidden, loginPage(p, f, "/", false, true))
}

func (c *Console) oidcReturn(w http.ResponseWriter, r *http.Request, p *page) error {
	cookie, err := r.Cookie(oidcCookie)
	if c.cfg.OIDC == nil || err != nil {
		return c.seeOther(w, r, "/login", "")
	}
	c.setCookie(w, r, oidcCookie, "", forgetCookie)
	who, err := c.cfg.OIDC.Finish(r.Context(), cookie.Value, r.URL.Query())
	if errors.Is(err, guard.ErrDenied) {
		return c.refusedOIDC(w, r, p, err)
	}
	if err != nil {
		return err
	}
	secret, _, err := c.cfg.Guard.Sessions.BeginOIDC(r.Context(), who, c.cfg.Remote(r), r.UserAgent())
	if err != nil {
		return err
	}
	c.setCookie(w, r, sessionCookie, secret, browserCookie)
	return c.seeOther(w, r, "/", "")
}
