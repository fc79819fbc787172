package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/platform"
	"github.com/chargestamp/chargestamp/platform/doctor"
)

var _ flow.Opener = (*App)(nil)

// Reopen opens a stored push with today's keys at the time it was received. Locks are asked again: the address that
// it came from by today's allow_from, and the mark of its path token by that of today's.
func (a *App) Reopen(stored charge.Push) (platform.Push, platform.Account, platform.Message, error) {
	d, ok := a.dialect(stored.Platform)
	if !ok {
		err := fmt.Errorf("platform %q is not known any more", stored.Platform)
		return platform.Push{}, platform.Account{}, platform.Message{}, err
	}
	p, err := doctor.ReadCapture(d.Info(), stored.Request)
	if err != nil {
		refusal := platform.Refuse(platform.StepBody, charge.OutcomeBadBody,
			charge.Say("push.capture_unreadable", charge.Because("cause", charge.Cause(err))))
		return p, platform.Account{}, platform.Message{}, refusal
	}
	p.Received = stored.Received
	if p.Remote, err = netip.ParseAddr(stored.Remote); err != nil {
		p.Remote = netip.IPv4Unspecified()
	}
	p.PathMark = p.PathToken.Reveal()
	// Earlier versions kept no mark. What they took had come by the right path.
	proven := p.PathMark == "" && stored.Outcome == charge.OutcomeAccepted
	got := platform.Admit(d, marked{a.accounts, a.pathMark, proven}, p, stored.Received)
	p.PathToken = ""
	if got.Refusal != nil {
		return p, platform.Account{}, platform.Message{}, got.Refusal
	}
	return p, *got.Account, *got.Message, nil
}

// pathMark stands for a path token in a stored push. Only who has the secrets key can make it.
func (a *App) pathMark(token charge.Secret) string {
	h := hmac.New(sha256.New, a.keyring.Derive("path mark", sha256.Size))
	h.Write([]byte(token.Reveal()))
	return "token-mark-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// marked shows accounts with the marks of their path tokens in place of the tokens.
type marked struct {
	*accounts
	mark   func(charge.Secret) string
	proven bool // the path was right when the push came
}

// Candidates returns the accounts that a claim fits.
func (m marked) Candidates(id string, c platform.Claim) []platform.Candidate {
	found := slices.Clone(m.accounts.Candidates(id, c))
	for i := range found {
		switch {
		case found[i].PathToken == "":
		case m.proven:
			// An account that is locked by its path alone must not look as if it had no lock.
			found[i].PathToken = ""
			if len(found[i].AllowFrom) == 0 {
				found[i].AllowFrom = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
			}
		default:
			found[i].PathToken = charge.Secret(m.mark(found[i].PathToken))
		}
	}
	return found
}
