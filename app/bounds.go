package app

import (
	"net"
	"net/netip"

	"github.com/chargestamp/chargestamp/limit"
	"github.com/chargestamp/chargestamp/platform"
)

// Bounds of connections. Without a known limit of open files only those of one address hold.
const (
	mostOfAddress = 512 // HTTP connections of one address that is no trusted proxy
	kept          = 128 // open files that strangers never get: for staff, store, callbacks
	mostKept      = 4   // but no more than this part of all
	mostOfStaff   = 512 // connections of the admin listener
	mostOfHealth  = 64  // connections of the health listener
	partOfStaff   = 8   // and no more than this part of all open files
	partOfHealth  = 16  // likewise
)

// connBounds keeps strangers from using up the process's open files: public HTTP gets half of them, public and lines
// together all but what is kept and what the admin and the health listener may have.
type connBounds struct {
	all        *limit.Conns
	ofPublic   int
	ofAddress  int
	ofStaff    int
	ofHealth   int
	trustedNow func() *[]netip.Prefix
}

func (a *App) bounds() connBounds { return boundsFor(openFiles(), a.proxies.Load) }

func boundsFor(files int, trusted func() *[]netip.Prefix) connBounds {
	b := connBounds{all: limit.NewConns(0), ofAddress: mostOfAddress, ofStaff: mostOfStaff, ofHealth: mostOfHealth,
		trustedNow: trusted}
	if files > 0 {
		b.ofStaff, b.ofHealth = min(mostOfStaff, files/partOfStaff), min(mostOfHealth, files/partOfHealth)
		b.all = limit.NewConns(files - min(kept, files/mostKept) - b.ofStaff - b.ofHealth)
		b.ofPublic = files / 2
		b.ofAddress = min(mostOfAddress, files/4)
	}
	return b
}

func (b connBounds) public(l net.Listener) net.Listener {
	return b.all.Listen(l, b.ofPublic, b.ofAddress,
		func(from netip.Addr) bool { return platform.Within(*b.trustedNow(), from) })
}

// line bounds lines in all; how many one address may have the line server counts itself.
func (b connBounds) line(l net.Listener) net.Listener {
	return b.all.Listen(l, 0, 0, func(netip.Addr) bool { return true })
}

// staff bounds the admin listener: what reaches it leaves the others their open files. Of one address come all that
// stand behind a proxy on this machine, or one that is trusted.
func (b connBounds) staff(l net.Listener) net.Listener {
	return limit.NewConns(b.ofStaff).Listen(l, 0, min(b.ofAddress, b.ofStaff/2), func(from netip.Addr) bool {
		return from.IsLoopback() || platform.Within(*b.trustedNow(), from)
	})
}

// health bounds the listener of balancers.
func (b connBounds) health(l net.Listener) net.Listener {
	return limit.NewConns(b.ofHealth).Listen(l, 0, 0, func(netip.Addr) bool { return true })
}
