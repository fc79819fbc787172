package guard

import (
	"context"
	"time"

	"github.com/chargestamp/chargestamp/charge"
)

// Config is what a Guard is made of. Docs, Audits, Keys and Now are required.
type Config struct {
	Docs   Docs
	Audits Audits
	Keys   *Keyring
	Now    func() time.Time
	// AdminToken is an admin's API token beside the stored ones; empty is none.
	AdminToken charge.Secret
	// Idle and Absolute limit sessions; zero is 2 hours and 24 hours.
	Idle, Absolute time.Duration
	// Wait holds back a sign-in after many failed ones, for at most 5 s; nil waits by the machine's clock.
	Wait func(context.Context, time.Duration) error
}
