package app

import (
	"fmt"
	"net/netip"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

var _ flow.Opener = (*App)(nil)

// Reopen opens a stored push with today's keys at the time it was received. Locks are not asked again: the
// address was seen then, and path tokens are not stored.
func (a *App) Reopen(stored charge.Push) (platform.Push, platform.Account, platform.Message, error) {
	d, ok := a.dialect(stored.Platform)
	if !ok {
		return platform.Push{}, platform.Account{}, platform.Message{}, fmt.Errorf("no platform %q is known any more", stored.Platform)
	}
	p, err := doctor.ReadCapture(d.Info(), stored.Request)
	if err != nil {
		return p, platform.Account{}, platform.Message{}, platform.Refuse(platform.StepBody, charge.OutcomeBadBody, err.Error())
	}
	p.Received = stored.Received
	if p.Remote, err = netip.ParseAddr(stored.Remote); err != nil {
		p.Remote = netip.IPv4Unspecified()
	}
	got := platform.Admit(d, unlocked{a.accounts, p.Remote}, p, stored.Received)
	if got.Refusal != nil {
		return p, platform.Account{}, platform.Message{}, got.Refusal
	}
	return p, *got.Account, *got.Message, nil
}

// unlocked shows accounts as if their locks had been passed.
type unlocked struct {
	*accounts
	from netip.Addr
}

// Candidates gives the accounts that a claim fits, locked to the one address that is asked about.
func (u unlocked) Candidates(id string, c platform.Claim) []platform.Candidate {
	found := u.accounts.Candidates(id, c)
	for i := range found {
		found[i].PathToken = ""
		found[i].AllowFrom = []netip.Prefix{netip.PrefixFrom(u.from, u.from.BitLen())}
	}
	return found
}
