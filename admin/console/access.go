package console

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image/png"
	"net/http"
	"strings"

	"github.com/pquerna/otp"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
)

func (c *Console) accessRoutes() {
	c.signed(guard.RoleAdmin, "GET /access", c.access)
	c.signed(guard.RoleAdmin, "POST /access/users", c.createUser)
	c.signed(guard.RoleAdmin, "POST /access/users/{name}/{verb}", c.changeUser)
	c.signed(guard.RoleAdmin, "POST /access/tokens", c.createToken)
	c.signed(guard.RoleAdmin, "POST /access/tokens/{id}/revoke", c.revokeToken)
	c.signed(guard.RoleViewer, "GET /me", c.me)
	c.signed(guard.RoleViewer, "POST /me/password", c.setPassword)
	c.signed(guard.RoleViewer, "POST /me/totp", c.enrolTOTP)
	c.signed(guard.RoleViewer, "POST /me/totp/confirm", c.confirmTOTP)
	c.signed(guard.RoleViewer, "POST /me/totp/drop", c.dropTOTP)
	c.signed(guard.RoleViewer, "POST /me/sessions/{id}/revoke", c.revokeSession)
}

// accessView is who may come in.
type accessView struct {
	Users    []guard.User
	Tokens   []guard.Token
	Sessions []guard.Session
	User     form   // of a new user
	Token    form   // of a new token
	Secret   string // of the token that was just made, shown this once
}

func (c *Console) access(w http.ResponseWriter, r *http.Request, p *page) error {
	secret, _ := recall[newSecret](&c.memory, p.secret, r.URL.Query().Get("made"), p.Now)
	return c.showAccess(w, r, p, accessView{Secret: string(secret)})
}

// newSecret is a token that was just made.
type newSecret string

func (c *Console) showAccess(w http.ResponseWriter, r *http.Request, p *page, v accessView) error {
	var err error
	if v.Users, err = c.desk.Users(p.Who); err != nil {
		return err
	}
	if v.Tokens, err = c.desk.Tokens(p.Who); err != nil {
		return err
	}
	v.Sessions = c.desk.Sessions(p.Who)
	status := v.User.status()
	if v.User.ok() {
		status = v.Token.status()
	}
	return render(w, r, status, accessPage(p, v))
}

func (c *Console) createUser(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	_, err := c.desk.CreateUser(r.Context(), p.Who, strings.TrimSpace(f.Get("name")), charge.Secret(f.Get("password")),
		guard.Role(f.Get("role")))
	if err == nil {
		return c.seeOther(w, r, "/access", "done")
	}
	if err := fieldErrors(p, f, err); err != nil {
		return err
	}
	return c.showAccess(w, r, p, accessView{User: f})
}

func (c *Console) changeUser(w http.ResponseWriter, r *http.Request, p *page) error {
	name := r.PathValue("name")
	if name == p.Who.Name && p.Who.Kind == "user" && r.PathValue("verb") != "totp-off" {
		return desk.Fail(desk.Conflict,
			p.T("不能更改自己的角色或停用自己，请另一位管理员操作。", "You cannot change your own role or end your own access; ask another admin."))
	}
	var err error
	switch r.PathValue("verb") {
	case "revoke":
		err = c.desk.RevokeUser(r.Context(), p.Who, name)
	case "role":
		err = c.desk.SetRole(r.Context(), p.Who, name, guard.Role(r.PostForm.Get("role")))
	case "totp-off":
		err = c.desk.DropTOTP(r.Context(), p.Who, name)
	case "password":
		err = c.desk.ResetPassword(r.Context(), p.Who, name, charge.Secret(r.PostForm.Get("password")))
	default:
		err = desk.Fail(desk.NotFound, "no such action")
	}
	if err != nil {
		return err
	}
	return c.seeOther(w, r, "/access", "done")
}

func (c *Console) createToken(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	_, secret, err := c.desk.CreateToken(r.Context(), p.Who, strings.TrimSpace(f.Get("name")), guard.Role(f.Get("role")))
	if err != nil {
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
		return c.showAccess(w, r, p, accessView{Token: f})
	}
	return c.seeOther(w, r, "/access?"+c.shownAfter(p, "made", newSecret(secret)), "")
}

func (c *Console) revokeToken(w http.ResponseWriter, r *http.Request, p *page) error {
	if err := c.desk.RevokeToken(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return err
	}
	return c.seeOther(w, r, "/access", "revoked")
}

// meView is somebody's own page.
type meView struct {
	User     *guard.User // nil for those whom an issuer vouches for
	Sessions []guard.Session
	Current  string // id of this session
	Password form
	TOTP     form
	Picture  string // of a second factor that is being set up, as a data address
	Address  string // the same for typing
	Recovery []string
}

func (c *Console) me(w http.ResponseWriter, r *http.Request, p *page) error {
	codes, _ := recall[recoveryCodes](&c.memory, p.secret, r.URL.Query().Get("codes"), p.Now)
	return c.showMe(w, r, p, meView{Recovery: codes})
}

// recoveryCodes are codes that were just made.
type recoveryCodes []string

