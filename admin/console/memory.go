package console

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
)

// memory keeps, for a few minutes, what a page shows after a form has led to it: the outcome of a test push, a new
// token, a form that was sent when its session was over. It is this process's own; what it has forgotten is done
// anyway.
type memory struct {
	mu   sync.Mutex
	kept map[string]keptThing
}

type keptThing struct {
	owner string
	from  string // the network that has sent it, where that is bounded
	value any
	until time.Time
}

const (
	keptFor  = 15 * time.Minute
	mostKept = 500

	mostDrafts = 100       // forms
	mostOfOne  = 10        // of them of one network
	mostDraft  = 256 << 10 // bytes of one
)

// put keeps a value for an owner and returns its key.
func (m *memory) put(owner string, value any, now time.Time) string {
	key := rand.Text()
	m.set(key, owner, value, now)
	return key
}

func (m *memory) set(key, owner string, value any, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roomLocked(mostKept, now)
	m.kept[key] = keptThing{owner: owner, value: value, until: now.Add(keptFor)}
}

// putDraft keeps a form under a key that is its owner too, and drops the oldest of its network where that has many.
func (m *memory) putDraft(from string, d draft, now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roomLocked(mostDrafts, now)
	n, oldest := 0, ""
	for old, thing := range m.kept {
		if thing.from != from {
			continue
		}
		if n++; oldest == "" || thing.until.Before(m.kept[oldest].until) {
			oldest = old
		}
	}
	if n >= mostOfOne {
		delete(m.kept, oldest)
	}
	key := rand.Text()
	m.kept[key] = keptThing{owner: key, from: from, value: d, until: now.Add(keptFor)}
	return key
}

// roomLocked drops what is old, and of as many as most some.
func (m *memory) roomLocked(most int, now time.Time) {
	if m.kept == nil {
		m.kept = make(map[string]keptThing)
	}
	for old, thing := range m.kept {
		if now.After(thing.until) || len(m.kept) >= most {
			delete(m.kept, old)
		}
	}
}

// recall finds what an owner has kept under a key.
func recall[T any](m *memory, owner, key string, now time.Time) (value T, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	thing, found := m.kept[key]
	if !found || thing.owner != owner || now.After(thing.until) {
		return value, false
	}
	value, found = thing.value.(T)
	return value, found
}

func (m *memory) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, key)
}

// shownAfter keeps what the next page shows, and returns the query that brings it there.
func (c *Console) shownAfter(p *page, name string, value any) string {
	return name + "=" + c.memory.put(p.secret, value, p.Now)
}

// once marks a form that must not be taken twice.
func once() string { return rand.Text() }

// draft is a form that was sent when its session was over.
type draft struct {
	path string // with its query
	form url.Values
}

const draftCookie = "cs_draft"

// keepDraft keeps a form that cannot be taken now, so that nothing typed is lost by signing in again. Whose browser
// has no session, not even one that is over, is a stranger: what is kept for others is not pushed out by him. Who
// invents a session is bounded by his network.
func (c *Console) keepDraft(w http.ResponseWriter, r *http.Request, now time.Time) {
	if _, err := r.Cookie(sessionCookie); err != nil {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostDraft)
	if strings.Contains(r.Header.Get("Content-Type"), "multipart/") || r.ParseForm() != nil || !drafted(r.URL.Path) {
		return
	}
	form := url.Values{}
	for name, values := range r.PostForm {
		if name != "csrf" {
			form[name] = values
		}
	}
	key := c.drafts.putDraft(networkOf(c.cfg.Remote(r)).String(), draft{r.URL.RequestURI(), form}, now)
	c.setCookie(w, r, draftCookie, key, int(keptFor/time.Second))
}

// drafted reports whether forms of a path are worth keeping: not those of signing in and out, and none with passwords.
func drafted(path string) bool {
	return !slices.Contains([]string{"/login", "/logout", "/setup", "/draft"}, path) && !strings.HasPrefix(path, "/me") &&
		!strings.HasPrefix(path, "/access")
}

// draftOf finds the form that waits for its sender.
func (c *Console) draftOf(r *http.Request, now time.Time) (draft, bool) {
	cookie, err := r.Cookie(draftCookie)
	if err != nil {
		return draft{}, false
	}
	return recall[draft](&c.drafts, cookie.Value, cookie.Value, now)
}

// sendDraft takes the form that waits as if it had been sent now.
func (c *Console) sendDraft(w http.ResponseWriter, r *http.Request, p *page) error {
	d, found := c.draftOf(r, p.Now)
	if !found {
		return desk.Fail(desk.NotFound, "the form is gone")
	}
	cookie, err := r.Cookie(draftCookie)
	if err != nil {
		return err
	}
	c.drafts.forget(cookie.Value)
	c.setCookie(w, r, draftCookie, "", forgetCookie)
	if r.PostForm.Get("drop") != "" {
		return c.seeOther(w, r, localPath(r.PostForm.Get("back")), "")
	}
	d.form.Set("csrf", r.PostForm.Get("csrf"))
	again := r.Clone(r.Context())
	if again.URL, err = url.Parse(d.path); err != nil {
		return err
	}
	body := d.form.Encode()
	again.Form, again.PostForm, again.MultipartForm = nil, nil, nil
	again.Body, again.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	again.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.mux.ServeHTTP(w, again)
	return nil
}
