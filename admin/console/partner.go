package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/guard"
)

func (c *Console) partnerRoutes() {
	c.open("GET /p/{token}", c.partner)
	c.signed(guard.RoleSupport, "POST /pushes/{id}/share", c.sharePush)
	c.signed(guard.RoleSupport, "POST /shares/{id}/revoke", c.revokeShare)
}

// partner shows one push to the holder of a link: a platform's engineer, who has no sign-in.
func (c *Console) partner(w http.ResponseWriter, r *http.Request, p *page) error {
	h := w.Header()
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "no-referrer")
	p.Who = guard.Identity{Name: "link", Role: guard.RoleViewer, Kind: "link"}
	push, finding, share, err := c.desk.SharedPush(r.Context(), r.PathValue("token"), c.cfg.Remote(r))
	if desk.KindOf(err) == desk.NotFound {
		return render(w, r, http.StatusNotFound, partnerOver(p))
	}
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, partnerPage(p, push, finding, share))
}

// sharePush makes a link to a push.
func (c *Console) sharePush(w http.ResponseWriter, r *http.Request, p *page) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(r.PostForm.Get("days"))
	if err != nil {
		days = 0
	}
	token, err := c.desk.SharePush(r.Context(), p.Who, id, time.Duration(days)*day)
	if err != nil {
		return err
	}
	return c.seeOther(w, r, "/pushes/"+ID(id)+"?"+c.shownAfter(p, "shared", newLink("/p/"+token))+"#share", "")
}

// newLink is the path of a link that was just made.
type newLink string

func (c *Console) revokeShare(w http.ResponseWriter, r *http.Request, p *page) error {
	push, err := c.desk.RevokeShare(r.Context(), p.Who, r.PathValue("id"))
	if err != nil {
		return err
	}
	return c.seeOther(w, r, "/pushes/"+ID(push), "revoked")
}

// sharing is what a push's page shows of its links.
type sharing struct {
	Link string // that was just made, whole
	List []desk.Share
}

func (c *Console) sharing(r *http.Request, p *page, push int64) (sharing, error) {
	if !p.Support() {
		return sharing{}, nil
	}
	var s sharing
	if link, found := recall[newLink](&c.memory, p.secret, r.URL.Query().Get("shared"), p.Now); found {
		base := "http://" + r.Host
		if c.secure(r) {
			base = "https://" + r.Host
		}
		s.Link = strings.TrimSuffix(base, "/") + string(link)
	}
	var err error
	s.List, err = c.desk.Shares(r.Context(), push)
	return s, err
}
