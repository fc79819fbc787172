package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin"
	"github.com/chargestamp/chargestamp/admin/client"
	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/intake"
	"github.com/chargestamp/chargestamp/store"
)

// secretsKeyName is the file of the key that seals stored secrets, in the data folder.
const secretsKeyName = "secrets.key"

// Version is the gateway's version, set by the linker.
var Version = "dev"

func (a *App) openGuard(ctx context.Context) error {
	file := a.cfg.SecretsKeyFile
	if file == "" {
		file = filepath.Join(a.cfg.Data, secretsKeyName)
	}
	keys, err := guard.OpenKeyring(a.cfg.SecretsKey, file)
	if err != nil {
		return err
	}
	a.keyring = keys
	if keys.Shared() {
		a.logger.Warn("the secrets key can be read by the group of its file; mode 0600 is safer where nothing needs more")
	}
	a.guard, err = guard.Open(ctx, guard.Config{Docs: a.store, Audits: audits{a.store}, Keys: keys, Now: a.clock.Now,
		AdminToken: charge.Secret(a.cfg.AdminToken)})
	return err
}

// audits shows the store's audit rows to guard.
type audits struct{ *store.Store }

// AuditPage returns rows numbered below before, newest first.
func (s audits) AuditPage(ctx context.Context, before int64, limit int,
	fn func(seq int64, entry, hash []byte) error) error {
	page, err := s.Store.AuditPage(ctx, before, limit)
	return eachRow(page, err, fn)
}

// AuditBeginnings returns them with the first bytes of their entries.
func (s audits) AuditBeginnings(ctx context.Context, before int64, limit, bytes int,
	fn func(seq int64, entry, hash []byte) error) error {
	page, err := s.Store.AuditBeginnings(ctx, before, limit, bytes)
	return eachRow(page, err, fn)
}

func eachRow(page []store.AuditRow, err error, fn func(seq int64, entry, hash []byte) error) error {
	if err != nil {
		return err
	}
	for _, r := range page {
		if err := fn(r.Seq, r.Entry, r.Hash); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) makeAdmin() error {
	var infos []platform.Info
	for _, d := range a.dialects {
		infos = append(infos, d.Info())
	}
	oidc, err := a.makeOIDC()
	if err != nil {
		return err
	}
	srv, err := admin.New(admin.Config{
		Desk: desk.Config{Reads: reads{a.store}, Story: a.flow, Estate: a.book, Guard: a.guard, Doctor: pushDoctor{a},
			Platforms: infos,
			Now:       a.clock.Now, Log: a.logger, Pulse: a.metrics.pulse, Bounds: a.pushBounds, KeyUses: a.keyUses,
			Tester: tester{a}, Strays: a, Docs: a.store, Webhooks: posts{a}},
		Version: Version, Metrics: a.metrics.handler(), Ready: a.ready,
		Keys: a.keyring, OIDC: oidc, Alerts: a.alerts, PublicURL: a.cfg.HTTP.URL, LinePort: a.cfg.linePort(),
		AdminURL: a.cfg.Admin.URL,
		Remote:   func(r *http.Request) string { return intake.ClientAddr(r, *a.proxies.Load()).String() },
	})
	if err != nil {
		return err
	}
	a.admin, a.local, a.health = srv, a.withLocal(srv.Local()), srv.Health()
	return nil
}

// settings are those of the sign-in.
func (c OIDCConfig) settings() guard.OIDCConfig {
	roles := map[string]guard.Role{}
	for value, role := range c.Roles {
		roles[value] = guard.Role(role)
	}
	return guard.OIDCConfig{Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: charge.Secret(c.ClientSecret),
		RedirectURL: c.RedirectURL, NameClaim: c.NameClaim, RoleClaim: c.RoleClaim, Scopes: c.Scopes, Roles: roles}
}

// check refuses a sign-in that could let no user in.
func (c OIDCConfig) check() error {
	if c.Issuer == "" {
		return nil // off
	}
	var faults []error
	for _, fault := range Faults(c.settings().Check()) {
		faults = append(faults, &ConfigError{fault})
	}
	return errors.Join(faults...)
}

// makeOIDC prepares the sign-in at an issuer; nil where none is configured.
func (a *App) makeOIDC() (*guard.OIDC, error) {
	c := a.cfg.OIDC
	if c.Issuer == "" {
		return nil, nil
	}
	o, err := guard.NewOIDC(c.settings(), a.keyring, &http.Client{Timeout: reporting}, time.Now)
	if err != nil {
		return nil, &ConfigError{err}
	}
	return o, nil
}

// reads shows the store to staff.
type reads struct{ *store.Store }

// Push finds one push.
func (r reads) Push(ctx context.Context, id int64) (p *charge.Push, err error) {
	err = r.Read(ctx, func(tx *store.Tx) error {
		p, err = tx.Push(id)
		return err
	})
	return p, err
}

// ready reports whether the server can take pushes: it is not being stopped, and stores a row all the way to the disk.
func (a *App) ready(ctx context.Context) error {
	if a.leaving.Load() {
		return errStopped
	}
	return a.readiness.ask(func() error {
		ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), readyWithin)
		defer stop()
		return a.store.BeatNode(ctx, a.cfg.Node, a.clock.Now())
	})
}

const (
	readyFor    = time.Second     // one answer serves all who ask within it
	readyWithin = 5 * time.Second // the disk has so long
)

// readiness keeps the last answer: all who reach the listener may ask, and must not make the disk work by it.
type readiness struct {
	mu  sync.Mutex
	at  time.Time // of the answer
	err error
}

// ask returns the last answer where it is new, else what look finds. Who asks meanwhile waits for the same.
func (r *readiness) ask(look func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || time.Since(r.at) >= readyFor {
		r.err = look()
		r.at = time.Now()
	}
	return r.err
}

// SetupLink is the one-time link under which the first admin is made; empty once a user exists.
func (a *App) SetupLink() string {
	token := a.guard.Setup.Token()
	if token == "" {
		return ""
	}
	return "http://" + a.addresses.Admin + "/setup?token=" + token
}

// OfferSetup prints the one-time link under which the first admin is made: on a terminal, else into
// setup-link in the data folder with mode 0600. It does nothing once a user exists.
func (a *App) OfferSetup(ctx context.Context, w io.Writer, terminal bool) error {
	link := a.SetupLink()
	file := filepath.Join(a.cfg.Data, "setup-link")
	if link == "" {
		os.Remove(file)
		return nil
	}
	if terminal {
		fmt.Fprintf(w, "First start: make the first admin at\n  %s\n", link)
		return nil
	}
	if err := os.WriteFile(file, []byte(link+"\n"), 0o600); err != nil {
		return err
	}
	a.guard.Setup.Then(func() { os.Remove(file) })
	a.logger.InfoContext(ctx, "first start: the link under which the first admin is made is in the file", "file", file)
	return nil
}

// WithData opens the data of a server that is not running, serves its local socket for as long as fn runs,
// and closes it again: the way of commands that change users and tokens.
func WithData(ctx context.Context, cfg Config, fn func(socket string) error) error {
	if _, err := os.Stat(cfg.Data); err != nil {
		return fmt.Errorf("there is no data folder %s: %w", cfg.Data, err)
	}
	cfg.Log.Level = "error"
	a, err := New(ctx, cfg)
	if err != nil {
		return err
	}
	defer a.Stop(5 * time.Second)
	if err := a.listenLocal(); err != nil {
		return err
	}
	return fn(filepath.Join(cfg.Data, client.SocketName))
}
