package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/chargestamp/chargestamp/admin/client"
)

// ServerConfig says how a server under test is started.
type ServerConfig struct {
	Database string   // "postgres://…"; empty is SQLite in the data folder
	Data     string   // data folder; empty makes a new one
	Env      []string // beside our own
}

// Server is the gateway in a process of its own, always at the same addresses however often it is started.
type Server struct {
	Office // its admin API

	HTTP, Admin, Line string // host:port
	pprof             string // host:port; empty where no profiles are taken
	Data              string

	rig  *Rig
	cfg  ServerConfig
	env  []string
	proc *process
}

// Serve starts a server with limits wide enough for one generator at one address.
func (r *Rig) Serve(ctx context.Context, cfg ServerConfig) (*Server, error) {
	s := &Server{rig: r, cfg: cfg, Data: cfg.Data}
	var err error
	if s.Data == "" {
		if s.Data, err = r.folder("data"); err != nil {
			return nil, err
		}
	}
	addresses := []*string{&s.HTTP, &s.Admin, &s.Line}
	if r.Profiles != "" {
		addresses = append(addresses, &s.pprof)
	}
	for _, addr := range addresses {
		if *addr, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	s.Office = Office{client.New(s.Admin, rand.Text())}
	s.env = append([]string{
		"CHARGESTAMP_ADMIN_TOKEN=" + s.Token, "CHARGESTAMP_LOG_LEVEL=warn",
		"CHARGESTAMP_LIMITS_ACCOUNT_PER_S=1000000", "CHARGESTAMP_LIMITS_ADDRESS_PER_S=1000000",
		"CHARGESTAMP_LIMITS_LOGIN_PER_S=1000",
	}, cfg.Env...)
	return s, s.Up(ctx)
}

// Up starts the server, or starts it again after its end, on the same data.
func (s *Server) Up(ctx context.Context) error {
	args := []string{"serve", "--data", s.Data, "--http", s.HTTP, "--admin", s.Admin, "--line", s.Line}
	if s.cfg.Database != "" {
		args = append(args, "--database", s.cfg.Database)
	}
	if s.pprof != "" {
		args = append(args, "--pprof", s.pprof)
	}
	var ready struct{ Ready bool }
	p, err := start(ctx, s.rig.Exe, args, s.env, &ready)
	if err != nil {
		return err
	}
	s.proc = p
	if !ready.Ready {
		return errors.Join(errors.New("serve: its first line does not say ready"), s.Stop())
	}
	return nil
}

// Kill is kill -9.
func (s *Server) Kill() { s.proc.kill() }

// stopWithin is the 15 s in which a server stops gracefully, and a little.
const stopWithin = 20 * time.Second

// Stop ends the server gracefully; an exit code other than 0 is an error.
func (s *Server) Stop() error {
	if s.proc == nil || !s.proc.alive() {
		return nil
	}
	return s.proc.stop(stopWithin)
}

// Discard ends the server and removes its data.
func (s *Server) Discard() error { return errors.Join(s.Stop(), os.RemoveAll(s.Data)) }

// freeAddress finds a port below the range that systems take outgoing ports from. Inside it, a client that
// dials a server which is down may be given that very port and reach itself.
func freeAddress() (string, error) {
	const low, high = 20000, 32000
	for range 100 {
		n, err := rand.Int(rand.Reader, big.NewInt(high-low))
		if err != nil {
			return "", err
		}
		addr := fmt.Sprintf("127.0.0.1:%d", low+n.Int64())
		l, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("no free port between 20000 and 32000")
}
