// Package admin is the staff's listener: the JSON API, the console, the manual, metrics and health. What can be seen
// and done there is package desk's; api and console show it.
package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/chargestamp/chargestamp"
	"github.com/chargestamp/chargestamp/admin/api"
	"github.com/chargestamp/chargestamp/admin/console"
	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/admin/manual"
	"github.com/chargestamp/chargestamp/alert"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/limit"
)

// Config is what the admin listener serves.
type Config struct {
	Desk    desk.Config
	Version string
	Metrics http.Handler                // /metrics; nil serves none
	Ready   func(context.Context) error // /readyz; nil is always ready

	Keys      *guard.Keyring             // seals half-filled forms of the console
	OIDC      *guard.OIDC                // sign-in at an issuer; nil is none
	Alerts    *alert.Watcher             // nil is none
	PublicURL string                     // where platforms push to, shown on the console's handover pages
	LinePort  string                     // where lines are served, shown to car parks
	AdminURL  string                     // how browsers reach the console; empty: not known
	Remote    func(*http.Request) string // who asks, behind trusted proxies; nil is the connection's address
}

// Server is the admin listener's handler.
type Server struct {
	cfg     Config
	desk    *desk.Desk
	mux     *http.ServeMux // the API, metrics and health
	console http.Handler
	manual  http.Handler // docs/, for everybody who reaches the listener
	door    *doorkeeper
	veiled  http.Handler // mux
	unready limit.Noise  // log lines about not being ready
}

// New makes a Server.
func New(cfg Config) (*Server, error) {
	d := cfg.Desk
	if d.Reads == nil || d.Story == nil || d.Estate == nil || d.Guard == nil || d.Doctor == nil || d.Now == nil {
		return nil, errors.New("admin: Reads, Story, Estate, Guard, Doctor and Now must all be given")
	}
	s := &Server{cfg: cfg, desk: desk.New(d), mux: http.NewServeMux(), manual: manual.New(chargestamp.Pages)}
	s.veiled = desk.Veil(s.mux)
	api.New(s.mux, s.desk, cfg.Version)
	s.console = console.New(console.Config{Desk: s.desk, Guard: d.Guard, Keys: cfg.Keys, OIDC: cfg.OIDC,
		Alerts:    cfg.Alerts,
		PublicURL: cfg.PublicURL, LinePort: cfg.LinePort, Secure: strings.HasPrefix(cfg.AdminURL, "https://"),
		Remote: cfg.Remote, Version: cfg.Version})
	var err error
	if s.door, err = newDoorkeeper(cfg.AdminURL, s.desk.Warn); err != nil {
		return nil, err
	}
	s.health(s.mux)
	if cfg.Metrics != nil {
		s.mux.Handle("GET /metrics", cfg.Metrics)
	}
	return s, nil
}

// Health is a handler of /healthz and /readyz alone, for a listener that load balancers reach.
func (s *Server) Health() http.Handler {
	mux := http.NewServeMux()
	s.health(mux)
	return mux
}

func (s *Server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.ready)
}

// Local is the same handler for callers whom something else has let in: the socket with mode 0600. They are
// admins by the name "local".
func (s *Server) Local() http.Handler {
	who := guard.Identity{Name: "local", Role: guard.RoleAdmin, Kind: "local"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r.WithContext(api.WithIdentity(r.Context(), who)))
	})
}

// ServeHTTP answers one request that came by a name of ours.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.door.admits(w, r, s.desk.Now()) {
		s.serve(w, r)
	}
}

// serve answers one request. A panic is a problem document for the caller and a line in the log.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			panic(v)
		default:
			s.desk.Failed(r.Context(), fmt.Errorf("panic: %v", v))
			api.WriteProblem(w, http.StatusInternalServerError, "something failed inside the gateway; its log says what")
		}
	}()
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_, pattern := s.mux.Handler(r)
	switch {
	case pattern != "":
		s.veiled.ServeHTTP(w, r)
	case forMachines(r.URL.Path):
		s.noRoute(w, r)
	case r.URL.Path == manual.Prefix || strings.HasPrefix(r.URL.Path, manual.Prefix+"/"):
		s.manual.ServeHTTP(w, r)
	default:
		if err := s.door.origin.Check(r); err != nil {
			api.WriteProblem(w, http.StatusForbidden, "another site's page has sent this; nothing was done")
			return
		}
		s.console.ServeHTTP(w, r)
	}
}

// forMachines matches what is not the console's: its callers want a problem document, not a page.
func forMachines(path string) bool {
	for _, prefix := range []string{"/api/", "/openapi", "/metrics", "/healthz", "/readyz"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return path == "/api"
}

// noRoute puts the mux's own 404 and 405 into problem documents.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	head := &statusOnly{header: make(http.Header), status: http.StatusOK}
	s.mux.ServeHTTP(head, r)
	if head.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", head.header.Get("Allow"))
		api.WriteProblem(w, head.status, "this path takes "+head.header.Get("Allow"))
		return
	}
	api.WriteProblem(w, http.StatusNotFound, "there is nothing at this path; /openapi.json lists what is")
}

// statusOnly is a ResponseWriter that keeps status and header, and drops the body.
type statusOnly struct {
	header http.Header
	status int
}

func (s *statusOnly) Header() http.Header         { return s.header }
func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(r.Context()); err != nil {
			if s.unready.Allow(err.Error(), s.desk.Now()) > 0 { // balancers ask often, and strangers may
				s.desk.Failed(r.Context(), err)
			}
			say(w, http.StatusServiceUnavailable, "not ready")
			return
		}
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}
