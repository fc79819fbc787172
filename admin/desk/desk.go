// Package desk is what staff can see and do, by JSON and by pages alike. It holds a role to its limits,
// writes every change to the audit log, and puts failures into a few kinds, so that the API and the console
// only have to show things.
package desk

import (
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/guard"
	"github.com/chargestamp/chargestamp/platform"
)

// Config is what a Desk is made of. All fields are required but those that say what nil is.
type Config struct {
	Reads     Reads
	Story     Story
	Estate    Estate
	Guard     *guard.Guard
	Doctor    Doctor
	Platforms []platform.Info
	Now       func() time.Time
	Log       *slog.Logger         // nil drops
	Tester    Tester               // nil: no test pushes
	Pulse     Pulse                // nil: no latencies are shown
	Strays    Strays               // nil: what nothing serves is not shown
	Bounds    func() charge.Bounds // of what pushes ask for
	KeyUses   KeyUses              // nil: uses of keys are not recorded
	Webhooks  Webhooks
	Docs      Docs // notes on incidents, compensations, shared links; nil keeps none
}

// Desk is the staff's side of the gateway. It is safe for concurrent use.
type Desk struct {
	cfg Config
}

// New makes a Desk.
func New(cfg Config) *Desk {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{cfg: cfg}
}

// Now is the desk's clock.
func (d *Desk) Now() time.Time { return d.cfg.Now() }

// Platforms lists the dialects that this gateway speaks.
func (d *Desk) Platforms() []platform.Info { return d.cfg.Platforms }

// Platform finds a dialect's description.
func (d *Desk) Platform(id string) (platform.Info, bool) {
	for _, info := range d.cfg.Platforms {
		if info.ID == id {
			return info, true
		}
	}
	return platform.Info{}, false
}

// PlatformIDs lists the platforms that are served, and those of accounts whose profile is gone.
func (d *Desk) PlatformIDs() []string {
	known := map[string]bool{}
	for _, info := range d.cfg.Platforms {
		known[info.ID] = true
	}
	for _, account := range d.cfg.Estate.State().Accounts() {
		known[account.Platform] = true
	}
	return slices.Sorted(maps.Keys(known))
}

// Writable reports whether a filter may name a time: its day, and those about it in any zone, are written with four
// digits of a year.
func Writable(t time.Time) bool { return t.Year() > 1 && t.Year() < 9999 }
