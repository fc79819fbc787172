package line

import (
	"net/netip"

	"github.com/chargestamp/chargestamp/cache"
	"github.com/chargestamp/chargestamp/limit"
)

// newcomers counts the connections that do not log in: those of each network from which somebody has, and all others
// together. Strangers with many addresses keep no car park out that was here before. The server's lock.
type newcomers struct {
	rate  *limit.Rate[netip.Addr]
	known cache.Map[netip.Addr, bool] // networks from which somebody has logged in
}

// Beyond so many that do not log in, a connection is closed of which nothing has been read: a login that fails costs
// many times as much.
const (
	newcomersPerS   = 500
	newcomersAtOnce = 5_000
	knownNetworks   = 10_000
)

func newNewcomers() newcomers {
	return newcomers{limit.NewBurst[netip.Addr](newcomersPerS, newcomersAtOnce),
		cache.Map[netip.Addr, bool]{Most: knownNetworks}}
}

// allowLocked counts a connection as one that does not log in.
func (n *newcomers) allowLocked(c *conn) bool {
	if known, _ := n.known.Get(c.network); known {
		c.countedBy = c.network
	}
	return n.rate.Allow(c.countedBy, c.opened)
}

// loggedInLocked takes a connection out of the count at its first login.
func (n *newcomers) loggedInLocked(c *conn) {
	if c.known {
		return
	}
	c.known = true
	n.known.Set(c.network, true)
	n.rate.Undo(c.countedBy)
}
