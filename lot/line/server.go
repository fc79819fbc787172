package line

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/lot"
)

// Server is the cloud end of all lines of one node. It is a lot.Channel and a lot.Pricer.
type Server struct {
	cfg Config
}

var (
	_ lot.Channel = (*Server)(nil)
	_ lot.Pricer  = (*Server)(nil)
)

var errUnfinished = errors.New("line: not written yet")

// New makes a Server. It runs from the start; Shutdown ends it.
func New(c Config) *Server { return &Server{cfg: c.withDefaults()} }

// Serve takes lines from a listener, plain or TLS, until Shutdown closes it, then gives nil. It may be called
// for several listeners.
func (s *Server) Serve(l net.Listener) error { return errUnfinished }

// Handler serves the HTTP mode: POST /bpd/upload.do and /bpd/download.do.
func (s *Server) Handler() http.Handler { return http.NotFoundHandler() }

// Shutdown takes no more, waits a moment for answers that are due, closes every line and waits for what is
// being handled. It gives ctx's error where that takes too long.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// Compose writes the exact 3.25 or 3.36 message, as the notice's Message says.
func (s *Server) Compose(n lot.Notice) ([]byte, error) { return nil, errUnfinished }

// Here reports whether a line of the lot that takes reductions is on this node.
func (s *Server) Here(id charge.LotID) bool { return false }

// Deliver tries one order; see lot.Channel. done runs on a goroutine of its own.
func (s *Server) Deliver(o lot.Order, done func(lot.Result)) {
	go done(lot.Result{Result: charge.AttemptOffLine, Reason: charge.ReasonLineOff, At: s.cfg.Now()})
}

// QueryPrice asks a lot for the price of a stay (3.1).
func (s *Server) QueryPrice(ctx context.Context, stay charge.Stay) (lot.Price, error) {
	return lot.Price{}, errUnfinished
}

// PassThrough hands data to a lot's fee software and gives its answer (3.22).
func (s *Server) PassThrough(ctx context.Context, id charge.LotID, data []byte) ([]byte, error) {
	return nil, errUnfinished
}

// Lines lists the sessions of a lot on this node, newest heartbeat first.
func (s *Server) Lines(id charge.LotID) []charge.LineSession { return nil }

// Stats counts.
func (s *Server) Stats() Stats { return Stats{} }
