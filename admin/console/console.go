// Package console is the staff's web pages: server-rendered, Chinese first and English by switch, usable
// without a script. What can be seen and done is package desk's; here it is put into words and forms.
package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/bounded"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/words"
)

//go:embed assets
var assets embed.FS

// Config is what a Console is made of.
type Config struct {
	Desk  *desk.Desk
	Guard *guard.Guard
	// Keys seal the secrets that were typed into a form until it is sent again; nil is a key of this process,
	// which does where there is one node.
	Keys   *guard.Keyring
	OIDC   *guard.OIDC    // sign-in at an issuer; nil is none
	Alerts *alert.Watcher // nil is none
	// PublicURL is the address that platforms push to, shown on the handover pages; empty where the operator
	// has not said.
	PublicURL string
	LinePort  string                     // where lines are served; on the sheet for a car park
	Secure    bool                       // the console is reached by HTTPS though we speak HTTP: a proxy in front
	Remote    func(*http.Request) string // who asks, behind trusted proxies; nil is the connection's address
	Version   string
}

// Console serves the pages. It is safe for concurrent use.
type Console struct {
	cfg   Config
	desk  *desk.Desk
	words words.Catalogue
	names map[string]words.Text // of platforms
	mux   *http.ServeMux

	patterns []string // of what is answered, with their methods

	memory  memory
	drafts  memory                  // forms of those whose session was over
	looks   *limit.Rate[netip.Addr] // at partners' links, by network
	counter counter
	whole   http.Handler  // all of it, packed
	hears   sync.Once     // has asked the server to be notified when it stops
	leaving chan struct{} // closed when it does: live charts end then
}

// Limits of what is posted.
const (
	maxForm   = 1 << 20
	maxImport = bounded.MostDocument + 64<<10 // and the form around it
)

// New makes a Console.
func New(cfg Config) *Console {
	c := &Console{cfg: cfg, desk: cfg.Desk, words: words.NewCatalogue(), names: make(map[string]words.Text),
		mux: http.NewServeMux(), looks: limit.NewRate[netip.Addr](looksPerS), leaving: make(chan struct{})}
	for _, info := range cfg.Desk.Platforms() {
		c.names[info.ID] = words.Text{ZH: info.Title, EN: info.English}
	}
	if c.cfg.Remote == nil {
		c.cfg.Remote = remoteHost
	}
	if c.cfg.Keys == nil {
		c.cfg.Keys = ownKey()
	}
	c.routes()
	c.whole = packed(desk.Veil(http.HandlerFunc(c.serveAll))) // masked before it is packed
	return c
}

// ownKey makes a key that lives as long as this process.
func ownKey() *guard.Keyring {
	var key [32]byte
	rand.Read(key[:]) // never fails, by its documentation
	keys, err := guard.ParseKeyring(base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	return keys
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// handler answers one request; an error is shown as a page.
type handler func(w http.ResponseWriter, r *http.Request, p *page) error

func (c *Console) routes() {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // the folder is embedded
	}
	c.mux.Handle("GET /assets/", http.StripPrefix("/assets/", cached(http.FileServerFS(files))))
	c.accountRoutes()
	c.chargeRoutes()
	c.lotRoutes()
	c.estateRoutes()
	c.bindingRoutes()
	c.viewRoutes()
	c.deskRoutes()
	c.incidentRoutes()
	c.setupRoutes()
	c.partnerRoutes()
	c.accessRoutes()
}

// Pages lists the patterns of everything that can be looked at ("/charges/{id}"), for those who measure or test
// each of them. What answers there may also be a file or a stream.
func Pages() []string {
	var pages []string
	for _, pattern := range Routes() {
		if path, is := strings.CutPrefix(pattern, "GET "); is {
			pages = append(pages, path)
		}
	}
	return pages
}

// Routes lists the patterns of all that the console answers, with their methods ("POST /charges/{id}/{verb}").
func Routes() []string {
	c := &Console{mux: http.NewServeMux()}
	c.routes()
	return c.patterns
}

// handle registers a handler.
func (c *Console) handle(pattern string, h http.HandlerFunc) {
	c.patterns = append(c.patterns, pattern)
	c.mux.HandleFunc(pattern, h)
}

// cached lets browsers keep the embedded files of this build; their address carries its version.
func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// No file has a name that is not text; to http.FileServerFS such a name is a fault of the server.
		if strings.HasSuffix(r.URL.Path, "/") || r.URL.Path == "" || !utf8.ValidString(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=86400")
		next.ServeHTTP(w, r)
	})
}

