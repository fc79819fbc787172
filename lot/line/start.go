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
		newToken: randomToken, bookDone: make(chan struct{}), stopped: make(chan struct{}), noPolls: make(chan struct{}),
		listeners: make(map[net.Listener]bool), conns: make(map[*conn]bool), waiting: list.New(),
		waitingAt: make(map[netip.Addr]int), wrong: lot.NewGuesses(),
	}
	s.LimitLogins(c.LoginPerS)
	s.asks = newAsks(&s.running)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.book = &book{
		keep: c.Sessions, node: c.Node, log: c.Logger, now: c.Now, up: c.Events.LineUp, gone: s.takenElsewhere,
		all: s.sessions.all, telling: make(chan struct{}, tellAtOnce), wake: make(chan struct{}, 1),
	}
	go func() {
		defer close(s.bookDone)
		s.book.run(s.ctx)
	}()
	s.running.Go(s.sweeper)
	return s
}
