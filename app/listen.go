package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Limits of HTTP connections. Pushes are small; a slow reader of a long poll is served up to 30 s.
const (
	headerWithin = 10 * time.Second
	bodyWithin   = 30 * time.Second
	answerWithin = 60 * time.Second
	idleFor      = 120 * time.Second
	headerBytes  = 16 << 10
)

// listen opens every listener, or none.
func (a *App) listen(ctx context.Context) error {
	var cert *certificate
	if a.cfg.TLS.Cert != "" || a.cfg.TLS.Key != "" {
		var err error
		if cert, err = loadCertificate(a.cfg.TLS, a.logger); err != nil {
			return configError("tls: %w", err)
		}
	}
	open := func(addr string) (net.Listener, error) {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", addr, err)
		}
		return l, nil
	}
	public, err := open(a.cfg.HTTP.Addr)
	if err != nil {
		return err
	}
	a.serve(public, a.intake)
	admin, err := open(a.cfg.Admin.Addr)
	if err != nil {
		return err
	}
	a.serve(admin, a.admin)
	lines, err := open(a.cfg.Line.Addr)
	if err != nil {
		return err
	}
	a.serveLines(lines)
	a.addresses = Addresses{HTTP: shown(public), Admin: shown(admin), Line: shown(lines)}
	if cert != nil {
		secure, err := open(a.cfg.TLS.Addr)
		if err != nil {
			return err
		}
		a.serve(tls.NewListener(secure, cert.config()), a.intake)
		sealed, err := open(a.cfg.Line.TLSAddr)
		if err != nil {
			return err
		}
		a.serveLines(tls.NewListener(sealed, cert.config()))
		a.addresses.HTTPS, a.addresses.LineTLS = shown(secure), shown(sealed)
	}
	a.onStop(func(ctx context.Context) {
		if err := a.line.Shutdown(ctx); err != nil {
			a.logger.Warn("lines were cut before they were quiet", "error", err)
		}
	})
	return a.listenLocal()
}

func (a *App) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: headerWithin, ReadTimeout: bodyWithin, WriteTimeout: answerWithin,
		IdleTimeout: idleFor, MaxHeaderBytes: headerBytes, ErrorLog: quietLog(a.logger)}
	a.background.Go(func() {
		if err := srv.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			a.fatal <- err
		}
	})
	a.shutdown(srv)
}

// shutdown ends a server when the app stops: before the background is waited for.
func (a *App) shutdown(srv *http.Server) { a.servers = append(a.servers, srv) }

func (a *App) serveLines(l net.Listener) {
	a.background.Go(func() {
		if err := a.line.Serve(l); err != nil {
			a.fatal <- err
		}
	})
}

// socketName is where commands on this machine reach the server without a token.
const socketName = "admin.sock"

// listenLocal opens the 0600 socket in the data folder: whoever may read the data may command the server.
func (a *App) listenLocal() error {
	path := filepath.Join(a.cfg.Data, socketName)
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
	a.serve(l, a.local)
	return nil
}
