package desk

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
	"github.com/chargestamp/chargestamp/flow"
	"github.com/chargestamp/chargestamp/guard"
)

// Push is one request as staff may see it.
type Push struct {
	charge.Push
	Raw    string // the request, credentials masked; for viewers without its body
	Hidden bool   // the body is left out: a viewer looks, and plates are written in too many ways
	Read   flow.Replayed
	// Finding is what the doctor says of a push that is refused still, for those who may ask the doctor.
	Finding *Finding
}

// Push finds one request, and reads it again with today's keys, changing nothing.
func (d *Desk) Push(ctx context.Context, who guard.Identity, id int64) (*Push, error) {
	stored, err := d.cfg.Reads.Push(ctx, id)
	if err != nil {
		return nil, Wrap(err)
	}
	if stored == nil {
		return nil, Fail(NotFound, "there is no such push")
	}
	p := &Push{Push: *stored}
	if p.Read, err = d.cfg.Story.Replay(ctx, id, flow.Action{Actor: who.ID(), DryRun: true}); err != nil {
		d.Failed(ctx, err)
		p.Read = flow.Replayed{Outcome: stored.Outcome} // it cannot be read any more; what was stored still can
	}
	if Allows(who.Role, guard.RoleSupport) && p.Read.Plate != "" {
		for _, n := range p.Read.Read {
			for i, a := range n.Args {
				if a.Kind == charge.ArgPlate {
					n.Args[i] = charge.Text(a.Name, p.Read.Plate.Full())
				}
			}
		}
	}
	locked := p.Read.Outcome == charge.OutcomeWrongLock // which the doctor does not judge
	if Allows(who.Role, guard.RoleSupport) && stored.Charge == 0 && len(p.Read.Read) == 0 && !locked {
		found, err := d.examine(ctx, who, Question{Platform: stored.Platform, Push: stored.Request, At: stored.Received},
			strconv.FormatInt(id, 10), charge.Say("doctor.platform", charge.Text("platform", stored.Platform)))
		if err != nil {
			d.Failed(ctx, err)
		} else {
			p.Finding = &found
		}
	}
	p.Raw = d.maskCredentials(stored)
	if !Allows(who.Role, guard.RoleSupport) {
		p.Raw, p.Hidden = headOnly(p.Raw), true
	}
	return p, nil
}

func headOnly(raw string) string {
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	return head
}

// credentials are header lines that let their holder in.
var credentials = regexp.MustCompile(
	`(?im)^((?:authorization|cookie|proxy-authorization):[ \t]*(?:bearer[ \t]+)?)[^\r\n]+`)

// secretFields are members of bodies that hold what a platform signs in with.
var secretFields = regexp.MustCompile(`(?i)("(?:operator_?secret|access_?token|app_?secret|secret_?key)"\s*:\s*")[^"]*`)

// maskCredentials returns a stored request without what would let its reader push.
func (d *Desk) maskCredentials(p *charge.Push) string {
	const mask = "${1}••••"
	raw := credentials.ReplaceAllString(string(p.Request), mask)
	raw = secretFields.ReplaceAllString(raw, mask)
	for _, a := range d.Estate().Accounts() {
		if token := a.PathToken.Reveal(); token != "" {
			raw = strings.ReplaceAll(raw, token, "••••")
		}
	}
	return raw
}