// open registers a page that anybody may see: set-up and sign-in.
func (c *Console) open(pattern string, h handler) {
	c.handle(pattern, func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, c.page(r), h) })
}

// signed registers a page for those who are signed in with a role or a higher one.
func (c *Console) signed(least guard.Role, pattern string, h handler) {
	c.handle(pattern, func(w http.ResponseWriter, r *http.Request) {
		p := c.page(r)
		switch {
		case p.Who.Role == "":
			if r.Method == http.MethodPost && p.failure == nil {
				c.keepDraft(w, r, p.Now)
			}
			c.sendToLogin(w, r, p)
		case !desk.Allows(p.Who.Role, least):
			c.serve(w, r, p, func(http.ResponseWriter, *http.Request, *page) error {
				return desk.Fail(desk.Forbidden, "this needs the role "+string(least))
			})
		default:
			if !p.HTMX && r.Method == http.MethodGet {
				p.Waiting = c.waiting(r.Context(), p.Now)
			}
			c.serve(w, r, p, h)
		}
	})
}

// serve checks a form's token, then has the handler answer.
func (c *Console) serve(w http.ResponseWriter, r *http.Request, p *page, h handler) {
	if p.failure != nil {
		c.fail(w, r, p, p.failure)
		return
	}
	if p.Notice != "" {
		c.setCookie(w, r, noticeCookie, "", forgetCookie)
	}
	if r.Method == http.MethodPost {
		if err := c.checkForm(w, r, p); err != nil {
			c.fail(w, r, p, err)
			return
		}
	}
	if err := h(w, r, p); err != nil {
		c.fail(w, r, p, err)
	}
}

// checkForm reads a posted form and proves that it is one of ours.
func (c *Console) checkForm(w http.ResponseWriter, r *http.Request, p *page) error {
	limit := int64(maxForm)
	if strings.HasPrefix(r.URL.Path, "/estate/import") {
		limit = maxImport
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	err := r.ParseMultipartForm(limit)
	if errors.Is(err, http.ErrNotMultipart) {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errTooLarge
	case err != nil:
		return desk.Fail(desk.Invalid, "the form cannot be read")
	case !c.cfg.Guard.Sessions.CheckCSRF(p.secret, unmaskToken(r.PostForm.Get("csrf"))):
		return errForm
	}
	return checkLengths(r.PostForm)
}

// Fields that hold documents; every other field is a line, or a few of them.
var documents = []string{"text", "packed", "push", "kept", "csv"}

// mostLine is what a field may hold, in characters, where mostOf does not say less.
const mostLine = 4000

// mostOf is what fields that are kept may hold, in characters; pages and the server take it from here.
var mostOf = map[string]int{"reason": desk.MostReason, "note": desk.MostReason, "how": 100, "owner": 64, "name": 500}

// checkLengths refuses what no page of ours sends: a browser can be made to send more than a field takes.
func checkLengths(form url.Values) error {
	for name, values := range form {
		if slices.Contains(documents, name) {
			continue
		}
		most := cmp.Or(mostOf[name], mostLine)
		for _, v := range values {
			if utf8.RuneCountInString(v) > most {
				return desk.Fail(desk.Invalid, "too long",
					desk.FieldError{Where: name, Detail: fmt.Sprintf("%s takes %d characters at most", name, most),
						Chinese: fmt.Sprintf("%s 最多 %d 个字符", name, most)})
			}
			if strings.ContainsFunc(v, func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }) {
				return desk.Fail(desk.Invalid, "a character that turns text round", desk.FieldError{Where: name,
					Detail:  name + " holds a character that turns the direction of text; take it out",
					Chinese: name + " 含有改变文字方向的字符，请去掉"})
			}
		}
	}
	return nil
}

var (
	errForm     = errors.New("the form's token is missing or old")
	errTooLarge = errors.New("what was sent is too large")
)

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.whole.ServeHTTP(w, r) }

func (c *Console) serveAll(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	if lang := r.URL.Query().Get("lang"); lang != "" && r.Method == http.MethodGet {
		c.switchLanguage(w, r, lang)
		return
	}
	if _, pattern := c.mux.Handler(r); pattern != "" {
		c.mux.ServeHTTP(w, r)
		return
	}
	c.noPage(w, r)
}

