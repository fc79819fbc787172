package line

import (
	"container/list"
	"context"
	"net"
	"net/netip"

	"github.com/chargestamp/chargestamp/lot"
)

// New makes a Server. It runs from the start; Shutdown ends it.
func New(c Config) *Server {
	c = c.withDefaults()
	s := &Server{
		cfg: c, log: c.Logger, sessions: newSessions(), resends: newResend(),
		newToken: randomToken, noPolls: make(chan struct{}),
		listeners: make(map[net.Listener]bool), conns: make(map[*conn]bool), waiting: list.New(),
		waitingAt: make(map[netip.Addr]int), newcomers: newNewcomers(), wrong: lot.NewGuesses(),
	}
	s.LimitLogins(c.LoginPerS)
	s.asks = newAsks(s.beside)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.serving, s.stopServing = context.WithCancel(context.Background())
	s.book = &book{
		keep: c.Sessions, node: c.Node, log: c.Logger, now: c.Now, up: c.Events.LineUp, gone: s.takenElsewhere,
		all: s.sessions.all, telling: make(chan struct{}, tellAtOnce), beside: s.beside, within: c.Machine.Within,
	}
	s.beside(s.sweeper)
	return s
}
