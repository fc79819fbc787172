package console

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/limit"
)

func (c *Console) partnerRoutes() {
	c.open("GET /p/{token}", c.partner)
	c.signed(guard.RoleSupport, "POST /pushes/{id}/share", c.sharePush)
	c.signed(guard.RoleSupport, "POST /bindings/{account}/{union}/{park}/share", c.shareBinding)
	c.signed(guard.RoleSupport, "POST /shares/{id}/revoke", c.revokeShare)
}

// partner shows one push, or one binding, to the holder of a link: a platform's engineer, who has no sign-in.
func (c *Console) partner(w http.ResponseWriter, r *http.Request, p *page) error {
	h := w.Header()
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "no-referrer")
	p.Who = guard.Identity{Name: "link", Role: guard.RoleViewer, Kind: "link"}
	desk.LowerVeil(r.Context(), p.Who)
	if !c.looks.Allow(networkOf(c.cfg.Remote(r)), p.Now) {
		h.Set("Retry-After", "1")
		http.Error(w, p.T("请求过多，请稍后再试。", "Too many requests. Try again in a while."), http.StatusTooManyRequests)
		return nil
	}
	seen, err := c.desk.Shared(r.Context(), r.PathValue("token"), c.cfg.Remote(r))
	if desk.KindOf(err) == desk.NotFound {
		return render(w, r, http.StatusNotFound, partnerOver(p))
	}
	if err != nil {
		return err
	}
	if seen.Push != nil {
		return render(w, r, http.StatusOK, partnerPush(p, seen))
	}
	v, err := c.bindingOf(seen.Account, seen.Lot)
	if err != nil {
		return err
	}
	v.Addresses, v.Handover = c.handover(p, v)
	return render(w, r, http.StatusOK, partnerBinding(p, v, seen))
}

// looksPerS is how many looks of one network at links are answered in a second: each has the doctor at work.
const looksPerS = 5

// networkOf is what looks are counted by; the zero address where it is not known who asks.
func networkOf(remote string) netip.Addr {
	at, err := netip.ParseAddr(remote)
	if err != nil {
		return netip.Addr{}
	}
	return limit.Network(at)
}

// sharePush makes a link to a push.
func (c *Console) sharePush(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	return c.share(w, r, p, desk.SharedThing{Push: id})
}

// shareBinding makes a link to a binding.
func (c *Console) shareBinding(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathLot(r)
	if err != nil {
		return err
	}
	return c.share(w, r, p, desk.SharedThing{Account: r.PathValue("account"), Lot: id})
}

func (c *Console) share(w http.ResponseWriter, r *http.Request, p *page, thing desk.SharedThing) error {
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	if err != nil {
		days = 0
	}
	token, err := c.desk.Share(r.Context(), p.Who, thing, time.Duration(days)*day)
	if err != nil {
		return err
	}
	return c.seeOther(w, r, sharedLink(thing)+"?"+c.shownAfter(p, "shared", newLink("/p/"+token))+"#share", "")
}

// sharedLink leads to the page of what a link shows.
func sharedLink(thing desk.SharedThing) string {
	if thing.Push != 0 {
		return "/pushes/" + ID(thing.Push)
	}
	return "/bindings/" + url.PathEscape(thing.Account) + "/" + thing.Lot.String()
}

// newLink is the path of a link that was just made.
type newLink string

func (c *Console) revokeShare(w http.ResponseWriter, r *http.Request, p *page) error {
	thing, err := c.desk.RevokeShare(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.seeOther(w, r, sharedLink(thing), "revoked")
}

// sharing is what a page shows of its links.
type sharing struct {
	Thing desk.SharedThing
	Link  string // that was just made, whole
	List  []desk.Share
}

func (c *Console) sharing(r *http.Request, p *page, thing desk.SharedThing) (sharing, error) {
	s := sharing{Thing: thing}
	if !p.Support() {
		return s, nil
	}
	if link, found := recall[newLink](&c.memory, p.secret, r.URL.Query().Get("shared"), p.Now); found {
		base := "http://" + r.Host
		if c.secure(r) {
			base = "https://" + r.Host
		}
		s.Link = strings.TrimSuffix(base, "/") + string(link)
	}
	var err error
	s.List, err = c.desk.Shares(r.Context(), thing)
	return s, err
}