// switchLanguage remembers the language and shows the same page in it.
func (c *Console) switchLanguage(w http.ResponseWriter, r *http.Request, lang string) {
	c.setCookie(w, r, langCookie, string(language(lang)), languageAge)
	q := r.URL.Query()
	q.Del("lang")
	target := localPath(r.URL.Path)
	if len(q) > 0 {
		target += "?" + q.Encode()
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

func (c *Console) secure(r *http.Request) bool { return c.cfg.Secure || r.TLS != nil }

// render writes a page.
func render(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	return page.Render(r.Context(), w)
}

// fail shows what went wrong, in a few kinds; what is internal is for the log alone.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, p *page, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return
	}
	status, title, text := http.StatusInternalServerError, p.T("系统出错了", "Something failed"),
		p.T("网关内部出错，详情在日志里。请稍后再试。", "Something failed inside the gateway; its log says what. Try again in a while.")
	var known *desk.Error
	switch {
	case errors.Is(err, errForm):
		status, title = http.StatusForbidden, p.T("表单已失效", "The form is too old")
		text = p.T("请返回上一页，刷新后重新提交。", "Go back, reload the page, and send it again.")
	case errors.Is(err, errTooLarge):
		status, title = http.StatusRequestEntityTooLarge, p.T("内容过大", "Too large")
		text = p.T("请减小后再提交。", "Send less in one go.")
	case errors.As(err, &known):
		status, title, text = knownFailure(p, known)
	case errors.Is(err, flow.ErrBusy):
		c.desk.Failed(r.Context(), err)
		w.Header().Set("Retry-After", "5")
		status, title = http.StatusServiceUnavailable, p.T("数据库暂时不可用", "The database is unavailable")
		text = p.T("网关正在等待数据库恢复，恢复后刷新本页即可。若刚提交了操作，请先查看它是否已生效，再决定是否重做。",
			"The gateway waits for its database; reload this page once it is back. "+
				"If you have just sent something, look whether it was done before you send it again.")
	default:
		c.desk.Failed(r.Context(), err)
	}
	if err := render(w, r, status, failurePage(p, status, title, text)); err != nil {
		c.desk.Failed(r.Context(), err)
	}
}

func knownFailure(p *page, e *desk.Error) (status int, title, text string) {
	text = e.Detail
	switch e.Kind {
	case desk.NotFound:
		return http.StatusNotFound, p.T("没有找到", "Not found"),
			p.T("没有这条记录，或者它已被清理。", "This does not exist, or it was cleaned up.")
	case desk.Unauthorized:
		return http.StatusUnauthorized, p.T("请先登录", "Sign in first"), text
	case desk.Forbidden:
		return http.StatusForbidden, p.T("权限不足", "Not allowed"),
			p.T("您的角色不能这样做，请联系管理员。", "Your role does not allow this; ask an admin.")
	case desk.Conflict:
		return http.StatusConflict, p.T("现在不能这样做", "This cannot be done now"),
			p.T(cmp.Or(e.Chinese, e.Detail), e.Detail)
	}
	for _, f := range e.Fields {
		text = p.T(f.Chinese, f.Detail)
	}
	return http.StatusUnprocessableEntity, p.T("无法使用所填内容", "This cannot be used"), text
}

// noPage answers for addresses and methods that there are not.
func (c *Console) noPage(w http.ResponseWriter, r *http.Request) {
	p := c.page(r)
	if p.Who.Role == "" && p.failure == nil {
		c.sendToLogin(w, r, p)
		return
	}
	if takes := c.methods(r); len(takes) > 0 {
		w.Header().Set("Allow", strings.Join(takes, ", "))
		text := p.T("这个地址只接受 ", "This address takes ") + strings.Join(takes, ", ") + p.T("。", " only.")
		if err := render(w, r, http.StatusMethodNotAllowed,
			failurePage(p, http.StatusMethodNotAllowed, p.T("不支持的请求方法", "Method not allowed"), text)); err != nil {
			c.desk.Failed(r.Context(), err)
		}
		return
	}
	c.fail(w, r, p, desk.Fail(desk.NotFound, "there is no such page"))
}

// methods are what an address takes, where it is one of ours.
func (c *Console) methods(r *http.Request) []string {
	var takes []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		asked := r.Clone(r.Context())
		asked.Method = m
		if _, pattern := c.mux.Handler(asked); pattern != "" && m != r.Method {
			takes = append(takes, m)
		}
	}
	return takes
}

// localPath keeps a way back inside the console: a path, never another site.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, "/") ||
		strings.ContainsFunc(u.Path, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }) {
		return "/"
	}
	clean := url.URL{Path: "/" + strings.TrimLeft(u.Path, "/"), RawQuery: u.Query().Encode()}
	return clean.String()
}

// day is the length of a day in Shanghai, which has no summer time.
const day = 24 * time.Hour
