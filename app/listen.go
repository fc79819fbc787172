package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
)

// Limits of HTTP connections. Pushes are small; a slow reader of a long poll is served up to 30 s.
const (
	headerWithin = 10 * time.Second
	bodyWithin   = 30 * time.Second
	answerWithin = 60 * time.Second
	idleFor      = 120 * time.Second
	headerBytes  = 16 << 10
)

// listeners are what a server listens on.
type listeners struct {
	public, lines []net.Listener
	admin, health net.Listener // health is nil where health.addr is empty
}

// openListeners opens every listener, or none.
func (a *App) openListeners(ctx context.Context) (open listeners, err error) {
	var cert *certificate
	if a.cfg.TLS.Cert != "" || a.cfg.TLS.Key != "" {
		if cert, err = loadCertificate(a.cfg.TLS, a.logger); err != nil {
			return open, configError("tls: %w", err)
		}
	}
	var all []net.Listener
	listen := func(addr string) net.Listener {
		if err != nil {
			return nil
		}
		l, listenErr := listening.Listen(ctx, "tcp", addr)
		if listenErr != nil {
			err = fmt.Errorf("listening on %s: %w", addr, listenErr)
			return nil
		}
		all = append(all, l)
		return l
	}
	public, lines := listen(a.cfg.HTTP.Addr), listen(a.cfg.Line.Addr)
	open.admin = listen(a.cfg.Admin.Addr)
	if a.cfg.Health.Addr != "" {
		open.health = listen(a.cfg.Health.Addr)
	}
	var https, sealed net.Listener
	if cert != nil {
		https, sealed = listen(a.cfg.TLS.Addr), listen(a.cfg.Line.TLSAddr)
	}
	if err != nil {
		for _, l := range all {
			l.Close()
		}
		return open, err
	}
	a.addresses = Addresses{HTTP: shown(public), Admin: shown(open.admin), Line: shown(lines)}
	bound := a.bounds()
	open.admin = bound.staff(open.admin)
	open.public = []net.Listener{a.proxied(bound.public(public), a.cfg.HTTP.ProxyProtocol)}
	open.lines = []net.Listener{a.proxied(bound.line(lines), a.cfg.Line.ProxyProtocol)}
	if open.health != nil {
		a.addresses.Health = shown(open.health)
		open.health = bound.health(open.health)
	}
	if a.cert = cert; cert != nil {
		a.addresses.HTTPS, a.addresses.LineTLS = shown(https), shown(sealed)
		open.public = append(open.public,
			tls.NewListener(a.proxied(bound.public(https), a.cfg.HTTP.ProxyProtocol), cert.config()))
		open.lines = append(open.lines,
			tls.NewListener(a.proxied(bound.line(sealed), a.cfg.Line.ProxyProtocol), cert.config()))
	}
	return open, nil
}

// servePublic serves platforms and lots. At the stop, held polls end first: nothing may come for them for long.
func (a *App) servePublic(public []net.Listener) {
	var servers []*http.Server
	for _, l := range public {
		servers = append(servers, a.serve(l, &a.public))
	}
	a.onStop(0.35, func(ctx context.Context) {
		a.line.EndPolls()
		var ended sync.WaitGroup
		for _, srv := range servers {
			ended.Go(func() { shut(ctx, srv) })
		}
		ended.Wait()
	})
}

// serveStaff serves the admin listener.
func (a *App) serveStaff(l net.Listener) {
	srv := a.serve(l, a.admin)
	a.onStop(0.95, func(ctx context.Context) { shut(ctx, srv) })
}

// serveHealth serves balancers until everything else has stopped, so that /readyz says "stopping" all the while.
func (a *App) serveHealth(l net.Listener) {
	if l == nil {
		return
	}
	srv := a.serve(l, a.health)
	a.onStop(0.95, func(ctx context.Context) { shut(ctx, srv) })
}

// serve serves one HTTP listener until its server is shut.
func (a *App) serve(l net.Listener, h http.Handler) *http.Server {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: headerWithin, ReadTimeout: bodyWithin, WriteTimeout: answerWithin,
		IdleTimeout: idleFor, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelDebug)}
	a.serving.Go(func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.fatal <- err
		}
	})
	return srv
}

// shut lets a server answer what it has been asked until ctx ends.
func shut(ctx context.Context, srv *http.Server) {
	if srv.Shutdown(ctx) != nil {
		srv.Close()
	}
}

func (a *App) serveLines(lines []net.Listener) {
	for _, l := range lines {
		a.serving.Go(func() {
			if err := a.line.Serve(l); err != nil {
				a.fatal <- err
			}
		})
	}
}

// listenLocal opens the 0600 socket in the data folder: a user who may read the data may command the server.
func (a *App) listenLocal() error {
	path := filepath.Join(a.cfg.Data, client.SocketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("opening the local socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return err
	}
	srv := a.serve(l, a.local)
	a.onStop(0.95, func(ctx context.Context) { shut(ctx, srv) })
	return nil
}