func (c *Console) showMe(w http.ResponseWriter, r *http.Request, p *page, v meView) error {
	if p.Who.Kind == "user" {
		for _, u := range c.cfg.Guard.Users.List() {
			if u.Name == p.Who.Name {
				v.User = &u
			}
		}
	}
	v.Sessions, v.Current = c.cfg.Guard.Sessions.List(p.Who), p.session.ID
	status := v.Password.status()
	if v.Password.ok() {
		status = v.TOTP.status()
	}
	return render(w, r, status, mePage(p, v))
}

// setPassword asks for the old password: a session that somebody left open is not enough.
func (c *Console) setPassword(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	if p.Who.Kind != "user" {
		return desk.Fail(desk.Conflict,
			p.T("您通过单点登录，密码不在这里。", "You sign in at your organisation; there is no password here."))
	}
	if err := c.provePassword(r, p, f, "old"); err != nil {
		return err
	}
	if f.Get("password") != f.Get("again") {
		f.bad("again", p.T("两次输入的密码不同", "the two passwords differ"))
	}
	if f.ok() {
		err := c.desk.SetPassword(r.Context(), p.Who, charge.Secret(f.Get("password")))
		if err == nil {
			c.setCookie(w, r, sessionCookie, "", forgetCookie)
			return c.seeOther(w, r, "/login", "password")
		}
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
	}
	return c.showMe(w, r, p, meView{Password: f})
}

// provePassword asks for the password of somebody who is signed in; what is wrong with it goes to a field of the form.
func (c *Console) provePassword(r *http.Request, p *page, f form, field string) error {
	err := c.cfg.Guard.Sessions.ProvePassword(r.Context(),
		guard.Login{Name: p.Who.Name, Password: charge.Secret(f.Get(field)), Remote: c.cfg.Remote(r)})
	var throttled *guard.Throttled
	switch {
	case errors.Is(err, guard.ErrLogin):
		f.bad(field, p.T("密码不正确", "the password is wrong"))
		return nil
	case errors.As(err, &throttled):
		f.bad(field, p.T("尝试次数过多，请等待 ", "too many tries; wait ")+p.Span(throttled.Wait))
		return nil
	}
	return err
}

func (c *Console) enrolTOTP(w http.ResponseWriter, r *http.Request, p *page) error {
	if p.Who.Kind != "user" {
		return desk.Fail(desk.Conflict,
			p.T("您通过单点登录，双因素由它负责。", "You sign in at your organisation, which has its own second factor."))
	}
	address, err := c.cfg.Guard.Users.EnrolTOTP(r.Context(), p.Who.Name)
	if err != nil {
		return desk.Wrap(err)
	}
	v := meView{Address: address}
	if v.Picture, err = picture(address); err != nil {
		return err
	}
	return c.showMe(w, r, p, v)
}

// picture draws an otpauth address for a phone's camera.
func picture(address string) (string, error) {
	key, err := otp.NewKeyFromURL(address)
	if err != nil {
		return "", err
	}
	img, err := key.Image(220, 220)
	if err != nil {
		return "", err
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

func (c *Console) confirmTOTP(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	codes, err := c.desk.ConfirmTOTP(r.Context(), p.Who, strings.TrimSpace(f.Get("code")))
	if err != nil {
		if err := fieldErrors(p, f, err); err != nil {
			return err
		}
		v := meView{TOTP: f, Address: f.Get("address")}
		if v.Picture, err = picture(v.Address); err != nil {
			return desk.Fail(desk.Invalid, "begin again")
		}
		return c.showMe(w, r, p, v)
	}
	// A second factor ends the sessions that were begun without it. This one has just proven it, and goes on.
	secret, _, err := c.cfg.Guard.Sessions.Continue(r.Context(), p.session)
	if err != nil {
		return err
	}
	c.setCookie(w, r, sessionCookie, secret, browserCookie)
	p.secret = secret
	return c.seeOther(w, r, "/me?"+c.shownAfter(p, "codes", recoveryCodes(codes)), "")
}

func (c *Console) dropTOTP(w http.ResponseWriter, r *http.Request, p *page) error {
	f := newForm(r)
	if err := c.provePassword(r, p, f, "off"); err != nil {
		return err
	}
	if !f.ok() {
		return c.showMe(w, r, p, meView{TOTP: f})
	}
	if err := c.desk.DropTOTP(r.Context(), p.Who, p.Who.Name); err != nil {
		return err
	}
	return c.seeOther(w, r, "/me", "done")
}

func (c *Console) revokeSession(w http.ResponseWriter, r *http.Request, p *page) error {
	if err := c.desk.RevokeSession(r.Context(), p.Who, r.PathValue("id")); err != nil {
		return err
	}
	if back := r.PostForm.Get("back"); back == "/access" && p.Admin() {
		return c.seeOther(w, r, "/access", "revoked")
	}
	return c.seeOther(w, r, "/me", "revoked")
}

func roleChoices(p *page) []choice {
	return []choice{{"viewer", p.T("只读：查看，车牌遮盖", "viewer: looks, plates masked")},
		{"support", p.T("客服：处理充电订单与车场", "support: acts on charges and lots")},
		{"admin", p.T("管理员：接入、用户与令牌", "admin: estate, users and tokens")}}
}

func lines(list []string) string { return strings.Join(list, "\n") }
